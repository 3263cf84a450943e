"""Statements in the bucket policy: ours in whatever form S3 tells them, those of others as they are."""

import json
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.aws.turns import Turns
from headrace.engine.errors import Invalid
from headrace.engine.ignore import Ignored
from headrace.engine.slices import ABSENT
from headrace.resources.s3.bucket._policy import put_statements, statements
from headrace.resources.s3.bucket.transport import Transport, TransportFacet, shuts_us_out
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import StandIn
from tests.unit.aws.loopback import Answer, Loopback, refusal

FACET = TransportFacet()
ARN = "arn:aws:s3:::media"
NONE = Answer(404, refusal("NoSuchBucketPolicy"))
OK = Answer(204, "")


def ours(sid: str, condition: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [ARN, f"{ARN}/*"],
        "Condition": condition,
        **other,
    }


TLS_ONLY = ours("HeadraceTLSOnly", {"Bool": {"aws:SecureTransport": "false"}})
MINIMUM = ours("HeadraceMinimumTLS", {"NumericLessThan": {"s3:TlsVersion": "1.2"}})
GRANT = ours("HeadraceCloudFront", {"StringEquals": {"AWS:SourceArn": "d"}}, Effect="Allow")
READERS = {"Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["s3:GetObject"]}
NAMELESS = {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:DeleteBucket"}


def policy(*statements: Mapping[str, Any], **more: Any) -> Answer:
    return Answer(200, json.dumps({"Version": "2012-10-17", **more, "Statement": list(statements)}))


def found(bucket: Target, aws: Loopback, answer: Answer) -> Transport:
    aws.answers = [answer]
    bucket.forget()
    seen = FACET.observe(bucket)
    assert isinstance(seen, Transport)
    return seen


# Reading


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (NONE, Transport(tls_only=False)),
        (policy(), Transport(tls_only=False)),
        (policy(READERS, NAMELESS, GRANT), Transport(tls_only=False)),
        (policy(READERS, TLS_ONLY), Transport()),
        (Answer(200, json.dumps({"Statement": TLS_ONLY})), Transport()),
        (policy(TLS_ONLY, MINIMUM), Transport(minimum_tls_version="1.2")),
        (policy(MINIMUM), Transport(tls_only=False, minimum_tls_version="1.2")),
    ],
)
def test_what_our_statements_say_is_read(
    bucket: Target, aws: Loopback, answer: Answer, seen: Transport
) -> None:
    assert found(bucket, aws, answer) == seen


