"""Laws of all lenses of a distribution: what is put is got, and all else stays."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.engine.document import Lens
from headrace.engine.slices import ABSENT, Slice
from tests.laws import generate
from tests.unit.resources.distribution import LENSES, rest_of

GENERATED = settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
FOREIGN = {"CallerReference": "uid-1", "FromTomorrow": {"Enabled": True, "Items": [1, 2]}}

# Behaviours can be so many things that drawing them takes minutes; they have laws of their own.
DRAWN = {name: lens for name, lens in LENSES.items() if name not in ("behaviors", "defaultBehavior")}

every_lens = pytest.mark.parametrize("lens", DRAWN.values(), ids=DRAWN)


def said(data: st.DataObject, lens: Lens[Any, Any]) -> Slice:
    return data.draw(generate.slices(lens.slice).filter(lambda value: not value.is_empty()))


@every_lens
@given(data=st.data())
@GENERATED
def test_what_is_put_is_got_and_all_else_stays(lens: Lens[Any, Any], data: st.DataObject) -> None:
    first, second, given = said(data, lens), said(data, lens), copy.deepcopy(FOREIGN)

    once = lens.put(given, first)
    assert lens.get(once) == first
    assert lens.put(once, lens.get(once)) == once, "what is put as it was changes nothing"

    twice = lens.put(once, second)
    assert lens.get(twice) == second
    assert lens.get(once) == first, "what was given is not touched"

    bare = lens.put(twice, ABSENT)
    assert lens.get(bare) == rest_of(lens)
    for document in (once, twice, bare):
        assert {name: document[name] for name in FOREIGN} == FOREIGN == given
        assert [name for name in LENSES if LENSES[name].get(document) != rest_of(LENSES[name])] in (
            [],
            [lens.name],
        )


def test_a_version_of_http_is_the_same_in_capitals() -> None:
    lens = LENSES["httpVersion"]

    assert lens.get({"HttpVersion": "HTTP2AND3"}) == lens.slice.model_validate({"value": "http2and3"})


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("enabled", True),
        ("httpVersion", "http2"),
        ("ipv6", False),
        ("priceClass", "PriceClass_All"),
        ("staging", False),
    ],
)
def test_what_cloudfront_has_where_nothing_was_ever_said(name: str, rest: object) -> None:
    assert LENSES[name].get({}) == LENSES[name].slice.model_validate({"value": rest})


@pytest.mark.parametrize(("name", "means"), [("enabled", True), ("httpVersion", "http2"), ("ipv6", True)])
def test_what_silence_means(name: str, means: object) -> None:
    assert LENSES[name].default == LENSES[name].slice.model_validate({"value": means})
