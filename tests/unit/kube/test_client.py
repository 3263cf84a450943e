import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kubernetes import client

from headrace import __version__
from headrace.controller.api import ApiError, Forbidden, Gone, Stale
from headrace.engine.fence import Fence, NotLeading
from headrace.kube import client as module
from headrace.kube.client import KubeClient, make_client
from tests.unit.controller.cloud import ThingKind
from tests.unit.controller.objects import REF, body
from tests.unit.kube.apiserver import Answer, ApiServer, refusal
from tests.unit.kube.conftest import connected

PATH = "/apis/headrace.io/v1alpha1/namespaces/shop/things/media"
OPERATIONS = [{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}]
STATUS = {"metadata": {"resourceVersion": "1"}, "status": {"observedGeneration": 1, "drift": None}}

Call = Callable[[KubeClient], Any]
CALLS: dict[str, Call] = {
    "get": lambda kube: kube.get(REF),
    "patch the status of": lambda kube: kube.patch_status(REF, STATUS),
    "patch": lambda kube: kube.patch(REF, OPERATIONS),
}
every_call = pytest.mark.parametrize(("verb", "call"), CALLS.items(), ids=CALLS)


@pytest.fixture
def kube(api_client: Any) -> KubeClient:
    return KubeClient(api_client, {"Thing": ThingKind()})


# What is asked


def test_an_object_is_read(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(body=body())]

    assert kube.get(REF) == body()
    assert [asked.line for asked in server.asked] == [f"GET {PATH}"]


def test_a_status_is_merge_patched(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(body=body(version=2))]

    assert kube.patch_status(REF, STATUS) == body(version=2)
    (asked,) = server.asked
    assert asked.line == f"PATCH {PATH}/status"
    assert asked.headers["Content-Type"] == "application/merge-patch+json"
    assert asked.body == STATUS, "a null takes away, so it must be sent"


def test_an_object_is_json_patched(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(body=body(version=2))]

    assert kube.patch(REF, tuple(OPERATIONS)) == body(version=2)
    (asked,) = server.asked
    assert asked.line == f"PATCH {PATH}"
    assert asked.headers["Content-Type"] == "application/json-patch+json"
    assert asked.body == OPERATIONS


def test_the_cluster_is_known_by_the_uid_of_kube_system(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(body={"metadata": {"name": "kube-system", "uid": "u-1"}})]

    assert kube.cluster_id() == "u-1"
    assert server.asked[0].line == "GET /api/v1/namespaces/kube-system"


@pytest.mark.parametrize(("named", "namespace"), [((), "headrace-system"), (("shop",), "shop")])
def test_a_secret_is_read_in_the_operator_s_namespace_unless_another_is_named(
    api_client: Any, server: ApiServer, named: tuple[str, ...], namespace: str
) -> None:
    kube = KubeClient(api_client, {}, "headrace-system")
    found = {"metadata": {"resourceVersion": "7"}, "data": {"api": "czNjcjN0"}}
    server.answers = [Answer(body=found), refusal(404, "there is none")]

    secret = kube.secret("keys", *named)

    assert secret is not None
    assert (secret.version, secret.values) == ("7", {"api": "s3cr3t"})
    assert "s3cr3t" not in repr(secret)
    assert kube.secret("keys", *named) is None
    assert {asked.line for asked in server.asked} == {f"GET /api/v1/namespaces/{namespace}/secrets/keys"}


def test_a_secret_that_may_not_be_read_says_who_we_are(kube: KubeClient, server: ApiServer) -> None:
    user = "system:serviceaccount:headrace-system:headrace-operator"
    said = f'secrets "keys" is forbidden: User "{user}" cannot get resource "secrets" in API group ""'
    server.answers = [refusal(403, said)]

    with pytest.raises(Forbidden, match="may not get Secret shop/keys") as caught:
        kube.secret("keys", "shop")
    assert caught.value.user == user


def test_the_server_is_told_who_asks(kube: KubeClient, server: ApiServer) -> None:
    kube.get(REF)

    assert server.asked[0].headers["User-Agent"] == f"headrace/{__version__}"


def test_many_threads_ask_side_by_side(server: ApiServer) -> None:
    all_are_here = threading.Barrier(8)
    server.answers = [
        Answer(body=body(version=number), gate=lambda: all_are_here.wait(30)) for number in range(8)
    ]
    api_client = connected(server.url, connections=8)
    kube = KubeClient(api_client, {"Thing": ThingKind()})
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(kube.get, REF) for _ in range(8)]
        versions = {answer.result()["metadata"]["resourceVersion"] for answer in answers}
    api_client.rest_client.pool_manager.clear()

    assert versions == {str(number) for number in range(8)}


