"""The one path for every resource: observe -> plan -> (stop | apply -> look again) -> report."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, cast

from headrace.engine.document import Document, Lens, Store, create, folded
from headrace.engine.errors import (
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
)
from headrace.engine.facet import Facet
from headrace.engine.looking import Looking
from headrace.engine.ownership import Presence
from headrace.engine.plan import Change, Plan, Verb
from headrace.engine.slices import ABSENT, KeyedSlice, Slice
from headrace.engine.wish import Wish
from headrace.engine.work import Failure, Report, Work

_RACES = 3
"""How often a document is written that others write, too, before the next pass tries it."""


def reconcile(work: Work, pool: Executor) -> Report:
    """Look, plan, and unless `work.write` forbids it, carry the plan out and look again.

    Every CloudError ends up in the report; a facet that fails holds up only those that come after it.
    """
    return _Pass(work, pool).run()


class _Pass(Looking):
    """One pass over one resource: what it saw it puts right."""

    def run(self) -> Report:
        work = self.work
        nothing = Plan(work.resource.name, work.target.id)
        self.first_look()
        if self.root.name not in self.found:
            return self.report(nothing)
        try:
            wishes = self.with_root()
        except (NotOurs, Denied, Invalid) as error:
            self.failures.append(Failure(self.root.name, "read", error))
            return self.report(nothing)
        plan = self.compare(wishes)
        due = tuple(c for c in plan.changes if work.writes is None or c.facet in work.writes)
        if due and work.write:
            self.carry_out(replace(plan, changes=due), wishes)
        self.see_busy()
        return self.report(plan, self.compare(wishes).changes)

    def report(self, plan: Plan, left: tuple[Change, ...] = ()) -> Report:
        unsure = {change.facet for change in left} | {failure.facet for failure in self.failures}
        sure = self.found.keys() - unsure if self.work.write else set()
        done = tuple(change for change in plan.changes if change.facet in sure)
        return Report(
            plan,
            done,
            left,
            dict(self.held),
            tuple(self.failures),
            dict(self.found),
            self.created,
            frozenset(self.touched),
            self.busy,
        )

    def carry_out(self, plan: Plan, wishes: Mapping[str, Wish]) -> None:
        """Do what the plan says, in its order, and read back what was touched."""
        first = next((change for change in plan.changes if change.facet == self.root.name), None)
        if first is not None and first.verb is not Verb.REMOVE:
            # Nothing else is touched before it is ours, and read back as ours: a create call may also have
            # answered 200 for something that was there.
            if not self.attempt(first, wishes):
                self.undoubt()
                return
            self.created = first.verb is Verb.CREATE
            if not (self.furnish(wishes) if self.created else self.taken_over()):
                return
            plan = self.compare(wishes)
        due = [change for change in plan.changes if change.facet not in self.tried]
        touched = self.write_all(due, wishes)
        if touched:
            self.look([self.work.resource.facet(name) for name in touched])
            self.verify(wishes, set(touched))

    def taken_over(self) -> bool:
        """Look at what was there before and is ours now; say whether it is."""
        self.look([self.root, *self.managed()])
        return self.still_ours()

    def furnish(self, wishes: Mapping[str, Wish]) -> bool:
        """Write what was just made before it is read, where that can be; say whether it is ours.

        All is read back, and what turns out to be otherwise than it was taken for is put right as ever.
        """
        carried = [facet for facet in self.managed() if facet.name in self.work.resource.carried]
        self.look([self.root, *carried])
        if not self.still_ours():
            return False
        rest = [facet for facet in self.managed() if facet not in carried]
        for facet in rest:
            self.found.pop(facet.name, None)
        # What is not as it was made just now is not new: the create call answered 200 for something else.
        written = set() if self.compare(wishes).changes else self.write_unseen(rest, wishes)
        self.look(rest)
        self.verify(wishes, written)
        unread = {failure.facet for failure in self.failures if failure.step == "read"}
        # Told as the next pass, which reads first, will tell it.
        self.failures = [f for f in self.failures if f.step != "write" or f.facet not in unread]
        return True

    def write_unseen(self, facets: Iterable[Facet[Any, Any]], wishes: Mapping[str, Wish]) -> set[str]:
        """Write the facets of which it is known what a new resource has; return those that went well."""
        facets = list(facets)
        names = {facet.name for facet in facets}
        for facet in facets:
            unknown = names.intersection(facet.after) - self.found.keys()
            if facet.initial is not None and not unknown:
                self.found[facet.name] = facet.initial
        written = set(self.write_all(self.compare(wishes).changes, wishes))
        # What was held up here is so again, or is right, once it was read.
        self.held.clear()
        return written

    def undoubt(self) -> None:
        """Where the create call fails, too, it was never seen not to be there.

        Where the create call says that it is there, it was the refused look that told the truth.
        """
        if self.doubted is None and not self.unseen:
            return
        self.found.clear()
        if self.doubted is not None and isinstance(self.failures[-1].error, Conflict):
            self.failures[-1] = self.doubted

    def still_ours(self) -> bool:
        seen = self.found.get(self.root.name)
        if not isinstance(seen, Presence):
            if seen is ABSENT:
                self.nothing_there()
                error = Pending(f"{self.work.what} was made but does not read back yet.")
                self.failures.append(Failure(self.root.name, "verify", error))
            return False
        refusal = self.refusal(seen)
        if refusal is not None:
            self.failures.append(Failure(self.root.name, "verify", refusal))
            self.found = {self.root.name: seen}
        return refusal is None

    def may(self, change: Change) -> bool:
        """Say whether all that comes before this facet is right; note what holds it up otherwise."""
        broken = {failure.facet for failure in self.failures} | self.held.keys()
        needs = self.before(self.work.resource.facet(change.facet), change.verb)
        blocker = next((name for name in needs if name in broken), None)
        if blocker is not None:
            self.held[change.facet] = blocker
        return blocker is None

    def before(self, facet: Facet[Any, Any], verb: Verb) -> tuple[str, ...]:
        """Name what comes before this facet; a removal waits for those that stand on it."""
        if facet is self.root:
            return ()
        if verb is Verb.REMOVE:
            standing = [other.name for other in self.work.resource.facets if facet.name in other.after]
            return (self.root.name, *standing)
        return (self.root.name, *facet.after)

    def write_all(self, changes: Iterable[Change], wishes: Mapping[str, Wish]) -> list[str]:
        """Write what may be written, all parts of a document at once; name the facets that went well."""
        changes, written = list(changes), list[str]()
        for change in changes:
            if change.facet in self.tried or not self.may(change):
                continue
            lens = self.lens(change)
            if lens is None:
                self.tried.add(change.facet)
                written += [change.facet] if self.attempt(change, wishes) else []
            else:
                parts = [c for c in changes if self.in_document(c, lens.store) and self.may(c)]
                self.tried.update(part.facet for part in parts)
                written += self.replace(lens.store, parts, wishes)
        return written

    def lens(self, change: Change) -> Lens[Any, Any] | None:
        facet = self.work.resource.facet(change.facet)
        return facet if isinstance(facet, Lens) else None

    def in_document(self, change: Change, store: Store[Any]) -> bool:
        lens = self.lens(change)
        return lens is not None and lens.store is store

    def replace(self, store: Store[Any], parts: list[Change], wishes: Mapping[str, Wish]) -> list[str]:
        """Make all these changes of a document with one write; where a race is lost, look and try again."""
        names = {part.facet for part in parts}
        for left in reversed(range(_RACES)):
            try:
                with self.work.target.translating():
                    self.replace_once(store, parts)
                break
            except Conflict as error:
                if not left:
                    self.failed(parts, error, wishes)
                    return []
            except CloudError as error:
                self.failed(parts, error, wishes)
                return []
            self.look([self.work.resource.facet(name) for name in sorted(names)])
            parts = [change for change in self.compare(wishes).changes if change.facet in names]
        for part in parts:
            self.note(part, wishes)
        return [part.facet for part in parts]

    def replace_once(self, store: Store[Any], parts: Iterable[Change]) -> None:
        target = self.work.target
        values = {lens: part.after for part in parts if (lens := self.lens(part)) is not None}
        if values:
            found = store.read(target)
            store.replace(target, Document(folded(found.body, values), found.version))

    def failed(self, parts: Iterable[Change], error: CloudError, wishes: Mapping[str, Wish]) -> None:
        for part in parts:
            self.failures.append(Failure(part.facet, "write", error))
            if _may_be_done(part, error):
                self.note(part, wishes)

    def attempt(self, change: Change, wishes: Mapping[str, Wish]) -> bool:
        facet = self.work.resource.facet(change.facet)
        try:
            with self.work.target.translating():
                self.write(facet, change, wishes)
        except CloudError as error:
            self.failed([change], error, wishes)
            return False
        self.note(change, wishes)
        return True

    def note(self, change: Change, wishes: Mapping[str, Wish]) -> None:
        """Remember what was, or may have been, written, with what travels in the create call."""
        self.touched.add(change.facet)
        if change.facet == self.root.name and change.verb is Verb.CREATE:
            self.touched.update(name for name in self.work.resource.carried if name in wishes)

    def write(self, facet: Facet[Any, Any], change: Change, wishes: Mapping[str, Wish]) -> None:
        target = self.work.target
        if change.verb is Verb.REMOVE:
            facet.remove(target, change.before)
        elif facet is self.root and change.verb is Verb.CREATE:
            carried = {name: wishes[name].value for name in self.work.resource.carried if name in wishes}
            values = {name: value for name, value in carried.items() if isinstance(value, Slice)}
            self.work.before_creation(self.doubted is None and not self.unseen)
            create(self.work.resource, target, cast(Presence, change.after), values)
        else:
            facet.apply(target, change.after, change.before)

    def verify(self, wishes: Mapping[str, Wish], touched: set[str]) -> None:
        """What was written but does not read back is still on its way."""
        for change in self.compare(wishes).changes:
            if change.facet in touched and change.facet in self.found:
                fields = ", ".join(f.field for f in change.fields)
                error = Pending(f"{self.work.what}: {fields} was written but does not read back yet.")
                self.failures.append(Failure(change.facet, "verify", error))


def _may_be_done(change: Change, error: CloudError) -> bool:
    """Say whether a write that failed may have changed something all the same.

    An answer that got lost says nothing, and the throttled attempt may have come after a lost one. Entries of
    a shared map are written by more than one call.
    """
    return isinstance(error, Unavailable | Throttled) or isinstance(change.after, KeyedSlice)
