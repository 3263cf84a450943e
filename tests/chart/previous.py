"""The charts as they could have been one version earlier, and what of the difference a cluster has."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from headrace import __version__
from tests.chart.rollout import Rollout
from tools.charts import CRDS, NAME, NAMESPACE, OPERATOR, ROOT

FIELD = "tags"
"""What the spec of buckets did not have."""
_COLUMN = "Message"
"""What kubectl did not show."""
_OPTION = "--aws-rate"
"""What the operator was not told."""
_DEFAULTS = {"replicas: 2": "replicas: 1", "workers: 10": "workers: 5"}
_OBJECTS = {
    "poddisruptionbudget.yaml": f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets/{NAME}",
    "networkpolicy.yaml": f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies/{NAME}",
}
"""Templates that were not there, and what they make."""
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def previous(directory: Path, chart: Path) -> Path:
    """Copy a chart, and make it one that could have been of version 0.0.9; there is no earlier one yet.

    That of the operator has one replica and five workers by default, neither a PodDisruptionBudget nor a
    NetworkPolicy, and does not give the option --aws-rate, though the values have it. That of the definitions
    lacks the field tags of buckets and all columns Message. The processes are this version's with both.
    """
    folder = directory / chart.name
    shutil.copytree(ROOT / chart, folder)
    _change(folder / "Chart.yaml", rf"(?m)ersion: {re.escape(__version__)}$", "ersion: 0.0.9", times=2)
    {OPERATOR: _earlier_operator, CRDS: _earlier_definitions}[chart](folder)
    return folder


@dataclass(frozen=True)
class Facts:
    """What a cluster has of all that the versions differ in."""

    replicas: int
    options: frozenset[str]
    objects: int
    columns: int
    field: bool


def facts(rollout: Rollout) -> Facts:
    """Return what the cluster has now, from the API server."""
    read = rollout.plane.read
    pods = [replica.pod["spec"]["containers"][0]["args"] for replica in rollout.running]
    versions = [it["spec"]["versions"][0] for it in read(_DEFINITIONS)["items"]]
    columns = [column["name"] for it in versions for column in it["additionalPrinterColumns"]]
    specs = [it["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] for it in versions]
    return Facts(
        replicas=len(pods),
        options=frozenset(arg for args in pods for arg in args if arg.startswith(("--workers", _OPTION))),
        objects=sum(read(path) is not None for path in _OBJECTS.values()),
        columns=columns.count(_COLUMN),
        field=any("bucketName" in spec and FIELD in spec for spec in specs),
    )


def _earlier_operator(folder: Path) -> None:
    for new, old in _DEFAULTS.items():
        _change(folder / "values.yaml", rf"(?m)^{new}$", old)
    for template in _OBJECTS:
        (folder / "templates" / template).unlink()
    _change(folder / "templates" / "_pod.tpl", rf"(?m)^- {_OPTION}=.*\n", "")


def _earlier_definitions(folder: Path) -> None:
    for template in folder.glob("templates/*.headrace.io.yaml"):
        template.write_text(_without(template.read_text()))


def _change(path: Path, pattern: str, text: str, times: int = 1) -> None:
    changed, found = re.subn(pattern, text, path.read_text())
    assert found == times, f"{path.name} has {pattern} {found} times"
    path.write_text(changed)


def _without(template: str) -> str:
    """The template of a definition without the field, where there is one, and without the column."""
    ours = [line for line in template.splitlines() if "{{" in line]
    marked = template
    for number, line in enumerate(ours):
        marked = marked.replace(line, f"  helm-{number}: here")
    definition = yaml.safe_load(marked)
    (version,) = definition["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    version["additionalPrinterColumns"] = [it for it in columns if it["name"] != _COLUMN]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    if "bucketName" in spec:
        del spec[FIELD]
    text = yaml.safe_dump(definition, sort_keys=False, width=10**6)
    for number, line in enumerate(ours):
        text = text.replace(f"  helm-{number}: here", line)
    return text
