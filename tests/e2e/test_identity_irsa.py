"""The operator as the role that its ServiceAccount's token is for (IRSA), and what can be wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.processes import wait_until
from tests.e2e import pods
from tests.e2e.pods import ARN, AUDIENCE, ISSUER, ROLE
from tests.e2e.realm import CLUSTER, SECOND, Realm, message

pytestmark = pytest.mark.e2e

REGION = "eu-central-1"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/headrace"
BY_TOKEN = "AssumeRoleWithWebIdentity"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"


def add_provider(aws: StandIn) -> None:
    """Let IAM know the cluster's issuer."""
    iam = aws.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE], ThumbprintList=[])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the token is."""
    return tmp_path_factory.mktemp("serviceaccount") / "token"


@pytest.fixture(scope="module")
def irsa(lone_plane: ControlPlane, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """An operator with a token and a role; it ends with the module, as it looks at all AWSAccounts."""
    file.write_text(pods.token(lone_plane, AUDIENCE))
    env = {"AWS_ROLE_ARN": ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)}
    with pods.guarded(pods.by_token()) as aws:
        add_provider(aws)
        with pods.pod(lone_plane, aws, tmp_path_factory.mktemp("operator"), env) as made:
            yield made


@pytest.fixture
def name(irsa: Realm) -> Iterator[str]:
    """The name of a bucket and of its object, which is gone after the test."""
    with irsa.bucket_name() as chosen:
        yield chosen


def test_the_operator_works_as_the_role_of_its_token_by_the_committed_policies(
    irsa: Realm, name: str
) -> None:
    with irsa.account() as account:
        assert irsa.ready(account)["status"]["callerARN"] == SESSION
        irsa.shop.apply({"account": account, "region": REGION, "versioning": {"enabled": True}}, name)
        irsa.shop.ready(name)
        calls = irsa.shop.calls(name)
        assert {call.status for call in calls} <= {200, 204, 404}
        assert len({call.access_key for call in calls}) > 1, "credentials are renewed before they expire"
        assert f'operation="{BY_TOKEN}"' in irsa.operator.get("/metrics")


def test_a_role_of_another_account_is_assumed_from_it_in_the_name_of_the_namespace(
    irsa: Realm, name: str
) -> None:
    role = pods.shared(irsa)
    with irsa.account({"credentials": {"roleARN": role}}) as account:
        mark = irsa.aws.mark()
        irsa.shop.apply({"account": account, "region": REGION}, name)
        assert irsa.shop.ready(name)["status"]["pins"]["accountID"] == SECOND
        assumed = [call for call in irsa.aws.since(mark) if call.operation == "AssumeRole"]
        assert {call.status for call in assumed} == {200}
        irsa.games.apply({"account": account, "region": REGION}, name)
        said = message(irsa.games.stalled("AccessDenied", name))
        assert said.startswith(f"{SESSION} may not assume {role}. The role's trust policy must allow it ")
        assert f"sts:ExternalId {CLUSTER}/{irsa.games.namespace}," in said
        irsa.games.annotate(name, "headrace.io/abandon", "true")
        irsa.games.delete(name, wait=True)


def test_the_token_is_read_anew_while_the_operator_runs(irsa: Realm, file: Path, name: str) -> None:
    irsa.shop.apply({"region": REGION}, name)
    irsa.shop.ready(name)
    with irsa.account() as account:
        irsa.ready(account)
        file.write_text(pods.token(irsa.plane, "somebody"))
        irsa.look_now(account)
        assert message(irsa.stalled(account, "AccessDenied")) == (
            f"AWS STS does not take the token in {file} for role {ARN} (InvalidIdentityToken): Incorrect "
            f"token audience. The account of the role must have an IAM OIDC provider for {ISSUER} with the "
            "audience somebody, and AWS_ROLE_ARN must be the ARN of a role."
        )
        file.write_text(pods.token(irsa.plane, AUDIENCE))
        irsa.look_now(account)
        irsa.ready(account)
        irsa.shop.apply({"region": REGION, "versioning": {"enabled": True}}, name)
        irsa.shop.ready(name)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(None, "cannot be read: No such file or directory"), ("", "is empty")],
    ids=["missing", "empty"],
)
def test_a_token_that_is_not_there_is_told_until_it_is(
    irsa: Realm, file: Path, name: str, content: str | None, wrong: str
) -> None:
    sentence = (
        f"The token in {file} (AWS_WEB_IDENTITY_TOKEN_FILE) {wrong}. EKS mounts it when the pod starts: look "
        "at the pod's volumes, and start the pod again."
    )
    with irsa.account() as account:
        irsa.ready(account)
        if content is None:
            file.unlink()
        else:
            file.write_text(content)
        irsa.shop.apply({"region": REGION}, name)
        irsa.look_now(account)
        assert message(irsa.stalled(account, "AccessDenied")) == sentence
        assert message(irsa.shop.stalled("AccessDenied", name)) == sentence
        wait_until(lambda: sentence in irsa.operator.log, what="the log has it, too")
        file.write_text(pods.token(irsa.plane, AUDIENCE))
        irsa.ready(account)
        irsa.shop.ready(name)


def test_a_role_that_does_not_trust_the_service_account_says_what_it_must_trust(irsa: Realm) -> None:
    with irsa.account() as account:
        irsa.ready(account)
        other = pods.by_token()
        for statement in other["Statement"]:
            statement["Condition"]["StringEquals"][f"{ISSUER}:sub"] = "system:serviceaccount:default:default"
        pods.trust(irsa.aws, other)
        irsa.look_now(account)
        assert message(irsa.stalled(account, "AccessDenied")) == (
            f"AWS STS refused {BY_TOKEN} for role {ARN}: its trust policy must allow that to the OIDC "
            f"provider {ISSUER} with the conditions StringEquals {ISSUER}:sub "
            f"system:serviceaccount:headrace-system:headrace-operator and {ISSUER}:aud {AUDIENCE}."
        )
        pods.trust(irsa.aws, pods.by_token())
        irsa.look_now(account)
        irsa.ready(account)


def test_an_issuer_that_iam_does_not_know_is_told(irsa: Realm) -> None:
    with irsa.account() as account:
        irsa.ready(account)
        irsa.aws.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
        irsa.look_now(account)
        told = message(irsa.stalled(account, "AccessDenied"))
        assert f"No OpenIDConnect provider found in your account for https://{ISSUER}. The account" in told
        add_provider(irsa.aws)
        irsa.look_now(account)
        irsa.ready(account)


def test_nothing_of_that_left_a_traceback_or_a_secret_in_the_log(irsa: Realm, file: Path) -> None:
    assert "Traceback" not in irsa.operator.log
    assert file.read_text() not in irsa.operator.log
