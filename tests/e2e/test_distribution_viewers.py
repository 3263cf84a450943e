"""What viewers get: from the distribution and not from the bucket, and only while both say so."""

import pytest

from sandbox.world import World, condition
from tests.e2e.distributions import Site, origin

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_an_object_is_had_through_the_distribution_only_and_with_the_headers_of_its_policy(
    site: Site,
) -> None:
    headers = {
        "securityHeaders": {"frameOptions": {"frameOption": "DENY"}},
        "customHeaders": [{"header": "X-Team", "value": "shop"}],
    }
    behavior = {"origin": "media", "responseHeaders": {"inline": headers}}
    site.filled()
    site.made(defaultBehavior=behavior, defaultRootObject="index.html")
    bucket = site.buckets.name("media")
    assert site.aws.view(f"{bucket}.s3.eu-central-1.amazonaws.com", "/index.html").status == 403
    seen = site.view()
    assert (seen.status, seen.body) == (200, b"media")
    assert (seen.headers["x-frame-options"], seen.headers["x-team"]) == ("DENY", "shop")
    assert site.view("/").body == b"media"


def test_without_the_grant_viewers_are_refused_until_it_is_put_back(site: Site) -> None:
    site.filled()
    site.made()
    before = site.policy()
    site.s3().delete_bucket_policy(Bucket=site.buckets.name("media"))
    assert site.view().status == 403
    obj = site.buckets.look_now()
    assert site.view().status == 200
    assert sorted(site.policy(), key=str) == sorted(before, key=str)
    corrected = obj["status"]["lastCorrection"]["fields"]
    assert "cloudFrontAccess.distributionARNs" in corrected


def test_a_disabled_distribution_answers_nobody(site: Site) -> None:
    site.filled()
    site.made()
    site.made(enabled=False)
    assert site.view().status == 403
    site.made()
    assert site.view().status == 200


def test_the_first_behavior_whose_path_fits_decides_on_the_bucket(site: Site) -> None:
    site.filled()
    site.filled("docs", "docs/a/index.html")
    site.filled("news", "docs/a/news.html")
    paths = [{"path": "/docs/*/news.html", "origin": "news"}, {"path": "/docs/*", "origin": "docs"}]
    site.made(origin(), origin("docs"), origin("news"), behaviors=paths)
    assert site.view().body == b"media"
    assert site.view("/docs/a/index.html").body == b"docs"
    assert site.view("/docs/a/news.html").body == b"news"
    site.made(origin(), origin("docs"), origin("news"), behaviors=list(reversed(paths)))
    assert site.view("/docs/a/news.html").status == 403


def test_the_second_bucket_of_a_group_takes_over(site: Site) -> None:
    site.bucket()
    site.filled("spare", region="eu-west-1")
    group = {"name": "both", "members": ["media", "spare"], "failoverOn": [403, 404, 500]}
    behavior = {"origin": "both"}
    site.made(origin(), origin("spare"), originGroups=[group], defaultBehavior=behavior)
    assert site.view().body == b"spare"
    site.s3().put_object(Bucket=site.buckets.name("media"), Key="index.html", Body=b"media")
    assert site.view().body == b"media"


def test_a_viewer_is_refused_once_the_bucket_takes_its_consent_back_from_the_spec(site: Site) -> None:
    site.filled()
    site.filled("docs")
    site.made(origin(), origin("docs"))
    assert site.let_in("docs") != []
    obj = site.made(origin())
    site.buckets.until(lambda _: site.let_in("docs") == [], "docs", "the grant is gone")
    assert site.let_in() == [obj["status"]["arn"]]
    assert condition(obj, "Ready")["status"] == "True"
