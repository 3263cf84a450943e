"""The charts in a cluster: installed, upgraded, rolled back and taken away while objects live.

Helm waits for pods in which nothing runs; their processes are here, started from what the pods say. An object
that is Ready shows that arguments, variables, Secrets, the token and its rights are what the operator needs.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane import pki
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.processes import wait_until
from sandbox.replicas import Endpoint
from sandbox.world import World, condition
from tests.bucket_specs import KEY
from tests.chart.helm import Helm, Said
from tests.chart.lives import living, looked_at_anew, s3, seen, unharmed
from tests.chart.previous import FIELD, Facts, facts, previous
from tests.chart.rollout import SECONDS, SHOP, Rollout, shop, writes
from tests.chart.scrapes import OTHER, scrapers
from tests.chart.values import CRD_DEFAULTS
from tests.e2e.buckets import tags
from tests.e2e.http import get
from tools.charts import CRDS, NAME, NAMESPACE, OPERATOR, ROOT

pytestmark = pytest.mark.e2e

TEAM = {"names": ["t-*"], "buckets": {"create": ["t-*"], "adopt": ["t-*"]}}
ACCOUNT = {"name": "main", "spec": {"default": True, "namespaces": [TEAM]}}
KINDS = ("acceleratedbuckets.headrace.io", "awsaccounts.headrace.io", "distributions.headrace.io")
CERTIFICATE = "metrics-tls"
SHORT = "--timeout=5s"
SOON = 0.2
"""The seconds that a deployment of CloudFront takes."""
DEADLINE = "context deadline exceeded"
WAITING = "Waiting for CRDs that are not installed"
EARLIER = Facts(replicas=1, options=frozenset({"--workers=5"}), objects=0, columns=0, field=False)
NOW = Facts(
    replicas=2, options=frozenset({"--workers=10", "--aws-rate=500"}), objects=2, columns=3, field=True
)


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane.start(nodes=2) as started:
        yield started


@pytest.fixture(scope="module")
def cloud() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.deployment(SOON)
        yield stand_in


@pytest.fixture(scope="module")
def together(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What Helm says to one chart with definitions and objects, where nobody knows the kinds yet."""
    chart = tmp_path_factory.mktemp("together") / "together"
    shutil.copytree(ROOT / CRDS, chart)
    shutil.copy(SHOP / "templates" / "bucket.yaml", chart / "templates")
    (chart / "values.schema.json").unlink()
    values = {**CRD_DEFAULTS, "bucket": "acme-media"}
    return Helm(plane, chart.parent)("install", "together", str(chart), SECONDS, values=values)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    """Who made the certificate of the metrics."""
    return pki.create(tmp_path_factory.mktemp("authority") / "pki")


@pytest.fixture(scope="module")
def release(
    plane: ControlPlane,
    cloud: StandIn,
    together: Said,
    authority: pki.Pki,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Rollout]:
    secure = {"enabled": True, "certSecret": CERTIFICATE}
    values = {"clusterID": "prod-1", "accounts": [ACCOUNT], "metrics": {"secure": secure}}
    with Rollout(plane, cloud, tmp_path_factory.mktemp("headrace"), values) as rollout:
        files = (f"--cert={authority.server.public}", f"--key={authority.server.private}")
        plane.kubectl_run("create", "secret", "tls", CERTIFICATE, f"--namespace={NAMESPACE}", *files)
        yield rollout


@pytest.fixture(scope="module")
def early(release: Rollout) -> tuple[Said, Said]:
    """What `helm test` and its pod say of an operator that came before the definitions of its kinds."""
    said = release.upgrade({**release.values, "accounts": []}, SECONDS)
    assert said.code == 0, said.err
    release.replicas.begin()
    wait_until(lambda: waiting(release), what="both operators say what they wait for", seconds=60)
    return release.test()


@pytest.fixture(scope="module")
def headrace(release: Rollout, early: tuple[Said, Said]) -> Rollout:
    release.present()
    return release


@pytest.fixture
def team(headrace: Rollout) -> Iterator[World]:
    """A namespace of users, while the operator of this version runs."""
    headrace.present()
    yield headrace.world()
    headrace.aws.clear_faults()
    headrace.aws.deployment(SOON)


