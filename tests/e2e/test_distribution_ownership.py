"""Whose a distribution is: found again without a status, adopted as it is, and otherwise left alone."""

from typing import Any

import pytest

from headrace.kinds.definition import ADOPT
from sandbox.world import World, condition
from tests.e2e.buckets import OWNER_TAG
from tests.e2e.distributions import Site
from tests.sandbox.cdn import Cdn
from tests.sandbox.cdn import origin as plain_origin

pytestmark = pytest.mark.e2e

SOMEBODY = "elsewhere/Distribution/shop/site"


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def by_hand(site: Site, tags: dict[str, str]) -> str:
    """Make a distribution as somebody with the console does; return its id."""
    cdn, name = Cdn(site.aws), site.buckets.name("legacy")
    made = cdn.create(name, plain_origin(name), Comment="made by hand", PriceClass="PriceClass_200")
    items = [{"Key": key, "Value": value} for key, value in tags.items()]
    if items:
        site.cloudfront.tag_resource(Resource=made["ARN"], Tags={"Items": items})
    site.deployed(made["Id"])
    return str(made["Id"])


def adopting(number: str, **more: Any) -> dict[str, Any]:
    """Return a spec that adopts a distribution and says next to nothing of it."""
    return {"distributionID": number, "defaults": "None", **more}


def test_an_adopted_distribution_keeps_all_of_which_nothing_is_said(site: Site) -> None:
    number = by_hand(site, {"team": "legacy"})
    before = site.config(number)
    site.mark()
    site.objects.apply(adopting(number, adoption="IfExists", comment="ours"), "site")
    obj = site.objects.ready("site")
    assert (obj["status"]["id"], obj["status"]["state"]) == (number, "Deployed")
    assert site.config(number) == {**before, "Comment": "ours"}
    assert site.config(number)["CallerReference"] == before["CallerReference"]
    assert site.tags(number)["team"] == "legacy"
    assert site.tags(number)[OWNER_TAG].endswith(f"/Distribution/{site.objects.namespace}/site")
    assert sorted(site.writes()) == ["TagResource", "UpdateDistribution"]


def test_nobody_s_distribution_is_taken_over_once_the_annotation_says_so(site: Site) -> None:
    number = by_hand(site, {})
    site.objects.apply(adopting(number, comment="ours"), "site")
    obj = site.objects.stalled("NotOurs", "site")
    assert condition(obj, "Ready")["message"] == (
        f"distribution {number} exists and was not made by Headrace; it is left alone. Take it over with "
        'adoption: IfExists, or the annotation headrace.io/adopt: "true".'
    )
    assert site.writes() == []
    site.objects.annotate("site", ADOPT, "true")
    site.objects.ready("site")
    assert site.tags(number)[OWNER_TAG].endswith(f"/Distribution/{site.objects.namespace}/site")
    assert site.config(number)["Comment"] == "ours"


def test_a_distribution_of_another_object_is_left_alone(site: Site) -> None:
    number = by_hand(site, {OWNER_TAG: SOMEBODY})
    before = site.config(number)
    site.mark()
    site.objects.apply(adopting(number, adoption="IfExists", comment="ours", deletionPolicy="Delete"), "site")
    obj = site.objects.stalled("NotOurs", "site")
    assert (
        f"distribution {number} belongs to {SOMEBODY}; it is left alone. Its owner must let go of it first."
        in condition(obj, "Ready")["message"]
    )
    assert site.writes() == []
    site.leave()
    assert site.writes() == []
    assert site.config(number) == before


def test_a_distribution_to_adopt_that_is_not_there_is_not_made(site: Site) -> None:
    site.mark()
    site.objects.apply(adopting("E123456789ABCD", adoption="IfExists"), "site")
    obj = site.objects.until(lambda o: condition(o, "Ready"), "site", "a first look")
    assert site.writes() == []
    assert condition(obj, "Stalled")["reason"] == "InvalidSpec", condition(obj, "Ready")


def test_an_object_that_lost_its_status_finds_its_distribution(site: Site) -> None:
    site.filled()
    made = site.made()
    site.mark()
    site.objects.patch({"status": None}, "site", "status")
    obj = site.objects.until(lambda o: o.get("status", {}).get("id"), "site", "its id")
    site.objects.ready("site")
    assert obj["status"]["id"] == made["status"]["id"]
    assert site.control(obj) == site.control(made)
    assert [each for each in site.writes() if each.startswith("CreateDistribution")] == []
    assert site.ids() == {made["status"]["id"]}
    assert site.let_in() == [made["status"]["arn"]]


def test_an_object_that_is_restored_without_its_status_takes_its_distribution_back(site: Site) -> None:
    site.filled()
    made = site.made()
    before = site.config(made["status"]["id"])
    site.objects.annotate("site", "headrace.io/abandon", "true")
    site.leave()
    assert site.config(made["status"]["id"]) == before
    site.mark()
    obj = site.made()
    assert obj["metadata"]["uid"] != made["metadata"]["uid"]
    assert obj["status"]["id"] == made["status"]["id"]
    assert [each for each in site.writes() if each.startswith("CreateDistribution")] == []
    assert site.config(made["status"]["id"]) == before
    assert site.ids() == {made["status"]["id"]}
