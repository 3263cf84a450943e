"""One object on its way into a state, in an AWS account of its own, so that its faults hit nobody else."""

import json
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar, TypeVar, Unpack

from botocore.exceptions import ClientError

from headrace.kinds.accelerated_bucket import AcceleratedBucket
from headrace.kinds.aws_account import AWSAccount
from headrace.kinds.definition import ABANDON, API_VERSION, PAUSED, REQUESTED_AT
from headrace.kinds.distribution.kind import Distribution
from headrace.kinds.registry import DEFINITIONS
from sandbox.aws.clients import SECRET
from sandbox.aws.stand_in import Fault, StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError
from sandbox.operator import NAMESPACE
from sandbox.processes import wait_until
from sandbox.world import Object, condition, current
from tests.sandbox.cdn import Cdn
from tests.sandbox.cdn import origin as plain_origin

BUG = "b06b06"
"""What the names of objects have over which the operator stumbles that was given a bug."""
THEN = "2026-01-01T00:00:00Z"
"""When everything happened that is recorded."""
WRITES = "(Create|Put|Update|Delete|Tag|Untag).*"
_REGION = "eu-central-1"
_ACCOUNTS = count(444_000_000_001)
_POLL_SECONDS = 0.05
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"

S = TypeVar("S", bound="Stage")