@st.composite
def rewritten(draw: st.DrawFn, statement: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a form in which S3 may tell a statement: order, lists of one, the two ways to say everybody."""
    told = dict(statement)
    told["Principal"] = draw(st.sampled_from(["*", {"AWS": "*"}, {"AWS": ["*"]}]))
    told["Action"] = draw(st.sampled_from(["s3:*", ["s3:*"]]))
    told["Resource"] = draw(st.permutations(statement["Resource"]))
    ((operator, keys),) = statement["Condition"].items()
    ((key, value),) = keys.items()
    said = draw(st.sampled_from([value, [value], json.loads(value)]))
    told["Condition"] = {operator: {draw(st.sampled_from([key, key.lower()])): said}}
    return dict(draw(st.permutations(list(told.items()))))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(data=st.data())
def test_what_s3_rewrites_is_no_drift(bucket: Target, aws: Loopback, data: st.DataObject) -> None:
    told = [data.draw(rewritten(TLS_ONLY)), data.draw(rewritten(MINIMUM)), READERS]
    document = {"Statement": data.draw(st.permutations(told)), "Version": "2012-10-17"}
    answer = Answer(200, json.dumps(document, indent=data.draw(st.sampled_from([None, 2]))))
    wanted = Transport(minimum_tls_version="1.2")
    assert found(bucket, aws, answer) == wanted
    aws.asked.clear()
    aws.answers = [answer]
    FACET.apply(bucket, wanted, ABSENT)
    assert [asked.method for asked in aws.asked] == ["GET"], "what says the same is not written"


@pytest.mark.parametrize(
    ("statement", "fields"),
    [
        ({**TLS_ONLY, "Effect": "Allow"}, {"tlsOnly": "changed by others"}),
        ({**TLS_ONLY, "Resource": [ARN]}, {"tlsOnly": "changed by others"}),
        ({**TLS_ONLY, "Principal": {"AWS": "arn:aws:iam::1:root"}}, {"tlsOnly": "changed by others"}),
        ({**TLS_ONLY, "Condition": MINIMUM["Condition"]}, {"tlsOnly": "changed by others"}),
        (
            {**MINIMUM, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.1"}}},
            {"tlsOnly": "false", "minimumTLSVersion": "1.1"},
        ),
        ({**MINIMUM, "Action": "s3:Get*"}, {"tlsOnly": "false", "minimumTLSVersion": "changed by others"}),
        ({**MINIMUM, "Condition": {}}, {"tlsOnly": "false", "minimumTLSVersion": "changed by others"}),
    ],
)
def test_a_statement_of_ours_that_others_changed_is_shown_as_that(
    bucket: Target, aws: Loopback, statement: Mapping[str, Any], fields: dict[str, str]
) -> None:
    assert found(bucket, aws, policy(statement)).fields() == fields


def test_the_same_sid_twice_is_a_change_by_others(bucket: Target, aws: Loopback) -> None:
    assert found(bucket, aws, policy(TLS_ONLY, TLS_ONLY)).fields() == {"tlsOnly": "changed by others"}


def test_a_policy_that_is_none_is_left_alone_with_a_sentence(bucket: Target, aws: Loopback) -> None:
    aws.answers = [Answer(200, "[]")]
    with pytest.raises(Invalid, match="policy of bucket media is no JSON object; it is left alone"):
        FACET.observe(bucket)


# Writing


def written(aws: Loopback) -> dict[str, Any]:
    """Return the policy of the one write, which follows on the one reading."""
    read, write = aws.asked
    assert (read.method, write.method) == ("GET", "PUT")
    document: dict[str, Any] = json.loads(write.body)
    return document


def test_the_first_statement_makes_a_policy(bucket: Target, aws: Loopback) -> None:
    aws.answers = [NONE, OK]
    FACET.apply(bucket, Transport(minimum_tls_version="1.2"), ABSENT)
    assert written(aws) == {"Version": "2012-10-17", "Statement": [TLS_ONLY, MINIMUM]}


def test_statements_of_others_and_what_is_around_them_stay_as_they_are(bucket: Target, aws: Loopback) -> None:
    changed = {**TLS_ONLY, "Effect": "Allow"}
    aws.answers = [policy(NAMELESS, changed, GRANT, READERS, Version="2008-10-17", Id="theirs"), OK]
    FACET.apply(bucket, Transport(), ABSENT)
    assert written(aws) == {
        "Version": "2008-10-17",
        "Id": "theirs",
        "Statement": [NAMELESS, GRANT, READERS, TLS_ONLY],
    }


def test_a_changed_statement_that_is_left_alone_stays_as_it_is(bucket: Target, aws: Loopback) -> None:
    changed = {**MINIMUM, "Action": "s3:Get*"}
    seen = found(bucket, aws, policy(changed))
    wanted = Ignored(["transport.minimumTLSVersion"]).left_alone("transport", Transport(), seen)
    aws.asked.clear()
    aws.answers = [policy(changed), OK]
    FACET.apply(bucket, cast(Transport, wanted), seen)
    assert written(aws)["Statement"] == [changed, TLS_ONLY]


def test_what_was_written_since_the_look_is_not_lost(bucket: Target, aws: Loopback) -> None:
    before = found(bucket, aws, NONE)
    aws.asked.clear()
    aws.answers = [policy(READERS), OK]
    FACET.apply(bucket, Transport(), before)
    assert written(aws)["Statement"] == [READERS, TLS_ONLY]


def test_with_the_last_statement_the_policy_goes(bucket: Target, aws: Loopback) -> None:
    aws.answers = [policy(TLS_ONLY), OK]
    FACET.apply(bucket, Transport(tls_only=False), Transport())
    assert [asked.method for asked in aws.asked] == ["GET", "DELETE"]


def test_where_others_have_statements_it_stays(bucket: Target, aws: Loopback) -> None:
    aws.answers = [policy(TLS_ONLY, READERS), OK]
    FACET.apply(bucket, Transport(tls_only=False), Transport())
    assert written(aws)["Statement"] == [READERS]


def test_where_there_is_no_policy_and_none_is_wanted_nothing_is_written(
    bucket: Target, aws: Loopback
) -> None:
    aws.answers = [NONE]
    FACET.apply(bucket, Transport(tls_only=False), Transport())
    assert [asked.method for asked in aws.asked] == ["GET"]


@pytest.mark.parametrize(
    ("endpoint", "out"),
    [
        ("https://s3.eu-central-1.amazonaws.com", False),
        ("https://minio.storage:9000", False),
        ("http://127.0.0.1:4566", False),
        ("http://[::1]:4566", False),
        ("http://localhost:4566", False),
        ("http://minio.storage:9000", True),
        ("http://10.0.0.7:9000", True),
    ],
)
def test_who_comes_over_plain_http_would_be_shut_out(endpoint: str, out: bool) -> None:
    assert shuts_us_out(endpoint) is out


def test_where_it_would_shut_us_out_nothing_is_written() -> None:
    s3 = SimpleNamespace(meta=SimpleNamespace(endpoint_url="http://minio.storage:9000"))
    minio = cast(Target, SimpleNamespace(s3=s3))
    with pytest.raises(
        Invalid, match=r"shut out Headrace itself, which reaches S3 at http://minio\.storage:9000"
    ):
        FACET.apply(minio, Transport(), ABSENT)


def test_the_arn_is_that_of_the_partition(account: Account, aws: Loopback) -> None:
    arn = "arn:aws-cn:s3:::media"
    china = Target(account, "cn-north-1", "media", arn)
    aws.asked.clear()
    aws.answers = [NONE, OK]
    FACET.apply(china, Transport(), ABSENT)
    assert written(aws)["Statement"][0]["Resource"] == [arn, f"{arn}/*"]


# Several hands


@pytest.mark.standin
def test_hands_that_share_a_policy_write_it_one_at_a_time(stand_in: StandIn) -> None:
    name, hands, turns = f"policy-{secrets.token_hex(4)}", 8, Turns()
    stand_in.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    keys = Keys(ACCOUNT, "stand-in")
    targets = [
        # As objects in several namespaces have it: an account each, which share their turns.
        Target(
            Account(Meter(), Pacing(10_000.0), Source(keys, REGION, stand_in.url), turns),
            REGION,
            name,
            f"arn:aws:s3:::{name}",
        )
        for _ in range(hands)
    ]

    def add(number: int) -> None:
        sid = f"Hand{number}"
        put_statements(targets[number], sid.__eq__, [ours(sid, {"Bool": {"aws:SecureTransport": "false"}})])

    with ThreadPoolExecutor(hands) as pool:
        list(pool.map(add, range(hands)))
    there = statements(targets[0], lambda sid: True)
    assert sorted(each["Sid"] for each in there) == [f"Hand{number}" for number in range(hands)]
