"""The status of an object, computed in one place, last, from what this pass saw.

Of the earlier status only these are read: managed, pins, appliedGeneration, lastHandledReconcileAt,
lastCorrection, transition times; and, where this pass could not see, Ready, the drift, the outputs, notOurs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headrace.controller.api import Object
from headrace.controller.conditions import Aspect, bug, conditions, kept
from headrace.controller.consequences import consequence, gravest
from headrace.controller.ledger import written
from headrace.engine.errors import CloudError, Conflict, Deploying, NotOurs, Throttled, Unavailable, Waiting
from headrace.engine.ignore import Ignored
from headrace.engine.ownership import Presence
from headrace.engine.plan import Change, FieldChange
from headrace.engine.wish import Wish, facet_of, is_of_node, remembered
from headrace.engine.work import Report
from headrace.kinds.common import Part
from headrace.kinds.status import MOST_DRIFT, MOST_MANAGED, MOST_PARTS, TEXT, Reason, outputs

LASTING = 3
"""How many looks in a row must fail for an outage to be told."""


@dataclass(frozen=True)
class Seen:
    """What one pass saw of an object; what it could not see is None or empty."""

    obj: Object
    now: str
    """The time of the pass, in UTC, as Kubernetes writes times."""
    what: str
    """How sentences call the resource: "bucket media"."""
    errors: tuple[CloudError, ...] = ()
    report: Report | None = None
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    ignored: Ignored = field(default_factory=Ignored)
    """What this pass left as it found it."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, str] | None = None
    not_ours: Mapping[str, str] | None = None
    """Where what was seen is somebody else's."""
    observing: bool = False
    wrote: bool = False
    """Whether this pass was allowed to write."""
    outages: int = 0
    """How many looks in a row before this one met an outage."""
    paused: bool = False
    """Whether nothing was done because somebody said so."""
    progress: str = ""
    """How far something is that takes more than one pass."""
    gone: bool = False
    """Whether what the object is about is deleted already, on the way out."""
    asked_anew: bool = False
    """Whether others ask for something that the object does not tell of yet: that is no drift."""
    parts: tuple[Part, ...] | None = None
    """What the object stands for; None: as the status says."""
    beside: tuple[Change, ...] = ()
    """What was carried out beside what the report tells of."""
    bug: str = ""
    """The name of an exception that is none of ours."""

    @property
    def done(self) -> tuple[Change, ...]:
        """All that was carried out."""
        return (*(self.report.done if self.report else ()), *self.beside)

    @property
    def drifting(self) -> bool:
        """Whether what differs is drift; otherwise it is asked for, and was not carried out yet."""
        applied = self.obj.generation == self.obj.status.get("appliedGeneration")
        return self.observing or (applied and not self.asked_anew)

    @property
    def exists(self) -> bool:
        """Whether the resource is there."""
        return self.report is not None and isinstance(self.root, Presence)

    @property
    def ours(self) -> bool:
        """Whether the resource is there and may be touched."""
        return self.exists and self.looked

    @property
    def root(self) -> Any:
        """What was seen of the resource's presence, or None."""
        found = self.report.found.items() if self.report else ()
        return next((v for path, v in found if isinstance(v, Presence) and not is_of_node(path)), None)

    @property
    def looked(self) -> bool:
        """Whether the resource could be looked at, be it there or not; what is not ours tells nothing."""
        found = self.report.found if self.report else ()
        return any(not is_of_node(path) for path in found) and not self.foreign

    @property
    def foreign(self) -> bool:
        """Whether what is there is somebody else's; what else belongs to the object does not count."""
        if self.report is None:
            return any(isinstance(error, NotOurs) for error in self.errors)
        own = (failure.error for failure in self.report.failures if not is_of_node(failure.facet))
        return any(isinstance(error, NotOurs) for error in own)

    @property
    def outage(self) -> bool:
        """Whether AWS asked to slow down, or did not answer, whatever else it said."""
        return any(isinstance(error, Throttled | Unavailable) for error in self.errors)

    @property
    def unread(self) -> frozenset[str]:
        """Facets that are managed and could not be read in this pass."""
        return self.report.unread if self.report else frozenset()

    @property
    def complete(self) -> bool:
        """Whether nothing that was wished for is left to do or to read."""
        # What AWS took, and is rolling out, is carried out.
        errors = [error for error in self.errors if not isinstance(error, Deploying)]
        return self.looked and not errors and not self.bug and not (self.report and self.report.held)


