"""Emptying, pausing and abandoning as the controller sees them: when to go on, when to stop, what is told."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from headrace.aws.sessions import Account, Identity
from headrace.controller import deletion
from headrace.controller.accounts import Accounts
from headrace.controller.api import Body, Object
from headrace.controller.cache import Cache
from headrace.controller.consequences import Next
from headrace.controller.outcome import Outcome, Parts
from headrace.controller.reconciler import Reconciler
from headrace.controller.relations import Relations
from headrace.controller.transitions import Transition
from headrace.engine.errors import Context, Denied, NotEmpty, Throttled
from headrace.engine.facet import Emptied, Permissions, ResourceType, Root
from headrace.engine.graph import Node, Nodes
from headrace.engine.ownership import Presence, owner_of
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.kinds.common import BareRequest, CommonSpec, Kind
from headrace.kinds.definition import ABANDON, FINALIZER, PAUSED, ObjectRef

REF = ObjectRef("Jar", "shop", "media")
ME = owner_of("cluster", "Jar", "shop", "media")
CONTENT = NotEmpty("has content", Context(code="BucketNotEmpty"))
COUNTED = "objects, versions, markers and uploads"


class Cloud:
    """One jar in an AWS: what it has come to, and what emptying it will come to, time by time."""

    def __init__(self) -> None:
        self.jar: Presence | Missing = Presence(owner=ME)
        self.goes: list[Emptied] = []
        self.stops: list[bool] = []
        """What the emptier was told when it asked whether to stop, with nothing and with much deleted."""
        self.refusal: Exception | None = None
        self.hidden: Exception | None = None
        """Why one may not even look."""


CLOUD = Cloud()


class JarRoot(Root[Presence, Any]):
    """The jar itself."""

    name = "presence"
    slice = Presence
    address = "arn:{partition}:fake:{region}:{account}:{id}"
    permissions = Permissions()

    def observe(self, target: Any) -> Presence | Missing:
        if CLOUD.hidden is not None:
            raise CLOUD.hidden
        return CLOUD.jar

    def create(self, target: Any, after: Presence, carried: Mapping[str, Slice]) -> None:
        CLOUD.jar = after

    def apply(self, target: Any, after: Presence, before: Presence | Missing) -> None:
        CLOUD.jar = after

    def empty(self, target: Any, stop: Any) -> Emptied:
        CLOUD.stops += [stop(0), stop(1_000_000)]
        return CLOUD.goes.pop(0)

    def remove(self, target: Any, before: Presence) -> None:
        if CLOUD.refusal is not None:
            raise CLOUD.refusal
        CLOUD.jar = ABSENT


JAR = ResourceType.of("fake/jar", {"presence": JarRoot()})


class JarKind(Kind[CommonSpec]):
    """One jar."""

    name = "Jar"
    main = "jar"

    def expand(self, request: Any) -> Any:
        raise AssertionError("deletion needs no spec")

    def made(self, name: str, raw: Mapping[str, Any]) -> str:
        return name

    def bare(self, request: BareRequest) -> Nodes:
        return (Node("jar", JAR, request.id, request.region, Presence(owner=request.owner)),)

    def outputs(self, request: Any, settled: Any, identity: Any) -> Any:
        raise AssertionError("nothing is told of what goes")


class Reach:
    """The account, as long as there are credentials for it."""

    def __init__(self) -> None:
        self.error: Denied | None = None
        self.asked = 0

    def of_deleting(self, obj: Object) -> Account:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return cast(Account, _Account())


class _Account:
    identity = Identity("111122223333", "arn:aws:iam::111122223333:role/x", "aws")
    region = "eu-central-1"

    def place(self, *_: str) -> None:
        return None


class Server:
    """The API server with the one object, which is about to go; also takes the events."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self.gone = False
        self.events: list[Transition] = []

    def get(self, ref: ObjectRef) -> Body:
        return self.body

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        status = {**self.body.get("status", {}), **patch["status"]}
        self.body = {**self.body, "status": {key: v for key, v in status.items() if v is not None}}
        return self.body

    def patch(self, ref: ObjectRef, operations: Sequence[Body]) -> Body:
        self.gone = True
        return self.body

    def record(self, obj: Object, transition: Transition) -> None:
        self.events.append(transition)


