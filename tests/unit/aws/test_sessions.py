"""Sessions and clients: one of each, with our user agent, at an endpoint of one's own too."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace import __version__
from headrace.aws import credentials, sessions
from headrace.aws.errors import Place, translating
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account, Identity
from headrace.engine.errors import Denied, Unavailable
from sandbox.processes import wait_until
from tests.doors import Door
from tests.unit.aws.loopback import WHOAMI, Answer, Loopback, wrapped

ARN = "arn:aws:s3:::media"
TAGS = "<ListTagsForResourceResult><Tags></Tags></ListTagsForResourceResult>"


def test_there_is_one_client_for_each_service_and_region(account: Account) -> None:
    clients = [
        account.client("s3", "eu-central-1"),
        account.client("s3", "us-east-1"),
        account.client("s3control", "eu-central-1"),
    ]
    assert len({id(client) for client in clients}) == 3
    assert account.client("s3", "eu-central-1") is clients[0]
    assert [client.meta.region_name for client in clients] == ["eu-central-1", "us-east-1", "eu-central-1"]


def test_threads_that_ask_at_once_get_the_same_client(account: Account) -> None:
    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(lambda _: account.client("s3", "eu-central-1"), range(16)))
    assert {id(client) for client in clients} == {id(clients[0])}


def test_all_accounts_share_one_loader_and_do_not_make_it_longer(aws: Loopback) -> None:
    accounts = [Account(Meter(), Pacing(1000.0)) for _ in range(3)]
    loaders = {id(account._session._session.get_component("data_loader")) for account in accounts}
    assert loaders == {id(credentials._LOADER)}
    paths = list(credentials._LOADER.search_paths)
    assert len(paths) == len(set(paths))


def test_who_we_are_is_asked_once(account: Account, aws: Loopback) -> None:
    me = Identity("111122223333", "arn:aws:iam::111122223333:user/operator", "aws")
    assert [account.identity, account.identity] == [me, me]
    assert len(aws.asked) == 1


def test_other_partitions_are_read_from_the_arn(account: Account, aws: Loopback) -> None:
    aws.answers = [Answer(200, WHOAMI.replace("arn:aws:", "arn:aws-us-gov:"))]
    assert account.identity.partition == "aws-us-gov"


@pytest.mark.usefixtures("impatient")
def test_not_knowing_who_we_are_is_not_remembered(account: Account, aws: Loopback) -> None:
    aws.answers = [Answer(403, wrapped("InvalidClientTokenId"))]
    aws.answers += [Answer(503, wrapped("ServiceUnavailable"))] * 3
    with pytest.raises(Denied, match="does not accept the credentials"):
        _ = account.identity
    with pytest.raises(Unavailable):
        _ = account.identity
    assert account.identity.account_id == "111122223333"


@pytest.mark.usefixtures("impatient")
def test_where_nobody_answers_one_waits_for_the_answer_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, aws: Loopback
) -> None:
    door = Door()
    monkeypatch.setenv("AWS_ENDPOINT_URL", door.url)
    account = Account(Meter(), Pacing(1000.0))
    with pytest.raises(Unavailable):
        _ = account.identity
    with door.open(), ThreadPoolExecutor(1) as pool:
        patient = pool.submit(account.check)
        wait_until(lambda: door.visitors == 1, what="somebody waits")
        for _ in range(3):
            with pytest.raises(Unavailable, match="no connection"):
                _ = account.identity
        assert (door.visitors, patient.done()) == (1, False)
        door.behind = aws.url
        assert patient.result(timeout=30).account_id == "111122223333"
        assert account.identity.account_id == "111122223333"


def test_the_default_region_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, account: Account
) -> None:
    assert account.region == "eu-central-1"
    monkeypatch.delenv("AWS_REGION")
    assert Account(Meter(), Pacing(1000.0)).region is None


def test_without_a_region_who_we_are_is_asked_in_us_east_1(
    monkeypatch: pytest.MonkeyPatch, aws: Loopback
) -> None:
    monkeypatch.delenv("AWS_REGION")
    account = Account(Meter(), Pacing(1000.0))
    assert account.identity.account_id == "111122223333"
    assert account.client("sts", "us-east-1").meta.region_name == "us-east-1"


def test_without_credentials_that_is_said(monkeypatch: pytest.MonkeyPatch, aws: Loopback) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Denied, match="There are no usable AWS credentials"):
        _ = Account(Meter(), Pacing(1000.0)).identity
    assert aws.asked == []


def test_requests_carry_our_name_and_version(account: Account, aws: Loopback) -> None:
    _ = account.identity
    assert f"headrace/{__version__}" in aws.asked[0].agent


def test_at_an_endpoint_of_ones_own_s3_control_is_asked_at_that_host(account: Account, aws: Loopback) -> None:
    aws.answers = [Answer(200, TAGS)]
    client = account.client("s3control", "eu-central-1")
    assert client.list_tags_for_resource(AccountId="111122223333", ResourceArn=ARN)["Tags"] == []
    assert [asked.host for asked in aws.asked] == [aws.url.removeprefix("http://")]


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://s3-control.eu-central-1.amazonaws.com", True),
        ("https://s3-control.dualstack.eu-central-1.amazonaws.com", True),
        ("https://s3-control.cn-north-1.amazonaws.com.cn", True),
        ("https://s3-control.eusc-de-east-1.amazonaws.eu", True),
        ("https://s3-control.eu-central-1.api.aws", True),
        ("https://vpce-1.s3.eu-central-1.vpce.amazonaws.com", True),
        ("http://127.0.0.1:4566", False),
        ("http://amazonaws.com.example.org", False),
        ("http://localhost", False),
    ],
)
def test_the_account_stays_in_the_host_where_aws_itself_is_asked(url: str, ours: bool) -> None:
    assert sessions._is_aws(url) is ours


def test_at_aws_itself_the_account_is_in_the_host() -> None:
    sent: list[str] = []

    def send(request: object, **_: object) -> None:
        sent.append(str(getattr(request, "url", "")))
        raise ConnectionAbortedError

    client = Account(Meter(), Pacing(1000.0)).client("s3control", "eu-central-1")
    client.meta.events.register_first("before-send", send)
    with pytest.raises(ConnectionAbortedError):
        client.list_tags_for_resource(AccountId="111122223333", ResourceArn=ARN)
    assert sent == [
        "https://111122223333.s3-control.eu-central-1.amazonaws.com/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Amedia"
    ]


def test_an_error_knows_the_service_that_gave_it(account: Account, aws: Loopback) -> None:
    aws.answers = [Answer(403, wrapped("AccessDenied", "Access Denied"))]
    client = account.client("s3control", "eu-central-1")
    with pytest.raises(Denied) as raised, translating(Place(ARN)):
        client.list_tags_for_resource(AccountId="111122223333", ResourceArn=ARN)
    assert (raised.value.context.service, raised.value.context.code) == ("s3control", "AccessDenied")
    assert raised.value.context.action == "s3:ListTagsForResource"