def assess(seen: Seen) -> dict[str, Any]:
    """Return the whole status. The same sight gives the same status, byte for byte."""
    old, obj = seen.obj.status, seen.obj
    status: dict[str, Any] = {"observedGeneration": obj.generation, **_told(seen)}
    status["conditions"] = _conditions(seen)
    if _applied(seen):
        status["appliedGeneration"] = obj.generation
    elif "appliedGeneration" in old and not (seen.report and seen.report.new):
        # What was, or may have been, made anew, and is not whole yet, was never carried out as it is now.
        status["appliedGeneration"] = old["appliedGeneration"]
    status |= _drift(seen)
    corrected = _corrected(seen)
    if corrected:
        fields = [f.field[:TEXT] for f in corrected[:MOST_DRIFT]]
        status["lastCorrection"] = {"time": seen.now, "fields": fields}
    elif "lastCorrection" in old:
        status["lastCorrection"] = old["lastCorrection"]
    ledger = _ledger(seen)
    if ledger:
        status["managed"] = ledger
    if parts := _parts(seen):
        status["parts"] = parts
    pins = seen.pins or old.get("pins")
    if pins:
        status["pins"] = dict(pins)
    elif not_ours := _not_ours(seen):
        status["notOurs"] = dict(not_ours)
    if obj.requested_at is not None:
        status["lastHandledReconcileAt"] = obj.requested_at[:TEXT]
    return status


def _parts(seen: Seen) -> list[Any]:
    if seen.parts is None:
        return list(seen.obj.status.get("parts", []))
    return [written(part) for part in seen.parts[:MOST_PARTS]]


def _told(seen: Seen) -> dict[str, Any]:
    """Return the outputs, as seen now or, where this pass was blind, as they were."""
    told = outputs(seen.obj.status)
    if seen.obj.deleting:
        return {} if seen.gone else told | dict(seen.outputs)
    if seen.ours:
        return dict(seen.outputs)
    return {} if seen.looked else told


def _not_ours(seen: Seen) -> Mapping[str, str] | None:
    """Return where the name is somebody else's, as seen now or, where this pass was blind, as it was.

    It decides on the way out, long after Ready was about something else.
    """
    if seen.looked or (seen.report and seen.report.new):
        return None
    return seen.not_ours or seen.obj.status.get("notOurs")


def _applied(seen: Seen) -> bool:
    return seen.wrote and seen.complete and not (seen.report and seen.report.left)


# Drift


def _left(seen: Seen) -> tuple[FieldChange, ...]:
    changes: Sequence[Change] = seen.report.left if seen.report and seen.drifting else ()
    if not seen.exists:
        # Where the resource itself is missing, its settings are no news.
        changes = [change for change in changes if isinstance(change.after, Presence)]
    return tuple(sorted((f for change in changes for f in change.fields), key=lambda f: f.field))


def _drift(seen: Seen) -> dict[str, Any]:
    if not seen.looked:
        return {key: seen.obj.status[key] for key in ("drift", "driftCount") if key in seen.obj.status}
    drift = _differing(seen)
    return {"driftCount": len(drift), **({"drift": drift[:MOST_DRIFT]} if drift else {})}


def _differing(seen: Seen) -> list[dict[str, str]]:
    """Return the fields that differ: as seen now or, where a setting could not be read, as last known."""
    now = [{"field": f.field[:TEXT], "wanted": f.wanted[:TEXT], "found": f.found[:TEXT]} for f in _left(seen)]
    known = [f for f in seen.obj.status.get("drift", []) if facet_of(f["field"]) in seen.unread]
    return sorted([*now, *known], key=lambda f: f["field"]) if seen.drifting else now


def _corrected(seen: Seen) -> tuple[FieldChange, ...]:
    """Return the fields that this pass put right, as long as they were drift and not an edit."""
    if seen.report is None or not seen.drifting or seen.obj.deleting:
        return ()
    return tuple(sorted((f for change in seen.report.done for f in change.fields), key=lambda f: f.field))


def _ledger(seen: Seen) -> list[str]:
    """What we set, or may have set, and what is to go but is not gone yet, or is left alone for now."""
    old, report = seen.obj.status.get("managed", []), seen.report
    if not seen.wrote or report is None or seen.foreign or seen.obj.deleting:
        return list(old)
    wished = remembered(seen.wishes)
    touched = {entry for entry in wished if facet_of(entry) in report.touched}
    if not seen.ours:
        # Made, perhaps, with what travels in the create call; but not seen.
        return sorted({*old, *touched})[:MOST_MANAGED]
    unsure = {change.facet for change in report.left} | {failure.facet for failure in report.failures}
    kept = {entry for entry in old if facet_of(entry) in unsure or entry in seen.ignored}
    as_wished = {entry for entry in wished if facet_of(entry) not in unsure}
    return sorted(as_wished | touched | kept)[:MOST_MANAGED]


# Conditions


def _conditions(seen: Seen) -> list[dict[str, Any]]:
    aspects = _main(seen)
    drifted = _drifted(seen)
    if drifted is not None:
        aspects.append(drifted)
    return conditions(seen.obj, aspects, seen.now)


