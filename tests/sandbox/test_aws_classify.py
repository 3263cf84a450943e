"""Requests are named by their signature, protocol, host and path alone, without a stand-in."""

from collections.abc import Mapping

import pytest

from sandbox.aws.layer.asgi import Head
from sandbox.aws.layer.classify import Call, bucket_of_host, classify, view
from sandbox.aws.layer.wire import error, error_code


def _signed(service: str, region: str = "eu-central-1") -> dict[str, str]:
    scope = f"AKIDEXAMPLE/20261121/{region}/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def _call(method: str, path: str, headers: Mapping[str, str], form: bytes = b"") -> Call:
    raw_path, _, query = path.partition("?")
    return classify(Head(method, raw_path, query, headers), form, lambda *_: "guessed")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("HEAD", "/b", "HeadBucket"),
        ("PUT", "/b", "CreateBucket"),
        ("PUT", "/b/", "CreateBucket"),
        ("DELETE", "/b", "DeleteBucket"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", "/b?versions&max-keys=7", "ListObjectVersions"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("PUT", "/b?notification", "PutBucketNotificationConfiguration"),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("DELETE", "/b?metrics&id=1", "DeleteBucketMetricsConfiguration"),
        ("GET", "/b/a/key", "GetObject"),
        ("GET", "/b/a/key?uploadId=1", "ListParts"),
        ("PUT", "/b/key?partNumber=1&uploadId=1", "UploadPart"),
        ("POST", "/b/key?uploads", "CreateMultipartUpload"),
        ("POST", "/b/key?uploadId=1", "CompleteMultipartUpload"),
        ("DELETE", "/b/key?uploadId=1", "AbortMultipartUpload"),
        ("PUT", "/b/key?tagging", "PutObjectTagging"),
    ],
)
def test_s3_operations_are_told_apart_by_method_path_and_query(
    method: str, path: str, operation: str
) -> None:
    call = _call(method, path, _signed("s3"))
    assert (call.service, call.operation, call.protocol) == ("s3", operation, "s3")
    assert call.resource == ("" if path == "/" else "b")


def test_headers_tell_operations_apart_where_the_path_does_not() -> None:
    headers = {**_signed("s3"), "x-amz-copy-source": "b/other"}
    assert _call("PUT", "/b/key", headers).operation == "CopyObject"
    assert _call("PUT", "/b/key?partNumber=1&uploadId=1", headers).operation == "UploadPartCopy"


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("my-bucket.s3.eu-central-1.amazonaws.com", "my-bucket"),
        ("my.dotted.bucket.s3.amazonaws.com:443", "my.dotted.bucket"),
        ("my-bucket.s3-accelerate.amazonaws.com", "my-bucket"),
        ("my-bucket.s3-accelerate.dualstack.amazonaws.com", "my-bucket"),
        ("my-bucket.s3.dualstack.eu-central-1.amazonaws.com", "my-bucket"),
        ("s3.eu-central-1.amazonaws.com", ""),
        ("127.0.0.1:4566", ""),
    ],
)
def test_a_virtual_host_names_the_bucket(host: str, bucket: str) -> None:
    assert bucket_of_host(host) == bucket
    if bucket:
        call = _call("GET", "/?versioning", {**_signed("s3"), "host": host})
        assert (call.operation, call.resource) == ("GetBucketVersioning", bucket)


