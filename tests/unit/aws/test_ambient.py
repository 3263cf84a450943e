"""Credentials that EKS gives a pod, and what is said where it gives none."""

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.aws import ambient
from headrace.aws.credentials import Role, Source
from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.engine.errors import BadCredentials, CloudError, Denied, Throttled, Unavailable
from tests.unit.aws.loopback import Answer, Loopback, loopback, wrapped
from tests.unit.aws.test_credentials import LATER, assumed, key_of, said

ROLE = "arn:aws:iam::111122223333:role/headrace-operator"
ISSUER = "oidc.example/id/1"
SUBJECT = "system:serviceaccount:headrace-system:headrace-operator"
WITH_TOKEN = "AssumeRoleWithWebIdentity"


def token(number: int = 1, audience: object = "sts.amazonaws.com") -> str:
    """Write a token of the ServiceAccount that nobody signed."""
    claims = {"iss": f"https://{ISSUER}", "sub": SUBJECT, "aud": audience, "number": number}
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)
    )
    return ".".join((*parts, "signature"))


def became(expires: str = LATER, key: str = "ASIATOKEN") -> Answer:
    """Answer with credentials of the role that the token is for."""
    body = assumed(expires).body.replace("AssumeRole", WITH_TOKEN).replace("ASIAROLE", key)
    return Answer(200, body)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token where the webhook of EKS mounts it, and what it sets."""
    path = tmp_path / "token"
    path.write_text(token())
    monkeypatch.setenv(ambient.TOKEN_FILE, str(path))
    monkeypatch.setenv(ambient.ROLE, ROLE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    return path


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """An agent on loopback, and what EKS sets for it."""
    (tmp_path / "eks-token").write_text("secret")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with loopback() as state:
        monkeypatch.setenv(ambient.AGENT, f"{state.url}/v1/credentials")
        monkeypatch.setenv(ambient.AUTHORIZATION_FILE, str(tmp_path / "eks-token"))
        yield state


def given(expires: str = LATER, **but: str) -> Answer:
    """Answer as the agent does."""
    keys = {"AccessKeyId": "ASIAAGENT", "SecretAccessKey": "x", "Token": "t", "AccountId": "111122223333"}
    return Answer(200, json.dumps({**keys, "Expiration": expires, **but}))


def account(source: Source | None = None, meter: Meter | None = None) -> Account:
    return Account(meter or Meter(), Pacing(1000.0), source)


def in_minutes(minutes: int) -> str:
    """Write a time so near that botocore asks for other credentials at once."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def refusal(kind: type[CloudError], source: Source | None = None) -> str:
    """Return what is said of an account that cannot be asked who we are."""
    with pytest.raises(CloudError) as told:
        account(source).check()
    assert type(told.value) is kind
    return told.value.message


# By a token


def test_a_token_becomes_a_role_when_it_is_first_needed_under_a_name_that_lasts(
    aws: Loopback, file: Path
) -> None:
    client = account().client("s3", "eu-central-1")
    assert aws.asked == []
    aws.answers = [became()]
    assert key_of(client) == "ASIATOKEN"
    (call,) = said(aws)
    assert (call["Action"], call["RoleArn"], call["WebIdentityToken"]) == (WITH_TOKEN, ROLE, file.read_text())
    assert (call["RoleSessionName"], "DurationSeconds" in call) == ("headrace", False)
    assert "headrace/" in aws.asked[0].agent


def test_the_environment_can_name_the_session(
    aws: Loopback, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "mine")
    aws.answers = [became()]
    account().check()
    assert said(aws)[0]["RoleSessionName"] == "mine"


def test_the_call_is_counted_as_all_others_are(aws: Loopback, file: Path) -> None:
    meter, calls = Meter(), list[Call]()
    meter.listen(calls.append)
    aws.answers = [became()]
    account(meter=meter).check()
    assert [(c.operation, c.outcome) for c in calls] == [(WITH_TOKEN, "ok"), ("GetCallerIdentity", "ok")]


def test_the_token_is_read_anew_before_the_session_ends(aws: Loopback, file: Path) -> None:
    mine = account()
    client = mine.client("s3", "eu-central-1")
    aws.answers = [became(in_minutes(5))]
    assert key_of(client) == "ASIATOKEN"
    file.write_text(token(2))
    aws.answers = [became(LATER, "ASIASECOND")]
    assert key_of(client) == "ASIASECOND"
    assert [call["WebIdentityToken"] for call in said(aws)] == [token(1), token(2)]


