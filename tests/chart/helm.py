"""Helm, kube-score and kubeconform as a user runs them, and what Helm makes of the charts."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.control_plane.server import ControlPlane
from sandbox.tools import tool
from tests.chart.values import Values
from tools.charts import CRDS, NAMESPACE, OPERATOR, ROOT

Object = dict[str, Any]


# The loader in C: definitions are long.
class _Once(yaml.CSafeLoader):
    """YAML whose mappings have each key once, as an API server that is asked strictly takes it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a mapping has a key twice: {sorted(keys)}{node.start_mark}"
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Said:
    """What a program said, and whether it was content."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def run(program: str, *arguments: str, given: str = "", env: Mapping[str, str] | None = None) -> Said:
    done = subprocess.run(
        [tool(program), *arguments], input=given, capture_output=True, text=True, check=False, env=env
    )
    return Said(done.returncode, done.stdout, done.stderr)


def template(values: Values, *arguments: str, chart: Path = OPERATOR) -> Said:
    """Render a chart as the release `headrace`."""
    return _template(chart, yaml.safe_dump(values), arguments)


@cache
def _template(chart: Path, values: str, arguments: tuple[str, ...]) -> Said:
    """Many tests look at the same values."""
    where = ("headrace", str(ROOT / chart), f"--namespace={NAMESPACE}", "--values=-")
    return run("helm", "template", *where, *arguments, given=values)


def rendered(values: Values, *arguments: str, chart: Path = OPERATOR) -> list[Object]:
    said = template(values, *arguments, chart=chart)
    assert said.code == 0, said.err
    return [document for document in yaml.load_all(said.out, _Once) if document]


def written(documents: Iterable[Object]) -> str:
    """Return a file with all of them; JSON is YAML, and quickly written."""
    return "\n---\n".join(json.dumps(each) for each in documents)


def refusal(values: Values) -> str:
    """Return the sentences with which Helm refuses values, without what it puts before them."""
    said = template(values)
    assert said.code != 0, "these values are taken"
    told = said.err.strip().removesuffix("Use --debug flag to render out invalid YAML").strip()
    return told.rpartition("validate.yaml:1:4): ")[2]


def of_kind(documents: Sequence[Object], *kinds: str) -> Iterator[Object]:
    return (document for document in documents if document["kind"] in kinds)


def only(documents: Sequence[Object], kind: str) -> Object:
    (found,) = of_kind(documents, kind)
    return found


def container(documents: Sequence[Object]) -> Object:
    (found,) = only(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@dataclass(frozen=True)
class Helm:
    """Helm with a cluster. Its own files are in a folder that goes with the test."""

    plane: ControlPlane
    home: Path

    def __call__(self, *arguments: str, values: Values | None = None) -> Said:
        env = {"HOME": str(self.home), "KUBECONFIG": str(self.plane.kubeconfig)}
        with_values = () if values is None else ("--values=-",)
        return run("helm", *arguments, *with_values, given=yaml.safe_dump(values or {}), env=env)

    def install(self, release: str, namespace: str, values: Values, *arguments: str) -> Said:
        where = (release, str(ROOT / OPERATOR), f"--namespace={namespace}", "--create-namespace")
        return self("install", *where, *arguments, values=values)

    def install_definitions(self) -> Said:
        where = ("headrace-crds", str(ROOT / CRDS), f"--namespace={NAMESPACE}", "--create-namespace")
        return self("install", *where)
