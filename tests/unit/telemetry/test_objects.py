import gc
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from headrace.kinds.definition import ObjectRef
from headrace.telemetry.catalogue import MOST_FIELDS
from headrace.telemetry.objects import STATES, Objects, Sight

A, B = ObjectRef("Thing", "shop", "a"), ObjectRef("Thing", "shop", "b")
OTHER = ObjectRef("Other", "", "a")


class Shown:
    """Objects, and what is scraped of them."""

    def __init__(self, *kinds: str, each: bool = True) -> None:
        self.registry = CollectorRegistry()
        self.objects = Objects(kinds, each=each)
        self.registry.register(self.objects)
        self.put, self.drop = self.objects.put, self.objects.drop

    def value(self, metric: str, /, **labels: str) -> float | None:
        return self.registry.get_sample_value(metric, labels)

    def states(self, kind: str = "Thing") -> Mapping[str, float]:
        """Return how many objects of this kind are in which state."""
        counts = {state: self.value("headrace_objects", kind=kind, state=state) for state in STATES}
        return {state: count for state, count in counts.items() if count}

    def differing(self, kind: str = "Thing") -> Mapping[str, float]:
        """Return in how many objects of this kind each field differs."""
        families = [each for each in self.registry.collect() if each.name == "headrace_drifted_fields"]
        samples = [s for family in families for s in family.samples if s.labels["kind"] == kind]
        return {sample.labels["field"]: sample.value for sample in samples}


@pytest.fixture
def shown() -> Shown:
    return Shown()


def test_objects_are_counted_by_the_last_that_was_heard_of_them(shown: Shown) -> None:
    shown.put(A, Sight("progressing"))
    shown.put(B, Sight("stalled"))
    shown.put(A, Sight("ready", drifted=2))
    shown.put(OTHER, Sight("ready"))

    assert shown.states() == {"ready": 1, "stalled": 1}
    assert shown.states("Other") == {"ready": 1}
    assert shown.value("headrace_drifted_objects", kind="Thing") == 1
    assert not shown.value("headrace_drifted_objects", kind="Other")


def test_a_kind_without_objects_is_counted_with_zeros() -> None:
    shown = Shown("Thing")
    everything = {state: shown.value("headrace_objects", kind="Thing", state=state) for state in STATES}

    assert everything == dict.fromkeys(STATES, 0)
    assert shown.value("headrace_drifted_objects", kind="Thing") == 0


def test_a_state_that_no_object_is_in_any_more_is_zero(shown: Shown) -> None:
    shown.put(A, Sight("stalled", drifted=1))
    shown.put(A, Sight("ready"))

    assert shown.value("headrace_objects", kind="Thing", state="stalled") == 0
    assert shown.value("headrace_drifted_objects", kind="Thing") == 0


def test_what_is_gone_counts_no_more(shown: Shown) -> None:
    shown.put(A, Sight("ready", drifted=1, fields=("policy",)))
    shown.put(B, Sight("ready"))
    shown.drop(A)
    shown.drop(OTHER)

    assert shown.states() == {"ready": 1}
    assert not shown.value("headrace_drifted_objects", kind="Thing")
    assert shown.differing() == {"policy": 0}
    assert b'name="a"' not in generate_latest(shown.registry)


# Fields


def test_a_field_counts_once_an_object_whatever_users_call_its_items(shown: Shown) -> None:
    shown.put(A, Sight("ready", "Drifted", 3, ("tags[team]", "tags[cost]", "lifecycle.rules[tidy].prefix")))
    shown.put(B, Sight("ready", "Drifted", 1, ("lifecycle.rules[cool].prefix",)))

    assert shown.differing() == {"tags": 1, "lifecycle.rules[].prefix": 2}


def test_a_field_that_differs_no_more_stays_with_zero(shown: Shown) -> None:
    shown.put(A, Sight("ready", "Drifted", 1, ("versioning.enabled",)))
    shown.put(A, Sight("ready"))

    assert shown.differing() == {"versioning.enabled": 0}


def test_of_more_fields_than_can_be_told_apart_the_rest_is_other(shown: Shown) -> None:
    for number in range(3 * MOST_FIELDS):
        shown.put(ObjectRef("Thing", "shop", f"{number}"), Sight("ready", drifted=1, fields=(f"f{number}",)))
    shown.put(OTHER, Sight("ready", drifted=1, fields=("policy",)))

    assert len(shown.differing()) == MOST_FIELDS + 1
    assert shown.differing()["other"] == 2 * MOST_FIELDS
    assert shown.differing("Other") == {"policy": 1}, "kinds do not take one another's room"


# Each by itself


def test_each_object_says_how_it_is(shown: Shown) -> None:
    shown.put(A, Sight("stalled", "AccessDenied", 2, ("policy",)))
    about = {"kind": "Thing", "namespace": "shop", "name": "a"}

    assert shown.value("headrace_object_ready", **about) == 0
    assert shown.value("headrace_object_stalled", **about) == 1
    assert shown.value("headrace_object_drifted_fields", **about) == 2
    assert shown.value("headrace_object_reason_info", **about, reason="AccessDenied") == 1


def test_an_object_has_one_reason_and_none_that_we_do_not_give(shown: Shown) -> None:
    shown.put(A, Sight("progressing"))
    shown.put(A, Sight("ready", "InSync"))
    shown.put(B, Sight("ready", "made up"))

    text = generate_latest(shown.registry).decode().splitlines()
    reasons = sorted(line for line in text if line.startswith("headrace_object_reason_info{"))
    about = 'kind="Thing",name="{}",namespace="shop",reason="{}"'
    assert reasons == [
        f"headrace_object_reason_info{{{about.format(*each)}}} 1.0"
        for each in (("a", "InSync"), ("b", "other"))
    ]


def test_switched_off_no_name_of_an_object_is_told() -> None:
    shown = Shown("Thing", each=False)
    shown.put(ObjectRef("Thing", "shop-7", "thing-7"), Sight("ready", "InSync", 1, ("tags[thing-7]",)))

    assert shown.states() == {"ready": 1}
    assert b"-7" not in generate_latest(shown.registry)


def test_series_of_objects_leave_the_garbage_collector_nothing_to_do(shown: Shown) -> None:
    """It would look at all that the process has, and all threads stand still meanwhile."""
    for number in range(2000):
        shown.put(ObjectRef("Thing", "shop", f"{number}"), Sight("ready", "InSync"))
    began = gc.get_stats()[0]["collections"]
    text = generate_latest(shown.registry)

    assert text.count(b"\n") == 8000 + len(STATES) + 1 + 2 * 7
    # Series that are there at once are worth dozens.
    assert gc.get_stats()[0]["collections"] - began < 5
