"""AcceleratedBucket: an S3 bucket with Transfer Acceleration and its configuration, in one object."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

from pydantic import Field, create_model, model_validator

from headrace.aws.sessions import Identity
from headrace.engine.errors import Invalid
from headrace.engine.graph import Node, Nodes, Settled
from headrace.engine.slices import ApiModel, Rule, Slice
from headrace.engine.wish import Layer
from headrace.engine.work import Report
from headrace.kinds.common import BareRequest, CommonSpec, Kind, Request
from headrace.kinds.definition import Column, ObjectRef
from headrace.kinds.status import Status
from headrace.resources.registry import resource_type
from headrace.resources.s3.bucket.acceleration import Acceleration
from headrace.resources.s3.bucket.cloud_front_access import CloudFrontAccess
from headrace.resources.s3.bucket.encryption import Encryption
from headrace.resources.s3.bucket.presence import BucketPresence
from headrace.resources.s3.regions import domain_of, has_acceleration

BUCKET = resource_type("s3/bucket")

_DOTS = (
    "an accelerated bucket has no dots in its name: set acceleration.enabled to false, or choose another name"
)
_EMPTY_NEEDS_DELETE = "emptyOnDelete needs deletionPolicy Delete: a bucket that is retained keeps its content"
_LONGEST_NAME = 63
_SHORTEST_NAME = 3


class _BucketSpec(CommonSpec):
    """The fields of a bucket that are no setting of its own in S3."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *CommonSpec.rules,
        Rule(
            "!has(oldSelf.bucketName) ? !has(self.bucketName) : "
            "has(self.bucketName) && self.bucketName == oldSelf.bucketName",
            "bucketName cannot be changed: a bucket cannot be renamed",
            ".bucketName",
        ),
        Rule(
            "!has(self.bucketName) || !self.bucketName.contains('.') || "
            "(has(self.acceleration) ? has(self.acceleration.enabled) && !self.acceleration.enabled "
            ": self.defaults == 'None')",
            _DOTS,
            ".bucketName",
        ),
        Rule(
            "!has(self.emptyOnDelete) || !self.emptyOnDelete || self.deletionPolicy == 'Delete'",
            _EMPTY_NEEDS_DELETE,
            ".emptyOnDelete",
        ),
    )

    bucket_name: str | None = Field(
        None,
        min_length=_SHORTEST_NAME,
        max_length=_LONGEST_NAME,
        pattern=r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$",
        description="The name of the bucket, unique in all of AWS. Silent: metadata.name. It never changes.",
    )

    empty_on_delete: bool = Field(
        False,
        description=(
            "Delete all objects, versions, delete markers and unfinished uploads before the bucket, when the "
            "object is deleted with deletionPolicy Delete."
        ),
    )

    @model_validator(mode="after")
    def _only_what_is_deleted_is_emptied(self) -> Self:
        if self.empty_on_delete and self.deletion_policy != "Delete":
            raise ValueError(_EMPTY_NEEDS_DELETE)
        return self

    def settings(self) -> dict[str, Mapping[str, Any]]:
        """Return what is said of the bucket's settings, by facet, and nothing that is silent."""
        said = self.model_dump(by_alias=True, mode="json", exclude_unset=True, exclude_none=True)
        return {facet.name: said[facet.name] for facet in BUCKET.facets if facet.name in said}


def _setting(slice: type[Slice], default: Slice | None) -> str:
    """Describe a setting: what it is, and what silence means."""
    meaning = (slice.__doc__ or "").strip().split("\n")[0]
    if default is None:
        return f"{meaning} Silent: what is there stays."
    values = ", ".join(f"{path}: {value}" for path, value in default.fields().items())
    return f"{meaning} Silent: {values}."


# The settings of the spec are the slices of the bucket's facets: a new facet is a new field by being there.
AcceleratedBucketSpec = cast(
    type[_BucketSpec],
    create_model(
        "AcceleratedBucketSpec",
        __base__=_BucketSpec,
        **cast(
            Any,
            {
                facet.name: (
                    facet.slice | None,
                    Field(None, alias=facet.name, description=_setting(facet.slice, facet.default)),
                )
                for facet in BUCKET.facets
            },
        ),
    ),
)


class Endpoints(ApiModel):
    """The host names at which the bucket answers."""

    plain: str = Field(max_length=255, description="The regional endpoint.")
    dualstack: str = Field(max_length=255, description="The regional endpoint for IPv4 and IPv6.")
    accelerated: str | None = Field(
        None, max_length=255, description="The endpoint at the nearest edge location."
    )


