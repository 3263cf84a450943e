"""The Applications in manifests/argocd: their order, and what projects allow."""

from typing import Any

import pytest
import yaml

from headrace.kinds.definition import GROUP
from headrace.kinds.registry import DEFINITIONS
from tests.bucket_specs import ROOT
from tools.charts import NAMESPACE

FOLDER = ROOT / "manifests" / "argocd"
APPS = [doc for path in sorted(FOLDER.glob("apps/*.yaml")) for doc in yaml.safe_load_all(path.read_text())]
WAVES = {
    "headrace-crds": -2,
    "headrace": -1,
    "headrace-accounts": 0,
    "headrace-tenants": 1,
}


def named(name: str, kind: str) -> dict[str, Any]:
    return next(app for app in APPS if (app["metadata"]["name"], app["kind"]) == (name, kind))


def test_definitions_come_before_the_operator_before_accounts_before_objects() -> None:
    waves = {
        app["metadata"]["name"]: int(app["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
        for app in APPS
        if app["kind"] != "AppProject"
    }

    assert waves == WAVES


def test_projects_come_before_what_is_in_them() -> None:
    projects = {app["metadata"]["name"]: app for app in APPS if app["kind"] == "AppProject"}

    assert {app["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] for app in projects.values()} == {
        "-3"
    }
    used = {
        app["spec"].get("template", app)["spec"]["project"] for app in APPS if app["kind"] != "AppProject"
    }
    assert used == set(projects)


@pytest.mark.parametrize("kind", DEFINITIONS.values(), ids=lambda kind: kind.name)
def test_projects_allow_every_kind_to_whom_it_is_for(kind: Any) -> None:
    platform, tenants = (named(name, "AppProject")["spec"] for name in ("headrace", "headrace-tenants"))
    entry = {"group": GROUP, "kind": kind.name}

    assert (entry in tenants["namespaceResourceWhitelist"]) == kind.namespaced
    assert (entry in platform["clusterResourceWhitelist"]) == (not kind.namespaced)
    assert tenants["clusterResourceWhitelist"] == []


def test_definitions_are_applied_server_side_and_never_pruned() -> None:
    spec = named("headrace-crds", "Application")["spec"]

    assert "ServerSideApply=true" in spec["syncPolicy"]["syncOptions"]
    annotations = spec["source"]["helm"]["valuesObject"]["annotations"]
    assert annotations == {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}


def test_the_charts_are_where_the_applications_look_for_them_and_know_the_values() -> None:
    for name in ("headrace-crds", "headrace"):
        app = named(name, "Application")["spec"]
        chart = ROOT / app["source"]["path"]
        known = yaml.safe_load((chart / "values.yaml").read_text())
        assert set(app["source"]["helm"]["valuesObject"]) <= set(known)
        assert all((chart / file).exists() for file in app["source"]["helm"].get("valueFiles", ()))
        assert app["destination"]["namespace"] == NAMESPACE
