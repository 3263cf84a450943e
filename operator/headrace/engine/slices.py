"""Slices: the frozen values that a facet reads and writes, and what every one of them can say of itself."""

import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

# Kubernetes writes acronyms in capitals (kmsKeyARN, hostedZoneID), and so does AWS mostly.
_ACRONYMS = {
    "acl": "ACL",
    "acls": "ACLs",
    "arn": "ARN",
    "arns": "ARNs",
    "dns": "DNS",
    "id": "ID",
    "ip": "IP",
    "mtls": "MTLS",
    "tls": "TLS",
    "ttl": "TTL",
    "url": "URL",
}


NO_KEYS: Mapping[str, str] = MappingProxyType({})


class Missing(enum.Enum):
    """The two ways in which a value can be missing; they are never the same thing."""

    ABSENT = "absent"
    """As a wish: it must not be there. As an observation: it is not there."""
    UNMANAGED = "unmanaged"
    """As a wish: whatever is there is none of our business. Never an observation."""


ABSENT: Literal[Missing.ABSENT] = Missing.ABSENT
UNMANAGED: Literal[Missing.UNMANAGED] = Missing.UNMANAGED


@dataclass(frozen=True)
class Rule:
    """A rule across fields, in CEL, which the API server checks; `self` is the object that carries it.

    The model's own validators say the same again, for objects that were stored under an older schema.
    """

    expression: str
    message: str
    field_path: str | None = None


def camel(name: str) -> str:
    """Turn a Python name into the API's: kms_key_arn becomes kmsKeyARN."""
    first, *rest = name.split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in rest)


class ApiModel(BaseModel):
    """What every model of our API is: frozen, camelCase, and nothing that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=camel,
        populate_by_name=True,
        # What is wrong may be a secret.
        hide_input_in_errors=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()


class Slice(ApiModel):
    """One slice of a cloud resource, in canonical form, so that `==` is the comparison."""

    filled_by_cloud: ClassVar[frozenset[str]] = frozenset()
    """Fields in which AWS puts a value of its own where we say nothing; None there means "what is there"."""

    passes: ClassVar[Mapping[str, str]] = {}
    """Fields with an ARN that AWS is made to use, by what kind of thing it is: {"kms_key_arn": "keys"}."""

    keyed_lists: ClassVar[Mapping[str, str]] = {}
    """Lists whose items have a key, by the names in the API: {"rules": "id"}. They are in the key's order."""

    ordered_lists: ClassVar[frozenset[str]] = frozenset()
    """Those among them whose order means something, and is as they say."""

    def is_empty(self) -> bool:
        """Whether this value says "must not be there", as a list of no rules does."""
        return False

    def passed(self) -> Iterator[tuple[str, str]]:
        """Return all that AWS is made to use: what kind of thing it is, and its ARN."""
        for field, kind in self.passes.items():
            if (arn := getattr(self, field)) is not None:
                yield kind, arn

    def completed(self, found: "Slice | Missing") -> Self:
        """Fill in from what was found the fields that are silent and that AWS fills in by itself."""
        if isinstance(found, Missing) or not self.filled_by_cloud:
            return self
        return self.model_copy(
            update={
                name: getattr(found, name) for name in self.filled_by_cloud if getattr(self, name) is None
            }
        )

    def fields(self) -> dict[str, str]:
        """Return every value that is set, as text, by the path of its field: {"rules[a].prefix": "raw/"}."""
        # What AWS answers may be newer than our model: that is to be shown, not warned of.
        values = self.model_dump(by_alias=True, mode="json", warnings=False, exclude_none=True)
        return {path: text_of(value) for path, value in leaves(values, keys=self.keyed_lists)}


class KeyedSlice(Slice):
    """A map that is shared with others, such as tags: only the keys that we name or once set are ours."""

    entries: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, value: Any) -> Any:
        wrapped = (
            isinstance(value, dict) and value.keys() == {"entries"} and isinstance(value["entries"], Mapping)
        )
        return value if wrapped else {"entries": value}

    @model_serializer
    def _unwrap(self) -> dict[str, str]:
        return dict(self.entries)

    def only(self, keys: Iterable[str]) -> Self:
        """Return just the entries with these keys."""
        wanted = set(keys)
        return self.model_copy(update={"entries": {k: v for k, v in self.entries.items() if k in wanted}})

    def fields(self) -> dict[str, str]:
        """Return each entry by its key in brackets, which keeps keys with dots and slashes readable."""
        return {f"[{key}]": value for key, value in sorted(self.entries.items())}


class ValueSlice(Slice):
    """A slice that is one value, or one list: `priceClass: PriceClass_100`. In layers it is {"value": …}.

    The key of the items of a list is that of "" in `keyed_lists`.
    """

    value: Any

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, value: Any) -> Any:
        return value if isinstance(value, dict) and value.keys() <= {"value"} else {"value": value}

    @model_serializer(mode="wrap")
    def _unwrap(self, handler: SerializerFunctionWrapHandler) -> Any:
        return handler(self)["value"]

    def fields(self) -> dict[str, str]:
        """Return the value by the empty path, or what is in the items of a list with keys by their paths."""
        value = self.model_dump(by_alias=True, mode="json", warnings=False, exclude_none=True)
        return {path: text_of(each) for path, each in leaves(value, keys=self.keyed_lists)}


def leaves(value: Any, path: str = "", keys: Mapping[str, str] = NO_KEYS) -> Iterator[tuple[str, Any]]:
    """Walk a JSON value down to what is no object; None counts as nothing.

    Lists count as one value, but for those whose items have keys, as `Slice.keyed_lists` says it.
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name), keys)
    elif path in keys and value is not None:
        for item in value:
            key = item[keys[path]]
            # Its key is in the path already.
            rest = {name: inner for name, inner in item.items() if name != keys[path]}
            yield from leaves(rest or item, item_path(path, key), keys)
    elif value is not None:
        yield path, value


def text_of(value: Any) -> str:
    """Write a JSON value as a person would: strings bare, everything else as compact JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)


def item_path(list_path: str, key: str) -> str:
    """Name an item of a list by its key: lifecycle.rules[cool-down]."""
    return f"{list_path}[{key}]"


def field_path(facet: str, field: str) -> str:
    """Join a facet's name and a path inside its slice: versioning.enabled, tags[team], policy."""
    return facet + field if not field or field.startswith("[") else f"{facet}.{field}"