class Stage:
    """A reconciler, and all that it meets."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.server, self.reach, self.latest = Server(), Reach(), dict[ObjectRef, Object]()
        accounts = cast(Accounts, self.reach)
        kinds = {"Jar": JarKind()}
        relations = Relations(Cache(), kinds)
        parts = Parts(
            kinds,
            accounts,
            self.server,
            self.server,
            pool,
            "cluster",
            relations,
            latest=self.latest.get,
        )
        self.reconcile = Reconciler(parts)
        self.of()

    def of(self, status: Mapping[str, Any] | None = None, annotations: Any = None, **spec: Any) -> None:
        """Have the object ask for this."""
        pins = {"accountID": "111122223333", "region": "eu-central-1", "name": "media"}
        metadata = {"name": "media", "namespace": "shop", "uid": "1", "resourceVersion": "1", "generation": 2}
        metadata |= {"deletionTimestamp": "2026-11-05T10:00:00Z", "finalizers": [FINALIZER]}
        metadata |= {"annotations": annotations or {}}
        wanted = {"deletionPolicy": "Delete", "emptyOnDelete": True, **spec}
        self.server.body = {
            "kind": "Jar",
            "metadata": metadata,
            "spec": wanted,
            "status": {"pins": pins, "arn": "arn:jar", **(status or {})},
        }

    def look(self) -> Outcome:
        return self.reconcile(Object(self.server.body))

    @property
    def ready(self) -> tuple[str, str, str]:
        conditions = {c["type"]: c for c in self.server.body["status"]["conditions"]}
        ready = conditions["Ready"]
        return ready["status"], ready["reason"], ready["message"]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("tests.unit.controller.test_leaving.CLOUD", Cloud())
    return Stage(ThreadPoolExecutor(2))


@pytest.fixture
def jar(stage: Stage) -> Cloud:
    return CLOUD


# Emptying


def test_each_slice_adds_to_the_count_and_goes_on_at_once(stage: Stage, jar: Cloud) -> None:
    jar.goes = [Emptied(deleted=1200, more=True), Emptied(deleted=300, more=True), Emptied(deleted=7)]
    assert stage.look().next == 0.0
    assert stage.look().next == 0.0
    assert stage.server.body["status"]["emptied"] == 1500
    assert stage.ready == ("False", "Deleting", f"jar media is being deleted: 1,500 {COUNTED} are gone")
    assert stage.server.body["status"]["arn"] == "arn:jar"
    stage.look()
    assert stage.server.gone
    assert stage.server.events[-1].note == f"jar media deleted, with 1,507 {COUNTED}"


def test_what_is_refused_is_told_once_all_the_rest_is_gone(stage: Stage, jar: Cloud) -> None:
    came = Emptied(deleted=5, refused=7, reasons=("a (1): kept", "b (2): kept"))
    jar.goes = [came]
    outcome = stage.look()
    assert stage.ready == (
        "False",
        "NotEmpty",
        "jar media: 7 could not be deleted: a (1): kept; b (2): kept; and 5 more",
    )
    assert (outcome.next, stage.server.body["status"]["emptied"]) == (300.0, 5)
    assert not stage.server.gone


def test_what_is_refused_does_not_hold_up_the_rest(stage: Stage, jar: Cloud) -> None:
    jar.goes = [Emptied(deleted=5, refused=1, reasons=("a (1): kept",), more=True)]
    assert stage.look().next == 0.0
    assert stage.ready[1:] == (
        "Deleting",
        f"jar media is being deleted: 5 {COUNTED} are gone; 1 could not be deleted: a (1): kept",
    )


@pytest.mark.parametrize(
    ("error", "reason", "next_"),
    [
        (Throttled("slow down"), "Throttled", Next.BACKOFF),
        (NotEmpty("locked until 2030"), "NotEmpty", 300.0),
        (Denied("no s3:DeleteObjectVersion"), "AccessDenied", 300.0),
    ],
)
def test_what_ended_a_slice_is_told_and_what_it_did_is_not_forgotten(
    stage: Stage, jar: Cloud, error: Any, reason: str, next_: Any
) -> None:
    stage.of(status={"emptied": 40})
    jar.goes = [Emptied(deleted=2, more=True, failure=error)]
    assert stage.look().next == next_
    assert stage.ready[1] == reason
    assert stage.ready[2].startswith(error.message)
    assert ("headrace.io/abandon" in stage.ready[2]) is isinstance(error, Denied)
    assert stage.server.body["status"]["emptied"] == 42


@pytest.mark.parametrize("there", [Presence(owner="other"), Presence(), ABSENT])
def test_what_is_not_ours_is_not_emptied(stage: Stage, jar: Cloud, there: Any) -> None:
    jar.jar = there
    stage.look()
    assert (stage.server.gone, jar.jar, jar.stops) == (True, there, [])


@pytest.mark.parametrize(
    "spec", [{"emptyOnDelete": False}, {"emptyOnDelete": "true"}, {"deletionPolicy": "Retain"}]
)
def test_only_the_flag_with_delete_empties(stage: Stage, jar: Cloud, spec: dict[str, Any]) -> None:
    stage.of(**spec)
    stage.look()
    assert jar.stops == []


def test_content_that_came_while_it_was_emptied_is_no_reason_to_give_up(stage: Stage, jar: Cloud) -> None:
    jar.goes, jar.refusal = [Emptied(deleted=1), Emptied(deleted=1)], CONTENT
    assert stage.look().next is Next.BACKOFF
    assert stage.ready[1:] == (
        "Deleting",
        "jar media got new content while it was emptied; it is emptied again.",
    )
    jar.refusal = None
    stage.look()
    assert stage.server.gone


def test_what_else_keeps_it_from_going_is_told_as_it_is(stage: Stage, jar: Cloud) -> None:
    """Emptying it again would not help against access points."""
    points = Context(code="BucketHasAccessPointsAttached")
    jar.goes, jar.refusal = [Emptied(deleted=1)], NotEmpty("has access points", points)
    assert stage.look().next == 300.0
    assert stage.ready == ("False", "NotEmpty", "has access points")


def test_a_slice_goes_on_while_nobody_asks_for_anything_else(stage: Stage, jar: Cloud) -> None:
    jar.goes = [Emptied(more=True)]
    stage.latest[REF] = Object({**stage.server.body, "status": {"written": "by us"}})
    stage.look()
    assert jar.stops == [False, False]


@pytest.mark.parametrize("change", [{"generation": 3}, {"annotations": {PAUSED: "true"}}])
def test_an_edit_or_a_pause_stops_a_slice_at_once(stage: Stage, jar: Cloud, change: dict[str, Any]) -> None:
    jar.goes = [Emptied(more=True)]
    body = stage.server.body
    stage.latest[REF] = Object({**body, "metadata": {**body["metadata"], **change}})
    stage.look()
    assert jar.stops == [True, True]


def test_when_the_time_is_up_it_stops_if_it_came_to_something(
    stage: Stage, jar: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "_SLICE_SECONDS", -1.0)
    jar.goes = [Emptied(more=True)]
    stage.look()
    assert jar.stops == [False, True], "else what is refused would be all that it ever sees"


@pytest.mark.parametrize(
    ("place", "gone"), [({"name": "media"}, True), ({"name": "other"}, False)], ids=["this one", "another"]
)
def test_a_name_that_is_somebody_elses_is_not_emptied_and_lets_the_object_go(
    stage: Stage, jar: Cloud, place: dict[str, str], gone: bool
) -> None:
    jar.hidden = Denied("no look")
    not_ours = {"accountID": "111122223333", "region": "eu-central-1", **place}
    stage.of(status={"pins": {}, "notOurs": not_ours})
    stage.look()
    assert (stage.server.gone, jar.stops) == (gone, [])


# Pausing and abandoning


def test_a_paused_deletion_waits_and_asks_for_no_account(stage: Stage, jar: Cloud) -> None:
    stage.of(status={"emptied": 40}, annotations={PAUSED: "true"})
    stage.look()
    assert stage.ready[:2] == ("False", "Paused")
    assert "its deletion waits" in stage.ready[2]
    assert stage.server.body["status"]["emptied"] == 40
    assert (stage.reach.asked, jar.stops, stage.server.gone) == (0, [], False)


@pytest.mark.parametrize(
    ("annotations", "spec"),
    [
        ({PAUSED: "true"}, {"deletionPolicy": "Retain"}),
        ({ABANDON: "true"}, {}),
        ({ABANDON: "true", PAUSED: "true"}, {}),
        ({}, {"mode": "Observe"}),
    ],
    ids=["paused and retained", "abandoned", "abandoned while paused", "observed"],
)
def test_what_goes_without_aws_goes_without_credentials(
    stage: Stage, jar: Cloud, annotations: dict[str, str], spec: dict[str, Any]
) -> None:
    stage.reach.error = Denied("no credentials")
    stage.of(annotations=annotations, **spec)
    stage.look()
    assert stage.server.gone
    assert (stage.reach.asked, jar.jar) == (0, Presence(owner=ME))


def test_without_credentials_it_waits_and_names_the_way_out(stage: Stage) -> None:
    stage.reach.error = Denied("no credentials")
    assert stage.look().next == 300.0
    assert stage.ready[:2] == ("False", "AccessDenied")
    assert stage.ready[2] == (
        "no credentials "
        'To let the object go and leave what is in AWS alone, annotate it headrace.io/abandon: "true".'
    )
    assert not stage.server.gone
