"""Where MiniStack's CloudFront is put right, but for what viewers see: deployments, refusals, lists."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ministack.services import cloudfront

from sandbox.aws.layer.corrections import cloudfront_checks, cloudfront_defaults, cloudfront_lists, viewers
from sandbox.aws.layer.corrections.distributions import Distribution, naming, refused, settle, text
from sandbox.aws.layer.corrections.wrapping import Answer, Handler, wrap
from sandbox.aws.layer.delays import Delays

# How many an account may have of its own, by the error that says so.
_QUOTAS = {
    "TooManyCachePolicies": ("_create_cache_policy", "_cache_policies", 20),
    "TooManyOriginAccessControls": ("_create_oac", "_oacs", 100),
}
_POLICY_QUOTAS = {
    "OriginRequestPolicy": "TooManyOriginRequestPolicies",
    "ResponseHeadersPolicy": "TooManyResponseHeadersPolicies",
}
_POLICIES = 20
_POLICY_IDS = ("CachePolicyId", "OriginRequestPolicyId", "ResponseHeadersPolicyId")


def install(delays: Delays) -> None:
    """Put CloudFront right."""
    wrap(cloudfront, "_now_iso", _to_the_millisecond)
    wrap(cloudfront, "_build_distribution_xml", partial(_settled_first, delays))
    wrap(cloudfront, "_build_distribution_list_xml", partial(_all_settled_first, delays))
    wrap(cloudfront, "_create_distribution", _checked_creation)
    wrap(cloudfront, "_update_distribution", _checked_update)
    wrap(cloudfront, "_delete_distribution", partial(_deleted_once_deployed, delays))
    wrap(cloudfront, "_delete_oac", _deleted_unless_used)
    for name in ("_distributions_using_cache_policy", "_distributions_using_policy"):
        wrap(cloudfront, name, lambda _: lambda policy: naming(policy, *_POLICY_IDS))
    for code, (create, store, room) in _QUOTAS.items():
        wrap(cloudfront, create, partial(_within_quota, code, store, room))
    wrap(cloudfront, "_policy_create", _policies_within_quota)
    wrap(cloudfront, "handle_request", _with_pages_and_gaps)
    cloudfront_defaults.install()
    viewers.install(delays)


def _to_the_millisecond(_: Handler) -> Handler:
    return lambda: datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _settled_first(delays: Delays, original: Handler) -> Handler:
    def build(parent: Any, distribution: Distribution) -> None:
        settle(distribution, delays)
        original(parent, distribution)

    return build


def _all_settled_first(delays: Delays, original: Handler) -> Handler:
    def build(root: Any, distributions: list[Distribution]) -> None:
        for distribution in distributions:
            settle(distribution, delays)
        original(root, distributions)

    return build


def _checked_creation(original: Handler) -> Handler:
    def create(headers: Mapping[str, str], body: bytes) -> Any:
        config, _ = cloudfront._unwrap_distribution_create_xml(cloudfront._parse_body(body))
        wrong = config is not None and (_reference_taken(config) or cloudfront_checks.wrong(config))
        return wrong or original(headers, body)

    return create


def _reference_taken(config: Any) -> Answer | None:
    reference = text(config, "CallerReference")
    for distribution in cloudfront._distributions.values():
        if reference and distribution["CallerReference"] == reference:
            message = (
                "The caller reference that you are using to create a distribution is associated with "
                f"another distribution. Already exists: {distribution['Id']}"
            )
            return refused("DistributionAlreadyExists", message, 409)
    return None


def _checked_update(original: Handler) -> Handler:
    def update(number: str, headers: Mapping[str, str], body: bytes) -> Any:
        config = cloudfront._parse_body(body)
        distribution = cloudfront._distributions.get(number)
        if config is None or distribution is None or headers.get("if-match") != distribution["ETag"]:
            return original(number, headers, body)
        wrong = cloudfront_checks.wrong_update(config, distribution) or cloudfront_checks.wrong(
            config, number
        )
        return wrong or original(number, headers, body)

    return update


def _deleted_once_deployed(delays: Delays, original: Handler) -> Handler:
    def delete(number: str, headers: Mapping[str, str]) -> Any:
        distribution = cloudfront._distributions.get(number)
        if distribution is None or headers.get("if-match") != distribution["ETag"]:
            return original(number, headers)
        settle(distribution, delays)
        if distribution["Status"] != "Deployed":
            message = "The distribution you are trying to delete has not been disabled."
            return refused("DistributionNotDisabled", message, 409)
        answer = original(number, headers)
        if answer[0] == 204:
            cloudfront._tags.pop(distribution["ARN"], None)
        return answer

    return delete


def _deleted_unless_used(original: Handler) -> Handler:
    def delete(number: str, headers: Mapping[str, str]) -> Any:
        control = cloudfront._oacs.get(number)
        used = control is not None and headers.get("if-match") == control["ETag"]
        if used and naming(number, "OriginAccessControlId"):
            message = (
                "Cannot delete the origin access control because it's in use by one or more distributions."
            )
            return refused("OriginAccessControlInUse", message, 409)
        return original(number, headers)

    return delete


def _within_quota(code: str, store: str, room: int, original: Handler) -> Handler:
    def create(*request: Any) -> Any:
        answer = original(*request)
        return _undone(code, getattr(cloudfront, store), room, answer)

    return create


def _policies_within_quota(original: Handler) -> Handler:
    def create(store: Any, spec: Mapping[str, Any], body: bytes) -> Any:
        answer = original(store, spec, body)
        return _undone(_POLICY_QUOTAS[spec["resource_tag"]], store, _POLICIES, answer)

    return create


def _undone(code: str, store: Any, room: int, answer: Answer) -> Answer:
    """The answer to a creation; it is taken back where it was one too many."""
    if answer[0] != 201 or len(store) <= room:
        return answer
    store.pop(answer[1]["Location"].rpartition("/")[2])
    return refused(code, f"You have reached the maximum of {room} for this AWS account.", 400)


def _with_pages_and_gaps(original: Handler) -> Handler:
    """Lists come in pages, and what MiniStack does not implement is told as that."""

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        if method == "GET" and path.rstrip("/") == "/2020-05-31/conflicting-alias":
            return cloudfront_lists.conflicting_aliases(query)
        answer = await original(method, path, headers, body, query)
        if answer[0] == 404 and b"<Code>NoSuchResource</Code><Message>No route for" in answer[2]:
            message = f"The stand-in does not implement {method} {path}."
            return refused("NotImplemented", message, 501)
        return cloudfront_lists.paged(path, query, answer) if method == "GET" else answer

    return handle
