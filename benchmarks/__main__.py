"""The command: ``python -m benchmarks``, or ``make bench``. A table on the screen, JSON where asked for."""

import pstats
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.figures import Results
from benchmarks.measure import Benchmark, Plan
from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.operator import ROOT, Operator, install
from sandbox.up import Stopped, sandbox

_PROFILING = Path(__file__).with_name("profiling")
_LINES = 30

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    buckets: Annotated[int, typer.Option(min=1, max=1000, help="How many buckets.")] = 100,
    workers: Annotated[int, typer.Option(min=1, max=100, help="How many are worked on at once.")] = 10,
    latency: Annotated[
        float, typer.Option(min=0, max=10, help="Seconds that every AWS call takes longer.")
    ] = 0.03,
    save: Annotated[
        Path | None, typer.Option(help="Write the figures to this file, such as benchmarks/results.json.")
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="Profile the operator into this file; the times are no figures then."),
    ] = None,
) -> None:
    """Measure the operator on the sandbox, beside the bare AWS calls in the same run.

    Times depend on the machine and on what else runs there: compare the ratios. Counts are exact.
    """
    try:
        results = _measured(Plan(buckets, workers, latency), profile)
        results.show()
        if save is not None:
            results.save(save)
            say(f"written to {save}")
    except (SandboxError, OSError) as error:
        say(f"error: {error}")
        raise typer.Exit(1) from error
    except Stopped as stopped:
        raise typer.Exit(stopped.exit_code) from stopped
    if profile is not None:
        _show_profile(profile)


def _measured(plan: Plan, profile: Path | None) -> Results:
    env = {} if profile is None else _profiled(profile)
    arguments = ("--allow-ambient", f"--workers={plan.workers}")
    with sandbox("bench") as up:
        install(up.plane)
        operator = Operator(up.plane, up.aws, up.directory, arguments, env)
        try:
            return Benchmark(up, operator, plan).run()
        finally:
            operator.stop()


def _profiled(path: Path) -> dict[str, str]:
    path.unlink(missing_ok=True)
    return {"PYTHONPATH": f"{_PROFILING}:{ROOT / 'operator'}", "HEADRACE_PROFILE": str(path.absolute())}


def _show_profile(path: Path) -> None:
    stats = pstats.Stats(str(path)).strip_dirs()
    stats.sort_stats("tottime").print_stats(_LINES)
    stats.sort_stats("cumulative").print_stats(_LINES)


if __name__ == "__main__":
    app()
