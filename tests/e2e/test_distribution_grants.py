"""Grants: a bucket lets in exactly the distributions of the objects that refer to it, and those retained."""

import json
from typing import Any

import pytest

from sandbox.world import World
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG
from tests.e2e.distributions import Site, origin

pytestmark = pytest.mark.e2e

WEB = {"name": "web", "domainName": "www.example.com"}


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_the_statement_names_exactly_the_distributions_that_refer_to_the_bucket(site: Site) -> None:
    site.filled()
    site.apply(name="one")
    site.apply(name="two")
    arns = sorted(str(site.objects.ready(name)["status"]["arn"]) for name in ("one", "two"))
    bucket = site.buckets.name("media")
    assert [each for each in site.policy() if each["Effect"] == "Allow"] == [
        {
            "Sid": "HeadraceCloudFrontAccess",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
            "Condition": {"StringEquals": {"aws:SourceArn": arns}},
        }
    ]
    told = site.buckets.get()["status"]["cloudFrontAccess"]
    assert sorted(each["arn"] for each in told) == arns
    assert [each["distribution"] for each in told] == [
        f"{site.objects.namespace}/{name}" for name in ("one", "two")
    ]


def test_of_two_distributions_on_a_bucket_the_one_that_stays_keeps_its_grant(site: Site) -> None:
    site.filled()
    site.apply(name="one")
    site.apply(name="two")
    site.objects.ready("one")
    stays = site.objects.ready("two")["status"]["arn"]
    site.leave("one")
    assert site.let_in() == [stays], "the object is gone after its grant is"
    assert site.view(name="two").body == b"media"


def test_one_distribution_is_let_into_three_buckets_in_two_regions(site: Site) -> None:
    site.bucket("media")
    site.bucket("docs")
    site.bucket("news", region="eu-west-1")
    obj = site.made(origin("media"), origin("docs"), origin("news"))
    arn = obj["status"]["arn"]
    assert [site.let_in("media"), site.let_in("docs"), site.let_in("news", "eu-west-1")] == [[arn]] * 3
    domains = [each["DomainName"] for each in site.config(site.id())["Origins"]["Items"]]
    assert sorted(domain.partition(".")[2] for domain in domains) == [
        "s3.eu-central-1.amazonaws.com",
        "s3.eu-central-1.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
    ]
    assert len([part for part in obj["status"]["parts"] if part["name"] == "access-control"]) == 1
    site.leave()
    assert [site.let_in("media"), site.let_in("docs"), site.let_in("news", "eu-west-1")] == [[]] * 3


def test_statements_of_others_stay_as_they_are(site: Site) -> None:
    site.filled()
    bucket = site.buckets.name("media")
    theirs = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "guests"}},
    }
    put_first(site, theirs)
    site.made()
    assert site.policy()[0] == theirs
    assert len(site.let_in()) == 1
    site.leave()
    assert site.policy()[0] == theirs
    assert site.let_in() == []


def put_first(site: Site, statement: dict[str, Any]) -> None:
    """Add a statement to the bucket's policy, as somebody with the console does."""
    bucket = site.buckets.name("media")
    policy = {"Version": "2012-10-17", "Statement": [statement, *site.policy()]}
    site.s3().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_a_retained_distribution_serves_on_and_is_taken_back_by_its_namesake(site: Site) -> None:
    site.filled()
    obj = site.made(deletionPolicy="Retain")
    number, arn, domain = (obj["status"][key] for key in ("id", "arn", "domainName"))
    control = site.control(obj)
    before = site.config(number)
    site.leave()
    tags = site.tags(number)
    assert OWNER_TAG not in tags
    assert tags[RETAINED_TAG].endswith(f"/Distribution/{site.objects.namespace}/site")
    assert site.config(number) == before
    assert site.has_control(control)
    site.buckets.look_now()
    assert site.let_in() == [arn]
    assert site.aws.view(domain, "/index.html").body == b"media"
    site.mark()
    again = site.made()
    assert again["status"]["id"] == number
    assert site.control(again) == control
    assert [each for each in site.writes() if each.startswith("CreateDistribution")] == []
    assert site.ids() == {number}
    assert site.let_in() == [arn]
    assert site.config(number)["CallerReference"] == before["CallerReference"]
    site.leave()
    assert not site.exists(number)
    assert site.let_in() == []


def test_an_origin_that_leaves_the_spec_takes_its_grant_along(site: Site) -> None:
    site.filled()
    site.made()
    site.mark()
    obj = site.made(WEB)
    # AWS has it first, and then the status.
    site.buckets.until(lambda o: "cloudFrontAccess" not in o["status"], what="the grant is gone")
    assert site.let_in() == []
    assert [part["name"] for part in obj["status"]["parts"]] == ["distribution"]


def test_an_empty_list_in_the_bucket_drops_what_was_retained(site: Site) -> None:
    site.filled()
    obj = site.made(deletionPolicy="Retain")
    arn, domain = obj["status"]["arn"], obj["status"]["domainName"]
    site.leave()
    assert site.let_in() == [arn]
    site.bucket(cloudFrontAccess={"distributionARNs": []})
    site.buckets.ready()
    assert site.let_in() == []
    assert site.aws.view(domain, "/index.html").status == 403


def test_a_bucket_that_only_reports_drift_lets_a_distribution_in_all_the_same(site: Site) -> None:
    site.filled(driftPolicy="Report")
    obj = site.made()
    assert site.let_in() == [obj["status"]["arn"]]
    bucket = site.buckets.ready()
    assert (bucket["status"]["driftCount"], "lastCorrection" in bucket["status"]) == (0, False)
    site.leave()
    assert site.let_in() == []
