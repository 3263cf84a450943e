"""Runs the matrix: each trouble at each call of each stage, then a look without; says what was wrong."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from headrace.controller.outcome import Outcome
from sandbox.aws.stand_in import Call, StandIn
from tests.e2e.buckets import names, timeless
from tests.faults.kinds import Follows, Trouble, follows
from tests.faults.scene import BucketScene, Ground, Scene, goes_on
from tests.faults.stages import Life, Point, Stage, points

AT_ONCE = 8
_READERS = 16
# Beside the retries of botocore: where a HEAD is refused, S3's own client asks once more for the region,
# and a refused look is decided by a create call.
_SLACK = 2
_MOST_LOOKS = 3


@dataclass(frozen=True)
class Model:
    """One stage as it goes undisturbed."""

    stage: Stage
    points: tuple[Point, ...]
    writes: int
    """How often the API server is written to."""
    status: dict[str, Any]
    truth: dict[str, Any]


@dataclass
class Figures:
    """What came of the matrix."""

    calls: int = 0
    """How many calls the stages are made of."""
    classes: int = 0
    """How many classes of errors there are."""
    injected: int = 0
    """How many faults were injected, each at one call in one pass."""
    requests: int = 0
    """How many requests were answered with one."""
    wrong: list[str] = field(default_factory=list)
    """What was not as it has to be, a line for each fault."""

    @property
    def survived(self) -> int:
        """Count the faults that were told as they should, and left no trace."""
        return self.injected - len(self.wrong)

    def text(self) -> str:
        """Say it in a sentence."""
        return (
            f"{self.survived} of {self.injected} faults survived: {self.calls} calls x {self.classes} "
            f"classes of errors; {self.requests} requests failed"
        )


class Wrong(AssertionError):
    """Something is not as it has to be."""


def run(aws: StandIn, lives: Sequence[Life], troubles: Sequence[Trouble], every: int = 1) -> Figures:
    """Run the matrix, several objects side by side.

    Args:
        aws: a stand-in where nobody else is at work.
        lives: what is disturbed.
        troubles: what goes wrong.
        every: run only one of so many faults, each trouble at other calls than the next one.
    """
    figures = Figures(classes=len({trouble.cls for trouble in troubles}))
    with ThreadPoolExecutor(_READERS) as readers, ThreadPoolExecutor(AT_ONCE) as threads:
        ground, before = Ground.of(aws, readers), names(aws.client("s3"))
        models = [_undisturbed(ground, number, life) for number, life in enumerate(lives)]
        figures.calls = sum(len(m.points) for life in models for m in life if m.stage.disturbed)
        scenes = [life.scene for life in lives]
        runs = [each for each in _runs(ground, scenes, models, troubles) if each.turn % every == 0]
        for run_ in threads.map(lambda each: each.live(), runs):
            figures.injected += run_.injected
            figures.requests += run_.requests
            figures.wrong += run_.wrong
    buckets = [each for each in runs if isinstance(each.scene, BucketScene)]
    expected = {each.scene.name for each in buckets if each.stays} | ({"undisturbed-1"} if buckets else set())
    if not figures.wrong and (found := names(aws.client("s3"))) != expected | before:
        figures.wrong.append(f"left over or lost: {sorted(found ^ (expected | before))}")
    return figures


def _undisturbed(ground: Ground, number: int, life: Life) -> list[Model]:
    scene = life.scene(ground, f"undisturbed-{number}")
    models = []
    for stage in life.stages:
        before = len(scene.api.writes)
        found = points(scene, stage)
        writes = len(scene.api.writes) - before
        models.append(Model(stage, found, writes, told(scene), truth(scene)))
    return models


def _runs(
    ground: Ground, scenes: Sequence[type[Scene]], lives: Sequence[list[Model]], troubles: Sequence[Trouble]
) -> Iterator["Run"]:
    """Return a life for each trouble and each n, in which the n-th call of each stage fails."""
    for number, trouble in enumerate(troubles):
        for which, life in enumerate(lives):
            longest = max(len(model.points) for model in life if model.stage.disturbed)
            for n in range(longest):
                if any(_disturbs(model, trouble, n) for model in life):
                    scene = scenes[which](ground, f"fault-{number}-{which}-{n}")
                    yield Run(scene, life, trouble, n, turn=number + n if not trouble.only else 0)


def _disturbs(model: Model, trouble: Trouble, n: int) -> bool:
    return model.stage.disturbed and n < len(model.points) and trouble.at(model.points[n])


class Run:
    """One life with one fault in each stage."""

    def __init__(self, scene: Scene, life: Sequence[Model], trouble: Trouble, n: int, *, turn: int) -> None:
        self.scene, self.life, self.trouble, self.n, self.turn = scene, life, trouble, n, turn
        self.injected = self.requests = 0
        self.wrong: list[str] = []

    @property
    def stays(self) -> bool:
        """Whether the object is there at the end, and what came of it."""
        return not self.scene.gone

    def live(self) -> "Run":
        """Live it as long as there is a fault to come; what is wrong ends it."""
        last = max(i for i, model in enumerate(self.life) if _disturbs(model, self.trouble, self.n))
        for model in self.life[: last + 1]:
            model.stage.act(self.scene)
            try:
                disturbed = _disturbs(model, self.trouble, self.n)
                if disturbed:
                    self.injected += 1
                    self.disturbed(model, model.points[self.n])
                self.well(model)
                if disturbed:
                    self.whole(model)
            except Wrong as wrong:
                where = f"{model.stage.name}, {self.trouble.name}"
                where += f" at {model.points[self.n]}" if self.n < len(model.points) else ""
                self.wrong.append(f"{where}: {wrong}")
                return self
        return self

    def disturbed(self, model: Model, point: Point) -> None:
        """Make one pass in which this call fails, and check what follows."""
        scene, attempts = self.scene, self.trouble.attempts(point)
        before = dict(scene.status)
        number = scene.aws.fault(**self.trouble.on(scene.about(), point, attempts))
        writes, mark = len(scene.api.writes), scene.aws.mark()
        hit: list[Call] = []
        while not hit:
            outcome = scene.look()
            calls = scene.calls(mark)
            hit = [call for call in calls if call.fault == number]
            if not hit and (scene.gone or not goes_on(outcome)):
                raise Wrong(f"{point} did not come")
        scene.aws.lift(number)
        self.requests += len(hit)
        _same("failed requests", len(hit), attempts)
        _at_most("calls", len(calls), len(model.points) + attempts - 1 + _SLACK)
        _at_most("API writes", len(scene.api.writes) - writes, max(2, model.writes))
        follow = follows(model.stage, point, self.trouble)
        if follow is not None:
            self.check(follow, outcome, hit)
            if follow.ready == "True":
                _same("status", dict(scene.status), before)

    def check(self, follow: Follows, outcome: Outcome, hit: Sequence[Call]) -> None:
        """Compare what is told, and when the next look is, with what must follow."""
        ready = self.scene.said("Ready")
        _same("Ready", (ready.get("status"), ready.get("reason")), (follow.ready, follow.reason))
        for type_ in ("Stalled", "Reconciling"):
            _same(type_, self.scene.said(type_).get("status"), "True" if type_ == follow.beside else None)
        if follow.next is not None:
            _same("next look", outcome.next, follow.next)
        elif not goes_on(outcome):
            raise Wrong(f"next look: {outcome.next} instead of one soon")
        if self.trouble.name == "denied":
            said = rf"on {self.scene.arns} is denied to arn:aws:iam::"
            if not re.search(said, ready["message"]):
                raise Wrong(f"{hit[0].operation} is told as {ready['message']}")

    def well(self, model: Model) -> None:
        """Look again now that nothing is wrong any more: it ends as if nothing ever had been."""
        for _ in range(_MOST_LOOKS):
            if self.scene.gone:
                break
            self.scene.look()
            if told(self.scene) == model.status:
                break
        _same("status in the end", told(self.scene), model.status)

    def whole(self, model: Model) -> None:
        """See that nothing of the bucket was lost, and nothing is left over."""
        found = truth(self.scene)
        for part in sorted(found.keys() | model.truth.keys()):
            _same(f"{part} in the end", found.get(part), model.truth.get(part))


def told(scene: Scene) -> dict[str, Any]:
    """Return the status without its times, for an object of any name; nothing where it is gone."""
    return _plain(scene, scene.status)


def truth(scene: Scene) -> dict[str, Any]:
    """Return all that AWS tells, part by part, for an object of any name."""
    return _plain(scene, scene.truth())


def _plain(scene: Scene, found: Mapping[str, Any]) -> dict[str, Any]:
    text = json.dumps(timeless(found))
    for name, called in scene.called().items():
        text = text.replace(name, called)
    plain: dict[str, Any] = json.loads(text)
    return plain


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {found} instead of {wanted}")


def _at_most(what: str, found: int, most: int) -> None:
    if found > most:
        raise Wrong(f"{found} {what}, at most {most}")
