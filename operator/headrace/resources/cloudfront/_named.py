"""What CloudFront keeps under a name that is unique in the account, by an id, and replaces by its ETag.

All operations on such things are called and answer alike, but for the word for the thing. The name that we
give is the proof of whose it is. CloudFront refuses a second one of that name, so that the create call finds
what a pass has made that died before it could write down the id.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from headrace.aws.target import Target, absent_on
from headrace.engine.errors import Conflict
from headrace.engine.facet import Facet, Permissions, Root
from headrace.engine.ownership import Presence
from headrace.engine.slices import ABSENT, Missing, Slice
from headrace.resources.cloudfront._shapes import Config, ShapedSlice, said


@dataclass(frozen=True)
class Reading:
    """A configuration as it was read, and what a replacement of it has to name."""

    config: Config
    etag: str


@dataclass(frozen=True)
class Named:
    """One type of such things: how its operations are called, and what they are told and tell."""

    word: str
    """As operations have it: "CachePolicy"."""
    words: str
    """For more of them: "CachePolicies"."""
    filter: Mapping[str, str] = field(default_factory=dict)
    """What a list of those that we may have made is asked for with."""
    shared: bool = False
    """Whether several objects use one, and CloudFront tells which distributions do."""

    def action(self, verb: str) -> str:
        """Return the IAM action for doing this to one."""
        return f"cloudfront:{verb}{self.word}"

    @property
    def listing(self) -> frozenset[str]:
        """The IAM actions for looking for one, and for who uses it."""
        users = {f"cloudfront:ListDistributionsBy{self.word}Id"} if self.shared else set()
        return frozenset({f"cloudfront:List{self.words}"} | users)

    def read(self, target: Target) -> Reading | None:
        """Return it as it was read for all of this look; None where there is none."""
        found: Reading | None = target.share(self.word, lambda: self._read(target))
        return found

    def _read(self, target: Target) -> Reading | None:
        if not target.id and not self._find(target):
            return None
        with absent_on(f"NoSuch{self.word}"):
            answer = _call(target, f"Get{self.word}", Id=target.id)
            return Reading(answer[self.word][f"{self.word}Config"], answer["ETag"])
        return None

    def _find(self, target: Target) -> bool:
        """Look for the id of what has our name; say whether there is one."""
        found = next((id for id, name in self._all(target) if name == target.name), None)
        if found is not None:
            target.identify(found)
        return found is not None

    def _all(self, target: Target) -> Iterator[tuple[str, str]]:
        """Yield id and name of each, page by page."""
        page: dict[str, str] = {}
        while True:
            listed = _call(target, f"List{self.words}", **self.filter, **page)[f"{self.word}List"]
            for item in listed.get("Items", []):
                thing = item.get(self.word, item)
                yield thing["Id"], thing.get(f"{self.word}Config", thing)["Name"]
            if not listed.get("NextMarker"):
                return
            page = {"Marker": listed["NextMarker"]}

    def create(self, target: Target, config: Config) -> None:
        """Make one under our name; what has it already is found by the look that follows."""
        asked = {f"{self.word}Config": {**config, "Name": target.name}}
        with absent_on(f"{self.word}AlreadyExists"):
            answer = _call(target, f"Create{self.word}", **asked)
            target.identify(answer[self.word]["Id"])
            target.tell(self.word, Reading(answer[self.word][f"{self.word}Config"], answer["ETag"]))
            return
        # An id that was known is that of something that is gone.
        target.identify("")

    def update(self, target: Target, config: Config) -> None:
        """Replace the configuration that was read; members that we do not know stay as they are."""
        found = self.read(target)
        if found is None:
            raise Conflict(f"The {self.word} {target.name} is gone.")
        after = said({**found.config, **config})
        _call(
            target,
            f"Update{self.word}",
            Id=target.id,
            IfMatch=found.etag,
            **{f"{self.word}Config": after},
        )

    def delete(self, target: Target) -> None:
        """Delete what was read; that it is gone is as good."""
        found = self.read(target)
        if found is not None:
            with absent_on(f"NoSuch{self.word}"):
                _call(target, f"Delete{self.word}", Id=target.id, IfMatch=found.etag)

    def is_used(self, target: Target) -> bool:
        """Say whether there is a distribution that uses it."""
        with absent_on(f"NoSuch{self.word}"):
            asked = {f"{self.word}Id": target.id, "MaxItems": "1"}
            users = _call(target, f"ListDistributionsBy{self.word}Id", **asked)
            return bool(users["DistributionIdList"]["Quantity"])
        return False


def _call(target: Target, operation: str, **parameters: Any) -> Any:
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    return getattr(target.cloudfront, method)(**parameters)


class NamedRoot(Root[Presence, Target]):
    """That there is one under our name."""

    kind: ClassVar[Named]
    blank: ClassVar[Config]
    """The least that CloudFront takes."""

    name = "presence"
    slice = Presence
    id_from_cloud = True
    create_finds = True
    marked = False

    def observe(self, target: Target) -> Presence | Missing:
        """Read it by its id or, where that is not known, look for its name first."""
        found = self.kind.read(target)
        if found is None:
            return ABSENT
        return Presence(owner=target.owner if found.config["Name"] == target.name else None)

    def create(self, target: Target, after: Presence, carried: Mapping[str, Slice]) -> None:
        """Make it, as it is to be."""
        config = next((each.to_aws() for each in carried.values() if isinstance(each, ShapedSlice)), None)
        self.kind.create(target, said(self.blank if config is None else config))

    def leaving(self, target: Target, seen: Presence) -> Presence:
        """What a distribution uses is let be: others share it."""
        used = self.kind.shared and seen.owner == target.owner and self.kind.is_used(target)
        return Presence() if used else seen

    def remove(self, target: Target, before: Presence) -> None:
        """Delete it; CloudFront refuses while a distribution uses it."""
        self.kind.delete(target)


def root_permissions(kind: Named) -> Permissions:
    """Return what the root of such a type needs."""
    create, remove = frozenset({kind.action("Create")}), frozenset({kind.action("Delete")})
    return Permissions(
        read=frozenset({kind.action("Get")}) | kind.listing,
        write=create | remove,
        create=create,
        remove=remove,
    )


def config_permissions(kind: Named) -> Permissions:
    """Return what the facet of such a type needs."""
    return Permissions(read=frozenset({kind.action("Get")}), write=frozenset({kind.action("Update")}))


C = TypeVar("C", bound=ShapedSlice)


class ConfigFacet(Facet[C, Target]):
    """The configuration, which CloudFront replaces as a whole."""

    kind: ClassVar[Named]

    def observe(self, target: Target) -> C | Missing:
        """Return what was read for the root, too."""
        found = self.kind.read(target)
        return ABSENT if found is None else self._told(found.config)

    def _told(self, config: Config) -> C:
        model: Any = self.slice
        told: C = model.from_aws(config)
        return told

    def apply(self, target: Target, after: C, before: C | Missing) -> None:
        """Replace it as it was read; Conflict where somebody else was faster."""
        self.kind.update(target, after.to_aws())
