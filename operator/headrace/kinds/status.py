"""The status that every kind has, as the API writes it, and the closed set of reasons."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from headrace.engine.slices import ApiModel

MOST_DRIFT = 50
"""How many fields the drift list shows; the count beside it is always the full one."""
MOST_MANAGED = 500
MOST_PARTS = 500
TEXT = 1024
"""How long a value in the drift list may be; longer ones are cut."""

Text = Annotated[str, Field(max_length=TEXT)]


class Reason(StrEnum):
    """Why a condition is as it is. No other reason is ever written."""

    IN_SYNC = "InSync"
    CREATING = "Creating"
    UPDATING = "Updating"
    DEPLOYING = "Deploying"
    DELETING = "Deleting"
    NOT_EMPTY = "NotEmpty"
    WAITING = "Waiting"
    DRIFTED = "Drifted"
    OBSERVING = "Observing"
    PAUSED = "Paused"
    ACCESS_DENIED = "AccessDenied"
    NOT_OURS = "NotOurs"
    INVALID_SPEC = "InvalidSpec"
    MOVED = "Moved"
    THROTTLED = "Throttled"
    UNAVAILABLE = "Unavailable"
    INTERNAL_ERROR = "InternalError"


class Condition(ApiModel):
    """One aspect of the state; kstatus, kubectl wait, Helm and Argo CD read these."""

    type: Literal["Ready", "Reconciling", "Stalled", "Drifted"] = Field(description="Which aspect.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: Reason = Field(description="Why, in one word.")
    message: str = Field(max_length=4096, description="Why, in a sentence, and what to do.")
    observed_generation: int = Field(ge=0, description="The generation of the spec that this is about.")
    last_transition_time: str = Field(max_length=32, description="When the status of this condition changed.")


class DriftedField(ApiModel):
    """A field that differs between spec and AWS."""

    field: Text = Field(description="The path of the field, below spec.")
    wanted: Text = Field(description="What spec, or a default, asks for.")
    found: Text = Field(description="What AWS has.")


class Correction(ApiModel):
    """What was put right last."""

    time: str = Field(max_length=32, description="When, in UTC.")
    fields: tuple[Text, ...] = Field(max_length=MOST_DRIFT, description="The fields that were put right.")


class Pins(ApiModel):
    """Where the resource was made. A mismatch later is Stalled, never a second resource."""

    account_id: str = Field(max_length=12, description="The AWS account.")
    region: str = Field(max_length=32, description="The region.")
    name: str = Field(max_length=255, description="What AWS calls it.")


class Status(ApiModel):
    """What every kind tells of itself."""

    observed_generation: int = Field(
        -1, ge=-1, description="The generation of the spec that was looked at last."
    )
    applied_generation: int | None = Field(
        None,
        ge=0,
        description="The generation that was last carried out in full; what differs later is drift.",
    )
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=8,
        description="Ready always; Reconciling and Stalled only while they hold; Drifted where managed.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    drift: tuple[DriftedField, ...] = Field(
        (), max_length=MOST_DRIFT, description="The fields that differ, the first 50 by path."
    )
    drift_count: int = Field(0, ge=0, description="How many fields differ.")
    last_correction: Correction | None = Field(None, description="What was put right last.")
    managed: tuple[Text, ...] = Field(
        (), max_length=MOST_MANAGED, description="The settings that were set; taken out of spec they go back."
    )
    pins: Pins | None = Field(None, description="Where the resource was made.")
    not_ours: Pins | None = Field(
        None, description="Where AWS said last that what is there is somebody else's; nothing was made there."
    )
    last_handled_reconcile_at: str | None = Field(
        None,
        max_length=TEXT,
        description="The last value of headrace.io/reconcile-requested-at that was answered.",
    )


# What is in the status of every kind; the rest of a status are the outputs of its kind.
_SHARED = frozenset(field.alias for field in Status.model_fields.values()) | {"parts"}


def outputs(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object tells for others: all of its status that not every kind has."""
    return {key: value for key, value in status.items() if key not in _SHARED}


class PartStatus(ApiModel):
    """One of the cloud resources that an object stands for."""

    name: str = Field(max_length=320, description="How the object calls it.")
    type: str = Field(max_length=64, description="What it is, such as cloudfront/distribution.")
    ready: bool = Field(description="Whether it is there, and as it is wished.")
    id: str | None = Field(None, max_length=TEXT, description="How AWS calls it, once it is made.")
    title: str | None = Field(None, max_length=TEXT, description="How Headrace calls it, until it has an id.")


class CompositeStatus(Status):
    """What a kind tells that stands for several cloud resources."""

    parts: tuple[PartStatus, ...] = Field(
        (),
        max_length=MOST_PARTS,
        description="The cloud resources of the object; each is named here before it is made.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
