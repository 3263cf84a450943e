from typing import Any

import pytest

from headrace.kube.reviews import KubeReviews
from headrace.telemetry.authorization import Unreviewed, User
from tests.unit.kube.apiserver import Answer, ApiServer, refusal
from tests.unit.kube.conftest import connected

CHECKED = "Who may read the metrics cannot be checked"
USER = User("prometheus", "uid-1", ("system:authenticated",), (("pod", ("a", "b")),))


def test_a_user_is_what_the_api_server_says_of_the_token(server: ApiServer, api_client: Any) -> None:
    user = {"username": "prometheus", "uid": "uid-1", "groups": ["system:authenticated"]}
    status = {"authenticated": True, "user": {**user, "extra": {"pod": ["a", "b"]}}}
    server.answers = [Answer(201, {"status": status, "spec": {"token": "secret"}})]

    assert KubeReviews(api_client).user("secret") == USER
    assert server.asked[0].line == "POST /apis/authentication.k8s.io/v1/tokenreviews"
    assert server.asked[0].body == {"spec": {"token": "secret"}}


@pytest.mark.parametrize("status", [{}, {"authenticated": False}, {"error": "invalid bearer token"}])
def test_a_token_that_is_not_taken_is_nobodys(
    server: ApiServer, api_client: Any, status: dict[str, Any]
) -> None:
    server.answers = [Answer(201, {"status": status, "spec": {"token": "secret"}})]

    assert KubeReviews(api_client).user("secret") is None


@pytest.mark.parametrize("allowed", [True, False])
def test_it_is_asked_with_all_that_is_known_of_the_user(
    server: ApiServer, api_client: Any, allowed: bool
) -> None:
    server.answers = [Answer(201, {"status": {"allowed": allowed}, "spec": {}})]

    assert KubeReviews(api_client).allows(USER, "get", "/metrics") is allowed
    assert server.asked[0].line == "POST /apis/authorization.k8s.io/v1/subjectaccessreviews"
    assert server.asked[0].body["spec"] == {
        "user": "prometheus",
        "uid": "uid-1",
        "groups": ["system:authenticated"],
        "extra": {"pod": ["a", "b"]},
        "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
    }


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            refusal(403, "no"),
            f"{CHECKED}: the operator's ServiceAccount may not create tokenreviews.authentication.k8s.io. "
            "Bind it to the ClusterRole system:auth-delegator.",
        ),
        (
            refusal(500, "secret"),
            f"{CHECKED} at the API server: it answered 500 to a tokenreviews.authentication.k8s.io.",
        ),
        (Answer(200, {}), f"{CHECKED} at the API server: it answered what is no review."),
        (Answer(None), f"{CHECKED} at the API server: it did not answer (ProtocolError)."),
    ],
)
def test_without_an_answer_it_is_said_why_and_the_token_is_not(
    server: ApiServer, api_client: Any, answer: Answer, sentence: str
) -> None:
    server.answers = [answer]

    with pytest.raises(Unreviewed) as failed:
        KubeReviews(api_client).user("secret")
    assert str(failed.value) == sentence


def test_nobody_there_is_no_answer_either() -> None:
    client = connected("http://127.0.0.1:1")

    with pytest.raises(Unreviewed, match=r"it did not answer \(\w+Error\)\.$"):
        KubeReviews(client).allows(USER, "get", "/metrics")
    client.close()


def test_an_api_server_that_is_none_by_tls_is_no_answer_either(server: ApiServer) -> None:
    client = connected(server.url.replace("http:", "https:"))

    with pytest.raises(Unreviewed, match=r"it did not answer \(SSLError\)\.$"):
        KubeReviews(client).user("secret")
    client.close()
