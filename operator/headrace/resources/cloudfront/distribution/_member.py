"""What lenses of a distribution share: the store, its permissions, lists as CloudFront writes them."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar, cast

from headrace.aws.target import Target
from headrace.engine.document import Body, Lens
from headrace.engine.facet import Permissions
from headrace.engine.slices import ABSENT, Missing, Slice, ValueSlice
from headrace.resources.cloudfront.distribution._store import STORE

S = TypeVar("S", bound=Slice)
V = TypeVar("V", bound=ValueSlice)


class DistributionLens(Lens[S, Target], Generic[S]):
    """A lens on the configuration of a distribution."""

    store = STORE
    permissions = Permissions(
        read=frozenset({"cloudfront:GetDistribution"}), write=frozenset({"cloudfront:UpdateDistribution"})
    )


class Member(DistributionLens[V], Generic[V]):
    """A lens on one member that is one value, such as PriceClass or CacheTagConfig.HeaderName."""

    path: ClassVar[tuple[str, ...]]
    """Where the member is."""
    off: ClassVar[Any] = None
    """What CloudFront takes for "not there"; None: the member is left out, with what it is in."""

    def get(self, body: Body) -> V | Missing:
        """Read the value; an empty one is not there, or the resting value where there is one."""
        found: Any = body
        for name in self.path:
            found = (found or {}).get(name)
        return self._rest() if found in (None, "") else self.read(found)

    def read(self, found: Any) -> V:
        """Make a slice of what is there. Unchecked: AWS may answer more than spec may say."""
        values: dict[str, Any] = {"value": found}
        return cast(V, self.slice.model_construct(**values))

    def put(self, body: Body, value: V | Missing) -> Body:
        """Write the value, beside what else is where it is."""
        wanted = self._rest() if isinstance(value, Missing) else value
        if not isinstance(wanted, Missing):
            return _with(body, self.path, wanted.value)
        if self.off is not None:
            return _with(body, self.path, self.off)
        return {name: inner for name, inner in body.items() if name != self.path[0]}

    def _rest(self) -> V | Missing:
        return ABSENT if self.resting is None else cast(V, self.resting)


class Emptiable(ValueSlice):
    """A text or a list, of which the empty one says "must not be there"."""

    def is_empty(self) -> bool:
        """Where it says nothing, nothing must be there."""
        return not self.value


class Text(Emptiable):
    """A text, of which the empty one says "must not be there"."""

    value: str


def _with(body: Body, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, *rest = path
    return {**body, first: _with(body.get(first) or {}, tuple(rest), value) if rest else value}


def items(told: Mapping[str, Any] | None) -> list[Any]:
    """Return what is in a list as CloudFront writes it; nothing where there is no list."""
    return list((told or {}).get("Items") or ())


def listed(values: Iterable[Any]) -> dict[str, Any]:
    """Write a list as CloudFront takes it: an empty one has no Items."""
    found = list(values)
    return {"Quantity": len(found)} | ({"Items": found} if found else {})
