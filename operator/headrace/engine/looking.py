"""Looking at one resource, and deciding what it is to be: whatever of a pass never writes."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import Any

from headrace.engine.errors import CloudError, Denied, NotOurs
from headrace.engine.facet import Facet
from headrace.engine.ignore import Ignored
from headrace.engine.ownership import Presence, check_ours
from headrace.engine.plan import Plan, compare
from headrace.engine.slices import ABSENT, UNMANAGED, KeyedSlice, Missing, Slice
from headrace.engine.wish import Wish
from headrace.engine.work import Failure, Intent, Work


class Looking:
    """What one pass over one resource read so far, and what went wrong."""

    def __init__(self, work: Work, pool: Executor) -> None:
        self.work, self.pool = work, pool
        self.root = work.resource.root
        self.found: dict[str, Slice | Missing] = {}
        self.failures: list[Failure] = []
        self.held: dict[str, str] = {}
        self.ignored = work.ignored
        self.doubted: Failure | None = None
        self.unseen = False
        self.created = False
        self.tried: set[str] = set()
        self.touched: set[str] = set()
        self.busy: CloudError | None = None

    def see_busy(self) -> None:
        """Ask what is ours whether AWS is still at work on it; it may be changed all the same."""
        seen, keeping = self.found.get(self.root.name), self.work.intent in (Intent.KEEP, Intent.OBSERVE)
        if not isinstance(seen, Presence) or not keeping or self.refusal(seen) is not None:
            return
        try:
            with self.work.target.translating():
                self.busy = self.root.busy(self.work.target)
        except CloudError as error:
            self.busy = error

    def compare(self, wishes: Mapping[str, Wish]) -> Plan:
        """Return what differs of what was read."""
        work = self.work
        return compare(work.resource, work.target.id, wishes, self.found, work.ledger, self.ignored)

    # Looking

    def first_look(self) -> None:
        """Read what is managed: all at once where the resource is known, else the root first.

        Where the create call finds what is there, too, nothing is looked for before it.
        """
        self.unseen = self.root.create_finds and not self.work.target.id and self.creates()
        if self.unseen:
            self.found[self.root.name] = ABSENT
        elif self.work.known and self.work.target.id:
            self.look([self.root, *self.managed()])
        else:
            self.look([self.root])
            self.doubt_denial()
            seen = self.found.get(self.root.name)
            if isinstance(seen, Presence) and self.refusal(seen) is None:
                self.look(self.managed())
        if self.found.get(self.root.name) is ABSENT:
            self.nothing_there()

    def nothing_there(self) -> None:
        """Where there is no resource, none of its slices is; what reading them said is of no account.

        What is made is made whole: fields that are left alone from then on are set first.
        """
        self.ignored = Ignored()
        self.failures = [failure for failure in self.failures if failure.facet == self.root.name]
        for facet in self.managed():
            empty = issubclass(facet.slice, KeyedSlice)
            self.found[facet.name] = facet.slice() if empty else ABSENT

    def doubt_denial(self) -> None:
        """A refused look at a name that all the world shares proves nothing: the create call decides."""
        if not (self.root.create_decides and self.creates()):
            return
        if self.failures and isinstance(self.failures[0].error, Denied):
            self.doubted = self.failures.pop()
            self.found[self.root.name] = ABSENT

    def creates(self) -> bool:
        """Say whether this pass makes the resource where there is none."""
        work = self.work
        return work.intent is Intent.KEEP and work.write and work.no_creation is None

    def managed(self) -> list[Facet[Any, Any]]:
        """Return the facets that are to be read: an unmanaged one costs no call and needs no permission."""
        if self.work.intent not in (Intent.KEEP, Intent.OBSERVE):
            return []
        facets, only = self.work.resource.facets, self.work.only
        return [f for f in facets if self.is_managed(f.name) and (only is None or f.name in only)]

    def is_managed(self, name: str) -> bool:
        """Say whether anything is wished of a facet, and it is not left alone."""
        wish = self.work.wishes.get(name, Wish(UNMANAGED))
        return wish.value is not UNMANAGED and name not in self.ignored

    def look(self, facets: Iterable[Facet[Any, Any]]) -> None:
        """Read facets side by side into `found`; those that fail are no longer in it."""
        facets = list(facets)
        if not facets:
            return
        self.work.target.forget()
        for facet in facets:
            self.found.pop(facet.name, None)
        for facet, seen in zip(
            facets, _side_by_side(self.pool, [self.reader(f) for f in facets]), strict=True
        ):
            if isinstance(seen, CloudError):
                self.failures.append(Failure(facet.name, "read", seen))
            else:
                self.found[facet.name] = seen
        if self.root in facets and self.root.name not in self.found:
            # Whose settings these are is not known: they tell nothing.
            self.found.clear()

    def reader(self, facet: Facet[Any, Any]) -> Callable[[], Slice | Missing | CloudError]:
        """Return what reads a facet, and gives back what went wrong."""

        def read() -> Slice | Missing | CloudError:
            try:
                with self.work.target.translating():
                    seen: Slice | Missing = facet.observe(self.work.target)
                    if self.work.intent is Intent.REMOVE and isinstance(seen, Presence):
                        seen = self.root.leaving(self.work.target, seen)
                    return seen
            except CloudError as error:
                return error

        return read

    # Deciding

    def with_root(self) -> dict[str, Wish]:
        """Return the wishes with that for the root, once it is clear that we may touch what is there."""
        work, seen = self.work, self.found[self.root.name]
        if isinstance(seen, Presence) and work.intent in (Intent.KEEP, Intent.OBSERVE):
            self.check(seen)
        if seen is ABSENT and work.intent is Intent.KEEP and work.no_creation is not None:
            raise work.no_creation
        return {self.root.name: Wish(self.root_wish(seen), {"": "spec"}), **work.wishes}

    def root_wish(self, seen: Slice | Missing) -> Presence | Missing:
        """Return what the root is to be, by what there is of it."""
        work = self.work
        if not isinstance(seen, Presence):
            return work.presence if work.intent in (Intent.KEEP, Intent.OBSERVE) else ABSENT
        if work.intent is Intent.OBSERVE:
            return seen
        if work.intent is Intent.KEEP:
            return work.presence
        if seen.owner != work.presence.owner:
            # On the way out, what is not ours any more is simply let be.
            return seen
        if work.intent is Intent.REMOVE:
            return ABSENT
        return seen.released() if self.root.marked else seen

    def check(self, seen: Presence) -> None:
        """Let pass what can be, and what may be, made as it is wished."""
        work = self.work
        for name in self.root.fixed:
            want, have = getattr(work.presence, name), getattr(seen, name)
            if want != have:
                raise NotOurs(
                    f"{work.what} is there already, with {name} {have} where {want} is wanted; "
                    f"{name} cannot be changed. It is left alone."
                )
        if work.intent is Intent.KEEP:
            adopt = work.adopt and self.root.marked
            check_ours(seen, work.presence.owner or "", work.what, adopt=adopt, advice=work.advice)

    def refusal(self, seen: Presence) -> NotOurs | None:
        """Return why what is there is to be left alone, if it is."""
        try:
            self.check(seen)
        except NotOurs as error:
            return error
        return None


def _side_by_side(
    pool: Executor, calls: list[Callable[[], Slice | Missing | CloudError]]
) -> list[Slice | Missing | CloudError]:
    """Run calls at once, the last one on this thread; a single call needs no other thread."""
    if not calls:
        return []
    others = [pool.submit(call) for call in calls[:-1]]
    last = calls[-1]()
    return [*(future.result() for future in others), last]
