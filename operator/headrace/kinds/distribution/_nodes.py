"""The nodes of a distribution: what it refers to, the distribution, and its names in DNS."""

from collections.abc import Iterator, Mapping
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
from headrace.resources.cloudfront._names import name_of, name_of_content
from headrace.resources.cloudfront.distribution.presence import DistributionPresence
from headrace.resources.registry import resource_type
from headrace.resources.s3.regions import partition_of

if TYPE_CHECKING:
    from headrace.kinds.distribution.kind import DistributionSpec

DISTRIBUTION, ACCESS_CONTROL = "distribution", "access-control"
_TYPES = {
    ACCESS_CONTROL: resource_type("cloudfront/origin_access_control"),
    "cache-policy": resource_type("cloudfront/cache_policy"),
    "origin-request-policy": resource_type("cloudfront/origin_request_policy"),
    "response-headers-policy": resource_type("cloudfront/response_headers_policy"),
    DISTRIBUTION: resource_type("cloudfront/distribution"),
}
RESOURCES = tuple(_TYPES.values())
"""All types of resources that a distribution can stand for."""

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
        self.policies: dict[str, Node] = {}

    def nodes(self) -> Iterator[Node]:
        settings = self.settings()
        if self.spec.signs():
            yield access_control(self.request.owner, self.region)
        yield from (self.policies[name] for name in sorted(self.policies))
        yield self.distribution(settings)

    def settings(self) -> dict[str, Mapping[str, Any]]:
        """Return what is said of the distribution, by facet."""
        spec = self.spec
        settings: dict[str, Mapping[str, Any]] = {
            **spec.general_settings(),
            **spec.delivery_settings(),
            **spec.groups_settings(),
            **spec.behaviors_settings(self.policy),
            **spec.certificate_settings(),
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
        )


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
    if name == DISTRIBUTION:
        presence = DistributionPresence(owner=request.owner, caller_reference=request.uid)
        return Node(name, _TYPES[name], request.id or id, request.region, presence, title=request.ref.path)
    node = _named(name, request.owner, request.region, None)
    return Node(name, node.resource, id, request.region, node.presence, title=node.title)
