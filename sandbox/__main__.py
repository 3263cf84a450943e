"""The sandbox to play with: ``python -m sandbox``, or ``make sandbox``. Up until Ctrl-C, then gone."""

import os
import shlex
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.operator import NAMESPACE, ROOT, SERVICE_ACCOUNT, Operator, install
from sandbox.processes import last_lines
from sandbox.up import Sandbox, Stopped, operator_variables, sandbox

_LOOK_SECONDS = 0.2
_TOKEN_SECONDS = 24 * 3600
_SAMPLE = ROOT / "manifests" / "samples" / "acceleratedbucket-minimal.yaml"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    operator: Annotated[
        bool,
        typer.Option("--operator", help="Run the operator, too, with its log on standard error."),
    ] = False,
    latency: Annotated[
        float, typer.Option(min=0, max=60, help="Seconds that every AWS call takes longer.")
    ] = 0.0,
    deployment: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds until a change of a distribution is at work.")
    ] = 1.0,
) -> None:
    """Keep a control plane and an AWS stand-in up, with our kinds installed, until Ctrl-C.

    Standard output is a shell script: exports for kubectl and the AWS SDKs, and what to do next.

    Variables HEADRACE_… reach the operator.
    """
    try:
        with sandbox("sandbox") as up:
            install(up.plane)
            if latency:
                up.aws.latency(latency)
            up.aws.deployment(deployment)
            _keep_up(up, with_operator=operator)
    except SandboxError as error:
        say(f"error: {error}")
        raise typer.Exit(1) from error
    except Stopped:
        # This is how it is meant to end.
        say("the sandbox is gone")


def _keep_up(up: Sandbox, *, with_operator: bool) -> None:
    """Say how to use it, and wait for a signal; SandboxError where a part of it ends before."""
    with ExitStack() as stack:
        ran: Operator | None = None
        if with_operator:
            arguments = ("--allow-ambient", "--log-format=console")
            ran = Operator(up.plane, up.aws, up.directory, arguments, operator_variables(os.environ))
            stack.callback(ran.stop)
            ran.start()
        sys.stdout.write(exports(up) + _next_steps(up, ran))
        sys.stdout.flush()
        say("the sandbox is up; Ctrl-C ends it")
        programs, told = len(up.plane.pids), 0
        while True:
            if ran is not None:
                told = _tell(ran.child.log_path, told)
            _check(up, ran, programs)
            time.sleep(_LOOK_SECONDS)


def exports(up: Sandbox) -> str:
    """The variables of the sandbox as a shell script: kubectl, the AWS SDKs, and kubectl's own directory."""
    variables = {"KUBECONFIG": str(up.plane.kubeconfig), **up.aws.environment()}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([*lines, f'export PATH={shlex.quote(str(up.plane.kubectl.parent))}:"$PATH"', ""])


def _next_steps(up: Sandbox, ran: Operator | None) -> str:
    """What to do next, as comments of a shell script."""
    if ran is None:
        kubeconfig = up.directory / "operator.kubeconfig"
        up.plane.service_account_kubeconfig(NAMESPACE, SERVICE_ACCOUNT, kubeconfig, _TOKEN_SECONDS)
        program = Path(sys.executable).with_name("headrace-operator")
        command = str(program) if program.exists() else f"{sys.executable} -m headrace"
        operator = (
            "# Start the operator, as its ServiceAccount:\n"
            f"#   KUBECONFIG={kubeconfig} {command} --allow-ambient --log-format console\n"
        )
    else:
        operator = f"# The operator runs as its ServiceAccount; its metrics are at {ran.url}/metrics\n"
    return (
        "\n# Paste the exports into another terminal, or source what `python -m sandbox > env.sh` writes.\n"
        f"{operator}"
        "# Then make a bucket, and look at it:\n"
        f"#   kubectl apply -f {_SAMPLE}\n"
        "#   kubectl get abkt -o wide\n"
        f"# Every request that reached AWS: curl {up.aws.url}/_headrace/log\n"
    )


def _tell(log: Path, told: int) -> int:
    """Pass on what a log has from this byte on; return where it ends now."""
    with log.open("rb") as file:
        file.seek(told)
        news = file.read()
    sys.stderr.write(news.decode(errors="replace"))
    sys.stderr.flush()
    return told + len(news)


def _check(up: Sandbox, ran: Operator | None, programs: int) -> None:
    """Raise SandboxError where something has ended by itself."""
    if len(up.plane.pids) < programs:
        raise SandboxError(f"The control plane has ended: only {', '.join(up.plane.pids) or 'nothing'} runs.")
    try:
        up.aws.mark()
    except OSError as error:
        raise SandboxError(
            f"The AWS stand-in has ended. The last lines of its log:\n{last_lines(up.aws.log_path)}"
        ) from error
    if ran is not None and not ran.child.alive:
        code = ran.child.wait(0)
        raise SandboxError(f"The operator has ended with exit code {code}.")


if __name__ == "__main__":
    app()
