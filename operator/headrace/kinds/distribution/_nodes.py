"""The nodes of a distribution: what it refers to, the distribution, and its names in DNS."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headrace.engine.errors import Invalid
from headrace.engine.graph import Node, Nodes, Ref
from headrace.engine.ownership import Presence
from headrace.engine.slices import Slice
from headrace.engine.wish import Layer
from headrace.kinds.common import BareRequest, Part, Request
from headrace.kinds.definition import ObjectRef
from headrace.kinds.distribution.origins import BucketOutputs, origin_settings
from headrace.kinds.distribution.policies import PolicyChoice, PolicyKind, managed
from headrace.resources.acm.certificate._names import joined
from headrace.resources.acm.certificate.presence import CertificatePresence
from headrace.resources.cloudfront._names import name_of, name_of_content
from headrace.resources.cloudfront.distribution.presence import DistributionPresence
from headrace.resources.registry import resource_type
from headrace.resources.route53._names import base
from headrace.resources.route53.alias_records.presence import RecordsPresence
from headrace.resources.route53.validation_record.presence import ProofPresence
from headrace.resources.s3.regions import partition_of

if TYPE_CHECKING:
    from headrace.kinds.distribution.kind import DistributionSpec

DISTRIBUTION, ACCESS_CONTROL = "distribution", "access-control"
CERTIFICATE, VALIDATION, DNS = "certificate", "validation", "dns"
_TYPES = {
    ACCESS_CONTROL: resource_type("cloudfront/origin_access_control"),
    "cache-policy": resource_type("cloudfront/cache_policy"),
    "origin-request-policy": resource_type("cloudfront/origin_request_policy"),
    "response-headers-policy": resource_type("cloudfront/response_headers_policy"),
    CERTIFICATE: resource_type("acm/certificate"),
    VALIDATION: resource_type("route53/validation_record"),
    DISTRIBUTION: resource_type("cloudfront/distribution"),
    DNS: resource_type("route53/alias_records"),
}
RESOURCES = tuple(_TYPES.values())
"""All types of resources that a distribution can stand for."""

_BARE: Mapping[str, Callable[..., Presence]] = {
    CERTIFICATE: CertificatePresence,
    VALIDATION: ProofPresence,
    DNS: RecordsPresence,
}

# Where the API of CloudFront is ("Amazon CloudFront endpoints and quotas").
_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}


def nodes_of(request: "Request[DistributionSpec]") -> Nodes:
    """Return all nodes, what is referred to first."""
    return tuple(_Expansion(request).nodes())


class _Expansion:
    """One expansion, and the policies that it came by."""

    def __init__(self, request: "Request[DistributionSpec]") -> None:
        self.request, self.spec = request, request.spec
        self.region = region_of(request.default_region)
        self.aliases = aliases_of(request.spec)
        self.policies: dict[str, Node] = {}

    def nodes(self) -> Iterator[Node]:
        settings = self.settings()
        if self.spec.signs():
            yield access_control(self.request.owner, self.region)
        yield from (self.policies[name] for name in sorted(self.policies))
        if self.spec.requested:
            yield certificate(self.aliases, self.request.owner, self.region)
            yield from (self.validation(name) for name in sorted(set(map(base, self.aliases))))
        yield self.distribution(settings)
        if self.spec.dns is not None:
            yield from (self.records(alias) for alias in self.aliases)

    def settings(self) -> dict[str, Mapping[str, Any]]:
        """Return what is said of the distribution, by facet."""
        spec = self.spec
        settings: dict[str, Mapping[str, Any]] = {
            **spec.general_settings(),
            **spec.delivery_settings(),
            **spec.groups_settings(),
            **spec.behaviors_settings(self.policy),
            **spec.certificate_settings(Ref(certificate_node(self.aliases), "issuedARN")),
        }
        if spec.tags is not None:
            settings["tags"] = dict(spec.tags.entries)
        if spec.origins is not None:
            control = Ref(ACCESS_CONTROL, "id")
            settings["origins"] = origin_settings(spec.origins, self.buckets(), self.request.secrets, control)
        return settings

    def buckets(self) -> dict[Any, BucketOutputs]:
        """Return what the buckets that are origins tell of themselves."""
        here = self.request.ref.namespace
        return {
            to: BucketOutputs(
                self.request.referred[ObjectRef("AcceleratedBucket", to.namespace or here, to.name)][
                    "endpoints"
                ]["plain"]
            )
            for to in self.spec.bucket_refs().values()
        }

    def policy(self, kind: PolicyKind, choice: PolicyChoice) -> str | Ref:
        """Return the id of a policy; what is written inline is a node of its own, shared by who says it."""
        if choice.policy_id is not None:
            return choice.policy_id
        if choice.policy is not None:
            return managed(kind, choice.policy)
        assert isinstance(choice.inline, Slice), "exactly one is said"  # noqa: S101 - for the types
        title = name_of_content(choice.inline)
        name = f"{kind}/{title.removeprefix('headrace-')}"
        said = choice.inline.model_dump(by_alias=True, mode="json", exclude_none=True)
        self.policies[name] = _named(name, self.request.owner, self.region, {"config": said})
        return Ref(name, "id")

    def validation(self, name: str) -> Node:
        """Return the record that proves a name, and all that is right below it, to ACM."""
        source = certificate_node(self.aliases)
        proof = {
            "recordName": Ref(source, "validationNames", name),
            "value": Ref(source, "validationValues", name),
        }
        presence = ProofPresence(owner=self.request.owner)
        return self.in_zone(f"{VALIDATION}/{name}", name, presence, {"proof": proof})

    def records(self, alias: str) -> Node:
        """Return the records of an alias, which are made once edge locations know the distribution."""
        dns, ipv6 = self.spec.dns, self.spec.ipv6
        assert dns is not None, "it was asked before"  # noqa: S101 - for the types
        records = {
            "target": Ref(DISTRIBUTION, "domainName"),
            "ipv6": ipv6 is None or ipv6.value,
            "https": dns.https,
        }
        presence = RecordsPresence(owner=self.request.owner)
        node = self.in_zone(f"{DNS}/{alias}", alias, presence, {"records": records})
        return replace(node, gates=(DISTRIBUTION,))

    def in_zone(
        self, node: str, name: str, presence: Presence, settings: Mapping[str, Mapping[str, Any]]
    ) -> Node:
        """Return what is in the hosted zone; where only the name of that is known, it is looked up once."""
        dns, kind = self.spec.dns, node.partition("/")[0]
        assert dns is not None, "no request without dns"  # noqa: S101 - for the types
        zone = dns.hosted_zone_id or dns.hosted_zone_name or ""
        id = f"{zone}/{name}" if dns.hosted_zone_id and kind == DNS else ""
        layers = (Layer("spec", settings),)
        return Node(node, _TYPES[kind], id, self.region, presence, layers, f"{zone}/{name}")

    def distribution(self, settings: Mapping[str, Mapping[str, Any]]) -> Node:
        request = self.request
        presence = DistributionPresence(owner=request.owner, caller_reference=request.uid)
        return Node(
            DISTRIBUTION,
            _TYPES[DISTRIBUTION],
            self.spec.distribution_id or "",
            self.region,
            presence,
            (Layer("spec", settings),),
            request.ref.path,
            adopts=self.spec.distribution_id is not None,
        )


def aliases_of(spec: "DistributionSpec") -> tuple[str, ...]:
    """Return the alternate domain names."""
    return spec.aliases.value if spec.aliases is not None else ()


def region_of(default_region: str | None) -> str:
    """Return where the API of CloudFront is in the partition of this region.

    Raises:
        Invalid: there is none.
    """
    partition = partition_of(default_region or "us-east-1")
    if partition not in _REGIONS:
        raise Invalid(f"There is no CloudFront in the partition {partition}: choose another account.")
    return _REGIONS[partition]


def access_control(owner: str, region: str) -> Node:
    """Return the one origin access control with which requests to all buckets are signed."""
    return _named(ACCESS_CONTROL, owner, region, {"settings": {}})


def _named(name: str, owner: str, region: str, settings: Mapping[str, Mapping[str, Any]] | None) -> Node:
    """Return what has a name by which it is known as ours: by its owner, or by its content."""
    kind, _, digest = name.partition("/")
    title = f"headrace-{digest}" if digest else name_of(owner, name)
    layers = (Layer("spec", settings),) if settings is not None else ()
    return Node(name, _TYPES[kind], "", region, Presence(owner=owner), layers, title)


def certificate(names: Iterable[str], owner: str, region: str) -> Node:
    """Return the certificate for these names. Other names make another one."""
    names = tuple(names)
    presence = CertificatePresence(owner=owner, names=names)
    return Node(certificate_node(names), _TYPES[CERTIFICATE], "", region, presence, title=joined(names))


def certificate_node(names: Iterable[str]) -> str:
    """Return what the certificate for these names is called: a few of them would be too long."""
    digest = hashlib.sha256(joined(names).encode()).hexdigest()[:16]
    return f"{CERTIFICATE}/{digest}"


def bare_nodes(request: BareRequest) -> Nodes:
    """Return what the ledger knows, and what is to be looked for even where it was lost."""
    parts = {part.name: part for part in request.parts}
    names = [ACCESS_CONTROL] if ACCESS_CONTROL not in parts else []
    names += list(parts)
    if DISTRIBUTION not in parts:
        names.append(DISTRIBUTION)
    return tuple(_bare(name, parts.get(name), request) for name in names)


def _bare(name: str, part: Part | None, request: BareRequest) -> Node:
    id = part.id if part else ""
    kind, owner, region = name.partition("/")[0], request.owner, request.region
    if name == DISTRIBUTION:
        itself = DistributionPresence(owner=owner, caller_reference=request.uid)
        return Node(name, _TYPES[name], request.id or id, region, itself, title=request.ref.path)
    if kind in _BARE:
        title = part.title if part else ""
        return Node(name, _TYPES[kind], id, region, _BARE[kind](owner=owner), title=title)
    node = _named(name, request.owner, request.region, None)
    return replace(node, id=id)
