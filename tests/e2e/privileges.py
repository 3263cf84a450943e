"""An operator that may do what the committed policies say, less what is taken away, and its buckets."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.engine.facet import Facet, ResourceType
from headrace.engine.slices import KeyedSlice, Missing, Slice
from headrace.resources.registry import resource_type
from sandbox.aws.clients import REGION
from sandbox.aws.stand_in import Call
from sandbox.control_plane.server import ControlPlane
from sandbox.world import Object, World, condition, current
from tests.bucket_specs import ROOT as REPOSITORY
from tests.e2e.realm import Realm, Rights, realm
from tests.laws.aws_world import AwsWorld, stand_in_world
from tests.laws.laws import by_hand, gone, look, same
from tests.settings import in_state, said_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AnyFacet = Facet[Any, Any]
Document = Mapping[str, Any]

BUCKET: ResourceType = resource_type("s3/bucket")
WAY_OUT = 'To let the object go and leave what is in AWS alone, annotate it headrace.io/abandon: "true".'

# Policies


def committed(name: str, **words: str) -> Document:
    """Read a policy as users do, who replace the words in capitals."""
    text = (REPOSITORY / "docs" / "iam" / name).read_text(encoding="utf-8")
    for word, value in words.items():
        assert word in text, f"{name} has no {word}"
        text = text.replace(word, value)
    document: Document = json.loads(text)
    return document


def without(document: Document, *taken: str) -> Document:
    """Return the policy without these actions, each of which has to be in it once."""
    listed = [action for said in document["Statement"] for action in _actions(said)]
    assert [listed.count(action) for action in taken] == [1] * len(taken), f"{taken}: not there once"
    kept = [
        {**said, "Action": [action for action in _actions(said) if action not in taken]}
        for said in document["Statement"]
    ]
    return {**document, "Statement": [said for said in kept if said["Action"]]}


def _actions(statement: Mapping[str, Any]) -> list[str]:
    said: str | list[str] = statement["Action"]
    return [said] if isinstance(said, str) else said


# Settings


def spec(state: str, **more: Any) -> dict[str, Any]:
    """Return a spec in which every setting is in this state."""
    return {"region": REGION, **said_in(state), **more}


def wanted(facet: AnyFacet, state: str) -> Slice | Missing:
    """Return what a setting has to be in a bucket with that spec."""
    said = in_state(facet, state)
    if said is not None:
        return said
    return gone(facet) if facet.default is None else facet.default


# The place


@dataclass
class Place:
    """A guarded AWS, an operator in it that is a user with one policy, and how root sees all that."""

    realm: Realm
    rights: Rights
    root: AwsWorld
    mark: int = 0

    @property
    def shop(self) -> World:
        """Where the objects are; buckets may have the names that begin with it."""
        return self.realm.shop

    @property
    def s3(self) -> "S3Client":
        """S3, as root."""
        return self.realm.aws.client("s3")

    # What the operator may do, and did

    def policy(self, name: str) -> Document:
        """Return a committed policy for the buckets that are named after the namespace."""
        return committed(name, BUCKET_NAMES=f"{self.shop.namespace}-*")

    def allow(self, document: Document) -> None:
        """Let the operator do this, and nothing else; count from here on."""
        self.rights.allow(document)
        self.mark = self.realm.aws.mark()

    def manage(self, *but: str) -> None:
        """Let the operator manage buckets, but for these actions."""
        self.allow(without(self.policy("accelerated-bucket-manage.json"), *but))

    def asked(self, name: str | None = None) -> list[Call]:
        """Return what the operator asked of AWS since then, of one bucket or of all."""
        calls = [c for c in self.realm.aws.since(self.mark) if c.access_key == self.realm.me.key]
        return [call for call in calls if name in (None, call.resource)]

    def refused(self) -> list[str]:
        """Return the operations that were denied to the operator since then."""
        return [call.operation for call in self.asked() if call.status == 403]

    def denied(self, action: str, name: str) -> str:
        """Return the sentence of an object to whose bucket this is denied."""
        return self.denied_on(action, f"arn:aws:s3:::{name}")

    def denied_on(self, action: str, arn: str) -> str:
        """Return the sentence that tells of something denied."""
        return (
            f"{action} on {arn} is denied to {self.realm.me.arn}. "
            "Allow it in that identity's policy, and look for a policy that denies it."
        )

    # Buckets

    def fresh(self) -> str:
        """Return a name that no bucket and no object has."""
        return self.shop.name(secrets.token_hex(3))

    def apply(self, specs: Mapping[str, Mapping[str, Any]]) -> None:
        """Apply several objects with one call of kubectl, which takes longer than what follows from it."""
        about = {"apiVersion": "headrace.io/v1alpha1", "kind": "AcceleratedBucket"}
        items = [
            {**about, "metadata": {"name": name, "namespace": self.shop.namespace}, "spec": said}
            for name, said in specs.items()
        ]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.shop.plane.kubectl_run("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)

    def clear(self) -> None:
        """Have all objects gone; their buckets stay."""
        where = ("-n", self.shop.namespace, "--all")
        self.shop.plane.kubectl_run("annotate", "abkt", *where, "headrace.io/abandon=true", "--overwrite")
        self.shop.plane.kubectl_run("delete", "abkt", *where, "--timeout=120s")

    def settled(self, name: str) -> Object:
        """Return the object once it is Ready, or Stalled, in its present generation."""

        def holds(obj: Object) -> bool:
            ready = condition(obj, "Ready").get("status") == "True"
            return current(obj) and (ready or bool(condition(obj, "Stalled")))

        return self.shop.until(holds, name, "Ready or Stalled")

    def goes_on(self, name: str, state: str) -> None:
        """Give all rights back, and see the object put right."""
        self.manage()
        obj = self.shop.look_now(name)
        assert condition(obj, "Ready")["status"] == "True", obj["status"]
        self.is_as(name, state)

    def is_as(self, name: str, state: str, but: Iterable[AnyFacet] = ()) -> None:
        """Fail unless all settings of a bucket, but for these, are in this state."""
        for facet in BUCKET.facets:
            found = self.found(facet, name)
            assert facet in but or same(found, wanted(facet, state)), f"{facet.name} of {name} is {found!r}"

    def found(self, facet: AnyFacet, name: str) -> Any:
        """Read a setting past the operator."""
        return look(facet, self.root.at(BUCKET, name))

    def drift(self, name: str, state: str, *facets: AnyFacet) -> None:
        """Change settings of a bucket behind the operator's back; shared maps lose what is in them."""
        for facet in facets or BUCKET.facets:
            shared = issubclass(facet.slice, KeyedSlice)
            theirs = facet.slice() if shared else wanted(facet, state)
            assert isinstance(theirs, Slice), f"{facet.name} cannot be made {state} by hand"
            by_hand(facet, self.root.at(BUCKET, name), theirs)

    def fill(self, name: str) -> None:
        """Give a bucket all kinds of content, also some from before it had versions, and nothing else."""
        for entry in self._entries(name):
            self.s3.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
        for upload in self.s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
            self.s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        self._versioning(name, "Suspended")
        self.s3.put_object(Bucket=name, Key="before", Body=b"")
        self._versioning(name, "Enabled")
        self.s3.put_object(Bucket=name, Key="after", Body=b"")
        self.s3.delete_object(Bucket=name, Key="after")
        self.s3.create_multipart_upload(Bucket=name, Key="big")

    def locked(self, name: str, how: str) -> str:
        """Make a bucket with one version that object lock keeps; return that version's id."""
        where: Any = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
        version = self.s3.put_object(Bucket=name, Key="locked", Body=b"")["VersionId"]
        if how == "hold":
            self.s3.put_object_legal_hold(Bucket=name, Key="locked", LegalHold={"Status": "ON"})
        else:
            until = datetime.now(UTC) + timedelta(days=1)
            retention: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
            self.s3.put_object_retention(Bucket=name, Key="locked", Retention=retention)
        return version

    def content(self, name: str) -> list[str]:
        """Return the keys of all that is in a bucket, one for each version, marker and upload."""
        uploads = self.s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
        return sorted(entry["Key"] for entry in [*self._entries(name), *uploads])

    def _entries(self, name: str) -> list[Any]:
        found = self.s3.list_object_versions(Bucket=name)
        return [*found.get("Versions", []), *found.get("DeleteMarkers", [])]

    def _versioning(self, name: str, status: Any) -> None:
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


@contextmanager
def place(plane: ControlPlane, directory: Path) -> Iterator[Place]:
    """Start all that; the operator may manage buckets whose names begin with its namespace's."""
    with realm(plane, directory, "--allow-ambient") as made, stand_in_world(made.aws, "root") as root:
        found = Place(made, made.rights(made.me), root)
        found.manage()
        yield found
