"""Random histories of one bucket: edits, faults, crashes and other people's changes end in sync, always."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from headrace.engine.slices import UNMANAGED, KeyedSlice, Slice
from headrace.engine.wish import Layer, resolve
from headrace.kinds.accelerated_bucket import BUCKET
from sandbox.aws.clients import REGION
from sandbox.world import condition
from tests.e2e.buckets import names, put_tags, snapshot, tags, writes
from tests.e2e.life import ANY, WHENS, Cradle, Died, Life, Point, When
from tests.e2e.stages import DELETED, BucketPlot, People
from tests.laws import generate
from tests.laws.laws import by_hand, look, same

pytestmark = pytest.mark.e2e

# What fails is told step by step, but not made shorter: that would take minutes.
_SETTINGS = settings(
    deadline=None,
    max_examples=12,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
_FACETS = st.sampled_from(BUCKET.facets)
_VALUES = _FACETS.flatmap(lambda facet: st.tuples(st.just(facet), generate.slices(facet.slice)))
# Codes that botocore does not try again by itself, which would take seconds; and one that it does.
_ERRORS = st.sampled_from((("AccessDenied", 403), ("OperationAborted", 409), ("InternalError", 500)))
_OPERATIONS = st.sampled_from((".*", "(Put|Create|Tag|Untag|Delete).*", "(Get|Head|List).*"))
_HOW = st.fixed_dictionaries(
    {},
    optional={
        "driftPolicy": st.sampled_from(("Correct", "Report")),
        "mode": st.sampled_from(("Manage", "Observe")),
        "ignoreDrift": st.lists(_FACETS.map(lambda facet: facet.name), max_size=2, unique=True),
    },
)
_numbers = count(1)


class History(RuleBasedStateMachine):
    """What can happen to one bucket; what must hold once it is over is in `teardown`."""

    people: People
    cradle: Cradle
    builder: Life

    @initialize()
    def begin(self) -> None:
        self.plot = BucketPlot(self.people, self.builder, f"history-{next(_numbers):03}", DELETED)
        self.s3 = self.people.world.aws.client("s3")
        self.settings: dict[str, Slice] = {}
        self.how: dict[str, Any] = {}
        self.theirs: dict[str, str] = {}
        self.foreign: dict[str, Any] | None = None
        self.sure = True
        self.life = Life(self.cradle)
        self.people.make(self.plot.name, self.spec())

    def spec(self) -> dict[str, Any]:
        return self.plot.spec(self.settings, **self.how)

    # People with kubectl

    @rule(said=_VALUES, looked=st.booleans())
    def edit(self, said: tuple[Any, Slice], looked: bool) -> None:
        facet, value = said
        self.settings[facet.name] = value
        self.people.edit(self.plot.name, self.spec())
        if looked:
            self.life.look(self.plot.ref)

    @rule(facet=_FACETS)
    def take_out(self, facet: Any) -> None:
        self.settings.pop(facet.name, None)
        self.people.edit(self.plot.name, self.spec())

    @rule(how=_HOW)
    def say_how(self, how: dict[str, Any]) -> None:
        self.how = how
        self.people.edit(self.plot.name, self.spec())

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.people.annotate(self.plot.name, {"headrace.io/paused": str(paused).lower()})

    # Other people, in AWS

    @rule(said=_VALUES)
    def somebody_sets(self, said: tuple[Any, Slice]) -> None:
        facet, value = said
        if self.foreign is None and self.plot.is_there() and not issubclass(facet.slice, KeyedSlice):
            by_hand(facet, self.builder.target(self.plot.bucket, REGION), value)

    @rule(number=st.integers(1, 3))
    def somebody_tags(self, number: int) -> None:
        if self.foreign is None and self.plot.is_there():
            self.theirs[f"theirs-{number}"] = "stays"
            put_tags(self.s3, self.plot.bucket, {**tags(self.s3, self.plot.bucket), **self.theirs})

    @rule()
    def somebody_deletes(self) -> None:
        if self.foreign is None and self.plot.is_there():
            self.s3.delete_bucket(Bucket=self.plot.bucket)
            self.theirs.clear()

    @rule()
    def somebody_takes_the_name(self) -> None:
        if self.foreign is None and not self.plot.is_there():
            where: Any = {"LocationConstraint": REGION}
            self.s3.create_bucket(Bucket=self.plot.bucket, CreateBucketConfiguration=where)
            put_tags(self.s3, self.plot.bucket, {"whose": "somebody else's"})
            self.foreign = snapshot(self.s3, self.plot.bucket)

    # The operator

    @rule(again=st.booleans())
    def looks(self, again: bool) -> None:
        """Look, as the same process or as one that was started anew."""
        if again:
            self.dies()
        self.life.look(self.plot.ref)

    @rule(nth=st.integers(1, 30), when=st.sampled_from(WHENS))
    def looks_and_dies(self, nth: int, when: When) -> None:
        self.life.gate.doom(Point(ANY, nth, when))
        with suppress(Died):
            self.life.look(self.plot.ref)
        self.sure = self.sure and not self.life.gate.dead
        self.dies()

    @rule(error=_ERRORS, after=st.integers(0, 12), times=st.integers(1, 3), operation=_OPERATIONS)
    def looks_while_aws_fails(self, error: tuple[str, int], after: int, times: int, operation: str) -> None:
        aws, (code, status) = self.people.world.aws, error
        aws.fault(
            resource=self.plot.bucket,
            operation=operation,
            after=after,
            count=times,
            code=code,
            status=status,
        )
        self.life.look(self.plot.ref)
        aws.clear_faults()

    def dies(self) -> None:
        self.life.close()
        self.life = Life(self.cradle)

    # What must hold

    def teardown(self) -> None:
        if not hasattr(self, "plot"):
            return
        self.life.close()
        self.people.world.aws.clear_faults()
        self.how = {}
        self.pause(False)
        self.people.edit(self.plot.name, self.spec())
        if self.foreign is not None:
            self.is_left_alone()
        self.ends(self.in_sync)
        self.ends(self.steady)
        self.people.delete(self.plot.name)
        self.ends(lambda life: life.settle(self.plot.ref))
        assert self.people.find(self.plot.name) is None
        assert not self.plot.is_there()

    def ends(self, act: Callable[[Life], object]) -> None:
        with Life(self.cradle) as life:
            act(life)

    def is_left_alone(self) -> None:
        with Life(self.cradle) as life:
            obj = life.settle(self.plot.ref)
        assert obj is not None
        assert condition(dict(obj.body), "Ready")["reason"] == "NotOurs"
        assert snapshot(self.s3, self.plot.bucket) == self.foreign
        self.s3.delete_bucket(Bucket=self.plot.bucket)

    def in_sync(self, life: Life) -> None:
        life.settle(self.plot.ref)
        obj = self.people.find(self.plot.name)
        assert obj is not None
        assert condition(obj, "Ready")["reason"] == "InSync", condition(obj, "Ready")
        target = life.target(self.plot.bucket, REGION)
        said = Layer("spec", {name: self.spec()[name] for name in self.settings})
        for name, wish in resolve(BUCKET.facets, [said], frozenset(), secure=True).items():
            if wish.value is UNMANAGED:
                continue
            found = look(BUCKET.facet(name), target)
            if isinstance(wish.value, KeyedSlice):
                found = found.only(wish.value.entries)
            assert same(found, wish.value), f"{name}: {found!r} is there, {wish.value!r} is wished for"
        there = tags(self.s3, self.plot.bucket)
        assert self.theirs.items() <= there.items(), "tags of others live"
        ours = self.spec().get("tags", {})
        left = {key for key in there if not key.startswith("headrace.io/")} - ours.keys() - self.theirs.keys()
        # What was set by a pass that died, and taken out of the spec before the next one, nobody knows of.
        assert not (left and self.sure), f"tags {left} were taken out"
        mine = {name for name in names(self.s3) if name.startswith(self.plot.bucket)}
        assert mine == {self.plot.bucket}

    def steady(self, life: Life) -> None:
        self.people.world.mark()
        life.settle(self.plot.ref)
        assert writes(self.people.world.operations(self.plot.bucket)) == []
        assert self.people.world.api_writes() == []


def test_whatever_happens_in_whatever_order_ends_in_sync(
    people: People, cradle: Cradle, builder: Life
) -> None:
    machine = type("History", (History,), {"people": people, "cradle": cradle, "builder": builder})
    run_state_machine_as_test(machine, settings=_SETTINGS)
