"""The Applications in manifests/argocd: their order, and what projects allow."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
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
    "headrace-namespaces": 0,
    "headrace-tenants": 1,
}


def named(name: str, kind: str) -> dict[str, Any]:
    return next(app for app in APPS if (app["metadata"]["name"], app["kind"]) == (name, kind))


def specs() -> Iterator[dict[str, Any]]:
    """Yield the spec of each Application, and of what an ApplicationSet makes of the tenant `shop`."""
    for app in APPS:
        if app["kind"] != "AppProject":
            text = yaml.safe_dump(app["spec"].get("template", app)["spec"])
            made = text.replace("{{.path.path}}", "tenants/shop").replace("{{.path.basename}}", "shop")
            assert "{{" not in made
            yield yaml.safe_load(made)


def sets() -> list[dict[str, Any]]:
    return [app["spec"] for app in APPS if app["kind"] == "ApplicationSet"]


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


def test_every_application_is_where_its_project_lets_it_be() -> None:
    for spec in specs():
        project, to = named(spec["project"], "AppProject")["spec"], spec["destination"]
        assert spec["source"]["repoURL"] in project["sourceRepos"]
        assert any(
            it["server"] == to["server"] and fnmatchcase(to["namespace"], it["namespace"])
            for it in project["destinations"]
        ), to


def test_everything_goes_to_the_cluster_that_has_the_operator() -> None:
    places = {spec["destination"]["server"] for spec in specs()}
    allowed = {
        it["server"] for app in APPS if app["kind"] == "AppProject" for it in app["spec"]["destinations"]
    }

    assert places == allowed == {"https://kubernetes.default.svc"}


def test_a_tenants_folder_is_applied_once_and_nowhere_else() -> None:
    generators = [each["generators"] for each in sets()]

    # A list of clusters beside it would apply it once for each of them.
    assert all([set(it) for it in each] == [{"git"}] for each in generators)
    assert generators[0] == generators[1]
    paths = [spec["source"]["path"] for spec in specs() if spec["project"] == "headrace-tenants"]
    assert paths == ["tenants/shop"]


def test_every_namespace_is_made_by_an_application_that_may_make_it() -> None:
    makers = [spec for spec in specs() if "CreateNamespace=true" in spec["syncPolicy"]["syncOptions"]]

    assert {it["destination"]["namespace"] for it in makers} == {
        it["destination"]["namespace"] for it in specs()
    }
    for maker in makers:
        allowed = named(maker["project"], "AppProject")["spec"]["clusterResourceWhitelist"]
        assert {"group": "", "kind": "Namespace"} in allowed


def test_whoever_comes_before_its_namespace_tries_again() -> None:
    (tenant,) = (spec for spec in specs() if spec["project"] == "headrace-tenants")

    assert tenant["syncPolicy"]["retry"]["limit"] > 1


def test_deleting_an_application_deletes_nothing_else() -> None:
    apps = [*APPS, yaml.safe_load((FOLDER / "root.yaml").read_text())]

    assert not any("finalizers" in app["metadata"] for app in apps)
    assert all(each["syncPolicy"]["preserveResourcesOnDeletion"] for each in sets())
    assert not any("finalizers" in each["template"]["metadata"] for each in sets())
