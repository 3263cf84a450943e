"""The stand-in's log has every request, rightly named."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from mypy_boto3_s3 import S3Client

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import Call, StandIn

pytestmark = pytest.mark.standin

BUCKET = "logged-bucket"
ARN = f"arn:aws:s3:::{BUCKET}"


@pytest.fixture
def s3(aws: StandIn) -> Iterator[S3Client]:
    """A client, and a bucket in the default region."""
    aws.reset()
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    aws.reset()


def _logged(aws: StandIn, act: Callable[[], object]) -> list[tuple[str, str, str, int]]:
    mark = aws.mark()
    act()
    return [(call.service, call.operation, call.resource, call.status) for call in aws.since(mark)]


def test_the_operations_on_a_bucket_are_named_as_botocore_names_them(aws: StandIn, s3: S3Client) -> None:
    sse = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    owned = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    steps: list[tuple[str, dict[str, object]]] = [
        ("HeadBucket", {}),
        ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("GetBucketVersioning", {}),
        ("PutBucketAccelerateConfiguration", {"AccelerateConfiguration": {"Status": "Enabled"}}),
        ("GetBucketAccelerateConfiguration", {}),
        ("PutBucketEncryption", {"ServerSideEncryptionConfiguration": sse}),
        ("GetBucketEncryption", {}),
        ("DeleteBucketEncryption", {}),
        ("PutPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
        ("GetPublicAccessBlock", {}),
        ("DeletePublicAccessBlock", {}),
        ("PutBucketOwnershipControls", {"OwnershipControls": owned}),
        ("GetBucketOwnershipControls", {}),
        ("DeleteBucketOwnershipControls", {}),
        ("PutObject", {"Key": "a/key", "Body": b"content"}),
        ("GetObject", {"Key": "a/key"}),
        ("ListObjectsV2", {}),
        ("ListObjectVersions", {}),
        ("DeleteObjects", {"Delete": {"Objects": [{"Key": "a/key", "VersionId": "null"}]}}),
    ]  # fmt: skip

    def act() -> None:
        for operation, parameters in steps:
            method = s3.meta.method_to_api_mapping
            name = next(python for python, api in method.items() if api == operation)
            getattr(s3, name)(Bucket=BUCKET, **parameters)

    logged = _logged(aws, act)
    assert [(service, operation, resource) for service, operation, resource, _ in logged] == [
        ("s3", operation, BUCKET) for operation, _ in steps
    ]
    assert {status for *_, status in logged} <= {200, 204}


def test_creating_and_deleting_a_bucket_and_asking_who_we_are_are_named(aws: StandIn) -> None:
    aws.reset()
    s3 = aws.client("s3", region="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    s3.delete_bucket(Bucket=BUCKET)
    aws.client("sts").get_caller_identity()
    assert [(call.service, call.operation, call.resource, call.region) for call in aws.log()] == [
        ("s3", "CreateBucket", BUCKET, "us-east-1"),
        ("s3", "DeleteBucket", BUCKET, "us-east-1"),
        ("sts", "GetCallerIdentity", "", "eu-central-1"),
    ]


def test_tags_by_s3_control_are_logged_with_the_bucket(aws: StandIn, s3: S3Client) -> None:
    control = aws.client("s3control")

    def act() -> None:
        control.tag_resource(AccountId=ACCOUNT, ResourceArn=ARN, Tags=[{"Key": "a", "Value": "b"}])
        found = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn=ARN)["Tags"]
        assert found == [{"Key": "a", "Value": "b"}]
        control.untag_resource(AccountId=ACCOUNT, ResourceArn=ARN, TagKeys=["a"])

    operations = ("TagResource", "ListTagsForResource", "UntagResource")
    assert [entry[:3] for entry in _logged(aws, act)] == [("s3control", name, BUCKET) for name in operations]
    assert s3.meta.service_model.service_name == "s3"


def test_s3_control_is_answered_with_the_account_before_the_host_too(aws: StandIn, s3: S3Client) -> None:
    netloc = urlsplit(aws.url).netloc
    connection = HTTPConnection(netloc)
    headers = {"Host": f"{ACCOUNT}.{netloc}", "x-amz-account-id": ACCOUNT}
    connection.request("GET", f"/v20180820/tags/{ARN}", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()
    assert (aws.log()[-1].service, aws.log()[-1].resource) == ("s3control", BUCKET)
    assert s3.head_bucket(Bucket=BUCKET)["BucketRegion"] == "eu-central-1"


def test_an_entry_tells_who_asked_what_and_how_it_was_answered(aws: StandIn, s3: S3Client) -> None:
    stranger = aws.client("s3", account="222222222222")
    with pytest.raises(stranger.exceptions.ClientError):
        stranger.get_bucket_versioning(Bucket=BUCKET)
    call = aws.log()[-1]
    assert (call.account, call.access_key) == ("222222222222", "222222222222")
    assert (call.method, call.path, call.host) == ("GET", f"/{BUCKET}?versioning", urlsplit(aws.url).netloc)
    assert (call.status, call.error, call.fault) == (403, "AccessDenied", None)
    assert "Boto3" in call.user_agent
    assert call.time > 1.7e9
    assert 0 < call.duration < 30
    assert s3.get_bucket_versioning(Bucket=BUCKET).get("Status") is None


def test_the_log_is_complete_and_numbered_without_gaps_after_thousands_of_calls(aws: StandIn) -> None:
    aws.reset()
    mark = aws.mark()
    workers, each = 20, 150

    def read(worker: int) -> None:
        connection = HTTPConnection(urlsplit(aws.url).netloc)
        for number in range(each):
            connection.request("GET", f"/nothing-here/{worker}/{number}")
            connection.getresponse().read()
        connection.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(read, range(workers)))
    calls = aws.since(mark)
    # An operator of earlier tests may ask beside us.
    assert [call.seq for call in calls] == list(range(mark + 1, mark + 1 + len(calls)))
    ours = [call.path for call in calls if call.path.startswith("/nothing-here/")]
    assert len(ours) == workers * each
    assert set(ours) == {
        f"/nothing-here/{worker}/{number}" for worker in range(workers) for number in range(each)
    }
    assert aws.log()[: len(calls)] == calls


def test_a_reset_empties_the_log_but_marks_stay_right(aws: StandIn) -> None:
    aws.client("sts").get_caller_identity()
    mark = aws.mark()
    aws.reset()
    assert aws.log() == []
    aws.client("sts").get_caller_identity()
    assert [type(call) for call in aws.since(mark)] == [Call]
    assert aws.log()[0].seq == mark + 1
