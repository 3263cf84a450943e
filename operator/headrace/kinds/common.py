"""What all kinds share: the fields of every spec, the request that is expanded, and the seam of a kind."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, field_validator

from headrace.aws.sessions import Identity
from headrace.aws.target import Target
from headrace.engine.errors import Blocked, CloudError, Waiting
from headrace.engine.graph import Nodes, Settled
from headrace.engine.slices import ApiModel, Rule
from headrace.kinds.definition import Definition, ObjectRef, Region
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

    region: Region | None = Field(
        None,
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
class Reference:
    """That an object refers to another one, and by which field."""

    field: str
    """Its path: spec.origins[media].bucketRef."""
    to: ObjectRef


@dataclass(frozen=True)
class Claim:
    """What another object has to do with this one: it refers to it now, or did when it last was looked at."""

    ref: ObjectRef
    arn: str
    """The ARN of what it stands for; empty where that is not made yet."""
    wants: bool
    """Whether it refers to this one, may do so, and is not on its way out."""


def waiting_for(what: str, stalled: str) -> Waiting:
    """Return that an object waits for another one, and with it for a person where that one is stalled.

    Args:
        what: a sentence without its full stop, which names the other object.
        stalled: the reason for which that one is stalled; empty where it is not.
    """
    if not stalled:
        return Waiting(f"{what}.")
    return Blocked(f"{what}: that object is stalled ({stalled}); see its status.")


@dataclass(frozen=True)
class Request(Generic[S]):
    """All that an expansion may know."""

    spec: S
    ref: ObjectRef
    owner: str
    default_region: str | None = None
    uid: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)
    """What the object told of itself so far."""
    referred: Mapping[ObjectRef, Mapping[str, Any]] = field(default_factory=dict)
    """The statuses of the objects that it refers to."""
    stalled: Mapping[ObjectRef, str] = field(default_factory=dict)
    """Those of them that wait for a person, and the reason that they tell."""
    claims: tuple[Claim, ...] = ()
    secrets: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    """Values from Secrets of its namespace, by name and key."""


@dataclass(frozen=True)
class Part:
    """An entry of `status.parts`: a cloud resource that an object stands for among others."""

    name: str
    type: str
    id: str = ""
    ready: bool = False
    title: str = ""
    """The name that we give it, as long as its id is not known."""


@dataclass(frozen=True)
class BareRequest:
    """What is known of an object whose spec may not validate any more."""

    id: str
    region: str
    owner: str
    ref: ObjectRef
    uid: str = ""
    parts: tuple[Part, ...] = ()


Reach = Callable[[str], Target]
"""Gives a target in a region, to look at what belongs to nobody's object."""


class Kind(Definition[S], ABC):
    """A custom resource that stands for resources of the cloud: how its spec becomes nodes and outputs."""

    status: ClassVar[type[Status]]
    main: ClassVar[str]
    """The name of the node that its objects are about; all others only belong to it."""
    composite: ClassVar[bool] = False
    """Whether its objects stand for more than one cloud resource, which `status.parts` then remembers."""

    @abstractmethod
    def expand(self, request: Request[S]) -> Nodes:
        """Turn a spec into the cloud resources that it asks for, what is referred to first. Pure.

        Raises:
            Invalid: what only the whole object shows to be wrong.
        """

    @abstractmethod
    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        """Return how the cloud calls what an object stands for, even where its spec does not validate.

        Empty, where the cloud chooses that.
        """

    @abstractmethod
    def bare(self, request: BareRequest) -> Nodes:
        """Return the nodes that an object stands for, from what its status says: what deletion works with."""

    @abstractmethod
    def outputs(
        self, request: Request[S], settled: Mapping[str, Settled], identity: Identity
    ) -> dict[str, Any]:
        """Return the fields of status that other objects and people need, as the API writes them.

        Args:
            request: what was expanded, with the status so far: what hangs on a setting that could not be
                read stays as it was.
            settled: every node, by name, and what became of it; the main one was looked at.
            identity: as whom.
        """

    def home(self, default_region: str | None) -> str | None:
        """Return the one region of what its objects stand for, where they have no choice."""
        return None

    def references(self, namespace: str, raw: Mapping[str, Any]) -> tuple[Reference, ...]:
        """Return what an object of this namespace refers to, even where its spec does not validate."""
        return ()

    def remembered(self, status: Mapping[str, Any]) -> tuple[ObjectRef, ...]:
        """Return the objects that an object gave something to, as its status has it."""
        return ()

    def asked_anew(self, request: Request[S]) -> frozenset[str]:
        """Name the facets of which others want something, or want it no more, that is not told yet.

        That is no drift; and where all was in sync before, nothing else need be looked at.
        """
        return frozenset()

    def secrets(self, spec: S) -> Iterable[tuple[str, str]]:
        """Name the values from Secrets that a spec asks for, by name and key."""
        return ()

    def waits(
        self, request: Request[S], settled: Mapping[str, Settled], reach: Reach
    ) -> tuple[CloudError, ...]:
        """Return what others have yet to do before an object is Ready whose own nodes are settled."""
        return ()
