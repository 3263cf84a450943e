"""Deletion: letting go of, or deleting, what an object stands for; the finalizer goes once that is seen."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headrace.aws.sessions import Account
from headrace.controller import finalizer
from headrace.controller.api import Object
from headrace.controller.asking import ask
from headrace.controller.keeping import bare_request
from headrace.controller.ledger import parts_of
from headrace.controller.lines import Line, carried, planned
from headrace.controller.outcome import Outcome, Parts, Told
from headrace.controller.reach import check_pins, pins, target
from headrace.controller.removing import Removed, refused_to_look, remove_in_turn
from headrace.controller.status import Seen
from headrace.controller.transitions import Transition
from headrace.engine.errors import CloudError, Denied, Invalid, NotEmpty, Pending
from headrace.engine.facet import Emptied
from headrace.engine.graph import Nodes
from headrace.engine.ownership import Presence
from headrace.engine.reconcile import reconcile
from headrace.engine.work import Intent, Work
from headrace.kinds.common import Kind, Part

# How long one pass deletes content; then it is told how far it is, and others get their turn.
_SLICE_SECONDS = 5.0
_COUNTED = "{:,} objects, versions, markers and uploads"
# What S3 says of content that is left, and not of what else keeps a bucket.
_CONTENT = frozenset({"BucketNotEmpty"})
_WAY_OUT = 'To let the object go and leave what is in AWS alone, annotate it headrace.io/abandon: "true".'


def delete(parts: Parts, seen: Seen) -> Outcome | Told:
    """Let go of what the object stands for, or delete it.

    Raises:
        CloudError: it cannot be worked on at all; the object waits, and says so.
    """
    obj = seen.obj
    if not obj.held:
        return Outcome(None, result="deleted")
    removing = obj.spec.get("deletionPolicy") == "Delete"
    if obj.abandoned:
        return _let_go(parts, obj, "abandoned as asked for; nothing was touched")
    if obj.spec.get("mode") == "Observe":
        return _let_go(parts, obj, "it was only observed")
    if obj.paused:
        if not removing:
            return _let_go(parts, obj, "paused; nothing was touched")
        return Told(replace(seen, paused=True))
    try:
        return _deleted(parts, seen, Intent.REMOVE if removing else Intent.RELEASE)
    except CloudError as error:
        raise error.with_message(f"{error.message} {_WAY_OUT}") from error


def _deleted(parts: Parts, seen: Seen, intent: Intent) -> Outcome | Told:
    obj = seen.obj
    account, kind = parts.accounts.of_deleting(obj), parts.kinds[obj.ref.kind]
    nodes = _bare(parts, obj, account)
    main = next(node for node in nodes if node.name == kind.main)
    check_pins(obj, main, account)
    if intent is Intent.REMOVE:
        parts.relations.check_unused(obj)
    work = Work(main.resource, target(main, account), main.presence, intent=intent)
    emptying = intent is Intent.REMOVE and obj.spec.get("emptyOnDelete") is True
    theirs = _somebody_elses(obj, pins(main, account))
    emptied = _emptied(parts, replace(seen, what=work.what), work, theirs) if emptying else 0
    if isinstance(emptied, Told):
        return emptied
    came = remove_in_turn(parts, account, reversed(nodes), intent, main.name if theirs else "")
    return _told(parts, seen, came) or _let_go(parts, obj, _farewell(obj, came, kind, emptied), came)


def _told(parts: Parts, seen: Seen, came: Sequence[Removed]) -> Told | None:
    """Return what there is to tell of a removal that is not over; None where it is."""
    obj, main, last = seen.obj, parts.kinds[seen.obj.ref.kind].main, came[-1]
    of_main = next((each for each in came if each.node.name == main), None)
    # What is hidden stays in the ledger: by its id the next pass knows whose it is.
    gone = {each.node.name for each in came if each.done and not each.hidden}
    left = tuple(part for part in parts_of(obj) if part.name not in gone)
    # Once it is gone the status forgets it: that is how those see it who gave it something.
    report = last.report if last is of_main else None
    # Of the others the report does not tell; that they went is for the log.
    beside = tuple(change for each in came if each.report is not report for change in each.changes)
    seen = replace(seen, what=last.work.what, wrote=True, parts=left, gone=main in gone, beside=beside)
    if last.done:
        waits = parts.relations.not_given_back(obj) if last.work.intent is Intent.REMOVE else ()
        return Told(replace(seen, errors=waits)) if waits else None
    emptying = obj.spec.get("emptyOnDelete") is True
    errors = tuple(_to_be_told(error, last.work, emptying) for error in last.errors)
    return Told(replace(seen, report=report, errors=errors))


def _to_be_told(error: CloudError, work: Work, emptying: bool) -> CloudError:
    """Say of an error what it means where the resource is to go."""
    if emptying and isinstance(error, NotEmpty) and error.context.code in _CONTENT:
        return Pending(f"{work.what} got new content while it was emptied; it is emptied again.")
    if isinstance(error, Denied):
        return error.with_message(f"{error.message} {_WAY_OUT}")
    return error


def _emptied(parts: Parts, seen: Seen, work: Work, theirs: bool) -> Told | int:
    """Delete content for a while; return what there is to tell or, when none is left, how much there was."""
    total = int(seen.obj.status.get("emptied", 0))
    look = reconcile(replace(work, intent=Intent.OBSERVE, write=False), parts.pool)
    if look.failures and not (theirs and refused_to_look(look)):
        errors = tuple(_to_be_told(failure.error, work, emptying=False) for failure in look.failures)
        return Told(replace(seen, report=look, errors=errors))
    found = look.found.get(work.resource.root.name)
    if not isinstance(found, Presence) or found.owner != work.presence.owner:
        # Gone, or not ours: what follows from that is the same as without content.
        return total
    came = work.resource.root.empty(work.target, _stop(parts, seen.obj))
    total += came.deleted
    if came.done:
        return total
    seen = replace(seen, report=look, outputs={"emptied": total}, progress=_progress(total, came))
    if came.failure is not None:
        return Told(replace(seen, errors=(_to_be_told(came.failure, work, emptying=False),)))
    if came.more:
        return Told(seen, soon=True)
    return Told(replace(seen, errors=(NotEmpty(f"{work.what}: {_refused(came)}"),)))


def _stop(parts: Parts, obj: Object) -> Callable[[int], bool]:
    """Stop when somebody asks for something else; when the time is up only if it came to something.

    Where all that is listed is refused, the end of the listing would never be reached otherwise.
    """
    deadline = time.monotonic() + _SLICE_SECONDS

    def stop(deleted: int) -> bool:
        latest = parts.latest(obj.ref)
        changed = latest is not None and latest.asked() != obj.asked()
        return changed or (deleted > 0 and time.monotonic() > deadline)

    return stop


def _progress(total: int, came: Emptied) -> str:
    done = f"{_COUNTED.format(total)} are gone"
    return f"{done}; {_refused(came)}" if came.refused else done


def _refused(came: Emptied) -> str:
    """Say what could not be deleted and why; the first few, and how many more."""
    more = came.refused - len(came.reasons)
    rest = f"; and {more:,} more" if more else ""
    return f"{came.refused:,} could not be deleted: {'; '.join(came.reasons)}{rest}"


def _bare(parts: Parts, obj: Object, account: Account) -> Nodes:
    """Return what the object stands for, from its status, or else from what can be read of its spec."""
    kind, pins = parts.kinds[obj.ref.kind], obj.status.get("pins", {})
    name = pins.get("name") or kind.made(obj.ref.name, obj.spec)
    region = pins.get("region") or kind.home(account.region) or obj.spec.get("region") or account.region
    if region is None:
        raise Invalid(
            "spec.region is missing, and there is no default region any more: nobody knows where to look "
            f"for {name}."
        )
    request = bare_request(parts, obj, name, region)
    if kind.composite and not pins and not request.parts:
        request = replace(request, parts=_as_asked(parts, obj))
    return kind.bare(request)


def _as_asked(parts: Parts, obj: Object) -> tuple[Part, ...]:
    """Return what an object whose status was lost may stand for, as far as its spec still makes sense."""
    try:
        nodes = ask(parts, obj).nodes
    except CloudError:
        return ()
    return tuple(Part(node.name, node.resource.name, node.id, title=node.title) for node in nodes)


def _let_go(parts: Parts, obj: Object, farewell: str, came: Sequence[Removed] = ()) -> Outcome:
    """Let the object go; what was done to AWS last is in the log."""
    several = len(came) > 1
    done = [change for each in came for change in (each.changes if several else each.report.done)]
    about = {"plan": planned(done), "done": sorted({change.facet for change in done})} if done else {}
    line = Line(logging.INFO, farewell, about)
    with carried(line):
        finalizer.take_off(parts.api, obj)
    parts.recorder.record(obj, Transition("Normal", "Deleted", farewell))
    return Outcome(None, result="deleted", line=line)


def _somebody_elses(obj: Object, place: Mapping[str, str]) -> bool:
    """Say whether AWS said of this place, when it last said anything, that what is there is not ours.

    That there are no pins proves nothing: a create call may have come before a crash that kept the status
    from telling of it.
    """
    return not obj.status.get("pins") and obj.status.get("notOurs") == place


def _farewell(obj: Object, came: Sequence[Removed], kind: Kind[Any], emptied: int) -> str:
    """Say what became of the resource of an object that is going."""
    main = next(each for each in came if each.node.name == kind.main)
    left_the_ledger = kind.composite and kind.main not in {part.name for part in parts_of(obj)}
    if left_the_ledger and obj.status.get("pins") and main.work.intent is Intent.REMOVE:
        # An earlier pass did it, and had to wait for what belonged to it.
        return f"{main.work.what} deleted"
    said = _ending(main)
    return f"{said}, with {_COUNTED.format(emptied)}" if emptied else said


def _ending(main: Removed) -> str:
    work, report = main.work, main.report
    if main.hidden:
        return f"{work.what} is not ours; it was left alone"
    if report.done:
        return f"{work.what} " + ("deleted" if work.intent is Intent.REMOVE else "retained")
    seen = report.found[work.resource.root.name]
    if not isinstance(seen, Presence):
        return f"{work.what} was gone already"
    if work.intent is Intent.RELEASE and seen.retained_by == work.presence.owner:
        return f"{work.what} retained"
    return f"{work.what} is not ours; it was left alone"
