"""Who holds an alias that is taken, as far as CloudFront tells it."""

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.engine.document import Document
from headrace.engine.errors import Invalid
from headrace.resources.cloudfront.distribution._store import STORE
from headrace.resources.registry import resource_type
from sandbox.aws.stand_in import StandIn
from tests.laws.aws_world import AwsWorld, stand_in_world
from tests.laws.permissions import guarded
from tests.sandbox.cdn import Cdn, listed, origin

pytestmark = pytest.mark.standin

DISTRIBUTION = resource_type("cloudfront/distribution")
STRANGER = "444455556666"
ADVICE = "Take the alias off what holds it, or leave it out."
REFUSED = "AWS refused UpdateDistribution (CNAMEAlreadyExists): "


@pytest.fixture(scope="module")
def aws() -> Iterator[StandIn]:
    with StandIn(deployment=0) as stand_in:
        yield stand_in


@pytest.fixture
def cdn(aws: StandIn) -> Cdn:
    aws.reset()
    return Cdn(aws)


def named(cdn: Cdn, *names: str) -> dict[str, Any]:
    """Return a distribution of this account that has these aliases."""
    certificate = cdn.issued(cdn.zone("example.com"), *names)
    viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
    return cdn.create(names[0], origin("media"), Aliases=listed(*names), ViewerCertificate=viewer)


def ours(cdn: Cdn, *names: str) -> str:
    """Make a distribution that has the first of these aliases, and a certificate for all; return its id."""
    certificate = cdn.issued(cdn.zone("example.com."), *names)
    viewer = {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"}
    made = cdn.create("ours", origin("media"), Aliases=listed(names[0]), ViewerCertificate=viewer)
    return str(made["Id"])


def refusal(world: AwsWorld, number: str, *names: str) -> Invalid:
    """Ask for these aliases for a distribution; return what is said to it."""
    target = world.at(DISTRIBUTION, "site")
    target.identify(number)
    found = STORE.read(target)
    with pytest.raises(Invalid) as error:
        STORE.replace(target, Document({**found.body, "Aliases": listed(*names)}, found.version))
    return error.value


def refused(aws: StandIn, cdn: Cdn, *names: str) -> Invalid:
    """Ask for aliases for a distribution that has the first one already; return what is said to it."""
    number = ours(cdn, *names)
    with stand_in_world(aws, "root") as world:
        return refusal(world, number, *names)


def test_a_distribution_of_the_account_is_named_with_the_alias_that_it_holds(aws: StandIn, cdn: Cdn) -> None:
    holder = named(cdn, "a.example.com", "www.example.com")["Id"]
    mark = aws.mark()
    error = refused(aws, cdn, "b.example.com", "www.example.com")
    assert error.message == (
        f"{REFUSED}www.example.com is held by distribution {holder} of this account. {ADVICE}"
    )
    assert error.context.code == "CNAMEAlreadyExists"
    assert [call.operation for call in aws.since(mark)][-2:] == ["UpdateDistribution", "ListDistributions"]


def test_of_a_distribution_of_another_account_is_told_what_cloudfront_tells(aws: StandIn, cdn: Cdn) -> None:
    number = named(Cdn(aws, account=STRANGER), "www.example.com")["Id"]
    error = refused(aws, cdn, "cdn.example.com", "www.example.com")
    held = f"distribution *******{number[7:]} of account ******{STRANGER[6:]}"
    assert error.message == f"{REFUSED}www.example.com is held by {held}. {ADVICE}"


def test_where_nobody_may_ask_only_the_aliases_are_told(aws: StandIn, cdn: Cdn) -> None:
    named(cdn, "www.example.com")
    aws.fault(operation="List.*", code="AccessDenied", status=403)
    error = refused(aws, cdn, "cdn.example.com", "www.example.com")
    assert error.message == (
        f"{REFUSED}cdn.example.com or www.example.com is held by what this account cannot see. {ADVICE}"
    )
    assert len(aws.faults()) == 1


def test_nobody_is_asked_about_another_refusal(aws: StandIn, cdn: Cdn) -> None:
    mark = aws.mark()
    aws.fault(operation="UpdateDistribution", code="TooManyDistributionCNAMEs", status=400)
    error = refused(aws, cdn, "cdn.example.com", "www.example.com")
    assert "a distribution has up to 100 aliases, unless AWS allows more on request" in error.message
    assert not [call for call in aws.since(mark) if call.operation.startswith("ListDi")]


def test_what_is_declared_is_enough_to_ask_and_less_tells_less() -> None:
    needs, names = DISTRIBUTION.root.permissions, ("cdn.example.com", "www.example.com")
    with StandIn(auth=True, deployment=0) as aws, guarded(aws) as world:
        cdn = Cdn(aws)
        holder, number = named(cdn, "www.example.com")["Id"], ours(cdn, *names)
        world.allow(needs.read | needs.write | needs.explain)
        assert (
            f"www.example.com is held by distribution {holder}" in refusal(world.user, number, *names).message
        )
        assert world.refused() == []
        world.allow(needs.read | needs.write)
        assert "is held by what this account cannot see" in refusal(world.user, number, *names).message
        assert world.refused() == ["ListDistributions"]
