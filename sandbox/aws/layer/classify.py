"""What a request asks of AWS: service, operation, region, resource; by its signature, protocol and path."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from sandbox.aws.layer.asgi import Head
from sandbox.aws.layer.models import model, service_name

Guess = Callable[[str, str, Mapping[str, str], Mapping[str, list[str]]], str]

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
# bucket.s3.amazonaws.com, bucket.s3.eu-west-1.…, bucket.s3.dualstack.eu-west-1.…, bucket.s3-accelerate.…
_BUCKET_HOST = re.compile(r"(.+)\.s3(?:-[a-z0-9-]+)?(?:\.[a-z0-9-]+){0,2}\.amazonaws\.com(?:\.cn)?")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)")
_BUCKET_ARN = "arn:aws:s3:::"
VIEWER = "cloudfront-viewer"

# By the first word of the target: the member of the body that names the resource.
_NAMED_IN_BODY = {"CertificateManager": "CertificateArn", "TrentService": "KeyId"}


@dataclass(frozen=True)
class Call:
    """One request, named. ``service`` is boto3's name for it, ``operation`` botocore's (or "GET /path").

    ``resource`` is the bucket for S3 and for S3 Control's tags, the id for CloudFront's tags, the ARN or id
    that the body names for ACM and KMS, else the first label of the path, and '' where there is none.
    ``protocol`` says how errors are written: s3, rest-xml, query, ec2, json, rest-json or cbor. A viewer's
    request to a distribution has the service ``cloudfront-viewer`` and the operation "GET /path".
    """

    service: str
    operation: str
    protocol: str
    region: str
    access_key: str
    resource: str
    head: Head


@dataclass(frozen=True)
class _Scope:
    """The credential scope of a signature; every field may be ''."""

    access_key: str = ""
    region: str = ""
    service: str = ""


def is_named_in_body(head: Head) -> bool:
    """Whether the body names the operation, as ``Action=`` in the query protocol's form, or the resource."""
    kind = head.headers.get("content-type", "")
    form = head.method == "POST" and kind.startswith("application/x-www-form-urlencoded")
    return form or _target_service(head) in _NAMED_IN_BODY


def view(head: Head, distribution: str) -> Call:
    """Name a viewer's request to a distribution."""
    return Call(VIEWER, f"{head.method} {head.raw_path}", "s3", "", "", distribution, head)


def classify(head: Head, form: bytes, guess: Guess) -> Call:
    """Name a request. ``form`` is its body if it names something, ``guess`` the service of unsigned ones."""
    scope = _scope(head)
    service = service_name(
        scope.service or guess(head.method, head.raw_path, head.headers, head.query), head.raw_path
    )
    operation, protocol = _rpc(head, form, service)
    resource = _named_in_body(head, form)
    if not operation:
        operation, protocol, resource = _rest(head, service)
    return Call(service, operation, protocol, scope.region, scope.access_key, resource, head)


def bucket_of_host(host: str) -> str:
    """The bucket that a virtual-hosted-style host names, or ''."""
    found = _BUCKET_HOST.fullmatch(host.lower().partition(":")[0])
    return found.group(1) if found else ""


def _scope(head: Head) -> _Scope:
    signed = _CREDENTIAL.search(head.headers.get("authorization", ""))
    credential = signed.group(1) if signed else head.query.get("X-Amz-Credential", [""])[0]
    match credential.split("/"):
        case [key, _, region, service, _]:
            return _Scope(key, region, service)
        case [key, _, service, _]:  # SigV4a signs for a set of regions
            return _Scope(key, head.headers.get("x-amz-region-set", ""), service)
        case _:
            return _Scope()


def _rpc(head: Head, form: bytes, service: str) -> tuple[str, str]:
    """Operation and protocol where one of the two is sent by name; ('', '') for REST."""
    if target := head.headers.get("x-amz-target", ""):
        return target.rpartition(".")[2], "json"
    if "smithy-protocol" in head.headers and (found := _CBOR_PATH.search(head.raw_path)):
        return found.group(1), "cbor"
    fields = parse_qs(form.decode("latin-1")) if form else head.query
    if "Action" in fields:
        return fields["Action"][0], "ec2" if service == "ec2" else "query"
    return "", ""


def _rest(head: Head, service: str) -> tuple[str, str, str]:
    """Operation, protocol and resource of a REST request."""
    known = model(service)
    if known is None:
        return f"{head.method} {head.raw_path}", "rest-json", ""
    path = head.raw_path
    if service == "s3" and (bucket := bucket_of_host(head.host)):
        path = f"/{quote(bucket)}{path}"
    found = known.match(head.method, path, head.query, head.headers)
    protocol = "s3" if service == "s3" else known.protocol
    if found is None:
        return f"{head.method} {head.raw_path}", protocol, ""
    resource = found.resource.removeprefix(_BUCKET_ARN)
    if service == "cloudfront" and not resource:
        resource = head.query.get("Resource", [""])[0].rpartition("/")[2]
    return found.operation, protocol, resource


def _target_service(head: Head) -> str:
    return head.headers.get("x-amz-target", "").partition(".")[0]


def _named_in_body(head: Head, body: bytes) -> str:
    """The resource that a body in JSON names; '' where it is none, or names none."""
    member = _NAMED_IN_BODY.get(_target_service(head))
    try:
        said = json.loads(body) if member and body else {}
    except ValueError:
        return ""
    return str(said.get(member, "")) if isinstance(said, dict) else ""
