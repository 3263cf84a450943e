"""The origin groups of a distribution: an origin, and the one that takes over where it fails."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from headrace.engine.document import Body
from headrace.engine.slices import ABSENT, ApiModel, Missing
from headrace.resources.cloudfront.distribution._member import DistributionLens, Emptiable, items, listed
from headrace.resources.cloudfront.distribution._origin import Name
from headrace.resources.models import by_key, each_once, in_order

TWO_MEMBERS = "an origin group has two members: the first, and another one that takes over"
_SAME_NAME = "each origin group has a name of its own"
_MOST = 100

StatusCode = Literal[400, 403, 404, 416, 429, 500, 502, 503, 504]


def _two(members: tuple[str, ...]) -> tuple[str, ...]:
    if len(members) != 2 or members[0] == members[1]:
        raise ValueError(TWO_MEMBERS)
    return members


class OriginGroup(ApiModel):
    """An origin, and the one that takes over where it fails."""

    name: Name = Field(description="How behaviours call it; CloudFront's id of the group.")
    members: Annotated[tuple[Name, ...], AfterValidator(_two)] = Field(
        max_length=2, description="The names of two origins: the first, and the one that takes over."
    )
    failover_on: Annotated[tuple[StatusCode, ...], AfterValidator(in_order)] = Field(
        min_length=1,
        max_length=9,
        description="The status codes at which the second origin is asked.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    selection_criteria: Literal["default", "media-quality-based"] = Field(
        "default",
        description="default: by status code. media-quality-based: also by the score of AWS media services.",
    )


class OriginGroups(Emptiable):
    """Pairs of origins, of which the second takes over where the first fails. No groups: none must be."""

    keyed_lists: ClassVar[Mapping[str, str]] = {"": "name"}

    value: Annotated[tuple[OriginGroup, ...], AfterValidator(each_once("name", _SAME_NAME))] = Field(
        (),
        max_length=_MOST,
        description="The groups, by their names. Groups that are not named here are removed.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class OriginGroupsLens(DistributionLens[OriginGroups]):
    """No groups is a list of none."""

    name = "originGroups"
    slice = OriginGroups

    def get(self, body: Body) -> OriginGroups | Missing:
        """Read all groups."""
        found = by_key(map(_read, items(body.get("OriginGroups"))), "name")
        return OriginGroups.model_construct(value=found) if found else ABSENT

    def put(self, body: Body, value: OriginGroups | Missing) -> Body:
        """Write all groups; of those that are there already, what we do not know stays."""
        wanted = () if isinstance(value, Missing) else value.value
        found: dict[str, Any] = {told["Id"]: told for told in items(body.get("OriginGroups"))}
        return {**body, "OriginGroups": listed(_written(g, found.get(g.name, {})) for g in wanted)}


def _read(told: Mapping[str, Any]) -> OriginGroup:
    codes = items((told.get("FailoverCriteria") or {}).get("StatusCodes"))
    values: dict[str, Any] = {
        "name": told["Id"],
        "members": tuple(member["OriginId"] for member in items(told.get("Members"))),
        "failover_on": in_order(codes),
        "selection_criteria": told.get("SelectionCriteria") or "default",
    }
    return OriginGroup.model_construct(**values)


def _written(group: OriginGroup, found: Mapping[str, Any]) -> dict[str, Any]:
    criteria = found.get("FailoverCriteria") or {}
    return {
        **found,
        "Id": group.name,
        "FailoverCriteria": {**criteria, "StatusCodes": listed(group.failover_on)},
        "Members": listed({"OriginId": member} for member in group.members),
        "SelectionCriteria": group.selection_criteria,
    }
