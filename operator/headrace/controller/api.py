"""The object as Kubernetes has it, and what the controller asks of the API server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headrace.kinds.definition import ABANDON, ADOPT, CONSENT, FINALIZER, PAUSED, REQUESTED_AT, ObjectRef

if TYPE_CHECKING:
    from headrace.controller.lines import Line

Body = Mapping[str, Any]


class ApiError(Exception):
    """The API server did not do what was asked; the message says what, where and why."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after
        """Seconds for which the API server asks to be spared."""
        self.line: Line | None = None
        """What the log is to say of what was done, or failed, in AWS before that."""


class Gone(ApiError):
    """The object is no longer there."""


class Stale(ApiError):
    """The object has changed since it was read."""


class Forbidden(ApiError):
    """The operator's ServiceAccount has no right to do this."""

    def __init__(self, message: str, user: str = "") -> None:
        super().__init__(message)
        self.user = user
        """Who we are to the API server, where it says so."""


class Api(Protocol):
    """What the controller asks of the API server. Every answer is the object as it is afterwards."""

    def get(self, ref: ObjectRef) -> Body:
        """Read the object; Gone where there is none."""

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        """Merge-patch the status; Stale where the patch's resourceVersion is not the newest."""

    def patch(self, ref: ObjectRef, operations: Sequence[Body]) -> Body:
        """JSON-patch the object; Stale where a test in it fails."""


@dataclass(frozen=True)
class Object:
    """A custom resource as it was read, with names for what the controller looks at."""

    body: Body

    @property
    def metadata(self) -> Body:
        """The object's metadata."""
        metadata: Body = self.body["metadata"]
        return metadata

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return ObjectRef(self.body["kind"], self.metadata.get("namespace", ""), self.metadata["name"])

    @property
    def uid(self) -> str:
        """The UID: a namesake made later has another one."""
        return str(self.metadata["uid"])

    @property
    def version(self) -> str:
        """The resourceVersion."""
        return str(self.metadata["resourceVersion"])

    @property
    def generation(self) -> int:
        """The generation of the spec."""
        return int(self.metadata.get("generation", 0))

    @property
    def deleting(self) -> bool:
        """Whether somebody asked for the object to go."""
        return "deletionTimestamp" in self.metadata

    @property
    def finalizers(self) -> list[str]:
        """The finalizers, those of others too."""
        return list(self.metadata.get("finalizers", []))

    @property
    def held(self) -> bool:
        """Whether our finalizer is on."""
        return FINALIZER in self.finalizers

    @property
    def spec(self) -> Body:
        """The spec as it was written, validated or not."""
        spec: Body = self.body.get("spec") or {}
        return spec

    @property
    def status(self) -> Body:
        """The status as it was written last."""
        status: Body = self.body.get("status") or {}
        return status

    @property
    def conditions(self) -> Mapping[str, Body]:
        """The conditions of the status, by type."""
        return conditions_of(self.status)

    @property
    def stalled(self) -> str:
        """Why only a person can help this generation, in one word; empty where the operator can, or may."""
        stalled = self.conditions.get("Stalled", {})
        holds = stalled.get("status") == "True" and stalled.get("observedGeneration") == self.generation
        return str(stalled["reason"]) if holds else ""

    @property
    def requested_at(self) -> str | None:
        """The value by which somebody asks for a look right now."""
        value = (self.metadata.get("annotations") or {}).get(REQUESTED_AT)
        return None if value is None else str(value)

    @property
    def paused(self) -> bool:
        """Whether nothing is to be done to AWS for now."""
        return self._says(PAUSED)

    @property
    def adopt(self) -> bool:
        """Whether what exists already and is nobody's may be taken over."""
        return self._says(ADOPT)

    @property
    def abandoned(self) -> bool:
        """Whether the object is to go and nothing is to be touched."""
        return self._says(ABANDON)

    @property
    def consent(self) -> frozenset[str]:
        """The other namespaces whose objects may refer to this one."""
        said = (self.metadata.get("annotations") or {}).get(CONSENT, "")
        return frozenset(name.strip() for name in str(said).split(",")) - {""}

    def _says(self, annotation: str) -> bool:
        return (self.metadata.get("annotations") or {}).get(annotation) == "true"

    def asked(self) -> tuple[Any, ...]:
        """Return all by which others ask for a look; our own writes leave it as it is."""
        said = (self.paused, self.adopt, self.abandoned, self.consent)
        return (self.uid, self.generation, self.deleting, self.requested_at, said)

    def fingerprint(self) -> tuple[Any, ...]:
        """Return all that makes a new look necessary when it changes; our own writes are in it, too."""
        return (*self.asked(), tuple(self.finalizers), self.status)

    def differs_in_status(self, fingerprint: tuple[Any, ...]) -> bool:
        """Say whether nothing but the status is another one than when this fingerprint was taken."""
        *rest, status = fingerprint
        *own, now = self.fingerprint()
        return rest == own and status != now


def conditions_of(status: Body) -> Mapping[str, Body]:
    """Return the conditions of a status, by type."""
    return {condition["type"]: condition for condition in status.get("conditions", [])}
