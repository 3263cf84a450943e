"""The probes of S3."""

import json
from typing import Any

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn
from tests.parity.tools import PROBES, STRANGER, B, Probe, bucket, code, key_errors, probe, raw, tag, user

ARN = f"arn:aws:s3:::{B}"


@probe("public-access-block-default")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    if code(s3.get_public_access_block, Bucket=B):
        return False
    return list(s3.get_public_access_block(Bucket=B)["PublicAccessBlockConfiguration"].values()) == [True] * 4


@probe("public-access-block-partial")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    s3.put_public_access_block(Bucket=B, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    return len(s3.get_public_access_block(Bucket=B)["PublicAccessBlockConfiguration"]) == 4


@probe("expected-bucket-owner")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    s3.get_bucket_versioning(Bucket=B, ExpectedBucketOwner=ACCOUNT)
    return code(s3.get_bucket_versioning, Bucket=B, ExpectedBucketOwner=STRANGER) == "AccessDenied"


@probe("expected-bucket-owner-malformed")
def _(aws: StandIn) -> bool:
    failed = code(bucket(aws).get_bucket_versioning, Bucket=B, ExpectedBucketOwner="me")
    return failed == "InvalidBucketOwnerAWSAccountID"


@probe("region-not-enabled")
def _(aws: StandIn) -> bool:
    where = {"LocationConstraint": "af-south-1"}
    failed = []
    for token in ({}, {"session_token": "of-a-session"}):
        s3: Any = aws.client("s3", region="af-south-1", **token)
        failed.append(code(s3.create_bucket, Bucket=B, CreateBucketConfiguration=where))
    return failed == ["InvalidAccessKeyId", "InvalidToken"]


@probe("region-not-enabled-constraint")
def _(aws: StandIn) -> bool:
    s3: Any = aws.client("s3", region="us-east-1")
    where = {"LocationConstraint": "af-south-1"}
    return code(s3.create_bucket, Bucket=B, CreateBucketConfiguration=where) == (
        "IllegalLocationConstraintException"
    )


@probe("name-in-transition")
def _(aws: StandIn) -> bool:
    bucket(aws).delete_bucket(Bucket=B)
    s3: Any = aws.client("s3", region="eu-west-1")
    where = {"LocationConstraint": "eu-west-1"}
    return code(s3.create_bucket, Bucket=B, CreateBucketConfiguration=where) == "OperationAborted"


@probe("anonymous-request")
def _(aws: StandIn) -> bool:
    bucket(aws).put_object(Bucket=B, Key="key", Body=b"private")
    return aws.view(f"{B}.s3.us-east-1.amazonaws.com", "/key").status == 403


@probe("account-public-access-block")
def _(aws: StandIn) -> bool:
    return code(aws.client("s3control").get_public_access_block, AccountId=ACCOUNT) != "InvalidURI"


@probe("ownership-controls-unchecked")
def _(aws: StandIn) -> bool:
    controls = {"Rules": [{"ObjectOwnership": "Nobody"}]}
    return bool(code(bucket(aws).put_bucket_ownership_controls, Bucket=B, OwnershipControls=controls))


@probe("accelerate-dotted-name")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws, "dotted.bucket")
    status = {"Status": "Enabled"}
    failed = code(
        s3.put_bucket_accelerate_configuration, Bucket="dotted.bucket", AccelerateConfiguration=status
    )
    return failed == "InvalidRequest" and "Status" not in s3.get_bucket_accelerate_configuration(
        Bucket="dotted.bucket"
    )


@probe("accelerate-invalid-status")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_accelerate_configuration(Bucket=B, AccelerateConfiguration={"Status": status})
    wrong = {"Status": "Foo"}
    failed = code(s3.put_bucket_accelerate_configuration, Bucket=B, AccelerateConfiguration=wrong)
    return failed == "MalformedXML"


@probe("accelerate-host-when-off")
def _(aws: StandIn) -> bool:
    bucket(aws)
    host = f"{B}.s3-accelerate.amazonaws.com"
    status, body = raw(aws, "GET", "/", Host=host)
    return status == 400 and b"not configured on this bucket" in body


@probe("accelerate-regions")
def _(aws: StandIn) -> bool:
    region = "af-south-1"
    s3: Any = aws.client("s3", region=region)
    s3.create_bucket(Bucket=B, CreateBucketConfiguration={"LocationConstraint": region})
    status = {"Status": "Enabled"}
    return bool(code(s3.put_bucket_accelerate_configuration, Bucket=B, AccelerateConfiguration=status))


@probe("put-tagging-reserved-prefix")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    s3.put_bucket_tagging(Bucket=B, Tagging={"TagSet": [tag("mine")]})
    return code(s3.put_bucket_tagging, Bucket=B, Tagging={"TagSet": [tag("aws:x")]}) == "InvalidTag"


@probe("put-tagging-duplicate-keys")
def _(aws: StandIn) -> bool:
    return bool(code(bucket(aws).put_bucket_tagging, Bucket=B, Tagging={"TagSet": [tag("a"), tag("a")]}))


