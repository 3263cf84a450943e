"""What the models of resources share, whatever they are about."""

import pytest

from headrace.engine.slices import ApiModel
from headrace.resources.models import by_key, each_once, in_order, lower, ranked


class Rung(ApiModel):
    id: str
    height: int = 0


LOW, HIGH = Rung(id="a", height=2), Rung(id="b", height=1)


def test_items_are_in_the_order_of_their_key_whatever_was_said_first() -> None:
    assert by_key([HIGH, LOW], "id") == each_once("id", "no")((HIGH, LOW)) == (LOW, HIGH)
    assert by_key([LOW, HIGH], "height") == (HIGH, LOW)


def test_what_is_there_twice_is_refused_with_its_sentence() -> None:
    with pytest.raises(ValueError, match=r"^each rung has an id of its own$"):
        each_once("id", "each rung has an id of its own")((LOW, HIGH, Rung(id="a", height=3)))


def test_what_has_no_order_is_sorted_and_there_once() -> None:
    assert in_order([503, 404, 503]) == (404, 503)
    assert lower(["Origin", "host", "HOST"]) == ("host", "origin")


def test_names_of_later_days_come_last_by_the_alphabet() -> None:
    assert sorted(["TLSv9", "TLSv1", "SSLv4", "SSLv3"], key=ranked(("TLSv1", "SSLv3"))) == [
        "TLSv1", "SSLv3", "SSLv4", "TLSv9"
    ]  # fmt: skip
