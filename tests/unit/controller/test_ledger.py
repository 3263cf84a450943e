"""The ledger of cloud resources: what an outage, and what an error, make of a part that was ready."""

import pytest

from headrace.controller.ledger import parts_after
from headrace.engine.errors import CloudError, Conflict, Denied, Pending, Throttled, Unavailable
from headrace.engine.graph import Node, Settled
from headrace.kinds.common import Part
from tests.unit.engine.fakes import ME, THING, Home

NODE = Node("policy", THING, id="P1", region="here", presence=Home(owner=ME))


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("error", [Throttled("."), Unavailable("."), Conflict(".")])
def test_an_outage_does_not_change_whether_a_part_is_ready(error: CloudError, ready: bool) -> None:
    known = {"policy": Part("policy", "fake/thing", "P1", ready)}
    (part,) = parts_after(known, [Settled(NODE, None, id="P1", error=error)], (), ())
    assert (part.id, part.ready) == ("P1", ready)


@pytest.mark.parametrize("error", [Denied("."), Pending(".")])
def test_a_part_that_is_not_as_it_should_be_is_not_ready(error: CloudError) -> None:
    known = {"policy": Part("policy", "fake/thing", "P1", ready=True)}
    (part,) = parts_after(known, [Settled(NODE, None, id="P1", error=error)], (), ())
    assert not part.ready


def test_a_part_of_which_nothing_was_known_is_not_ready_in_an_outage() -> None:
    (part,) = parts_after({}, [Settled(NODE, None, error=Unavailable("."))], (), ())
    assert not part.ready