# What is refused


@every_call
def test_what_is_not_there_is_gone(kube: KubeClient, server: ApiServer, verb: str, call: Call) -> None:
    server.answers = [refusal(404, 'things "media" not found')]

    with pytest.raises(Gone, match=r"^Thing shop/media is gone$"):
        call(kube)


@every_call
def test_a_conflict_is_stale(kube: KubeClient, server: ApiServer, verb: str, call: Call) -> None:
    server.answers = [refusal(409, "the object has been modified")]

    with pytest.raises(Stale, match=r"^Thing shop/media has changed meanwhile$"):
        call(kube)


def test_a_test_that_fails_is_stale(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [refusal(422, "the server rejected our request due to an error in our request")]

    with pytest.raises(Stale, match=r"^Thing shop/media has changed meanwhile$"):
        kube.patch(REF, OPERATIONS)


def test_a_status_that_the_schema_refuses_is_not_stale(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [refusal(422, "status.drift: Invalid value")]

    with pytest.raises(ApiError) as refused:
        kube.patch_status(REF, STATUS)

    assert not isinstance(refused.value, Stale)
    assert str(refused.value) == (
        "The Kubernetes API server refused to patch the status of Thing shop/media (422): "
        "status.drift: Invalid value"
    )


@every_call
def test_what_is_forbidden_says_what_the_service_account_lacks(
    kube: KubeClient, server: ApiServer, verb: str, call: Call
) -> None:
    server.answers = [refusal(403, 'things.headrace.io "media" is forbidden')]

    with pytest.raises(ApiError) as refused:
        call(kube)

    assert type(refused.value) is Forbidden
    assert str(refused.value) == (
        f"The operator's ServiceAccount may not {verb} Thing shop/media: "
        'things.headrace.io "media" is forbidden'
    )


@every_call
@pytest.mark.parametrize("code", [400, 401, 429, 500, 503])
def test_any_other_refusal_is_told_with_its_code(
    kube: KubeClient, server: ApiServer, verb: str, call: Call, code: int
) -> None:
    server.answers = [refusal(code, "etcdserver: request timed out")]

    with pytest.raises(ApiError) as refused:
        call(kube)

    assert type(refused.value) is ApiError
    assert str(refused.value) == (
        f"The Kubernetes API server refused to {verb} Thing shop/media ({code}): "
        "etcdserver: request timed out"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"), ("", "Bad Gateway"), ("[]", "[]")],
)
def test_what_a_proxy_says_is_told_as_it_is(
    kube: KubeClient, server: ApiServer, said: str, told: str
) -> None:
    server.answers = [Answer(502, said)]

    with pytest.raises(ApiError) as refused:
        kube.get(REF)

    assert str(refused.value) == (f"The Kubernetes API server refused to get Thing shop/media (502): {told}")


@pytest.mark.parametrize("status", [500, 503, 429, None])
def test_nothing_is_tried_twice_because_the_queue_does_that(
    kube: KubeClient, server: ApiServer, status: int | None
) -> None:
    server.answers = [Answer(status, {}, {"Retry-After": "1"})]

    with pytest.raises(ApiError):
        kube.patch_status(REF, STATUS)

    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "after"),
    [("7", 7.0), ("0", 0.0), ("", 0.0), ("soon", 0.0), ("Fri, 31 Dec 2027 23:59:59 GMT", 0.0)],
)
def test_for_how_long_the_api_server_asks_to_be_spared_is_handed_on(
    kube: KubeClient, server: ApiServer, status: int, said: str, after: float
) -> None:
    server.answers = [Answer(status, {"message": "too many requests"}, {"Retry-After": said})]

    with pytest.raises(ApiError) as refused:
        kube.patch_status(REF, STATUS)

    assert refused.value.after == after


def test_a_redirect_is_not_followed(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(307, {}, {"Location": f"{server.url}/elsewhere"})]

    with pytest.raises(ApiError):
        kube.get(REF)

    assert len(server.asked) == 1


# What is served


