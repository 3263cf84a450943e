"""Distribution: a CloudFront distribution with all that brings a bucket to its viewers, in one object."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from headrace.aws.sessions import Identity
from headrace.engine.errors import CloudError, Denied
from headrace.engine.graph import Nodes, Settled
from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.common import BareRequest, CommonSpec, Kind, Reach, Reference, Request, waiting_for
from headrace.kinds.definition import Column, ObjectRef
from headrace.kinds.distribution._nodes import (
    CERTIFICATE,
    DISTRIBUTION,
    DNS,
    RESOURCES,
    aliases_of,
    bare_nodes,
    nodes_of,
    region_of,
)
from headrace.kinds.distribution.behaviors import BehaviorsSpec
from headrace.kinds.distribution.certificate import CertificateSpec
from headrace.kinds.distribution.delivery import DeliverySpec
from headrace.kinds.distribution.general import GeneralSpec
from headrace.kinds.distribution.origins import OriginsSpec
from headrace.kinds.status import CompositeStatus
from headrace.resources.kms.policies import access
from headrace.resources.s3.bucket.cloud_front_access import cloud_front_statement
from headrace.resources.tagging import Tags

BUCKET_KIND = "AcceleratedBucket"


class DistributionSpec(OriginsSpec, BehaviorsSpec, CertificateSpec, GeneralSpec, DeliverySpec, CommonSpec):
    """What a distribution is to be."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *CommonSpec.rules,
        *OriginsSpec.rules,
        *BehaviorsSpec.rules,
        *CertificateSpec.rules,
        *GeneralSpec.rules,
        *DeliverySpec.rules,
        Rule(
            "!has(oldSelf.distributionID) || "
            "(has(self.distributionID) && self.distributionID == oldSelf.distributionID)",
            "distributionID cannot be changed once it is set",
            ".distributionID",
        ),
    )

    distribution_id: str | None = Field(
        None,
        min_length=2,
        max_length=32,
        pattern="^[A-Z0-9]+$",
        description=(
            "The id of a distribution that is there already, to be adopted. Silent: one that carries this "
            "object's owner tag, or else a new one. It never changes."
        ),
    )
    tags: Tags | None = Field(None, description="Tags by key. Silent: what is there stays.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        adopted = self.defaults == "None"
        aliases = self.aliases.value if self.aliases is not None else ()
        self.check_behaviors(self.origin_names(), adopted=adopted)
        self.check_certificate(aliases, adopted=adopted)
        version = self.http_version.value if self.http_version is not None else None
        self.check_delivery(self.all_behaviors(), version)
        return self


class AliasStatus(ApiModel):
    """How far one of the aliases has come."""

    name: str = Field(max_length=253, description="The alias.")
    dns: str | None = Field(
        None, max_length=64, description="Ready once its records are there; absent where they are elsewhere."
    )
    certificate: str | None = Field(
        None, max_length=64, description="The state of the certificate that was requested for it."
    )


class DistributionStatus(CompositeStatus):
    """What a distribution tells of itself."""

    id: str | None = Field(None, max_length=64, description="The id of the distribution.")
    arn: str | None = Field(None, max_length=255, description="Its ARN.")
    domain_name: str | None = Field(None, max_length=255, description="The name at which viewers reach it.")
    state: str | None = Field(
        None, max_length=32, description="Deployed, or InProgress while edge locations get to know a change."
    )
    aliases: tuple[AliasStatus, ...] = Field((), max_length=100, description="The aliases.")
    bucket_policy: tuple[Annotated[str, Field(max_length=4096)], ...] = Field(
        (),
        max_length=100,
        description="Statements that buckets which are not ours need in their policies, ready to paste.",
    )


class Distribution(Kind[DistributionSpec]):
    """One distribution, and what belongs to it."""

    name = "Distribution"
    plural = "distributions"
    short_names = ("dist",)
    description = (
        "A CloudFront distribution with its origins, access control, policies, certificate and DNS records."
    )
    spec = DistributionSpec
    status = DistributionStatus
    main = DISTRIBUTION
    composite = True
    resources = RESOURCES
    columns = (
        Column("Status", ".status.state"),
        Column("Domain", ".status.domainName"),
        Column("Aliases", ".spec.aliases"),
        Column("ID", ".status.id", priority=1),
    )

    def expand(self, request: Request[DistributionSpec]) -> Nodes:
        """Return the distribution after what it refers to, and its names in DNS after it."""
        return nodes_of(request)

    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        """Return the id of what was to be adopted; of all others CloudFront chooses it."""
        return str(raw.get("distributionID") or "")

    def bare(self, request: BareRequest) -> Nodes:
        """Return what the ledger knows, or what is always there."""
        return bare_nodes(request)

    def home(self, default_region: str | None) -> str | None:
        """Return where the API of CloudFront is."""
        return region_of(default_region)

    def references(self, namespace: str, raw: Mapping[str, Any]) -> tuple[Reference, ...]:
        """Return the buckets that are origins."""
        found = []
        for origin in _listed(raw.get("origins")):
            to = origin.get("bucketRef")
            if isinstance(to, Mapping) and isinstance(to.get("name"), str):
                ref = ObjectRef(BUCKET_KIND, str(to.get("namespace") or namespace), to["name"])
                found.append(Reference(f"spec.origins[{origin.get('name')}].bucketRef", ref))
        return tuple(found)

    def secrets(self, spec: DistributionSpec) -> Iterable[tuple[str, str]]:
        """Name the values of headers."""
        return spec.secret_keys()

    def outputs(
        self, request: Request[DistributionSpec], settled: Mapping[str, Settled], identity: Identity
    ) -> dict[str, Any]:
        """Return how the distribution is reached, and how far its names have come."""
        main = settled[self.main]
        told: dict[str, Any] = {
            "id": main.id,
            "arn": main.outputs.get("arn"),
            "domainName": main.outputs.get("domainName"),
            "state": "Deployed" if main.at_rest else "InProgress",
        }
        aliases = [self._alias(name, settled) for name in aliases_of(request.spec)]
        arn = main.outputs.get("arn")
        statements = _statements(request, arn) if arn else []
        told |= {"aliases": aliases, "bucketPolicy": statements}
        return {key: value for key, value in told.items() if value}

    def _alias(self, name: str, settled: Mapping[str, Settled]) -> dict[str, str]:
        """Return how far an alias has come."""
        records = settled.get(f"{DNS}/{name}")
        certificate = next(
            (each for node, each in settled.items() if node.startswith(f"{CERTIFICATE}/")), None
        )
        told = {"name": name}
        if records is not None:
            told["dns"] = "Ready" if records.ready else "Pending"
        if certificate is not None:
            told["certificate"] = str(certificate.outputs.get("status", "REQUESTED"))
        return told

    def waits(
        self, request: Request[DistributionSpec], settled: Mapping[str, Settled], reach: Reach
    ) -> tuple[CloudError, ...]:
        """Return which buckets are yet to let the distribution in, and which keys of buckets never will."""
        arn, me = settled[self.main].outputs.get("arn"), request.ref.path
        if arn is None:
            return ()
        buckets = sorted(request.referred.items(), key=lambda each: str(each[0]))
        # A bucket that is stalled for something else lets it in all the same, once it has heard of it.
        stalled = request.stalled if request.status.get("arn") == arn else {}
        waits = [
            waiting_for(f"{ref} is yet to let the distribution read its objects", stalled.get(ref, ""))
            for ref, status in buckets
            if {"distribution": me, "arn": arn} not in status.get("cloudFrontAccess", [])
        ]
        keys = sorted({status["kmsKeyARN"] for _, status in buckets if _is_key(status.get("kmsKeyARN"))})
        seen = [access(reach(key.split(":")[3]), key, arn) for key in keys]
        return (*waits, *(Denied(each.message) for each in seen if each.granted is False))


def _is_key(arn: str | None) -> bool:
    """Say whether this is a key that can be asked for its policy, which an alias cannot."""
    return arn is not None and ":key/" in arn


def _statements(request: Request[DistributionSpec], arn: str) -> list[str]:
    """Return what the policies of buckets need that are not ours, and that we sign requests to."""
    names = {
        str(origin.domain_name).rpartition(".s3")[0]
        for origin in request.spec.origins or ()
        if origin.s3 and origin.access_control
    }
    partition = arn.split(":")[1]
    return [
        json.dumps(cloud_front_statement(f"arn:{partition}:s3:::{name}", (arn,))) for name in sorted(names)
    ]


def _listed(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list that may not be one."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