def tag_resource(aws: StandIn, *keys: str, account: str = ACCOUNT) -> str:
    """Tag the bucket by S3 Control; the error code."""
    control = aws.client("s3control", account=account, region="us-east-1")
    return code(control.tag_resource, AccountId=account, ResourceArn=ARN, Tags=list(map(tag, keys)))


@probe("tag-resource-reserved-prefix")
def _(aws: StandIn) -> bool:
    bucket(aws)
    return tag_resource(aws, "mine") == "" and tag_resource(aws, "aws:x") == "InvalidTag"


@probe("tag-resource-limit")
def _(aws: StandIn) -> bool:
    bucket(aws)
    full = tag_resource(aws, *(f"key{number}" for number in range(50)))
    again, more = tag_resource(aws, "key7"), tag_resource(aws, "key50")
    return (full, again) == ("", "") and bool(more)


@probe("tag-resource-missing-bucket")
def _(aws: StandIn) -> bool:
    tagged = tag_resource(aws, "mine")
    control = aws.client("s3control", region="us-east-1")
    listed = code(control.list_tags_for_resource, AccountId=ACCOUNT, ResourceArn=ARN)
    return {tagged, listed} == {"NoSuchResource"}


@probe("tag-resource-foreign-bucket")
def _(aws: StandIn) -> bool:
    bucket(aws)
    return tag_resource(aws, "mine", account=STRANGER) == "AccessDenied"


def survives(key: str) -> Probe:
    """A probe: deleting a sub-resource leaves the bucket, and reading it does not list objects."""

    def survived(aws: StandIn) -> bool:
        s3 = bucket(aws)
        _, listing = raw(aws, "GET", f"/{B}?{key}")
        raw(aws, "DELETE", f"/{B}?{key}&id=x")
        return code(s3.head_bucket, Bucket=B) == "" and b"<ListBucketResult" not in listing

    return survived


for _entry, _key in {
    "analytics-configuration": "analytics",
    "metrics-configuration": "metrics",
    "inventory-configuration": "inventory",
    "intelligent-tiering-configuration": "intelligent-tiering",
    "metadata-table-configuration": "metadataTable",
    "metadata-configuration": "metadataConfiguration",
    "abac": "abac",
    "policy-status": "policyStatus",
    "session": "session",
}.items():
    PROBES[_entry] = survives(_key)


@probe("request-payment")
def _(aws: StandIn) -> bool:
    return bool(bucket(aws).get_bucket_request_payment(Bucket=B).get("Payer") == "BucketOwner")


def keeps_object(path: str) -> Probe:
    """A probe: a PUT with this query leaves the content of an object."""

    def kept(aws: StandIn) -> bool:
        s3 = bucket(aws)
        s3.put_object(Bucket=B, Key="key", Body=b"content")
        raw(aws, "PUT", f"/{B}/key?{path}", x_amz_rename_source=f"/{B}/other")
        return bool(s3.get_object(Bucket=B, Key="key")["Body"].read() == b"content")

    return kept


PROBES["rename-object"] = keeps_object("renameObject")
PROBES["update-object-encryption"] = keeps_object("encryption")


def asks_for(action: str, more: dict[str, Any], *also: str) -> Probe:
    """A probe: CreateBucket with these parameters is refused for want of an action, and done with it."""

    def asked(aws: StandIn) -> bool:
        refused = code(user(aws, "s3:CreateBucket", *also).create_bucket, Bucket=B, **more)
        aws.reset()
        done = code(user(aws, "s3:CreateBucket", action, *also).create_bucket, Bucket=B, **more)
        return (refused, done) == ("AccessDenied", "")

    return asked


PROBES["create-bucket-tags-permission"] = asks_for(
    "s3:TagResource", {"CreateBucketConfiguration": {"Tags": [tag("mine")]}}
)
PROBES["create-bucket-ownership-permission"] = asks_for(
    "s3:PutBucketOwnershipControls", {"ObjectOwnership": "BucketOwnerEnforced"}
)
PROBES["create-bucket-lock-permission"] = asks_for(
    "s3:PutBucketObjectLockConfiguration", {"ObjectLockEnabledForBucket": True}, "s3:PutBucketVersioning"
)


@probe("delete-version-permission")
def _(aws: StandIn) -> bool:
    root = bucket(aws)
    root.put_bucket_versioning(Bucket=B, VersioningConfiguration={"Status": "Enabled"})
    version = root.put_object(Bucket=B, Key="key", Body=b"")["VersionId"]
    batch = {"Objects": [{"Key": "key", "VersionId": version}]}
    return key_errors(user(aws, "s3:DeleteObject"), batch) == ["AccessDenied"]


@probe("delete-objects-denied-by-key")
def _(aws: StandIn) -> bool:
    root = bucket(aws)
    root.put_bucket_versioning(Bucket=B, VersioningConfiguration={"Status": "Enabled"})
    version = root.put_object(Bucket=B, Key="key", Body=b"")["VersionId"]
    batch = {"Objects": [{"Key": "plain", "VersionId": "null"}, {"Key": "key", "VersionId": version}]}
    return key_errors(user(aws, "s3:DeleteObjectVersion"), batch) == ["AccessDenied"] and not (
        root.list_object_versions(Bucket=B).get("Versions")
    )


