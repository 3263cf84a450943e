"""Connections that fail, with real sockets: each says what is wrong, where, and what to do."""

from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.config import Config

from headrace.aws import sessions
from headrace.aws.credentials import CONFIG, Keys, Source
from headrace.aws.errors import Place, translating
from headrace.aws.meter import Call, Meter
from headrace.aws.pacing import Pacing
from headrace.aws.reach import unreached
from headrace.aws.sessions import Account
from headrace.engine.errors import Unavailable
from tests.doors import Door, self_signed
from tests.unit.aws.loopback import Loopback

CHECK = "Check the endpoint URL, if one is set"
ATTEMPTS = 3


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch, impatient: list[float]) -> None:
    """Wait two seconds for an answer, where the operator waits 20."""
    hasty = CONFIG.merge(Config(connect_timeout=2, read_timeout=2))
    monkeypatch.setattr(sessions, "CONFIG", hasty)


def said(url: str, calls: list[Call], bucket: str = "media") -> str:
    """Ask at this address for a bucket; return the sentence of what went wrong."""
    meter = Meter()
    meter.listen(calls.append)
    account = Account(meter, Pacing(1e6), Source(Keys("AKIA1", "secret"), "eu-central-1", url))
    with pytest.raises(Unavailable) as caught, translating(Place("arn:aws:s3:::media")):
        account.client("s3", "eu-central-1").get_bucket_versioning(Bucket=bucket)
    assert caught.value.message.isprintable()
    assert " at 0x" not in caught.value.message
    assert bucket not in caught.value.message, "calls that fail alike are told once"
    return caught.value.message


def test_a_port_where_nobody_is(calls: list[Call]) -> None:
    door = Door()
    assert said(door.url, calls) == (
        f"AWS cannot be reached: no connection to {door.url} can be made. {CHECK}, and the operator's "
        "network."
    )
    assert len(calls) == ATTEMPTS


def test_somebody_who_never_answers(calls: list[Call]) -> None:
    with Door().open() as door:
        assert said(door.url, calls) == (
            f"AWS cannot be reached: {door.url} was asked and did not answer in time. {CHECK}, and what is "
            "between the operator and AWS."
        )
        assert (len(calls), door.visitors) == (ATTEMPTS, ATTEMPTS)


def test_how_long_is_waited_for_an_answer_is_bounded() -> None:
    config: Any = CONFIG
    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries == {"mode": "standard", "total_max_attempts": ATTEMPTS}


def test_a_name_that_there_is_not(calls: list[Call]) -> None:
    assert said("https://s3.nowhere.invalid", calls) == (
        "AWS cannot be reached: there is no address for the name in https://s3.nowhere.invalid. Check the "
        "region, the endpoint URL, if one is set, and the operator's DNS."
    )


def test_a_certificate_that_nobody_vouches_for(calls: list[Call], tmp_path: Path) -> None:
    with Door(tls=self_signed(tmp_path)).open() as door:
        assert said(door.secure_url, calls) == (
            f"AWS cannot be reached: the certificate of {door.secure_url} is not trusted (unable to get "
            f"local issuer certificate). {CHECK}, or name the authority that issued it in AWS_CA_BUNDLE of "
            "the operator."
        )


def test_a_port_that_does_not_speak_tls(calls: list[Call], aws: Loopback) -> None:
    with Door(aws.url).open() as door:
        sentence = said(door.secure_url, calls)
    assert sentence.startswith(f"AWS cannot be reached: {door.secure_url} does not speak TLS as it should (")
    assert sentence.endswith(f"). {CHECK}.")


def test_tls_where_none_is_expected(calls: list[Call], tmp_path: Path) -> None:
    with Door(tls=self_signed(tmp_path)).open() as door:
        assert said(door.url, calls) == f"AWS cannot be reached: the connection to {door.url} was lost."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (boto.HTTPClientError(error="<a.b object at 0x7f01>: no"), "An HTTP Client raised an unhandled "
         "exception: no"),
        (boto.ConnectTimeoutError(endpoint_url="https://me:pw@proxy:1/x"), "no connection to https://proxy:1 "
         f"can be made. {CHECK}, and the operator's network"),
    ],
)  # fmt: skip
def test_what_differs_each_time_and_what_is_secret_is_left_out(error: Exception, sentence: str) -> None:
    assert unreached(error) == f"AWS cannot be reached: {sentence}."
