"""The bucket's lifecycle: what S3 does with objects, versions and uploads as they grow old."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from headrace.aws.target import Target, absent_on
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.models import by_key, each_once
from headrace.resources.s3.bucket._common import whose
from headrace.resources.s3.bucket._lifecycle_rule import (
    Expiration,
    LifecycleRule,
    NoncurrentVersionExpiration,
    NoncurrentVersionTransition,
    Transition,
    cooling,
)

_MOST = 1000
_SAME_ID = "each rule has an id of its own"


class Lifecycle(Slice):
    """Rules by which S3 moves objects to other storage classes and deletes them. No rules: none must be."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset({"transition_default_minimum_object_size"})
    keyed_lists: ClassVar[Mapping[str, str]] = {"rules": "id"}

    # Where several fit an object, S3 decides by what they do, not by their order.
    rules_: Annotated[tuple[LifecycleRule, ...], AfterValidator(each_once("id", _SAME_ID))] = Field(
        (),
        alias="rules",
        max_length=_MOST,
        description="The rules, by their id. Rules that are not named here are removed.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]},
    )
    transition_default_minimum_object_size: (
        Literal["all_storage_classes_128K", "varies_by_storage_class"] | None
    ) = Field(
        None,
        description=(
            "Which small objects are not moved, where a rule says nothing of sizes. Silent: what is there, "
            "which for new configurations is all_storage_classes_128K."
        ),
    )

    def is_empty(self) -> bool:
        """Without rules there is no configuration."""
        return not self.rules_


class LifecycleFacet(Facet[Lifecycle, Target]):
    """S3 takes and gives the configuration as a whole."""

    name = "lifecycle"
    slice = Lifecycle
    initial = ABSENT
    permissions = Permissions(
        read=frozenset({"s3:GetLifecycleConfiguration"}), write=frozenset({"s3:PutLifecycleConfiguration"})
    )

    def observe(self, target: Target) -> Lifecycle | Missing:
        """Read all rules."""
        with absent_on("NoSuchLifecycleConfiguration"):
            answer = target.s3.get_bucket_lifecycle_configuration(**whose(target))
            size = answer.get("TransitionDefaultMinimumObjectSize")
            values: dict[str, Any] = {
                "rules_": by_key(map(_from_s3, answer.get("Rules", [])), "id"),
                "transition_default_minimum_object_size": size,
            }
            # Unchecked, like all that is read here: others may have written more than spec may say.
            return Lifecycle.model_construct(**values)
        return ABSENT

    def apply(self, target: Target, after: Lifecycle, before: Lifecycle | Missing) -> None:
        """Replace all rules."""
        configuration: Any = {"Rules": [_to_s3(rule) for rule in after.rules_]}
        size: Any = after.transition_default_minimum_object_size
        more = {} if size is None else {"TransitionDefaultMinimumObjectSize": size}
        target.s3.put_bucket_lifecycle_configuration(
            **whose(target), LifecycleConfiguration=configuration, **more
        )

    def remove(self, target: Target, before: Lifecycle) -> None:
        """Delete the configuration."""
        target.s3.delete_bucket_lifecycle(**whose(target))


# From S3


def _from_s3(told: Mapping[str, Any]) -> LifecycleRule:
    """Read a rule, be its filter one condition, several, or a prefix in the old place."""
    of_one = told.get("Filter", {})
    of_all = of_one.get("And", of_one)
    tags = of_all.get("Tags", [of_all["Tag"]] if "Tag" in of_all else [])
    least = of_all.get("ObjectSizeGreaterThan")
    ends = told.get("NoncurrentVersionExpiration")
    values: dict[str, Any] = {
        "id": told.get("ID", ""),
        "enabled": told.get("Status") == "Enabled",
        "prefix": of_all.get("Prefix") or told.get("Prefix") or None,
        "tags": {tag["Key"]: tag.get("Value", "") for tag in tags} or None,
        # Among several conditions S3 tells 0 where nothing was said of it.
        "object_size_greater_than": least or None if "And" in of_one else least,
        "object_size_less_than": of_all.get("ObjectSizeLessThan") or None,
        "transitions": cooling(_transition(each) for each in told.get("Transitions", [])),
        "expiration": _expiration(told.get("Expiration", {})),
        "noncurrent_version_transitions": cooling(
            _old_transition(each) for each in told.get("NoncurrentVersionTransitions", [])
        ),
        "noncurrent_version_expiration": None if ends is None else _old_expiration(ends),
        "abort_incomplete_uploads_after_days": told.get("AbortIncompleteMultipartUpload", {}).get(
            "DaysAfterInitiation"
        ),
    }
    return LifecycleRule.model_construct(**values)


