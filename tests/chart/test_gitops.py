"""The charts under Argo CD and Flux: projects allow what they make, and namespaces and images are there."""

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from tests.chart.helm import Object, container, of_kind, rendered
from tests.chart.values import ACCOUNT, PRODUCTION, Values
from tools.charts import CRDS, ROOT

APPS = ROOT / "manifests" / "argocd" / "apps"


def of(path: str) -> list[Object]:
    return list(yaml.safe_load_all((APPS / path).read_text(encoding="utf-8")))


def source(path: str) -> Any:
    (app,) = of(path)
    return app["spec"]["source"]["helm"]["valuesObject"]


def forbidden(documents: list[Object]) -> list[Object]:
    """Return what the project of the platform does not allow, by kind or by place."""
    project = of("projects.yaml")[0]["spec"]
    kinds = [(it["group"], it["kind"]) for it in project["clusterResourceWhitelist"]]
    places = [it["namespace"] for it in project["destinations"]]

    def allowed(document: Object) -> bool:
        place = document["metadata"].get("namespace")
        if place is None:
            group, slash, _ = document["apiVersion"].rpartition("/")
            return (group if slash else "", document["kind"]) in kinds
        return any(fnmatchcase(place, pattern) for pattern in places)

    return [document for document in documents if not allowed(document)]


@pytest.mark.parametrize(
    "more",
    [
        {"accounts": [ACCOUNT], "secretNamespaces": ["tenant-shop"]},
        {"accounts": [ACCOUNT], "secretNamespaces": ["tenant-shop"], "watchNamespaces": ["tenant-shop"]},
        {"metrics": {"secure": {"enabled": True, "certSecret": "metrics"}}},
    ],
    ids=["the whole cluster", "named namespaces", "guarded metrics"],
)
def test_the_project_allows_what_the_chart_makes(more: Values) -> None:
    documents = rendered({**PRODUCTION, **source("operator.yaml"), **more})

    assert {"tenant-shop"} & {it["metadata"].get("namespace") for it in documents} or "metrics" in more
    assert forbidden(documents) == []


def test_the_project_allows_the_definitions() -> None:
    assert forbidden(rendered(source("definitions.yaml"), chart=CRDS)) == []


def flux() -> list[Object]:
    """Return what docs/gitops.md has Flux apply."""
    page = (ROOT / "docs" / "gitops.md").read_text(encoding="utf-8")
    (block,) = (
        it for it in re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S) if "kind: HelmRelease" in it
    )
    return list(yaml.safe_load_all(block))


def test_the_namespace_of_what_flux_releases_is_made() -> None:
    made = {it["metadata"]["name"] for it in of_kind(flux(), "Namespace")}

    assert {it["metadata"]["namespace"] for it in of_kind(flux(), "HelmRelease")} <= made


def test_the_operator_is_taken_from_a_registry() -> None:
    (release,) = (it for it in of_kind(flux(), "HelmRelease") if it["metadata"]["name"] == "headrace")

    for values in (source("operator.yaml"), release["spec"]["values"]):
        assert container(rendered(values))["image"].startswith("registry.example.com/headrace-operator:")
