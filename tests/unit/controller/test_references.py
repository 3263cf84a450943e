"""Who is looked at when another object changed."""

import pytest

from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.references import dependents
from headrace.controller.relations import references_of
from headrace.kinds.definition import CONSENT, ObjectRef
from headrace.kinds.registry import KINDS
from tests.unit.controller.objects import body, deleting, ready
from tests.unit.controller.tenancy import DELETING, account, bucket, conditions

Body = dict[str, object]


def told(before: Body | None, after: Body | None, *others: Body) -> list[str]:
    """Return who hears of this change, beside these others."""
    cache = Cache()
    for each in (*others, *([after] if after is not None else [])):
        assert cache.put(each)
    seen = [Object(each) if each is not None else None for each in (before, after)]
    return sorted(str(ref) for ref in dependents(cache, *seen))


THERE = (
    account("a"),
    bucket("named", {"account": "a"}),
    bucket("other", {"account": "b"}),
    bucket("silent"),
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, account("a", version=2)),
        (account("a"), account("a", version=2, generation=2)),
        (account("a"), account("a", version=2, **DELETING)),
        (account("a"), account("a", version=2, status=conditions("True"))),
        (account("a"), account("a", version=2, status={"accountID": "111122223333"})),
        (account("a"), account("a", version=2, status={"credentialsVersion": "7"})),
        (account("a"), account("a", version=2, uid="a namesake")),
    ],
)
def test_what_changes_about_an_account_is_news_for_those_who_name_it(
    before: Body | None, after: Body
) -> None:
    assert told(before, after, *THERE[1:]) == ["AcceleratedBucket shop/named"]


def test_an_account_that_is_gone_is_news_for_those_who_name_it() -> None:
    assert told(account("a"), None, *THERE[1:]) == ["AcceleratedBucket shop/named"]


def test_the_rest_is_no_news() -> None:
    ready = conditions("True")
    later = {**ready, "lastHandledReconcileAt": "now", "callerARN": "arn"}
    assert told(account("a", status=ready), account("a", version=2, status=later), *THERE[1:]) == []
    assert told(None, None) == []


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True), (True, True)])
def test_a_default_account_is_news_for_those_who_name_none_and_for_other_accounts(
    before: bool, after: bool
) -> None:
    was = account("a", {"default": before})
    now = account("a", {"default": after}, version=2, generation=2)
    assert told(was, now, account("b"), *THERE[1:]) == [
        "AWSAccount b",
        "AcceleratedBucket shop/named",
        "AcceleratedBucket shop/silent",
    ]


def test_an_account_that_waits_to_go_hears_of_objects_that_let_go_of_it() -> None:
    waiting, staying = account("a", **DELETING), account("b")
    was = bucket("media", {"account": "a"})
    assert told(was, None, waiting, staying) == ["AWSAccount a"]
    other = bucket("media", {"account": "b"}, version=2, generation=2)
    assert told(was, other, waiting, staying) == ["AWSAccount a"]
    same = bucket("media", {"account": "a"}, version=2, status=conditions("True"))
    assert told(was, same, waiting, staying) == []
    assert told(None, was, waiting, staying) == []


# References between objects

SITE = ObjectRef("Distribution", "shop", "site")
REFERS = {"origins": [{"name": "media", "bucketRef": {"name": "media"}}]}
MADE = {"arn": "arn:aws:cloudfront::111122223333:distribution/E1"}


def heard(before: Body | None, after: Body | None, *others: Body) -> list[str]:
    """Return who hears of this change among objects that refer to one another."""
    cache = Cache(references_of(KINDS))
    for each in (*others, *([after] if after is not None else [])):
        assert cache.put(each)
    objects = [Object(each) if each is not None else None for each in (before, after)]
    return sorted(str(ref) for ref in dependents(cache, *objects))


@pytest.mark.parametrize(
    ("before", "after", "hears"),
    [
        (None, body(SITE, spec=REFERS), False),
        (None, body(SITE, spec=REFERS, status=MADE), True),
        (body(SITE), body(SITE, version=2, spec=REFERS), True),
        (body(SITE, spec=REFERS), body(SITE, version=2, spec=REFERS, status=MADE), True),
        (body(SITE, spec=REFERS), body(SITE, version=2, spec=REFERS, status={"state": "InProgress"}), False),
        (body(SITE, spec=REFERS, status=MADE), body(SITE, version=2, spec=REFERS, **deleting()), True),
        (body(SITE, spec=REFERS, status=MADE), None, True),
        (body(SITE, spec=REFERS), None, True),
    ],
    ids=["new", "seen first", "refers", "made", "steady", "goes", "gone", "gone before it was made"],
)
def test_a_bucket_hears_of_a_distribution_that_comes_to_ask_or_asks_no_more(
    before: Body | None, after: Body | None, hears: bool
) -> None:
    assert heard(before, after, bucket("media")) == ["AcceleratedBucket shop/media"] * hears


