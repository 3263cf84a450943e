"""The newest known state of every object that is watched."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from headrace.controller.api import Body, Object
from headrace.kinds.definition import ObjectRef

# How many deletions are remembered, so that a late answer does not bring back the dead.
_TOMBS = 4096


class Cache:
    """Objects by kind, namespace and name, each in the newest version that was seen.

    Versions are compared as numbers: since Kubernetes 1.35 resourceVersions of one resource are comparable.

    Args:
        refers: names the objects that an object refers to.
    """

    def __init__(self, refers: Callable[[Object], Iterable[ObjectRef]] = lambda _: ()) -> None:
        self._refers = refers
        self._referring: dict[ObjectRef, frozenset[ObjectRef]] = {}
        self._objects: dict[ObjectRef, Object] = {}
        self._by_kind: dict[str, dict[ObjectRef, Object]] = {}
        self._tombs: OrderedDict[ObjectRef, int] = OrderedDict()

    def put(self, body: Mapping[str, Any]) -> bool:
        """Keep this state unless a newer one is known; say whether it was news."""
        seen = Object(_slim(body))
        known = self._objects.get(seen.ref)
        version = int(seen.version)
        if version <= max(int(known.version) if known else -1, self._tombs.get(seen.ref, -1)):
            return False
        self._index(known, seen)
        self._objects[seen.ref] = seen
        self._by_kind.setdefault(seen.ref.kind, {})[seen.ref] = seen
        self._tombs.pop(seen.ref, None)
        return True

    def remove(self, body: Mapping[str, Any]) -> None:
        """Forget an object that is gone, unless a namesake has come since."""
        gone = Object(body)
        known = self._objects.get(gone.ref)
        if known is not None and known.uid != gone.uid and int(known.version) > int(gone.version):
            return
        self._index(self._objects.pop(gone.ref, None), None)
        self._by_kind.get(gone.ref.kind, {}).pop(gone.ref, None)
        self._tombs[gone.ref] = max(int(gone.version), self._tombs.pop(gone.ref, -1))
        while len(self._tombs) > _TOMBS:
            self._tombs.popitem(last=False)

    def _index(self, before: Object | None, after: Object | None) -> None:
        """Note whom an object refers to now; the sets are made anew, for others read them meanwhile."""
        was, now = self.refers(before), self.refers(after)
        obj = after or before
        if obj is None:
            return
        for ref in was - now:
            self._referring[ref] -= {obj.ref}
            if not self._referring[ref]:
                del self._referring[ref]
        for ref in now - was:
            self._referring[ref] = self._referring.get(ref, frozenset()) | {obj.ref}

    def refers(self, obj: Object | None) -> frozenset[ObjectRef]:
        """Return what an object refers to, be it there or not."""
        return frozenset(self._refers(obj)) if obj is not None else frozenset()

    def referring(self, ref: ObjectRef) -> list[Object]:
        """Return the objects that refer to this one, be it there or not; sorted."""
        found = (self._objects.get(other) for other in sorted(self._referring.get(ref, ()), key=str))
        return [obj for obj in found if obj is not None]

    def get(self, ref: ObjectRef) -> Object | None:
        """Return the object, or None where there is none."""
        return self._objects.get(ref)

    def of(self, kind: str) -> list[Object]:
        """Return all objects of a kind."""
        return list(self._by_kind.get(kind, {}).values())

    def __iter__(self) -> Iterator[Object]:
        """Walk over all objects."""
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        """Count the objects."""
        return len(self._objects)


def _slim(body: Mapping[str, Any]) -> Body:
    """Leave out managedFields, which are often larger than the rest and of no use here."""
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return {**body, "metadata": metadata}
