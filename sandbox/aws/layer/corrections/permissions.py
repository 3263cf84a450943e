"""Where MiniStack, under AUTH=true, asks for other actions or on other resources than AWS does."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import ministack.app as gateway
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce
from ministack.core.responses import get_account_id, new_uuid
from ministack.core.router import extract_access_key_id, extract_region
from ministack.services import cloudfront

from sandbox.aws.layer.corrections.wrapping import Answer, Handler, wrap

_WITH_TAGS = "cloudfront:CreateDistributionWithTags"
_CLOUDFRONT = re.compile(
    r"/2020-05-31/(?:distributionsBy)?"
    r"(distribution|origin-access-control|(?:cache|origin-request|response-headers)-policy|function)(?:/([^/]+))?"
)
_TAGGING = "/2020-05-31/tagging"
_CHANGE = re.compile(r"/2013-04-01/change/([^/]+)")


def install() -> None:
    """Ask for what AWS asks for."""
    wrap(iam_actions, "extract_iam_action", _as_creation)
    wrap(iam_actions, "extract_resource_arn", _of_what_is_named)
    wrap(cloudfront, "handle_request", _tagging_allowed)


def _as_creation(original: Handler) -> Handler:
    """CreateDistributionWithTags is no action: it is a creation, and TagResource besides."""

    def action(*request: Any) -> Any:
        found = original(*request)
        return "cloudfront:CreateDistribution" if found == _WITH_TAGS else found

    return action


def _of_what_is_named(original: Handler) -> Handler:
    def arn(service: str, method: str, path: str, *request: Any) -> Any:
        _, _, query, _, account = request
        found = None
        if service == "cloudfront":
            found = _of_cloudfront(path, query, account)
        elif service == "route53" and (change := _CHANGE.match(path)):
            found = f"arn:aws:route53:::change/{change.group(1)}"
        return found or original(service, method, path, *request)

    return arn


def _of_cloudfront(path: str, query: Mapping[str, Any], account: str) -> str | None:
    """The ARN that a path or the query names; of a creation, all of that type."""
    if path.rstrip("/") == _TAGGING:
        return str(cloudfront._qval(query, "Resource")) or None
    found = _CLOUDFRONT.match(path)
    return f"arn:aws:cloudfront::{account}:{found.group(1)}/{found.group(2) or '*'}" if found else None


def _tagging_allowed(original: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        denied = gateway.AUTH and method == "POST" and "WithTags" in query and _may_not_tag(headers)
        return denied or await original(method, path, headers, body, query)

    return handle


def _may_not_tag(headers: Mapping[str, str]) -> Answer | None:
    arn = f"arn:aws:cloudfront::{get_account_id()}:distribution/*"
    ask = partial(enforce, extract_access_key_id(headers), "cloudfront:TagResource", "cloudfront")
    denied = ask(extract_region(headers), resource_arn=arn)
    if not denied:
        return None
    answer: Answer = iam_actions.access_denied_response(
        "cloudfront",
        "cloudfront:TagResource",
        denied.principal_arn,
        new_uuid(),
        headers=headers,
        resource_arn=arn,
        explicit_deny=denied.decision == "Deny",
    )
    return answer
