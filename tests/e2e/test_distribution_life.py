"""A distribution from `kubectl apply` to Ready: its order, its calls, its writes, and what edits cost."""

import time
from collections import Counter

import pytest

from sandbox.world import World, condition
from tests.e2e.conftest import Start
from tests.e2e.distributions import Site

pytestmark = pytest.mark.e2e

STEADY = Counter(["GetOriginAccessControl", "GetDistribution", "ListTagsForResource"])

CREATION = {
    "cloudfront:CreateDistributionWithTags": 1,
    "cloudfront:CreateOriginAccessControl": 1,
    "cloudfront:ListTagsForResource": 1,
    "resourcegroupstaggingapi:GetResources": 2,
    "s3:GetBucketPolicy": 3,
    "s3:HeadBucket": 1,
    "s3:PutBucketPolicy": 1,
    "s3control:ListTagsForResource": 1,
}
"""The calls of a creation with one bucket, its access control and its grant, until CloudFront is at work."""


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_a_bucket_that_comes_later_is_waited_for_by_name(site: Site) -> None:
    site.apply()
    obj = site.objects.condition("Reconciling", "True", "site")
    ready = condition(obj, "Ready")
    there_is = f"spec.origins[media].bucketRef: there is no AcceleratedBucket {site.objects.namespace}/media"
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "Waiting", f"{there_is} yet.")
    assert site.writes() == []
    assert obj["metadata"].get("finalizers", []) == []
    site.mark()
    site.bucket()
    # Its next look by itself is a minute away.
    obj = site.objects.ready("site", seconds=40)
    assert obj["status"]["state"] == "Deployed"
    assert site.let_in() == [obj["status"]["arn"]]


def test_a_distribution_is_made_after_the_bucket_that_was_there_first(site: Site) -> None:
    site.filled()
    obj = site.made()
    assert obj["status"]["domainName"].endswith(".cloudfront.net")
    assert site.let_in() == [obj["status"]["arn"]]
    assert site.view().body == b"media"


def test_a_distribution_costs_so_many_calls_and_writes(lone: World, start: Start) -> None:
    start()
    site = Site(lone)
    site.filled()
    site.aws.deployment(60)
    site.mark()
    site.apply()
    # Both have done all that they can, and CloudFront has not.
    site.buckets.until(lambda o: o["status"].get("cloudFrontAccess"), what="the grant")
    obj = site.objects.condition("Reconciling", "True", "site")
    assert condition(obj, "Ready")["reason"] == "Deploying"
    # How often it is asked how far that is depends on how long it takes.
    made = [call for call in site.calls() if call.operation != "GetDistribution"]
    site.aws.deployment(0)
    obj = site.objects.ready("site")
    looked = [call for call in site.calls() if call.operation != "GetDistribution"][len(made) :]
    assert Counter(f"{call.service}:{call.operation}" for call in made) == CREATION
    assert Counter(call.operation for call in looked) == STEADY - Counter(["GetDistribution"])
    assert [(w.verb, w.subresource) for w in site.objects.api_writes() if w.name == "site"] == [
        ("patch", ""),  # the finalizer
        ("patch", "status"),  # the ledger
        ("patch", "status"),  # Deploying
        ("patch", "status"),  # Ready
    ]
    site.mark()
    again = site.objects.look_now("site")
    assert Counter(call.operation for call in site.calls()) == STEADY
    assert [w.subresource for w in site.objects.api_writes()] == ["status"], "the answer to the annotation"
    again["status"].pop("lastHandledReconcileAt")
    assert again["status"] == obj["status"]


def test_the_ledger_names_all_parts_before_the_first_is_made(site: Site) -> None:
    site.filled()
    fault = site.aws.fault(operation="CreateOriginAccessControl", action="hold", count=1)
    site.apply()
    site.aws.wait_until_held(fault)
    obj = site.objects.get("site")
    parts = [(part["name"], part["type"], part.get("id")) for part in obj["status"]["parts"]]
    site.aws.release(fault)
    assert parts == [
        ("access-control", "cloudfront/origin_access_control", None),
        ("distribution", "cloudfront/distribution", None),
    ]
    obj = site.objects.ready("site")
    assert all(part["id"] and part["ready"] for part in obj["status"]["parts"])


def test_an_edit_of_five_parts_is_one_update(site: Site) -> None:
    site.filled()
    number = site.made()["status"]["id"]
    site.mark()
    site.apply(
        comment="Five",
        priceClass="PriceClass_100",
        defaultRootObject="index.html",
        httpVersion="http2and3",
        ipv6=False,
    )
    obj = site.objects.ready("site")
    assert site.writes() == ["UpdateDistribution"]
    config = site.config(number)
    assert (config["Comment"], config["PriceClass"], config["DefaultRootObject"]) == (
        "Five",
        "PriceClass_100",
        "index.html",
    )
    assert (config["HttpVersion"].lower(), config["IsIPV6Enabled"]) == ("http2and3", False)
    assert obj["status"]["state"] == "Deployed"
    assert "lastCorrection" not in obj["status"], "an edit is no drift"


def test_edits_while_it_is_deployed_end_in_the_last_one(site: Site) -> None:
    site.filled()
    number = site.made()["status"]["id"]
    site.aws.deployment(60)
    seen = set()
    for edit in range(6):
        site.apply(comment=f"edit {edit}")
        obj = site.objects.get("site")
        seen |= {(c["type"], c["reason"]) for c in obj["status"]["conditions"] if c["status"] == "True"}
        time.sleep(0.3)
    obj = site.objects.condition("Reconciling", "True", "site")
    assert condition(obj, "Ready")["reason"] == "Deploying"
    assert condition(obj, "Ready")["message"].startswith(f"distribution {number} is being deployed, since ")
    assert obj["status"]["state"] == "InProgress"
    site.aws.deployment(0.1)
    site.objects.ready("site")
    assert site.config(number)["Comment"] == "edit 5"
    assert not {reason for type_, reason in seen if type_ == "Stalled"}


def test_parts_that_leave_the_spec_leave_aws(site: Site) -> None:
    inline = {"inline": {"securityHeaders": {"frameOptions": {"frameOption": "DENY"}}}}
    site.filled()
    obj = site.made(defaultBehavior={"origin": "media", "responseHeaders": inline})
    names = [part["name"].partition("/")[0] for part in obj["status"]["parts"]]
    assert names == ["access-control", "response-headers-policy", "distribution"]
    policy = obj["status"]["parts"][1]["id"]
    site.mark()
    obj = site.made({"name": "web", "domainName": "www.example.com"})
    assert [part["name"] for part in obj["status"]["parts"]] == ["distribution"]
    assert site.writes() == [
        "UpdateDistribution",
        "DeleteResponseHeadersPolicy",
        "DeleteOriginAccessControl",
    ]
    assert policy not in {each["Id"] for each in _policies(site)}
    assert site.let_in() == []


def _policies(site: Site) -> list[dict[str, str]]:
    listed = site.cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]
    return [each["ResponseHeadersPolicy"] for each in listed.get("Items", [])]
