"""The origins and origin groups of a distribution in its spec, and the settings that they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.sensitive import Sensitive
from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.distribution._origin import BY_NAME, BucketRef, CustomHeader, OriginSpec
from headrace.resources.cloudfront.distribution.origin_groups import TWO_MEMBERS, OriginGroup

_MOST = 100
_SAME_NAME = "each origin has a name of its own"
_SAME_GROUP = "each origin group has a name of its own"
_NO_ORIGIN = "the members of an origin group must be names of origins"
_NAME_TAKEN = "an origin group cannot be called like an origin"

# What the spec says in the same words as CloudFront's own parts.
_AS_SAID = (
    "name", "path", "connection_attempts", "connection_timeout", "response_completion_timeout", "shield",
)  # fmt: skip
_OF_SERVERS = (
    "protocol", "http_port", "https_port", "tls_versions", "read_timeout", "keepalive_timeout",
    "ip_address_type", "client_certificate_arn",
)  # fmt: skip

SecretKey = tuple[str, str]
"""The name of a Secret, and a key in it."""


@dataclass(frozen=True)
class BucketOutputs:
    """What an origin has to know of a bucket of ours."""

    domain_name: str
    """Its regional domain name: media.s3.eu-central-1.amazonaws.com."""


class OriginGroupSpec(OriginGroup):
    """An origin, and the one that takes over where it fails."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.members) || (size(self.members) == 2 && self.members[0] != self.members[1])",
            TWO_MEMBERS,
            ".members",
        ),
    )


def _each_once(origins: tuple[OriginSpec, ...]) -> tuple[OriginSpec, ...]:
    if len({origin.name for origin in origins}) < len(origins):
        raise ValueError(_SAME_NAME)
    return origins


def _each_group_once(groups: tuple[OriginGroupSpec, ...]) -> tuple[OriginGroupSpec, ...]:
    if len({group.name for group in groups}) < len(groups):
        raise ValueError(_SAME_GROUP)
    return groups


