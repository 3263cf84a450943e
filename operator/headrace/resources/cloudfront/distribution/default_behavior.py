"""The behaviour of a distribution for requests that no other behaviour is for."""

from typing import Any

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, Missing
from headrace.resources.cloudfront.distribution._cache_behavior import Behavior, read, written
from headrace.resources.cloudfront.distribution._member import DistributionLens

_MEMBER = "DefaultCacheBehavior"


class DefaultBehaviorLens(DistributionLens[Behavior]):
    """Every distribution has one; only a document that is yet to be filled in has none."""

    name = "defaultBehavior"
    slice = Behavior

    def get(self, body: Body) -> Behavior | Missing:
        """Read it, unchecked."""
        values: dict[str, Any] | None = read(body[_MEMBER]) if body.get(_MEMBER) else None
        return ABSENT if values is None else Behavior.model_construct(**values)

    def put(self, body: Body, value: Behavior | Missing) -> Body:
        """Write it over the one that is there."""
        rest = {member: each for member, each in body.items() if member != _MEMBER}
        return rest if isinstance(value, Missing) else rest | {_MEMBER: written(value, body.get(_MEMBER, {}))}
