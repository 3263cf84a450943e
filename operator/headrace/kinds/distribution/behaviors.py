"""The behaviours of a distribution in its spec, and the settings that they make."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.distribution.policies import (
    CacheChoice,
    OriginRequestChoice,
    PolicyChoice,
    PolicyID,
    ResponseHeadersChoice,
)
from headrace.resources.cloudfront.distribution._behavior import (
    MOST_BEHAVIORS,
    PATHS_ONCE,
    BehaviorFields,
    each_path_once,
)
from headrace.resources.cloudfront.distribution._cache_behavior import WithPath
from headrace.resources.models import checked

_DEFAULT_CACHE = CacheChoice(policy="CachingOptimized")
_ONE_WAY = "a behavior has either forwardedValues or policies for cache and originRequest"
_DEFAULT_NEEDED = "defaultBehavior is missing: it says what is done where no path fits"
ORIGIN_NEEDED = "a behavior's origin must be the name of one of origins or originGroups"


class BehaviorSpec(BehaviorFields):
    """What CloudFront does with requests that no path of another behavior fits."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *BehaviorFields.rules,
        Rule(
            "!has(self.forwardedValues) || (!has(self.cache) && !has(self.originRequest))",
            _ONE_WAY,
            ".forwardedValues",
        ),
    )

    cache: CacheChoice | None = Field(
        None,
        description=(
            "What the cache is keyed by, and how long it keeps. Silent: the policy CachingOptimized, "
            "unless there are forwardedValues."
        ),
    )
    origin_request: OriginRequestChoice | None = Field(
        None,
        description="What else of a request goes to the origin. Silent: what the cache is keyed by.",
    )
    response_headers: ResponseHeadersChoice | None = Field(
        None, description="Headers that are added to answers, and taken out of them. Silent: none."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_policy = self.cache is not None or self.origin_request is not None
        return checked(self, self.forwarded_values is None or not by_policy, _ONE_WAY)


class PathBehaviorSpec(BehaviorSpec, WithPath):
    """What CloudFront does with requests for a path. The first behavior whose path fits, counts."""


class BehaviorsSpec(ApiModel):
    """The fields of a spec that say what is done with which requests."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.behaviors) || self.behaviors.all(b, !has(b.path) || "
            "self.behaviors.exists_one(c, has(c.path) && c.path == b.path))",
            PATHS_ONCE,
            ".behaviors",
        ),
        Rule(
            # An empty spec is no distribution yet; what is adopted with defaults None has one already.
            "has(self.defaultBehavior) || (!has(self.origins) && !has(self.behaviors)) || "
            "(has(self.defaults) && self.defaults == 'None')",
            _DEFAULT_NEEDED,
            ".defaultBehavior",
        ),
        Rule(
            "!has(self.defaultBehavior) || !has(self.defaultBehavior.origin) || !has(self.origins) || "
            "self.origins.exists(o, has(o.name) && o.name == self.defaultBehavior.origin) || "
            "(has(self.originGroups) && "
            "self.originGroups.exists(g, has(g.name) && g.name == self.defaultBehavior.origin))",
            ORIGIN_NEEDED,
            ".defaultBehavior.origin",
        ),
        Rule(
            "!has(self.behaviors) || !has(self.origins) || self.behaviors.all(b, !has(b.origin) || "
            "self.origins.exists(o, has(o.name) && o.name == b.origin) || (has(self.originGroups) && "
            "self.originGroups.exists(g, has(g.name) && g.name == b.origin)))",
            ORIGIN_NEEDED,
            ".behaviors",
        ),
    )

    default_behavior: BehaviorSpec | None = Field(
        None,
        description=(
            "What is done with requests that the path of no behavior fits. Every distribution has one; it "
            "may be silent only with defaults None, for a distribution that is adopted."
        ),
    )
    behaviors: (
        Annotated[
            tuple[PathBehaviorSpec, ...], Field(max_length=MOST_BEHAVIORS), AfterValidator(each_path_once)
        ]
        | None
    ) = Field(
        None,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description=(
            "What is done with requests for certain paths; the first one whose path fits, counts. "
            "Silent: what is there stays. An empty list: there must be none."
        ),
    )

    def all_behaviors(self) -> tuple[BehaviorSpec, ...]:
        """Return the default one, and those for paths."""
        default = () if self.default_behavior is None else (self.default_behavior,)
        return (*default, *(self.behaviors or ()))

    def check_behaviors(self, origins: Collection[str] | None, *, adopted: bool) -> None:
        """Check what the whole spec shows.

        Args:
            origins: the names of its origins and groups; None where the spec does not say them.
            adopted: whether what is silent may be there already: `defaults: None`.

        Raises:
            ValueError: there is no default behaviour, or one has an origin that is none.
        """
        started = origins is not None or self.behaviors is not None
        if started and self.default_behavior is None and not adopted:
            raise ValueError(_DEFAULT_NEEDED)
        if origins is not None:
            unknown = sorted({each.origin for each in self.all_behaviors()} - set(origins))
            if unknown:
                raise ValueError(f"{ORIGIN_NEEDED}: {', '.join(unknown)} is none")

    def behaviors_settings(self, policy_id: PolicyID) -> dict[str, dict[str, Any]]:
        """Return what is said of the behaviours, by facet, and nothing that is silent."""
        settings: dict[str, dict[str, Any]] = {}
        if self.default_behavior is not None:
            settings["defaultBehavior"] = behavior_settings(self.default_behavior, policy_id)
        if self.behaviors is not None:
            settings["behaviors"] = {"value": [behavior_settings(each, policy_id) for each in self.behaviors]}
        return settings


def behavior_settings(spec: BehaviorSpec, policy_id: PolicyID) -> dict[str, Any]:
    """Return a behaviour as its facet takes it: with ids, or Refs to them, in the place of policies."""
    policies = {"cache", "origin_request", "response_headers"}
    said = spec.model_dump(
        by_alias=True, mode="json", exclude_unset=True, exclude_none=True, exclude=policies
    )
    cache: PolicyChoice | None = spec.cache
    if cache is None and spec.forwarded_values is None:
        cache = _DEFAULT_CACHE
    if cache is not None:
        said["cachePolicyID"] = policy_id("cache-policy", cache)
    if spec.origin_request is not None:
        said["originRequestPolicyID"] = policy_id("origin-request-policy", spec.origin_request)
    if spec.response_headers is not None:
        said["responseHeadersPolicyID"] = policy_id("response-headers-policy", spec.response_headers)
    return said
