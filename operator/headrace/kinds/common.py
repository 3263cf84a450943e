"""What all kinds share: the fields of every spec, the request that is expanded, and the seam of a kind."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from headrace.aws.sessions import Identity
from headrace.engine.graph import Node, Nodes
from headrace.engine.slices import ApiModel, Rule
from headrace.engine.work import Report
from headrace.kinds.definition import Definition, ObjectRef
from headrace.kinds.schema import FILLED_IN
from headrace.kinds.status import Status

_INTERVAL = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
# Longer numbers overflow the durations of the API server.
_INTERVAL_PATTERN = "^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$"
_SHORTEST = 30
_TOO_SHORT = "resyncInterval is at least 30s"


def seconds(interval: str) -> int:
    """Return the seconds of an interval such as 1h30m; ValueError where it is none."""
    match = _INTERVAL.match(interval)
    if not interval or match is None:
        raise ValueError(f"{interval!r} is no interval: write it like 1h, 30m or 1h30m")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


class CommonSpec(ApiModel):
    """The fields that every kind of cloud resource has."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(oldSelf.region) || (has(self.region) && self.region == oldSelf.region)",
            "region cannot be changed once it is set",
            ".region",
        ),
        Rule(
            # Asked for the pattern first: a rule that fails to run is not forgiven to stored objects.
            f"!has(self.resyncInterval) || (self.resyncInterval.matches('{_INTERVAL_PATTERN}') && "
            "self.resyncInterval != '' && duration(self.resyncInterval) >= duration('30s'))",
            _TOO_SHORT,
            ".resyncInterval",
        ),
    )

    region: str | None = Field(
        None,
        max_length=32,
        pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$",
        description="The AWS region. Silent: the default region of the account. It can never change.",
    )
    account: str | None = Field(
        None, max_length=253, description="The AWSAccount to work with. Silent: the one that is the default."
    )
    mode: Literal["Manage", "Observe"] = Field(
        "Manage",
        json_schema_extra=FILLED_IN,
        description="Manage: make it so. Observe: read, compare and report, and never write to AWS.",
    )
    drift_policy: Literal["Correct", "Report"] = Field(
        "Correct",
        json_schema_extra=FILLED_IN,
        description="What to do where AWS was changed behind our back: put it right, or only tell.",
    )
    defaults: Literal["Secure", "None"] = Field(
        "Secure",
        json_schema_extra=FILLED_IN,
        description='What a silent setting means: our safe default, or None: "leave what is there".',
    )
    adoption: Literal["Never", "IfExists"] = Field(
        "Never",
        json_schema_extra=FILLED_IN,
        description="IfExists: take over what exists already and carries no owner.",
    )
    ignore_drift: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        (),
        max_length=50,
        description=(
            "Paths that are set at creation and then left alone, such as tags or encryption.*; * stands for "
            "any characters, and a path covers what is below it."
        ),
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        "Retain",
        json_schema_extra=FILLED_IN,
        description="What becomes of the AWS resource when this object is deleted.",
    )
    resync_interval: str = Field(
        "1h",
        json_schema_extra=FILLED_IN,
        min_length=2,
        max_length=16,
        pattern=_INTERVAL_PATTERN,
        description="How often the whole is compared with AWS again, such as 1h or 90m; at least 30s.",
    )

    @field_validator("resync_interval")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if seconds(value) < _SHORTEST:
            raise ValueError(_TOO_SHORT)
        return value


S = TypeVar("S", bound=CommonSpec)


@dataclass(frozen=True)
class Request(Generic[S]):
    """All that an expansion may know."""

    spec: S
    ref: ObjectRef
    owner: str
    default_region: str | None = None


@dataclass(frozen=True)
class BareRequest:
    """What is known of an object whose spec may not validate any more."""

    id: str
    region: str
    owner: str


class Kind(Definition[S], ABC):
    """A custom resource that stands for resources of the cloud: how its spec becomes nodes and outputs."""

    status: ClassVar[type[Status]]

    @abstractmethod
    def expand(self, request: Request[S]) -> Nodes:
        """Turn a spec into the cloud resources that it asks for. Pure.

        Raises:
            Invalid: what only the whole object shows to be wrong.
        """

    @abstractmethod
    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        """Return how the cloud calls what an object stands for, even where its spec does not validate."""

    @abstractmethod
    def bare(self, request: BareRequest) -> Node:
        """Return the node that an object stands for, from its pins alone: what deletion works with."""

    @abstractmethod
    def outputs(
        self, node: Node, report: Report, identity: Identity, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the fields of status that other objects and people need, as the API writes them.

        `known` is the status so far: what hangs on a setting that could not be read stays as it was.
        """
