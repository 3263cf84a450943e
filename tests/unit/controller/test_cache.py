import pytest

from headrace.controller.cache import Cache
from tests.unit.controller.objects import REF, body, obj


@pytest.fixture
def cache() -> Cache:
    return Cache()


def version(cache: Cache) -> str | None:
    known = cache.get(REF)
    return known.version if known else None


@pytest.mark.parametrize("versions", [(9, 10), (10, 9)])
def test_the_newest_version_wins_in_whichever_order_they_come(
    cache: Cache, versions: tuple[int, int]
) -> None:
    news = [cache.put(body(version=number)) for number in versions]

    assert version(cache) == "10"
    assert news == [True, versions == (9, 10)]


def test_the_same_version_again_is_no_news(cache: Cache) -> None:
    cache.put(body(version=7))

    assert not cache.put(body(version=7))


def test_an_object_that_was_never_seen_is_not_there(cache: Cache) -> None:
    assert cache.get(REF) is None
    assert len(cache) == 0


def test_managed_fields_are_dropped_and_the_rest_is_kept(cache: Cache) -> None:
    seen = body(spec={"color": "red"}, managedFields=[{"manager": "kubectl"}], labels={"team": "shop"})
    cache.put(seen)

    kept = cache.get(REF)
    assert kept is not None
    assert "managedFields" not in kept.metadata
    assert kept.metadata["labels"] == {"team": "shop"}
    assert kept.spec is seen["spec"]
    assert "managedFields" in seen["metadata"], "what was handed in is left as it was"


def test_what_is_gone_is_forgotten(cache: Cache) -> None:
    cache.put(body(version=1))
    cache.remove(body(version=2))

    assert cache.get(REF) is None
    assert list(cache) == []


def test_a_late_answer_does_not_raise_the_dead(cache: Cache) -> None:
    cache.put(body(version=1))
    cache.remove(body(version=5))

    assert not cache.put(body(version=4))
    assert not cache.put(body(version=5))
    assert cache.get(REF) is None


def test_a_tomb_stands_even_where_the_object_was_never_seen_alive(cache: Cache) -> None:
    cache.remove(body(version=5))

    assert not cache.put(body(version=4))


def test_a_namesake_that_comes_later_is_let_in(cache: Cache) -> None:
    cache.put(body(version=1))
    cache.remove(body(version=5))

    assert cache.put(body(version=6, uid="uid-2"))
    assert [known.uid for known in cache] == ["uid-2"]


def test_a_namesake_stays_when_the_end_of_the_first_one_is_heard_of_late(cache: Cache) -> None:
    cache.put(body(version=1))
    cache.put(body(version=6, uid="uid-2"))
    cache.remove(body(version=5))

    assert version(cache) == "6"


def test_a_tomb_is_never_moved_back(cache: Cache) -> None:
    cache.remove(body(version=5))
    cache.remove(body(version=3))

    assert not cache.put(body(version=4))


def test_tombs_are_bounded_and_the_oldest_go_first(cache: Cache) -> None:
    first, second = (type(REF)("Thing", "shop", name) for name in ("first", "second"))
    cache.remove(body(first, version=5))
    cache.remove(body(second, version=5))
    cache.remove(body(first, version=6))
    for number in range(4095):
        cache.remove(body(type(REF)("Thing", "shop", f"other-{number}"), version=5))

    assert not cache.put(body(first, version=4)), "dug anew a moment ago"
    assert cache.put(body(second, version=4)), "the oldest"


def test_a_walk_over_the_cache_may_change_it(cache: Cache) -> None:
    for name in ("first", "second"):
        cache.put(body(type(REF)("Thing", "shop", name)))
    for known in cache:
        cache.remove({**known.body, "metadata": {**known.metadata, "resourceVersion": "9"}})

    assert len(cache) == 0


def test_objects_of_one_name_in_other_namespaces_and_kinds_are_others(cache: Cache) -> None:
    refs = [REF, type(REF)("Thing", "bank", "media"), type(REF)("Other", "shop", "media")]
    for ref in refs:
        cache.put(body(ref))

    assert [known.ref for known in cache] == refs
    assert cache.get(refs[1]) == obj(refs[1])