def test_the_kinds_that_are_served_are_told(kube: KubeClient, server: ApiServer) -> None:
    entry = {"kind": "Thing", "singularName": "thing", "namespaced": True, "verbs": ["get"]}
    resources = [{**entry, "name": name} for name in ("things", "things/status")]
    server.answers = [Answer(body={"groupVersion": "headrace.io/v1alpha1", "resources": resources})]

    assert kube.served() == {"things", "things/status"}
    assert [asked.line for asked in server.asked] == ["GET /apis/headrace.io/v1alpha1"]


def test_without_any_crd_of_ours_nothing_is_served(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(404, "404 page not found")]

    assert kube.served() == frozenset()


def test_what_is_served_is_not_known_where_the_server_fails(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [refusal(503, "starting")]

    with pytest.raises(ApiError, match=r"list the resources of headrace.io/v1alpha1 \(503\): starting$"):
        kube.served()


# No way to the server


def unreachable() -> str:
    """Return an address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@every_call
def test_where_nobody_listens_a_sentence_says_so(verb: str, call: Call) -> None:
    kube = KubeClient(connected(unreachable()), {"Thing": ThingKind()})

    with pytest.raises(ApiError) as refused:
        call(kube)

    assert str(refused.value).startswith(
        f"The Kubernetes API server cannot be reached to {verb} Thing shop/media: "
    )
    assert "Connection refused" in str(refused.value)


def test_a_connection_that_is_cut_says_so(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [Answer(None)]

    with pytest.raises(
        ApiError, match=r"^The Kubernetes API server cannot be reached to get Thing shop/media: "
    ):
        kube.get(REF)


def test_a_server_that_speaks_no_tls_is_told_of(server: ApiServer) -> None:
    kube = KubeClient(connected(server.url.replace("http:", "https:")), {"Thing": ThingKind()})

    with pytest.raises(ApiError, match=r"cannot be reached to get Thing shop/media: SSLError \[SSL: "):
        kube.get(REF)


def test_the_cluster_id_fails_with_a_sentence_too(kube: KubeClient, server: ApiServer) -> None:
    server.answers = [refusal(403, "namespaces is forbidden"), Answer(None)]

    with pytest.raises(ApiError) as refused:
        kube.cluster_id()
    with pytest.raises(ApiError, match="cannot be reached to get the namespace kube-system"):
        kube.cluster_id()

    assert str(refused.value) == (
        "The operator's ServiceAccount may not get the namespace kube-system: namespaces is forbidden"
    )


@pytest.mark.parametrize("call", [*CALLS.values(), lambda kube: kube.cluster_id()])
def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    kube: KubeClient, server: ApiServer, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    connect, read = module.TIMEOUT
    assert (connect, read) <= (5, 30)
    monkeypatch.setattr(module, "TIMEOUT", (0.05, 0.05))
    gate = threading.Event()
    server.answers = [Answer(gate=lambda: gate.wait(30))]

    with pytest.raises(ApiError, match=r"cannot be reached .*timed out"):
        call(kube)
    gate.set()


# Who writes, and whether it may


def test_writes_say_for_whom_they_are(api_client: Any, server: ApiServer) -> None:
    kube = KubeClient(api_client, {"Thing": ThingKind()}, manager="headrace/system/op")
    server.answers = [Answer(body=body(version=2))] * 3
    for call in CALLS.values():
        call(kube)
    manager = "?fieldManager=headrace%2Fsystem%2Fop"
    assert [asked.line for asked in server.asked] == [
        f"GET {PATH}",
        f"PATCH {PATH}/status{manager}",
        f"PATCH {PATH}{manager}",
    ]


def test_past_a_closed_fence_it_reads_and_does_not_write(api_client: Any, server: ApiServer) -> None:
    kube = KubeClient(api_client, {"Thing": ThingKind()}, fence=Fence(float("-inf")))
    server.answers = [Answer(body=body())]
    assert CALLS["get"](kube) == body()
    for verb in ("patch", "patch the status of"):
        with pytest.raises(NotLeading):
            CALLS[verb](kube)
    assert len(server.asked) == 1


def test_a_client_names_the_replica_that_it_is_of(server: ApiServer) -> None:
    configuration = client.Configuration()
    configuration.host = server.url
    made = make_client(configuration, 1, identity="pod-1_ab12")
    server.answers = [Answer(body=body())]
    KubeClient(made, {"Thing": ThingKind()}).get(REF)
    assert server.asked[0].headers["User-Agent"] == f"headrace/{__version__} (pod-1_ab12)"
    made.rest_client.pool_manager.clear()
