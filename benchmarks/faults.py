"""How many faults of AWS are survived: every code at every call. ``python -m benchmarks.faults``."""

from typing import Annotated

import typer

from sandbox.aws.stand_in import StandIn
from sandbox.console import say
from tests.faults.kinds import troubles
from tests.faults.matrix import run
from tests.faults.stages import BUCKETS, DISTRIBUTIONS


def main(
    all_codes: Annotated[bool, typer.Option(help="Try more than one code of each class.")] = False,
) -> None:
    """Inject every class of errors at every call of each life; print the figures and what went wrong."""
    wrong = 0
    for name, lives in {"buckets": BUCKETS, "distributions": DISTRIBUTIONS}.items():
        with StandIn(deployment=0) as aws:
            figures = run(aws, lives, troubles(all_codes=all_codes))
        for line in figures.wrong:
            say(f"wrong: {line}")
        say(f"{name}: {figures.text()}")
        wrong += len(figures.wrong)
    if wrong:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
