"""Wishes: what is said, silent or remembered becomes VALUE, ABSENT or UNMANAGED, once for all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headrace.engine.facet import Facet
from headrace.engine.slices import ABSENT, UNMANAGED, KeyedSlice, Missing, Slice, ValueSlice, leaves

DEFAULT = "default"
"""The source of a value that nobody named: our safe default."""
TAKEN_OUT = "taken out of spec"
"""The source of a wish to be rid of what we once set."""


OF_NODE = ": "
"""What parts the name of a node from the path of a field, where that is not of the main node."""


@dataclass(frozen=True)
class Layer:
    """Settings from one source (spec, a preset), by facet; each may say only a part of its slice."""

    source: str
    settings: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Wish:
    """What one facet is to be, and the source of each of its values by the path of the field."""

    value: Slice | Missing
    sources: Mapping[str, str] = field(default_factory=dict)

    def source(self, path: str) -> str:
        """Return where the value of this field comes from; of an item of a list, where the list does."""
        of_all = self.sources.get("", DEFAULT)
        return self.sources.get(path, self.sources.get(path.partition("[")[0], of_all))

    @property
    def lasts(self) -> bool:
        """Whether it is still a wish once it came true; what is only taken out is none any more."""
        return self.value is not UNMANAGED and set(self.sources.values()) != {TAKEN_OUT}


def resolve(
    facets: Iterable[Facet[Any, Any]],
    layers: Sequence[Layer],
    ledger: frozenset[str],
    *,
    secure: bool,
) -> dict[str, Wish]:
    """Decide what each facet is to be. Earlier layers win over later ones, field by field.

    Args:
        facets: the facets of one resource type.
        layers: what is said, the strongest source first.
        ledger: what we set earlier, as `remembered` writes it.
        secure: whether silence means our safe default (`defaults: Secure`) or "leave what is there".

    Raises:
        pydantic.ValidationError: what is said makes no valid slice.
    """
    return {facet.name: _wish(facet, layers, ledger, secure) for facet in facets}


def _wish(facet: Facet[Any, Any], layers: Sequence[Layer], ledger: frozenset[str], secure: bool) -> Wish:
    said = [layer for layer in layers if facet.name in layer.settings]
    if secure and facet.default is not None:
        default = facet.default.model_dump(by_alias=True, mode="json", exclude_none=True)
        bare = isinstance(facet.default, ValueSlice)
        said.append(Layer(DEFAULT, {facet.name: {"value": default} if bare else default}))
    if not said:
        return _silent(facet, ledger, secure)
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in said:
        partial = layer.settings[facet.name]
        sources = dict.fromkeys(_paths(facet, partial), layer.source) | sources
        merged = _under(merged, partial)
    value = facet.slice.model_validate(merged)
    sources.setdefault("", _of_the_unsaid(value, said[0].source))
    return _rested(facet, Wish(ABSENT if value.is_empty() else value, sources))


def _of_the_unsaid(value: Slice, strongest: str) -> str:
    """Name the source of what no layer says: of fields that are filled in, and of those that go."""
    if isinstance(value, KeyedSlice):
        return TAKEN_OUT
    return strongest if value.is_empty() else DEFAULT


def _silent(facet: Facet[Any, Any], ledger: frozenset[str], secure: bool) -> Wish:
    """Nothing is said and there is no default: what we once set goes, what we never set stays."""
    if not secure or not any(facet_of(entry) == facet.name for entry in ledger):
        return Wish(UNMANAGED)
    return _rested(facet, Wish(ABSENT, {"": TAKEN_OUT}))


def _rested(facet: Facet[Any, Any], wish: Wish) -> Wish:
    """Where AWS cannot take a setting away, "not there" is the value that stands for "off"."""
    if wish.value is not ABSENT:
        return wish
    if issubclass(facet.slice, KeyedSlice):
        return Wish(facet.slice(), wish.sources)
    return wish if facet.resting is None else Wish(facet.resting, wish.sources)


def _under(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one partial value under another: what the upper one says, wins; lists are atomic."""
    both = dict(lower) | dict(upper)
    for key in upper.keys() & lower.keys():
        if isinstance(upper[key], Mapping) and isinstance(lower[key], Mapping):
            both[key] = _under(upper[key], lower[key])
    return both


def _paths(facet: Facet[Any, Any], partial: Mapping[str, Any]) -> list[str]:
    if issubclass(facet.slice, KeyedSlice):
        return [f"[{key}]" for key in partial]
    if issubclass(facet.slice, ValueSlice):
        return [""]
    return [path for path, _ in leaves(partial)]


def remembered(wishes: Mapping[str, Wish]) -> frozenset[str]:
    """Return the ledger that these wishes make: facets by name, entries of shared maps one by one."""
    entries: set[str] = set()
    for name, wish in wishes.items():
        if isinstance(wish.value, KeyedSlice):
            entries.update(name + path for path in wish.value.fields())
        elif isinstance(wish.value, Slice) and wish.sources.get("") != TAKEN_OUT:
            entries.add(name)
    return frozenset(entries)


def facet_of(path: str) -> str:
    """Return the facet of an entry of the ledger, or of the path of a field, with the node that it is of."""
    node, rest = _of_node(path)
    prefix = f"{node}{OF_NODE}" if node else ""
    return prefix + rest.split("[", maxsplit=1)[0].split(".", maxsplit=1)[0]


def entries_of(node: str, ledger: Iterable[str]) -> frozenset[str]:
    """Return what an object's ledger remembers of one of its nodes; the main one has the empty name."""
    return frozenset(rest for of, rest in map(_of_node, ledger) if of == node)


def is_of_node(path: str) -> bool:
    """Say whether the path of a field is that of another node than the main one."""
    return bool(_of_node(path)[0])


def _of_node(path: str) -> tuple[str, str]:
    node, found, rest = path.partition(OF_NODE)
    # Names of nodes have no brackets, keys of maps are in some.
    return (node, rest) if found and "[" not in node else ("", path)


def remembered_keys(ledger: frozenset[str], facet: str) -> set[str]:
    """Return the keys of a shared map that the ledger knows as ours."""
    return {entry[len(facet) + 1 : -1] for entry in ledger if entry.startswith(f"{facet}[")}


def without_names(path: str) -> str:
    """Return the path of a field without what users named in it: lifecycle.rules[].prefix, tags."""
    node, rest = _of_node(path)
    prefix = f"{node.partition('/')[0]}{OF_NODE}" if node else ""
    before, found, after = rest.partition("[")
    # Keys may have brackets, too; a path that was cut may have lost its last one.
    beyond = after.rpartition("]")[2] if "]" in after else ""
    return prefix + before + ("[]" + beyond if found and beyond else "")
