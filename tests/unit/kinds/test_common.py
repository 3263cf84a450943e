from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.engine.errors import Invalid
from headrace.kinds.common import CommonSpec, seconds
from headrace.kinds.definition import API_VERSION, FINALIZER, REQUESTED_AT, ObjectRef, invalid, read_spec
from headrace.kinds.registry import KINDS
from tests.unit.controller.cloud import ThingSpec


def refused(spec: Mapping[str, Any]) -> str:
    """Return the sentence with which a spec is refused."""
    with pytest.raises(Invalid) as error:
        read_spec(ThingSpec, spec)
    return str(error.value)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("30s", 30),
        ("0s", 0),
        ("90m", 5400),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1h30m15s", 5415),
        ("2h5s", 7205),
        ("99999h", 359_996_400),
        ("007m", 420),
    ],
)
def test_an_interval_is_read_in_seconds(interval: str, expected: int) -> None:
    assert seconds(interval) == expected


@pytest.mark.parametrize(
    "interval", ["", "1", "h", "1d", "1 h", " 1h", "-1h", "1.5h", "1m1h", "1h1h", "1H", "1ms", "one hour"]
)
def test_what_is_no_interval_is_told_with_what_would_be_one(interval: str) -> None:
    with pytest.raises(ValueError) as error:
        seconds(interval)

    assert str(error.value) == f"{interval!r} is no interval: write it like 1h, 30m or 1h30m"


def test_silence_means_the_careful_choice() -> None:
    spec = read_spec(CommonSpec, {})

    assert (spec.mode, spec.drift_policy, spec.defaults) == ("Manage", "Correct", "Secure")
    assert spec.deletion_policy == "Retain", "nothing is deleted that nobody said to delete"
    assert (spec.region, spec.resync_interval) == (None, "1h")


def test_a_spec_is_frozen() -> None:
    spec = read_spec(CommonSpec, {})

    with pytest.raises(ValidationError):
        setattr(spec, "mode", "Observe")  # noqa: B010 - the type checker knows that it is frozen, too


@pytest.mark.parametrize("interval", ["29s", "0h", "0m29s"])
def test_a_resync_comes_not_more_often_than_every_thirty_seconds(interval: str) -> None:
    sentence = refused({"resyncInterval": interval})

    assert sentence == "spec.resyncInterval: resyncInterval is at least 30s"


def test_a_sentence_names_the_field_as_the_user_wrote_it() -> None:
    assert refused({"deletionPolicy": "Drop"}) == "spec.deletionPolicy: Input should be 'Retain' or 'Delete'"
    assert refused({"color": {"depth": 99}}) == "spec.color.depth: Input should be less than or equal to 9"


def test_what_the_spec_does_not_know_is_refused() -> None:
    assert refused({"colour": {}}) == "spec.colour: Extra inputs are not permitted"
    assert refused({"color": {"hue": 1}}) == "spec.color.hue: Extra inputs are not permitted"


def test_a_map_is_named_as_the_map_itself() -> None:
    assert refused({"labels": {"team": 7}}) == "spec.labels.team: Input should be a valid string"
    assert refused({"labels": "team"}) == "spec.labels: Input should be a valid dictionary"


def test_an_entry_of_a_list_is_named_by_its_place() -> None:
    sentence = refused({"lock": {"keys": ["a", 7, "c"]}})

    assert sentence == "spec.lock.keys[1]: Input should be a valid string"


def test_many_mistakes_are_one_sentence_in_the_same_order_every_time() -> None:
    one = {"zeal": 1, "mode": "x", "color": {"depth": 99}}
    other = dict(reversed(one.items()))

    assert refused(one) == refused(other)
    assert [part.split(":")[0] for part in refused(one).split("; ")] == [
        "spec.color.depth",
        "spec.mode",
        "spec.zeal",
    ]


def test_the_prefix_says_what_was_read() -> None:
    with pytest.raises(ValidationError) as error:
        CommonSpec.model_validate({"mode": "x"})

    assert str(invalid(error.value, "preset")).startswith("preset.mode: ")


def test_an_object_is_written_as_kubectl_does() -> None:
    assert str(ObjectRef("AcceleratedBucket", "shop", "media")) == "AcceleratedBucket shop/media"


def test_names_in_the_api_are_those_that_are_promised() -> None:
    assert (API_VERSION, FINALIZER, REQUESTED_AT) == (
        "headrace.io/v1alpha1",
        "headrace.io/finalizer",
        "headrace.io/reconcile-requested-at",
    )


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_registered_by_its_name_and_has_the_fields_of_all(name: str) -> None:
    kind = KINDS[name]

    assert kind.name == name
    assert kind.plural == kind.plural.lower()
    assert issubclass(kind.spec, CommonSpec)
    assert CommonSpec.model_fields.keys() <= kind.spec.model_fields.keys()
    assert kind.resources, "it stands for something"


def test_no_two_kinds_answer_to_one_name() -> None:
    names = [name for kind in KINDS.values() for name in (kind.name.lower(), kind.plural, *kind.short_names)]

    assert len(names) == len(set(names))
