"""With which AWS account, as whom and with which rights an object works: the boundary of tenants."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from headrace.aws.credentials import ITSELF, Keys, Role, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.turns import Turns
from headrace.controller.api import Object
from headrace.controller.cache import Cache
from headrace.controller.secrets import FreshSecrets
from headrace.engine.errors import Denied, Invalid, Waiting
from headrace.engine.fence import Fence
from headrace.kinds.aws_account import AccountSpec, NamespaceEntry
from headrace.kinds.definition import ObjectRef, read_spec

KIND = "AWSAccount"
_SECRET_KEYS = ("aws_access_key_id", "aws_secret_access_key")


@dataclass(frozen=True)
class Grants:
    """What objects of one namespace may do with an account. Patterns have * for any characters."""

    create: tuple[str, ...] = ()
    adopt: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    hosted_zones: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    """Ids of distributions to adopt."""

    @classmethod
    def of(cls, entries: Iterable[NamespaceEntry]) -> "Grants":
        """Add up what several entries grant."""
        entries = list(entries)
        buckets = [entry.buckets for entry in entries if entry.buckets]
        passes = [entry.passes for entry in entries if entry.passes]
        return cls(
            create=tuple(p for b in buckets for p in b.create),
            adopt=tuple(p for b in buckets for p in b.adopt),
            keys=tuple(p for each in passes for p in each.keys),
            roles=tuple(p for each in passes for p in each.roles),
            certificates=tuple(p for each in passes for p in each.certificates),
            hosted_zones=tuple(p for entry in entries for p in entry.hosted_zones),
            distributions=tuple(p for e in entries if e.distributions for p in e.distributions.adopt),
        )


EVERYTHING = Grants(*(("*",),) * 7)
"""What the operator's own credentials may be used for, where they may be used at all."""


def granted(patterns: Iterable[str], value: str) -> bool:
    """Say whether one of the patterns covers the value."""
    return any(
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), value) for pattern in patterns
    )


