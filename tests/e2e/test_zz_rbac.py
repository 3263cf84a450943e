"""The rights of the operator, over all that earlier tests of its process had it do: enough, none too many."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.kinds.definition import API_VERSION
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.audit import AuditLog, Request
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import NAMESPACE, ROOT, USER, Operator
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.buckets import full_spec

pytestmark = pytest.mark.e2e

Right = tuple[str, str, str]
"""API group, resource with its subresource, verb."""
NUMBER = "777788889999"
"""An account of AWS that no other test works in: accounts are asked again and again who they are."""
OPEN_TO_EVERYBODY = {
    ("authorization.k8s.io", "selfsubjectrulesreviews", "create"),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "create"),
    ("authentication.k8s.io", "selfsubjectreviews", "create"),
}
"""What everybody may ask of themselves, by the ClusterRole system:basic-user."""


def rules() -> list[dict[str, Any]]:
    """Return the rules of the roles that the manifest binds to the operator."""
    documents = list(yaml.safe_load_all((ROOT / "manifests" / "install.yaml").read_text()))
    references = [each["roleRef"] for each in documents if each["kind"].endswith("RoleBinding")]
    bound = {(reference["kind"], reference["name"]) for reference in references}
    roles = [each for each in documents if (each["kind"], each["metadata"]["name"]) in bound]
    return [rule for role in roles for rule in role["rules"]]


def rights(rule: dict[str, Any]) -> set[Right]:
    return set(product(rule["apiGroups"], rule["resources"], rule["verbs"]))


def right(request: Request) -> Right:
    if not request.resource:
        return "", request.uri.split("?")[0], request.verb
    name = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    return request.group, name, request.verb


@pytest.fixture(scope="module")
def requests(
    control_plane: ControlPlane,
    aws: StandIn,
    operator: Operator,
    lone_plane: ControlPlane,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Request]:
    """All that operators asked of both API servers, after what needs every right."""
    assert operator.child.alive
    live(World(control_plane, aws))
    live_as_leader(lone_plane, aws, tmp_path_factory.mktemp("limited"))
    logs = (AuditLog(plane.audit_log).since(0) for plane in (control_plane, lone_plane))
    return [request for log in logs for request in log if request.user == USER]


def live(world: World) -> None:
    """Let a bucket have a life in which every right is needed."""
    world.apply(full_spec(world))
    world.ready()
    held = world.aws.fault(operation="GetBucketVersioning", resource=world.name(), action="hold")
    world.apply(full_spec(world, tags={"team": "media"}))
    world.aws.wait_until_held(held)
    # Its status is written over a version that it has not seen yet.
    world.apply(full_spec(world, tags={"team": "shop"}))
    world.aws.release(held)
    world.ready()
    corrections: set[str] = set()
    while len(corrections) < 2:
        s3 = world.aws.client("s3")
        s3.put_bucket_versioning(Bucket=world.name(), VersioningConfiguration={"Status": "Suspended"})
        corrections.add(world.look_now()["status"]["lastCorrection"]["time"])
    world.until(lambda _: [event for event in world.events() if "series" in event], what="a series of events")
    world.delete()
    world.gone()
    live_as_distribution(world)
    live_as_account(world)


def live_as_distribution(world: World) -> None:
    """Let a distribution have a life in which every right is needed."""
    site = world.of("Distribution")
    spec = {
        "origins": [{"name": "api", "domainName": "api.example.com"}],
        "defaultBehavior": {"origin": "api"},
        "deletionPolicy": "Delete",
    }
    site.apply(spec, "site")
    held = world.aws.fault(
        operation="UpdateDistribution", resource=site.ready("site")["status"]["id"], action="hold"
    )
    site.apply({**spec, "comment": "one"}, "site")
    world.aws.wait_until_held(held)
    # Its status, too, is written over a version that it has not seen yet.
    site.apply({**spec, "comment": "two"}, "site")
    world.aws.release(held)
    site.ready("site")
    site.delete("site")
    site.gone("site")


def live_as_account(world: World) -> None:
    """Let an account have a life in which every right is needed, with its keys in a Secret."""
    name, kubectl = f"{world.namespace}-account", world.plane.kubectl_run
    keys = (f"--from-literal=aws_access_key_id={NUMBER}", "--from-literal=aws_secret_access_key=stand-in")
    kubectl("create", "secret", "generic", name, "-n", NAMESPACE, *keys)
    held = world.aws.fault(account=NUMBER, operation="GetCallerIdentity", action="hold", count=1)
    spec = {"region": "eu-central-1", "credentials": {"secretRef": {"name": name}}}
    account = {"apiVersion": API_VERSION, "kind": "AWSAccount", "metadata": {"name": name}, "spec": spec}
    kubectl("apply", "--server-side", "-f", "-", input=json.dumps(account))
    world.aws.wait_until_held(held)
    # Its status, too, is written over a version that it has not seen yet.
    kubectl("label", "awsacct", name, "seen=yes")
    world.aws.release(held)
    kubectl("wait", "--for=condition=Ready", "awsacct", name, "--timeout=60s")
    kubectl("delete", "awsacct", name, "--timeout=60s")
    kubectl("delete", "secret", "-n", NAMESPACE, name)


def live_as_leader(plane: ControlPlane, aws: StandIn, directory: Path) -> None:
    """Let a replica make its Lease, renew it and give it up; nothing else is to be done there."""
    lease = ("lease", "headrace-operator", "-n", NAMESPACE)
    plane.kubectl_run("delete", *lease, "--ignore-not-found")
    # Whoever serves some namespaces only has to know which there are.
    with Operator(plane, aws, directory, ("--namespaces", "default", "--leader-elect")) as replica:
        leads = "headrace_leader 1.0"
        wait_until(lambda: leads in replica.get("/metrics"), what="it leads", children=[replica.child])


def test_nothing_that_the_operator_asks_for_is_forbidden_to_it(requests: list[Request]) -> None:
    refused = {right(request) for request in requests if request.code == 403}
    allowed = {right(request) for request in requests if request.code < 300}
    # An API server that has just started, and a namespace that is being deleted, refuse what was granted.
    assert refused - allowed == set()


def test_the_operator_used_every_right_that_it_has_and_asked_for_no_other(requests: list[Request]) -> None:
    used = {right(request) for request in requests if request.resource}
    assert used - OPEN_TO_EVERYBODY == set().union(*map(rights, rules()))


def test_a_right_on_some_objects_is_about_those_that_the_operator_asked_for(requests: list[Request]) -> None:
    named = {
        each: set(rule["resourceNames"])
        for rule in rules()
        if "resourceNames" in rule
        for each in rights(rule)
    }
    asked = {each: {it.name for it in requests if right(it) == each and it.code != 403} for each in named}
    assert named == asked


def test_what_the_operator_asks_of_no_resource_is_open_to_everybody(requests: list[Request]) -> None:
    paths = {request.uri.split("?")[0] for request in requests if not request.resource}
    assert {path.split("/")[1] for path in paths} <= {"api", "apis", "version"}
