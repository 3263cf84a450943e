"""Rights: which are needed, what it costs to ask for them, and in which words it is told what is missing."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from headrace.controller.api import ApiError
from headrace.kube.rights import Right, Rights, needed, on_namespaces, permitted
from tests.unit.controller.cloud import ThingKind
from tests.unit.kube.apiserver import Answer, ApiServer, Asked, refusal

RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ME = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
USER = "system:serviceaccount:tools:headrace"
ALL = [*needed([ThingKind()], ("shop", "games"))]
Rule = dict[str, Sequence[str]]


def rule(group: str, resource: str, *verbs: str, names: Sequence[str] = ()) -> Rule:
    return {"apiGroups": [group], "resources": [resource], "verbs": verbs, "resourceNames": names}


WHOLE = [
    rule("headrace.io", "things", "get", "list", "watch", "patch"),
    rule("headrace.io", "things/status", "patch"),
    rule("events.k8s.io", "events", "create", "patch"),
]


class Authorizer:
    """Answers reviews from the rules of each namespace."""

    def __init__(
        self, everywhere: Sequence[Rule] = (), *, incomplete: bool = False, **rules: Sequence[Rule]
    ) -> None:
        self.rules, self.incomplete = {"headrace.io": everywhere, **rules}, incomplete
        self.allowed: list[str] = []

    def __call__(self, asked: Asked) -> Answer:
        match asked.path:
            case str() if asked.path == RULES:
                found = self.rules.get(asked.body["spec"]["namespace"], ())
                status = {"resourceRules": found, "nonResourceRules": [], "incomplete": self.incomplete}
                return Answer(201, {"spec": {}, "status": status})
            case str() if asked.path == ACCESS:
                about = asked.body["spec"]["resourceAttributes"]
                return Answer(201, {"spec": {}, "status": {"allowed": about["verb"] in self.allowed}})
            case _:
                return Answer(201, {"spec": {}, "status": {"userInfo": {"username": USER}}})


def paths(server: ApiServer) -> list[str]:
    return [asked.path for asked in server.asked]


def checked(api_client: Any, wanted: Iterable[Right] = ALL, *namespaces: str) -> str:
    return permitted(Rights(api_client), [*wanted], namespaces or ("shop", "games"))()


def test_one_question_for_each_namespace_is_enough(api_client: Any, server: ApiServer) -> None:
    server.otherwise = Authorizer(shop=WHOLE, games=WHOLE)

    assert checked(api_client) == ""
    assert paths(server) == [RULES] * 2


def test_what_is_granted_in_the_whole_cluster_is_one_question(api_client: Any, server: ApiServer) -> None:
    server.otherwise = Authorizer([*WHOLE, rule("", "namespaces", "list", "watch")])

    assert checked(api_client, [*ALL, *on_namespaces(cluster_id=False)]) == ""
    assert paths(server) == [RULES]


@pytest.mark.parametrize(
    "granted",
    [
        rule("*", "*", "*"),
        rule("", "namespaces", "get", names=["kube-system"]),
        rule("", "namespaces", "get"),
    ],
)
def test_rules_may_be_wide_or_about_one_object(api_client: Any, server: ApiServer, granted: Rule) -> None:
    server.otherwise = Authorizer([granted])

    assert Rights(api_client).missing([Right("get", "", "namespaces", name="kube-system")]) == []


def test_a_right_on_one_object_is_none_on_all(api_client: Any, server: ApiServer) -> None:
    server.otherwise = Authorizer([rule("", "namespaces", "list", names=["shop"])])
    right = Right("list", "", "namespaces")

    assert Rights(api_client).missing([right]) == [right]


def test_what_is_missing_is_told_in_one_sentence(api_client: Any, server: ApiServer) -> None:
    games = [*WHOLE[:1], rule("events.k8s.io", "events", "create")]
    server.otherwise = Authorizer(shop=WHOLE, games=games)

    assert checked(api_client) == (
        f"The operator ({USER}) lacks rights. It may not do: patch events.events.k8s.io, "
        "things.headrace.io/status in namespace games. Bind the role that comes with its installation to it; "
        "it goes on by itself."
    )
    assert paths(server) == [RULES, RULES, ME]


def test_a_namespace_where_we_may_nothing_holds_up_no_other(
    api_client: Any, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.otherwise = Authorizer(shop=WHOLE)
    check = permitted(Rights(api_client), ALL, ("shop", "games"))

    assert [check(), check()] == ["", ""]
    assert [record.getMessage() for record in caplog.records] == [
        f"The operator ({USER}) lacks rights. It may not do: anything in namespace games, if there is one. "
        "Bind the role that comes with its installation to it; it goes on by itself."
    ]


def test_where_we_may_nothing_anywhere_we_wait(api_client: Any, server: ApiServer) -> None:
    server.otherwise = Authorizer()

    assert "anything in namespace games, if there is one; anything in namespace shop" in checked(api_client)


def test_an_authorizer_that_keeps_its_rules_to_itself_is_asked_about_each_right(
    api_client: Any, server: ApiServer
) -> None:
    answers = Authorizer(incomplete=True, shop=WHOLE[:2])
    answers.allowed = ["create"]
    server.otherwise = answers

    missing = Rights(api_client).missing(right for right in ALL if right.namespace == "shop")
    assert missing == [Right("patch", "events.k8s.io", "events", "shop")]
    assert paths(server) == [RULES, ACCESS, ACCESS]


def test_who_may_not_ask_finds_out_by_the_watch(api_client: Any, server: ApiServer) -> None:
    server.answers = [refusal(403, "not for you")]

    assert checked(api_client) == ""


def test_an_api_server_that_does_not_answer_is_told(api_client: Any, server: ApiServer) -> None:
    server.answers = [Answer(None)]

    with pytest.raises(ApiError, match="cannot be reached to review our own rights"):
        checked(api_client)
