"""The whole sandbox for as long as somebody works with it: all of it up, and then all of it gone."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Generic

from sandbox.aws.stand_in import StandIn
from sandbox.cache import cache_dir
from sandbox.control_plane.server import ControlPlane, Plane_co
from sandbox.errors import SandboxError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOPBACK = "127.0.0.1"
_NOT_FOR_THE_OPERATOR = frozenset({"HEADRACE_CACHE"})


class Stopped(BaseException):
    """A signal asked us to end. Nobody catches it but the command itself."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The code with which shells say that a signal ended a program."""
        return 128 + self.number


@dataclass(frozen=True)
class Sandbox(Generic[Plane_co]):
    """A control plane, an AWS stand-in, and a directory that goes with them."""

    plane: Plane_co
    aws: StandIn
    directory: Path


def sandbox(name: str) -> AbstractContextManager[Sandbox]:
    """Have a whole sandbox up, with a control plane of our own; see ``sandbox_on``."""
    return sandbox_on(ControlPlane.start, name)


@contextmanager
def sandbox_on(start: Callable[[Path], Plane_co], name: str) -> Iterator[Sandbox[Plane_co]]:
    """Have a whole sandbox up; afterwards no process of it runs and no temporary file of it is left.

    ``start``: starts its control plane, with its files in the directory that it is given.

    For the main thread only: SIGINT, SIGTERM and SIGHUP end the work in here with Stopped. Where it ends
    with a SandboxError, the logs are kept in the cache under ``name``, and the error says where.
    """
    _spare_loopback()
    with (
        _stopped_by_signals() as heed_no_more,
        _temporary(name) as directory,
        # First, because it says what a machine lacks before anything takes long.
        start(directory) as plane,
        StandIn(directory=directory / "stand-in") as aws,
    ):
        try:
            yield Sandbox(plane, aws, directory)
        except SandboxError as error:
            raise SandboxError(f"{error}\nThe logs are in {_keep_logs(directory, name)}.") from error
        finally:
            heed_no_more()


def operator_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment is meant for the operator: its HEADRACE_… options."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("HEADRACE_") and name not in _NOT_FOR_THE_OPERATOR
    }


@contextmanager
def _stopped_by_signals() -> Iterator[Callable[[], None]]:
    """Raise Stopped at the first signal, once; hand out what makes even that one do nothing."""
    heeding = True

    def heed_no_more() -> None:
        nonlocal heeding
        heeding = False

    def stop(number: int, _: FrameType | None) -> None:
        if heeding:
            heed_no_more()
            raise Stopped(number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    # Who started us may have chosen to ignore some: nohup does, and shells for what is in the background.
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in heard:
            signal.signal(number, stop)
        yield heed_no_more
    finally:
        heed_no_more()
        for number, handler in heard.items():
            signal.signal(number, handler)


@contextmanager
def _temporary(name: str) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix=f"headrace-{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _keep_logs(directory: Path, name: str) -> Path:
    """Copy the logs in ``directory`` to the cache, over those of an earlier run; return where they are."""
    kept = cache_dir() / "logs" / name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True, exist_ok=True)
    for log in sorted(directory.rglob("*.log")):
        with suppress(OSError):
            shutil.copyfile(log, kept / log.name)
    return kept


def _spare_loopback() -> None:
    """Let no proxy of the user's stand before our own ports. It stays for the rest: builds may need it."""
    spared = [
        host for host in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")).split(",") if host
    ]
    if _LOOPBACK not in spared:
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join([*spared, _LOOPBACK])