def _transition(told: Mapping[str, Any]) -> Transition:
    values: dict[str, Any] = {**_time(told), "storage_class": told.get("StorageClass", "")}
    return Transition.model_construct(**values)


def _old_transition(told: Mapping[str, Any]) -> NoncurrentVersionTransition:
    values: dict[str, Any] = {**_age(told), "storage_class": told.get("StorageClass", "")}
    return NoncurrentVersionTransition.model_construct(**values)


def _expiration(told: Mapping[str, Any]) -> Expiration | None:
    values = {
        **_time(told),
        "expired_object_delete_marker": told.get("ExpiredObjectDeleteMarker") or None,
    }
    return Expiration.model_construct(**values) if any(v is not None for v in values.values()) else None


def _old_expiration(told: Mapping[str, Any]) -> NoncurrentVersionExpiration:
    return NoncurrentVersionExpiration.model_construct(**_age(told))


def _time(told: Mapping[str, Any]) -> dict[str, Any]:
    at = told.get("Date")
    return {"days": told.get("Days"), "date": at and at.astimezone(UTC).date().isoformat()}


def _age(told: Mapping[str, Any]) -> dict[str, Any]:
    newer = told.get("NewerNoncurrentVersions")
    return {"noncurrent_days": told.get("NoncurrentDays"), "newer_noncurrent_versions": newer or None}


# To S3


def _to_s3(rule: LifecycleRule) -> dict[str, Any]:
    days = rule.abort_incomplete_uploads_after_days
    return _said(
        ID=rule.id,
        Status="Enabled" if rule.enabled else "Disabled",
        Filter=_filter(rule),
        Transitions=[_step(each) for each in rule.transitions or ()] or None,
        Expiration=rule.expiration and _end(rule.expiration),
        NoncurrentVersionTransitions=[_old_step(each) for each in rule.noncurrent_version_transitions or ()]
        or None,
        NoncurrentVersionExpiration=rule.noncurrent_version_expiration
        and _aged(rule.noncurrent_version_expiration),
        AbortIncompleteMultipartUpload=None if days is None else {"DaysAfterInitiation": days},
    )


def _filter(rule: LifecycleRule) -> dict[str, Any]:
    """One condition stands by itself, several in And, and none is the prefix of all keys."""
    tags = [{"Key": key, "Value": value} for key, value in sorted((rule.tags or {}).items())]
    others = _said(
        Prefix=rule.prefix,
        ObjectSizeGreaterThan=rule.object_size_greater_than,
        ObjectSizeLessThan=rule.object_size_less_than,
    )
    if len(tags) + len(others) > 1:
        return {"And": others | ({"Tags": tags} if tags else {})}
    return {"Tag": tags[0]} if tags else others or {"Prefix": ""}


def _step(each: Transition) -> dict[str, Any]:
    return _said(Days=each.days, Date=_midnight(each.date), StorageClass=each.storage_class)


def _end(each: Expiration) -> dict[str, Any]:
    return _said(
        Days=each.days,
        Date=_midnight(each.date),
        ExpiredObjectDeleteMarker=each.expired_object_delete_marker,
    )


def _old_step(each: NoncurrentVersionTransition) -> dict[str, Any]:
    return _aged(each) | {"StorageClass": each.storage_class}


def _aged(each: NoncurrentVersionTransition | NoncurrentVersionExpiration) -> dict[str, Any]:
    return _said(NoncurrentDays=each.noncurrent_days, NewerNoncurrentVersions=each.newer_noncurrent_versions)


def _midnight(day: str | None) -> datetime | None:
    return None if day is None else datetime.combine(date.fromisoformat(day), time.min, UTC)


def _said(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
