"""How many faults of AWS are survived: every code at every call. ``python -m benchmarks.faults``."""

from typing import Annotated

import typer

from sandbox.aws.stand_in import StandIn
from sandbox.console import say
from tests.faults.kinds import troubles
from tests.faults.matrix import run


def main(
    all_codes: Annotated[bool, typer.Option(help="Try more than one code of each class.")] = False,
) -> None:
    """Inject every class of errors at every call of a bucket's life; print the figure and what went wrong."""
    with StandIn() as aws:
        figures = run(aws, troubles(all_codes=all_codes))
    for line in figures.wrong:
        say(f"wrong: {line}")
    say(figures.text())
    if figures.wrong:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
