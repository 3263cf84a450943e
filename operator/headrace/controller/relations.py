"""Relations: what objects refer to, may they, and who has a claim on whom. One mechanism for all kinds."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.consequences import gravest
from headrace.engine.errors import CloudError, Denied, Invalid, Waiting
from headrace.kinds.common import Claim, Kind, Reference, waiting_for
from headrace.kinds.definition import CONSENT, ObjectRef
from headrace.kinds.status import Reason


class Relations:
    """The references among the objects of a cache. Safe for threads.

    Args:
        cache: all objects.
        kinds: their kinds.
        namespaces: those that are served; none are all.
    """

    def __init__(
        self, cache: Cache, kinds: Mapping[str, Kind[Any]], namespaces: Collection[str] = ()
    ) -> None:
        self._cache, self._kinds, self._namespaces = cache, kinds, namespaces

    def references(self, obj: Object) -> tuple[Reference, ...]:
        """Return what an object refers to, even where its spec does not validate."""
        kind = self._kinds.get(obj.ref.kind)
        return kind.references(obj.ref.namespace, obj.spec) if kind is not None else ()

    def referred(self, obj: Object) -> dict[ObjectRef, Mapping[str, Any]]:
        """Return the statuses of all that an object refers to.

        Raises the gravest of what is wrong with them:
            Waiting: something of it is not there yet.
            Blocked: nor will it be, before a person mends it.
            Denied: something of it is in another namespace, and does not let itself be referred to.
            Invalid: it leads back to the object, or to where we do not look.
        """
        found: dict[ObjectRef, Mapping[str, Any]] = {}
        wrong: list[CloudError] = []
        for reference in self.references(obj):
            try:
                found[reference.to] = self._offer(obj, reference)
            except CloudError as error:
                wrong.append(error)
        if worst := gravest(wrong):
            raise worst
        return found

    def _offer(self, obj: Object, reference: Reference) -> Mapping[str, Any]:
        """Return the status of what an object refers to by one reference."""
        self._check_served(reference)
        self._check_no_circle(obj, reference)
        other = self._cache.get(reference.to)
        if other is None:
            raise Waiting(f"{reference.field}: there is no {reference.to} yet.")
        if not consents(other, obj.ref.namespace):
            raise Denied(
                f"{reference.field}: {reference.to} is in another namespace and lets none of "
                f"{obj.ref.namespace} refer to it: annotate it {CONSENT}: {obj.ref.namespace}."
            )
        if "arn" not in other.status:
            what = f"{reference.field}: what {reference.to} stands for is not there yet"
            raise waiting_for(what, other.stalled)
        return other.status

    def stalled_referred(self, obj: Object) -> dict[ObjectRef, str]:
        """Return which of those that an object refers to wait for a person, and for what reason."""
        return {other.ref: other.stalled for other in self._referred(obj) if other.stalled}

    def _check_served(self, reference: Reference) -> None:
        if self._namespaces and reference.to.namespace not in self._namespaces:
            raise Invalid(
                f"{reference.field}: {reference.to} cannot be found, because namespace "
                f"{reference.to.namespace} is not served by this operator. Refer to one in "
                f"{', '.join(sorted(self._namespaces))}, or have it serve that namespace, too."
            )

    def _check_no_circle(self, obj: Object, first: Reference) -> None:
        path = self._path(first.to, obj.ref, (obj.ref,))
        if path:
            raise Invalid(f"{first.field} leads in a circle: {' -> '.join(map(str, path))}.")

    def _path(
        self, at: ObjectRef, end: ObjectRef, gone: tuple[ObjectRef, ...]
    ) -> tuple[ObjectRef, ...] | None:
        """Return the way from here to the end, if there is one."""
        if at == end:
            return (*gone, at)
        other = self._cache.get(at)
        if other is None or at in gone:
            return None
        ways = (self._path(reference.to, end, (*gone, at)) for reference in self.references(other))
        return next((way for way in ways if way), None)

    def claims(self, obj: Object) -> tuple[Claim, ...]:
        """Return what others have to do with an object: those that refer to it, and those it remembers."""
        kind = self._kinds[obj.ref.kind]
        refs = {other.ref for other in self._cache.referring(obj.ref)}
        refs |= set(kind.remembered(obj.status))
        others = (self._cache.get(ref) for ref in sorted(refs, key=str))
        return tuple(self._claim(other, obj) for other in others if other is not None)

    def _claim(self, other: Object, obj: Object) -> Claim:
        arn = str(other.status.get("arn", ""))
        refers = obj.ref in self._cache.refers(other) and consents(obj, other.ref.namespace)
        return Claim(other.ref, arn, refers and not (other.deleting and not arn))

    def check_unused(self, obj: Object) -> None:
        """Let pass an object that is to be deleted with what it stands for, unless others refer to it.

        Those that may not are in nobody's way.

        Raises:
            Waiting: with those that do.
        """
        others = self._cache.referring(obj.ref)
        users = [str(other.ref) for other in others if consents(obj, other.ref.namespace)]
        if users:
            raise Waiting(
                f"{obj.ref} is in use by {', '.join(users)}; it is deleted when none refers to it any more."
            )

    def not_given_back(self, obj: Object) -> tuple[CloudError, ...]:
        """Return which of those that an object refers to still remember it, and will forget it soon."""
        # One that is stalled for something else takes it back all the same, once it has heard that it may.
        heard = obj.conditions.get("Ready", {}).get("reason") == Reason.WAITING
        return tuple(
            waiting_for(
                f"{other.ref} is yet to take back what it gave to {obj.ref}", other.stalled if heard else ""
            )
            for other in self._referred(obj)
            if obj.ref in self._kinds[other.ref.kind].remembered(other.status) and _works(other)
        )

    def _referred(self, obj: Object) -> Iterator[Object]:
        for ref in sorted({reference.to for reference in self.references(obj)}, key=str):
            other = self._cache.get(ref)
            if other is not None:
                yield other


def references_of(kinds: Mapping[str, Kind[Any]]) -> Callable[[Object], Iterator[ObjectRef]]:
    """Return what names the objects that an object of one of these kinds refers to."""

    def named(obj: Object) -> Iterator[ObjectRef]:
        kind = kinds.get(obj.ref.kind)
        if kind is not None:
            yield from (reference.to for reference in kind.references(obj.ref.namespace, obj.spec))

    return named


def consents(obj: Object, namespace: str) -> bool:
    """Say whether objects of this namespace may refer to an object."""
    return namespace == obj.ref.namespace or namespace in obj.consent


def _works(obj: Object) -> bool:
    """Say whether what an object is told is carried out."""
    return not (obj.deleting or obj.paused or obj.spec.get("mode") == "Observe")
