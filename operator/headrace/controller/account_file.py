"""Accounts from a file, for an operator that may see nothing of the whole cluster: AWSAccounts in memory."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError
from yaml.constructor import ConstructorError

from headrace.controller.api import Body, Gone, Object, Stale
from headrace.controller.loop import Loop
from headrace.controller.transitions import Transition
from headrace.engine.slices import ApiModel
from headrace.kinds.aws_account import AccountSpec, AWSAccount
from headrace.kinds.definition import API_VERSION, FINALIZER, ObjectRef, invalid

log = logging.getLogger("headrace.accounts")

_KIND = AWSAccount.name
# The kubelet shows a changed ConfigMap within a minute or so; by then nobody minds these.
SECONDS = 5.0
"""How often the file is read."""
# More does not fit into a ConfigMap.
_LONGEST, _MOST = 1024 * 1024, 1000


class _Entry(ApiModel):
    """One account: what an AWSAccount has in its metadata.name, and its spec."""

    name: Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    spec: AccountSpec


_ENTRIES = TypeAdapter(tuple[_Entry, ...])


class FileWrong(Exception):
    """The file cannot be used; the message says where and why."""


# What PyYAML lets out where a value is not what its tag or its form promises.
_UPSET = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_TAGS = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Loads as yaml.safe_load does, and says where it cannot."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return what a node stands for.

        Raises:
            ConstructorError: it stands for nothing, with the line and the column.
        """
        try:
            return super().construct_object(node, deep)
        except _UPSET as error:
            what = f"this is no {node.tag.removeprefix(_TAGS)}"
            raise ConstructorError(None, None, what, node.start_mark) from error


