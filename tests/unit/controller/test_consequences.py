import itertools
from collections.abc import Iterator

import pytest

from headrace.controller.consequences import Next, consequence, gravest, next_look
from headrace.engine.errors import (
    BadCredentials,
    Blocked,
    CloudError,
    Conflict,
    Denied,
    Deploying,
    Invalid,
    Moved,
    NotEmpty,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
    Waiting,
)
from headrace.kinds.status import Reason


def subclasses(kind: type[CloudError] = CloudError) -> Iterator[type[CloudError]]:
    for subclass in kind.__subclasses__():
        # Not those that tests define.
        if subclass.__module__.startswith("headrace."):
            yield subclass
            yield from subclasses(subclass)


CLASSES = sorted(set(subclasses()), key=lambda kind: kind.__name__)
GRAVEST_FIRST = [
    *(Moved, NotOurs, Invalid, BadCredentials, Denied, NotEmpty),
    *(Blocked, Unavailable, Throttled, Waiting, Deploying, Pending, Conflict),
]


def test_the_gravity_of_every_class_is_known() -> None:
    assert set(CLASSES) == set(GRAVEST_FIRST)


@pytest.mark.parametrize("kind", CLASSES)
def test_something_follows_from_every_error(kind: type[CloudError]) -> None:
    effect = consequence(kind("it is so"))

    assert effect.reason in Reason
    assert isinstance(effect.next, Next) or effect.next > 0


@pytest.mark.parametrize(
    ("kind", "reason", "stalled", "next_"),
    [
        (Moved, "Moved", True, 600.0),
        (NotOurs, "NotOurs", True, 600.0),
        (Invalid, "InvalidSpec", True, Next.RESYNC),
        (BadCredentials, "AccessDenied", True, Next.BACKOFF),
        (Denied, "AccessDenied", True, 300.0),
        (NotEmpty, "NotEmpty", True, 300.0),
        (Blocked, "Waiting", True, 300.0),
        (Unavailable, "Unavailable", False, Next.BACKOFF),
        (Throttled, "Throttled", False, Next.BACKOFF),
        (Waiting, "Waiting", False, 60.0),
        (Deploying, "Deploying", False, Next.DEPLOYED),
        (Pending, "Updating", False, Next.BACKOFF),
        (Conflict, "Updating", False, Next.BACKOFF),
    ],
)
def test_what_follows_from_each(
    kind: type[CloudError], reason: str, stalled: bool, next_: float | Next
) -> None:
    effect = consequence(kind("it is so"))

    assert (effect.reason, effect.stalled, effect.next) == (reason, stalled, next_)


def test_only_what_a_person_can_mend_stalls_and_the_rest_is_tried_again_soon() -> None:
    # Credentials are renewed by others without an edit of ours; what is waited for tells by itself.
    by_themselves = {BadCredentials, Waiting, Deploying}
    for kind in set(CLASSES) - by_themselves:
        effect = consequence(kind("it is so"))
        assert effect.stalled is (effect.next is not Next.BACKOFF), kind


@pytest.mark.parametrize(("graver", "lighter"), list(itertools.combinations(GRAVEST_FIRST, 2)))
def test_the_graver_of_two_is_told_in_whichever_order_they_come(
    graver: type[CloudError], lighter: type[CloudError]
) -> None:
    # The texts would have it the other way round.
    errors = [graver("z"), lighter("a")]

    assert type(gravest(errors)) is graver
    assert type(gravest(reversed(errors))) is graver


@pytest.mark.parametrize(
    ("took", "expected"), [(0.0, 0.5), (1.0, 0.5), (10.0, 2.0), (240.0, 48.0), (3600.0, 60.0), (-5.0, 0.5)]
)
def test_what_is_rolled_out_is_looked_at_with_growing_intervals(took: float, expected: float) -> None:
    deploying = Deploying("it is so", since=1000.0 - took)
    assert next_look([deploying], 1000.0) == expected
    assert next_look([deploying, Denied("a")], 1000.0) == expected
    assert next_look([deploying, Throttled("a")], 1000.0) is Next.BACKOFF


def test_of_equally_grave_ones_the_first_by_its_text_is_told() -> None:
    errors = [Denied("b"), Denied("a"), Denied("c")]

    for order in itertools.permutations(errors):
        assert gravest(order) is errors[1]


def test_where_nothing_is_wrong_there_is_nothing_to_tell() -> None:
    assert gravest([]) is None
    assert next_look([], 0.0) is Next.RESYNC


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([Denied("a"), NotOurs("b")], 300.0),
        ([NotOurs("b"), Invalid("c")], 600.0),
        ([Invalid("c")], Next.RESYNC),
        ([Denied("a"), Throttled("b")], Next.BACKOFF),
        ([Pending("b"), Invalid("a")], Next.BACKOFF),
    ],
)
def test_the_next_look_is_the_earliest_that_one_of_them_asks_for(
    errors: list[CloudError], expected: float | Next
) -> None:
    assert next_look(errors, 0.0) == expected
    assert next_look(reversed(errors), 0.0) == expected