class LetIn(ApiModel):
    """A distribution that may read the objects of a bucket."""

    distribution: str = Field(
        max_length=320, description="The Distribution object, with its namespace: shop/site."
    )
    arn: str = Field(max_length=255, description="The ARN of the distribution.")


class BucketStatus(Status):
    """What a bucket tells of itself."""

    emptied: int | None = Field(None, ge=0, description="How much content was deleted so far: emptyOnDelete.")
    arn: str | None = Field(None, max_length=255, description="The ARN of the bucket.")
    endpoints: Endpoints | None = Field(None, description="The host names at which the bucket answers.")
    kms_key_arn: str | None = Field(
        None, max_length=2048, description="The key that encrypts new objects, where it is one of KMS."
    )
    cloud_front_access: tuple[LetIn, ...] = Field(
        (),
        max_length=100,
        description="The distributions of objects that are let in; those of objects that are gone stay.",
    )


class AcceleratedBucket(Kind[_BucketSpec]):
    """One bucket: one node."""

    name = "AcceleratedBucket"
    plural = "acceleratedbuckets"
    short_names = ("abkt",)
    description = (
        "An S3 bucket with Transfer Acceleration. Silent, it is encrypted, accelerated, blocked for the "
        "public, without ACLs, and takes TLS only."
    )
    spec = AcceleratedBucketSpec
    status = BucketStatus
    main = "bucket"
    resources = (BUCKET,)
    columns = (
        Column("Bucket", ".status.pins.name"),
        Column("Region", ".status.pins.region", priority=1),
        Column("ARN", ".status.arn", priority=1),
    )

    def expand(self, request: Request[_BucketSpec]) -> Nodes:
        """Return the one bucket."""
        spec = request.spec
        name = spec.bucket_name or request.ref.name
        region = spec.region or request.default_region
        if region is None:
            raise Invalid("spec.region is missing, and the operator has no default region (AWS_REGION).")
        _check_name(name, spec)
        layers = (*_of_claims(request), Layer("spec", spec.settings()), *_of_region(region, spec))
        presence = BucketPresence(region=region, owner=request.owner)
        return (Node("bucket", BUCKET, name, region, presence, layers),)

    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        """Return the bucket's name."""
        return str(raw.get("bucketName") or name)

    def bare(self, request: BareRequest) -> Nodes:
        """Return the bucket without its settings."""
        presence = BucketPresence(region=request.region, owner=request.owner)
        return (Node("bucket", BUCKET, request.id, request.region, presence),)

    def outputs(
        self, request: Request[_BucketSpec], settled: Mapping[str, Settled], identity: Identity
    ) -> dict[str, Any]:
        """Return the ARN, whom it lets in, and the endpoints, the accelerated one where it was last on."""
        node, report = settled[self.main].node, settled[self.main].report
        assert report is not None, "it was looked at"  # noqa: S101 - for the types
        suffix = domain_of(node.region)
        acceleration = report.found.get("acceleration")
        accelerated = isinstance(acceleration, Acceleration) and acceleration.enabled
        if "acceleration" in report.unread:
            accelerated = "accelerated" in request.status.get("endpoints", {})
        endpoints = Endpoints(
            plain=f"{node.id}.s3.{node.region}.{suffix}",
            dualstack=f"{node.id}.s3.dualstack.{node.region}.{suffix}",
            accelerated=f"{node.id}.s3-accelerate.{suffix}" if accelerated else None,
        )
        return {
            "arn": node.arn(identity.partition, identity.account_id),
            "endpoints": endpoints.model_dump(by_alias=True, exclude_none=True),
            **_told_of_key(request, report),
            **_told_of_access(request, report),
        }

    def remembered(self, status: Mapping[str, Any]) -> tuple[ObjectRef, ...]:
        """Return the Distributions that are let in."""
        return tuple(_distribution(each["distribution"]) for each in status.get("cloudFrontAccess", []))

    def asked_anew(self, request: Request[_BucketSpec]) -> frozenset[str]:
        """Name the access of distributions, where one is yet to be let in, or to be let out."""
        said = (request.spec.settings().get("cloudFrontAccess") or {}).get("distributionARNs", ())
        anew = _let_in(request).items() - _told(request).items() or _disowned(request) - set(said)
        return frozenset({"cloudFrontAccess"}) if anew else frozenset()


