"""Credentials that EKS gives a pod: by the token of its ServiceAccount (IRSA), or from an agent on its node.

The SDK's own variables say which. botocore has providers for both; these stand before them, for sentences
that say what to do, for calls of STS that are paced and counted, and for a session with a lasting name.

Sources: "IAM roles for service accounts" and "EKS Pod Identity" in the EKS User Guide,
AssumeRoleWithWebIdentity in the STS API Reference, "Container credential provider" in the AWS SDKs and Tools
Reference Guide.
"""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from botocore import exceptions as boto
from botocore.credentials import (
    AssumeRoleWithWebIdentityCredentialFetcher,
    CredentialProvider,
    DeferredRefreshableCredentials,
)
from botocore.utils import ContainerMetadataFetcher, parse_timestamp

from headrace.aws.errors import Place, from_response
from headrace.engine.errors import BadCredentials, CloudError, Denied, Throttled, Unavailable

ROLE, TOKEN_FILE = "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"
_SESSION_NAME = "AWS_ROLE_SESSION_NAME"
AGENT, AUTHORIZATION_FILE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
_AGENT_OF_NODE, _AUTHORIZATION = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"

# botocore's would have the time in it, and the operator's name in AWS would be another one after each start.
_NAME = "headrace"

_MOUNTED = "EKS mounts it when the pod starts: look at the pod's volumes, and start the pod again."
_ANSWER = re.compile(r"non 200 response (?P<status>\d+) from container metadata: (?P<said>.*)", re.DOTALL)
# The agent begins with the id of the request, and ends with whose fault it thinks it is.
_NOISE = re.compile(r"^\[[^\]]*\]:?\s*|,? ?fault: \w+$")
_LONGEST = 300

Fetched = dict[str, Any]
"""Credentials as botocore's fetchers return them."""


class WebIdentity(CredentialProvider):
    """Becomes a role by a token when credentials are first needed, and again before they expire.

    Args:
        client: makes the client of STS, as AssumeRoleWithWebIdentityCredentialFetcher asks for one.
    """

    METHOD = "headrace-web-identity"

    def __init__(self, client: Callable[..., Any]) -> None:
        super().__init__()
        self._client = client

    def load(self) -> DeferredRefreshableCredentials | None:
        """Return credentials that are fetched when they are first used; None where no token is named."""
        path, role = os.environ.get(TOKEN_FILE), os.environ.get(ROLE, "")
        if not path:
            return None
        if not role.startswith("arn:"):
            raise BadCredentials(
                f"{TOKEN_FILE} says where a token is, but {ROLE} ({role or 'not set'}) is not the ARN of a "
                "role: annotate the operator's ServiceAccount with eks.amazonaws.com/role-arn, and start the "
                "pod again."
            )
        token = _Token(path, role)
        fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
            client_creator=self._client,
            web_identity_token_loader=token.read,
            role_arn=role,
            extra_args={"RoleSessionName": os.environ.get(_SESSION_NAME) or _NAME},
        )
        return DeferredRefreshableCredentials(partial(token.trade, fetcher.fetch_credentials), self.METHOD)


@dataclass(frozen=True)
class _Token:
    """The token of the ServiceAccount, which the kubelet writes anew before it expires."""

    path: str
    role: str

    def read(self) -> str:
        return _read(self.path, TOKEN_FILE)

    def trade(self, fetch: Callable[[], Fetched]) -> Fetched:
        """Fetch credentials for it; where AWS refuses, say what of it has to be known there."""
        try:
            return _usable(fetch(), f"AWS STS gave credentials for role {self.role}")
        except boto.ClientError as error:
            raise self._refused(error) from error

    def _refused(self, error: boto.ClientError) -> CloudError:
        told = from_response(error, Place(self.role))
        if isinstance(told, Unavailable | Throttled):
            return told
        issuer, subject, audience = (self._claims().get(name, "?") for name in ("iss", "sub", "aud"))
        if isinstance(told, Denied) and not isinstance(told, BadCredentials):
            return told.with_message(
                f"AWS STS refused AssumeRoleWithWebIdentity for role {self.role}: its trust policy must "
                f"allow that to the OIDC provider {issuer} with the conditions StringEquals {issuer}:sub "
                f"{subject} and {issuer}:aud {audience}."
            )
        said = str(error.response.get("Error", {}).get("Message", "")).strip().rstrip(".")
        return BadCredentials(self._not_taken(told.context.code, said, issuer, audience), told.context)

    def _not_taken(self, code: str, said: str, issuer: str, audience: str) -> str:
        begin = f"AWS STS does not take the token in {self.path} for role {self.role} ({code}): "
        if code.startswith("ExpiredToken"):
            # AWS says what time it is, which is another one each time.
            return f"{begin}it has expired. The kubelet renews it; if it does not, start the pod again."
        return (
            f"{begin}{said}. The account of the role must have an IAM OIDC provider for {issuer} with the "
            f"audience {audience}, and {ROLE} must be the ARN of a role."
        )

    def _claims(self) -> Mapping[str, str]:
        """Return what the token says of itself; nothing where it is none. None of this is secret."""
        with suppress(OSError, ValueError, LookupError):
            body = Path(self.path).read_text(encoding="utf-8").split(".")[1]
            said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            audience = said.get("aud", "?")
            heard = audience if isinstance(audience, str) else ", ".join(map(str, audience))
            return {**said, "iss": str(said.get("iss", "?")).removeprefix("https://"), "aud": heard}
        return {}


