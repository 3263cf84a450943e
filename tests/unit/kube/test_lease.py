"""The Lease as the API server has it: its fields by their names, errors as sentences, and a deadline each."""

import threading
import time
from math import inf
from typing import Any

import pytest

from headrace.controller.api import ApiError, Forbidden, Gone, Stale
from headrace.controller.elector import Barred, Elector, Lost, Record, Timing
from headrace.engine.fence import Fence
from headrace.kube.lease import Lease
from headrace.kube.times import stamp
from sandbox.processes import wait_until
from tests.unit.kube.apiserver import Answer, ApiServer, refusal

COLLECTION = "/apis/coordination.k8s.io/v1/namespaces/system/leases"
THEN, NOW = "2026-11-21T10:00:00.000000Z", "2026-11-21T10:00:02.000001Z"
METADATA = {
    "name": "op",
    "namespace": "system",
    "uid": "uid-1",
    "resourceVersion": "7",
    "labels": {"app.kubernetes.io/name": "headrace", "team": "platform"},
    "annotations": {"example.com/note": "mine"},
}
SPEC = {
    "holderIdentity": "pod-1_ab12",
    "leaseDurationSeconds": 15,
    "acquireTime": THEN,
    "renewTime": NOW,
    "leaseTransitions": 3,
}


@pytest.fixture
def lease(api_client: Any) -> Lease:
    return Lease(api_client, "system", "op")


def body(spec: Any = SPEC, **metadata: Any) -> dict[str, Any]:
    about = {**METADATA, "managedFields": [{"manager": "headrace"}], **metadata}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": about, "spec": spec}


def test_a_lease_is_read(lease: Lease, server: ApiServer) -> None:
    server.answers = [Answer(body=body())]
    found = lease.get(5)
    assert found == Record("pod-1_ab12", 15, THEN, NOW, 3)
    assert found is not None
    assert (found.version, found.ours) == ("7", True)
    assert server.asked[0].line == f"GET {COLLECTION}/op"


def test_there_may_be_none(lease: Lease, server: ApiServer) -> None:
    server.answers = [refusal(404, 'leases.coordination.k8s.io "op" not found')]
    assert lease.get(5) is None


@pytest.mark.parametrize("spec", [None, {}, dict.fromkeys(SPEC)])
def test_what_says_nothing_is_read_all_the_same(lease: Lease, server: ApiServer, spec: Any) -> None:
    server.answers = [Answer(body=body(spec, labels=None))]
    found = lease.get(5)
    assert found == Record()
    assert found is not None
    assert not found.ours


def test_a_lease_is_made(lease: Lease, server: ApiServer) -> None:
    server.answers = [Answer(201, body())]
    lease.create(Record("pod-1_ab12", 15, THEN, NOW, 3), 5)
    (asked,) = server.asked
    assert asked.line == f"POST {COLLECTION}"
    assert asked.body == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "op",
            "namespace": "system",
            "labels": {"app.kubernetes.io/name": "headrace"},
        },
        "spec": SPEC,
    }


def test_what_others_wrote_on_it_is_written_back_with_the_version(lease: Lease, server: ApiServer) -> None:
    server.answers = [Answer(body=body()), Answer(body=body())]
    found = lease.get(5)
    assert found is not None
    lease.update(found, 5)
    asked = server.asked[1]
    assert asked.line == f"PUT {COLLECTION}/op"
    assert asked.body["metadata"] == METADATA, "and not managedFields: what is not sent stays"
    assert asked.body["spec"] == SPEC


def test_a_lease_is_given_up_with_an_empty_holder(lease: Lease, server: ApiServer) -> None:
    server.answers = [Answer(body=body())]
    lease.update(Record("", 1, NOW, NOW, 3, "7"), 5)
    spec = server.asked[0].body["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == ("", 1, 3)


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (refusal(409, "…"), Stale, "Lease system/op has changed meanwhile"),
        (refusal(404, "…"), Gone, "Lease system/op is gone"),
        (
            refusal(403, 'leases "op" is forbidden'),
            Forbidden,
            'The operator\'s ServiceAccount may not update Lease system/op: leases "op" is forbidden',
        ),
        (
            refusal(500, "etcd is away"),
            ApiError,
            "The Kubernetes API server refused to update Lease system/op (500): etcd is away",
        ),
        (
            Answer(None),
            ApiError,
            "The Kubernetes API server cannot be reached to update Lease system/op: ",
        ),
    ],
)
def test_errors_are_sentences(
    lease: Lease, server: ApiServer, answer: Answer, error: type[ApiError], sentence: str
) -> None:
    server.answers = [answer]
    with pytest.raises(error) as raised:
        lease.update(Record("pod-1_ab12", 15, THEN, NOW, 3, "7"), 5)
    assert str(raised.value).startswith(sentence)
    assert type(raised.value) is error


