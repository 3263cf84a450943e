"""Each action of the policy to manage buckets, taken away alone: it is told, and nothing else is harmed."""

import re
from collections.abc import Iterator

import pytest

from headrace.resources.policies import Purpose
from sandbox.aws.clients import REGION
from sandbox.world import Object, condition
from tests.e2e.buckets import OWNER_TAG, RETAINED_TAG, names, snapshot, tags, writes
from tests.e2e.privileges import BUCKET, WAY_OUT, AnyFacet, Place, spec
from tests.e2e.realm import message
from tests.laws.laws import standing_on
from tests.settings import STATES

pytestmark = pytest.mark.e2e

ROOT = BUCKET.root.permissions
OF_FACETS = [
    (facet, action)
    for facet in BUCKET.facets
    for action in sorted((facet.permissions.read | facet.permissions.write) - ROOT.read)
]
EMPTYING = {
    "s3:AbortMultipartUpload": ("", ["big"]),
    "s3:DeleteObject": ("/before", ["before"]),
    "s3:DeleteObjectVersion": ("/after", ["after", "after"]),
    "s3:GetBucketObjectLockConfiguration": ("", ["after", "after", "before", "big"]),
    "s3:ListBucketMultipartUploads": ("", ["big"]),
    "s3:ListBucketVersions": ("", ["after", "after", "before", "big"]),
}
"""What is denied below the bucket, and what is left of its content, without an action."""
ONLY_TELLING = {"s3:GetObjectRetention", "s3:GetObjectLegalHold"}
"""With these it is found out why S3 refuses to delete a version; what can go goes without them, too."""
# CreateBucket asks for the right to tag as well, since it carries the owner's tag.
CREATING = [*sorted(ROOT.create), "s3:TagResource"]


def family(facet: AnyFacet) -> list[AnyFacet]:
    """Return the facet, and those that are written with the same actions, as parts of the same policy are."""
    needs = facet.permissions.write
    return [each for each in BUCKET.facets if each is facet or each.permissions.write & needs]


class Crowd:
    """A bucket of which every setting is managed, and for each one that leaves its family alone."""

    def __init__(self, place: Place) -> None:
        self.place, self.whole = place, place.shop.name("whole")
        self._at = 0
        place.manage()
        self.sparing = {facet.name: place.shop.name(f"no-{facet.name.lower()}") for facet in BUCKET.facets}
        self._apply(self.whole, *self.sparing.values())
        for name in (self.whole, *self.sparing.values()):
            place.shop.ready(name)

    @property
    def state(self) -> str:
        return STATES[self._at % len(STATES)]

    def move(self, *also: str) -> Object:
        """Edit every setting of the whole bucket, and of others; return what came of it."""
        self._at += 1
        self._apply(self.whole, *also)
        return self.place.settled(self.whole)

    def _apply(self, *names: str) -> None:
        spared = {
            name: [each.name for each in family(BUCKET.facet(facet))] for facet, name in self.sparing.items()
        }
        self.place.apply({name: spec(self.state, ignoreDrift=spared.get(name, [])) for name in names})


@pytest.fixture(scope="module")
def crowd(place: Place) -> Crowd:
    return Crowd(place)


@pytest.fixture(autouse=True)
def all_rights_afterwards(place: Place) -> Iterator[None]:
    yield
    place.manage()


# Settings


@pytest.mark.parametrize(
    ("facet", "action"), OF_FACETS, ids=[f"{facet.name} {action}" for facet, action in OF_FACETS]
)
def test_only_the_setting_that_needs_it_waits(
    place: Place, crowd: Crowd, facet: AnyFacet, action: str
) -> None:
    spared = crowd.sparing[facet.name]
    left_alone = place.found(facet, spared)
    place.manage(action)
    for _ in STATES:
        before = place.found(facet, crowd.whole)
        obj = crowd.move(spared)
        assert condition(place.settled(spared), "Ready")["status"] == "True", (
            "who does not need it has no harm"
        )
        place.is_as(spared, crowd.state, but=family(facet))
        if condition(obj, "Stalled"):
            break
    assert place.found(facet, spared) == left_alone

    assert condition(obj, "Stalled")["reason"] == "AccessDenied", f"{action} is not missed"
    waiting = standing_on(BUCKET, facet)
    held = "|".join(f" {each.name} waits for {facet.name}\\." for each in waiting)
    told = re.escape(place.denied(action, crowd.whole))
    assert re.fullmatch(f"{told}(?:{held})*", message(obj)), message(obj)
    place.is_as(crowd.whole, crowd.state, but=[*family(facet), *waiting])
    if action in facet.permissions.read:
        assert place.found(facet, crowd.whole) == before, "what cannot be read is not written"
    place.goes_on(crowd.whole, crowd.state)


# The bucket itself


@pytest.mark.parametrize("action", sorted(ROOT.read))
def test_what_nothing_can_be_known_of_is_not_touched(place: Place, crowd: Crowd, action: str) -> None:
    place.manage(action)
    before = snapshot(place.s3, crowd.whole)
    obj = crowd.move()
    assert condition(obj, "Stalled")["reason"] == "AccessDenied"
    assert message(obj) == place.denied(action, crowd.whole)
    assert writes(call.operation for call in place.asked()) == []
    assert snapshot(place.s3, crowd.whole) == before
    place.goes_on(crowd.whole, crowd.state)