class OriginsSpec(ApiModel):
    """The fields of a spec that say from where content comes."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.originGroups) || !has(self.origins) || self.originGroups.all(g, !has(g.members) || "
            "g.members.all(m, self.origins.exists(o, has(o.name) && o.name == m)))",
            _NO_ORIGIN,
            ".originGroups",
        ),
        Rule(
            "!has(self.originGroups) || !has(self.origins) || self.originGroups.all(g, !has(g.name) || "
            "!self.origins.exists(o, has(o.name) && o.name == g.name))",
            _NAME_TAKEN,
            ".originGroups",
        ),
    )

    origins: (
        Annotated[tuple[OriginSpec, ...], Field(min_length=1, max_length=_MOST), AfterValidator(_each_once)]
        | None
    ) = Field(
        None,
        description=(
            "From where CloudFront gets content, by name; origins that are not named here are removed. It "
            "may be silent only with defaults None, for a distribution that is adopted."
        ),
        json_schema_extra=BY_NAME,
    )
    origin_groups: (
        Annotated[tuple[OriginGroupSpec, ...], Field(max_length=_MOST), AfterValidator(_each_group_once)]
        | None
    ) = Field(
        None,
        description=(
            "Pairs of origins, of which the second takes over where the first fails. Silent: what is there "
            "stays. An empty list: there must be none."
        ),
        json_schema_extra=BY_NAME,
    )

    @model_validator(mode="after")
    def _groups_have_origins(self) -> Self:
        if self.origins is None:
            return self
        names = {origin.name for origin in self.origins}
        groups: tuple[OriginGroupSpec, ...] = self.origin_groups or ()
        if not names.issuperset(member for group in groups for member in group.members):
            raise ValueError(_NO_ORIGIN)
        if names & {group.name for group in groups}:
            raise ValueError(_NAME_TAKEN)
        return self

    def origin_names(self) -> frozenset[str] | None:
        """Return what behaviours may name, origins and groups; None where the spec does not say them."""
        if self.origins is None:
            return None
        origins = {origin.name for origin in self.origins}
        return frozenset(origins | {group.name for group in self.origin_groups or ()})

    def signs(self) -> bool:
        """Say whether requests to an origin are signed with an origin access control that is made for it."""
        return any(each.bucket_ref is not None or each.access_control for each in self.origins or ())

    def bucket_refs(self) -> Mapping[str, BucketRef]:
        """Return the buckets of ours, by the origins that they are."""
        return {each.name: each.bucket_ref for each in self.origins or () if each.bucket_ref is not None}

    def secret_keys(self) -> tuple[SecretKey, ...]:
        """Return the values that are asked for from Secrets, sorted, each once."""
        headers = (header for each in self.origins or () for header in each.custom_headers)
        found = {_secret_key(header) for header in headers if header.value_from is not None}
        return tuple(sorted(found))

    def groups_settings(self) -> dict[str, dict[str, Any]]:
        """Return what is said of the groups, by facet, and nothing that is silent."""
        if self.origin_groups is None:
            return {}
        said = [group.model_dump(by_alias=True, exclude_unset=True) for group in self.origin_groups]
        return {"originGroups": {"value": said}}


def _secret_key(header: CustomHeader) -> SecretKey:
    assert header.value_from is not None, "it was checked"  # noqa: S101 - for the types
    reference = header.value_from.secret_key_ref
    return reference.name, reference.key


def origin_settings(
    origins: tuple[OriginSpec, ...],
    buckets: Mapping[BucketRef, BucketOutputs],
    secrets: Mapping[SecretKey, Sensitive],
    access_control: Any,
) -> dict[str, Any]:
    """Return what is said of the origins, as their facet takes it.

    Args:
        origins: what a spec says.
        buckets: what is known of each bucket of ours that is named.
        secrets: the values of headers that come from Secrets.
        access_control: the id of the origin access control with which requests are signed, or a Ref to it.

    Raises:
        KeyError: a bucket or a value that is named is not among what is given.
    """
    return {"value": [_origin(each, buckets, secrets, access_control) for each in origins]}


def _origin(
    origin: OriginSpec,
    buckets: Mapping[BucketRef, BucketOutputs],
    secrets: Mapping[SecretKey, Sensitive],
    access_control: Any,
) -> dict[str, Any]:
    said = _said(origin, _AS_SAID)
    if origin.custom_headers:
        said["customHeaders"] = [
            {"name": header.name, "value": header.value or secrets[_secret_key(header)]}
            for header in origin.custom_headers
        ]
    if origin.bucket_ref is not None or origin.access_control:
        said["accessControlID"] = access_control
    elif origin.access_control_id is not None:
        said["accessControlID"] = origin.access_control_id
    return said | _kind(origin, buckets)


def _kind(origin: OriginSpec, buckets: Mapping[BucketRef, BucketOutputs]) -> dict[str, Any]:
    """Return where the origin is, and what goes with its kind only."""
    if origin.bucket_ref is not None:
        domain_name = buckets[origin.bucket_ref].domain_name
        return {"domainName": domain_name, "s3": _said(origin, ("read_timeout",))}
    if origin.vpc_origin is not None:
        id, owner = origin.vpc_origin.parts()
        vpc = {"id": id, "ownerAccountID": owner} | _said(origin, ("read_timeout", "keepalive_timeout"))
        return {"domainName": origin.vpc_origin.domain_name, "vpc": vpc}
    if origin.s3:
        s3 = _said(origin, ("read_timeout", "access_identity"))
        return {"domainName": origin.domain_name, "s3": s3}
    return {"domainName": origin.domain_name, "custom": _said(origin, _OF_SERVERS)}


def _said(origin: OriginSpec, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is said of these fields, and nothing that is silent."""
    return origin.model_dump(by_alias=True, include=set(names), exclude_none=True)