def test_a_namespace_that_is_not_there_is_told(lease: Lease, server: ApiServer) -> None:
    server.answers = [refusal(404, 'namespaces "system" not found')]
    with pytest.raises(Barred, match=r"there is no namespace system\. Say "):
        lease.create(Record("pod-1_ab12", 15), 5)


def test_an_api_server_that_hangs_costs_no_more_than_the_deadline(lease: Lease, server: ApiServer) -> None:
    gate = threading.Event()
    server.answers = [Answer(body=body(), gate=lambda: gate.wait(30))]
    # On a busy machine the socket may be the first to notice.
    late = r"(no answer within 0\.1 s|.*Read timed out)"
    with pytest.raises(ApiError, match=rf"cannot be reached to get Lease system/op: {late}"):
        lease.get(0.1)
    gate.set()


def test_nor_does_one_whose_answer_never_ends(lease: Lease, server: ApiServer) -> None:
    """Each byte that comes in is a sign of life to a socket."""
    server.answers = [Answer(body=body(), pause=0.05)]
    with pytest.raises(ApiError, match=r"no answer within 0\.3 s"):
        lease.get(0.3)


def test_a_leader_ends_with_its_term_though_answers_never_end(lease: Lease, server: ApiServer) -> None:
    server.answers = [refusal(404, "no"), Answer(201, body()), *[Answer(body=body(), pause=0.05)] * 20]
    elector = Elector(lease, "pod-1_ab12", Timing(3, 0.6, 0.1), Fence(-inf), stamp)
    elector.step()
    assert elector.leading

    def steps() -> None:
        for _ in range(20):
            time.sleep(elector.step())

    with pytest.raises(Lost, match=r"not renewed within 0\.6 s: .*no answer within 0\."):
        steps()


def test_requests_that_never_end_do_not_pile_up(lease: Lease, server: ApiServer) -> None:
    server.otherwise = lambda _: Answer(body=body(), pause=0.05)
    for _ in range(5):
        with pytest.raises(ApiError) as raised:
            lease.get(0.3)
    assert "4 requests from before are under way still" in str(raised.value)
    # On a busy machine the last of them may still be on its way.
    wait_until(lambda: len(server.asked) >= 4, what="all of them arrive")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "said",
    [
        {},
        None,
        [],
        [1],
        "",
        "<html>…</html>",
        b"\xff\xfe",
        {"metadata": {}},
        {"kind": "Lease", "metadata": {}},
        {"kind": "Status", "metadata": METADATA},
        {"kind": "Lease", "metadata": METADATA, "spec": []},
        {"kind": "Lease", "metadata": {**METADATA, "labels": 3}},
    ],
)
@pytest.mark.parametrize("verb", ["get", "create", "update"])
def test_what_is_no_lease_is_an_error_and_no_bug(
    lease: Lease, server: ApiServer, said: Any, verb: str
) -> None:
    """A proxy between answers whatever it likes, and says that all is well."""
    server.answers = [Answer(body=said)]
    with pytest.raises(ApiError, match=r"^Lease system/op: .* answered with what is no Lease$"):
        lease.get(5) if verb == "get" else getattr(lease, verb)(Record("pod-1_ab12", 15, version="7"), 5)


def test_nor_is_a_charset_that_nobody_knows(lease: Lease, server: ApiServer) -> None:
    server.answers = [Answer(body=body(), headers={"Content-Type": "text/html; charset=none-such"})]
    with pytest.raises(ApiError, match="answered with what is no Lease"):
        lease.get(5)


def test_a_refusal_in_other_letters_is_an_error_too(lease: Lease, server: ApiServer) -> None:
    server.answers = [Answer(502, b"\xff")]
    with pytest.raises(ApiError, match=r"refused to get Lease system/op \(502\)"):
        lease.get(5)


def test_times_that_python_does_not_know_are_kept(lease: Lease, server: ApiServer) -> None:
    before = "0000-12-31T23:00:00.000000Z"
    server.answers = [Answer(body=body({**SPEC, "renewTime": before, "acquireTime": before}))] * 2
    found = lease.get(5)
    assert found is not None
    assert (found.acquired, found.renewed) == (before, before)
    lease.update(found, 5)
    assert server.asked[1].body["spec"]["renewTime"] == before


def test_the_time_of_day_always_has_microseconds() -> None:
    assert len(stamp()) == len(NOW)
    assert stamp().endswith("Z")
