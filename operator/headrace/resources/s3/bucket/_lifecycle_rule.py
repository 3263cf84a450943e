"""One lifecycle rule: its fields in canonical form, and the rules across them.

Sources: "Lifecycle configuration elements" and "Transitioning objects using Amazon S3 Lifecycle" in the S3
User Guide, LifecycleRule in the S3 API Reference. How soon a transition may be is left to S3.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.config import JsonDict

from headrace.engine.slices import ApiModel, Rule
from headrace.resources.models import checked, none_for_empty, ranked
from headrace.resources.tagging import TagKey, TagValue

# As they cool down. S3 moves objects in this direction only.
COLDER = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
StorageClass = Literal[
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
]
_BY_CLASS: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["storageClass"]}
_LAST_DAY = 2**31 - 1
# S3 takes objects of up to 50 TB.
_LARGEST = 50 * 2**40

_ONE_TIME = "a transition has either days or a date"
_ONE_END = "an expiration has exactly one of days, date and expiredObjectDeleteMarker"
_TWICE = "each storage class may be named once"
_IDLE = (
    "a rule does at least one thing: transitions, expiration, noncurrentVersionTransitions, "
    "noncurrentVersionExpiration or abortIncompleteUploadsAfterDays"
)
_SIZES = "objectSizeGreaterThan must be less than objectSizeLessThan"
_MARKERS_HAVE_NO_TAGS = "expiredObjectDeleteMarker cannot be in a rule with tags: delete markers have none"
_UPLOADS_HAVE_NO_TAGS = "abortIncompleteUploadsAfterDays cannot be in a rule with tags: uploads have none"
_MIXED = "a rule counts in days or in dates, not in both"
_ORDER = f"colder storage classes come later; they are, in order: {', '.join(COLDER)}"
_END = "the expiration comes after the last transition"
_OLD_ORDER = f"noncurrent versions: {_ORDER}"
_OLD_END = "noncurrentVersionExpiration comes after the last of noncurrentVersionTransitions"


def _rank(step: str) -> str:
    """Say in CEL how cold the storage class of a transition is; a class of later days is the coldest."""
    ranks = "".join(f"{step}.storageClass == '{name}' ? {rank} : " for rank, name in enumerate(COLDER[:-1]))
    return f"({ranks}{len(COLDER) - 1})"


_NOT_COLDER = f"!has(a.storageClass) || !has(b.storageClass) || {_rank('a')} >= {_rank('b')}"


def _is_a_day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value} is no day of the calendar") from None
    return value


# S3 takes midnight UTC only, so that the day says it all.
Day = Annotated[
    str,
    Field(max_length=10, pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(_is_a_day),
]
Days = Annotated[int, Field(ge=0, le=_LAST_DAY)]
SomeDays = Annotated[int, Field(ge=1, le=_LAST_DAY)]
Versions = Annotated[int, Field(ge=1, le=100)]


class Transition(ApiModel):
    """Into which storage class current versions go, and when."""

    rules: ClassVar[tuple[Rule, ...]] = (Rule("has(self.days) != has(self.date)", _ONE_TIME),)

    days: Days | None = Field(None, description="So many days after an object was made.")
    date: Day | None = Field(None, description="From this day on, at midnight UTC: 2030-01-31.")
    storage_class: StorageClass = Field(description="Where the objects go; each class once in a rule.")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        return checked(self, (self.days is None) != (self.date is None), _ONE_TIME)


class NoncurrentVersionTransition(ApiModel):
    """Into which storage class noncurrent versions go, and when."""

    noncurrent_days: Days = Field(description="So many days after a version became noncurrent.")
    newer_noncurrent_versions: Versions | None = Field(
        None, description="Keep so many of the newest noncurrent versions where they are."
    )
    storage_class: StorageClass = Field(description="Where the versions go; each class once in a rule.")


class Expiration(ApiModel):
    """When current versions expire, or that delete markers go with which no version is left."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.days) ? 1 : 0) + (has(self.date) ? 1 : 0) + "
            "(has(self.expiredObjectDeleteMarker) && self.expiredObjectDeleteMarker ? 1 : 0) == 1",
            _ONE_END,
        ),
    )

    days: SomeDays | None = Field(None, description="So many days after an object was made.")
    date: Day | None = Field(None, description="From this day on, at midnight UTC: 2030-01-31.")
    expired_object_delete_marker: Annotated[bool | None, BeforeValidator(none_for_empty)] = Field(
        None, description="Remove delete markers with which no version is left."
    )

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        said = [self.days, self.date, self.expired_object_delete_marker]
        return checked(self, sum(each is not None for each in said) == 1, _ONE_END)


