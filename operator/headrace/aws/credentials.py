"""Where credentials come from: what the process runs with, keys that are given, or a role to assume."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleWithWebIdentityProvider,
    ContainerProvider,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.loaders import create_loader
from botocore.utils import parse_timestamp

from headrace import __version__
from headrace.aws.ambient import Agent, WebIdentity
from headrace.engine.fence import Fence

# Sessions share one loader: 20 clients in separate sessions cost 247 MiB, with a shared one 9.
_LOADER = create_loader()

CONFIG = Config(
    # The queue retries with its own back-off; botocore only has to get over a hiccup.
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=64,
    user_agent_extra=f"headrace/{__version__}",
)
"""How every client of ours behaves."""

ANY_REGION = "us-east-1"
"""Where STS is asked if no region is known: it answers alike in every one."""


ITSELF = "_account"
"""What stands for the namespace when an account looks after itself."""

# The providers of botocore that ours stand before.
_AS_WEB_IDENTITY, _AS_CONTAINER = AssumeRoleWithWebIdentityProvider.METHOD, ContainerProvider.METHOD

# sts:AssumeRole takes 64 characters of a certain set (STS API reference).
_SESSION_NAME = 64


@dataclass(frozen=True)
class Keys:
    """Static credentials. They never show in a text."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    origin: str = ""
    """Where they were found, for sentences: Secret aws-keys."""


@dataclass(frozen=True)
class Role:
    """A role to assume with the process's own credentials, and how we introduce ourselves."""

    arn: str
    external_id: str
    session_name: str

    @classmethod
    def for_namespace(cls, arn: str, cluster_id: str, namespace: str) -> "Role":
        """Introduce ourselves in the name of a namespace, so that each tenant's role can tell them apart."""
        return cls(arn, f"{cluster_id}/{namespace}", f"headrace@{namespace}"[:_SESSION_NAME])


@dataclass(frozen=True)
class Source:
    """Where and as whom to work. Nothing said: what the process itself runs with."""

    credentials: Keys | Role | None = None
    region: str | None = None
    endpoint_url: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    """Requests a second, by boto3's name of the service."""

    @property
    def who(self) -> str:
        """What tells identities apart before AWS has said whose they are: a key, a role; "" is ourselves."""
        match self.credentials:
            case Keys(access_key):
                return access_key
            case Role(arn):
                return arn
        return ""


Watch = Callable[[Any, str], None]
"""What is done to every client that is made, and to that of a region."""


class _Assumed(CredentialProvider):
    """Assumes a role when credentials are first needed, and again before they expire."""

    METHOD = "headrace-assume-role"

    def __init__(self, role: Role, source: Source, watch: Watch, fence: Fence) -> None:
        super().__init__()
        self._role, self._source, self._watch = role, source, watch
        self._own = own_session(watch, fence)
        self._own.register_component("data_loader", _LOADER)

    def load(self) -> DeferredRefreshableCredentials | None:
        """Return credentials that are fetched when they are first used; None where we have none ourselves."""
        own = self._own.get_credentials()
        if own is None:
            return None
        # Nothing is said of how long the session lasts: an hour, the most that a role gets from a role.
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._client,
            source_credentials=own,
            role_arn=self._role.arn,
            extra_args={"ExternalId": self._role.external_id, "RoleSessionName": self._role.session_name},
        )
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    def _client(self, service: str, **credentials: Any) -> Any:
        url = self._source.endpoint_url
        region = self._source.region
        return _client(self._own, self._watch, service, region, endpoint_url=url, **credentials)


def _client(
    session: botocore.session.Session,
    watch: Watch,
    service: str,
    region: str | None = None,
    *,
    config: Config | None = None,
    **more: Any,
) -> Any:
    """Make a client that fetches credentials."""
    where = region or region_of(session) or ANY_REGION
    ours = CONFIG.merge(config) if config else CONFIG
    client = session.create_client(service, region_name=where, config=ours, **more)
    watch(client, where)
    return client


def session_of(source: Source, watch: Watch, fence: Fence) -> botocore.session.Session:
    """Make a session with these credentials; no call is made yet.

    Args:
        source: whose credentials.
        watch: what sees the clients with which a role is assumed.
        fence: lets requests through, those for credentials too.
    """
    match source.credentials:
        case Keys(access_key, secret_key, token):
            session = plain_session(fence)
            session.set_credentials(access_key, secret_key, token)
        case Role() as role:
            session = plain_session(fence)
            session.get_component("credential_provider").providers[:] = [_Assumed(role, source, watch, fence)]
        case None:
            session = own_session(watch, fence)
    return session


def plain_session(fence: Fence) -> botocore.session.Session:
    """Make a session with botocore's own ways to credentials, all of whose clients come past the fence."""
    session = botocore.session.get_session()
    _fenced(session, fence)
    return session


def _fenced(session: botocore.session.Session, fence: Fence) -> None:
    """Have all clients of a session come past the fence.

    Last before they send: whoever waited for its turn, or to try again, may lead no more.
    """
    session.get_component("event_emitter").register_last("before-send", lambda **_: fence.check())


class _Own(botocore.session.Session):
    """A session with what the process runs with, asked for by our providers where we have them."""

    def __init__(self, watch: Watch, fence: Fence) -> None:
        super().__init__()
        _fenced(self, fence)
        self._asking, self._seen_by = plain_session(fence), watch
        self._asking.register_component("data_loader", _LOADER)

    def get_credentials(self) -> Any:
        """Return them from botocore's chain, which is made when it is first needed, for who asks then."""
        chain: CredentialResolver = self.get_component("credential_provider")
        if not any(isinstance(provider, WebIdentity) for provider in chain.providers):
            asking = partial(_client, self._asking, self._seen_by)
            chain.insert_before(_AS_WEB_IDENTITY, WebIdentity(asking))
            chain.insert_before(_AS_CONTAINER, Agent())
        return super().get_credentials()


def own_session(watch: Watch, fence: Fence) -> botocore.session.Session:
    """Make a session with what the process runs with.

    Args:
        watch: what sees the client with which a token becomes a role.
        fence: lets requests through.
    """
    return _Own(watch, fence)


def for_boto3(session: botocore.session.Session) -> boto3.session.Session:
    """Wrap a session for boto3.

    The shared loader comes last: boto3 adds its own folder to the loader that it finds, for each session.
    """
    wrapped = boto3.session.Session(botocore_session=session)
    session.register_component("data_loader", _LOADER)
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return wrapped


def _moment(value: Any) -> datetime:
    """Read a time from an answer; botocore's own way takes most of the time that a long listing takes."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        # Seconds since the epoch, or an HTTP date.
        return parse_timestamp(value)
    return moment if moment.tzinfo is not None else parse_timestamp(value)


def region_of(session: botocore.session.Session) -> str | None:
    """Return the process's default region; a variable that is empty says nothing.

    botocore reads AWS_DEFAULT_REGION and the profile; the other SDKs, and EKS, say AWS_REGION.
    """
    region: str | None = session.get_config_variable("region")
    return region or os.environ.get("AWS_REGION") or None
