"""IAM actions: those that operations need, and those that facets declare."""

from functools import cache

import botocore.session
import pytest

from headrace.aws.actions import action_of, is_on_content
from headrace.resources.registry import resource_types


@cache
def operations(service: str) -> tuple[str, ...]:
    return tuple(botocore.session.get_session().get_service_model(service).operation_names)


def declared() -> set[str]:
    return {
        action
        for resource in resource_types().values()
        for member in resource.members()
        for action in member.permissions.all()
        if action.startswith("s3:")
    }


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("s3", "CreateBucket", "s3:CreateBucket"),
        ("s3", "DeleteBucket", "s3:DeleteBucket"),
        ("s3", "HeadBucket", "s3:ListBucket"),
        ("s3", "ListObjectsV2", "s3:ListBucket"),
        ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
        ("s3", "ListMultipartUploads", "s3:ListBucketMultipartUploads"),
        ("s3", "AbortMultipartUpload", "s3:AbortMultipartUpload"),
        ("s3", "DeleteObjects", "s3:DeleteObjectVersion"),
        ("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
        ("s3", "GetObjectRetention", "s3:GetObjectRetention"),
        ("s3", "GetObjectLegalHold", "s3:GetObjectLegalHold"),
        ("s3", "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"),
        ("s3", "PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration"),
        ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("s3", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3", "PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
        ("s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
        ("s3", "GetBucketPolicy", "s3:GetBucketPolicy"),
        ("s3", "PutBucketPolicy", "s3:PutBucketPolicy"),
        ("s3", "DeleteBucketPolicy", "s3:DeleteBucketPolicy"),
        ("s3", "GetBucketVersioning", "s3:GetBucketVersioning"),
        ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("s3", "GetBucketOwnershipControls", "s3:GetBucketOwnershipControls"),
        ("s3", "DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
        ("s3control", "ListTagsForResource", "s3:ListTagsForResource"),
        ("s3control", "TagResource", "s3:TagResource"),
        ("s3control", "UntagResource", "s3:UntagResource"),
        ("acm", "RequestCertificate", "acm:RequestCertificate"),
        ("route53", "ChangeResourceRecordSets", "route53:ChangeResourceRecordSets"),
        ("sts", "GetCallerIdentity", "sts:GetCallerIdentity"),
    ],
)
def test_an_operation_needs_this_action(service: str, operation: str, action: str) -> None:
    assert operation in operations(service)
    assert action_of(service, operation) == action


def test_an_operation_of_an_unknown_service_is_named_without_one() -> None:
    assert action_of("", "GetBucketPolicy") == "GetBucketPolicy"


def test_every_action_that_a_facet_declares_is_that_of_some_operation() -> None:
    possible = {action_of(service, name) for service in ("s3", "s3control") for name in operations(service)}
    assert declared() <= possible
    assert declared()


def test_actions_on_content_are_those_of_operations_that_name_a_key() -> None:
    model = botocore.session.get_session().get_service_model("s3")
    shapes = {name: model.operation_model(name).input_shape for name in model.operation_names}
    keyed = {name for name, shape in shapes.items() if shape and "Key" in shape.required_members}
    for action in sorted(declared()):
        names = {name for name in shapes if action_of("s3", name) == action}
        assert is_on_content(action) is bool(names & (keyed | {"DeleteObjects"})), action