def _main(seen: Seen) -> list[Aspect]:
    """Return Ready, and Reconciling or Stalled while they hold."""
    if seen.bug:
        ready = bug(seen.bug)
        return [ready, ready.also("Reconciling")]
    if seen.paused:
        return [_paused(seen)]
    error = gravest(seen.errors)
    if error is None:
        return _without_error(seen)
    effect = consequence(error)
    if effect.stalled:
        ready = Aspect("Ready", "False", effect.reason, _sentences(seen))
        return [ready, ready.also("Stalled")]
    if known := _kept(seen, error, effect.reason):
        return known
    waits = isinstance(error, Throttled | Unavailable | Waiting)
    if isinstance(error, Deploying) and not seen.obj.deleting:
        waits = True
    reason = effect.reason if waits else _progress(seen)
    ready = Aspect("Ready", "False", reason, _sentences(seen))
    return [ready, ready.also("Reconciling")]


def _paused(seen: Seen) -> Aspect:
    """Ready keeps its value, unless there is an edit that was not carried out, or a deletion that waits."""
    before = seen.obj.conditions.get("Ready", {})
    applied = seen.obj.status.get("appliedGeneration") == seen.obj.generation and not seen.obj.deleting
    waits = "its deletion waits" if seen.obj.deleting else "nothing is done to AWS"
    message = f"{seen.what} is paused: {waits}. Take the annotation headrace.io/paused away to go on."
    return Aspect("Ready", before.get("status", "False") if applied else "False", Reason.PAUSED, message)


def _kept(seen: Seen, error: CloudError, reason: Reason) -> list[Aspect]:
    """An outage does not change what is known: Ready keeps its value, and tells of it only if it lasts."""
    if seen.obj.deleting or not isinstance(error, Throttled | Unavailable | Conflict):
        return []
    passing = isinstance(error, Conflict) or seen.outages + 1 < LASTING
    return kept(seen.obj, None if passing else (reason, _sentences(seen)))


def _progress(seen: Seen) -> Reason:
    if seen.obj.deleting:
        return Reason.DELETING
    if seen.observing:
        return Reason.OBSERVING
    return Reason.UPDATING if "appliedGeneration" in seen.obj.status else Reason.CREATING


def _without_error(seen: Seen) -> list[Aspect]:
    if seen.obj.deleting:
        ready = Aspect(
            "Ready",
            "False",
            Reason.DELETING,
            ": ".join(filter(None, (f"{seen.what} is being deleted", seen.progress))),
        )
        return [ready, ready.also("Reconciling")]
    left = len({change.facet for change in seen.report.left}) if seen.report else 0
    read = seen.report.found if seen.report else {}
    settings = sum(wish.lasts for name, wish in seen.wishes.items() if name in read)
    if seen.observing:
        return [_observing(seen, settings, left)]
    if not left:
        return [Aspect("Ready", "True", Reason.IN_SYNC, f"{seen.what}: {settings} settings in sync")]
    if not seen.exists:
        message = (
            f"{seen.what} is gone; driftPolicy Report leaves it so. Edit spec, or set driftPolicy: Correct, "
            "to have it made anew."
        )
        ready = Aspect("Ready", "False", Reason.DRIFTED, message)
        return [ready, ready.also("Stalled")]
    message = f"{seen.what}: {left} of {settings} settings differ; driftPolicy Report leaves them so"
    return [Aspect("Ready", "True", Reason.DRIFTED, message)]


def _observing(seen: Seen, settings: int, left: int) -> Aspect:
    if not seen.exists:
        message = f"{seen.what} does not exist; mode Observe does not create it"
        return Aspect("Ready", "False", Reason.OBSERVING, message)
    message = f"{seen.what}: {settings} settings read, {left} differ; mode Observe leaves them so"
    return Aspect("Ready", "True", Reason.OBSERVING, message)


def _drifted(seen: Seen) -> Aspect | None:
    """Return the condition Drifted; where this pass could not see, as it was."""
    before = seen.obj.conditions.get("Drifted")
    if not seen.looked:
        return (
            Aspect("Drifted", before["status"], Reason(before["reason"]), before["message"])
            if before
            else None
        )
    differing = [f["field"] for f in _differing(seen)]
    if differing:
        return Aspect("Drifted", "True", Reason.DRIFTED, _names(differing))
    known = before is not None and before["status"] != "Unknown"
    if seen.drifting and seen.unread and not known:
        unread = ", ".join(sorted(seen.unread))
        return Aspect("Drifted", "Unknown", _progress(seen), f"{unread} could not be read yet")
    return Aspect("Drifted", "False", Reason.IN_SYNC, "AWS is as it was left")


def _names(fields: Sequence[str]) -> str:
    names = ", ".join(fields[:MOST_DRIFT])
    more = f" and {len(fields) - MOST_DRIFT} more" if len(fields) > MOST_DRIFT else ""
    return f"{names}{more}"


def _sentences(seen: Seen) -> str:
    """Return every error once, sorted, and what it holds up."""
    said = sorted({error.message for error in seen.errors})
    held = seen.report.held if seen.report else {}
    said += [f"{facet} waits for {blocker}." for facet, blocker in sorted(held.items())]
    return " ".join(said)
