"""Where the stand-in behaves like AWS in what our buckets rely on, by itself or because it is put right."""

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.exceptions import ClientError

from sandbox.aws.stand_in import StandIn

pytestmark = pytest.mark.standin

BUCKET = "a-bucket"
STRANGER = "222222222222"


@pytest.fixture
def bucket(aws: StandIn) -> Iterator[StandIn]:
    """The stand-in with one empty bucket in eu-central-1."""
    aws.reset()
    where = {"LocationConstraint": "eu-central-1"}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)  # type: ignore[arg-type]
    yield aws
    aws.reset()


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        act()
    return caught.value.response["Error"]["Code"]


def _raw(
    aws: StandIn, method: str, path: str, region: str = "eu-central-1"
) -> tuple[int, dict[str, str], bytes]:
    """One request, signed for a region as far as the stand-in looks without AUTH, and not followed."""
    connection = HTTPConnection(urlsplit(aws.url).netloc)
    connection.request(method, path, headers={"Authorization": _signed(region)})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def _signed(region: str) -> str:
    scope = f"123456789012/20261121/{region}/s3/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def _operations_of_s3() -> list[tuple[str, str, str]]:
    """Every operation of S3 that botocore knows: name, method, path with the bucket (and a key) filled in."""
    model = botocore.session.Session().get_service_model("s3")
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].replace("{Bucket}", BUCKET).replace("{Key+}", "a-key")
        found.append((name, str(http["method"]), str(path)))
    return found


def test_only_delete_bucket_deletes_a_bucket(bucket: StandIn) -> None:
    for name, method, path in _operations_of_s3():
        if name != "DeleteBucket" and BUCKET in path:
            _raw(bucket, method, f"{path}&id=x" if "?" in path else path)
            assert _raw(bucket, "HEAD", f"/{BUCKET}")[0] == 200, f"{name} deleted the bucket"
    assert _raw(bucket, "DELETE", f"/{BUCKET}/a-key")[0] == 204
    assert _raw(bucket, "DELETE", f"/{BUCKET}")[0] == 204


def test_what_is_not_implemented_says_so_and_never_lists_or_overwrites(bucket: StandIn) -> None:
    s3 = bucket.client("s3")
    s3.put_object(Bucket=BUCKET, Key="a-key", Body=b"content")
    lists = {"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"}
    writes = {"PutObject", "CopyObject", "UploadPart", "UploadPartCopy"}
    for name, method, path in _operations_of_s3():
        if BUCKET in path and method in ("GET", "PUT") and name not in lists | writes:
            status, _, body = _raw(bucket, method, path)
            assert b"<ListBucketResult" not in body, f"{name} lists objects"
            assert status != 501 or b"<Code>NotImplemented</Code>" in body
        assert s3.get_object(Bucket=BUCKET, Key="a-key")["Body"].read() == b"content", f"{name} overwrites"


def test_a_request_for_another_region_is_redirected_with_the_right_one(bucket: StandIn) -> None:
    for method, path in (
        ("HEAD", f"/{BUCKET}"),
        ("GET", f"/{BUCKET}?versioning"),
        ("PUT", f"/{BUCKET}/a-key"),
    ):
        for region in ("us-east-1", "eu-west-1"):
            status, headers, body = _raw(bucket, method, path, region)
            assert (status, headers["x-amz-bucket-region"]) == (301, "eu-central-1")
            assert (b"<Code>PermanentRedirect</Code>" in body) == (method != "HEAD")


def test_boto3_follows_the_redirect_at_an_endpoint_url(bucket: StandIn) -> None:
    mark = bucket.mark()
    elsewhere = bucket.client("s3", region="us-west-2")
    assert elsewhere.head_bucket(Bucket=BUCKET)["BucketRegion"] == "eu-central-1"
    assert "Status" not in elsewhere.get_bucket_versioning(Bucket=BUCKET)
    assert [(call.region, call.status) for call in bucket.since(mark)][:2] == [
        ("us-west-2", 301),
        ("eu-central-1", 200),
    ]


