"""What CloudFront refuses: one sentence that says what, who is in the way and what to do; then it goes on."""

from typing import Any

import pytest

from headrace.aws.cloudfront_codes import QUOTAS
from sandbox.world import World, condition
from tests.e2e.distributions import SECONDS, Site
from tests.sandbox.cdn import Cdn, listed
from tests.sandbox.cdn import origin as plain_origin

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


@pytest.fixture
def cdn(site: Site) -> Cdn:
    return Cdn(site.aws)


def certified(site: Site, cdn: Cdn, *labels: str) -> tuple[list[str], str]:
    """Return names in a domain of this namespace, and a certificate for them."""
    domain = f"{site.objects.namespace}.example.com"
    names = [f"{label}.{domain}" for label in labels]
    return names, cdn.issued(cdn.zone(domain), *names)


def message(obj: dict[str, Any]) -> str:
    return str(condition(obj, "Ready")["message"])


# Aliases


def test_an_alias_that_another_distribution_holds_is_told_with_its_holder(site: Site, cdn: Cdn) -> None:
    (free, taken), certificate = certified(site, cdn, "cdn", "www")
    viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
    holder = cdn.create(
        site.buckets.name(), plain_origin("theirs"), Aliases=listed(taken), ViewerCertificate=viewer
    )["Id"]
    site.filled()
    site.apply(aliases=[free, taken], certificateARN=certificate)
    obj = site.objects.stalled("InvalidSpec", "site")
    sentence = (
        f"AWS refused {{}} (CNAMEAlreadyExists): {taken} is held by distribution {holder} of this account. "
        "Take the alias off what holds it, or leave it out."
    )
    assert message(obj) == sentence.format("CreateDistributionWithTags")
    assert site.ids() == set()
    site.made(aliases=[free], certificateARN=certificate)
    assert site.aws.view(free, "/index.html").body == b"media"
    site.apply(aliases=[free, taken], certificateARN=certificate)
    obj = site.objects.stalled("InvalidSpec", "site")
    assert message(obj) == sentence.format("UpdateDistribution")
    assert site.aws.view(free, "/index.html").body == b"media", "it serves on as it was"
    site.edit(holder, lambda config: config.update(Aliases=listed()))
    site.objects.look_now("site")
    site.objects.ready("site")
    assert site.aws.view(taken, "/index.html").body == b"media"


def test_an_alias_that_the_certificate_does_not_cover_is_told_with_the_names_that_it_does(
    site: Site, cdn: Cdn
) -> None:
    (name,), certificate = certified(site, cdn, "cdn")
    site.filled()
    site.apply(aliases=[name, "www.elsewhere.example.com"], certificateARN=certificate)
    obj = site.objects.stalled("InvalidSpec", "site")
    assert message(obj) == (
        f"AWS refused CreateDistributionWithTags (InvalidViewerCertificate): the certificate {certificate} "
        f"is for {name}, and not for www.elsewhere.example.com. Take another certificate, or take these "
        "names out of aliases."
    )
    assert site.ids() == set()


# Quotas


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateDistributionWithTags", "TooManyDistributions"),
        ("CreateOriginAccessControl", "TooManyOriginAccessControls"),
        ("CreateCachePolicy", "TooManyCachePolicies"),
    ],
)
def test_a_quota_that_is_used_up_is_told_with_its_number_and_it_goes_on_once_there_is_room(
    site: Site, operation: str, code: str
) -> None:
    site.bucket()
    fault = site.aws.fault(operation=operation, code=code, status=400, message="No room.")
    cache = {"inline": {"comment": site.objects.namespace, "defaultTTL": 60}}
    site.apply(defaultBehavior={"origin": "media", "cache": cache})
    obj = site.objects.stalled("InvalidSpec", "site")
    assert (
        f"AWS refused {operation} ({code}): {QUOTAS[code]}, unless AWS allows more on request. CloudFront "
        "says: No room."
    ) in message(obj)
    site.aws.lift(fault)
    site.objects.look_now("site")
    site.objects.ready("site")


def test_a_quota_that_an_edit_hits_leaves_what_is_served_as_it_was(site: Site) -> None:
    site.filled()
    number = site.made()["status"]["id"]
    code = "TooManyCacheBehaviors"
    fault = site.aws.fault(operation="UpdateDistribution", resource=number, code=code, status=400)
    site.apply(comment="too much")
    obj = site.objects.stalled("InvalidSpec", "site")
    assert message(obj).startswith(f"AWS refused UpdateDistribution ({code}): {QUOTAS[code]}")
    assert condition(obj, "Ready")["status"] == "False"
    assert site.view().body == b"media"
    site.aws.lift(fault)
    site.made(comment="just right")
    assert site.config(number)["Comment"] == "just right"


# Answers that get lost


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_creation_whose_answer_is_lost_makes_one_distribution(site: Site, effect: Any) -> None:
    site.filled()
    site.aws.fault(operation="CreateDistributionWithTags", action="drop", effect=effect, count=1)
    obj = site.made()
    assert site.ids() == {obj["status"]["id"]}
    assert site.view().body == b"media"


def test_throttling_while_it_is_made_only_takes_longer(site: Site) -> None:
    site.filled()
    site.aws.fault(service="cloudfront", code="Throttling", status=400, count=3)
    obj = site.made()
    assert site.ids() == {obj["status"]["id"]}
    assert "Stalled" not in {each["type"] for each in obj["status"]["conditions"]}


def test_throttling_while_it_is_deleted_only_takes_longer(site: Site) -> None:
    site.filled()
    number = site.made()["status"]["id"]
    site.aws.fault(operation="(Update|Delete)Distribution", code="Throttling", status=400, count=3)
    site.leave()
    assert not site.exists(number)


def test_a_refused_look_leaves_it_ready_to_be_read_again(site: Site) -> None:
    site.filled()
    obj = site.made()
    number = obj["status"]["id"]
    site.aws.fault(operation="GetDistribution", resource=number, code="AccessDenied", status=403, count=1)
    seen = site.objects.look_now("site")
    assert condition(seen, "Stalled")["reason"] == "AccessDenied"
    assert "cloudfront:GetDistribution" in message(seen)
    assert seen["status"]["domainName"] == obj["status"]["domainName"]
    site.aws.deployment(SECONDS)
    site.objects.look_now("site")
    assert site.objects.ready("site")["status"]["id"] == number