class Agent(CredentialProvider):
    """Asks an agent, as of EKS Pod Identity, when credentials are first needed and before they expire."""

    METHOD = "headrace-agent"

    def load(self) -> DeferredRefreshableCredentials | None:
        """Return credentials that are fetched when they are first used; None where no agent is named."""
        path, url = os.environ.get(_AGENT_OF_NODE), os.environ.get(AGENT)
        if path:
            url = ContainerMetadataFetcher().full_url(path)
        return DeferredRefreshableCredentials(partial(_ask, url), self.METHOD) if url else None


def _ask(url: str) -> Fetched:
    """Fetch credentials from the agent, which is asked three times at most."""
    where = f"The agent at {url}"
    try:
        said = ContainerMetadataFetcher().retrieve_full_uri(url, headers=_authorization())
    except boto.MetadataRetrievalError as error:
        raise _not_given(where, str(error)) from error
    except ValueError as error:
        raise BadCredentials(f"{AGENT} is {url}, which cannot be asked: {str(error).rstrip('.')}.") from error
    names = {"AccessKeyId": "access_key", "SecretAccessKey": "secret_key", "Token": "token"}
    had = {key for key, value in said.items() if value} if isinstance(said, dict) else set()
    missing = sorted({*names, "Expiration"} - had)
    if missing:
        raise BadCredentials(f"{where} gave no credentials: its answer lacks {' and '.join(missing)}.")
    fetched = {ours: said[theirs] for theirs, ours in names.items()}
    about = {"expiry_time": said["Expiration"], "account_id": said.get("AccountId")}
    return _usable({**fetched, **about}, f"{where} gave credentials")


def _authorization() -> dict[str, str]:
    """Return the header by which the agent knows the pod; its token is renewed like all tokens of it."""
    path = os.environ.get(AUTHORIZATION_FILE)
    token = _read(path, AUTHORIZATION_FILE) if path else os.environ.get(_AUTHORIZATION, "").strip()
    if not token.isprintable() or not token.isascii():
        # Who sends it would name it, to say that it cannot be sent.
        where = f"{path} ({AUTHORIZATION_FILE})" if path else _AUTHORIZATION
        raise BadCredentials(
            f"The token in {where} has a line break or another character in it that no header may have."
            f"{f' {_MOUNTED}' if path else ''}"
        )
    return {"Authorization": token} if token else {}


def _not_given(where: str, error: str) -> CloudError:
    """Say why the agent gave no credentials: it cannot, or it does not want to."""
    found = _ANSWER.search(error)
    if found is None:
        lost = "Unable to parse" in error
        return Unavailable(
            f"{where} does not answer{' with credentials' if lost else ''}. Look whether the add-on "
            "eks-pod-identity-agent runs on the operator's node, and whether a NetworkPolicy keeps the "
            "operator from it."
        )
    status, said = int(found["status"]), _NOISE.sub("", " ".join(found["said"].split()))
    answered = f"({status}): {said[:_LONGEST].rstrip('.') or 'without a reason'}"
    if status >= 500 or status == 429:
        return Unavailable(
            f"{where} has no credentials right now {answered}. Look at the log of the add-on "
            "eks-pod-identity-agent on the operator's node, if this lasts."
        )
    return BadCredentials(
        f"{where} refuses to give credentials {answered}. The operator's ServiceAccount must have a pod "
        "identity association in this cluster, and the trust policy of its role must allow "
        "pods.eks.amazonaws.com sts:AssumeRole and sts:TagSession."
    )


def _read(path: str, variable: str) -> str:
    """Read a token, which a ServiceAccount has many of."""
    begin = f"The token in {path} ({variable})"
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadCredentials(f"{begin} cannot be read: {error.strerror}. {_MOUNTED}") from error
    except UnicodeDecodeError as error:
        raise BadCredentials(f"{begin} is no text. {_MOUNTED}") from error
    if not token:
        raise BadCredentials(f"{begin} is empty. {_MOUNTED}")
    return token


def _usable(fetched: Fetched, gave: str) -> Fetched:
    """Return credentials that have not expired; botocore would take those that have for a bug of ours."""
    try:
        expired = parse_timestamp(fetched["expiry_time"]) <= datetime.now(UTC)
    except (ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        # TypeError: it does not say in which time zone it is.
        said = f"{fetched['expiry_time']}"[:_LONGEST]
        raise BadCredentials(
            f"{gave} with a time of expiry that cannot be read ({said}): it must be a time with its time "
            "zone, as 2026-01-31T12:00:00Z."
        ) from error
    if expired:
        raise BadCredentials(f"{gave} that have expired already. Look at the clock of the operator's node.")
    return fetched
