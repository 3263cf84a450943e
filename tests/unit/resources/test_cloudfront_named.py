"""What CloudFront keeps under our names, on the stand-in: the calls that it takes, what a crash leaves."""

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.errors import Conflict, NotOurs, Pending
from headrace.engine.facet import ResourceType
from headrace.engine.ownership import Presence
from headrace.engine.reconcile import reconcile
from headrace.engine.slices import ABSENT, Slice
from headrace.engine.wish import Layer, resolve
from headrace.engine.work import Intent, Report, Work
from headrace.resources.cloudfront._names import name_of, name_of_content
from headrace.resources.cloudfront.cache_policy.config import CachePolicy
from headrace.resources.cloudfront.managed import CACHE_POLICIES
from headrace.resources.cloudfront.origin_access_control.settings import Settings
from headrace.resources.cloudfront.origin_request_policy.config import OriginRequestPolicy
from headrace.resources.cloudfront.response_headers_policy.config import ResponseHeadersPolicy
from headrace.resources.registry import resource_type
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import StandIn
from tests.unit.aws.loopback import Answer, Loopback, refusal

pytestmark = pytest.mark.standin

ME = "cluster/Distribution/shop/media"

CONTENTS: dict[str, Slice] = {
    "CachePolicy": CachePolicy.model_validate({"comment": "images", "maxTTL": 3600}),
    "OriginAccessControl": Settings.model_validate({"description": "media"}),
    "OriginRequestPolicy": OriginRequestPolicy.model_validate({"headers": {"behavior": "allViewer"}}),
    "ResponseHeadersPolicy": ResponseHeadersPolicy.model_validate({"removeHeaders": ["Server"]}),
}
TYPES = {
    "CachePolicy": "cloudfront/cache_policy",
    "OriginAccessControl": "cloudfront/origin_access_control",
    "OriginRequestPolicy": "cloudfront/origin_request_policy",
    "ResponseHeadersPolicy": "cloudfront/response_headers_policy",
}
LISTS = {
    "CachePolicy": "ListCachePolicies",
    "OriginAccessControl": "ListOriginAccessControls",
    "OriginRequestPolicy": "ListOriginRequestPolicies",
    "ResponseHeadersPolicy": "ListResponseHeadersPolicies",
}
POLICIES = sorted(TYPES.keys() - {"OriginAccessControl"})
each_word = pytest.mark.parametrize("word", sorted(TYPES))
each_policy = pytest.mark.parametrize("word", POLICIES)


class Thing:
    """One thing under our name, as passes of one object see it."""

    def __init__(self, stand_in: StandIn, word: str) -> None:
        self.stand_in, self.word = stand_in, word
        self.resource: ResourceType = resource_type(TYPES[word])
        self.account = Account(
            Meter(), Pacing(10_000.0), Source(Keys(ACCOUNT, "stand-in"), REGION, stand_in.url)
        )
        assert self.account.identity
        self.name = name_of(ME, secrets.token_hex(4))
        self.target = self.reached()

    def reached(self, id: str = "", name: str = "", owner: str = ME) -> Target:
        """Reach it as a pass does that knows this of it."""
        address = self.resource.root.address.format(
            partition="aws", region=REGION, account=ACCOUNT, id="{id}"
        )
        return Target(self.account, REGION, id, address, name=name or self.name, owner=owner)

    def settle(self, content: Mapping[str, Any] | None = None, **how: Any) -> Report:
        """Make one pass, in which silence is what the content of this type says."""
        (facet,) = self.resource.facets
        said = CONTENTS[self.word].model_dump(by_alias=True, mode="json", exclude_none=True)
        wishes = resolve([facet], [Layer("spec", {facet.name: content or said})], frozenset(), secure=False)
        self.mark = self.stand_in.mark()
        with ThreadPoolExecutor(2) as pool:
            known = how.pop("known", bool(self.target.id))
            return reconcile(
                Work(self.resource, self.target, Presence(owner=ME), wishes, known=known, **how), pool
            )

    def calls(self) -> list[str]:
        """Return what arrived since the last pass began."""
        return [call.operation for call in self.stand_in.since(self.mark)]

    def use(self) -> str:
        """Make a distribution that uses it, and return its id."""
        quantity: Any = {"Quantity": 0}
        origin = {
            "Id": "o",
            "DomainName": "example.com",
            "CustomHeaders": quantity,
            "CustomOriginConfig": {
                "HTTPPort": 80,
                "HTTPSPort": 443,
                "OriginProtocolPolicy": "https-only",
            },
        }
        policies = {"CachePolicyId": CACHE_POLICIES["CachingDisabled"], f"{self.word}Id": self.target.id}
        behavior = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", **policies}
        config: Any = {
            "CallerReference": secrets.token_hex(4),
            "Comment": "",
            "Enabled": False,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
        }
        made = self.stand_in.client("cloudfront").create_distribution(DistributionConfig=config)
        return str(made["Distribution"]["Id"])


@pytest.fixture
def thing(stand_in: StandIn, word: str) -> Thing:
    stand_in.reset()
    return Thing(stand_in, word)


def fine(report: Report) -> None:
    assert [(each.step, each.error.message) for each in report.failures] == []
    assert report.left == ()


@each_word
def test_it_is_made_with_one_call_and_looked_at_with_one(thing: Thing, word: str) -> None:
    fine(thing.settle())
    assert thing.calls() == [f"Create{word}"]
    fine(thing.settle())
    assert thing.calls() == [f"Get{word}"]


