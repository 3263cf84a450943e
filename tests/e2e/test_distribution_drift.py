"""Changes behind our back and beside us: seen by field, put right at once, and nothing of others is lost."""

from typing import Any

import pytest

from sandbox.processes import wait_until
from sandbox.world import Object, World, condition
from tests.e2e.distributions import Config, Site

pytestmark = pytest.mark.e2e

SPEC: dict[str, Any] = {
    "comment": "ours",
    "priceClass": "PriceClass_100",
    "aliases": [],
    "geoRestriction": {"type": "whitelist", "locations": ["AT", "DE"]},
    "tags": {"team": "shop"},
    "errorResponses": [{"errorCode": 404, "errorCachingMinTTL": 10}],
}
FIELDS = [
    "comment",
    "defaultBehavior.viewerProtocol",
    "errorResponses[404].errorCachingMinTTL",
    "geoRestriction.locations",
    "origins[media].connectionAttempts",
    "priceClass",
    "tags[team]",
]


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def made(site: Site, **more: Any) -> Object:
    site.filled()
    return site.made(**SPEC, **more)


def change_everything(config: Config) -> None:
    config["Comment"] = "theirs"
    config["PriceClass"] = "PriceClass_All"
    config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"
    config["Origins"]["Items"][0]["ConnectionAttempts"] = 1
    config["CustomErrorResponses"]["Items"][0]["ErrorCachingMinTTL"] = 99
    restriction = config["Restrictions"]["GeoRestriction"]
    restriction.update(Items=["AT", "CH", "DE"], Quantity=3)


def retag(site: Site, obj: Object) -> None:
    items = [{"Key": "team", "Value": "theirs"}, {"Key": "cost-centre", "Value": "42"}]
    site.cloudfront.tag_resource(Resource=obj["status"]["arn"], Tags={"Items": items})


def log_to(config: Config) -> None:
    bucket = {"Enabled": True, "IncludeCookies": False, "Bucket": "logs.s3.amazonaws.com", "Prefix": ""}
    config["Logging"] = bucket


def test_all_that_was_changed_in_the_console_is_put_right_with_one_update(site: Site) -> None:
    obj = made(site)
    number = obj["status"]["id"]
    before = site.config(number)
    site.edit(number, change_everything)
    retag(site, obj)
    site.mark()
    site.objects.look_now("site")
    assert sorted(site.writes()) == ["TagResource", "UpdateDistribution"]
    obj = site.objects.ready("site")
    assert obj["status"]["lastCorrection"]["fields"] == FIELDS
    assert (obj["status"]["driftCount"], "drift" in obj["status"]) == (0, False)
    assert site.config(number) == before
    assert site.tags(number)["team"] == "shop"
    assert site.tags(number)["cost-centre"] == "42", "a tag of others stays"


def test_with_report_every_field_is_shown_and_left(site: Site) -> None:
    obj = made(site, driftPolicy="Report")
    number = obj["status"]["id"]
    site.edit(number, change_everything)
    retag(site, obj)
    site.deployed(number)
    changed = site.config(number)
    site.mark()
    obj = site.objects.look_now("site")
    assert site.writes() == []
    assert site.config(number) == changed
    drift = {each["field"]: (each["wanted"], each["found"]) for each in obj["status"]["drift"]}
    assert sorted(drift) == FIELDS
    assert drift["comment"] == ("ours", "theirs")
    assert drift["defaultBehavior.viewerProtocol"] == ("redirect-to-https", "allow-all")
    assert drift["tags[team]"] == ("shop", "theirs")
    ready = condition(obj, "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "Drifted")
    assert condition(obj, "Drifted")["message"] == ", ".join(FIELDS)


def test_what_the_spec_does_not_name_is_left_as_the_console_made_it(site: Site) -> None:
    number = made(site)["status"]["id"]
    site.edit(number, log_to)
    obj = site.objects.look_now("site")
    assert obj["status"]["driftCount"] == 0
    site.made(**{**SPEC, "comment": "edited"})
    assert site.config(number)["Logging"]["Bucket"] == "logs.s3.amazonaws.com"
    assert site.config(number)["Comment"] == "edited"


def test_a_lost_race_is_read_again_and_neither_change_is_lost(site: Site) -> None:
    number = made(site)["status"]["id"]
    site.mark()
    fault = site.aws.fault(operation="UpdateDistribution", resource=number, action="hold", count=1)
    site.objects.patch({"spec": {"comment": "edited"}}, "site")
    site.aws.wait_until_held(fault)
    site.edit(number, log_to)
    site.aws.release(fault)
    obj = site.objects.ready("site")
    config = site.config(number)
    assert (config["Comment"], config["Logging"]["Bucket"]) == ("edited", "logs.s3.amazonaws.com")
    updates = [call for call in site.calls() if call.operation == "UpdateDistribution"]
    assert [call.error for call in updates] == ["PreconditionFailed", None]
    assert "Stalled" not in {each["type"] for each in obj["status"]["conditions"]}


def test_throttling_does_not_end_ready(site: Site) -> None:
    obj = made(site)
    before = condition(obj, "Ready")
    number = obj["status"]["id"]
    site.mark()
    # One more than botocore tries in a look.
    site.aws.fault(operation="GetDistribution", resource=number, code="Throttling", status=400, count=4)
    site.objects.annotate("site", "headrace.io/reconcile-requested-at", "throttled")
    answered = site.objects.until(
        lambda obj: obj["status"].get("lastHandledReconcileAt") == "throttled", "site", "a look"
    )
    assert condition(answered, "Ready") == before
    wait_until(
        lambda: sum(call.error == "Throttling" for call in site.calls()) == 4, what="it is throttled enough"
    )
    obj = site.objects.look_now("site")
    assert condition(obj, "Ready") == before


def test_a_distribution_that_was_deleted_behind_our_back_is_made_anew(site: Site) -> None:
    obj = made(site)
    number, arn = obj["status"]["id"], obj["status"]["arn"]
    site.erased(number)
    site.objects.look_now("site")
    obj = site.objects.ready("site")
    assert obj["status"]["id"] != number
    assert site.ids() == {obj["status"]["id"]}
    assert site.let_in() == [obj["status"]["arn"]] != [arn]
    assert site.view().body == b"media"
    assert condition(obj, "Ready")["reason"] == "InSync"
