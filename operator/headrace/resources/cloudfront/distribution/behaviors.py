"""The behaviours of a distribution for paths, in the order in which they are tried."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, Missing, text_of
from headrace.resources.cloudfront.distribution._behavior import MOST_BEHAVIORS, each_path_once
from headrace.resources.cloudfront.distribution._cache_behavior import PathBehavior, read, written
from headrace.resources.cloudfront.distribution._kept import relisted
from headrace.resources.cloudfront.distribution._member import DistributionLens, Emptiable, items

_MEMBER = "CacheBehaviors"


class Behaviors(Emptiable):
    """Behaviors for paths. The first one whose path fits a request counts, so their order matters."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "path"}
    ordered_lists: ClassVar[frozenset[str]] = frozenset({""})

    value: Annotated[tuple[PathBehavior, ...], AfterValidator(each_path_once)] = Field(
        (), max_length=MOST_BEHAVIORS, description="The behaviors, in the order in which they are tried."
    )

    def fields(self) -> dict[str, str]:
        """Return the behaviours by their paths, and beside them the order where there is one."""
        order = [each.path for each in self.value]
        return super().fields() | ({"order": text_of(order)} if len(order) > 1 else {})


class BehaviorsLens(DistributionLens[Behaviors]):
    """The list is replaced whole; a behaviour that stays keeps what we do not know of it."""

    name = "behaviors"
    slice = Behaviors

    def get(self, body: Body) -> Behaviors | Missing:
        """Read them, unchecked."""
        found = tuple(_read(each) for each in items(body.get(_MEMBER)))
        return Behaviors.model_construct(value=found) if found else ABSENT

    def put(self, body: Body, value: Behaviors | Missing) -> Body:
        """Write each over the one that is there for its path."""
        known = {each["PathPattern"]: each for each in items(body.get(_MEMBER))}
        wanted = () if isinstance(value, Missing) else value.value
        behaviors = [written(each, known.get(each.path, {})) | {"PathPattern": each.path} for each in wanted]
        return dict(body) | {_MEMBER: relisted(body.get(_MEMBER), behaviors)}


def _read(told: Mapping[str, Any]) -> PathBehavior:
    values: dict[str, Any] = {"path": told["PathPattern"], **read(told)}
    return PathBehavior.model_construct(**values)