@dataclass(frozen=True)
class Access:
    """An account, as one namespace may use it."""

    account: Account
    name: str
    """The name of the AWSAccount; empty for the operator's own credentials."""
    grants: Grants = EVERYTHING
    default_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Return how plans call values that come from the account."""
        return f"account {self.name}"


@dataclass(frozen=True)
class Options:
    """What the operator was started with."""

    cluster_id: str
    allow_ambient: bool = False


class Accounts:
    """Hands out accounts; all share the pacing and the meter. Safe for threads.

    Args:
        labels: the labels of each namespace, as the watch has seen them.
    """

    def __init__(
        self,
        options: Options,
        cache: Cache,
        secrets: FreshSecrets,
        labels: Mapping[str, Mapping[str, str]],
        make: Callable[[Source], Account],
    ) -> None:
        self._options, self._cache, self._secrets = options, cache, secrets
        self._labels, self._make = labels, make
        self._known: dict[tuple[str, str], tuple[Source, Account]] = {}
        self._lock = threading.Lock()

    def of(self, namespace: str, name: str | None) -> Access:
        """Return the account that an object of this namespace asks for; the default one where it names none.

        Raises:
            Waiting: there is no such account, or its Secret is not there.
            Invalid: the account makes no sense, or there are two defaults.
            Denied: the namespace may not use it, or nobody said with whose credentials to work.
        """
        found = self._find(name)
        if found is None:
            return self._ambient(namespace)
        spec = _spec(found)
        entries = [entry for entry in spec.namespaces if self._matches(entry, namespace)]
        if not entries:
            raise Denied(
                f"Namespace {namespace} may not use AWSAccount {found.ref.name}: no entry of its "
                "spec.namespaces names or selects it."
            )
        account = self._account(found, spec, namespace)
        return Access(account, found.ref.name, Grants.of(entries), spec.default_tags)

    def of_deleting(self, obj: Object) -> Account:
        """Return the account with which to clean up after an object, which nobody needs a grant for.

        Raises:
            CloudError: as `of`, but for what the namespace may do.
        """
        name = obj.spec.get("account")
        found = self._find(name if isinstance(name, str) else None)
        if found is None:
            return self._ambient(obj.ref.namespace).account
        return self._account(found, _spec(found), obj.ref.namespace)

    def itself(self, obj: Object) -> Account:
        """Return the account as it looks after itself, with the credentials that there are right now.

        Raises:
            CloudError: its spec or its Secret is no good.
        """
        spec = read_spec(AccountSpec, obj.spec)
        secret = self._secret_of(spec)
        if secret is not None:
            self._secrets.read(secret)
        return self._account(obj, spec, ITSELF)

    def secret_version(self, obj: Object) -> str | None:
        """Return the version of the Secret that the account works with, if it has one."""
        secret = self._secret_of(read_spec(AccountSpec, obj.spec))
        found = self._secrets.secret(secret) if secret is not None else None
        return found.version if found is not None else None

    def forget(self, name: str) -> None:
        """Forget an account that is gone."""
        with self._lock:
            self._known = {key: known for key, known in self._known.items() if key[0] != name}

    def defaults(self) -> list[str]:
        """Return the names of the default accounts: one that is to go is one until there is another.

        There is to be one at most.
        """
        saying = [o for o in self._cache.of(KIND) if o.spec.get("default") is True]
        staying = [o for o in saying if not o.deleting]
        return sorted(o.ref.name for o in staying or saying)

    def used_by(self, name: str) -> list[ObjectRef]:
        """Return the objects that work with this account, sorted."""
        default = name if self.defaults() == [name] else None
        users = [
            obj.ref
            for obj in self._cache
            if obj.ref.kind != KIND and (obj.spec.get("account") or default) == name
        ]
        return sorted(users, key=str)

    def _find(self, name: str | None) -> Object | None:
        if name is not None:
            found = self._cache.get(ObjectRef(KIND, "", name))
            if found is None:
                raise Waiting(f"There is no AWSAccount {name} yet.")
            return found
        names = self.defaults()
        if len(names) > 1:
            raise Invalid(
                f"AWSAccounts {' and '.join(names)} all say default: true; only one may. Name one in "
                "spec.account, or correct them."
            )
        return self._cache.get(ObjectRef(KIND, "", names[0])) if names else None

    def _ambient(self, namespace: str) -> Access:
        if not self._options.allow_ambient:
            raise Denied(
                "No AWSAccount is named in spec.account and none is the default, and the operator may not "
                f"use its own AWS credentials for namespace {namespace}: make an AWSAccount, or start the "
                "operator with --allow-ambient."
            )
        return Access(self._cached(("", ""), Source()), "")

    def _matches(self, entry: NamespaceEntry, namespace: str) -> bool:
        if granted(entry.names, namespace):
            return True
        if entry.selector is None:
            return False
        labels = self._labels.get(namespace, {})
        return entry.selector.match_labels.items() <= labels.items()

    def _account(self, obj: Object, spec: AccountSpec, namespace: str) -> Account:
        credentials = self._credentials(obj.ref.name, spec, namespace)
        source = Source(
            credentials,
            spec.region,
            spec.endpoint_url,
            {k: float(v) for k, v in spec.requests_per_second.items()},
        )
        shared = namespace if isinstance(credentials, Role) else ""
        return self._cached((obj.ref.name, shared), source)

    def _cached(self, key: tuple[str, str], source: Source) -> Account:
        """Return the one account for this use; another source, such as new keys, makes it anew."""
        with self._lock:
            known = self._known.get(key)
            if known is None or known[0] != source:
                known = self._known[key] = (source, self._make(source))
            return known[1]

    def _credentials(self, name: str, spec: AccountSpec, namespace: str) -> Keys | Role | None:
        wanted = spec.credentials
        if wanted is not None and wanted.secret_ref is not None:
            return self._keys(name, wanted.secret_ref.name)
        if wanted is not None and wanted.role_arn is not None:
            return Role.for_namespace(wanted.role_arn, self._options.cluster_id, namespace)
        return None

    def _secret_of(self, spec: AccountSpec) -> str | None:
        reference = spec.credentials.secret_ref if spec.credentials else None
        return reference.name if reference is not None else None

    def _keys(self, account: str, name: str) -> Keys:
        found = self._secrets.secret(name)
        if found is None:
            raise Waiting(f"AWSAccount {account}: there is no Secret {name} in the operator's namespace yet.")
        missing = [key for key in _SECRET_KEYS if not found.values.get(key, "").strip()]
        if missing:
            raise Invalid(f"AWSAccount {account}: Secret {name} lacks {' and '.join(missing)}.")
        # Made from a file, a value often ends in a newline, with which no signature would be right.
        access_key, secret_key = (found.values[key].strip() for key in _SECRET_KEYS)
        token = found.values.get("aws_session_token", "").strip() or None
        return Keys(access_key, secret_key, token, f"Secret {name}")


def _spec(obj: Object) -> AccountSpec:
    """Read the spec of an account for an object that uses it, whose own spec is not to blame."""
    try:
        return read_spec(AccountSpec, obj.spec)
    except Invalid as error:
        raise error.with_message(f"{obj.ref}: {error.message}") from error


def make_account(meter: Meter, pacing: Pacing, fence: Fence | None = None) -> Callable[[Source], Account]:
    """Return what makes accounts that share meter, pacing and fence, and wait for one another."""
    turns = Turns()

    def make(source: Source) -> Account:
        return Account(meter, pacing, source, turns, fence)

    return make