def _of_claims(request: Request[_BucketSpec]) -> tuple[Layer, ...]:
    """Return who is let in: what spec says, and the distributions of objects.

    A distribution whose object is no more was retained, and lives from what it reads here: it stays let in
    until spec says something of access, be it an empty list.
    """
    said = request.spec.settings().get("cloudFrontAccess")
    claimed = set(_let_in(request).values())
    kept = {each["arn"] for each in request.status.get("cloudFrontAccess", [])} if said is None else set()
    known = said is not None or claimed or request.status.get("cloudFrontAccess")
    if not known:
        return ()
    arns = {*claimed, *(said or {}).get("distributionARNs", ())}
    arns |= kept - _disowned(request)
    return (Layer("references", {"cloudFrontAccess": {"distributionARNs": sorted(arns)}}),)


def _let_in(request: Request[_BucketSpec]) -> dict[str, str]:
    """Return the distributions of the objects that refer to the bucket, by object."""
    return {claim.ref.path: claim.arn for claim in request.claims if claim.wants and claim.arn}


def _disowned(request: Request[_BucketSpec]) -> set[str]:
    """Return the ARNs of those that were let in for an object which asks for it no more.

    An object that is there again and looks for what it had retained asks for it soon.
    """
    asks = {claim.ref.path: claim.wants and claim.arn in ("", None) for claim in request.claims}
    told = _told(request)
    gone = {arn for path, arn in told.items() if path in asks and not asks[path]}
    return gone - set(_let_in(request).values())


def _told(request: Request[_BucketSpec]) -> dict[str, str]:
    """Return the distributions that the status says are let in, by object."""
    return {each["distribution"]: each["arn"] for each in request.status.get("cloudFrontAccess", [])}


def _told_of_access(request: Request[_BucketSpec], report: Report) -> dict[str, Any]:
    """Return whom of the objects' distributions the bucket lets in, as was read."""
    known = _told(request)
    if "cloudFrontAccess" in report.unread:
        told = known
    else:
        found = report.found.get("cloudFrontAccess")
        there = found.distribution_arns if isinstance(found, CloudFrontAccess) else ()
        said = (request.spec.settings().get("cloudFrontAccess") or {}).get("distributionARNs", ())
        # What spec names by itself stays, and is no object's that asks for it no more.
        by_objects = set(there) - (_disowned(request) & set(said))
        told = {path: arn for path, arn in {**known, **_let_in(request)}.items() if arn in by_objects}
    return (
        {"cloudFrontAccess": [{"distribution": path, "arn": told[path]} for path in sorted(told)]}
        if told
        else {}
    )


def _told_of_key(request: Request[_BucketSpec], report: Report) -> dict[str, str]:
    """Return the key that encrypts what is new, where it is one of KMS."""
    found = report.found.get("encryption")
    key = found.kms_key_arn if isinstance(found, Encryption) else None
    if "encryption" in report.unread:
        key = request.status.get("kmsKeyARN")
    return {"kmsKeyARN": key} if key else {}


def _distribution(path: str) -> ObjectRef:
    namespace, _, name = path.partition("/")
    return ObjectRef("Distribution", namespace, name)


def _of_region(region: str, spec: _BucketSpec) -> tuple[Layer, ...]:
    """Return what the region decides: without Transfer Acceleration there, silence means off.

    Raises:
        Invalid: acceleration is asked for where there is none.
    """
    said = spec.settings().get("acceleration")
    if has_acceleration(region) or (said is None and spec.defaults != "Secure"):
        return ()
    if said is not None and said.get("enabled", True):
        raise Invalid(f"acceleration cannot be in {region}: set acceleration.enabled to false")
    return (Layer(f"region {region}", {"acceleration": {"enabled": False}}),)


def _check_name(name: str, spec: _BucketSpec) -> None:
    """Check what no schema can say, because the name may be metadata.name."""
    if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
        raise Invalid(
            f"{name!r} cannot name a bucket: it has {len(name)} characters, and S3 takes {_SHORTEST_NAME} to "
            f"{_LONGEST_NAME}. Set spec.bucketName in a new object."
        )
    said = spec.settings().get("acceleration")
    accelerated = spec.defaults == "Secure" if said is None else said.get("enabled", True)
    if "." in name and accelerated:
        raise Invalid(f"{name!r}: {_DOTS}")
