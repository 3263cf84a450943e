"""What users of other operators complained of in their CloudFront support does not happen here."""

import pytest

from sandbox.world import World, condition
from tests.e2e.buckets import writes
from tests.e2e.distributions import Config, Site, origin
from tests.sandbox.cdn import Cdn
from tests.sandbox.cdn import origin as plain_origin

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_a_delete_does_not_fail_because_the_distribution_is_enabled(site: Site) -> None:
    """aws-controllers-k8s/community#2168."""
    site.filled()
    number = site.made()["status"]["id"]
    assert site.config(number)["Enabled"] is True
    site.leave()
    assert not site.exists(number)


def test_an_update_of_one_field_repeats_all_that_cloudfront_wants_repeated(site: Site) -> None:
    """aws-controllers-k8s/community#2335 and #2461: IllegalUpdate."""
    site.filled()
    number = site.made()["status"]["id"]
    before = site.config(number)
    site.mark()
    site.made(comment="only this")
    assert site.config(number) == {**before, "Comment": "only this"}
    assert [call.error for call in site.calls() if call.operation == "UpdateDistribution"] == [None]


def test_what_was_made_by_the_object_is_managed_by_it(site: Site) -> None:
    """aws-controllers-k8s/community#2944: "already exists but is not managed" after its own create."""
    site.filled()
    # The answer to the create call is lost, and what it made is found.
    site.aws.fault(operation="CreateDistributionWithTags", action="drop", effect="after", count=1)
    number = site.made()["status"]["id"]
    site.mark()
    assert site.made(comment="after")["status"]["id"] == number
    assert site.writes() == ["UpdateDistribution"]


def test_tags_are_there_from_the_first_call_on_and_follow_the_spec(site: Site) -> None:
    """aws-controllers-k8s/community#2115: tags not applied."""
    site.filled()
    site.mark()
    number = site.made(tags={"team": "shop", "cost-centre": "42"})["status"]["id"]
    assert site.writes() == ["CreateOriginAccessControl", "CreateDistributionWithTags"]
    assert (site.tags(number)["team"], site.tags(number)["cost-centre"]) == ("shop", "42")
    site.made(tags={"team": "web"})
    assert site.tags(number)["team"] == "web"
    assert "cost-centre" not in site.tags(number)


def test_a_bucket_that_is_not_ready_yet_fails_nothing(site: Site) -> None:
    """aws-controllers-k8s/community#2185: the distribution fails because of its bucket."""
    fault = site.aws.fault(operation="CreateBucket", action="hold", resource=site.buckets.name("media"))
    site.bucket()
    site.aws.wait_until_held(fault)
    site.apply()
    obj = site.objects.condition("Reconciling", "True", "site")
    ready = condition(obj, "Ready")
    assert ready["reason"] == "Waiting"
    assert ready["message"] == (
        f"spec.origins[media].bucketRef: what AcceleratedBucket {site.objects.namespace}/media stands for is "
        "not there yet."
    )
    site.aws.release(fault)
    site.objects.ready("site", seconds=40)


def test_an_imported_distribution_can_be_updated(site: Site) -> None:
    """crossplane-contrib/provider-aws#1260, hashicorp/terraform-provider-aws#33338: CallerReference."""
    name = site.buckets.name("legacy")
    made = Cdn(site.aws).create(name, plain_origin(name))
    site.objects.apply(
        {
            "distributionID": made["Id"],
            "adoption": "IfExists",
            "origins": [{"name": "web", "domainName": "www.example.com"}],
            "defaultBehavior": {"origin": "web"},
        },
        "site",
    )
    site.objects.ready("site")
    config = site.config(made["Id"])
    assert config["CallerReference"] == name
    assert [each["Id"] for each in config["Origins"]["Items"]] == ["web"]


def test_nothing_is_written_while_nothing_changes(site: Site) -> None:
    """aws-controllers-k8s/community#2870, provider-aws#896: written for ever, for a default or an order."""
    site.filled()
    site.filled("spare")
    group = {"name": "ha", "members": ["spare", "media"], "failoverOn": [503, 500]}
    obj = site.made(
        origin("spare"),
        origin("media"),
        originGroups=[group],
        aliases=[],
        geoRestriction={"type": "whitelist", "locations": ["DE", "AT"]},
        defaultBehavior={
            "origin": "ha",
            "allowedMethods": ["OPTIONS", "HEAD", "GET"],
            "cachedMethods": ["HEAD", "GET"],
            "responseHeaders": {"inline": {"removeHeaders": ["X-Powered-By", "Server"]}},
        },
        errorResponses=[{"errorCode": 504}, {"errorCode": 404}],
    )
    site.mark()
    site.buckets.mark()
    for _ in range(2):
        again = site.objects.look_now("site")
        site.buckets.look_now()
    assert site.writes() == []
    assert writes(site.buckets.operations()) == []
    again["status"].pop("lastHandledReconcileAt")
    assert again["status"] == obj["status"]


def test_nothing_is_left_after_a_delete(site: Site) -> None:
    """aws-controllers-k8s/community#1707: resources left over after delete."""
    inline = {"comment": site.objects.namespace}
    site.filled()
    policies = {"cache": {"inline": inline}, "originRequest": {"inline": inline}}
    obj = site.made(
        defaultBehavior={"origin": "media", **policies, "responseHeaders": {"inline": inline}},
        behaviors=[{"path": "/a/*", "origin": "media", **policies}],
    )
    parts = {part["name"].partition("/")[0]: part["id"] for part in obj["status"]["parts"]}
    assert len(obj["status"]["parts"]) == 5
    site.leave()
    assert not site.exists(parts["distribution"])
    assert not site.has_control(parts["access-control"])
    for word in ("Cache", "OriginRequest", "ResponseHeaders"):
        listing = f"list_{''.join('_' + c.lower() if c.isupper() else c for c in word)[1:]}_policies"
        listed = getattr(site.cloudfront, listing)(Type="custom")[f"{word}PolicyList"]
        ids = [each[f"{word}Policy"]["Id"] for each in listed.get("Items", [])]
        assert not set(ids).intersection(parts.values())
    assert site.let_in() == []


def test_a_paused_distribution_can_be_deleted_once_it_goes_on(site: Site) -> None:
    """crossplane/crossplane#4839: a paused resource cannot be deleted."""
    site.filled()
    number = site.made()["status"]["id"]
    site.objects.annotate("site", "headrace.io/paused", "true")
    site.objects.until(lambda o: condition(o, "Ready").get("reason") == "Paused", "site", "the pause")
    site.objects.delete("site")
    obj = site.objects.until(lambda o: "deletion waits" in condition(o, "Ready")["message"], "site", "a word")
    assert "headrace.io/paused" in condition(obj, "Ready")["message"]
    assert site.exists(number)
    site.objects.annotate("site", "headrace.io/paused", "false")
    site.objects.gone("site")
    assert not site.exists(number)


def test_fields_that_are_to_be_ignored_are_set_once_and_then_left(site: Site) -> None:
    """aws-controllers-k8s/community#2367: ignore changes of chosen fields."""
    site.filled()
    number = site.made(comment="first", priceClass="PriceClass_100", ignoreDrift=["comment"])["status"]["id"]

    def change(config: Config) -> None:
        config.update(Comment="theirs", PriceClass="PriceClass_All")

    site.edit(number, change)
    site.objects.look_now("site")
    site.objects.ready("site")
    config = site.config(number)
    assert (config["Comment"], config["PriceClass"]) == ("theirs", "PriceClass_100")
