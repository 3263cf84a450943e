"""Errors of AWS: each code and each exception of botocore falls into the class that says what to do next."""

import inspect
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from headrace.aws.codes import CODES
from headrace.aws.errors import SERVICE_KEY, Place, class_of, from_botocore, translating
from headrace.engine import errors as engine
from headrace.engine.errors import (
    BadCredentials,
    CloudError,
    Conflict,
    Context,
    Denied,
    Invalid,
    NotEmpty,
    NotOurs,
    Pending,
    Throttled,
    Unavailable,
)
from tests.unit.aws import error_codes

BUCKET = Place("arn:aws:s3:::media", "arn:aws:iam::111122223333:user/operator")


def answer(
    code: str, status: int, message: str = "", operation: str = "PutBucketVersioning", service: str = "s3"
) -> boto.ClientError:
    """Make the exception that botocore raises for such an answer."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "ABC", SERVICE_KEY: service},
    }
    return boto.ClientError(response, operation)


def translated(error: Exception, place: Place = BUCKET) -> CloudError:
    with pytest.raises(CloudError) as raised, translating(place):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


# Classes


@pytest.mark.parametrize(
    ("code", "kind"), [(code, kind) for kind, codes in CODES.items() for code in sorted(codes)]
)
def test_every_code_of_the_table_has_its_class_whatever_the_status(code: str, kind: type[CloudError]) -> None:
    for status in (0, 200, 400, 403, 404, 409, 429, 500, 503):
        assert class_of(code, status) is kind


def test_no_code_is_in_two_classes() -> None:
    all_ = [code for codes in CODES.values() for code in codes]
    assert sorted(all_) == sorted(set(all_))


def test_every_class_of_the_engine_is_either_in_the_table_or_not_for_aws_to_say() -> None:
    classes = {
        kind
        for kind in vars(engine).values()
        if inspect.isclass(kind) and issubclass(kind, CloudError) and kind is not CloudError
    }
    assert classes - CODES.keys() == {engine.Blocked, engine.Deploying, engine.Moved}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Invalid),
        (307, Pending),
        (400, Invalid),
        (401, Denied),
        (403, Denied),
        (404, Conflict),
        (405, Invalid),
        (408, Unavailable),
        (409, Pending),
        (412, Conflict),
        (413, Invalid),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (507, Unavailable),
        (0, Invalid),
    ],
)
def test_a_code_that_nobody_knows_falls_back_by_its_status(status: int, kind: type[CloudError]) -> None:
    assert class_of("NeverHeardOf", status) is kind
    assert class_of("", status) is kind


@pytest.mark.parametrize("code", ["SlowDown", "503 SlowDown", "Slow Down", "PleaseSlowDown"])
def test_a_503_that_asks_to_slow_down_is_throttling(code: str) -> None:
    assert class_of(code, 503) is Throttled


@pytest.mark.parametrize(("code", "status", "kind"), error_codes.S3_AND_COMMON)
def test_documented_codes_have_the_class_that_was_decided_for_them(
    code: str, status: int, kind: type[CloudError]
) -> None:
    assert class_of(code, status) is kind


@pytest.mark.parametrize(("service", "code", "kind"), error_codes.OF_DNS_AND_CERTIFICATES)
def test_codes_of_names_and_certificates_have_the_class_that_was_decided_for_them(
    service: str, code: str, kind: type[CloudError]
) -> None:
    assert class_of(code, 400, service) is kind


def test_each_documented_code_is_decided_once() -> None:
    codes = [code for code, _, _ in error_codes.S3_AND_COMMON]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(
    ("code", "status"),
    [(code, status) for code, status, _ in error_codes.S3_AND_COMMON if status in (403, 404)],
)
def test_a_refusal_and_a_gap_are_never_taken_for_each_other(code: str, status: int) -> None:
    """A 403 is never "look again at once", nor is a 404 ever "you may not"."""
    assert class_of(code, status) is not {403: Conflict, 404: Denied}[status]


# Exceptions that botocore raises by itself


def exceptions() -> dict[str, type[Exception]]:
    return {
        name: kind
        for name, kind in vars(boto).items()
        if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__ == boto.__name__
    }


def test_every_exception_of_botocore_was_decided_upon() -> None:
    decided = [*error_codes.DENIED, *error_codes.UNAVAILABLE, *error_codes.INVALID]
    decided += [*error_codes.ANSWERS, *error_codes.BUGS]
    assert sorted(decided) == sorted(exceptions())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, BadCredentials) for name in error_codes.DENIED),
        *((name, Unavailable) for name in error_codes.UNAVAILABLE),
        *((name, Invalid) for name in error_codes.INVALID),
    ],
)
def test_an_exception_of_botocore_has_the_class_that_was_decided_for_it(
    name: str, kind: type[CloudError]
) -> None:
    error = exceptions()[name].__new__(exceptions()[name])
    assert type(translated(error)) is kind


@pytest.mark.parametrize("name", error_codes.BUGS)
def test_what_is_no_error_of_the_cloud_is_a_bug_and_passes(name: str) -> None:
    kind = exceptions()[name]
    with pytest.raises(kind), translating(BUCKET):
        raise kind.__new__(kind)


@pytest.mark.parametrize("name", error_codes.ANSWERS)
def test_answers_of_aws_are_judged_by_their_code(name: str) -> None:
    assert issubclass(exceptions()[name], boto.ClientError)


def test_an_answer_that_cannot_be_parsed_means_that_aws_is_not_there() -> None:
    error = translated(ResponseParserError("no XML"))
    assert (type(error), error.message) == (Unavailable, "The answer of AWS cannot be read: no XML.")


def test_what_is_no_exception_of_botocore_passes_as_it_is() -> None:
    with pytest.raises(KeyError), translating(BUCKET):
        raise KeyError


def test_a_cloud_error_passes_as_it_is() -> None:
    with pytest.raises(Pending, match=r"^busy$"), translating(BUCKET):
        raise Pending("busy")


# Sentences


def test_a_refusal_names_action_resource_and_caller_from_the_words_of_aws() -> None:
    said = (
        "User: arn:aws:sts::111122223333:assumed-role/op/headrace is not authorized to perform: "
        's3:PutBucketVersioning on resource: "arn:aws:s3:::other" because no identity-based policy allows '
        "the s3:PutBucketVersioning action"
    )
    error = translated(answer("AccessDenied", 403, said))
    assert error.message == (
        "s3:PutBucketVersioning on arn:aws:s3:::other is denied to "
        "arn:aws:sts::111122223333:assumed-role/op/headrace. Allow it in that identity's policy, and look "
        "for a policy that denies it."
    )
    assert error.context == Context(
        service="s3",
        operation="PutBucketVersioning",
        code="AccessDenied",
        status=403,
        request_id="ABC",
        action="s3:PutBucketVersioning",
        resource="arn:aws:s3:::other",
        caller="arn:aws:sts::111122223333:assumed-role/op/headrace",
    )


@pytest.mark.parametrize(
    ("said", "resource"),
    [
        ("on resource: arn:aws:iam::1:role/x with an explicit deny", "arn:aws:iam::1:role/x"),
        ("on the resource associated with this ciphertext", "arn:aws:s3:::media"),
    ],
)
def test_a_refusal_on_behalf_of_another_service_names_its_action(said: str, resource: str) -> None:
    message = f"User: arn:aws:iam::1:user/u is not authorized to perform: kms:GenerateDataKey {said}"
    error = translated(answer("AccessDenied", 403, message))
    assert (error.context.action, error.context.resource) == ("kms:GenerateDataKey", resource)
    assert error.message.startswith(f"kms:GenerateDataKey on {resource} is denied to arn:aws:iam::1:user/u.")


@pytest.mark.parametrize(
    ("service", "operation", "code", "said", "action"),
    [
        ("s3", "GetBucketEncryption", "AccessDenied", "Access Denied", "s3:GetEncryptionConfiguration"),
        ("s3", "HeadBucket", "403", "Forbidden", "s3:ListBucket"),
        ("s3control", "TagResource", "AccessDenied", "Access Denied", "s3:TagResource"),
    ],
)
def test_a_refusal_without_words_is_told_as_fully(
    service: str, operation: str, code: str, said: str, action: str
) -> None:
    error = translated(answer(code, 403, said, operation, service))
    assert error.message == (
        f"{action} on arn:aws:s3:::media is denied to arn:aws:iam::111122223333:user/operator. "
        "Allow it in that identity's policy, and look for a policy that denies it."
    )


def test_a_refusal_of_somebody_who_is_no_user_yet_names_what_is_refused() -> None:
    said = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    error = translated(
        answer("AccessDenied", 403, said, "AssumeRoleWithWebIdentity", ""), Place("the AWS account")
    )
    assert error.message == (
        "sts:AssumeRoleWithWebIdentity on the AWS account is denied to the operator. "
        "Allow it in that identity's policy, and look for a policy that denies it."
    )


ROLE = Place("the AWS account", role="arn:aws:iam::444455556666:role/delivery", external_id="prod-1/shop")


def test_a_role_that_does_not_trust_us_tells_what_its_trust_policy_must_have() -> None:
    me = "arn:aws:iam::111122223333:user/operator"
    said = f"User: {me} is not authorized to perform: sts:AssumeRole on resource: {ROLE.role}"
    error = translated(answer("AccessDenied", 403, said, "AssumeRole", "sts"), ROLE)
    assert type(error) is Denied
    assert error.message == (
        f"{me} may not assume {ROLE.role}. The role's trust policy must allow it sts:AssumeRole with the "
        "condition StringEquals sts:ExternalId prod-1/shop, and its own policy must allow it sts:AssumeRole "
        "on the role."
    )


def test_our_own_credentials_that_are_bad_are_not_the_role_s_fault() -> None:
    error = translated(answer("InvalidClientTokenId", 403, "No.", "AssumeRole", "sts"), ROLE)
    assert (type(error), error.message) == (
        BadCredentials,
        "AWS does not accept the credentials (InvalidClientTokenId): No.",
    )


def test_bad_credentials_are_told_with_where_they_come_from() -> None:
    place = Place("arn:aws:s3:::media", credentials="Secret aws-keys")
    error = translated(answer("InvalidAccessKeyId", 403, "No."), place)
    assert error.message == (
        "AWS does not accept the credentials of Secret aws-keys (InvalidAccessKeyId): No."
    )


CREDENTIALS = "AWS does not accept the credentials"
CLOCK = "The clock of the operator's machine is wrong, so AWS refuses its requests:"
REFUSED = "AWS refused PutBucketVersioning"
TAKEN = "The name media is taken by another AWS account; bucket names are global. Choose another one."
FULL = (
    "Bucket media still has content, so it stays. Empty it, set emptyOnDelete: true, or set deletionPolicy: "
    "Retain."
)
SILENT = (
    "AWS refused PutBucketVersioning on arn:aws:s3:::media without a reason (400). Mostly the credentials "
    "have expired, or the region is not enabled for the account."
)


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        ("InvalidAccessKeyId", 403, f"{CREDENTIALS} (InvalidAccessKeyId): So it is."),
        ("ExpiredToken", 400, f"{CREDENTIALS} (ExpiredToken): So it is."),
        ("InvalidSignature", 400, f"{CREDENTIALS} (InvalidSignature): So it is."),
        ("RequestTimeTooSkewed", 403, f"{CLOCK} So it is."),
        ("RequestExpired", 400, f"{CLOCK} So it is."),
        ("OptInRequired", 403, f"{REFUSED} (OptInRequired): So it is."),
        ("AllAccessDisabled", 403, f"{REFUSED} (AllAccessDisabled): So it is."),
        ("BucketAlreadyExists", 409, TAKEN),
        ("BucketNotEmpty", 409, FULL),
        ("BucketHasAccessPointsAttached", 400, f"{REFUSED} (BucketHasAccessPointsAttached): So it is."),
        ("SlowDown", 503, "AWS asks to slow down (SlowDown at PutBucketVersioning)."),
        ("InvalidArgument", 400, f"{REFUSED} (InvalidArgument): So it is."),
        ("InternalError", 500, f"{REFUSED} (InternalError): So it is."),
        ("400", 400, SILENT),
    ],
)
def test_every_error_is_a_sentence_that_can_stand_alone(code: str, status: int, sentence: str) -> None:
    assert translated(answer(code, status, "So it is.")).message == sentence


def test_an_answer_without_words_says_its_code() -> None:
    error = translated(answer("InvalidRequest", 400, ""))
    assert error.message == "AWS refused PutBucketVersioning (InvalidRequest): InvalidRequest"


def test_an_answer_that_is_next_to_empty_still_makes_an_error() -> None:
    error = translated(boto.ClientError({}, "PutBucketVersioning"))
    assert type(error) is Invalid
    assert (error.context.code, error.context.status, error.context.action) == ("", 0, "PutBucketVersioning")


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            boto.NoCredentialsError(),
            BadCredentials,
            "There are no usable AWS credentials: the operator runs with none. Give its ServiceAccount a "
            "role, by EKS Pod Identity or IRSA, or give the AWSAccount a Secret.",
        ),
        (
            boto.ProfileNotFound(profile="p"),
            BadCredentials,
            "There are no usable AWS credentials: The config profile (p) could not be found. "
            "Check what the operator runs with.",
        ),
        (
            boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"),
            Unavailable,
            "AWS cannot be reached: no connection to http://127.0.0.1:1 can be made. Check the endpoint URL, "
            "if one is set, and the operator's network.",
        ),
        (
            boto.NoRegionError(),
            Invalid,
            "The request could not be made: You must specify a region.",
        ),
    ],
)
def test_what_botocore_says_by_itself_becomes_a_sentence(
    error: Exception, kind: type[CloudError], sentence: str
) -> None:
    made = from_botocore(error, BUCKET)
    assert (type(made), made.message) == (kind, sentence)
    assert (made.context.resource, made.context.caller) == (BUCKET.resource, BUCKET.caller)


def test_an_error_can_say_something_else_and_stay_the_same() -> None:
    error = translated(answer("BucketNotEmpty", 409))
    other = error.with_message("Something else.")
    assert (type(other), other.message, other.context) == (NotEmpty, "Something else.", error.context)
    assert str(other) == "Something else."


def test_the_name_of_a_bucket_that_somebody_else_has_is_not_ours() -> None:
    assert type(translated(answer("BucketAlreadyExists", 409))) is NotOurs