def waiting(release: Rollout) -> bool:
    """Whether both pods say that the definitions are not there."""
    said = [get(f"{replica.url}/readyz")[1] for replica in release.running]
    return [text.startswith(WAITING) for text in said] == [True, True]


# Installed


def test_helm_waits_for_the_pods_which_are_on_different_nodes_and_may_be_evicted_one_by_one(
    headrace: Rollout, team: World
) -> None:
    pods = [replica.pod for replica in headrace.running]
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-0", "node-1"}
    budget = headrace.plane.read(f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets/{NAME}")
    assert (budget["status"]["currentHealthy"], budget["status"]["disruptionsAllowed"]) == (2, 1)


def test_what_helm_installed_serves_objects_with_the_rights_of_its_service_account(
    headrace: Rollout, team: World
) -> None:
    living(team)
    refused = [
        request for request in team.audit.since(0) if request.user == team.user and request.code == 403
    ]
    assert refused == []
    assert headrace.plane.read("/apis/headrace.io/v1alpha1/awsaccounts/main")["status"]["accountID"]


def test_the_service_leads_to_the_ports_that_both_pods_serve(headrace: Rollout, team: World) -> None:
    ports = {"http": 8080, "metrics": 9090}
    pods = headrace.plane.read(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    addresses = {pod["metadata"]["uid"]: (pod["status"]["podIP"],) for pod in pods}
    expected = {replica.pod["metadata"]["uid"] for replica in headrace.running}
    assert len(expected) == 2

    def led() -> bool:
        return {endpoint.pod for endpoint in headrace.replicas.endpoints(NAME)} == expected

    wait_until(led, what=f"the Service leads to the pods {expected}")
    for endpoint in headrace.replicas.endpoints(NAME):
        assert endpoint == Endpoint(endpoint.pod, addresses[endpoint.pod], ports, ready=True)
    assert [get(f"{url}/readyz") for url in headrace.replicas.behind(NAME, 8080)] == [(200, "ok")] * 2


def test_helm_test_succeeds_where_an_operator_answers_that_it_is_ready(
    headrace: Rollout, team: World
) -> None:
    said, pod = headrace.test()
    assert (said.code, pod.code) == (0, 0), said.err + pod.err
    assert pod.out.endswith("/readyz says 200 ok\n")


def test_helm_test_fails_where_the_operator_came_before_the_definitions_and_says_so(
    early: tuple[Said, Said],
) -> None:
    said, pod = early
    assert (said.code, pod.code) == (1, 1), said.err + pod.err
    assert f"/readyz says 503 {WAITING}" in pod.out
    assert all(kind in pod.out for kind in KINDS)


def test_metrics_are_for_those_whom_somebody_bound_to_the_role_that_the_chart_has_for_it(
    headrace: Rollout, team: World, authority: pki.Pki
) -> None:
    urls = headrace.replicas.behind(NAME, 9090, "https")
    assert sorted(urls) == sorted(replica.url_of("metrics", "https") for replica in headrace.running)
    with scrapers(team, authority) as them:
        for url in urls:
            assert "headrace_" in them.admitted(url)
            assert [them.scrape(url, OTHER)[0], them.scrape(url)[0]] == [403, 401]


def test_an_option_that_the_operator_does_not_know_is_noticed(
    headrace: Rollout, team: World, tmp_path: Path
) -> None:
    chart = tmp_path / "headrace"
    shutil.copytree(ROOT / OPERATOR, chart)
    template = chart / "templates" / "_pod.tpl"
    template.write_text(template.read_text().replace("- --own-namespace=", "- --home="))
    with pytest.raises(SandboxError, match=r"(?s)ended with exit code 2 .*No such option.*--home"):
        headrace.operator(chart)


# Upgraded


def test_an_upgrade_from_the_previous_charts_and_a_rollback_leave_living_objects_and_aws_alone(
    headrace: Rollout, team: World, tmp_path: Path
) -> None:
    headrace.definitions(previous(tmp_path, CRDS))
    old = headrace.operator(previous(tmp_path, OPERATOR))
    assert facts(headrace) == EARLIER
    with pytest.raises(SandboxError, match=rf"\.spec\.{FIELD}: field not declared in schema"):
        team.apply({FIELD: {"team": "shop"}})
    before, mark = living(team), team.aws.mark()

    headrace.definitions()
    new = headrace.operator()

    assert facts(headrace) == NOW
    assert not {replica.name for replica in old} & {replica.name for replica in new}
    looked_at_anew(team)
    after = seen(team)
    assert unharmed(before, after)
    # The definitions stay new: they are upgraded first, and nothing is gained by taking them back.
    back = headrace.run("rollback", "--wait", SECONDS)
    assert facts(headrace) == replace(EARLIER, columns=NOW.columns, field=NOW.field)
    assert not {replica.name for replica in new} & {replica.name for replica in back}
    looked_at_anew(team)
    assert unharmed(before, seen(team))
    assert writes(team.aws.since(mark)) == []

    team.apply({**after[0]["spec"], FIELD: {"team": "shop"}})
    team.ready()
    assert tags(s3(team), team.name())["team"] == "shop"


def test_an_upgrade_whose_pods_never_become_ready_fails_and_what_ran_goes_on(
    headrace: Rollout, team: World
) -> None:
    before = living(team)
    running = {replica.name for replica in headrace.running}
    values = {**headrace.values, "nodeSelector": {"no-node": "has-this"}}

    failed = headrace.upgrade(values, "--timeout=3s")

    assert failed.code != 0
    assert f"Deployment/{NAMESPACE}/{NAME} not ready" in failed.err
    pods = headrace.plane.read(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    assert running <= {pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Running"}
    assert unharmed(before, seen(team))


# Uninstalled


def test_uninstalling_takes_nothing_of_the_users_and_the_next_install_takes_all_up_without_a_write_to_aws(
    headrace: Rollout, team: World
) -> None:
    before = living(team)
    account = headrace.plane.read("/apis/headrace.io/v1alpha1/awsaccounts/main")
    mark = team.aws.mark()

    assert headrace.run("uninstall", "--wait", SECONDS) == []
    headrace.undefine()

    assert {name for name in KINDS if headrace.defines(name)} == set(KINDS)
    assert seen(team) == before
    assert headrace.plane.read("/apis/headrace.io/v1alpha1/awsaccounts/main") == account
    s3(team).head_bucket(Bucket=team.name())

    headrace.definitions()
    headrace.operator()
    looked_at_anew(team)
    assert writes(team.aws.since(mark)) == []
    assert unharmed(before, seen(team))


# The charts of users


def test_helm_waits_until_the_objects_of_a_chart_are_ready(headrace: Rollout, team: World) -> None:
    team.aws.deployment(2)
    said = shop(headrace.helm, team, "install", "--wait", SECONDS)
    assert said.code == 0, said.err
    assert [condition(obj, "Ready")["status"] for obj in seen(team)] == ["True", "True"]


def test_helm_fails_at_once_with_our_message_where_an_object_is_stalled(
    headrace: Rollout, team: World
) -> None:
    values = {"bucket": "not-granted", "distribution": False}
    said = shop(headrace.helm, team, "install", "--wait", SECONDS, **values)
    assert said.code != 0
    assert f"resource AcceleratedBucket/{team.namespace}/media not ready. status: Failed" in said.err
    assert condition(team.get(), "Stalled")["message"] in said.err
    # It is what Helm adds where it waited to the end.
    assert DEADLINE not in said.err


def test_helm_fails_at_once_where_an_object_waits_for_a_stalled_one_and_an_upgrade_mends_both(
    headrace: Rollout, team: World
) -> None:
    stalling = {"bucketSpec": {"encryption": {"algorithm": "aws:kms", "kmsKeyARN": KEY}}}
    said = shop(headrace.helm, team, "install", "--wait", SECONDS, **stalling)
    assert said.code != 0
    bucket, site = (condition(obj, "Stalled") for obj in seen(team))
    assert (bucket["reason"], site["reason"]) == ("AccessDenied", "Waiting")
    assert bucket["message"] in said.err
    assert site["message"] in said.err
    assert DEADLINE not in said.err

    # What was waited for is edited, so that there is something to wait for before it is looked at.
    said = shop(headrace.helm, team, "upgrade", "--wait", SECONDS)
    assert said.code == 0, said.err
    assert [condition(obj, "Ready")["status"] for obj in seen(team)] == ["True", "True"]


def test_an_upgrade_that_stalls_is_rolled_back_by_helm_and_the_object_is_ready_again(
    headrace: Rollout, team: World
) -> None:
    assert shop(headrace.helm, team, "install", "--wait", SECONDS, distribution=False).code == 0
    before = team.get()["spec"]
    key = {"algorithm": "aws:kms", "kmsKeyARN": KEY}

    options = ("--wait", SECONDS, "--rollback-on-failure")
    said = shop(headrace.helm, team, "upgrade", *options, distribution=False, bucketSpec={"encryption": key})

    assert said.code != 0
    message = f"AWSAccount main does not let namespace {team.namespace} use {KEY}"
    assert f"status: Failed, message: {message}" in said.err
    assert team.ready()["spec"] == before


def test_drift_that_is_only_reported_keeps_no_upgrade_from_being_ready(
    headrace: Rollout, team: World
) -> None:
    reported = {"distribution": False, "bucketSpec": {"driftPolicy": "Report"}}
    assert shop(headrace.helm, team, "install", "--wait", SECONDS, **reported).code == 0
    off = {"BlockPublicAcls": False, "BlockPublicPolicy": True, "IgnorePublicAcls": True}
    s3(team).put_public_access_block(
        Bucket=team.name(), PublicAccessBlockConfiguration={**off, "RestrictPublicBuckets": True}
    )
    assert condition(team.look_now(), "Drifted")["status"] == "True"
    assert shop(headrace.helm, team, "upgrade", "--wait", SECONDS, **reported).code == 0


def test_an_edit_of_a_paused_object_is_waited_for_and_told(headrace: Rollout, team: World) -> None:
    paused = {"distribution": False, "annotations": {"headrace.io/paused": "true"}}
    assert shop(headrace.helm, team, "install", "--wait", SECONDS, distribution=False).code == 0
    # Nothing is to be done for it, so it is as ready as it was.
    assert shop(headrace.helm, team, "upgrade", "--wait", SECONDS, **paused).code == 0

    edited = {**paused, "bucketSpec": {"tags": {"team": "shop"}}}
    said = shop(headrace.helm, team, "upgrade", "--wait", SHORT, **edited)

    assert said.code != 0
    assert "status: InProgress" in said.err
    assert "headrace.io/paused" in said.err


# Definitions and objects


def test_one_chart_with_definitions_and_objects_of_them_cannot_be_installed(together: Said) -> None:
    assert together.code != 0
    assert 'no matches for kind "AcceleratedBucket" in version "headrace.io/v1alpha1"' in together.err
    assert "ensure CRDs are installed first" in together.err


# Some namespaces only


def test_a_release_for_some_namespaces_serves_them_with_roles_alone(
    headrace: Rollout, tmp_path: Path
) -> None:
    headrace.run("uninstall", "--wait", SECONDS)
    team = World(headrace.plane, headrace.aws)
    values = {"clusterID": "prod-1-shop", "watchNamespaces": [team.namespace], "accounts": [ACCOUNT]}
    with Rollout(
        headrace.plane, headrace.aws, tmp_path, values, name="headrace-shop", namespace="shop-operator"
    ) as rollout:
        mark = team.audit.mark()
        (team.user,) = {replica.user for replica in rollout.operator()}
        (plain,) = {get(f"{replica.url_of('metrics')}/metrics")[0] for replica in rollout.running}
        assert plain == 200
        bound = headrace.plane.read("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")["items"]
        living(team)

        asked = [request for request in team.audit.since(mark) if request.user == team.user]
        assert [request for request in asked if request.code == 403] == []
        everywhere = {request.resource for request in asked if request.resource and not request.namespace}
        # Anybody may ask what they may do.
        assert everywhere <= {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}
        assert {request.namespace for request in asked} <= {"", team.namespace, "shop-operator"}
        assert not any(it["roleRef"]["name"].startswith("headrace") for it in bound)
