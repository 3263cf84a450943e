"""Who is looked at when another object changed."""

import pytest

from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.references import dependents
from tests.unit.controller.tenancy import DELETING, account, bucket, conditions

Body = dict[str, object]


def told(before: Body | None, after: Body | None, *others: Body) -> list[str]:
    """Return who hears of this change, beside these others."""
    cache = Cache()
    for body in (*others, *([after] if after is not None else [])):
        assert cache.put(body)
    seen = [Object(body) if body is not None else None for body in (before, after)]
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
