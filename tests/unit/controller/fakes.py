"""An API server that is a dict, and those to whom the controller tells things."""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from headrace.controller.api import Body, Gone, Object, Stale
from headrace.controller.transitions import Transition
from headrace.kinds.definition import ObjectRef
from headrace.telemetry.objects import Sight
from tests.unit.controller.objects import REF, body

P = ParamSpec("P")
T = TypeVar("T")


class InlineExecutor(Executor):
    """Runs what it is given at once, on the thread of the one who gives it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - an executor hands every error on
            future.set_exception(error)
        return future


class FakeApi:
    """Keeps objects with their versions and generations, as the API server does."""

    def __init__(self) -> None:
        self._objects: dict[ObjectRef, dict[str, Any]] = {}
        self._version = 100
        self.log: list[str] = []
        """What was asked for: get, status, patch."""
        self.patches: list[Any] = []
        """The bodies of all patches, refused ones too."""
        self.before: dict[str, Callable[[], object]] = {}
        """What happens just before such a request, once, by somebody else's hand."""
        self.errors: dict[str, Exception] = {}
        """By request, while it is in here."""

    # What people do

    def create(self, spec: Mapping[str, Any] | None = None, ref: ObjectRef = REF, **about: Any) -> Object:
        """Make an object; its uid is its first version."""
        self._version += 1
        about = {"uid": f"uid-{self._version}", **about}
        self._objects[ref] = body(ref, version=self._version, spec=spec, **about)
        return self.read(ref)

    def edit(self, spec: Mapping[str, Any], ref: ObjectRef = REF) -> Object:
        """Replace the spec."""
        return self._change(ref, lambda it: it.update(spec=dict(spec)), generations=1)

    def annotate(self, annotations: Mapping[str, str], ref: ObjectRef = REF) -> Object:
        """Put on annotations."""
        return self._change(ref, lambda it: it["metadata"].update(annotations=dict(annotations)))

    def set_finalizers(self, finalizers: Sequence[str], ref: ObjectRef = REF) -> Object:
        """Put on exactly these finalizers."""
        return self._change(ref, lambda it: it["metadata"].update(finalizers=list(finalizers)))

    def delete(self, ref: ObjectRef = REF) -> Object:
        """Ask for an object to go; it goes at once where no finalizer holds it."""
        mark = {"deletionTimestamp": "2026-11-05T10:00:00Z"}
        gone = self._change(ref, lambda it: it["metadata"].update(mark), generations=1)
        if not gone.finalizers:
            del self._objects[ref]
        return gone

    def replace(self, ref: ObjectRef = REF) -> Object:
        """Let a namesake take the place of an object."""
        del self._objects[ref]
        return self.create(ref=ref)

    def read(self, ref: ObjectRef = REF) -> Object:
        """Return the object as it is now; KeyError where there is none."""
        return Object(copy.deepcopy(self._objects[ref]))

    def __contains__(self, ref: ObjectRef) -> bool:
        return ref in self._objects

    # What the controller does

    @property
    def writes(self) -> list[str]:
        return [request for request in self.log if request != "get"]

    def get(self, ref: ObjectRef) -> Body:
        self._asked("get", ref)
        return self.read(ref).body

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        self.patches.append(copy.deepcopy(patch))
        self._asked("status", ref)
        now, metadata = self.read(ref), patch["metadata"]
        if (metadata["resourceVersion"], metadata["uid"]) != (now.version, now.uid):
            raise Stale(f"{ref} has changed meanwhile")
        status = merged(now.status, patch["status"])
        return self._change(ref, lambda it: it.update(status=status)).body

    def patch(self, ref: ObjectRef, operations: Sequence[Body]) -> Body:
        self.patches.append(copy.deepcopy(operations))
        self._asked("patch", ref)
        draft = copy.deepcopy(self._objects[ref])
        for operation in operations:
            _operate(draft, operation)
        finalizers = draft["metadata"].get("finalizers", [])
        patched = self._change(ref, lambda it: it["metadata"].update(finalizers=finalizers))
        if patched.deleting and not finalizers:
            del self._objects[ref]
        return patched.body

    def _asked(self, request: str, ref: ObjectRef) -> None:
        if happening := self.before.pop(request, None):
            happening()
        self.log.append(request)
        if request in self.errors:
            raise self.errors[request]
        if ref not in self._objects:
            raise Gone(f"{ref} is gone")

    def _change(
        self, ref: ObjectRef, change: Callable[[dict[str, Any]], object], generations: int = 0
    ) -> Object:
        it = self._objects[ref]
        change(it)
        self._version += 1
        it["metadata"]["resourceVersion"] = str(self._version)
        it["metadata"]["generation"] += generations
        return self.read(ref)


def merged(target: Any, patch: Any) -> Any:
    """Apply a merge patch, by RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _operate(draft: dict[str, Any], operation: Body) -> None:
    """Apply one operation of a JSON patch, by RFC 6902; a test that fails makes the patch stale."""
    *path, last = operation["path"].strip("/").split("/")
    place: Any = draft
    for step in path:
        place = place.get(step, [])
    key: Any = int(last) if isinstance(place, list) else last
    known = dict(enumerate(place)) if isinstance(place, list) else place
    match operation["op"]:
        case "test" if known.get(key) != operation["value"]:
            raise Stale(f"testing value {operation['path']} failed")
        case "remove":
            del place[key]
        case "add":
            place[key] = operation["value"]


class FakeRecorder:
    """Keeps the events that it is told of."""

    def __init__(self) -> None:
        self.told: list[Transition] = []

    def record(self, obj: Object, transition: Transition) -> None:
        self.told.append(transition)

    @property
    def lines(self) -> list[str]:
        return [f"{t.type} {t.reason}: {t.note}" for t in self.told]


class FakeMetrics:
    """Keeps what it is told of."""

    def __init__(self) -> None:
        self.passes: list[tuple[str, str, float, float]] = []
        """By kind and result, the seconds that a pass took, and those for which it had to wait."""
        self.states: dict[ObjectRef, Sight] = {}
        self.edits: list[tuple[str, float]] = []
        """By kind, the seconds from an edit to Ready."""
        self.corrections: Counter[str] = Counter()
        self.denials: Counter[str] = Counter()
        self._news: asyncio.Queue[None] = asyncio.Queue()

    async def counted(self, passes: int) -> None:
        """Wait until so many passes were made since this was asked last."""
        for _ in range(passes):
            await self._news.get()

    def reconciled(self, kind: str, result: str, seconds: float, waited: float) -> None:
        self.passes.append((kind, result, seconds, waited))
        self._news.put_nowait(None)

    def ready_after(self, kind: str, seconds: float) -> None:
        self.edits.append((kind, seconds))

    def corrected(self, kind: str) -> None:
        self.corrections[kind] += 1

    def denied(self, actions: Iterable[str]) -> None:
        self.denials.update(actions)

    def state(self, ref: ObjectRef, sight: Sight) -> None:
        self.states[ref] = sight

    def gone(self, ref: ObjectRef) -> None:
        self.states.pop(ref, None)
