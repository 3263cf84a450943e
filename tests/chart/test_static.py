"""What can be said of the charts without a cluster: lint, kube-score, and what values lead to."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

import sandbox.operator
from headrace import __version__
from headrace.controller.secrets import READER
from headrace.kinds.crd import crd_name, custom_resource_definition
from headrace.kinds.registry import DEFINITIONS
from tests.chart.helm import Object, container, of_kind, only, rendered, run, template
from tests.chart.pages import block
from tests.chart.values import (
    ACCOUNT,
    CRD_DEFAULTS,
    CRD_SETS,
    DEFAULTS,
    INSTALL,
    NAMESPACED,
    PRODUCTION,
    SETS,
    Values,
    at,
    documented,
)
from tools.charts import CRDS, NAME, NAMESPACE, OPERATOR, ROOT, escaped
from tools.iam import SERVICE_ACCOUNT

# What kube-score misses where values turn it off on purpose.
_MISSED = {
    "no NetworkPolicy": {"pod-networkpolicy"},
    "one replica": {"deployment-replicas"},
    "a user that the cluster chooses": {"container-security-context-user-group-id"},
}


def test_some_values_differ_from_the_defaults_for_everything_that_is_documented() -> None:
    for defaults, sets in ((DEFAULTS, SETS), (CRD_DEFAULTS, CRD_SETS)):
        for path in documented(defaults):
            told = [at(values, path) for values in sets.values()]
            assert any(value not in (None, at(defaults, path)) for value in told), ".".join(path)


@pytest.mark.parametrize("name", SETS)
def test_helm_lints_the_operators_chart(name: str) -> None:
    _linted(OPERATOR, SETS[name])


@pytest.mark.parametrize("name", CRD_SETS)
def test_helm_lints_the_definitions_chart(name: str) -> None:
    _linted(CRDS, CRD_SETS[name])


def _linted(chart: Path, values: Values) -> None:
    said = run("helm", "lint", "--strict", str(ROOT / chart), "--values=-", given=yaml.safe_dump(values))
    assert said.code == 0, said.all
    assert "[WARNING]" not in said.all


@pytest.mark.parametrize("name", SETS)
def test_kube_score_finds_nothing(name: str) -> None:
    given = template(SETS[name])
    said = run("kube-score", "score", "--output-format=json", "-", given=given.out)

    found = {
        check["check"]["id"]
        for scored in json.loads(said.out)
        for check in scored["checks"]
        # 10 is the best grade, 7 is a warning.
        if not check["skipped"] and check["grade"] < 10
    }
    assert found == _MISSED.get(name, set())


def test_an_exception_from_kube_score_has_its_reason_in_the_line_above() -> None:
    for path in (ROOT / OPERATOR / "templates").rglob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for before, line in pairwise(lines):
            assert "kube-score/ignore" not in line or before.strip().startswith("# "), path


def test_the_definitions_are_those_of_the_models_with_what_helm_needs_in_their_metadata() -> None:
    documents = {each["metadata"]["name"]: each for each in rendered({}, chart=CRDS)}

    assert documents.keys() == {crd_name(kind) for kind in DEFINITIONS.values()}
    for kind in DEFINITIONS.values():
        document = documents[crd_name(kind)]
        assert document["spec"] == custom_resource_definition(kind)["spec"]
        assert document["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_what_is_ours_is_written_over_labels_and_annotations_of_others() -> None:
    theirs = {"labels": {"helm.sh/chart": "x"}, "annotations": {"helm.sh/resource-policy": "delete"}}
    account = {"accounts": [ACCOUNT], "accountAnnotations": {"helm.sh/resource-policy": "delete"}}
    documents = [*rendered(theirs, chart=CRDS), only(rendered(account), "AWSAccount")]
    labelled = {"enabled": True, "labels": {"app.kubernetes.io/name": "x"}}
    of_pods = {"podAnnotations": {"kubectl.kubernetes.io/default-container": "x"}}
    pod = only(rendered(of_pods), "Deployment")["spec"]["template"]

    for each in documents:
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        assert each["metadata"]["labels"]["helm.sh/chart"] != "x"
    for kind in ("ServiceMonitor", "PodMonitor"):
        monitor = only(rendered({"metrics": {f"{kind[0].lower()}{kind[1:]}": labelled}}), kind)
        assert monitor["metadata"]["labels"]["app.kubernetes.io/name"] == "headrace"
    assert pod["metadata"]["annotations"] == {"kubectl.kubernetes.io/default-container": "operator"}


def test_definitions_that_are_not_to_be_kept_say_nothing_of_it() -> None:
    for document in rendered(CRD_SETS["others"], chart=CRDS):
        assert document["metadata"]["annotations"] == {"team": "platform"}
        assert document["metadata"]["labels"]["team"] == "platform"


def test_a_text_that_looks_like_a_template_stays_a_text(tmp_path: Path) -> None:
    text = '{{ .Values.x }} {{- "a" -}} {{{ }}} {{/* no */}} {{'
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: any, version: 0.1.0}")
    (tmp_path / "templates" / "any.yaml").write_text(escaped(f"kind: Any\ntext: |-\n  {text}\n"))

    said = run("helm", "template", "any", str(tmp_path))

    assert yaml.safe_load(said.out) == {"kind": "Any", "text": text}, said.err


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("headrace", "headrace-operator"),
        ("headrace-operator", "headrace-operator"),
        ("my-headrace", "my-headrace-operator"),
        ("shop", "shop-headrace-operator"),
    ],
)
def test_the_operators_objects_are_called_after_the_release(release: str, name: str) -> None:
    said = run("helm", "template", release, str(ROOT / OPERATOR), "--skip-tests")
    documents = [each for each in yaml.safe_load_all(said.out) if each]

    assert {each["metadata"]["name"] for each in documents} == {name, f"{name}-view", READER}


def test_what_the_pages_call_the_operator_is_its_name_by_helm_and_by_kubectl() -> None:
    assert (
        (NAMESPACE, NAME) == SERVICE_ACCOUNT == (sandbox.operator.NAMESPACE, sandbox.operator.SERVICE_ACCOUNT)
    )
    for values in ({}, INSTALL):
        documents = rendered(values)
        assert {only(documents, kind)["metadata"]["name"] for kind in ("Deployment", "ServiceAccount")} == {
            NAME
        }
        assert f"--lease-name={NAME}" in container(documents)["args"]


@pytest.mark.parametrize("name", SETS)
def test_memory_is_bounded_and_nothing_can_be_written(name: str) -> None:
    found = container(rendered(SETS[name]))

    assert found["resources"]["limits"].keys() == {"memory"}
    assert found["securityContext"]["readOnlyRootFilesystem"] is True
    assert all(each["readOnly"] for each in found.get("volumeMounts", ()))


def test_what_kubernetes_has_fields_for_is_where_kubernetes_looks_for_it() -> None:
    values = SETS["pods"]
    deployment = only(rendered(values), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    fields = ("dnsPolicy", "dnsConfig", "hostAliases", "priorityClassName", "nodeSelector", "tolerations")

    assert {field: pod[field] for field in fields} == {field: values[field] for field in fields}
    assert deployment["spec"]["revisionHistoryLimit"] == values["revisionHistoryLimit"]
    assert values["deploymentAnnotations"].items() <= deployment["metadata"]["annotations"].items()


def test_common_labels_are_on_every_object_and_pod_and_objects_of_ones_own_are_as_they_are() -> None:
    (own,) = SETS["pods"]["extraObjects"]
    documents = rendered({**SETS["pods"], "accounts": [ACCOUNT], "podLabels": {"cost-center": ""}})
    ours = [each for each in documents if each != own]

    assert len(ours) == len(documents) - 1
    assert {each["metadata"]["labels"]["cost-center"] for each in ours} == {"platform"}
    # What is said of one kind alone counts more.
    theirs = {"metrics": {"serviceMonitor": {"enabled": True, "labels": {"cost-center": "web"}}}}
    monitor = only(rendered({**theirs, "commonLabels": {"cost-center": "platform"}}), "ServiceMonitor")
    assert monitor["metadata"]["labels"]["cost-center"] == "web"
    assert only(documents, "Deployment")["spec"]["template"]["metadata"]["labels"]["cost-center"] == ""


@pytest.mark.parametrize(
    ("values", "users"),
    [
        ({}, {65532}),
        (SETS["pods"], {1000650000}),
        (SETS["a user that the cluster chooses"], {None}),
    ],
)
def test_pods_run_as_the_user_that_values_say_or_that_the_cluster_chooses(
    values: Values, users: set[Any]
) -> None:
    documents = rendered(values)
    specs = [only(documents, "Deployment")["spec"]["template"]["spec"], only(documents, "Pod")["spec"]]
    contexts = [each["securityContext"] for spec in specs for each in (spec, *spec["containers"])]

    assert {each.get(key) for each in contexts for key in ("runAsUser", "runAsGroup")} == users
    assert {each["securityContext"].get("fsGroup") for each in specs} == users
    assert all(each["runAsNonRoot"] for each in contexts)


def test_accounts_are_kept_objects_or_a_file_that_the_operator_is_told_of() -> None:
    everywhere, there = rendered({"accounts": [ACCOUNT]}), rendered(NAMESPACED)

    account = only(everywhere, "AWSAccount")
    assert account["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert (account["metadata"]["name"], account["spec"]) == (ACCOUNT["name"], ACCOUNT["spec"])
    assert not list(of_kind(everywhere, "ConfigMap"))

    assert not list(of_kind(there, "AWSAccount"))
    assert yaml.safe_load(only(there, "ConfigMap")["data"]["accounts.yaml"]) == [ACCOUNT]
    assert "--accounts=/etc/headrace/accounts/accounts.yaml" in container(there)["args"]


def test_accounts_that_change_in_their_file_leave_the_pods_alone() -> None:
    def deployment(**values: Any) -> Object:
        return only(rendered({**NAMESPACED, **values}), "Deployment")

    assert deployment(accounts=[{**ACCOUNT, "name": "bank"}]) == deployment() == deployment(accounts=[])


def test_what_aws_needs_is_on_the_service_account_and_in_the_environment() -> None:
    account = only(rendered(SETS["identity"]), "ServiceAccount")
    environment = container(rendered(SETS["accounts"]))["env"]

    assert account["metadata"]["annotations"] == {
        "team": "platform",
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/headrace",
        "eks.amazonaws.com/audience": "sts.amazonaws.com.cn",
        "eks.amazonaws.com/sts-regional-endpoints": "false",
    }
    assert {each["name"]: each["value"] for each in environment} == {
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "https://aws.example.com",
    }


def test_ports_of_endpoints_that_values_name_are_let_out() -> None:
    def ports(values: Values) -> list[int]:
        policies = of_kind(rendered(values, "--skip-tests"), "NetworkPolicy")
        (policy,) = policies
        return [each["port"] for each in policy["spec"]["egress"][1]["ports"]]

    assert ports({}) == [443, 6443]
    assert ports({"aws": {"endpointURL": "http://aws"}}) == [443, 6443, 80]
    assert ports({"accounts": [ACCOUNT]}) == [443, 6443, 4566]
    assert ports(SETS["traces"]) == [443, 6443, 4318]
    assert ports(SETS["pods"]) == [16443, 443]


def test_more_rules_for_what_goes_out_are_those_of_the_operator_and_of_helm_test() -> None:
    policies = [*of_kind(rendered(SETS["pods"]), "NetworkPolicy")]

    assert [each["metadata"]["name"] for each in policies] == [NAME, f"{NAME}-test"]
    for each in policies:
        assert each["spec"]["egress"][-1:] == SETS["pods"]["networkPolicy"]["extraEgress"]


def test_a_port_of_ipv6_stands_behind_brackets_and_metrics_that_are_off_are_for_the_pod_alone() -> None:
    arguments = container(rendered(SETS["no metrics"]))["args"]

    assert arguments[:2] == ["--listen=[::]:8181", "--metrics-listen=127.0.0.1:9090"]


def test_the_values_on_the_page_about_installing_are_taken() -> None:
    mine = yaml.safe_load(block("With Helm", "yaml"))

    assert only(rendered({**PRODUCTION, **mine}), "AWSAccount")["metadata"]["name"] == "shop"


def test_the_charts_are_of_the_version_of_the_operator() -> None:
    for chart in (OPERATOR, CRDS):
        about = yaml.safe_load((ROOT / chart / "Chart.yaml").read_text(encoding="utf-8"))
        assert about["version"] == about["appVersion"] == __version__


def test_nothing_in_the_environment_of_a_pod_looks_like_an_option_by_chance() -> None:
    """A Service headrace would give pods HEADRACE_PORT and the like."""
    documents = rendered({})
    pods = [only(documents, "Deployment")["spec"]["template"], only(documents, "Pod")]

    assert [each["spec"]["enableServiceLinks"] for each in pods] == [False, False]


@pytest.mark.parametrize("name", SETS)
def test_whoever_works_is_elected_as_an_upgrade_makes_even_one_replica_two(name: str) -> None:
    assert "--leader-elect" in container(rendered(SETS[name]))["args"]


@pytest.mark.parametrize("name", SETS)
def test_no_value_changes_what_pods_are_selected_by(name: str) -> None:
    selector = only(rendered(SETS[name]), "Deployment")["spec"]["selector"]

    assert selector == only(rendered({}), "Deployment")["spec"]["selector"]


def test_a_single_replica_may_be_evicted() -> None:
    assert not list(of_kind(rendered({"replicas": 1}), "PodDisruptionBudget"))


def test_a_chart_may_have_these_as_dependencies_with_a_condition() -> None:
    for chart in (OPERATOR, CRDS):
        assert rendered({"global": {"team": "web"}, "enabled": True}, chart=chart)


def test_prometheus_gets_guarded_metrics_with_its_own_token_or_with_one_that_is_named() -> None:
    monitor = only(rendered(SETS["ServiceMonitor"]), "ServiceMonitor")
    pods = only(rendered(SETS["PodMonitor"]), "PodMonitor")

    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [
        {
            "port": "metrics",
            "path": "/metrics",
            "interval": "30s",
            "relabelings": [{"targetLabel": "cluster", "replacement": "prod-eu-1"}],
            "metricRelabelings": [{"sourceLabels": ["__name__"], "regex": "python_.*", "action": "drop"}],
            "scheme": "https",
            "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "tlsConfig": {
                "serverName": "headrace-operator.headrace-system.svc",
                "ca": {"secret": {"name": "headrace-metrics", "key": "ca.crt"}},
            },
        }
    ]
    (endpoint,) = pods["spec"]["podMetricsEndpoints"]
    assert endpoint["authorization"] == {"credentials": {"name": "prometheus", "key": "token"}}
    assert endpoint["tlsConfig"] == {"serverName": "headrace", "insecureSkipVerify": False}


_MONITORED = [
    (name, kind)
    for name, values in SETS.items()
    for kind in ("ServiceMonitor", "PodMonitor")
    if at(values, ("metrics", f"{kind[0].lower()}{kind[1:]}", "enabled"))
]


@pytest.mark.parametrize(("name", "kind"), _MONITORED)
def test_a_monitor_finds_the_port_on_which_the_pods_serve_metrics(name: str, kind: str) -> None:
    documents = rendered(SETS[name])
    spec = only(documents, kind)["spec"]
    selected = only(documents, "Deployment")["spec"]["template"]
    ports = {each["name"]: each["containerPort"] for each in container(documents)["ports"]}
    if kind == "ServiceMonitor":
        pods, selected = selected, only(documents, "Service")
        assert selected["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
        ports = {each["name"]: ports[each["targetPort"]] for each in selected["spec"]["ports"]}

    labels = spec["selector"]["matchLabels"].items()
    (endpoint,) = spec["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
    assert labels <= selected["metadata"]["labels"].items()
    assert not labels <= only(documents, "Pod")["metadata"]["labels"].items()
    assert f"--metrics-listen=0.0.0.0:{ports[endpoint['port']]}" in container(documents)["args"]


def test_prometheus_sends_no_token_where_nobody_asks_for_one() -> None:
    secure = {"enabled": True, "certSecret": "headrace-metrics", "authorization": False}
    documents = rendered({"metrics": {"secure": secure, "serviceMonitor": {"enabled": True}}})

    (endpoint,) = only(documents, "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint.keys() == {"port", "path", "scheme", "tlsConfig"}
