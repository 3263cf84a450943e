"""What the log says of a pass, and when it says nothing."""

import logging
from contextlib import nullcontext
from typing import Any

import pytest

from headrace.controller.api import ApiError, Gone, Stale
from headrace.controller.lines import error_of, planned
from headrace.engine.errors import Context, Denied, Throttled, Unavailable
from headrace.engine.plan import Change
from headrace.engine.wish import Wish
from tests.unit.controller.objects import REF
from tests.unit.controller.world import World
from tests.unit.engine.fakes import Color, Labels

SPEC = {"color": {"shade": "blue"}}


@pytest.fixture
def ready(world: World) -> World:
    return world.keeping(SPEC)


def about(world: World) -> dict[str, Any]:
    """Return what the only line is about."""
    (line,) = world.log()
    return vars(line)


def test_a_steady_pass_says_nothing_but_to_those_who_debug(
    ready: World, caplog: pytest.LogCaptureFixture
) -> None:
    ready.look()
    assert ready.log() == []
    caplog.set_level(logging.DEBUG, "headrace")
    ready.look()

    assert (about(ready)["levelname"], about(ready)["result"]) == ("DEBUG", "in_sync")
    assert "plan" not in about(ready)


def test_drift_that_is_put_right_is_a_line_with_what_was_found(ready: World) -> None:
    ready.thing.there["color"] = Color(shade="red")
    ready.look()

    said = about(ready)
    assert (said["plan"], said["done"]) == (["~ color.shade: red -> blue (spec)"], ["color"])
    assert (said["object"], said["result"], said["levelname"]) == (REF, "changed", "INFO")


def test_a_failure_is_a_line_with_its_ids_at_each_pass_and_the_status_has_none_of_them(ready: World) -> None:
    context = Context("s3", "PutColor", "AccessDenied", 403, "ABC", "xyz=", "fake:PutColor", "arn:thing")
    ready.thing.there["color"] = Color(shade="red")
    ready.thing.failures["write color"] = Denied("may not fake:PutColor.", context)
    ready.look()

    said = about(ready)
    assert (said["levelname"], said["done"]) == ("WARNING", [])
    assert said["errors"] == [
        {
            "error": "Denied",
            "code": "AccessDenied",
            "operation": "PutColor",
            "action": "fake:PutColor",
            "resource": "arn:thing",
            "request_id": "ABC",
            "host_id": "xyz=",
            "message": "may not fake:PutColor.",
        }
    ]
    assert "ABC" not in str(ready.status())
    assert "xyz=" not in str(ready.status())


@pytest.mark.parametrize("error", [ApiError("nobody is there"), Stale("changed"), Gone("gone")])
def test_what_was_done_is_a_line_though_the_api_server_does_not_take_the_status(
    ready: World, error: ApiError
) -> None:
    """The next pass finds all as it is to be, and would have nothing to tell."""
    ready.thing.there["color"] = Color(shade="red")
    ready.api.errors["status"] = error
    gone = isinstance(error, Gone)
    with nullcontext() if gone else pytest.raises(type(error)):
        ready.look()

    said = about(ready)
    assert (said["plan"], said["done"]) == (["~ color.shade: red -> blue (spec)"], ["color"])
    assert (said["levelname"], said["result"]) == (
        "INFO",
        "deleted" if gone else "api_error",
    )


def test_a_failure_of_aws_is_a_line_though_the_api_server_does_not_take_the_status(ready: World) -> None:
    context = Context("s3", "PutColor", "AccessDenied", 403, "ABC")
    ready.thing.there["color"] = Color(shade="red")
    ready.thing.failures["write color"] = Denied("may not fake:PutColor.", context)
    ready.api.errors["status"] = ApiError("nobody is there")
    with pytest.raises(ApiError):
        ready.look()

    assert [error["request_id"] for error in about(ready)["errors"]] == ["ABC"]


def test_what_was_done_is_a_line_though_a_namesake_is_there_by_now(ready: World) -> None:
    ready.thing.there["color"] = Color(shade="red")
    ready.api.before["status"] = ready.api.replace
    ready.look()

    assert (about(ready)["done"], about(ready)["result"]) == (["color"], "deleted")


def test_what_was_deleted_is_a_line_though_the_finalizer_does_not_go_yet(ready: World) -> None:
    ready.api.edit({**SPEC, "deletionPolicy": "Delete"})
    ready.look()
    ready.api.delete()
    ready.forget()
    ready.api.errors["patch"] = ApiError("nobody is there")
    with pytest.raises(ApiError):
        ready.look()

    assert (about(ready)["message"], about(ready)["done"]) == ("thing media deleted", ["presence"])


def test_where_nothing_was_done_the_line_waits_for_a_status_that_is_taken(world: World) -> None:
    world.api.create({**SPEC, "mode": "Observe"})
    world.api.errors["status"] = ApiError("nobody is there")
    with pytest.raises(ApiError):
        world.look()

    assert world.log() == []


def test_what_is_not_known_of_an_error_is_not_said() -> None:
    assert error_of(Unavailable("nobody answers")) == {"error": "Unavailable", "message": "nobody answers"}
    assert error_of(Throttled("slow", Context(code="SlowDown")))["code"] == "SlowDown"


def test_a_plan_that_is_long_is_cut_and_so_is_each_of_its_lines() -> None:
    after = Labels.model_construct(entries={f"k{number:03}": "v" * 5000 for number in range(70)})
    lines = planned([Change("labels", Labels(), after, Wish(after))])

    assert len(lines) == 51
    assert all(len(line) <= 1024 for line in lines)
    assert lines[-1] == "and 20 more"