class NoncurrentVersionExpiration(ApiModel):
    """When noncurrent versions are deleted for good."""

    noncurrent_days: SomeDays = Field(description="So many days after a version became noncurrent.")
    newer_noncurrent_versions: Versions | None = Field(
        None, description="Keep so many of the newest noncurrent versions."
    )


S = TypeVar("S", Transition, NoncurrentVersionTransition)


def cooling(steps: Iterable[S]) -> tuple[S, ...] | None:
    """Return transitions in the one order that they have; None where there are none."""
    rank = ranked(COLDER)
    return tuple(sorted(steps, key=lambda step: rank(step.storage_class))) or None


def _in_order(steps: tuple[S, ...] | None) -> tuple[S, ...] | None:
    names = [step.storage_class for step in steps or ()]
    if len(set(names)) < len(names):
        raise ValueError(_TWICE)
    return cooling(steps or ())


class LifecycleRule(ApiModel):
    """What becomes of the objects that the filter lets through: prefix, tags and sizes, all of them."""

    # The API server runs them where required fields are missing, too: one that fails to run is not forgiven.
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.transitions) && size(self.transitions) > 0) || has(self.expiration) || "
            "(has(self.noncurrentVersionTransitions) && size(self.noncurrentVersionTransitions) > 0) || "
            "has(self.noncurrentVersionExpiration) || has(self.abortIncompleteUploadsAfterDays)",
            _IDLE,
        ),
        Rule(
            "!has(self.objectSizeGreaterThan) || !has(self.objectSizeLessThan) || "
            "self.objectSizeGreaterThan < self.objectSizeLessThan",
            _SIZES,
            ".objectSizeGreaterThan",
        ),
        Rule(
            "!has(self.tags) || size(self.tags) == 0 || !has(self.expiration) || "
            "!has(self.expiration.expiredObjectDeleteMarker) || !self.expiration.expiredObjectDeleteMarker",
            _MARKERS_HAVE_NO_TAGS,
            ".expiration",
        ),
        Rule(
            "!has(self.tags) || size(self.tags) == 0 || !has(self.abortIncompleteUploadsAfterDays)",
            _UPLOADS_HAVE_NO_TAGS,
            ".abortIncompleteUploadsAfterDays",
        ),
        Rule(
            "!((has(self.transitions) && self.transitions.exists(t, has(t.days))) || "
            "(has(self.expiration) && has(self.expiration.days))) || "
            "!((has(self.transitions) && self.transitions.exists(t, has(t.date))) || "
            "(has(self.expiration) && has(self.expiration.date)))",
            _MIXED,
        ),
        Rule(
            "!has(self.transitions) || self.transitions.all(a, self.transitions.all(b, "
            f"{_NOT_COLDER} || ((!has(a.days) || !has(b.days) || a.days < b.days) && "
            "(!has(a.date) || !has(b.date) || a.date < b.date))))",
            _ORDER,
            ".transitions",
        ),
        Rule(
            "!has(self.transitions) || !has(self.expiration) || self.transitions.all(t, "
            "(!has(t.days) || !has(self.expiration.days) || t.days < self.expiration.days) && "
            "(!has(t.date) || !has(self.expiration.date) || t.date < self.expiration.date))",
            _END,
            ".expiration",
        ),
        Rule(
            "!has(self.noncurrentVersionTransitions) || self.noncurrentVersionTransitions.all(a, "
            f"self.noncurrentVersionTransitions.all(b, {_NOT_COLDER} || "
            "!has(a.noncurrentDays) || !has(b.noncurrentDays) || a.noncurrentDays < b.noncurrentDays))",
            _OLD_ORDER,
            ".noncurrentVersionTransitions",
        ),
        Rule(
            "!has(self.noncurrentVersionTransitions) || !has(self.noncurrentVersionExpiration) || "
            "!has(self.noncurrentVersionExpiration.noncurrentDays) || "
            "self.noncurrentVersionTransitions.all(t, !has(t.noncurrentDays) || "
            "t.noncurrentDays < self.noncurrentVersionExpiration.noncurrentDays)",
            _OLD_END,
            ".noncurrentVersionExpiration",
        ),
    )

    id: str = Field(min_length=1, max_length=255, description="The name of the rule, unique in the bucket.")
    enabled: bool = Field(True, description="Whether S3 acts by the rule.")
    prefix: Annotated[str | None, BeforeValidator(none_for_empty)] = Field(
        None, max_length=1024, description="For keys that begin like this. Silent: for all keys."
    )
    tags: Annotated[Mapping[TagKey, TagValue] | None, BeforeValidator(none_for_empty)] = Field(
        None, max_length=10, description="For objects that have all of these tags."
    )
    object_size_greater_than: int | None = Field(
        None, ge=1, le=_LARGEST, description="For objects of more than so many bytes."
    )
    object_size_less_than: int | None = Field(
        None, ge=2, le=_LARGEST, description="For objects of less than so many bytes."
    )
    transitions: Annotated[
        tuple[Transition, ...] | None, BeforeValidator(none_for_empty), AfterValidator(_in_order)
    ] = Field(
        None, max_length=6, json_schema_extra=_BY_CLASS, description="Move current versions; colder, later."
    )
    expiration: Expiration | None = Field(None, description="Expire current versions, or delete markers.")
    noncurrent_version_transitions: Annotated[
        tuple[NoncurrentVersionTransition, ...] | None,
        BeforeValidator(none_for_empty),
        AfterValidator(_in_order),
    ] = Field(
        None,
        max_length=6,
        json_schema_extra=_BY_CLASS,
        description="Move noncurrent versions; colder, later.",
    )
    noncurrent_version_expiration: NoncurrentVersionExpiration | None = Field(
        None, description="Delete noncurrent versions."
    )
    abort_incomplete_uploads_after_days: SomeDays | None = Field(
        None, description="Abort multipart uploads that are unfinished so many days after they began."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for check, message in _CHECKS:
            checked(self, check(self), message)
        return self


def _does_something(rule: LifecycleRule) -> bool:
    return any(
        each is not None
        for each in (
            rule.transitions,
            rule.expiration,
            rule.noncurrent_version_transitions,
            rule.noncurrent_version_expiration,
            rule.abort_incomplete_uploads_after_days,
        )
    )


def _has_room_for_sizes(rule: LifecycleRule) -> bool:
    least, most = rule.object_size_greater_than, rule.object_size_less_than
    return least is None or most is None or least < most


def _leaves_tagged_markers(rule: LifecycleRule) -> bool:
    return not (rule.tags and rule.expiration and rule.expiration.expired_object_delete_marker)


def _leaves_tagged_uploads(rule: LifecycleRule) -> bool:
    return not (rule.tags and rule.abort_incomplete_uploads_after_days is not None)


def _counts_in_one_way(rule: LifecycleRule) -> bool:
    times: list[Transition | Expiration] = [*(rule.transitions or ())]
    times += [rule.expiration] if rule.expiration else []
    return not (any(t.days is not None for t in times) and any(t.date is not None for t in times))


def _cools_down(rule: LifecycleRule) -> bool:
    # All of them count in the same way: that was checked before.
    return _rise(step.date if step.days is None else step.days for step in rule.transitions or ())


def _expires_last(rule: LifecycleRule) -> bool:
    steps, end = rule.transitions or (), rule.expiration
    return end is None or all(
        (step.days is None or end.days is None or step.days < end.days)
        and (step.date is None or end.date is None or step.date < end.date)
        for step in steps
    )


def _old_ones_cool_down(rule: LifecycleRule) -> bool:
    return _rise(step.noncurrent_days for step in rule.noncurrent_version_transitions or ())


def _old_ones_expire_last(rule: LifecycleRule) -> bool:
    end = rule.noncurrent_version_expiration
    steps = rule.noncurrent_version_transitions or ()
    return end is None or all(step.noncurrent_days < end.noncurrent_days for step in steps)


def _rise(times: Iterable[Any]) -> bool:
    """Say whether each, in canonical order, is later than the one before it."""
    known = list(times)
    return all(earlier < later for earlier, later in pairwise(known))


_CHECKS: tuple[tuple[Callable[[LifecycleRule], bool], str], ...] = (
    (_does_something, _IDLE),
    (_has_room_for_sizes, _SIZES),
    (_leaves_tagged_markers, _MARKERS_HAVE_NO_TAGS),
    (_leaves_tagged_uploads, _UPLOADS_HAVE_NO_TAGS),
    (_counts_in_one_way, _MIXED),
    (_cools_down, _ORDER),
    (_expires_last, _END),
    (_old_ones_cool_down, _OLD_ORDER),
    (_old_ones_expire_last, _OLD_END),
)