def test_a_role_is_assumed_with_the_role_that_the_token_is_for(aws: Loopback, file: Path) -> None:
    aws.answers = [became(), assumed()]
    theirs = Role.for_namespace("arn:aws:iam::444455556666:role/delivery", "prod-1", "shop")
    account(Source(theirs)).check()
    assert [call["Action"] for call in said(aws)] == [WITH_TOKEN, "AssumeRole", "GetCallerIdentity"]
    assert said(aws)[1]["ExternalId"] == "prod-1/shop"
    # An hour, which AWS gives where nothing is said, is the most for a role that is assumed by a role.
    assert "DurationSeconds" not in said(aws)[1]


def test_a_token_that_is_not_there_or_empty_is_told_with_its_file(aws: Loopback, file: Path) -> None:
    begin = f"The token in {file} (AWS_WEB_IDENTITY_TOKEN_FILE) "
    file.write_text(" \n")
    assert refusal(BadCredentials).startswith(f"{begin}is empty. EKS mounts it when the pod starts: ")
    file.write_bytes(b"\xff")
    assert refusal(BadCredentials).startswith(f"{begin}is no text. ")
    file.unlink()
    assert refusal(BadCredentials).startswith(f"{begin}cannot be read: No such file or directory. ")
    assert aws.asked == []
    file.write_text(token())
    aws.answers = [became()]
    assert account().check().account_id == "111122223333"


@pytest.mark.parametrize("role", ["", "headrace-operator"])
def test_a_token_without_the_arn_of_a_role_is_told(
    aws: Loopback, file: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setenv(ambient.ROLE, role)
    told = refusal(BadCredentials)
    assert f"AWS_ROLE_ARN ({role or 'not set'}) is not the ARN of a role: annotate the operator's" in told


def test_a_role_that_does_not_trust_the_token_says_what_its_trust_policy_must_have(
    aws: Loopback, file: Path
) -> None:
    said = f"Not authorized to perform sts:{WITH_TOKEN}"
    aws.answers = [Answer(403, wrapped("AccessDenied", said))]
    assert refusal(Denied) == (
        f"AWS STS refused {WITH_TOKEN} for role {ROLE}: its trust policy must allow that to the OIDC "
        f"provider {ISSUER} with the conditions StringEquals {ISSUER}:sub {SUBJECT} and {ISSUER}:aud "
        "sts.amazonaws.com."
    )


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://oidc.example/id/1",
            "No OpenIDConnect provider found in your account for https://oidc.example/id/1. The account of "
            f"the role must have an IAM OIDC provider for {ISSUER} with the audience sts.amazonaws.com, and "
            "AWS_ROLE_ARN must be the ARN of a role.",
        ),
        (
            "ExpiredTokenException",
            "Token expired: current date/time 2 must be before the expiration date/time 1",
            "it has expired. The kubelet renews it; if it does not, start the pod again.",
        ),
    ],
)
def test_a_token_that_aws_does_not_take_is_told_with_what_iam_needs(
    aws: Loopback, file: Path, code: str, said: str, sentence: str
) -> None:
    aws.answers = [Answer(400, wrapped(code, said))]
    begin = f"AWS STS does not take the token in {file} for role {ROLE} ({code}): "
    assert refusal(BadCredentials) == begin + sentence


def test_what_is_no_token_at_all_is_told_as_well(aws: Loopback, file: Path) -> None:
    file.write_text("hello")
    aws.answers = [Answer(400, wrapped("InvalidIdentityToken", "The ID Token provided is not a valid JWT."))]
    assert "(InvalidIdentityToken): The ID Token provided is not a valid JWT. " in refusal(BadCredentials)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("code", "status", "kind"), [("Throttling", 400, Throttled), ("X", 500, Unavailable)]
)
def test_an_outage_of_sts_is_an_outage(
    aws: Loopback, file: Path, code: str, status: int, kind: type[CloudError]
) -> None:
    aws.answers = [Answer(status, wrapped(code))] * 3
    refusal(kind)


# From an agent


def test_the_agent_is_asked_with_its_token_when_credentials_are_needed(
    aws: Loopback, agent: Loopback
) -> None:
    client = account().client("s3", "eu-central-1")
    assert agent.asked == []
    agent.answers = [given()]
    assert key_of(client) == key_of(client) == "ASIAAGENT"
    assert [asked.path for asked in agent.asked] == ["/v1/credentials"]


def test_the_agent_is_asked_anew_before_the_session_ends(aws: Loopback, agent: Loopback) -> None:
    client = account().client("s3", "eu-central-1")
    agent.answers = [given(in_minutes(5)), given(AccessKeyId="ASIASECOND")]
    assert [key_of(client), key_of(client), key_of(client)] == ["ASIAAGENT", "ASIASECOND", "ASIASECOND"]


