"""Records the states of all kinds, on a sandbox of its own: `python -m tests.states.record [kind/state]`."""

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.operator import ROOT, Operator, install
from tests.states.normal import normal
from tests.states.scripts import SCRIPTS, Script
from tests.states.stage import BUG, STAGES, Ground
from tools.yaml_text import to_yaml

STATES = Path(__file__).parent
HEADER = "Recorded by `python -m tests.states.record`. Do not edit."
_SIDE_BY_SIDE = 8
_SECONDS = 0.2
"""How long a deployment takes, while nobody waits for it to be seen."""
_FOREVER = 3600.0
_USUAL = 1.0
# A bug as it may be in any release: something stumbles over an object that all others are worked on without.
_BUG = f"""
from headrace.controller import asking
from headrace.controller.accounts import Accounts

def stumbling(name, well):
    def stumble(*given):
        if {BUG!r} in name(*given):
            raise KeyError(name(*given))
        return well(*given)
    return stumble

asking.check_granted = stumbling(lambda access, *_: access.name, asking.check_granted)
Accounts.itself = stumbling(lambda _, obj: obj.ref.name, Accounts.itself)
"""


@dataclass(frozen=True)
class Scene:
    """Where states are brought about, and with what operator."""

    ground: Ground
    directory: Path

    @contextmanager
    def operator(self, *, bug: bool = False) -> Iterator[None]:
        """Have an operator look after the watched namespace."""
        directory = self.directory / ("bug" if bug else "operator")
        directory.mkdir(parents=True, exist_ok=True)
        path = f"{ROOT / 'operator'}"
        if bug:
            # Python runs this by itself before it does anything else.
            (directory / "sitecustomize.py").write_text(_BUG)
            path = f"{directory}:{path}"
        arguments = ("--namespaces", self.ground.watched, "--cluster-id", "prod-1")
        env = {"PYTHONPATH": path}
        with Operator(self.ground.plane, self.ground.aws, directory, arguments, env):
            yield

    def play(self, scripts: Iterable[Script]) -> dict[str, dict[str, Any]]:
        """Bring these states about, side by side; return the objects by their paths."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
            playing = {script.path: threads.submit(self._one, script) for script in scripts}
        failed = [f"{path}: {error}" for path, each in playing.items() if (error := each.exception())]
        if failed:
            raise SandboxError("\n".join(failed))
        return {path: each.result() for path, each in playing.items()}

    def _one(self, script: Script) -> dict[str, Any]:
        namespace = self.ground.unwatched if script.early else self.ground.watched
        stage = STAGES[script.kind](self.ground, BUG if script.bug else "", namespace)
        try:
            obj = script.play(stage)
            return normal(obj, stage.called())
        finally:
            stage.leave()


def record(
    plane: ControlPlane, aws: StandIn, directory: Path, scripts: Iterable[Script] = SCRIPTS
) -> Mapping[str, dict[str, Any]]:
    """Return the objects in their states, by the paths of the files in which they are recorded."""
    scripts = tuple(scripts)
    ground = Ground(plane, aws)
    ground.prepare()
    scene = Scene(ground, directory)
    found = scene.play(s for s in scripts if s.early)
    if bugs := [s for s in scripts if s.bug]:
        with scene.operator(bug=True):
            found |= scene.play(bugs)
    with scene.operator(), _deployments(aws):
        found |= scene.play(s for s in scripts if not (s.early or s.bug or s.late))
        aws.deployment(_FOREVER)
        found |= scene.play(s for s in scripts if s.late)
    return found


@contextmanager
def _deployments(aws: StandIn) -> Iterator[None]:
    """Have deployments take no time, and as long as usual afterwards: others use the stand-in, too."""
    aws.deployment(_SECONDS)
    try:
        yield
    finally:
        aws.deployment(_USUAL)


def text_of(obj: Mapping[str, Any]) -> str:
    """Return what a file has of a recorded object."""
    return to_yaml([obj], HEADER)


def main(wanted: list[str]) -> int:
    """Record the states that are named, or all of them."""
    scripts = [s for s in SCRIPTS if not wanted or s.path.removesuffix(".yaml") in wanted]
    with tempfile.TemporaryDirectory() as directory, ControlPlane.start() as plane, StandIn() as aws:
        install(plane)
        for path, obj in record(plane, aws, Path(directory), scripts).items():
            file = STATES / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text_of(obj), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
