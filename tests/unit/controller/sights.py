"""All that a pass can see of a thing, by name: the sight, and what the tools must make of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headrace.controller.api import Object
from headrace.controller.status import Seen, assess
from headrace.engine.errors import (
    Blocked,
    CloudError,
    Conflict,
    Denied,
    Invalid,
    Moved,
    NotEmpty,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
    Waiting,
)
from headrace.engine.plan import Change, Plan
from headrace.engine.slices import ABSENT, UNMANAGED, Missing, Slice
from headrace.engine.wish import TAKEN_OUT, Wish
from headrace.engine.work import Failure, Report
from tests.unit.controller.objects import condition, deleting, obj
from tests.unit.engine.fakes import ME, OTHER, Color, Home, Labels, Lock

NOW, LATER = "2026-11-05T10:00:00Z", "2026-11-05T11:00:00Z"
WHAT = "thing media"
PINS = {"accountID": "111122223333", "region": "eu-central-1", "name": "media"}
OUTPUTS = {"arn": "arn:aws:fake:::thing/media"}

RED, BLUE = Color(shade="red"), Color(shade="blue")
WISHES: Mapping[str, Wish] = {
    "color": Wish(RED, {"": "spec"}),
    "labels": Wish(Labels(entries={"team": "shop"}), {"": "spec"}),
    "lock": Wish(ABSENT, {"": TAKEN_OUT}),
    "switch": Wish(UNMANAGED),
}
PRESENCE = Wish(Home(owner=ME), {"": "spec"})
LEDGER = ["color", "labels[team]"]
THERE: Mapping[str, Slice | Missing] = {
    "presence": Home(owner=ME), "color": RED, "labels": Labels(entries={"team": "shop"}), "lock": ABSENT
}  # fmt: skip
NOTHING: Mapping[str, Slice | Missing] = {
    "presence": ABSENT, "color": ABSENT, "labels": Labels(), "lock": ABSENT
}  # fmt: skip

MAKE = Change("presence", ABSENT, Home(owner=ME), PRESENCE)
PAINT = Change("color", BLUE, RED, WISHES["color"])
LABEL = Change("labels", Labels(), Labels(entries={"team": "shop"}), WISHES["labels"])
UNLOCK = Change("lock", Lock(), ABSENT, WISHES["lock"])
# More than any model lets through: two settings with 30 of them each would do the same.
MANY = Change(
    "labels",
    Labels(),
    Labels.model_construct(entries={f"key-{n:02}": "x" for n in range(60)}),
    WISHES["labels"],
)
LONG = Change("color", Color(shade="b"), Color.model_construct(shade="r" * 3000), WISHES["color"])


def report(
    found: Mapping[str, Slice | Missing] = THERE,
    done: Sequence[Change] = (),
    left: Sequence[Change] = (),
    failures: Sequence[tuple[str, CloudError]] = (),
    held: Mapping[str, str] | None = None,
    touched: Iterable[str] = (),
) -> Report:
    """Put a report together; what was done was touched."""
    failed = tuple(Failure(facet, "write", error) for facet, error in failures)
    plan = Plan("fake/thing", "media", (*done, *left))
    written = frozenset([*touched, *(change.facet for change in done)])
    return Report(plan, tuple(done), tuple(left), dict(held or {}), failed, dict(found), touched=written)


def without(*facets: str) -> Mapping[str, Slice | Missing]:
    """Return what is found where these could not be read."""
    return {name: value for name, value in THERE.items() if name not in facets}


def sight(of: Object, told: Report | None = None, **about: Any) -> Seen:
    """Return what a pass saw, which was allowed to write unless `about` says otherwise."""
    seen = Seen(of, NOW, WHAT, report=told, wishes=WISHES, outputs=OUTPUTS, wrote=told is not None)
    if told is not None:
        seen = replace(seen, errors=tuple(failure.error for failure in told.failures))
    if told is not None and isinstance(told.found.get("presence"), Home):
        seen = replace(seen, pins=PINS)
    return replace(seen, **about)


def after(seen: Seen, **about: Any) -> Object:
    """Return the object with the status that this sight leads to."""
    return obj(**{"generation": seen.obj.generation, "status": assess(seen), **about})


FRESH = obj()
IN_SYNC = sight(FRESH, report(done=[MAKE, PAINT, LABEL]))
READY = after(IN_SYNC)
EDITED = after(IN_SYNC, generation=2)
GOING = after(IN_SYNC, generation=2, **deleting())
LASTING = sight(READY, errors=(Unavailable("S3 does not answer."),), outages=2)
REPORTED = sight(READY, report(left=[PAINT]), wrote=False)
DENIED = Denied("may not fake:PutColor on thing media.")
PENDING = Pending("thing media: color.shade was written but does not read back yet.")


def going(of: Object, told: Report | None, **about: Any) -> Seen:
    """Return the sight of an object on its way out, of which nothing is wished any more."""
    return sight(of, told, wishes={}, **about)


def stalled(error: CloudError) -> Seen:
    """Return the sight of a fresh object of which the very first look was refused."""
    return sight(FRESH, None, errors=(error,))


@dataclass(frozen=True)
class State:
    """A sight, and what is to be told of it."""

    seen: Seen
    ready: str
    """The status and the reason of Ready."""
    verdict: str
    """Of kstatus."""
    drifted: int | None = 0
    """How many fields differ; None where that is not known."""


STATES: Mapping[str, State] = {
    # Making and changing
    "fresh, and the thing does not read back": State(
        sight(FRESH, report(NOTHING, failures=[("presence", PENDING)], left=[MAKE])),
        "False Creating", "InProgress",
    ),
    "fresh, and a setting does not read back": State(
        sight(FRESH, report(done=[MAKE], left=[PAINT], failures=[("color", PENDING)])),
        "False Creating", "InProgress",
    ),
    "fresh, and all is done": State(IN_SYNC, "True InSync", "Current"),
    "steady": State(sight(READY, report()), "True InSync", "Current"),
    "edited, and a setting does not read back": State(
        sight(EDITED, report(left=[PAINT], failures=[("color", PENDING)])), "False Updating", "InProgress"
    ),
    "edited, and done": State(sight(EDITED, report(done=[PAINT])), "True InSync", "Current"),
    "edited while drift is only reported, and done": State(
        sight(after(REPORTED, generation=2), report(done=[PAINT])), "True InSync", "Current"
    ),
    # Drift
    "drift put right": State(sight(READY, report(done=[PAINT, UNLOCK])), "True InSync", "Current"),
    "drift that is being put right": State(
        sight(READY, report(left=[PAINT], failures=[("color", PENDING)])), "False Updating", "InProgress", 1
    ),
    "drift reported": State(REPORTED, "True Drifted", "Current", 1),
    "drift in more fields than are shown": State(
        sight(READY, report(left=[MANY]), wrote=False), "True Drifted", "Current", 60
    ),
    "drift in a long value": State(
        sight(READY, report(left=[LONG]), wrote=False), "True Drifted", "Current", 1
    ),
    "the thing is gone, reported": State(
        sight(READY, report(NOTHING, left=[MAKE, PAINT, LABEL]), wrote=False),
        "False Drifted", "Failed", 2,
    ),
    "the thing was gone, and was made again": State(
        sight(READY, report(done=[MAKE, PAINT, LABEL])), "True InSync", "Current"
    ),
    # Observing
    "observed, and equal": State(
        sight(FRESH, report(), observing=True, wrote=False), "True Observing", "Current"
    ),
    "observed, and other": State(
        sight(FRESH, report(left=[PAINT, LABEL]), observing=True, wrote=False), "True Observing", "Current", 2
    ),
    "observed, and missing": State(
        sight(FRESH, report(NOTHING, left=[MAKE, PAINT]), observing=True, wrote=False),
        "False Observing", "InProgress", 2,
    ),
    "observed, and not to be read": State(
        sight(FRESH, report({}, failures=[("presence", DENIED)]), observing=True, wrote=False),
        "False AccessDenied", "Failed", None,
    ),
    "observed, and not to be read just now": State(
        sight(FRESH, report({}, failures=[("presence", Pending("busy"))]), observing=True, wrote=False),
        "False Observing", "InProgress", None,
    ),
    # What only a person can mend
    "refused before the first look": State(stalled(DENIED), "False AccessDenied", "Failed", None),
    "what it refers to is not there yet": State(
        stalled(Waiting("there is no b yet.")), "False Waiting", "InProgress", None
    ),
    "what it refers to is stalled": State(stalled(Blocked("b is stalled.")), "False Waiting", "Failed", None),
    "invalid": State(stalled(Invalid("spec.color: no.")), "False InvalidSpec", "Failed", None),
    "not ours": State(
        sight(FRESH, report({"presence": Home(owner=OTHER)}, failures=[("presence", NotOurs("Not ours."))]),
              pins=None),
        "False NotOurs", "Failed", None,
    ),
    "not ours any more": State(
        sight(READY, report({"presence": Home(owner=OTHER)}, failures=[("presence", NotOurs("Not ours."))]),
              pins=None),
        "False NotOurs", "Failed",
    ),
    "moved": State(
        sight(EDITED, None, errors=(Moved("made elsewhere."),)), "False Moved", "Failed"
    ),
    "a setting is denied, and holds up another": State(
        sight(EDITED, report(left=[PAINT, LABEL], failures=[("color", DENIED)], held={"labels": "color"})),
        "False AccessDenied", "Failed",
    ),
    "denied and throttled": State(
        sight(READY, report(failures=[("color", Throttled("Slow down.")), ("labels", DENIED)])),
        "False AccessDenied", "Failed",
    ),
    "a long list of complaints": State(
        sight(FRESH, None, errors=tuple(Invalid(f"{n} " + "x" * 600) for n in range(9))),
        "False InvalidSpec", "Failed", None,
    ),
    # What passes by itself
    "throttled at once": State(
        sight(FRESH, None, errors=(Throttled("Slow down."),)), "False Throttled", "InProgress", None
    ),
    "an outage at once": State(
        sight(FRESH, None, errors=(Unavailable("No answer."),)), "False Unavailable", "InProgress", None
    ),
    "a lost race at once": State(
        sight(FRESH, report({}, failures=[("presence", Conflict("A race."))])),
        "False Creating", "InProgress", None,
    ),
    "an outage while ready, once": State(
        sight(READY, None, errors=(Unavailable("No answer."),)), "True InSync", "Current"
    ),
    "an outage while ready, twice": State(
        sight(READY, None, errors=(Unavailable("No answer."),), outages=1), "True InSync", "Current"
    ),
    "an outage while ready, lasting": State(LASTING, "True Unavailable", "Current"),
    "throttled while ready, lasting": State(
        sight(READY, None, errors=(Throttled("Slow down."),), outages=9), "True Throttled", "Current"
    ),
    "an outage again after a lasting one": State(
        sight(after(LASTING), None, errors=(Throttled("Slow down."),)), "True Unavailable", "Current"
    ),
    "the outage is over": State(sight(after(LASTING), report()), "True InSync", "Current"),
    "a lost race while ready": State(
        sight(READY, report(failures=[("color", Conflict("A race."))]), outages=9), "True InSync", "Current"
    ),
    "an outage after an edit": State(
        sight(EDITED, None, errors=(Unavailable("No answer."),)), "False Unavailable", "InProgress"
    ),
    "an outage while drift is reported": State(
        sight(after(REPORTED), None, errors=(Unavailable("No answer."),)), "True Drifted", "Current", 1
    ),
    "an outage while denied": State(
        sight(after(stalled(DENIED)), None, errors=(Unavailable("No answer."),)),
        "False AccessDenied", "Failed", None,
    ),
    # Bugs
    "a bug at once": State(sight(FRESH, None, bug="KeyError"), "Unknown InternalError", "InProgress", None),
    "a bug while ready": State(sight(READY, None, bug="KeyError"), "Unknown InternalError", "InProgress"),
    # Going
    "going, and still there": State(
        going(GOING, report({"presence": Home(owner=ME)}, left=[UNLOCK], failures=[("presence", PENDING)])),
        "False Deleting", "Terminating",
    ),
    "going, and not empty": State(
        going(GOING, report({"presence": Home(owner=ME)}, failures=[("presence", NotEmpty("3 objects."))])),
        "False NotEmpty", "Terminating",
    ),
    "going, and denied": State(
        going(GOING, None, errors=(DENIED,)), "False AccessDenied", "Terminating"
    ),
    "going, in an outage": State(
        going(GOING, None, errors=(Unavailable("No answer."),)), "False Unavailable", "Terminating"
    ),
    "going in the same generation, in an outage": State(
        going(after(IN_SYNC, **deleting()), None, errors=(Unavailable("No answer."),)),
        "False Unavailable", "Terminating",
    ),
    "going, and nothing is wrong": State(
        going(GOING, report({"presence": Home(owner=ME)})), "False Deleting", "Terminating"
    ),
}  # fmt: skip


GONE = STATES["the thing is gone, reported"].seen
NOT_OURS = STATES["not ours"].seen


def message(seen: Seen, type_: str = "Ready") -> str:
    return str(condition(assess(seen), type_)["message"])


def types(seen: Seen) -> list[str]:
    return [c["type"] for c in assess(seen)["conditions"]]
