"""How a status gets to the API server, whatever becomes of the object meanwhile."""

import pytest

from headrace.controller.api import Object, Stale
from headrace.controller.consequences import Next
from headrace.engine.errors import Pending
from headrace.kinds.definition import FINALIZER
from tests.unit.controller.objects import REF, asked, condition
from tests.unit.controller.world import SPEC, World
from tests.unit.engine.fakes import Color


def test_a_status_is_written_over_a_change_with_the_generation_that_was_looked_at(world: World) -> None:
    world.api.create(SPEC)
    world.api.before["status"] = lambda: world.api.edit({**SPEC, "color": {"shade": "green"}})
    outcome = world.look()

    assert world.api.log == ["patch", "status", "get", "status"]
    assert world.api.read().generation == 2
    assert world.status()["observedGeneration"] == 1
    assert condition(world.status(), "Ready")["observedGeneration"] == 1
    assert outcome.obj == world.api.read()


def test_what_others_wrote_into_the_status_meanwhile_is_gone(ready: World) -> None:
    read = ready.api.annotate(asked("noon"))
    stray = {**read.status, "stray": "value", "doors": {**read.status["doors"], "cellar": "open"}}

    def stir() -> None:
        patch = {"metadata": {"resourceVersion": read.version, "uid": read.uid}, "status": stray}
        ready.api.patch_status(REF, patch)

    ready.api.before["status"] = stir
    ready.reconciler(read)

    assert "stray" not in ready.status()
    assert "cellar" not in ready.status()["doors"]


def test_the_status_of_a_namesake_is_left_alone(world: World) -> None:
    world.api.create(SPEC)
    world.api.before["status"] = world.api.replace
    outcome = world.look()

    assert (outcome.obj, outcome.result) == (None, "deleted")
    assert world.status() == {"observedGeneration": -1}
    assert world.recorder.told == []


def test_the_status_of_what_is_gone_is_not_written(world: World) -> None:
    world.api.create(SPEC)

    def vanish() -> None:
        world.api.set_finalizers([])
        world.api.delete()

    world.api.before["status"] = vanish
    outcome = world.look()

    assert (outcome.obj, outcome.result) == (None, "deleted")


def test_it_gives_up_on_an_object_that_changes_all_the_time(world: World) -> None:
    world.api.create(SPEC)
    world.api.errors["status"] = Stale("has changed meanwhile")

    with pytest.raises(Stale, match="Thing shop/media changes all the time; its status could not be written"):
        world.look()

    assert world.api.log.count("status") == 5


def test_the_status_is_guarded_by_version_and_uid(world: World) -> None:
    created = world.api.create(SPEC, finalizers=[FINALIZER])
    world.look()

    assert world.api.patches[0]["metadata"] == {"resourceVersion": created.version, "uid": created.uid}


def test_a_pass_is_about_what_it_was_given_and_not_about_what_is_there_by_now(world: World) -> None:
    read = world.api.create({**SPEC, "mode": "Observe"})
    world.api.edit({**SPEC, "color": {"shade": "green"}, "mode": "Observe"})
    outcome = world.reconciler(read)

    assert isinstance(outcome.obj, Object)
    assert outcome.obj.generation == 2
    assert outcome.obj.status["observedGeneration"] == 1


def test_pending_changes_do_not_forget_what_is_known(ready: World) -> None:
    ready.thing.there["color"] = Color(shade="pink")
    ready.thing.lost.add("write color")
    outcome = ready.look()

    assert outcome.next is Next.BACKOFF
    assert outcome.seen is not None
    assert [type(error) for error in outcome.seen.errors] == [Pending]
    assert ready.status()["driftCount"] == 1
    assert ready.status()["appliedGeneration"] == 1
