"""Keeping: from an object that is to stay to what was seen of its resources, and what was put right."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from headrace.aws.target import Target
from headrace.controller import finalizer, ledger
from headrace.controller.api import Api, Object
from headrace.controller.asking import Asked, ask
from headrace.controller.granting import advice, check_id, may_adopt, no_creation
from headrace.controller.outcome import Parts, Told, attempt
from headrace.controller.reach import check_pins, pins, target
from headrace.controller.removing import remove_in_turn
from headrace.controller.status import Seen
from headrace.controller.writer import write_status
from headrace.engine.errors import CloudError, Deploying
from headrace.engine.graph import Node, Settled, errors_of, merged, merged_wishes, of_node, outputs_of, settle
from headrace.engine.ignore import Ignored
from headrace.engine.ownership import Advice
from headrace.engine.plan import Change
from headrace.engine.reconcile import reconcile
from headrace.engine.wish import Wish
from headrace.engine.work import Intent, Work
from headrace.kinds.common import BareRequest, Part, seconds
from headrace.kinds.status import Reason


def keep(parts: Parts, seen: Seen) -> Told:
    """Look at what the object stands for, and put it right as far as the object allows.

    Raises:
        CloudError: the object cannot be worked on at all.
    """
    if seen.obj.paused:
        return Told(replace(seen, paused=True))
    asked = ask(parts, seen.obj)
    check_pins(seen.obj, asked.main, asked.access.account)
    observing, held = asked.spec.mode == "Observe", seen.obj.held
    anew = _asked_anew(asked)
    seen = replace(seen, asked_anew=bool(anew))
    write = not observing and not (asked.spec.drift_policy == "Report" and seen.drifting)
    if not observing and not held:
        seen = replace(seen, obj=finalizer.put_on(parts.api, seen.obj))
    if write and asked.kind.composite:
        seen = replace(seen, obj=ledger.remember(parts.api, seen.obj, asked.nodes, asked.kind.main))
    seen = replace(seen, observing=observing, wrote=write)
    keeping, told = _Keeping(parts, seen, asked, held, anew), Told(seen, seconds(asked.spec.resync_interval))
    # Whatever ends it from here on is told of the object whose ledger was written just now.
    return attempt(told, lambda: replace(told, seen=keeping.run()))


def still_deploying(parts: Parts, obj: Object) -> Deploying | None:
    """Ask for nothing but whether AWS is still rolling out what the status says that it is."""
    try:
        asked = ask(parts, obj)
        reached = target(asked.main, asked.access.account)
        with reached.translating():
            busy = asked.main.resource.root.busy(reached)
    except CloudError:
        # A whole look says better what that means.
        return None
    told = obj.conditions.get("Ready", {}).get("message")
    return busy if isinstance(busy, Deploying) and busy.message == told else None


class _Keeping:
    """One pass over all that an object stands for."""

    def __init__(self, parts: Parts, seen: Seen, asked: Asked, held: bool, anew: frozenset[str]) -> None:
        self.parts, self.seen, self.asked, self.held = parts, seen, asked, held
        self.account = asked.access.account
        self.known = {part.name: part for part in ledger.parts_of(seen.obj)}
        self.errors: list[CloudError] = []
        self.removed: list[Change] = []
        self.only = anew if anew and _in_sync(seen.obj) else None
        applied = seen.obj.status.get("appliedGeneration") == seen.obj.generation
        # What others ask for is carried out, and the drift beside it is only reported.
        self.writes = anew if anew and applied and asked.spec.drift_policy == "Report" else None

    @property
    def obj(self) -> Object:
        """The object with what was written to it in this pass."""
        return self.seen.obj

    def run(self) -> Seen:
        """Remove what is wanted no more, settle the rest, and return what was seen."""
        kind, write = self.asked.kind, self.seen.wrote
        known = tuple(self.known.values()) if write else ()
        before, after = ledger.stale(known, self.asked.nodes, kind.main)
        before = self.without(before)
        settled = settle(self.asked.nodes, self.settle_one, self.is_there, write=write)
        self.errors += errors_of(settled)
        by_name = {each.node.name: each for each in settled}
        if not self.errors:
            after = self.without(after)
        if not self.errors:
            try:
                self.errors += kind.waits(self.asked.request, by_name, self.reach)
            except CloudError as error:
                self.errors.append(error)
        seen = self.told(by_name)
        if not (kind.composite and write):
            return seen
        return replace(seen, parts=ledger.parts_after(self.known, settled, before, after))

    def told(self, settled: Mapping[str, Settled]) -> Seen:
        """Put together what was seen of the main node and, under their names, of the others."""
        asked = self.asked
        main = settled[asked.kind.main]
        others = {name: each for name, each in settled.items() if each is not main}
        node = replace(main.node, id=main.id)
        seen = replace(
            self.seen,
            what=node.what,
            ignored=self.ignored(),
            wishes=merged_wishes(main.wishes, {name: each.wishes for name, each in others.items()}),
            errors=tuple(self.errors),
            beside=tuple(self.removed),
        )
        reports = {name: each.report for name, each in others.items() if each.report}
        if main.report is None:
            made = (change for name, each in reports.items() for change in of_node(name, each.done))
            return replace(seen, beside=(*seen.beside, *made))
        report = merged(main.report, reports)
        outputs = asked.kind.outputs(asked.request, settled, self.account.identity)
        seen = replace(seen, report=report, outputs=outputs)
        if seen.ours or report.created:
            return replace(seen, pins=pins(node, self.account))
        return replace(seen, not_ours=pins(node, self.account)) if seen.foreign else seen

    # One node

    def settle_one(self, node: Node) -> Settled:
        """Make one pass over one node."""
        if not self.asked.kind.composite:
            return self.settle_alone(node)
        with self.parts.traces.span(f"settle {node.name}", {"headrace.resource": node.resource.name}):
            return self.settle_alone(node)

    def settle_alone(self, node: Node) -> Settled:
        """Look at one node, and put it right."""
        try:
            wishes = self.asked.wishes(node)
        except CloudError as error:
            return Settled(node, None, id=node.id, error=error)
        work = self.work(node, wishes)
        report = reconcile(work, self.parts.pool)
        if work.only is not None:
            report = report.with_believed(wishes)
        return Settled(node, report, wishes, work.target.id, outputs_of(work, report))

    def is_there(self, node: Node) -> bool:
        """Say whether a node was there, as it was to be, before this pass."""
        return node.name in self.known and self.known[node.name].ready

    def work(self, node: Node, wishes: Mapping[str, Wish]) -> Work:
        """Return what is to be done about a node."""
        asked, access, obj = self.asked, self.asked.access, self.obj
        main, namespace = asked.is_main(node), obj.ref.namespace
        asks = main and (asked.spec.adoption == "IfExists" or obj.adopt)
        reached = target(node, self.account)
        reached.guard(partial(check_id, access, namespace, node))
        work = Work(
            resource=node.resource,
            target=reached,
            presence=node.presence,
            wishes=wishes,
            # With no defaults, what is taken out of spec is left alone, the entries of shared maps included.
            ledger=asked.ledger(node) if asked.spec.defaults == "Secure" or not main else frozenset(),
            known=bool(node.id) and (bool(obj.status.get("pins")) if main else self.is_there(node)),
            adopt=asks and may_adopt(access, node),
            advice=advice(access, namespace, node, asks) if main else Advice(),
            no_creation=no_creation(access, namespace, node),
            writes=self.writes,
            ignored=self.ignored() if main else Ignored(),
            write=self.seen.wrote,
            intent=Intent.OBSERVE if self.seen.observing else Intent.KEEP,
            only=self.only if main else None,
        )
        if self.held or (main and "notOurs" in obj.status):
            return replace(work, before_creation=partial(_before_creation, self.parts.api, obj, main))
        return work

    def ignored(self) -> Ignored:
        """Return what is left as it is found; what is only set at creation is to be set before."""
        established = "appliedGeneration" in self.obj.status
        return Ignored(self.asked.spec.ignore_drift if self.seen.observing or established else ())

    def reach(self, region: str) -> Target:
        """Return a target in a region, to look at what belongs to nobody's object."""
        return Target(self.account, region, "", "", self.obj.ref.path, self.parts.owner(self.obj))

    # What is wanted no more

    def without(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Remove these parts in turn; return those that are still to go."""
        parts = tuple(parts)
        request = bare_request(self.parts, self.obj, self.asked.main.id, self.asked.main.region, parts)
        nodes = {node.name: node for node in self.asked.kind.bare(request)} if parts else {}
        came = remove_in_turn(self.parts, self.account, (nodes[part.name] for part in parts))
        self.errors += [error for each in came for error in each.errors]
        self.removed += [change for each in came for change in each.changes]
        gone = {each.node.name for each in came if each.done}
        return tuple(part for part in parts if part.name not in gone)


def _asked_anew(asked: Asked) -> frozenset[str]:
    """Name the facets of which others want something new, but for those that are left alone."""
    ignored = Ignored(asked.spec.ignore_drift)
    return frozenset(name for name in asked.kind.asked_anew(asked.request) if name not in ignored)


def _in_sync(obj: Object) -> bool:
    """Say whether the last look saw all as this generation wishes it, and nobody asked for another one."""
    ready, asked = obj.conditions.get("Ready", {}), obj.status.get("lastHandledReconcileAt")
    return (
        ready.get("reason") == Reason.IN_SYNC
        and obj.generation == ready["observedGeneration"] == obj.status.get("appliedGeneration")
        and asked == obj.requested_at
    )


def bare_request(
    parts: Parts, obj: Object, id: str, region: str, known: Iterable[Part] | None = None
) -> BareRequest:
    """Return what is known of an object without its spec."""
    ledger_ = ledger.parts_of(obj) if known is None else tuple(known)
    return BareRequest(id, region, parts.owner(obj), obj.ref, obj.uid, ledger_)


def _before_creation(api: Api, obj: Object, main: bool, free: bool) -> None:
    """Make sure that the object is still held; forget that a name was somebody else's that is free by now.

    Else a pass that makes it and dies would leave behind that what is there is not ours.
    """
    finalizer.check(api, obj)
    if main and free and "notOurs" in obj.status:
        write_status(api, obj, {key: value for key, value in obj.status.items() if key != "notOurs"})
