"""Where MiniStack's S3 is put right: its handlers are wrapped, behind its access checks."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

import ministack.app as gateway
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce
from ministack.core.responses import get_account_id
from ministack.core.router import extract_access_key_id, extract_region
from ministack.services import s3

from sandbox.aws.layer.corrections.wrapping import Answer, Handler, Query, wrap

# Keys of sub-resources that MiniStack does not know. It would go on to what stands below: delete, create
# or list the bucket, or put an empty object in the place of a full one.
_UNKNOWN_OF_BUCKETS = {
    "abac",
    "analytics",
    "intelligent-tiering",
    "inventory",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "policyStatus",
    "session",
}
_UNKNOWN_OF_OBJECTS = {"encryption", "renameObject", "torrent"}
_DELETING = ("DeleteObject", "s3:DeleteObject", "s3:DeleteObjectVersion")

_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
_TAGS_PATH = "/v20180820/tags/"
_BUCKET_ARN = "arn:aws:s3:::"
_MINIMUM_SIZE = "x-amz-transition-default-minimum-object-size"
# What is kept of a lifecycle configuration lies in its rules, so that it goes when they go.
_SIZE, _OLD_PREFIX = "_headrace_minimum_size", "_headrace_prefix"


def install(not_enabled: frozenset[str]) -> None:
    """Put S3 right. ``not_enabled``: the opt-in regions that the account has off."""
    wrap(s3, "_new_bucket_public_access_block", _all_public_access_blocked)
    wrap(s3, "_dispatch", _with_minimum_object_size)
    wrap(s3, "_dispatch", lambda original: _checked_dispatch(original, not_enabled))
    wrap(s3, "_apply_bucket_scope", _strangers_without_grant_refused)
    wrap(s3, "_create_bucket", lambda original: _create_where_enabled(original, not_enabled))
    wrap(s3, "_delete_objects", _checked_key_by_key)
    wrap(iam_actions, "_s3_action", _none_for_a_batch)
    wrap(s3, "_put_bucket_accelerate", _checked_acceleration)
    wrap(s3, "_put_bucket_lifecycle", _keeping_prefixes)
    wrap(s3, "_get_bucket_lifecycle", _telling_prefixes)
    wrap(s3, "_put_bucket_tagging", _checked_tagging)
    wrap(gateway, "_handle_s3_control_request", _checked_resource_tagging)
    wrap(iam_actions, "s3_additional_checks", _with_all_permissions)
    wrap(gateway, "pin_request_origin", _by_tls)


def _refused(code: str, message: str, status: int, bucket: str) -> Answer:
    answer: Answer = s3._error(code, message, status, f"/{bucket}")
    return answer


def _all_public_access_blocked(_: Handler) -> Handler:
    """New buckets have all four settings on; MiniStack does it under AUTH=true only."""
    return lambda: {"_public_access_block": s3._NEW_BUCKET_PUBLIC_ACCESS_BLOCK}


def _checked_dispatch(original: Handler, not_enabled: frozenset[str]) -> Handler:
    def dispatch(
        method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query: Query
    ) -> Any:
        refused = (
            _not_implemented(bucket, key, method, query)
            or _region_not_enabled(bucket, headers, query, not_enabled)
            or _not_the_expected_owner(bucket, headers)
            or _not_accelerated(bucket, headers)
        )
        if refused:
            return refused
        if method == "GET" and bucket and not key and "requestPayment" in query:
            return s3._get_bucket_request_payment(bucket)
        return original(method, bucket, key, headers, body, query)

    return dispatch


def _not_implemented(bucket: str, key: str, method: str, query: Query) -> Answer | None:
    unknown = _UNKNOWN_OF_OBJECTS if key else _UNKNOWN_OF_BUCKETS
    if not bucket or unknown.isdisjoint(query):
        return None
    name = sorted(unknown.intersection(query))[0]
    return _refused("NotImplemented", f"The stand-in does not implement {method} ?{name}.", 501, bucket)


def _region_not_enabled(
    bucket: str, headers: Mapping[str, str], query: Query, off: frozenset[str]
) -> Answer | None:
    """A region that the account has not enabled does not know its credentials."""
    if s3._signed_region(headers, query) not in off:
        return None
    if headers.get("x-amz-security-token"):
        return _refused("InvalidToken", "The provided token is malformed or otherwise invalid.", 400, bucket)
    message = "The AWS Access Key Id you provided does not exist in our records."
    return _refused("InvalidAccessKeyId", message, 403, bucket)


def _not_the_expected_owner(bucket: str, headers: Mapping[str, str]) -> Answer | None:
    """At this point MiniStack has pinned the account to the owner of the bucket."""
    expected = headers.get("x-amz-expected-bucket-owner")
    if expected is None or bucket not in s3._buckets:
        return None
    if not re.fullmatch(r"\d{12}", expected):
        message = (
            f"The value of the expected bucket owner parameter must be an AWS Account ID... [{expected}]"
        )
        return _refused("InvalidBucketOwnerAWSAccountID", message, 400, bucket)
    return None if expected == get_account_id() else _refused("AccessDenied", "Access Denied", 403, bucket)


def _not_accelerated(bucket: str, headers: Mapping[str, str]) -> Answer | None:
    if ".s3-accelerate." not in headers.get("host", "") or bucket not in s3._buckets:
        return None
    stored = s3._bucket_accelerate_config.get(bucket) or ""
    if ">Enabled<" in stored:
        return None
    state = "disabled" if stored else "not configured"
    return _refused("InvalidRequest", f"S3 Transfer Acceleration is {state} on this bucket", 400, bucket)


def _create_where_enabled(original: Handler, not_enabled: frozenset[str]) -> Handler:
    def create(
        name: str, body: bytes, headers: dict[str, str] | None = None, endpoint_region: str | None = None
    ) -> Any:
        constraint = s3._location_constraint(body)
        if constraint in not_enabled and constraint != endpoint_region:
            message = (
                f"The {constraint} location constraint is incompatible for the region specific endpoint "
                "this request was sent to."
            )
            return _refused("IllegalLocationConstraintException", message, 400, name)
        return original(name, body, headers, endpoint_region)

    return create


def _checked_acceleration(original: Handler) -> Handler:
    def put(name: str, body: bytes) -> Any:
        if name in s3._buckets:
            if "." in name:
                message = (
                    "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
                )
                return _refused("InvalidRequest", message, 400, name)
            if not re.search(rb"<(?:\w+:)?Status>\s*(?:Enabled|Suspended)\s*</", body):
                return _refused("MalformedXML", _MALFORMED, 400, name)
        return original(name, body)

    return put


def _strangers_without_grant_refused(original: Handler) -> Handler:
    """Who shows no credentials gets what the bucket grants to all; by itself only under AUTH=true."""

    def scope(
        method: str, bucket: str, key: str, headers: dict[str, str], query: Query, *more: Any, **options: Any
    ) -> Any:
        owner = s3._bucket_owner_account(bucket) if bucket else None
        body = more[0] if more else options.get("body", b"")
        known = options.get("internal") or s3._request_access_key(method, key, headers, query, body)
        if (
            owner
            and not known
            and not s3._foreign_bucket_allows(owner, bucket, key, method, query, "", headers)
        ):
            return _refused("AccessDenied", "Access Denied", 403, bucket)
        return original(method, bucket, key, headers, query, *more, **options)

    return scope


def _with_minimum_object_size(original: Handler) -> Handler:
    """PutBucketLifecycleConfiguration keeps the header that GetBucketLifecycleConfiguration tells."""

    def dispatch(
        method: str, bucket: str, key: str, headers: dict[str, str], body: bytes, query: Query
    ) -> Any:
        answer = original(method, bucket, key, headers, body, query)
        rules = None if key or "lifecycle" not in query else _lifecycle_rules(bucket)
        if not rules or answer[0] != 200:
            return answer
        if method == "PUT" and _MINIMUM_SIZE in headers:
            rules[0][_SIZE] = headers[_MINIMUM_SIZE]
        if _SIZE in rules[0]:
            answer[1][_MINIMUM_SIZE] = rules[0][_SIZE]
        return answer

    return dispatch


def _lifecycle_rules(bucket: str) -> list[dict[str, Any]]:
    """The rules that MiniStack keeps; none where it could not read them."""
    rules = s3._bucket_lifecycle.get(bucket)
    return rules if isinstance(rules, list) else []


def _keeping_prefixes(original: Handler) -> Handler:
    """A prefix in a rule itself, not in its filter, is kept with the rule."""

    def put(name: str, body: bytes) -> Any:
        answer = original(name, body)
        if answer[0] == 200:
            told = re.findall(rb"<(?:\w+:)?Rule>(.*?)</(?:\w+:)?Rule>", body, re.DOTALL)
            for rule, text in zip(_lifecycle_rules(name), told, strict=False):
                outside = re.sub(rb"<((?:\w+:)?Filter)>.*?</\1>", b"", text, flags=re.DOTALL)
                if found := re.search(rb"<(?:\w+:)?Prefix>([^<]*)</", outside):
                    rule[_OLD_PREFIX] = found.group(1)
        return answer

    return put


def _telling_prefixes(original: Handler) -> Handler:
    """A prefix that was in the rule itself is told there, in the place of a filter."""

    def get(name: str) -> Any:
        status, headers, body = original(name)
        head, *told = body.split(b"<Rule>")
        for number, rule in enumerate(_lifecycle_rules(name) if told else []):
            if _OLD_PREFIX in rule:
                prefix = b"<Prefix>" + rule[_OLD_PREFIX] + b"</Prefix>"
                told[number] = told[number].replace(b"<Filter></Filter>", prefix, 1)
        return status, headers, b"<Rule>".join([head, *told])

    return get


def _invalid_tags(body: bytes, name: str, already: Mapping[str, str]) -> Answer | None:
    """What is wrong with the tags of a request, by MiniStack's own rules for CreateBucket."""
    try:
        tags = s3._parse_tags_xml(body)
    except SyntaxError:  # the XML parser's ParseError is one
        return _refused("MalformedXML", _MALFORMED, 400, name)
    answer: Answer | None = s3._validate_bucket_tags({**already, **tags}, f"/{name}")
    return answer