def test_a_role_is_assumed_with_what_the_agent_gave(aws: Loopback, agent: Loopback) -> None:
    agent.answers, aws.answers = [given()], [assumed()]
    theirs = Role.for_namespace("arn:aws:iam::444455556666:role/delivery", "prod-1", "shop")
    account(Source(theirs)).check()
    assert [call["Action"] for call in said(aws)] == ["AssumeRole", "GetCallerIdentity"]


def test_an_agent_that_refuses_says_what_the_service_account_needs(agent: Loopback) -> None:
    reason = "[7d1]: (AccessDeniedException): EKS may not assume the role., fault: client"
    agent.answers = [Answer(403, reason)] * 3
    assert refusal(BadCredentials) == (
        f"The agent at {agent.url}/v1/credentials refuses to give credentials (403): "
        "(AccessDeniedException): EKS may not assume the role. The operator's ServiceAccount must have a pod "
        "identity association in this cluster, and the trust policy of its role must allow "
        "pods.eks.amazonaws.com sts:AssumeRole and sts:TagSession."
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_agent_that_cannot_is_an_outage(agent: Loopback, status: int) -> None:
    agent.answers = [Answer(status, "busy")] * 3
    assert f"has no credentials right now ({status}): busy. Look at the log" in refusal(Unavailable)


def test_an_agent_that_is_gone_is_an_outage(agent: Loopback) -> None:
    agent.answers = [Answer(None)] * 3
    assert "does not answer. Look whether the add-on eks-pod-identity-agent runs" in refusal(Unavailable)
    agent.answers = [Answer(200, "<html>")] * 3
    assert "does not answer with credentials. Look whether" in refusal(Unavailable)


def test_an_answer_that_lacks_something_is_told(agent: Loopback) -> None:
    agent.answers = [given(Token=""), Answer(200, "[]")]
    assert refusal(BadCredentials).endswith("gave no credentials: its answer lacks Token.")
    assert "lacks AccessKeyId and Expiration and SecretAccessKey and Token." in refusal(BadCredentials)


def test_credentials_that_have_expired_already_point_to_the_clock(agent: Loopback) -> None:
    agent.answers = [given("2020-01-01T00:00:00Z")]
    assert "have expired already. Look at the clock of the operator's node." in refusal(BadCredentials)


@pytest.mark.parametrize("expires", ["soon", "2126-13-45T10:00:00Z", "2126-01-01T10:00:00", "1e99"])
def test_a_time_of_expiry_that_is_none_is_told(agent: Loopback, expires: str) -> None:
    agent.answers = [given(expires)]
    assert refusal(BadCredentials) == (
        f"The agent at {agent.url}/v1/credentials gave credentials with a time of expiry that cannot be read "
        f"({expires}): it must be a time with its time zone, as 2026-01-31T12:00:00Z."
    )


def test_an_agent_that_may_not_be_asked_is_told(agent: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ambient.AGENT, "http://agent.example/v1")
    told = refusal(BadCredentials)
    assert told.startswith(
        f"{ambient.AGENT} is http://agent.example/v1, which cannot be asked: Unsupported host"
    )


def test_a_token_for_the_agent_that_is_gone_is_told(
    agent: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(ambient.AUTHORIZATION_FILE, str(tmp_path / "gone"))
    told = refusal(BadCredentials)
    assert told.startswith(
        f"The token in {tmp_path / 'gone'} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) cannot be"
    )
    assert agent.asked == []


@pytest.mark.parametrize("text", ["SECRET\nTOKEN", "SECRET\r\nTOKEN", "SECRET\0TOKEN", "SECRET\u0142TOKEN"])
def test_a_token_for_the_agent_that_no_header_may_have_is_told_without_it(
    agent: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "eks-token"
    path.write_text(text, newline="")
    told = refusal(BadCredentials)
    where = f"{path} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)"
    assert told.startswith(f"The token in {where} has a line break or another character in it that ")
    if "\0" not in text:
        monkeypatch.delenv(ambient.AUTHORIZATION_FILE)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", text)
        told = refusal(BadCredentials)
        assert told == (
            "The token in AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break or another character in it that "
            "no header may have."
        )
    assert "SECRET" not in told + caplog.text
    assert agent.asked == []


def test_white_space_around_the_token_for_the_agent_is_no_part_of_it(
    aws: Loopback, agent: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ambient.AUTHORIZATION_FILE)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", " SECRETTOKEN\n")
    agent.answers = [given()]
    account().check()
    assert [asked.authorization for asked in agent.asked] == ["SECRETTOKEN"]