def parse(text: str) -> dict[str, Body]:
    """Return the specs of the accounts in a YAML or JSON text, by their names.

    Raises:
        FileWrong: with all that is wrong with it, in one sentence.
    """
    try:
        raw = _Loader(text).get_single_data()
    except (yaml.YAMLError, RecursionError, *_UPSET) as error:
        raise FileWrong(f"it is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise FileWrong("it has to be a list of accounts, each with name and spec")
    if len(raw) > _MOST:
        raise FileWrong(f"it has {len(raw)} accounts, and may have {_MOST}")
    try:
        entries = _ENTRIES.validate_python(raw, by_alias=True, by_name=False)
    except ValidationError as error:
        raise FileWrong(invalid(error, "accounts").message) from error
    wrong = [*_doubles(entries), *_selectors(entries)]
    if wrong:
        raise FileWrong("; ".join(wrong))
    return {entry.name: item["spec"] for entry, item in zip(entries, raw, strict=True)}


def _doubles(entries: Sequence[_Entry]) -> Iterable[str]:
    names = [entry.name for entry in entries]
    yield from (f"there are several accounts {n}" for n in sorted(set(names)) if names.count(n) > 1)
    defaults = sorted(entry.name for entry in entries if entry.spec.default)
    if len(defaults) > 1:
        yield f"{' and '.join(defaults)} all say default: true; only one may"


def _selectors(entries: Sequence[_Entry]) -> Iterable[str]:
    for i, entry in enumerate(entries):
        for j, namespace in enumerate(entry.spec.namespaces):
            if namespace.selector is not None:
                yield (
                    f"accounts[{i}].spec.namespaces[{j}].selector: labels of namespaces cannot be read "
                    "without a right in the whole cluster; name the namespaces in names"
                )


@dataclass(frozen=True)
class Change:
    """How a file differs from what was known of it, as objects and by the names of accounts."""

    put: Sequence[Body]
    gone: Sequence[Body]

    def __str__(self) -> str:
        """Say it: changed a, b; gone c."""
        parts = {"new or changed": self.put, "gone": self.gone}
        named = {how: ", ".join(body["metadata"]["name"] for body in of) for how, of in parts.items() if of}
        return "; ".join(f"{how}: {names}" for how, names in named.items()) or "nothing differs"


class AccountFile:
    """What the API server is to other AWSAccounts: it has them, and their statuses, as long as we live.

    So an account from a file is looked at, told of and waited for as any other. Safe for threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = None
        self._bodies: dict[str, Body] = {}
        self._versions = count(1)
        self._lock = threading.Lock()

    def read(self) -> Change | None:
        """Read the file; return what changed, or None if it is as it was when it was read last.

        Raises:
            FileWrong: it is not there, or no good; it changes nothing, and is told of once.
        """
        text = self._read()
        if text == self._text:
            return None
        self._text = text
        try:
            specs = parse(text)
        except FileWrong as error:
            raise FileWrong(f"The file of accounts {self._path} cannot be used: {error}.") from error
        return self._take(specs)

    def check(self) -> str:
        """Say what is wrong with the file before the accounts are known, or nothing."""
        try:
            self.read()
        except FileWrong as error:
            self._text = None
            return str(error)
        return ""

    def bodies(self) -> list[Body]:
        """Return all accounts."""
        with self._lock:
            return list(self._bodies.values())

    def _read(self) -> str:
        try:
            with self._path.open(encoding="utf-8") as file:
                text = file.read(_LONGEST + 1)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            self._text = None
            raise FileWrong(f"The file of accounts {self._path} cannot be read: {why}.") from error
        if len(text) > _LONGEST:
            raise FileWrong(f"The file of accounts {self._path} is longer than 1 MiB.")
        return text

    def _take(self, specs: Mapping[str, Body]) -> Change:
        with self._lock:
            before = self._bodies
            kept = {name: body for name, body in before.items() if body["spec"] == specs.get(name)}
            put = {name: self._body(name, spec) for name, spec in specs.items() if name not in kept}
            gone = [_at(body, self._version()) for name, body in before.items() if name not in specs]
            self._bodies = {name: kept.get(name) or put[name] for name in specs}
            return Change(list(put.values()), gone)

    def _body(self, name: str, spec: Body) -> Body:
        known, version = self._bodies.get(name), self._version()
        if known is not None:
            generation = known["metadata"]["generation"] + 1
            return {**_at(known, version, generation=generation), "spec": spec}
        # There is nothing to finalize, so our finalizer is there and stays.
        about = {"name": name, "uid": f"file-{version}", "generation": 1, "finalizers": [FINALIZER]}
        body = {"apiVersion": API_VERSION, "kind": _KIND, "metadata": about, "spec": spec}
        return _at(body, version)

    def _version(self) -> str:
        return str(next(self._versions))

    # What the controller asks of the API server

    def get(self, ref: ObjectRef) -> Body:
        """Return the account; Gone where there is none."""
        with self._lock:
            return self._get(ref)

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        """Merge the status; Stale where the account has changed since."""
        with self._lock:
            body, about = self._get(ref), patch["metadata"]
            if about["resourceVersion"] != body["metadata"]["resourceVersion"]:
                raise Stale(f"{ref} has changed meanwhile")
            status = _merged(body.get("status", {}), patch["status"])
            self._bodies[ref.name] = {**_at(body, self._version()), "status": status}
            return self._bodies[ref.name]

    def patch(self, ref: ObjectRef, operations: Sequence[Body]) -> Body:
        """Refuse: what is not status is in the file, which others write."""
        raise NotImplementedError(f"{ref} is in a file and cannot be patched with {operations}")

    def _get(self, ref: ObjectRef) -> Body:
        if ref.name not in self._bodies:
            raise Gone(f"{ref} is gone")
        return self._bodies[ref.name]


def _at(body: Body, version: str, **metadata: Any) -> Body:
    return {**body, "metadata": {**body["metadata"], "resourceVersion": version, **metadata}}


def _merged(before: Body, patch: Body) -> Body:
    """Return what a merge patch (RFC 7386) makes of a status, which has no maps in maps."""
    return {key: value for key, value in {**before, **patch}.items() if value is not None}


class NoEvents:
    """Records nothing: Kubernetes has no events about what it does not know, and each pass is in the log."""

    def record(self, obj: Object, transition: Transition) -> None:
        """Leave a transition of this account to the line about the pass."""


async def follow(file: AccountFile, loop: Loop, forget: Callable[[str], None]) -> None:
    """Take in what becomes of the file, until cancelled; one that is no good leaves all as it is."""
    told = ""
    while True:
        await asyncio.sleep(SECONDS)
        try:
            change = await asyncio.to_thread(file.read)
        except FileWrong as error:
            if str(error) != told:
                log.error("%s The accounts stay as they were.", error)
            told = str(error)
            continue
        if change is None:
            continue
        told = ""
        log.info("The file of accounts was read anew: %s.", change)
        for body in change.put:
            loop.changed(body)
        for body in change.gone:
            loop.deleted(body)
            forget(body["metadata"]["name"])
