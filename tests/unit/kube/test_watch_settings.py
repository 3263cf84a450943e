import ast
import itertools
from pathlib import Path
from typing import Any, cast

import kopf
import pytest

import headrace.kube
from headrace.kube.watch import Backoffs, settings
from tests.unit.controller.objects import body


def test_backoffs_grow_are_jittered_and_never_end() -> None:
    waits = list(itertools.islice(Backoffs(), 2000))

    for wait, around in zip(waits, [1, 2, 4, 8, 10, 10, 10], strict=False):
        assert around * 0.75 <= wait <= around * 1.25
    assert all(7.5 <= wait <= 12.5 for wait in waits[4:])
    assert len(set(waits[4:])) > 1900


def test_backoffs_begin_anew_for_each_request() -> None:
    backoffs = Backoffs()
    assert all(next(iter(backoffs)) <= 1.25 for _ in range(5))


def test_kopf_is_told_to_keep_its_hands_off() -> None:
    made = settings()

    assert made.peering.standalone
    assert not made.posting.enabled
    assert made.scanning.disabled
    assert made.queueing.worker_limit is None
    assert made.queueing.idle_timeout <= 1
    assert made.watching.chunk_size == 500
    assert (made.networking.request_timeout, made.networking.connect_timeout) == (30, 5)
    assert isinstance(made.networking.error_backoffs, Backoffs)
    assert made.persistence.finalizer not in {
        "headrace.io/finalizer",
        kopf.OperatorSettings().persistence.finalizer,
    }


def test_kopf_keeps_nothing_on_objects() -> None:
    kept = settings().persistence
    patch, whole = kopf.Patch(), kopf.Body(cast(Any, body()))

    kept.diffbase_storage.store(body=whole, patch=patch, essence=kopf.BodyEssence(spec={}))
    kept.progress_storage.touch(body=whole, patch=patch, value="now")
    kept.progress_storage.purge(body=whole, patch=patch, key=cast(Any, "key"))
    kept.progress_storage.store(body=whole, patch=patch, key=cast(Any, "key"), record=cast(Any, {}))

    assert patch == {}
    assert kept.diffbase_storage.fetch(body=whole) is None
    assert kept.progress_storage.fetch(body=whole, key=cast(Any, "key")) is None
    assert kept.progress_storage.clear(essence=kopf.BodyEssence(spec={"a": 1})) == {"spec": {"a": 1}}


@pytest.mark.parametrize("module", sorted(Path(headrace.kube.__path__[0]).glob("*.py")), ids=lambda p: p.name)
def test_only_what_kopf_promises_to_keep_is_used(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"{node.value.id}.{node.attr}"]
        assert not [name for name in names if name.startswith("kopf.") and "._" in name]
