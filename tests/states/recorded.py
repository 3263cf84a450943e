"""What was recorded, for the tests of those who read it."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from headrace.kinds.registry import DEFINITIONS
from sandbox.tools import tool
from sandbox.world import condition
from tools.argocd import expectations

STATES = Path(__file__).parent


@dataclass(frozen=True)
class Recorded:
    """An object in one state, and what tools are to say of it."""

    kind: str
    name: str
    obj: dict[str, Any]
    expected: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def reason(self) -> str:
        """The reason of Ready; none before the operator looked."""
        return str(condition(self.obj, "Ready").get("reason", ""))


def _recorded() -> tuple[Recorded, ...]:
    table = expectations()
    return tuple(
        Recorded(kind, path.stem, yaml.safe_load(path.read_text()), table[path.stem])
        for kind in DEFINITIONS
        for path in sorted((STATES / kind).glob("*.yaml"))
    )


RECORDED = _recorded()


def kstatus(objects: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the verdicts of the kstatus library, with its messages, one for each object."""
    text = "\n".join(json.dumps(obj) for obj in objects)
    said = subprocess.run([tool("kstatus")], input=text, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def is_ready_to_kubectl(obj: Mapping[str, Any]) -> bool:
    """Say whether `kubectl wait --for=condition=Ready` is content: only with what is told of this generation.

    As kubectl/pkg/cmd/wait/condition.go has it.
    """
    ready = condition(dict(obj), "Ready")
    observed = ready.get("observedGeneration", obj.get("status", {}).get("observedGeneration"))
    if observed is not None and observed < obj["metadata"]["generation"]:
        return False
    return bool(ready.get("status", "").lower() == "true")
