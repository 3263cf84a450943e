"""Every state that an object goes through, as a watch sees it: what flickers is seen nowhere else."""

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.processes import Child, wait_until
from sandbox.world import Object, World, condition

_SECONDS = 30.0


class History:
    """Watches one object, which must be there, until the end of the block."""

    def __init__(self, world: World, directory: Path, name: str = "media") -> None:
        self._world, self._name = world, name
        self._path = directory / f"{name}.watch"

    def __enter__(self) -> Self:
        plane = self._world.plane
        argv = [
            str(plane.kubectl),
            "get",
            self._world.kind.lower(),
            self._name,
            "-n",
            self._world.namespace,
            "-w",
            "-o",
            "json",
        ]
        env = {"KUBECONFIG": str(plane.kubeconfig), "HOME": str(self._path.parent)}
        self._child = Child.start("kubectl", argv, env, self._path)
        self._wait(bool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop(grace=0)

    def states(self, until: Object | None = None) -> list[Object]:
        """Return every state so far, the first one first; with `until` wait for that state."""
        if until is not None:
            version = until["metadata"]["resourceVersion"]
            self._wait(lambda states: any(s["metadata"]["resourceVersion"] == version for s in states))
        return self._read()

    def _wait(self, holds: Callable[[list[Object]], bool]) -> None:
        wait_until(
            lambda: holds(self._read()),
            what=f"the watch of {self._name} sees what is waited for",
            seconds=_SECONDS,
        )

    def _read(self) -> list[Object]:
        """Parse what kubectl wrote: one JSON document after another, the last perhaps not whole yet."""
        text, states, at = self._path.read_text(), [], 0
        decoder = json.JSONDecoder()
        while at < len(text):
            try:
                state, at = decoder.raw_decode(text, at)
            except ValueError:
                break
            states.append(state)
            at = len(text) - len(text[at:].lstrip())
        return states


def ready_states(states: list[Object]) -> list[tuple[str, str]]:
    """Return what Ready said, status and reason, each time that it changed."""
    said: list[tuple[str, str]] = []
    for state in states:
        ready = condition(state, "Ready")
        now = (ready.get("status", ""), ready.get("reason", ""))
        if not said or said[-1] != now:
            said.append(now)
    return said