def test_a_bucket_of_another_account_is_neither_seen_nor_taken(bucket: StandIn) -> None:
    stranger = bucket.client("s3", account=STRANGER)
    where: Any = {"LocationConstraint": "eu-central-1"}
    assert _code(lambda: stranger.head_bucket(Bucket=BUCKET)) == "403"
    assert _code(lambda: stranger.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)) == (
        "BucketAlreadyExists"
    )
    assert _code(lambda: stranger.delete_bucket(Bucket=BUCKET)) == "AccessDenied"
    assert bucket.client("s3").head_bucket(Bucket=BUCKET)["BucketRegion"] == "eu-central-1"


def test_creating_a_bucket_twice_answers_as_its_region_does(bucket: StandIn) -> None:
    where: Any = {"LocationConstraint": "eu-central-1"}
    again = bucket.client("s3").create_bucket
    assert _code(lambda: again(Bucket=BUCKET, CreateBucketConfiguration=where)) == "BucketAlreadyOwnedByYou"
    us = bucket.client("s3", region="us-east-1")
    tags: Any = {"Tags": [{"Key": "owner", "Value": "first"}]}
    us.create_bucket(Bucket="us-bucket", CreateBucketConfiguration=tags)
    other: Any = {"Tags": [{"Key": "owner", "Value": "second"}]}
    us.create_bucket(Bucket="us-bucket", CreateBucketConfiguration=other)
    assert us.get_bucket_tagging(Bucket="us-bucket")["TagSet"] == [{"Key": "owner", "Value": "first"}]


@pytest.mark.parametrize("head", [True, False])
def test_the_expected_owner_is_checked_on_every_call(bucket: StandIn, head: bool) -> None:
    s3 = bucket.client("s3")
    act: Any = s3.head_bucket if head else s3.get_bucket_encryption
    assert _code(lambda: act(Bucket=BUCKET, ExpectedBucketOwner=STRANGER)) == (
        "403" if head else "AccessDenied"
    )
    assert act(Bucket=BUCKET, ExpectedBucketOwner="123456789012")
    assert _code(lambda: act(Bucket="no-such-bucket", ExpectedBucketOwner=STRANGER)) in (
        "404",
        "NoSuchBucket",
    )


def test_the_accelerate_host_serves_a_bucket_with_acceleration_only(bucket: StandIn) -> None:
    host = {"Host": f"{BUCKET}.s3-accelerate.amazonaws.com", "Authorization": _signed("eu-central-1")}

    def get() -> tuple[int, bytes]:
        connection = HTTPConnection(urlsplit(bucket.url).netloc)
        connection.request("GET", "/a-key", headers=host)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    s3 = bucket.client("s3")
    s3.put_object(Bucket=BUCKET, Key="a-key", Body=b"fast")
    assert get()[0] == 400
    assert b"is not configured on this bucket" in get()[1]
    s3.put_bucket_accelerate_configuration(Bucket=BUCKET, AccelerateConfiguration={"Status": "Enabled"})
    assert get() == (200, b"fast")
    s3.put_bucket_accelerate_configuration(Bucket=BUCKET, AccelerateConfiguration={"Status": "Suspended"})
    assert b"is disabled on this bucket" in get()[1]
    call = bucket.log()[-1]
    assert (call.service, call.operation, call.resource) == ("s3", "GetObject", BUCKET)


def test_who_shows_no_credentials_gets_what_the_bucket_grants_to_all(bucket: StandIn) -> None:
    s3 = bucket.client("s3")
    s3.put_object(Bucket=BUCKET, Key="a-key", Body=b"content")
    host = f"{BUCKET}.s3.eu-central-1.amazonaws.com"
    assert bucket.view(host, "/a-key").status == 403
    assert bucket.view("127.0.0.1", f"/{BUCKET}/a-key").status == 403
    s3.delete_public_access_block(Bucket=BUCKET)
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    statement = {**public, "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    assert bucket.view(host, "/a-key")[::2] == (200, b"content")
    assert bucket.view(host, "/").status == 403
