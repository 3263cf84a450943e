"""How a behaviour names its policies: an AWS-managed one, one by its id, or one that is written inline."""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from headrace.engine.graph import Ref
from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.distribution._managed import (
    ManagedCachePolicy,
    ManagedOriginRequestPolicy,
    ManagedResponseHeadersPolicy,
)
from headrace.resources.cloudfront.cache_policy.config import CachePolicy
from headrace.resources.cloudfront.managed import (
    managed_cache_policy,
    managed_origin_request_policy,
    managed_response_headers_policy,
)
from headrace.resources.cloudfront.origin_request_policy.config import OriginRequestPolicy
from headrace.resources.cloudfront.response_headers_policy.config import ResponseHeadersPolicy

PolicyKind = Literal["cache-policy", "origin-request-policy", "response-headers-policy"]

_ONE = "a policy is exactly one of policy, policyID and inline"


class PolicyChoice(ApiModel):
    """Which policy: exactly one of an AWS-managed one, one by its id, and one that is written inline."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.policy) ? 1 : 0) + (has(self.policyID) ? 1 : 0) + (has(self.inline) ? 1 : 0) == 1",
            _ONE,
        ),
    )

    policy: str | None = Field(None, max_length=64, description="The name of a policy that AWS manages.")
    policy_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        pattern="^[a-zA-Z0-9-]+$",
        description="The id of a policy that is there already.",
    )
    inline: ApiModel | None = Field(None, description="The policy itself.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        said = [each for each in (self.policy, self.policy_id, self.inline) if each is not None]
        if len(said) != 1:
            raise ValueError(_ONE)
        return self


class CacheChoice(PolicyChoice):
    """What the cache is keyed by, and how long it keeps: exactly one of policy, policyID and inline."""

    policy: ManagedCachePolicy | None = Field(
        None, description="The name of a cache policy that AWS manages, without Managed-."
    )
    inline: CachePolicy | None = Field(
        None, description="The policy itself. Behaviors and distributions that say the same share one."
    )


class OriginRequestChoice(PolicyChoice):
    """What of a request goes to the origin: exactly one of policy, policyID and inline."""

    policy: ManagedOriginRequestPolicy | None = Field(
        None, description="The name of an origin request policy that AWS manages, without Managed-."
    )
    inline: OriginRequestPolicy | None = Field(
        None, description="The policy itself. Behaviors and distributions that say the same share one."
    )


class ResponseHeadersChoice(PolicyChoice):
    """Headers of answers: exactly one of policy, policyID and inline."""

    policy: ManagedResponseHeadersPolicy | None = Field(
        None, description="The name of a response headers policy that AWS manages, without Managed-."
    )
    inline: ResponseHeadersPolicy | None = Field(
        None, description="The policy itself. Behaviors and distributions that say the same share one."
    )


PolicyID = Callable[[PolicyKind, PolicyChoice], str | Ref]
"""Tells the id of a policy, or where it will come from."""


def managed(kind: PolicyKind, name: str) -> str:
    """Return the id of a policy that AWS manages."""
    return {
        "cache-policy": managed_cache_policy,
        "origin-request-policy": managed_origin_request_policy,
        "response-headers-policy": managed_response_headers_policy,
    }[kind](name)
