"""What viewers see: which distribution answers a Host, from when on, and which origin serves them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import ministack.app as gateway
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy, pin_request_origin
from ministack.core.responses import set_request_account_id
from ministack.services import cloudfront, kms, s3

from sandbox.aws.layer.corrections.distributions import (
    ALIASES,
    LIVE,
    Distribution,
    config,
    items,
    of_all_accounts,
    settle,
    text,
)
from sandbox.aws.layer.corrections.distributions import child as part
from sandbox.aws.layer.corrections.wrapping import Answer, Handler, wrap
from sandbox.aws.layer.delays import Delays

_CODES, _ORIGINS = "_headrace_codes", "_headrace_origins"
_ENCRYPTION = "x-amz-server-side-encryption"
# An address as an edge location may have one.
_EDGE = "130.176.0.1"
_FAILING_OVER = {"GET", "HEAD", "OPTIONS"}
_NOT_SERVED = "Bad request. We can't connect to the server for this app or website at this time."


def install(delays: Delays) -> None:
    """Put right what viewers see."""
    wrap(gateway, "_handle_cloudfront_dataplane_request", partial(_served_where_deployed, delays))
    wrap(gateway, "_handle_pre_body_request", partial(_left_to_distributions, delays))
    wrap(cloudfront, "parse_distribution_dataplane_config", _with_groups)
    wrap(cloudfront, "_fetch_from_origin", _failing_over)
    wrap(cloudfront, "_serve_s3_origin", _where_key_and_owner_are)
    wrap(cloudfront, "_serve_s3_origin", _over_tls)


def distribution_of(delays: Delays, host: str) -> str:
    """The id of the distribution that a viewer addresses by this Host, or ''."""
    found = _find(delays, host)
    return found[1]["Id"] if found else ""


def _find(delays: Delays, host: str) -> tuple[str, Distribution] | None:
    """A distribution with its account: by its own name, by an alias, by the longest wildcard."""
    name = host.partition(":")[0].lower()
    # An address in numbers, as AWS's own API has here, is nobody's name.
    known = [] if name.replace(".", "").isdigit() else list(of_all_accounts())
    for _, each in known:
        settle(each, delays)
    for account, each in known:
        if name in (each["DomainName"].lower(), *each.get(ALIASES, ())):
            return account, each
    wide = [
        (len(alias), account, each)
        for account, each in known
        for alias in each.get(ALIASES, ())
        if alias.startswith("*.") and name.endswith(alias[1:])
    ]
    return max(wide, key=lambda found: found[0])[1:] if wide else None


def _left_to_distributions(delays: Delays, original: Handler) -> Handler:
    """Paths of the stand-in itself, like /health, are a distribution's own where it is addressed."""

    async def handle(method: str, path: str, headers: Mapping[str, str], *request: Any) -> Any:
        if distribution_of(delays, headers.get("host", "")):
            return None
        return await original(method, path, headers, *request)

    return handle


def _served_where_deployed(delays: Delays, original: Handler) -> Handler:
    async def handle(host: str, *request: Any) -> Any:
        found = _find(delays, host)
        if found is None:
            return _not_served() if gateway._parse_cloudfront_dataplane_host(host) else None
        account, distribution = found
        live = {**distribution, "config_xml": distribution.get(LIVE, "")}
        if not live["config_xml"] or text(config(live), "Enabled") == "false":
            return _not_served()
        # Its policies and functions are in its own account, and the viewer is in none.
        set_request_account_id(account)
        path, raw_path, raw_query, method, *rest = request
        return await cloudfront.handle_viewer_request(live, method, path, raw_path, raw_query, *rest)

    return handle


def _not_served() -> Answer:
    """What an edge location answers for a Host of which it knows nothing."""
    answer: Answer = cloudfront._cf_error_response(403, _NOT_SERVED, "Error from cloudfront")
    return answer


def _where_key_and_owner_are(original: Handler) -> Handler:
    """A bucket is found in whatever account it is, and the keys of its objects are asked as the bucket is."""

    def serve(
        origin: Mapping[str, Any], method: str, uri: str, headers: Mapping[str, str], arn: str = ""
    ) -> Any:
        bucket = origin["s3_bucket"]
        owner = s3._bucket_owner_account(bucket)
        if owner:
            set_request_account_id(owner)
            key = cloudfront._s3_object_key(origin, uri)
            kept = (s3._buckets[bucket]["objects"].get(key) or {}).get("preserved_headers", {})
            by_kms = kept.get(_ENCRYPTION, "").startswith("aws:kms")
            if by_kms and not _decrypts(kept.get(f"{_ENCRYPTION}-aws-kms-key-id", ""), arn):
                return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}")
        return original(origin, method, uri, headers, arn)

    return serve


def _decrypts(name: str, distribution: str) -> bool:
    """Whether a KMS key lets CloudFront decrypt for a distribution; AWS's own key for S3 never does."""
    numbers = {
        name,
        *(key for (*_, alias), key in kms._aliases._data.items() if name and alias.endswith(name)),
    }
    for key in list(kms._keys._data.values()):
        if numbers.isdisjoint((key["Arn"], key["KeyId"])):
            continue
        asked = EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action="kms:Decrypt",
            resource_arn=key["Arn"],
            region=key["Arn"].split(":")[3],
            service_context={"aws:sourcearn": distribution},
        )
        said = evaluate_resource_policy(key["Policy"], asked, service="cloudfront.amazonaws.com")
        return bool(said.decision == "Allow")
    return False


def _over_tls(original: Handler) -> Handler:
    """Requests that CloudFront signs are sent over TLS, however the viewer's came."""

    def serve(origin: Mapping[str, Any], *request: Any) -> Any:
        if origin.get("oac_id"):
            pin_request_origin(_EDGE, True)
        return original(origin, *request)

    return serve


def _with_groups(original: Handler) -> Handler:
    """An origin group stands among the origins, as its first member that knows of the others."""

    def parse(distribution: Distribution) -> Any:
        parsed = original(distribution)
        for group in items(config(distribution), "OriginGroups"):
            members = [text(member, "OriginId") for member in items(group, "Members")]
            origins = [parsed["origins"][member] for member in members if member in parsed["origins"]]
            codes = items(part(group, "FailoverCriteria"), "StatusCodes")
            if origins:
                told = {_ORIGINS: origins, _CODES: {int(code.text or 0) for code in codes}}
                parsed["origins"][text(group, "Id")] = {**origins[0], **told}
        return parsed

    return parse


def _failing_over(original: Handler) -> Handler:
    async def fetch(origin: Mapping[str, Any], method: str, *request: Any) -> Any:
        first, *others = origin.get(_ORIGINS, [origin])
        for other in others if method in _FAILING_OVER else []:
            try:
                answer = await original(first, method, *request)
            except (cloudfront.OriginTimeout, cloudfront.OriginUnreachable) as failed:
                # CloudFront counts them as the status with which it would answer the viewer.
                status = 504 if isinstance(failed, cloudfront.OriginTimeout) else 503
                if status not in origin[_CODES]:
                    raise
            else:
                if answer[0] not in origin[_CODES]:
                    return answer
            first = other
        return await original(first, method, *request)

    return fetch
