"""Whose a resource is: names of owners, and who may touch what."""

import pytest

from headrace.engine.errors import NotOurs
from headrace.engine.ownership import Advice, Presence, check_ours, owner_of

ADVICE = Advice("Take it over.", "Ask for it.")
ME, OTHER = "c/AcceleratedBucket/shop/media", "c/AcceleratedBucket/shop/other"


def test_an_owner_is_named_by_cluster_kind_namespace_and_name() -> None:
    assert owner_of("c", "AcceleratedBucket", "shop", "media") == ME


def test_an_owner_fits_into_a_tag_whatever_its_length() -> None:
    exact = owner_of("c", "K", "n", "x" * (256 - len("c/K/n/")))
    assert (len(exact), exact[-3:]) == (256, "xxx")
    longer = owner_of("c", "K", "n", "x" * 251)
    assert len(longer) == 256
    assert longer.startswith("c/K/n/xxx")
    assert longer[-33] == "-"


def test_owners_that_differ_only_in_their_last_letter_stay_apart() -> None:
    assert owner_of("c", "K", "n", "x" * 300 + "a") != owner_of("c", "K", "n", "x" * 300 + "b")


def test_releasing_turns_the_owner_into_who_retained_it() -> None:
    assert Presence(owner=ME).released() == Presence(owner=None, retained_by=ME)


@pytest.mark.parametrize(
    "found",
    [
        Presence(owner=ME),
        Presence(owner=ME, retained_by=ME),
        Presence(owner=ME, retained_by=OTHER),
        Presence(retained_by=ME),
    ],
)
@pytest.mark.parametrize("adopt", [True, False])
def test_ours_is_what_we_own_or_retained(found: Presence, adopt: bool) -> None:
    check_ours(found, ME, "bucket media", adopt=adopt, advice=ADVICE)


@pytest.mark.parametrize("found", [Presence(), Presence(retained_by=OTHER)])
def test_adoption_takes_what_nobody_owns(found: Presence) -> None:
    check_ours(found, ME, "bucket media", adopt=True, advice=ADVICE)
    with pytest.raises(NotOurs):
        check_ours(found, ME, "bucket media", adopt=False, advice=ADVICE)


@pytest.mark.parametrize("adopt", [True, False])
@pytest.mark.parametrize("retained_by", [None, ME])
def test_what_somebody_else_owns_is_never_ours(adopt: bool, retained_by: str | None) -> None:
    with pytest.raises(NotOurs) as raised:
        check_ours(
            Presence(owner=OTHER, retained_by=retained_by), ME, "bucket media", adopt=adopt, advice=ADVICE
        )
    assert raised.value.message == (
        "bucket media belongs to c/AcceleratedBucket/shop/other; it is left alone. Ask for it."
    )


def test_an_owner_that_only_another_cluster_id_tells_from_us_may_be_ourselves_before_it_changed() -> None:
    with pytest.raises(NotOurs) as raised:
        check_ours(Presence(owner=ME), ME.replace("c", "d", 1), "bucket media", adopt=True, advice=ADVICE)
    assert raised.value.message == (
        f"bucket media belongs to {ME}; it is left alone. Ask for it. "
        "If only the cluster id was changed, set it to c again."
    )


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Presence(retained_by=OTHER), f"bucket media was retained by {OTHER}; it is left alone."),
        (Presence(), "bucket media exists and was not made by Headrace; it is left alone."),
    ],
)
def test_the_refusal_says_why(found: Presence, sentence: str) -> None:
    with pytest.raises(NotOurs) as raised:
        check_ours(found, ME, "bucket media", adopt=False, advice=ADVICE)
    assert raised.value.message == f"{sentence} Take it over."