@each_word
def test_what_somebody_changed_is_put_right_with_one_write(thing: Thing, word: str) -> None:
    fine(thing.settle())
    (facet,) = thing.resource.facets
    thing.target.forget()
    before = facet.observe(thing.target)
    facet.apply(thing.target, facet.resting, before)
    fine(thing.settle())
    assert thing.calls() == [f"Get{word}", f"Update{word}", f"Get{word}"]


@each_word
def test_a_pass_that_died_before_it_could_write_down_the_id_is_taken_up(thing: Thing, word: str) -> None:
    fine(thing.settle())
    made, thing.target = thing.target.id, thing.reached()
    fine(thing.settle())
    assert thing.calls() == [f"Create{word}", LISTS[word], f"Get{word}"]
    assert thing.target.id == made


@each_word
def test_what_is_gone_is_made_anew(thing: Thing, word: str) -> None:
    fine(thing.settle())
    gone = thing.target.id
    thing.resource.root.remove(thing.reached(id=gone), Presence(owner=ME))
    fine(thing.settle())
    assert thing.calls() == [f"Get{word}", f"Create{word}"]
    assert thing.target.id != gone


@each_word
def test_what_somebody_else_made_anew_is_found(thing: Thing, word: str) -> None:
    fine(thing.settle())
    ours, other = thing.target, thing.reached()
    thing.resource.root.remove(thing.reached(id=ours.id), Presence(owner=ME))
    thing.target = other
    fine(thing.settle())
    thing.target = ours
    fine(thing.settle())
    assert thing.calls() == [f"Get{word}", f"Create{word}", LISTS[word], f"Get{word}"]
    assert ours.id == other.id


@each_word
def test_it_is_removed_by_its_name_where_its_id_was_lost(thing: Thing, word: str) -> None:
    fine(thing.settle())
    thing.target = thing.reached()
    fine(thing.settle(intent=Intent.REMOVE))
    users = [] if word == "OriginAccessControl" else [f"ListDistributionsBy{word}Id"]
    assert thing.calls() == [LISTS[word], f"Get{word}", *users, f"Delete{word}", f"Get{word}"]
    thing.target = thing.reached()
    fine(thing.settle(intent=Intent.REMOVE))
    assert thing.calls() == [LISTS[word]]


@each_word
def test_what_has_another_name_is_not_ours(thing: Thing, word: str) -> None:
    fine(thing.settle())
    thing.target = thing.reached(id=thing.target.id, name=name_of(ME, "another"))
    report = thing.settle(adopt=True)
    assert [type(each.error) for each in report.failures] == [NotOurs]
    fine(thing.settle(intent=Intent.REMOVE))
    assert thing.calls() == [f"Get{word}"]


@each_word
def test_a_lost_race_is_told_and_nothing_is_lost(thing: Thing, word: str) -> None:
    fine(thing.settle())
    (facet,) = thing.resource.facets
    other = thing.reached(id=thing.target.id)
    thing.target.forget()
    seen = facet.observe(thing.target)
    facet.apply(other, facet.resting, seen)
    with pytest.raises(Conflict), thing.target.translating():
        facet.apply(thing.target, seen, seen)
    other.forget()
    assert facet.observe(other) == facet.resting


@each_policy
def test_a_policy_that_a_distribution_uses_is_let_be(thing: Thing, word: str) -> None:
    fine(thing.settle())
    thing.use()
    fine(thing.settle(intent=Intent.REMOVE))
    assert thing.calls() == [f"Get{word}", f"ListDistributionsBy{word}Id"]


@each_policy
def test_a_policy_that_is_used_since_the_look_is_tried_again(thing: Thing, word: str) -> None:
    fine(thing.settle())
    thing.use()
    with pytest.raises(Pending), thing.target.translating():
        thing.resource.root.remove(thing.target, Presence(owner=ME))


@each_policy
def test_two_objects_that_want_the_same_share_it(thing: Thing, word: str) -> None:
    thing.name = name_of_content(CONTENTS[word])
    ids = set()
    for _ in range(2):
        thing.target = thing.reached()
        fine(thing.settle())
        ids.add(thing.target.id)
    assert len(ids) == 1


# Pages

_SUMMARY = (
    "<OriginAccessControlSummary><Id>{id}</Id><Description/><Name>{name}</Name>"
    "<SigningProtocol>sigv4</SigningProtocol><SigningBehavior>always</SigningBehavior>"
    "<OriginAccessControlOriginType>s3</OriginAccessControlOriginType></OriginAccessControlSummary>"
)


def page(*summaries: tuple[str, str], marker: str = "") -> Answer:
    items = "".join(_SUMMARY.format(id=id, name=name) for id, name in summaries)
    following = f"<NextMarker>{marker}</NextMarker>" if marker else ""
    return Answer(
        200,
        f"<OriginAccessControlList><Marker/>{following}<MaxItems>1</MaxItems>"
        f"<IsTruncated>{'true' if marker else 'false'}</IsTruncated><Quantity>{len(summaries)}</Quantity>"
        f"<Items>{items}</Items></OriginAccessControlList>",
    )


def test_a_name_is_looked_for_on_every_page(account: Account, aws: Loopback) -> None:
    assert account.identity.account_id
    aws.asked.clear()
    # It is gone by the time that it is read.
    gone = Answer(404, refusal("NoSuchOriginAccessControl"))
    aws.answers = [page(("E1", "theirs"), marker="m1"), page(("E2", "ours")), gone]
    target = Target(account, "us-east-1", "", "arn:aws:cloudfront::1:x/{id}", name="ours", owner=ME)
    assert resource_type(TYPES["OriginAccessControl"]).root.observe(target) is ABSENT
    assert target.id == "E2"
    assert [asked.path.partition("?")[2] for asked in aws.asked] == ["", "Marker=m1", ""]