def _checked_tagging(original: Handler) -> Handler:
    def put(name: str, body: bytes) -> Any:
        invalid = _invalid_tags(body, name, {}) if name in s3._buckets else None
        return invalid or original(name, body)

    return put


def _checked_resource_tagging(original: Handler) -> Handler:
    """S3 Control's tags of buckets: the bucket has to be there and the caller's own, the tags valid."""

    async def handle(
        path: str,
        method: str,
        body: bytes,
        query: Query,
        request_id: str,
        headers: dict[str, str] | None = None,
    ) -> Any:
        arn = unquote(path.removeprefix(_TAGS_PATH))
        if path.startswith(_TAGS_PATH) and arn.startswith(_BUCKET_ARN):
            refused = _resource_tagging_refused(arn.removeprefix(_BUCKET_ARN), method, body, headers or {})
            if refused:
                return refused
        return await original(path, method, body, query, request_id, headers)

    return handle


def _resource_tagging_refused(
    name: str, method: str, body: bytes, headers: Mapping[str, str]
) -> Answer | None:
    def refused(code: str, message: str, status: int) -> Answer:
        answer: Answer = s3.s3control_error(code, message, status)
        return answer

    owner = s3._bucket_owner_account(name)
    if owner is None:
        return refused("NoSuchResource", "The specified resource doesn't exist.", 404)
    if owner != get_account_id() or headers.get("x-amz-account-id", owner) != owner:
        return refused("AccessDenied", "Access Denied", 403)
    if method not in ("POST", "PUT"):
        return None
    invalid = _invalid_tags(body, name, s3._bucket_tags.get(name) or {})
    if invalid is None:
        return None
    code, message = (
        re.search(rf"<{tag}>([^<]*)</{tag}>".encode(), invalid[2]) for tag in ("Code", "Message")
    )
    return refused(
        code.group(1).decode() if code else "", message.group(1).decode() if message else "", invalid[0]
    )


