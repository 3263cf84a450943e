"""The operator as the role that an agent on its node gives it (EKS Pod Identity), and what can be wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.clients import ACCOUNT
from sandbox.control_plane.server import ControlPlane
from sandbox.processes import wait_until
from sandbox.world import condition
from tests.e2e import pods
from tests.e2e.pods import ARN, EKS, ROLE, Agent
from tests.e2e.realm import SECOND, Realm, message

pytestmark = pytest.mark.e2e

REGION = "eu-central-1"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/eks-prod-headrace-operator-1"
NEEDS = (
    "The operator's ServiceAccount must have a pod identity association in this cluster, and the trust "
    "policy of its role must allow pods.eks.amazonaws.com sts:AssumeRole and sts:TagSession."
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the token for the agent is."""
    return tmp_path_factory.mktemp("serviceaccount") / "eks-pod-identity-token"


@pytest.fixture(scope="module")
def eks(
    lone_plane: ControlPlane, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Realm, Agent]]:
    """An operator with an agent; it ends with the module, as it looks at all AWSAccounts."""
    with pods.guarded(pods.by_agent()) as aws, pods.agent(lone_plane, aws) as agent:
        file.write_text(agent.token())
        env = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
        }
        with pods.pod(lone_plane, aws, tmp_path_factory.mktemp("operator"), env) as made:
            yield made, agent


@pytest.fixture
def here(eks: tuple[Realm, Agent]) -> Realm:
    return eks[0]


@pytest.fixture
def agent(eks: tuple[Realm, Agent]) -> Agent:
    return eks[1]


@pytest.fixture
def name(here: Realm) -> Iterator[str]:
    """The name of a bucket and of its object, which is gone after the test."""
    with here.bucket_name() as chosen:
        yield chosen


def test_the_operator_works_as_the_role_that_the_agent_gives_by_the_committed_policies(
    here: Realm, agent: Agent, name: str
) -> None:
    with here.account() as account:
        assert here.ready(account)["status"]["callerARN"] == SESSION
        here.shop.apply({"account": account, "region": REGION, "versioning": {"enabled": True}}, name)
        here.shop.ready(name)
        calls = here.shop.calls(name)
        assert {call.status for call in calls} <= {200, 204, 404}
        assert len({call.access_key for call in calls}) > 1, "credentials are renewed before they expire"
        assert set(agent.asked) == {200}


def test_a_role_of_another_account_is_assumed_with_the_tags_that_eks_hands_on(here: Realm, name: str) -> None:
    role = pods.shared(here)
    with here.account({"credentials": {"roleARN": role}}) as account:
        here.shop.apply({"account": account, "region": REGION}, name)
        assert here.shop.ready(name)["status"]["pins"]["accountID"] == SECOND


def test_a_role_that_does_not_take_tags_is_told_apart_from_one_that_does_not_trust_us(
    here: Realm, name: str
) -> None:
    role = here.role([f"prod-1/{here.shop.namespace}", "prod-1/_account"], SECOND)
    with here.account({"credentials": {"roleARN": role}}) as account:
        assert message(here.stalled(account, "AccessDenied")) == (
            f"{SESSION} may not assume {role} with the tags of its session, which EKS Pod Identity has it "
            "hand on. The role's trust policy and the operator's own policy must allow it sts:TagSession on "
            "the role."
        )


def test_the_token_for_the_agent_is_read_anew_while_the_operator_runs(
    here: Realm, agent: Agent, file: Path
) -> None:
    with here.account() as account:
        here.ready(account)
        file.write_text(agent.token("somebody"))
        here.look_now(account)
        assert message(here.stalled(account, "AccessDenied")) == (
            f"The agent at {agent.url} refuses to give credentials (400): (InvalidTokenException): the "
            f"token is not valid. {NEEDS}"
        )
        file.unlink()
        here.look_now(account)
        begin = f"The token in {file} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) cannot be read: "
        assert message(here.stalled(account, "AccessDenied")).startswith(begin)
        file.write_text(agent.token())
        here.look_now(account)
        here.ready(account)


def test_an_association_or_a_trust_that_is_missing_is_told_until_it_is_there(
    here: Realm, agent: Agent, name: str
) -> None:
    with here.account() as account:
        here.ready(account)
        agent.associated = None
        here.shop.apply({"region": REGION}, name)
        here.look_now(account)
        sentence = f"(404): (ResourceNotFoundException): no association found. {NEEDS}"
        assert message(here.stalled(account, "AccessDenied")).endswith(sentence)
        assert message(here.shop.stalled("AccessDenied", name)).endswith(sentence)
        wait_until(lambda: sentence in here.operator.log, what="the log has it, too")
        agent.associated = ARN
        pods.trust(here.aws, pods.by_agent(f"{EKS}-of-others"))
        here.look_now(account)
        assert "(403): (AccessDeniedException): " in message(here.stalled(account, "AccessDenied"))
        pods.trust(here.aws, pods.by_agent())
        here.ready(account)
        here.shop.ready(name)


def test_an_agent_that_fails_is_an_outage(here: Realm, agent: Agent) -> None:
    agent.broken = 500
    try:
        with here.account() as account:
            told = here.until(account, lambda o: condition(o, "Ready").get("reason") == "Unavailable")
            assert message(told) == (
                f"The agent at {agent.url} has no credentials right now (500): (InternalServerException): no "
                "luck today. Look at the log of the add-on eks-pod-identity-agent on the operator's node, if "
                "this lasts."
            )
            agent.broken = 0
            here.look_now(account)
            here.ready(account)
    finally:
        agent.broken = 0


def test_nothing_of_that_left_a_traceback_or_a_secret_in_the_log(here: Realm, file: Path) -> None:
    assert "Traceback" not in here.operator.log
    assert file.read_text() not in here.operator.log
