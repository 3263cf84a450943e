"""The end of a distribution: disabled, deployed, deleted, then its parts; each step is told."""

from pathlib import Path

import pytest

from sandbox.world import Object, World, condition
from tests.e2e.distributions import SECONDS, Site, origin
from tests.e2e.history import History

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def told(obj: Object) -> tuple[str, str]:
    ready = condition(obj, "Ready")
    return ready.get("reason", ""), ready.get("message", "")


def test_it_is_disabled_then_waited_for_then_deleted_and_its_access_control_last(
    site: Site, tmp_path: Path
) -> None:
    site.filled()
    obj = site.made()
    number, control = obj["status"]["id"], site.control(obj)
    site.aws.deployment(60)
    site.mark()
    begun = f"distribution {number} was disabled, to be deleted once all edges know it."
    waits = f"distribution {number} was disabled and is to be deleted: edges get to know it, since "
    with History(site.objects, tmp_path, "site") as history:
        site.objects.delete("site")
        waited = site.objects.until(lambda o: told(o)[1].startswith(waits), "site", "that it is waited for")
        seen, *_ = [state for state in history.states(until=waited) if told(state) == ("Deleting", begun)]
    assert condition(seen, "Reconciling")["status"] == "True"
    assert told(waited)[0] == "Deleting"
    assert site.config(number)["Enabled"] is False
    hold = site.aws.fault(operation="DeleteOriginAccessControl", action="hold", count=1)
    site.aws.deployment(SECONDS)
    site.aws.wait_until_held(hold)
    assert not site.exists(number)
    assert site.has_control(control)
    site.aws.release(hold)
    site.objects.gone("site")
    assert not site.has_control(control)
    assert site.let_in() == []
    assert site.writes() == ["UpdateDistribution", "DeleteDistribution", "DeleteOriginAccessControl"]


def test_what_is_disabled_already_is_deleted_at_once(site: Site) -> None:
    site.filled()
    site.made(enabled=False)
    site.mark()
    site.leave()
    assert site.writes() == ["DeleteDistribution", "DeleteOriginAccessControl"]


def test_what_is_gone_already_holds_nothing_up(site: Site) -> None:
    site.filled()
    obj = site.made()
    site.erased(obj["status"]["id"])
    site.mark()
    site.leave()
    assert site.writes() == ["DeleteOriginAccessControl"]


def test_a_change_of_mind_while_it_is_disabled_retains_it(site: Site) -> None:
    site.filled()
    number = site.made()["status"]["id"]
    site.aws.deployment(60)
    site.objects.delete("site")
    site.objects.until(lambda o: "edges get to know it" in told(o)[1], "site", "that it is waited for")
    site.objects.patch({"spec": {"deletionPolicy": "Retain"}}, "site")
    site.objects.gone("site")
    assert site.exists(number)
    site.aws.deployment(SECONDS)
    assert site.made(origin())["status"]["id"] == number
    assert site.view().body == b"media"


def test_it_goes_in_the_middle_of_its_first_deployment(site: Site) -> None:
    site.filled()
    site.aws.deployment(60)
    site.apply()
    obj = site.objects.until(lambda o: o.get("status", {}).get("id"), "site", "its id")
    site.objects.delete("site")
    site.objects.until(lambda o: "disabled" in told(o)[1], "site", "that it was disabled")
    site.aws.deployment(SECONDS)
    site.objects.gone("site")
    assert not site.exists(obj["status"]["id"])