@pytest.mark.parametrize("action", CREATING)
def test_nothing_is_made_and_what_is_there_is_kept(place: Place, crowd: Crowd, action: str) -> None:
    place.manage(action)
    name = place.fresh()
    place.apply({name: spec("sample")})
    assert message(place.shop.stalled("AccessDenied", name)) == place.denied(action, name)
    assert name not in names(place.s3)
    other = next(facet for facet in BUCKET.facets if action not in facet.permissions.write)
    place.drift(crowd.whole, "sample", other)
    assert condition(place.shop.look_now(crowd.whole), "Ready")["status"] == "True"
    place.is_as(crowd.whole, crowd.state)
    place.goes_on(name, "sample")


def test_without_a_look_a_bucket_is_made_and_then_waits(place: Place) -> None:
    """A refused look at a name proves nothing: names are the whole world's, and the create call decides."""
    place.manage("s3:ListBucket")
    name = place.fresh()
    place.apply({name: spec("sample")})
    assert message(place.shop.stalled("AccessDenied", name)) == place.denied("s3:ListBucket", name)
    assert writes(call.operation for call in place.asked(name)) == ["CreateBucket"]
    assert OWNER_TAG in tags(place.s3, name)
    place.goes_on(name, "sample")


def test_without_the_right_to_tag_nothing_is_taken_over(place: Place) -> None:
    place.manage("s3:TagResource")
    name = place.fresh()
    place.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    before = snapshot(place.s3, name)
    place.apply({name: spec("sample", adoption="IfExists")})
    assert message(place.shop.stalled("AccessDenied", name)) == place.denied("s3:TagResource", name)
    assert snapshot(place.s3, name) == before
    place.goes_on(name, "sample")


@pytest.mark.parametrize("action", sorted(Purpose.WRITE.of(ROOT)))
def test_what_cannot_be_let_go_of_waits(place: Place, action: str) -> None:
    name = place.fresh()
    place.apply({name: spec("silent")})
    place.shop.ready(name)
    place.manage(action)
    place.shop.delete(name)
    obj = place.shop.stalled("AccessDenied", name)
    assert message(obj) == f"{place.denied(action, name)} {WAY_OUT}"
    assert OWNER_TAG in tags(place.s3, name)
    place.manage()
    place.shop.annotate(name, "headrace.io/reconcile-requested-at", "now")
    place.shop.gone(name)
    assert [OWNER_TAG in tags(place.s3, name), RETAINED_TAG in tags(place.s3, name)] == [False, True]


@pytest.mark.parametrize("action", sorted(ROOT.remove))
def test_what_cannot_be_deleted_waits(place: Place, action: str) -> None:
    name = place.fresh()
    place.apply({name: spec("silent", deletionPolicy="Delete")})
    place.shop.ready(name)
    place.manage(action)
    place.shop.delete(name)
    obj = place.shop.stalled("AccessDenied", name)
    assert message(obj) == f"{place.denied(action, name)} {WAY_OUT}"
    assert name in names(place.s3)
    place.manage()
    place.shop.annotate(name, "headrace.io/reconcile-requested-at", "now")
    place.shop.gone(name)


# What is in it


@pytest.fixture(scope="module")
def going(place: Place) -> str:
    """A bucket that is to be emptied and deleted, for which one right after another is missing."""
    name = place.shop.name("going")
    place.manage()
    place.apply({name: {"region": REGION, "deletionPolicy": "Delete", "emptyOnDelete": True}})
    place.shop.ready(name)
    place.manage(*ROOT.empty)
    place.shop.delete(name)
    place.shop.stalled("AccessDenied", name)
    return name


def test_every_action_to_empty_with_is_tried() -> None:
    assert EMPTYING.keys() | ONLY_TELLING == ROOT.empty


@pytest.mark.parametrize("action", EMPTYING)
def test_what_cannot_be_emptied_waits_and_what_can_go_goes(place: Place, going: str, action: str) -> None:
    place.manage(action)
    place.fill(going)
    obj = place.shop.look_now(going)
    assert condition(obj, "Stalled")["reason"] == "AccessDenied", obj["status"]
    below, left = EMPTYING[action]
    assert message(obj) == f"{place.denied(action, going + below)} {WAY_OUT}"
    assert place.content(going) == left


def test_once_all_is_allowed_it_is_emptied_and_deleted(place: Place, going: str) -> None:
    place.manage()
    place.shop.annotate(going, "headrace.io/reconcile-requested-at", "now")
    place.shop.gone(going)
    assert going not in names(place.s3)


@pytest.mark.parametrize("action", sorted(ONLY_TELLING))
def test_without_a_look_at_locks_the_words_are_those_of_s3(place: Place, action: str) -> None:
    name, word = place.fresh(), "retention" if action == "s3:GetObjectRetention" else "hold"
    version = place.locked(name, word)
    said = {"adoption": "IfExists", "deletionPolicy": "Delete", "emptyOnDelete": True}
    place.apply({name: {"region": REGION, **said}})
    place.shop.ready(name)
    place.manage(action)
    place.shop.delete(name)
    first = f"bucket {name}: 1 could not be deleted: locked ({version}): "
    obj = place.shop.stalled("NotEmpty", name)
    assert message(obj) == f"{first}Access Denied because object protected by object lock."
    place.manage()
    known = {"retention": "object lock in governance mode keeps it until", "hold": "a legal hold keeps it"}
    assert message(place.shop.look_now(name)).startswith(first + known[word])
    place.shop.annotate(name, "headrace.io/abandon", "true")
    place.shop.gone(name)