MEDIA = ObjectRef("AcceleratedBucket", "shop", "media")
OFFER = {"arn": "arn:aws:s3:::media", "domainName": "media.s3.amazonaws.com"}


@pytest.mark.parametrize(
    ("before", "after", "hears"),
    [
        (None, body(MEDIA), True),
        (body(MEDIA), body(MEDIA, version=2, status=OFFER), True),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status={**OFFER, "domainName": "other"}), True),
        (body(MEDIA), body(MEDIA, version=2, annotations={CONSENT: "press"}), True),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status=OFFER, **deleting()), True),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status=OFFER, uid="a namesake"), True),
        (body(MEDIA, status=OFFER), None, True),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, generation=2, status=OFFER), False),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status={**OFFER, **conditions("True")}), False),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status={**OFFER, "driftCount": 3}), False),
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status={**OFFER, "parts": []}), False),
    ],
    ids=[
        *("new", "made", "offers something else", "consents", "goes", "a namesake", "gone"),
        *("edited", "another condition", "drifts", "another ledger"),
    ],
)
def test_those_who_refer_to_an_object_hear_of_what_it_offers(
    before: Body | None, after: Body | None, hears: bool
) -> None:
    others = (body(SITE, spec=REFERS), body(ObjectRef("Distribution", "shop", "another")))
    assert heard(before, after, *others) == ["Distribution shop/site"] * hears


def stalled(reason: str, generation: int = 1) -> Body:
    """Return what a bucket tells that waits for a person."""
    condition = {"type": "Stalled", "status": "True", "reason": reason, "observedGeneration": generation}
    return {**OFFER, "conditions": [condition]}


@pytest.mark.parametrize(
    ("before", "after", "hears"),
    [
        (body(MEDIA, status=OFFER), body(MEDIA, version=2, status=stalled("NotOurs")), True),
        (body(MEDIA, status=stalled("NotOurs")), body(MEDIA, version=2, status=OFFER), True),
        (body(MEDIA, status=stalled("NotOurs")), body(MEDIA, version=2, status=stalled("Moved")), True),
        (
            body(MEDIA, status=stalled("NotOurs")),
            body(MEDIA, version=2, generation=2, status=stalled("NotOurs")),
            True,
        ),
        (
            body(MEDIA, status=stalled("NotOurs")),
            body(MEDIA, version=2, status={**stalled("NotOurs"), "lastHandledReconcileAt": "now"}),
            False,
        ),
    ],
    ids=["stalls", "recovers", "stalls for another reason", "is edited", "steady"],
)
def test_those_who_wait_for_an_object_hear_of_its_being_stalled_and_who_is_ready_does_not(
    before: Body, after: Body, hears: bool
) -> None:
    waiting = body(SITE, spec=REFERS)
    assert heard(before, after, waiting) == ["Distribution shop/site"] * hears
    assert heard(before, after, body(SITE, spec=REFERS, status=ready())) == []
    edited = body(SITE, spec=REFERS, status=ready(), generation=2)
    assert heard(before, after, edited) == ["Distribution shop/site"] * hears


def test_that_an_object_is_to_go_is_no_news_for_what_it_refers_to() -> None:
    """What it stands for still needs what it was given; once that is gone its status says so."""
    was = body(SITE, spec=REFERS, status=MADE)
    now = body(SITE, version=2, spec=REFERS, status=MADE, **deleting())
    assert heard(was, now, bucket("media")) == []


def test_who_refers_to_something_else_now_is_news_for_both() -> None:
    other = {"origins": [{"name": "media", "bucketRef": {"name": "other"}}]}
    was, now = body(SITE, spec=REFERS, status=MADE), body(SITE, version=2, spec=other, status=MADE)
    both = ["AcceleratedBucket shop/media", "AcceleratedBucket shop/other"]
    assert heard(was, now, bucket("media"), bucket("other"), bucket("third")) == both
