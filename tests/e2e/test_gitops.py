"""What those who apply from Git see: what they applied is as they applied it, whatever the operator does."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from headrace.kinds.definition import API_VERSION, FINALIZER
from sandbox.aws.clients import SECRET
from sandbox.operator import NAMESPACE
from sandbox.processes import wait_until
from sandbox.world import Object, World, condition, current
from tests.e2e.distributions import SECONDS

pytestmark = pytest.mark.e2e

NUMBER = "555500001111"
ARGO_CD = "argocd-controller"
SERVER_SIDE = ("--server-side", f"--field-manager={ARGO_CD}")
FLUX = ("--server-side", "--field-manager=kustomize-controller")
# Who asks for a look, as the action of Argo CD does, sets an annotation.
PEOPLE = {ARGO_CD, "kustomize-controller", "kubectl-client-side-apply", "kubectl-annotate"}


class Repository:
    """What a repository has: an account, a bucket and a distribution over it."""

    def __init__(self, world: World, *how: str) -> None:
        self.world, self.how, self.account = world, how, world.name("account")
        self.text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(self._items())})

    def _items(self) -> Iterator[dict[str, Any]]:
        team = {"buckets": {"create": ["*"]}}
        keys = {"secretRef": {"name": self.account}}
        yield self._item(
            "AWSAccount",
            self.account,
            {
                "region": "eu-central-1",
                "credentials": keys,
                "namespaces": [{"names": [self.world.namespace], **team}],
            },
        )
        settings = {"versioning": {"enabled": True}, "tags": {}, "lifecycle": {"rules": []}}
        bucket = {"account": self.account, "bucketName": self.world.name(), **settings}
        yield self._item("AcceleratedBucket", "media", bucket)
        origins = [{"name": "media", "bucketRef": {"name": "media"}}]
        site = {"account": self.account, "origins": origins, "defaultBehavior": {"origin": "media"}}
        yield self._item("Distribution", "site", site)

    def _item(self, kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        namespace = {} if kind == "AWSAccount" else {"namespace": self.world.namespace}
        return {
            "apiVersion": API_VERSION,
            "kind": kind,
            "metadata": {"name": name, **namespace},
            "spec": spec,
        }

    def apply(self, *how: str) -> None:
        """Apply all; SandboxError where there is a conflict."""
        self.world.plane.kubectl_run("apply", *(how or self.how), "-f", "-", input=self.text)

    def differs(self, *how: str) -> str:
        """Return what `kubectl diff` shows; SandboxError where it shows anything."""
        return self.world.plane.kubectl_run("diff", *(how or self.how), "-f", "-", input=self.text)

    def objects(self) -> list[Object]:
        """Return all, as the API server has them."""
        group = f"/apis/{API_VERSION}"
        within = f"{group}/namespaces/{self.world.namespace}"
        paths = (
            f"{group}/awsaccounts/{self.account}",
            f"{within}/acceleratedbuckets/media",
            f"{within}/distributions/site",
        )
        return [self.world.plane.read(path) for path in paths]

    def ready(self) -> None:
        """Return once all are Ready."""
        wait_until(
            lambda: all(condition(o, "Ready").get("status") == "True" and current(o) for o in self.objects()),
            what="all that was applied is Ready",
            seconds=60,
        )

    def leave(self) -> None:
        """Delete all but what is in AWS."""
        for kind, name in (
            ("distributions", "site"),
            ("acceleratedbuckets", "media"),
            ("awsaccounts", self.account),
        ):
            self.world.plane.kubectl_run(
                "delete", kind, name, "-n", self.world.namespace, "--wait=false", "--ignore-not-found"
            )


@pytest.fixture(params=[SERVER_SIDE, ()], ids=["server-side", "client-side"])
def repository(world: World, request: pytest.FixtureRequest) -> Iterator[Repository]:
    world.aws.deployment(SECONDS)
    made = Repository(world, *request.param)
    values = (f"--from-literal=aws_access_key_id={NUMBER}", f"--from-literal=aws_secret_access_key={SECRET}")
    world.plane.kubectl_run("create", "secret", "generic", made.account, "-n", NAMESPACE, *values)
    yield made
    made.leave()


def put_right(world: World) -> None:
    """Change the bucket behind our back, and have it looked at, as the action of Argo CD does."""
    s3 = world.aws.client("s3", account=NUMBER)
    s3.put_bucket_accelerate_configuration(
        Bucket=world.name(), AccelerateConfiguration={"Status": "Suspended"}
    )
    world.look_now()
    world.until(lambda obj: "lastCorrection" in obj["status"], what="a correction")


def written(obj: Object, manager: str) -> set[str]:
    """Return what a manager wrote, to the second level of metadata."""
    fields = [entry for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager]
    found: set[str] = set()
    for entry in fields:
        for name, below in entry["fieldsV1"].items():
            found |= {f"metadata.{key}" for key in below} if name == "f:metadata" else {name}
    return found


def test_what_is_applied_stays_as_it_was_applied_and_nobody_who_applies_has_a_conflict(
    repository: Repository,
) -> None:
    repository.apply()
    before = repository.objects()
    repository.ready()
    put_right(repository.world)

    after = repository.objects()
    assert [obj["spec"] for obj in after] == [obj["spec"] for obj in before]
    for obj in after:
        operators = {entry["manager"] for entry in obj["metadata"]["managedFields"]} - PEOPLE
        assert len(operators) == 1, operators
        assert written(obj, operators.pop()) == {"f:status", "metadata.f:finalizers"}
        assert obj["metadata"]["finalizers"] == [FINALIZER]
    assert repository.differs() == ""

    # As those who have it applied do it again and again; not one of them forces anything.
    repository.apply()
    repository.apply(*SERVER_SIDE)
    repository.apply(*FLUX)
    assert repository.differs(*FLUX) == ""
    assert [obj["metadata"]["generation"] for obj in repository.objects()] == [1, 1, 1]
