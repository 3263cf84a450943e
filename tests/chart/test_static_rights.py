"""The rights that the operator's chart gives: what is used and nothing else, where somebody agreed."""

from typing import Any

import pytest

from headrace.controller.secrets import READER
from headrace.kinds.registry import DEFINITIONS, KINDS
from tests.chart.helm import Object, container, of_kind, only, rendered
from tests.chart.values import INSTALL, NAMESPACED, SETS, Values
from tests.e2e.confined import OWN, SERVED, rule
from tools.charts import NAME, NAMESPACE

_CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding"}


def test_a_new_kind_gets_its_rights_by_itself() -> None:
    everywhere = [rule["resources"] for rule in _of_group(only_named(rendered({}), "ClusterRole"))]
    there = [rule["resources"] for rule in _of_group(only_named(rendered(NAMESPACED), "Role", "default"))]

    plurals = sorted(kind.plural for kind in DEFINITIONS.values())
    namespaced = sorted(kind.plural for kind in KINDS.values())
    assert everywhere == [plurals, [f"{plural}/status" for plural in plurals]]
    assert there == [namespaced, [f"{plural}/status" for plural in namespaced]]


def only_named(documents: list[Object], kind: str, namespace: str = "") -> Object:
    name = "headrace-objects" if namespace not in {"", NAMESPACE} else NAME
    (found,) = (
        each
        for each in of_kind(documents, kind)
        if (each["metadata"]["name"], each["metadata"].get("namespace", "")) == (name, namespace)
    )
    return found


def _of_group(role: Object) -> list[dict[str, Any]]:
    return [rule for rule in role["rules"] if rule["apiGroups"] == ["headrace.io"]]


@pytest.mark.parametrize("name", SETS)
def test_some_namespaces_alone_need_no_right_on_the_cluster(name: str) -> None:
    documents = rendered(SETS[name])
    served = SETS[name].get("watchNamespaces", [])
    roles = {each["metadata"]["namespace"] for each in of_kind(documents, "Role")}

    assert bool(served) != bool(list(of_kind(documents, *_CLUSTER_WIDE)))
    assert roles == {NAMESPACE, *served}


@pytest.mark.parametrize("name", SETS)
def test_secrets_are_read_by_name_where_somebody_agreed_and_never_listed(name: str) -> None:
    documents = rendered(SETS[name])
    about = [
        (role["metadata"].get("namespace", ""), role["metadata"]["name"], rule["verbs"])
        for role in of_kind(documents, "Role", "ClusterRole")
        for rule in role["rules"]
        if "secrets" in rule.get("resources", ())
    ]
    agreed = SETS[name].get("secretNamespaces", [])
    reader, readers = ("headrace-secrets", agreed) if "watchNamespaces" in SETS[name] else (READER, [""])
    bound = [
        (each["kind"], each["metadata"].get("namespace"))
        for each in of_kind(documents, "RoleBinding", "ClusterRoleBinding")
        if each["roleRef"]["name"] == reader
    ]

    own = (NAMESPACE, _fullname(documents), ["get"])
    assert sorted(about) == sorted([own, *((where, reader, ["get"]) for where in readers)])
    assert bound == [("RoleBinding", where) for where in agreed]


def test_users_of_namespaces_see_objects_by_default_and_make_them_where_it_is_said() -> None:
    def aggregated(values: Values) -> dict[str, Any]:
        label = "rbac.authorization.k8s.io/aggregate-to-"
        return {
            key.removeprefix(label): role["rules"]
            for role in of_kind(rendered(values), "ClusterRole")
            for key in role["metadata"]["labels"]
            if key.startswith(label)
        }

    namespaced = sorted(kind.plural for kind in KINDS.values())
    (seen,) = aggregated({})["view"]
    (made,) = aggregated({"rbac": {"aggregateToEdit": True}})["edit"]

    assert aggregated({}).keys() == {"view"}
    assert seen["resources"] == made["resources"] == namespaced
    assert not {*made["verbs"]} & {*seen["verbs"]}
    assert aggregated(NAMESPACED) == aggregated({"rbac": {"aggregateToView": False}}) == {}


def test_secrets_of_accounts_are_all_of_the_releases_namespace_or_those_that_values_name() -> None:
    def named(values: Values) -> list[Any]:
        rules = only_named(rendered(values), "Role", NAMESPACE)["rules"]
        return [rule.get("resourceNames") for rule in rules if rule["resources"] == ["secrets"]]

    accounts = SETS["named Secrets"]["accounts"]

    assert named({"accounts": accounts}) == named({"accountSecrets": None}) == [None]
    assert named(SETS["named Secrets"]) == [["keys", "shop-keys"]]
    assert named({"accounts": accounts, "accountSecrets": []}) == [["shop-keys"]]
    # A rule without names would be about all of them.
    assert named({"accountSecrets": []}) == []


def test_some_namespaces_give_the_rights_that_an_operator_lives_with_and_no_more() -> None:
    documents = rendered(NAMESPACED)
    own = only_named(documents, "Role", NAMESPACE)["rules"]

    assert only_named(documents, "Role", "shop")["rules"] == SERVED
    assert [rule for rule in own if rule["resources"] != ["leases"]] == OWN


def test_no_binding_changes_what_it_refers_to_when_other_namespaces_are_served() -> None:
    def bindings(values: Values) -> dict[tuple[str, str], Any]:
        found = of_kind(rendered(values), "RoleBinding")
        return {(it["metadata"]["name"], it["metadata"]["namespace"]): it["roleRef"] for it in found}

    some, everywhere = bindings(NAMESPACED), bindings({**NAMESPACED, "watchNamespaces": []})

    assert ("headrace-secret-reader", "shop") in everywhere
    assert all(some[key] == everywhere[key] for key in some.keys() & everywhere.keys())


def _fullname(documents: list[Object]) -> str:
    name = only(documents, "Deployment")["metadata"]["name"]
    assert isinstance(name, str)
    return name


def test_the_lease_is_the_one_that_the_operator_is_told_of() -> None:
    documents = rendered(INSTALL)
    rules = [
        rule
        for role in of_kind(documents, "Role")
        for rule in role["rules"]
        if rule["resources"] == ["leases"]
    ]

    assert rules == [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["headrace-operator"],
            "verbs": ["get", "update"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    ]
    assert "--lease-name=headrace-operator" in container(documents)["args"]


@pytest.mark.parametrize("name", SETS)
def test_who_wants_the_metrics_is_asked_for_only_where_they_are_guarded(name: str) -> None:
    documents = rendered(SETS[name])
    rules = [
        each
        for role in of_kind(documents, "ClusterRole")
        for each in role["rules"]
        if {"authentication.k8s.io", "authorization.k8s.io"} & set(each.get("apiGroups", ()))
    ]

    guarded = "--metrics-authorization" in container(documents)["args"]
    # As system:auth-delegator, which tests of the operator bind.
    asking = [
        rule("authentication.k8s.io", ["tokenreviews"], "create"),
        rule("authorization.k8s.io", ["subjectaccessreviews"], "create"),
    ]
    assert rules == (asking if guarded else [])
