"""The demo: a bucket and its distribution come, drift and go, on this machine alone. ``make demo``."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.console import say
from sandbox.control_plane.admin import Admin
from sandbox.control_plane.kind import KindCluster
from sandbox.control_plane.server import ControlPlane
from sandbox.demo_screen import Screen
from sandbox.demo_stage import ARGUMENTS, Counts, Stage
from sandbox.demo_steps import STEPS
from sandbox.errors import SandboxError
from sandbox.operator import ROOT, Operator
from sandbox.up import Sandbox, Stopped, operator_variables, sandbox_on

_HEAD = ("step", "seconds", "AWS reads", "AWS writes", "API writes", "events")
_ALL = len(STEPS) + 1


class Where(StrEnum):
    """Whose control plane it is played on."""

    SANDBOX = "sandbox"
    KIND = "kind"


_START: Mapping[Where, Callable[[Path], Admin]] = {
    Where.SANDBOX: ControlPlane.start,
    Where.KIND: KindCluster.start,
}
_WHY = {
    Where.SANDBOX: (
        "etcd, kube-apiserver and kube-controller-manager, built from their Go modules for the first time,\n"
        "and MiniStack in the place of AWS: processes on this machine, on loopback only, and no Docker."
    ),
    Where.KIND: (
        "A cluster of kind's in Docker, and MiniStack in the place of AWS; MiniStack and the operator are\n"
        "processes on this machine, on loopback only."
    ),
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    cluster: Annotated[
        Where, typer.Option(envvar="CLUSTER", help="A control plane of our own, or one of kind's, in Docker.")
    ] = Where.SANDBOX,
) -> None:
    """Watch a bucket and its distribution come, drift and go, on a control plane and an AWS stand-in here.

    Everything shown is real: kubectl's own words, the operator's log, the log of requests to AWS.

    Each step checks what it shows; where something is not so, the demo ends with exit code 1.

    Variables HEADRACE_… reach the operator.
    """
    # The commands that are shown name files as they are named in the repository.
    os.chdir(ROOT)
    try:
        _play(Screen(), cluster)
    except SandboxError as error:
        say(f"error: {error}")
        raise typer.Exit(1) from error
    except Stopped as stopped:
        say(f"ended by {stopped}; nothing is left running")
        raise typer.Exit(stopped.exit_code) from stopped


def _play(screen: Screen, cluster: Where) -> None:
    began = time.monotonic()
    screen.title(1, _ALL, "The sandbox comes up", _WHY[cluster])
    with sandbox_on(_START[cluster], "demo") as up:
        operator = Operator(up.plane, up.aws, up.directory, ARGUMENTS, operator_variables(os.environ))
        stage = Stage(up, operator, screen)
        _introduce(stage, up)
        counts = [Counts("The sandbox comes up", time.monotonic() - began)]
        try:
            counts += [_step(stage, number) for number in range(len(STEPS))]
        finally:
            operator.stop()
    _close(screen, counts, time.monotonic() - began)


def _introduce(stage: Stage, up: Sandbox[Admin]) -> None:
    stage.kubectl("version")
    stage.check(up.plane.kubectl_run("get", "--raw", "/readyz") == "ok", f"{up.plane.url}/readyz answers ok")
    stage.check(stage.buckets() == [], f"the AWS stand-in answers at {up.aws.url}, and has no buckets")


def _step(stage: Stage, number: int) -> Counts:
    """Play one step and return what it cost; SandboxError, with its number, where it fails."""
    step = STEPS[number]
    stage.screen.title(number + 2, _ALL, step.title, step.why)
    stage.begin()
    try:
        step.run(stage)
    except (SandboxError, BotoCoreError, ClientError) as error:
        raise SandboxError(f"step {number + 2} of {_ALL}, {step.title!r}: {error}") from error
    return stage.counts(step.title)


def _close(screen: Screen, counts: list[Counts], seconds: float) -> None:
    rows = [(c.title, f"{c.seconds:.1f}", *map(str, astuple(c)[2:])) for c in counts]
    sums = [str(sum(column)) for column in zip(*(astuple(c)[2:] for c in counts), strict=True)]
    title = (
        "What the operator asked for, counted in the request log of AWS and the audit log of the API server"
    )
    screen.table(title, _HEAD, [*rows, ("all", f"{seconds:.1f}", *sums)])


if __name__ == "__main__":
    sys.exit(app())
