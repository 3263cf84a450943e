"""Who may refer to whom, who has a claim on what, and who is in whose way."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.relations import Relations, references_of
from headrace.engine.errors import Blocked, CloudError, Denied, Invalid, Waiting
from headrace.kinds.common import Claim, Kind, Reference
from headrace.kinds.definition import CONSENT, PAUSED, ObjectRef
from tests.unit.controller.objects import body, deleting

Body = dict[str, Any]


class Linked:
    """A kind whose objects refer to the objects that their spec names, of their own kind."""

    def references(self, namespace: str, raw: Mapping[str, Any]) -> tuple[Reference, ...]:
        """Return what `to` names: shop/media."""
        return tuple(Reference(f"spec.to[{path}]", ref(path)) for path in raw.get("to", ()))

    def remembered(self, status: Mapping[str, Any]) -> tuple[ObjectRef, ...]:
        """Return what `gave` names."""
        return tuple(ref(path) for path in status.get("gave", ()))


KINDS = cast(Mapping[str, Kind[Any]], {"Thing": Linked()})


def ref(path: str) -> ObjectRef:
    namespace, _, name = path.partition("/")
    return ObjectRef("Thing", namespace, name)


def thing(
    path: str, *to: str, arn: str = "", gave: tuple[str, ...] = (), stalled: str = "", **about: Any
) -> Body:
    """Return an object that refers to others, and stands for something where it has an ARN."""
    status: Body = {**({"arn": arn} if arn else {}), **({"gave": gave} if gave else {})}
    if stalled:
        condition = {"type": "Stalled", "status": "True", "reason": stalled, "observedGeneration": 1}
        status["conditions"] = [condition]
    return body(ref(path), spec={"to": to}, status=status, **about)


def letting(*namespaces: str) -> Body:
    """Return the annotation that lets others refer to an object."""
    return {"annotations": {CONSENT: ", ".join(namespaces)}}


def among(*bodies: Body) -> Relations:
    cache = Cache(references_of(KINDS))
    for each in bodies:
        assert cache.put(each)
    return Relations(cache, KINDS)


def refused(it: Body, *others: Body) -> CloudError:
    with pytest.raises(CloudError) as error:
        among(it, *others).referred(Object(it))
    return error.value


# Referring


def test_what_is_where_nobody_looks_is_not_waited_for() -> None:
    cache = Cache(references_of(KINDS))
    it = thing("a/site", "b/media")
    assert cache.put(it)

    with pytest.raises(Invalid) as refused:
        Relations(cache, KINDS, ("c", "a")).referred(Object(it))
    assert refused.value.message == (
        "spec.to[b/media]: Thing b/media cannot be found, because namespace b is not served by this "
        "operator. Refer to one in a, c, or have it serve that namespace, too."
    )
    with pytest.raises(Waiting):
        Relations(cache, KINDS, ("a", "b")).referred(Object(it))


def test_what_is_referred_to_is_had_with_its_status() -> None:
    site, media, docs = (
        thing("a/site", "a/media", "b/docs"),
        thing("a/media", arn="m"),
        thing("b/docs", arn="d"),
    )
    docs["metadata"] |= letting("c", "a")
    found = among(site, media, docs).referred(Object(site))
    assert found == {ref("a/media"): {"arn": "m"}, ref("b/docs"): {"arn": "d"}}


def test_what_is_not_there_or_stands_for_nothing_yet_is_waited_for() -> None:
    site = thing("a/site", "a/media")
    error = refused(site)
    assert (type(error), error.message) == (Waiting, "spec.to[a/media]: there is no Thing a/media yet.")
    error = refused(site, thing("a/media"))
    assert type(error) is Waiting
    assert error.message == "spec.to[a/media]: what Thing a/media stands for is not there yet."


BLOCKED = (
    "spec.to[a/media]: what Thing a/media stands for is not there yet: that object is stalled (NotOurs); see "
    "its status."
)


def test_what_waits_for_a_person_is_waited_for_in_vain() -> None:
    error = refused(thing("a/site", "a/media"), thing("a/media", stalled="NotOurs"))
    assert (type(error), error.message) == (Blocked, BLOCKED)


def test_what_was_edited_since_it_stalled_may_still_come() -> None:
    error = refused(thing("a/site", "a/media"), thing("a/media", stalled="NotOurs", generation=2))
    assert type(error) is Waiting


def test_what_is_stalled_and_there_is_had_with_the_reason() -> None:
    site, media = thing("a/site", "a/media", "a/none"), thing("a/media", arn="m", stalled="AccessDenied")
    relations = among(site, media, thing("a/other", stalled="NotOurs"))
    assert relations.stalled_referred(Object(site)) == {ref("a/media"): "AccessDenied"}
    it = thing("a/site", "a/media")
    assert set(among(it, media).referred(Object(it))) == {ref("a/media")}


@pytest.mark.parametrize("order", [("a/later", "a/media"), ("a/media", "a/later")])
def test_what_only_a_person_can_mend_is_told_before_what_may_still_come(order: tuple[str, str]) -> None:
    error = refused(thing("a/site", *order), thing("a/media", stalled="NotOurs"))
    assert (type(error), error.message) == (Blocked, BLOCKED)


def test_who_may_not_refer_to_it_is_not_told_that_it_is_stalled() -> None:
    stalled, well = thing("b/media", stalled="NotOurs"), thing("b/media", arn="m")
    (error, same) = (refused(thing("a/site", "b/media"), media) for media in (stalled, well))
    assert type(error) is type(same) is Denied
    assert error.message == same.message


def test_another_namespace_has_to_consent() -> None:
    error = refused(thing("a/site", "b/media"), thing("b/media", arn="m", **letting("c")))
    assert type(error) is Denied
    assert error.message == (
        "spec.to[b/media]: Thing b/media is in another namespace and lets none of a refer to it: annotate it "
        f"{CONSENT}: a."
    )


@pytest.mark.parametrize(
    ("others", "way"),
    [
        ([], "Thing a/one -> Thing a/one"),
        ([thing("a/two", "a/one")], "Thing a/one -> Thing a/two -> Thing a/one"),
        (
            [thing("a/two", "a/three"), thing("a/three", "a/two", "a/one")],
            "Thing a/one -> Thing a/two -> Thing a/three -> Thing a/one",
        ),
    ],
    ids=["itself", "two", "three"],
)
def test_a_circle_is_refused_with_its_path(others: list[Body], way: str) -> None:
    first = "a/two" if others else "a/one"
    error = refused(thing("a/one", first), *others)
    assert (type(error), error.message) == (Invalid, f"spec.to[{first}] leads in a circle: {way}.")


# Claims


def claims(media: Body, *others: Body) -> tuple[Claim, ...]:
    return among(media, *others).claims(Object(media))


def test_who_refers_to_it_and_may_has_a_claim() -> None:
    media = thing("b/media", arn="m", **letting("a"))
    assert claims(
        media, thing("c/no", "b/media", arn="3"), thing("a/yes", "b/media", arn="1"), thing("b/x")
    ) == (
        Claim(ref("a/yes"), "1", True),
        Claim(ref("c/no"), "3", False),
    )


def test_who_was_given_something_and_asks_no_more_is_told_of_as_long_as_it_is_there() -> None:
    media = thing("a/media", arn="m", gave=("a/site", "a/gone"))
    assert claims(media, thing("a/site", arn="1")) == (Claim(ref("a/site"), "1", False),)


def test_who_goes_has_a_claim_until_what_it_stands_for_is_gone() -> None:
    media = thing("a/media", arn="m")
    assert claims(media, thing("a/site", "a/media", arn="1", **deleting()))[0].wants
    assert not claims(media, thing("a/site", "a/media", **deleting()))[0].wants


# Going


def test_what_others_may_refer_to_and_do_is_in_use() -> None:
    media = thing("b/media", arn="m", **letting("a"))
    others = thing("a/two", "b/media"), thing("a/one", "b/media"), thing("b/x")
    with pytest.raises(Waiting) as error:
        among(media, *others).check_unused(Object(media))
    assert error.value.message == (
        "Thing b/media is in use by Thing a/one, Thing a/two; it is deleted when none refers to it any more."
    )


def test_who_may_not_refer_to_it_is_not_in_its_way() -> None:
    media = thing("b/media", arn="m")
    among(media, thing("a/site", "b/media")).check_unused(Object(media))


@pytest.mark.parametrize(
    ("about", "waits"),
    [
        ({}, True),
        ({"gave": ()}, False),
        (deleting(), False),
        ({"annotations": {PAUSED: "true"}}, False),
    ],
    ids=["remembered", "forgotten", "itself going", "paused"],
)
def test_who_goes_waits_for_those_that_are_yet_to_forget_it(about: Body, waits: bool) -> None:
    site = thing("a/site", "a/media", arn="1", **deleting())
    media = thing("a/media", arn="m", **{"gave": ("a/site",), **about})
    said = [error.message for error in among(site, media).not_given_back(Object(site))]
    assert said == ["Thing a/media is yet to take back what it gave to Thing a/site."] * waits


def test_who_goes_waits_in_vain_for_what_is_stalled() -> None:
    media = thing("a/media", arn="m", gave=("a/site",), stalled="AccessDenied")
    site = thing("a/site", "a/media", arn="1", **deleting())
    (error,) = among(site, media).not_given_back(Object(site))
    assert type(error) is Waiting, "it may be stalled for something else, and has not heard of this yet"

    site["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "Waiting"}]
    (error,) = among(site, media).not_given_back(Object(site))
    assert type(error) is Blocked
    assert error.message == (
        "Thing a/media is yet to take back what it gave to Thing a/site: that object is stalled "
        "(AccessDenied); see its status."
    )
