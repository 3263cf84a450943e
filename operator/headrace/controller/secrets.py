"""Secrets that objects name: read when they are needed, and again after a few seconds; never watched."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from headrace.controller.api import ApiError, Forbidden
from headrace.engine.errors import Denied, Unavailable, Waiting
from headrace.engine.sensitive import Sensitive

# Nobody watches Secrets, so this is how late a new key can be noticed by work that is under way.
FRESH_SECONDS = 5.0
READER = "headrace-secret-reader"
"""The ClusterRole that is bound in a namespace to let the operator read the Secrets there.

Where the operator has no right in the whole cluster, its installation makes no ClusterRole either: then it
is a Role of this name.
"""
_USER = "system:serviceaccount:headrace-system:headrace-operator"
_SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True)
class Secret:
    """The decoded values of a Secret, which never show in a text, and its resourceVersion."""

    version: str
    values: Mapping[str, str] = field(repr=False)


class Secrets(Protocol):
    """Reads Secrets."""

    def secret(self, name: str, namespace: str = "") -> Secret | None:
        """Return the Secret, or None where there is none; no namespace is the operator's own."""


class FreshSecrets:
    """Secrets that are read once in a while, however many objects need them. Safe for threads.

    Args:
        secrets: what reads them.
        clock: the time in seconds.
        clusterwide: whether there is a ClusterRole that others can bind.
    """

    def __init__(self, secrets: Secrets, clock: Callable[[], float], *, clusterwide: bool = True) -> None:
        self._secrets, self._clock, self._clusterwide = secrets, clock, clusterwide
        self._known: dict[tuple[str, str], tuple[float, Secret | None]] = {}
        self._lock = threading.Lock()

    def secret(self, name: str, namespace: str = "") -> Secret | None:
        """Return the Secret, or None where there is none, as it was a few seconds ago at most.

        Args:
            name: its name.
            namespace: the one in which it is; the operator's own where none is named.

        Raises:
            Denied: nobody gave us the right to read Secrets in that namespace.
            Unavailable: the API server does not let us read it.
        """
        with self._lock:
            read, known = self._known.get((namespace, name), (float("-inf"), None))
        if self._clock() - read < FRESH_SECONDS:
            return known
        return self.read(name, namespace)

    def read(self, name: str, namespace: str = "") -> Secret | None:
        """Read the Secret now."""
        at = self._clock()
        try:
            found = self._secrets.secret(name, namespace)
        except ApiError as error:
            if namespace and isinstance(error, Forbidden):
                told = _not_bound(namespace, name, error.user, clusterwide=self._clusterwide)
                raise Denied(told) from error
            raise Unavailable(str(error)) from error
        with self._lock:
            self._known = {key: each for key, each in self._known.items() if self._is_fresh(each[0])}
            self._known[namespace, name] = (at, found)
        return found

    def _is_fresh(self, read: float) -> bool:
        return self._clock() - read < FRESH_SECONDS


def _not_bound(namespace: str, name: str, user: str, *, clusterwide: bool) -> str:
    """Say what is to be done so that we may read Secrets in a namespace."""
    user = user or _USER
    who = f"--user={user}"
    if user.startswith(_SERVICE_ACCOUNT):
        who = f"--serviceaccount={user.removeprefix(_SERVICE_ACCOUNT)}"
    bind = f"kubectl create rolebinding {READER} --namespace={namespace}"
    if clusterwide:
        return (
            f"The operator may not read Secret {namespace}/{name}: the ClusterRole {READER} is not bound in "
            f"namespace {namespace}. Bind it: {bind} --clusterrole={READER} {who}"
        )
    make = f"kubectl create role {READER} --namespace={namespace} --verb=get --resource=secrets"
    return (
        f"The operator may not read Secret {namespace}/{name}: no Role lets it in namespace {namespace}. "
        f"Make and bind one: {make} && {bind} --role={READER} {who}"
    )


def secret_values(
    secrets: FreshSecrets, namespace: str, wanted: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], Sensitive]:
    """Return values from Secrets of a namespace, by the name of the Secret and the key in it.

    White space around a value, such as the line break that most editors leave behind, is none of it.

    Raises:
        Waiting: a Secret, or a key in it, is not there yet.
        Denied: nobody gave us the right to read Secrets in that namespace.
        Unavailable: the API server does not let us read it.
    """
    found = {}
    for name, key in sorted(set(wanted)):
        secret = secrets.secret(name, namespace)
        if secret is None:
            raise Waiting(f"There is no Secret {name} in namespace {namespace} yet; its key {key} is needed.")
        value = secret.values.get(key, "").strip()
        if not value:
            raise Waiting(f"Secret {name} in namespace {namespace} has no value for the key {key} yet.")
        found[name, key] = Sensitive(value)
    return found
