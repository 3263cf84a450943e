"""What the log says of a pass, and when it says nothing."""

import logging
from typing import Any

import pytest

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
    world.api.create(SPEC)
    world.look()
    world.forget()
    return world


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


def test_what_is_not_known_of_an_error_is_not_said() -> None:
    assert error_of(Unavailable("nobody answers")) == {"error": "Unavailable", "message": "nobody answers"}
    assert error_of(Throttled("slow", Context(code="SlowDown")))["code"] == "SlowDown"


def test_a_plan_that_is_long_is_cut_and_so_is_each_of_its_lines() -> None:
    after = Labels.model_construct(entries={f"k{number:03}": "v" * 5000 for number in range(70)})
    lines = planned([Change("labels", Labels(), after, Wish(after))])

    assert len(lines) == 51
    assert all(len(line) <= 1024 for line in lines)
    assert lines[-1] == "and 20 more"