def _by_tls(original: Handler) -> Handler:
    """Under AUTH=true, every request counts as sent over TLS: those to AWS are, and here it is loopback."""
    return lambda address, _: original(address, True)


def _with_all_permissions(original: Handler) -> Handler:
    """Under AUTH=true, the permissions that AWS asks for beside the one of the operation itself."""

    def checks(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Query) -> Any:
        asked = list(original(method, path, headers, body, query))
        bucket = path.strip("/")
        if iam_actions._s3_action(method, path, query) == "CreateBucket":
            return asked + [(action, f"{_BUCKET_ARN}{bucket}") for action in _to_create(headers, body)]
        if method == "POST" and "delete" in query:
            return [check for check in asked if check[0] not in _DELETING]
        return asked

    return checks


def _none_for_a_batch(original: Handler) -> Handler:
    """DeleteObjects as such needs no permission: each of its keys does."""

    def action(method: str, path: str, query: Query) -> Any:
        found = original(method, path, query)
        return None if found in _DELETING and method == "POST" and "delete" in query else found

    return action


def _checked_key_by_key(original: Handler) -> Handler:
    """Under AUTH=true, keys that the caller may not delete are told in the answer, and the others go."""

    def delete(bucket: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
        if not gateway.AUTH:
            return original(bucket, body, headers)
        entries = re.findall(rb"<Object>.*?</Object>", body, re.DOTALL)
        targets = iam_actions._s3_batch_delete_targets(bucket, body)
        denied = [n for n, target in enumerate(targets) if _may_not_delete(target, headers or {})]
        for number in denied:
            body = body.replace(entries[number], b"", 1)
        status, answered, answer = original(bucket, body, headers)
        told = "".join(_denied_key(bucket, *targets[number]) for number in denied).encode()
        # Where there is nothing else to tell, the element is closed at once.
        opened = re.sub(rb"\s*/>\s*$", b"></DeleteResult>", answer)
        return status, answered, opened.replace(b"</DeleteResult>", told + b"</DeleteResult>")

    return delete


def _may_not_delete(target: tuple[str, str], headers: Mapping[str, str]) -> bool:
    arn, version = target
    # The version that an object has without versioning is the object itself.
    action = "s3:DeleteObject" if version in ("", "null") else "s3:DeleteObjectVersion"
    key, region = extract_access_key_id(headers), extract_region(headers)
    return bool(enforce(key, action, "s3", region, resource_arn=arn))


def _denied_key(bucket: str, arn: str, version: str) -> str:
    key = escape(arn.removeprefix(f"{_BUCKET_ARN}{bucket}/"))
    which = f"<VersionId>{escape(version)}</VersionId>" if version else ""
    return f"<Error><Key>{key}</Key>{which}<Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def _to_create(headers: Mapping[str, str], body: bytes) -> list[str]:
    """What CreateBucket needs beside s3:CreateBucket, by what it carries."""
    needed = ["s3:TagResource"] if b"<Tag>" in body else []
    if "x-amz-object-ownership" in headers:
        needed.append("s3:PutBucketOwnershipControls")
    if headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        needed += ["s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning"]
    return needed
