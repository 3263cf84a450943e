"""Every class of errors at every call of a bucket's life: told as it is, no storm, and no trace is left."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from headrace.controller.api import Object
from headrace.controller.consequences import Next
from headrace.controller.outcome import Outcome
from sandbox.aws.stand_in import StandIn
from tests.e2e.buckets import FULL_READS
from tests.faults.kinds import Trouble, follows, troubles
from tests.faults.matrix import run, told
from tests.faults.scene import BucketScene as Scene
from tests.faults.scene import Ground
from tests.faults.stages import BUCKETS, DISTRIBUTIONS, Point, points
from tests.unit.controller.fakes import InlineExecutor
from tests.unit.controller.stage import Stage as Theatre
from tests.unit.controller.stage import play

pytestmark = [pytest.mark.standin, pytest.mark.usefixtures("impatient")]

CREATE, LOOK = BUCKETS[0].stages[:2]
TROUBLES = {trouble.name: trouble for trouble in troubles(all_codes=False)}
OUTAGES = {"throttled": "Throttled", "a failure of AWS": "Unavailable"}
WHO = Point("GetCallerIdentity", 0)
HOUR = 3600.0
EVERY = 10
"""Which part of the faults of distributions is tried: what they are one at a time takes minutes."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[StandIn]:
    """A stand-in of our own: in the end there must be nothing in it that should not be."""
    with StandIn() as aws:
        yield aws


@pytest.fixture
def ground(cloud: StandIn) -> Iterator[Ground]:
    with ThreadPoolExecutor(8) as readers:
        yield Ground.of(cloud, readers)
    cloud.clear_faults()


def test_every_class_of_errors_at_the_calls_of_every_stage_is_survived(
    cloud: StandIn, record_property: Callable[[str, object], None]
) -> None:
    # A fifth of the matrix, each class at other calls than the next; `python -m benchmarks.faults` runs all.
    figures = run(cloud, BUCKETS, troubles(all_codes=False), every=5)
    record_property("faults", figures.text())
    assert figures.wrong == []
    assert (figures.calls, figures.classes) == (144, 9), figures.text()
    assert figures.injected == 231, figures.text()


def test_every_class_of_errors_at_the_calls_of_a_distributions_life_is_survived(
    cloud: StandIn, record_property: Callable[[str, object], None]
) -> None:
    cloud.deployment(0)
    figures = run(cloud, DISTRIBUTIONS, troubles(all_codes=False), every=EVERY)
    record_property("faults", figures.text())
    assert figures.wrong == []
    assert (figures.calls, figures.classes) == (71, 9), figures.text()
    assert figures.injected == 51, figures.text()


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_of_any_read_is_told_from_the_third_look_on_and_ready_keeps_its_value(
    ground: Ground, name: str
) -> None:
    scene = Scene(ground, f"lasting-{OUTAGES[name].lower()}")
    points(scene, CREATE)
    calls, well = points(scene, LOOK), dict(scene.status)
    assert sorted(call.operation for call in calls) == sorted(FULL_READS)
    for point in calls:
        reason = "Unavailable" if point.operation == "HeadBucket" else OUTAGES[name]
        number = scene.aws.fault(**TROUBLES[name].on(scene.about(), point, None))
        for _ in range(2):
            assert scene.look().next is Next.BACKOFF
            assert scene.status == well
        for _ in range(2):
            assert scene.look().next is Next.BACKOFF
            ready = scene.said("Ready")
            assert (ready["status"], ready["reason"]) == ("True", reason)
            assert {**scene.status, "conditions": well["conditions"]} == well
        scene.aws.lift(number)
        assert scene.look().next is Next.RESYNC
        assert scene.status == well, point


@pytest.mark.parametrize("operation", ["GetBucketVersioning", "HeadBucket"])
def test_a_lasting_outage_is_met_with_ever_longer_pauses_and_no_storm(cloud: StandIn, operation: str) -> None:
    scene = Scene(Ground.of(cloud, InlineExecutor()), f"storm-{operation.lower()}")
    points(scene, CREATE)
    scene.look()
    mark = cloud.mark()
    number = cloud.fault(operation=operation, resource=scene.bucket, code="SlowDown")

    def script(stage: Theatre, obj: Object) -> Outcome:
        return scene.reconcile(obj, stage.passes[-1][2])

    async def acts(stage: Theatre) -> None:
        stage.loop.changed(scene.api.read(scene.ref).body)
        await stage.until(HOUR)
        cloud.lift(number)
        await stage.until(HOUR + 400)

    times = play(script, acts).times
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[:11] == [0.5 * 2**n for n in range(11)]
    assert set(pauses[11:]) == {900.0}
    looks = sum(time < HOUR for time in times)
    failed = [call for call in scene.calls(mark) if call.fault == number]
    assert len(failed) == 3 * looks == 3 * 14, "botocore tries three times in each look"
    assert scene.said("Ready")["reason"] == "InSync"
    assert len(scene.calls(mark)) == len(FULL_READS) * len(times) + len(failed) - looks


@pytest.mark.parametrize("trouble", [t for t in TROUBLES.values() if not t.only], ids=lambda t: t.name)
def test_not_learning_who_we_are_is_told_like_any_other_error(cloud: StandIn, trouble: Trouble) -> None:
    with ThreadPoolExecutor(4) as readers:
        scene = Scene(Ground.reaching(cloud, readers), f"whoami-{list(TROUBLES).index(trouble.name)}")
        CREATE.act(scene)
        number = cloud.fault(**trouble.on({}, WHO, None))
        outcome = scene.look()
        cloud.lift(number)
        wanted = follows(CREATE, WHO, trouble)
        assert wanted is not None
        ready = scene.said("Ready")
        assert (ready["status"], ready["reason"], outcome.next) == (wanted.ready, wanted.reason, wanted.next)
        assert scene.said(wanted.beside)["status"] == "True"
        scene.look()
        assert (scene.said("Ready")["status"], told(scene)["managed"] != []) == ("True", True)
