"""A cluster with accounts, as the controller knows it, and Secrets that somebody can change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.aws.credentials import Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.controller.accounts import KIND, Accounts, Options
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.secrets import FreshSecrets, Secret
from headrace.kinds.definition import API_VERSION, ObjectRef

EVERYBODY = [{"names": ["*"], "buckets": {"create": ["*"]}}]


def account(
    name: str, spec: Mapping[str, Any] | None = None, version: int = 1, **about: Any
) -> dict[str, Any]:
    """Return the body of an AWSAccount that everybody may use."""
    return _body(KIND, {"name": name}, {"namespaces": EVERYBODY, **(spec or {})}, version, about)


def bucket(
    name: str, spec: Mapping[str, Any] | None = None, version: int = 1, **about: Any
) -> dict[str, Any]:
    """Return the body of a bucket in the namespace shop, or in another one: shop/media."""
    namespace, _, own = name.rpartition("/")
    metadata = {"name": own, "namespace": namespace or "shop"}
    return _body("AcceleratedBucket", metadata, spec or {}, version, about)


def _body(
    kind: str, metadata: dict[str, Any], spec: Mapping[str, Any], version: int, about: Mapping[str, Any]
) -> dict[str, Any]:
    status = about.get("status", {})
    given = {key: value for key, value in about.items() if key != "status"}
    common = {"uid": f"uid-{metadata['name']}", "resourceVersion": str(version), "generation": 1, **given}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata | common,
        "spec": dict(spec),
        "status": status,
    }


def conditions(status: str) -> dict[str, Any]:
    """Return a status in which Ready is this."""
    return {"conditions": [{"type": "Ready", "status": status}]}


DELETING: dict[str, Any] = {"deletionTimestamp": "2026-11-05T10:00:00Z"}


@dataclass
class Vault:
    """The Secrets of the operator's namespace, and by their paths those of others; counts the reads."""

    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: int = 0
    error: Exception | None = None

    def secret(self, name: str, namespace: str = "") -> Secret | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        values = self.secrets.get(f"{namespace}/{name}" if namespace else name)
        return None if values is None else Secret(f"v{len(repr(values))}", values)


@dataclass
class Cluster:
    """What `Accounts` goes by, all of which tests may change."""

    allow_ambient: bool = False
    cache: Cache = field(default_factory=Cache)
    vault: Vault = field(default_factory=Vault)
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    made: list[Source] = field(default_factory=list)
    """The sources of all accounts that were made."""
    now: float = 0.0

    def __post_init__(self) -> None:
        pacing, meter = Pacing(1000.0), Meter()

        def make(source: Source) -> Account:
            self.made.append(source)
            return Account(meter, pacing, source)

        options = Options("prod-1", self.allow_ambient)
        secrets = FreshSecrets(self.vault, lambda: self.now)
        self.accounts = Accounts(options, self.cache, secrets, self.labels, make)

    def has(self, *bodies: Mapping[str, Any]) -> None:
        for body in bodies:
            assert self.cache.put(body)

    def get(self, name: str) -> Object:
        found = self.cache.get(ObjectRef(KIND, "", name))
        assert found is not None
        return found
