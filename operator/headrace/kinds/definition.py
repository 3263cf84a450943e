"""What every custom resource is to Kubernetes: its group, its names, its models, and how its spec is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import Field, ValidationError

from headrace.engine.errors import Invalid
from headrace.engine.facet import ResourceType
from headrace.engine.slices import ApiModel

GROUP = "headrace.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FINALIZER = f"{GROUP}/finalizer"
REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
PAUSED = f"{GROUP}/paused"
ADOPT = f"{GROUP}/adopt"
ABANDON = f"{GROUP}/abandon"
CONSENT = f"{GROUP}/allow-references-from"

M = TypeVar("M", bound=ApiModel)
Region = Annotated[str, Field(max_length=32, pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$")]


@dataclass(frozen=True)
class ObjectRef:
    """Which custom resource: its kind, where it is (nowhere, for one of the whole cluster), its name."""

    kind: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Its name, with the namespace before it where it is in one: shop/media."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        """Write it with its kind: AcceleratedBucket shop/media."""
        return f"{self.kind} {self.path}"


@dataclass(frozen=True)
class Column:
    """A printer column of `kubectl get`; those with a priority are in `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


class Definition(Generic[M]):
    """A custom resource: its names, and the models that its schema is made from."""

    name: ClassVar[str]
    plural: ClassVar[str]
    short_names: ClassVar[tuple[str, ...]]
    description: ClassVar[str]
    spec: type[M]
    status: ClassVar[type[ApiModel]]
    columns: ClassVar[tuple[Column, ...]] = ()
    namespaced: ClassVar[bool] = True
    resources: ClassVar[tuple[ResourceType, ...]] = ()
    """The resource types that its objects can stand for."""


def read_spec(model: type[M], raw: Mapping[str, Any]) -> M:
    """Read a spec with the model that the schema was made from.

    Raises:
        Invalid: with a sentence for each field that is wrong.
    """
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        raise invalid(error) from error


def invalid(error: ValidationError, prefix: str = "spec") -> Invalid:
    """Turn pydantic's findings into one sentence, sorted, so that the same spec gives the same text."""
    said = sorted(
        f"{_path(prefix, item['loc'])}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_input=False)
    )
    return Invalid("; ".join(said))


def _path(prefix: str, loc: tuple[int | str, ...]) -> str:
    # "entries" is how the model of a map calls what the user wrote as the map itself.
    parts = [part for part in loc if part != "entries"]
    return prefix + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