def denied(aws: StandIn, condition: dict[str, Any]) -> bool:
    """Whether a user is shut out by a bucket policy that denies everything under this condition."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**deny, "Condition": condition}]})
    bucket(aws).put_bucket_policy(Bucket=B, Policy=policy)
    return code(user(aws, "s3:*").get_bucket_versioning, Bucket=B) == "AccessDenied"


@probe("secure-transport")
def _(aws: StandIn) -> bool:
    return not denied(aws, {"Bool": {"aws:SecureTransport": "false"}})


@probe("tls-version")
def _(aws: StandIn) -> bool:
    # Whatever the version is, it is less than that.
    return denied(aws, {"NumericLessThan": {"s3:TlsVersion": "9"}})


@probe("signature-of-root")
@probe("signature-unchecked")
def _(aws: StandIn) -> bool:
    return bool(code(aws.client("s3", secret_key="wrong").list_buckets))


def lifecycle(aws: StandIn, *rules: dict[str, Any]) -> tuple[Any, str]:
    """A bucket's client, and the error code of giving it these rules."""
    s3 = bucket(aws)
    configuration = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
    put = s3.put_bucket_lifecycle_configuration
    return s3, code(put, Bucket=B, LifecycleConfiguration=configuration)


@probe("lifecycle-legacy-prefix")
def _(aws: StandIn) -> bool:
    s3, _ = lifecycle(aws, {"ID": "old", "Prefix": "logs/", "Expiration": {"Days": 1}})
    rules = s3.get_bucket_lifecycle_configuration(Bucket=B)["Rules"]
    return bool(rules[0].get("Prefix") == "logs/")


@probe("lifecycle-minimum-object-size")
def _(aws: StandIn) -> bool:
    rule = {"ID": "rule", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3, _ = lifecycle(aws, rule)
    size = s3.get_bucket_lifecycle_configuration(Bucket=B)["TransitionDefaultMinimumObjectSize"]
    s3.put_bucket_lifecycle_configuration(
        Bucket=B,
        LifecycleConfiguration={"Rules": [{"Status": "Enabled", **rule}]},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )
    told = s3.get_bucket_lifecycle_configuration(Bucket=B)["TransitionDefaultMinimumObjectSize"]
    return bool((size, told) == ("all_storage_classes_128K", "varies_by_storage_class"))


@probe("lifecycle-too-early-transition")
def _(aws: StandIn) -> bool:
    early = {"Days": 1, "StorageClass": "STANDARD_IA"}
    return bool(lifecycle(aws, {"ID": "early", "Filter": {"Prefix": ""}, "Transitions": [early]})[1])


@probe("lifecycle-duplicate-ids")
def _(aws: StandIn) -> bool:
    rule = {"ID": "same", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    return bool(lifecycle(aws, rule, rule)[1])


@probe("mfa-delete")
def _(aws: StandIn) -> bool:
    configuration = {"Status": "Enabled", "MFADelete": "Enabled"}
    return bool(code(bucket(aws).put_bucket_versioning, Bucket=B, VersioningConfiguration=configuration))


@probe("object-lock-suspend")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws, ObjectLockEnabledForBucket=True)
    configuration = {"Status": "Suspended"}
    return bool(code(s3.put_bucket_versioning, Bucket=B, VersioningConfiguration=configuration))


@probe("kms-key-unchecked")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=B, ServerSideEncryptionConfiguration=rules)
    return bool(code(s3.put_object, Bucket=B, Key="key", Body=b""))


@probe("policy-malformed")
def _(aws: StandIn) -> bool:
    return bool(code(bucket(aws).put_bucket_policy, Bucket=B, Policy="{"))


@probe("policy-foreign-resource")
def _(aws: StandIn) -> bool:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::another/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    return bool(code(bucket(aws).put_bucket_policy, Bucket=B, Policy=document))


@probe("logging-target-unchecked")
def _(aws: StandIn) -> bool:
    status = {"LoggingEnabled": {"TargetBucket": "no-such-bucket", "TargetPrefix": ""}}
    return bool(code(bucket(aws).put_bucket_logging, Bucket=B, BucketLoggingStatus=status))


@probe("notification-function-unchecked")
def _(aws: StandIn) -> bool:
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:none"
    target = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
    configuration = {"LambdaFunctionConfigurations": [target]}
    put = bucket(aws).put_bucket_notification_configuration
    return bool(code(put, Bucket=B, NotificationConfiguration=configuration))


@probe("multipart-small-part")
def _(aws: StandIn) -> bool:
    s3 = bucket(aws)
    upload = {
        "Bucket": B,
        "Key": "key",
        "UploadId": s3.create_multipart_upload(Bucket=B, Key="key")["UploadId"],
    }
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"]}
        for number in (1, 2)
    ]
    failed = code(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts})
    return failed == "EntityTooSmall"