@pytest.mark.parametrize(
    ("signed_as", "method", "path", "named"),
    [
        ("s3", "POST", "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Ab", ("s3control", "TagResource", "b")),
        ("cloudfront", "GET", "/2020-05-31/distribution/E/config",
         ("cloudfront", "GetDistributionConfig", "E")),
        ("cloudfront", "POST", "/2020-05-31/distribution", ("cloudfront", "CreateDistribution", "")),
        ("cloudfront", "POST", "/2020-05-31/distribution?WithTags",
         ("cloudfront", "CreateDistributionWithTags", "")),
        ("cloudfront", "DELETE", "/2020-05-31/origin-access-control/C",
         ("cloudfront", "DeleteOriginAccessControl", "C")),
        ("cloudfront", "GET", "/2020-05-31/distributionsByCachePolicyId/P",
         ("cloudfront", "ListDistributionsByCachePolicyId", "P")),
        ("cloudfront", "POST",
         "/2020-05-31/tagging?Operation=Tag&Resource=arn%3Aaws%3Acloudfront%3A%3A1%3Adistribution%2FE",
         ("cloudfront", "TagResource", "E")),
        ("route53", "POST", "/2013-04-01/hostedzone/Z/rrset/", ("route53", "ChangeResourceRecordSets", "Z")),
        ("lambda", "POST", "/2015-03-31/functions/f/invocations", ("lambda", "Invoke", "f")),
        ("ses", "GET", "/v2/email/identities/x", ("sesv2", "GetEmailIdentity", "x")),
        ("nothing-known", "GET", "/a/b", ("nothing-known", "GET /a/b", "")),
    ],
)  # fmt: skip
def test_rest_services_are_named_by_botocores_models(
    signed_as: str, method: str, path: str, named: tuple[str, str, str]
) -> None:
    call = _call(method, path, {**_signed(signed_as), "x-amz-account-id": "123456789012"})
    assert (call.service, call.operation, call.resource) == named


def test_other_protocols_send_the_operation_by_name() -> None:
    form = _call("POST", "/", _signed("sts"), b"Action=GetCallerIdentity&Version=2011-06-15")
    assert (form.service, form.operation, form.protocol) == ("sts", "GetCallerIdentity", "query")
    json = _call("POST", "/", {**_signed("kinesis"), "x-amz-target": "Kinesis_20131202.PutRecords"})
    assert (json.service, json.operation, json.protocol) == ("kinesis", "PutRecords", "json")
    path = "/service/GraniteServiceVersion20100801/operation/GetMetricData"
    cbor = _call("POST", path, {**_signed("monitoring"), "smithy-protocol": "rpc-v2-cbor"})
    assert (cbor.service, cbor.operation, cbor.protocol) == ("cloudwatch", "GetMetricData", "cbor")


@pytest.mark.parametrize(
    ("target", "body", "resource"),
    [
        ("CertificateManager.DescribeCertificate", b'{"CertificateArn": "arn:x"}', "arn:x"),
        ("CertificateManager.RequestCertificate", b'{"DomainName": "a.org"}', ""),
        ("CertificateManager.DescribeCertificate", b"no json", ""),
        ("TrentService.GetKeyPolicy", b'{"KeyId": "k"}', "k"),
        ("Kinesis_20131202.PutRecords", b'{"KeyId": "k"}', ""),
    ],
)
def test_the_body_names_the_resource_where_the_path_cannot(target: str, body: bytes, resource: str) -> None:
    call = _call("POST", "/", {**_signed("acm"), "x-amz-target": target}, body)
    assert (call.operation, call.resource) == (target.partition(".")[2], resource)


def test_a_viewer_s_request_is_no_operation_of_aws() -> None:
    call = view(Head("GET", "/a/key", "x=1", {"host": "d1.cloudfront.net"}), "E")
    assert (call.service, call.operation, call.resource) == ("cloudfront-viewer", "GET /a/key", "E")


def test_the_scope_of_a_signature_names_key_region_and_service() -> None:
    call = _call("GET", "/", _signed("s3", "ap-south-1"))
    assert (call.access_key, call.region) == ("AKIDEXAMPLE", "ap-south-1")
    presigned = _call("GET", "/b/k?X-Amz-Credential=AK%2F20261121%2Feu-west-1%2Fs3%2Faws4_request", {})
    assert (presigned.access_key, presigned.region, presigned.operation) == ("AK", "eu-west-1", "GetObject")
    assert _call("GET", "/", {}).service == "guessed"


@pytest.mark.parametrize("protocol", ["s3", "rest-xml", "query", "ec2", "json", "rest-json", "cbor"])
@pytest.mark.parametrize("code", ["SlowDown", "ProvisionedThroughputExceededException"])
def test_what_is_written_as_an_error_is_read_as_that_error(protocol: str, code: str) -> None:
    head = Head("POST", "/", "", {"content-type": "application/json"})
    said = error(Call("any", "Any", protocol, "", "", "", head), 400, code, "Too <fast> & too often.")
    assert error_code(said.status, said.headers, said.body) == code
    nameless = {name: value for name, value in said.headers.items() if name != "x-amzn-errortype"}
    assert error_code(said.status, nameless, said.body) == code
    assert error_code(200, said.headers, said.body) is None