@dataclass(frozen=True)
class Ground:
    """Where all stages are: a namespace that the operator watches, and one that it does not."""

    plane: ControlPlane
    aws: StandIn
    watched: str = field(default_factory=lambda: f"t-{secrets.token_hex(4)}")
    unwatched: str = field(default_factory=lambda: f"t-{secrets.token_hex(4)}")

    def prepare(self) -> None:
        """Make the namespaces."""
        for name in (self.watched, self.unwatched):
            self.write("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def write(self, method: str, path: str, body: Any = None, form: str = "application/json") -> Any:
        """Ask the API server to change something, as somebody with kubectl does."""
        return self.plane.write(method, f"{path}?fieldManager=people" if body else path, body, form)


class Stage(ABC):
    """One object of a kind, what people do to it, and what AWS does."""

    kind: ClassVar[str] = ""
    stem: ClassVar[str] = ""

    def __init__(self, ground: Ground, token: str = "", namespace: str = "") -> None:
        self.ground, self.token = ground, token or secrets.token_hex(3)
        self.namespace = namespace or ground.watched
        self.number = str(next(_ACCOUNTS))
        self.account, self.secret = f"production-{self.token}", f"aws-keys-{self.token}"
        self.name = f"{self.stem}-{self.token}"
        self._faults: list[int] = []
        self._elsewhere: dict[str, str] = {}
        self._applied: set[str] = set()
        self._beside: list[Stage] = []

    def called(self) -> dict[str, str]:
        """Return what to write in the place of names that no two stages have in common."""
        names = {self.number: "111122223333", f"-{self.token}": "", self.namespace: "shop"}
        return {**names, **self._elsewhere}

    # What people do

    def have_account(self, **spec: Any) -> None:
        """Apply the AWSAccount, with its keys in a Secret."""
        self.put_secret({"aws_access_key_id": self.number, "aws_secret_access_key": SECRET})
        path = f"/apis/{API_VERSION}/awsaccounts/{self.account}"
        metadata = {"name": self.account}
        self._put(path, AWSAccount.name, {"metadata": metadata, "spec": {**self.account_spec(), **spec}})

    def have_another_account(self) -> str:
        """Apply the AWSAccount of another AWS account; return its name."""
        other = self.beside(type(self), f"{self.token}-2")
        other.have_account()
        self._elsewhere = {other.number: "444455556666", other.account: "staging"}
        return other.account

    def account_spec(self) -> dict[str, Any]:
        """Return the spec of the AWSAccount: whose namespace may do anything."""
        team = {"buckets": {"create": ["*"], "adopt": ["*"]}, "distributions": {"adopt": ["*"]}}
        return {
            "region": _REGION,
            "credentials": {"secretRef": {"name": self.secret}},
            "namespaces": [{"names": [self.namespace], **team}],
        }

    def put_secret(self, values: Mapping[str, str]) -> None:
        """Apply the Secret."""
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{self.secret}"
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": self.secret}}
        self.ground.write("PATCH", path, {**body, "stringData": dict(values)}, _APPLY)

    @abstractmethod
    def spec(self, **more: Any) -> dict[str, Any]:
        """Return an ordinary spec."""

    def apply(self, annotations: Mapping[str, str] | None = None, /, **more: Any) -> None:
        """Apply the object."""
        metadata = {"name": self.name, **({"annotations": dict(annotations)} if annotations else {})}
        self._put(self.path, self.kind, {"metadata": metadata, "spec": self.spec(**more)})

    def _put(self, path: str, kind: str, body: Mapping[str, Any]) -> None:
        self._applied.add(path)
        self.ground.write("PATCH", path, {"apiVersion": API_VERSION, "kind": kind, **body}, _APPLY)

    def beside(self, stage: type[S], token: str = "") -> S:
        """Return a stage for another object, which goes with this one."""
        other = stage(self.ground, token or self.token, self.namespace)
        self._beside.append(other)
        return other

    def edit(self, **fields: Any) -> None:
        """Change fields of the spec."""
        self.ground.write("PATCH", self.path, {"spec": fields}, _MERGE)

    def annotate(self, annotation: str, value: str | None) -> None:
        """Set an annotation, or take it away."""
        self.ground.write("PATCH", self.path, {"metadata": {"annotations": {annotation: value}}}, _MERGE)

    def pause(self) -> Object:
        """Have nothing done to AWS."""
        self.annotate(PAUSED, "true")
        return self.reason("Paused")

    def look_now(self) -> None:
        """Ask for a look."""
        self.annotate(REQUESTED_AT, THEN)

    def delete(self) -> None:
        """Ask for the object to go."""
        self.ground.write("DELETE", self.path)

    # What is seen

    @property
    def path(self) -> str:
        """Where the API server has the object."""
        definition = DEFINITIONS[self.kind]
        within = f"namespaces/{self.namespace}/" if definition.namespaced else ""
        return f"/apis/{API_VERSION}/{within}{definition.plural}/{self.name}"

    def get(self) -> Object:
        """Return the object as it is."""
        found: Object = self.ground.plane.read(self.path)
        return found

    def until(self, holds: Callable[[Object], Any], what: str, seconds: float = 60) -> Object:
        """Return the object once this holds of it."""
        deadline = time.monotonic() + seconds
        while not holds(obj := self.get()):
            if time.monotonic() > deadline:
                raise SandboxError(f"{self.name}: {what} did not come: {json.dumps(obj.get('status'))}")
            time.sleep(_POLL_SECONDS)
        return obj

    def reason(self, *reasons: str, ready: str = "") -> Object:
        """Return the object once Ready has this reason, and perhaps this status, for its generation."""

        def holds(obj: Object) -> bool:
            found = condition(obj, "Ready")
            status = found.get("status")
            return current(obj) and found.get("reason") in reasons and ready in ("", status)

        return self.until(holds, "/".join(reasons))

    def deletion(self, reason: str) -> Object:
        """Return the object once it is on its way out, and says so for this reason."""
        return self.until(
            lambda obj: (
                "deletionTimestamp" in obj["metadata"]
                and condition(obj, "Ready").get("reason") == reason
                and condition(obj, "Ready").get("status") == "False"
            ),
            f"a deletion, {reason}",
        )

    # What AWS does

    def fault(self, fault: Fault | None = None, **more: Unpack[Fault]) -> int:
        """Have AWS fail in this account; whoever asks who we are is answered, unless the fault says so."""
        said: Fault = {"account": self.number, "service": "(?!sts).*"}
        said.update(fault or {})
        said.update(more)
        self._faults.append(self.ground.aws.fault(**said))
        return self._faults[-1]

    def busy(self) -> None:
        """Have AWS refuse all changes because it is still at an earlier one."""
        self.fault(operation=WRITES, status=409, code="OperationAborted", message="Please try again.")

    def well(self) -> None:
        """End the faults."""
        for number in self._faults:
            self.ground.aws.lift(number)
        self._faults.clear()

    def leave(self) -> None:
        """Let go of all: the object, without a touch, and what was made for it."""
        for stage in (self, *self._beside):
            stage.well()
            for path in stage._applied:
                self.ground.write("PATCH", path, {"metadata": {"annotations": {ABANDON: "true"}}}, _MERGE)
                self.ground.write("DELETE", path)
        applied = {path for stage in (self, *self._beside) for path in stage._applied}
        wait_until(
            lambda: all(self.ground.plane.read(path) is None for path in applied),
            what=f"{self.name} is gone, and what came with it",
            seconds=60,
        )


class ResourceStage(Stage):
    """An object that stands for something in AWS, which others can change there behind our back."""

    @abstractmethod
    def drift(self) -> None:
        """Change a setting, as somebody with the console does."""

    @abstractmethod
    def erase(self) -> None:
        """Delete what the object stands for, as somebody with the console does."""

    @abstractmethod
    def by_hand(self) -> dict[str, Any]:
        """Make what the object stands for, as somebody with the console does; return how spec names it."""


class AccountStage(Stage):
    """An AWSAccount."""

    kind, stem = AWSAccount.name, "production"

    def spec(self, **more: Any) -> dict[str, Any]:
        return {**self.account_spec(), **more}


class BucketStage(ResourceStage):
    """An AcceleratedBucket."""

    kind, stem = AcceleratedBucket.name, "media"

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return f"acme-{self.name}"

    @property
    def s3(self) -> Any:
        """S3, as somebody with the console reaches it."""
        return self.ground.aws.client("s3", account=self.number, region=_REGION)

    def spec(self, **more: Any) -> dict[str, Any]:
        return {"account": self.account, "bucketName": self.bucket, "region": _REGION, **more}

    def drift(self) -> None:
        self.s3.put_bucket_accelerate_configuration(
            Bucket=self.bucket, AccelerateConfiguration={"Status": "Suspended"}
        )

    def erase(self) -> None:
        self.s3.delete_bucket(Bucket=self.bucket)

    def by_hand(self) -> dict[str, Any]:
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": _REGION})
        return {}


class SiteStage(ResourceStage):
    """A Distribution over the bucket of its own AcceleratedBucket."""

    kind, stem = Distribution.name, "site"

    def called(self) -> dict[str, str]:
        return {**super().called(), **self._ids()}

    def _ids(self) -> dict[str, str]:
        """Return the names that CloudFront gave."""
        found = self.get()["status"]
        told = {part["name"]: part.get("id") for part in found.get("parts", [])}
        ids = {
            told.get("distribution") or found.get("id"): "E2QWRUHAPOMQZL",
            told.get("access-control"): "E327GJI25M56DG",
            found.get("domainName"): "d111111abcdef8.cloudfront.net",
        }
        return {id: instead for id, instead in ids.items() if id}

    @property
    def cloudfront(self) -> Any:
        """CloudFront, as somebody with the console reaches it."""
        return self.ground.aws.client("cloudfront", account=self.number, region="us-east-1")

    def spec(self, **more: Any) -> dict[str, Any]:
        behavior = {"origin": "api", "cache": {"policy": "CachingDisabled"}}
        origins = [{"name": "api", "domainName": "api.example.com"}]
        return {"account": self.account, "origins": origins, "defaultBehavior": behavior, **more}

    def over_a_bucket(self) -> dict[str, Any]:
        """Return what a spec says whose origin is the AcceleratedBucket media."""
        origins = [{"name": "media", "bucketRef": {"name": f"media-{self.token}"}}]
        return {"origins": origins, "defaultBehavior": {"origin": "media"}}

    def have_bucket(self) -> None:
        """Apply the AcceleratedBucket that is the origin."""
        self.beside(BucketStage).apply()

    def drift(self) -> None:
        self._change(lambda config: config.update(Comment="changed by hand"))

    def erase(self) -> None:
        self._change(lambda config: config.update(Enabled=False))
        etag = self.cloudfront.get_distribution_config(Id=self.id)["ETag"]
        while True:
            with suppress(ClientError):
                self.cloudfront.delete_distribution(Id=self.id, IfMatch=etag)
                return
            time.sleep(_POLL_SECONDS)

    def by_hand(self) -> dict[str, Any]:
        cdn = Cdn(self.ground.aws, account=self.number)
        made = cdn.create(self.name, plain_origin("legacy"), Comment="made by hand")
        return {"distributionID": made["Id"], "defaults": "None"}

    @property
    def id(self) -> str:
        """The id of the distribution."""
        return str(self.get()["status"]["id"])

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        read = self.cloudfront.get_distribution_config(Id=self.id)
        config = read["DistributionConfig"]
        change(config)
        self.cloudfront.update_distribution(Id=self.id, IfMatch=read["ETag"], DistributionConfig=config)


STAGES: Mapping[str, type[Stage]] = {stage.kind: stage for stage in (AccountStage, BucketStage, SiteStage)}
