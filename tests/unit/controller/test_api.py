from typing import Any

import pytest

from headrace.controller.api import Object
from headrace.kinds.definition import CONSENT, FINALIZER, ObjectRef
from tests.unit.controller.objects import asked, body, deleting, obj, ready

SPEC = {"color": {"shade": "red"}}


def test_an_object_has_names_for_what_the_controller_looks_at() -> None:
    seen = obj(version=7, uid="u", generation=3, spec=SPEC, status=ready(3), annotations=asked("now"))

    assert seen.ref == ObjectRef("Thing", "shop", "media")
    assert str(seen.ref) == "Thing shop/media"
    assert (seen.uid, seen.version, seen.generation) == ("u", "7", 3)
    assert (seen.spec, seen.status) == (SPEC, ready(3))
    assert seen.requested_at == "now"
    assert not seen.deleting
    assert not seen.held
    assert seen.finalizers == []


def test_what_an_object_does_not_have_reads_as_empty() -> None:
    bare = Object({"kind": "Thing", "metadata": {"name": "media", "uid": "u", "resourceVersion": "1"}})

    assert (bare.spec, bare.status, bare.finalizers, bare.generation) == ({}, {}, [], 0)
    assert bare.requested_at is None
    assert bare.ref.namespace == ""


@pytest.mark.parametrize("empty", [{"annotations": None}, {"annotations": {}}, {"annotations": {"a": "b"}}])
def test_nobody_asks_for_a_look_without_the_annotation(empty: dict[str, Any]) -> None:
    assert obj(**empty).requested_at is None


def test_an_object_is_held_by_our_finalizer_and_by_no_other() -> None:
    assert obj(finalizers=["example.com/theirs", FINALIZER]).held
    assert not obj(finalizers=["example.com/theirs"]).held


def test_an_object_is_deleting_once_somebody_asked_for_it() -> None:
    assert obj(**deleting()).deleting


BEFORE: dict[str, Any] = {"generation": 2, "spec": SPEC, "status": ready(2), "finalizers": [FINALIZER]}


@pytest.mark.parametrize(
    "changed",
    [
        {"uid": "another"},
        {"generation": 3},
        deleting(),
        {"finalizers": []},
        {"finalizers": [FINALIZER, "example.com/theirs"]},
        {"annotations": asked("now")},
        {"annotations": {CONSENT: "news"}},
        {"status": ready(1)},
        {"status": {}},
    ],
)
def test_what_makes_a_new_look_necessary_changes_the_fingerprint(changed: dict[str, Any]) -> None:
    assert obj(**{**BEFORE, **changed}).fingerprint() != obj(**BEFORE).fingerprint()


@pytest.mark.parametrize(
    "changed", [{"version": 9}, {"labels": {"team": "shop"}}, {"annotations": {"example.com/note": "x"}}]
)
def test_what_is_none_of_our_business_does_not(changed: dict[str, Any]) -> None:
    assert obj(**{**BEFORE, **changed}).fingerprint() == obj(**BEFORE).fingerprint()


def test_an_object_is_a_view_and_keeps_what_it_was_made_of() -> None:
    whole = body(labels={"team": "shop"})

    assert Object(whole).body is whole
