"""What the loop counts beside its passes: how long edits take, what is put right, what is denied."""

from collections.abc import Mapping
from typing import Any

from headrace.controller.api import Object
from headrace.controller.outcome import Outcome
from headrace.engine.errors import Context, Denied, Invalid
from tests.unit.controller.objects import REF, body, deleting, ready
from tests.unit.controller.stage import Stage, in_sync, play, written

SLOW = 5.0


def rolling_out(stage: Stage, obj: Object) -> Outcome:
    """A resource that is there after some seconds."""
    if stage.time() < SLOW:
        return Outcome(written(obj, status="False"), 1.0)
    return in_sync(stage, obj)


def denied(*actions: str) -> Any:
    def script(_: Stage, obj: Object) -> Outcome:
        refused = [Denied("no", Context(action=action)) for action in actions]
        errors = (*refused, Invalid("x", Context(action="s3:PutBucketPolicy")))
        return Outcome(written(obj, status="False"), result="stalled", errors=errors)

    return script


def test_an_object_that_is_made_is_timed_until_it_is_ready_and_not_again() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(4000)

    stage = play(rolling_out, scene)
    ((kind, seconds),) = stage.metrics.edits
    assert kind == "Thing"
    assert SLOW <= seconds < SLOW + 2


def test_an_edit_is_timed_from_when_it_came_in() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body(status=ready()))
        await stage.until(100)
        stage.metrics.edits.clear()
        stage.loop.changed(body(version=50, generation=2, status=ready()))
        await stage.until(200)

    assert play(in_sync, scene).metrics.edits == [("Thing", 0.0)]


def test_what_was_there_at_the_start_is_not_timed() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.listed(body())
        await stage.until(100)

    assert play(rolling_out, scene).metrics.edits == []


def test_an_edit_that_follows_another_takes_its_place() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(3)
        stage.loop.changed(body(version=100, generation=2, status=ready(1, status="False")))
        await stage.until(100)

    ((_, seconds),) = play(rolling_out, scene).metrics.edits
    assert SLOW - 3 <= seconds < SLOW - 3 + 2


def test_a_pass_about_the_generation_before_does_not_end_the_time_of_the_next() -> None:
    def script(stage: Stage, obj: Object) -> Outcome:
        if obj.generation == 1:
            # The edit comes while the first pass runs, and the answer to its write has it.
            stage.loop.changed(body(version=20, generation=2))
            return Outcome(Object(body(version=21, generation=2, status=ready(1))))
        return in_sync(stage, obj) if stage.time() >= SLOW else Outcome(obj, 1.0)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(100)

    ((_, seconds),) = play(script, scene).metrics.edits
    assert SLOW <= seconds < SLOW + 2


def test_what_another_replica_made_ready_is_not_counted_twice() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.stop()
        await stage.running
        stage.loop.changed(body())
        stage.loop.changed(body(version=2, status=ready()))
        assert stage.loop._edits.ready(Object(body(version=2, status=ready()))) is None

    assert play(in_sync, scene).metrics.edits == []


def test_a_deletion_is_no_edit() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.listed(body(status=ready()))
        # Kubernetes counts a deletion as a generation; a pass that only waits may say Ready about it.
        stage.loop.changed(body(version=9, generation=2, status=ready(), **deleting()))
        await stage.until(20)

    stage = play(in_sync, scene)
    assert stage.metrics.edits == []
    assert stage.passes


def test_drift_that_was_put_right_is_counted_once() -> None:
    correction: Mapping[str, Any] = {"lastCorrection": {"time": "2026-11-05T10:00:00Z", "fields": ["policy"]}}

    def script(_: Stage, obj: Object) -> Outcome:
        told: Mapping[str, Any] = obj.status if "lastCorrection" in obj.status else ready(**correction)
        return Outcome(obj if told is obj.status else written(obj, **correction), 1.0)

    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(10)

    stage = play(script, scene)
    assert stage.metrics.corrections == {"Thing": 1}
    assert len(stage.passes) > 5


def test_actions_that_were_denied_are_told_and_other_errors_are_not() -> None:
    async def scene(stage: Stage) -> None:
        stage.loop.changed(body())
        await stage.until(1)

    stage = play(denied("s3:ListBucket", "kms:GetKeyPolicy"), scene)
    assert stage.metrics.denials == {"s3:ListBucket": 1, "kms:GetKeyPolicy": 1}
    assert REF in stage.metrics.states
