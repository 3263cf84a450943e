"""Where MiniStack's STS, under AUTH=true, is put right: tokens of ServiceAccounts, and roles from roles."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlencode

import ministack.app as gateway
from ministack.core.iam_actions import access_denied_response
from ministack.core.iam_evaluator import enforce
from ministack.core.responses import get_region, new_uuid
from ministack.core.router import extract_access_key_id
from ministack.services import iam, sts
from ministack.services.cognito import _decode_id_token_unverified

from sandbox.aws.layer.corrections.wrapping import Answer, Handler, wrap
from sandbox.aws.layer.delays import Delays

# The session from which a role is assumed right now.
_CALLER: ContextVar[Mapping[str, Any]] = ContextVar("caller", default=MappingProxyType({}))
_LONGEST_CHAINED = 3600
_TRANSITIVE = "HeadraceTransitive"

Form = dict[str, str]


def install(delays: Delays) -> None:
    """Put STS right."""
    wrap(sts, "handle_request", partial(_handled, delays))
    wrap(sts, "_web_identity_principal", _with_one_audience)
    wrap(sts, "_session_tags", _with_inherited)
    wrap(sts, "register_session", _remembering_transitive)


def _handled(delays: Delays, original: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        form = {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
        check = {"AssumeRole": _from_role, "AssumeRoleWithWebIdentity": _token}.get(form.get("Action", ""))
        if check is None or not gateway.AUTH:
            return await original(method, path, headers, body, query)
        session = sts._sessions.get(extract_access_key_id(headers, query) or "", {})
        refused = check(form, headers, session)
        if refused:
            return refused
        if delays.session:
            body = urlencode({**form, "DurationSeconds": int(delays.session)}).encode()
        told = _CALLER.set({**session, _TRANSITIVE: _inherited(session) | _transitive(form)})
        try:
            return await original(method, path, headers, body, query)
        finally:
            _CALLER.reset(told)

    return handle


# By a token


def _token(form: Form, _: Mapping[str, str], __: Mapping[str, Any]) -> Answer | None:
    """Refuse what is no token, or has expired, or whose issuer or audience IAM does not know."""
    try:
        claims = _decode_id_token_unverified(form.get("WebIdentityToken", ""))
        issuer, expires = str(claims["iss"]), float(claims["exp"])
    except (ValueError, TypeError, LookupError):
        return _refusal("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
    if expires < time.time():
        said = f"current date/time {int(time.time())} must be before the expiration date/time {int(expires)}"
        return _refusal("ExpiredTokenException", f"Token expired: {said}")
    account, host = form.get("RoleArn", "::::").split(":")[4], issuer.removeprefix("https://")
    arn = f"arn:aws:iam::{account}:oidc-provider/{host}"
    provider = iam._oidc_providers.get_scoped(account, None, arn)
    if provider is None:
        return _refusal(
            "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"
        )
    audience = claims.get("aud", [])
    meant = {audience} if isinstance(audience, str) else set(audience)
    if meant.isdisjoint(provider["ClientIDList"]):
        return _refusal("InvalidIdentityToken", "Incorrect token audience")
    return None


def _with_one_audience(original: Handler) -> Handler:
    """Compare an audience that stands alone in a list, as Kubernetes writes it, as the text that it is."""

    def principal(*request: Any) -> Any:
        who, keys = original(*request)
        alone = {key: value[0] for key, value in keys.items() if isinstance(value, list) and len(value) == 1}
        return who, {**keys, **alone}

    return principal


# From a role


def _from_role(form: Form, headers: Mapping[str, str], session: Mapping[str, Any]) -> Answer | None:
    """Refuse a session of a role that is to last too long, or whose tags the caller may not hand on."""
    chained = session.get("PrincipalType") == "AssumedRole"
    if chained and int(form.get("DurationSeconds", 0)) > _LONGEST_CHAINED:
        said = "exceeds the 1 hour session limit for roles assumed by role chaining"
        return _refusal("ValidationError", f"The requested DurationSeconds {said}")
    tagged = _inherited(session) or any(key.startswith("Tags.member.") for key in form)
    return _may_not_tag(headers, form.get("RoleArn", "")) if tagged else None


def _may_not_tag(headers: Mapping[str, str], role: str) -> Answer | None:
    action = "sts:TagSession"
    denied = enforce(extract_access_key_id(headers), action, "sts", get_region(), resource_arn=role)
    if not denied:
        return None
    explicit = denied.decision == "Deny"
    answer: Answer = access_denied_response(
        "sts",
        action,
        denied.principal_arn,
        new_uuid(),
        headers=headers,
        resource_arn=role,
        explicit_deny=explicit,
    )
    return answer


def _inherited(session: Mapping[str, Any]) -> frozenset[str]:
    keys: frozenset[str] = session.get(_TRANSITIVE, frozenset())
    return keys


def _transitive(form: Form) -> frozenset[str]:
    return frozenset(value for key, value in form.items() if key.startswith("TransitiveTagKeys.member."))


def _with_inherited(original: Handler) -> Handler:
    """Add the tags that the caller's session hands on to those of the request: all of them are checked."""

    def tags(*request: Any, **more: Any) -> Any:
        asked, refused = original(*request, **more)
        caller = _CALLER.get()
        kept = [tag for tag in caller.get("SessionTags", ()) if tag["Key"] in _inherited(caller)]
        return (asked, refused) if refused else ([*asked, *kept], None)

    return tags


def _remembering_transitive(original: Handler) -> Handler:
    def register(access_key: str, session: dict[str, Any]) -> Any:
        return original(access_key, {**session, _TRANSITIVE: _inherited(_CALLER.get())})

    return register


def _refusal(code: str, message: str) -> Answer:
    answer: Answer = sts._error(400, code, message, ns="sts")
    return answer
