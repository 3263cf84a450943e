"""Whose a resource is, and what follows from it: take it, leave it alone, give it back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from headrace.engine.errors import NotOurs
from headrace.engine.slices import Slice

OWNER_TAG = "headrace.io/owner"
RETAINED_TAG = "headrace.io/retained-by"
# A tag value holds 256 characters (AWS: "Tag naming limits and requirements").
_OWNER_LENGTH = 256
_ANOTHER_NAME = "Choose another name."


@dataclass(frozen=True)
class Advice:
    """What to do about a resource that is there and not ours, as the last sentence of its refusal."""

    nobodys: str = _ANOTHER_NAME
    """Where it has no owner."""
    anothers: str = _ANOTHER_NAME
    """Where it has another owner, who is named before."""


class Presence(Slice):
    """That a resource is there, and whose it is. The roots of resources add what can never change."""

    owner: str | None = None
    """The object that manages the resource: <cluster id>/<kind>/<namespace>/<name>."""
    retained_by: str | None = None
    """The object that let go of it and may take it back."""

    @classmethod
    def of(cls, tags: Mapping[str, str], **known: Any) -> Self:
        """Return what the tags of a resource say of whose it is, with what else is known of it."""
        return cls(owner=tags.get(OWNER_TAG), retained_by=tags.get(RETAINED_TAG), **known)

    def marks(self) -> dict[str, str]:
        """Return the tags that say whose the resource is, where it has tags."""
        marks = {OWNER_TAG: self.owner, RETAINED_TAG: self.retained_by}
        return {key: value for key, value in marks.items() if value is not None}

    def described(self) -> str:
        """Say what is there, in brackets, where its name alone does not tell whoever is refused it."""
        return ""

    def released(self) -> Self:
        """Return what a resource is that its owner has let go of; itself where it is everybody's."""
        return self.model_copy(update={"owner": None, "retained_by": self.owner})


def owner_of(cluster_id: str, kind: str, namespace: str, name: str) -> str:
    """Name the owner that an object is, in at most 256 characters; a longer one ends in a hash."""
    owner = f"{cluster_id}/{kind}/{namespace}/{name}"
    if len(owner) <= _OWNER_LENGTH:
        return owner
    digest = hashlib.sha256(owner.encode()).hexdigest()[:32]
    return f"{owner[: _OWNER_LENGTH - len(digest) - 1]}-{digest}"


def check_ours(found: Presence, me: str, what: str, *, adopt: bool, advice: Advice) -> None:
    """Let pass what is ours, what we retained and, with `adopt`, what is nobody's.

    Args:
        found: what is there.
        me: the owner in whose name we act.
        what: how sentences call the resource.
        adopt: whether what is nobody's may be taken over.
        advice: what to do about all other.

    Raises:
        NotOurs: for everything else. In doubt: hands off.
    """
    if found.owner == me or (found.owner is None and (adopt or found.retained_by == me)):
        return
    if found.owner is not None:
        remedy = _remedy(found.owner, me, advice)
        raise NotOurs(f"{what} belongs to {found.owner}; it is left alone. {remedy}")
    story = f"exists{found.described()} and was not made by Headrace"
    if found.retained_by is not None:
        story = f"was retained by {found.retained_by}"
    raise NotOurs(f"{what} {story}; it is left alone. {advice.nobodys}")


def _remedy(owner: str, me: str, advice: Advice) -> str:
    """Say what to do; who differs from us in the cluster's id alone may be ourselves, before it changed."""
    (cluster, _, theirs), (_, _, ours) = owner.partition("/"), me.partition("/")
    if theirs != ours:
        return advice.anothers
    return f"{advice.anothers} If only the cluster id was changed, set it to {cluster} again."
