"""Two replicas: one works, the other takes over, and whoever led before sends nothing more."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace import __version__
from sandbox.operator import NAMESPACE, Operator
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.buckets import full_spec
from tests.e2e.replicas import LEASE, Replicas, leads, messages, release_of, stopped

pytestmark = pytest.mark.e2e


@pytest.fixture
def replicas(lone: World, tmp_path: Path) -> Iterator[Replicas]:
    made = Replicas(lone, tmp_path)
    yield made
    made.end()
    made.forget()


def ended(operator: Operator, seconds: float = 35) -> int | None:
    return operator.child.wait(seconds)


def lost(operator: Operator) -> list[str]:
    """Return all that it said when it led no more; there is to be one sentence, and no traceback."""
    assert "Traceback" not in operator.log
    return [line for line in messages(operator, "error") if line.startswith("Leadership is lost: ")]


def test_one_works_and_the_other_stands_ready_without_a_call(lone: World, replicas: Replicas) -> None:
    one, two = replicas.pair()
    mark, audit = lone.aws.mark(), lone.audit.mark()
    lone.apply(full_spec(lone))
    lone.ready()
    assert replicas.asked_aws("one", mark)
    assert replicas.asked_aws("two", mark) == []
    assert replicas.wrote("two", audit) == []
    assert two.get("/readyz") == two.get("/healthz") == "ok"
    ready = 'headrace_objects{kind="AcceleratedBucket",state="ready"}'
    assert f"{ready} 1.0" in one.get("/metrics")
    assert f"{ready} 0.0" in two.get("/metrics"), "or each object would be counted twice"
    holder = replicas.lease()["holderIdentity"]
    assert holder.startswith("one_")
    assert messages(two)[0].startswith(f"Standing by: Lease {NAMESPACE}/{LEASE} is held by {holder} since ")


def test_requests_of_the_election_are_as_many_as_is_written(lone: World, replicas: Replicas) -> None:
    """The leader replaces the Lease once a renewal and reads it never; a standby only reads."""
    replicas.pair()
    mark = lone.audit.mark()
    began = replicas.lease()["renewTime"]
    wait_until(lambda: replicas.lease()["renewTime"] > began, what="a renewal")
    time.sleep(4)
    asked = [r for r in lone.audit.since(mark) if r.resource == "leases" and "headrace/" in r.user_agent]
    of = {name: {r.verb for r in asked if f"({name}_" in r.user_agent} for name in ("one", "two")}
    assert of == {"one": {"update"}, "two": {"get"}}
    assert {r.code for r in asked} == {200}


def test_an_idle_leader_that_is_asked_to_end_hands_over_at_once(lone: World, replicas: Replicas) -> None:
    one, two = replicas.pair()
    lone.apply(full_spec(lone))
    lone.ready()
    os.kill(one.child.pid, signal.SIGTERM)
    # Nobody may lead at this very moment: it is seen to by whoever is next.
    lone.apply(full_spec(lone, versioning={"enabled": False}))
    lone.ready()
    assert ended(one) == 0
    leads(two)
    assert replicas.lease()["holderIdentity"].startswith("two_")
    assert replicas.lease()["leaseTransitions"] == 1
    assert messages(one)[-1] == f"Leadership is given up: Lease {NAMESPACE}/{LEASE} is free."


def test_a_busy_leader_finishes_what_runs_and_leads_until_then(lone: World, replicas: Replicas) -> None:
    one, two = replicas.pair()
    held = lone.aws.fault(operation="CreateBucket", resource=lone.name(), action="hold")
    mark = lone.aws.mark()
    lone.apply(full_spec(lone))
    lone.aws.wait_until_held(held)
    os.kill(one.child.pid, signal.SIGTERM)
    wait_until(lambda: "Asked to end" in one.log, what="the signal")
    # Longer than the Lease lasts: it is renewed meanwhile.
    time.sleep(4)
    assert one.child.alive
    assert replicas.lease()["holderIdentity"].startswith("one_")
    lone.aws.release(held)
    assert ended(one) == 0
    leads(two)
    lone.ready()
    made = [c.operation for c in replicas.asked_aws("one", mark) if c.operation.startswith(("Create", "Put"))]
    assert made[0] == "CreateBucket"
    assert "PutBucketVersioning" in made, "the pass went on to its end"
    assert not {"CreateBucket", "PutBucketVersioning"} & {
        c.operation for c in replicas.asked_aws("two", mark)
    }


def test_whoever_asks_twice_does_not_wait_for_what_runs(lone: World, replicas: Replicas) -> None:
    one, two = replicas.pair()
    held = lone.aws.fault(operation="CreateBucket", resource=lone.name(), action="hold")
    lone.apply(full_spec(lone))
    lone.aws.wait_until_held(held)
    os.kill(one.child.pid, signal.SIGTERM)
    wait_until(lambda: "Asked to end" in one.log, what="the signal")
    os.kill(one.child.pid, signal.SIGINT)
    assert ended(one, 15) == 0
    leads(two)
    assert "Traceback" not in one.log
    lone.aws.release(held)
    lone.ready()


def test_a_standby_that_is_asked_to_end_does_so_and_nobody_notices(lone: World, replicas: Replicas) -> None:
    one, two = replicas.pair()
    os.kill(two.child.pid, signal.SIGTERM)
    assert ended(two, 15) == 0
    lone.apply(full_spec(lone))
    lone.ready()
    assert replicas.lease()["leaseTransitions"] == 0
    assert one.child.alive


def test_a_leader_that_is_killed_is_replaced_when_its_lease_lapses(lone: World, replicas: Replicas) -> None:
    one, two = replicas.pair()
    lone.apply(full_spec(lone))
    lone.ready()
    one.kill()
    lone.apply(full_spec(lone, versioning={"enabled": False}))
    lone.ready()
    leads(two)
    one.start()
    wait_until(lambda: "held by two_" in one.log, what="the one that was killed stands by")


def test_a_leader_that_slept_beyond_its_term_sends_nothing_more_and_ends(
    lone: World, replicas: Replicas
) -> None:
    """It sleeps in the midst of a pass, with a queue full of work and workers that wait for their turn."""
    one, two = replicas.pair()
    names = [f"b{number}" for number in range(12)]
    # Each pass is held at its first write; the rest is due.
    held = lone.aws.fault(operation="CreateBucket", resource=f"{lone.namespace}-.*", action="hold")
    for name in names:
        lone.apply({"bucketName": lone.name(name), "region": "eu-central-1"}, name)
    lone.aws.wait_until_held(held)
    with stopped(one):
        leads(two)
        mark, audit = lone.aws.mark(), lone.audit.mark()
        lone.aws.release(held)
        for name in names:
            lone.ready(name, 60)
        assert replicas.asked_aws("two", mark)
        # What was on its way when it fell asleep has been answered by now.
        on_its_way = {(c.operation, c.resource) for c in replicas.asked_aws("one", mark)}
        assert {operation for operation, _ in on_its_way} <= {"CreateBucket"}
        mark = lone.aws.mark()
    assert ended(one) == 1
    assert replicas.asked_aws("one", mark) == []
    assert replicas.wrote("one", audit) == []
    assert len(lost(one)) == 1
    assert "this process did not get to it" in lost(one)[0]
    assert "bug while" not in one.log
    for name in names:
        lone.look_now(name)


def test_an_outage_of_the_api_server_ends_the_leader_and_a_standby_takes_over_after_it(
    lone: World, replicas: Replicas
) -> None:
    one, two = replicas.pair()
    lone.apply(full_spec(lone))
    lone.ready()
    lone.plane.kill_apiserver()
    try:
        assert ended(one) == 1
        assert len(lost(one)) == 1
        assert two.get("/healthz") == "ok"
        # It is started again as Kubernetes does it, and waits for the API server with the other one.
        one.stop()
        one.start(wait=False)
    finally:
        lone.plane.start_apiserver()
    lone.apply(full_spec(lone, versioning={"enabled": False}))
    lone.ready(seconds=60)
    assert two.child.alive
    assert len([line for line in messages(two, "warning") if "get Lease" in line]) == 1


def test_a_lease_that_another_program_holds_is_told_of_and_waited_for(
    lone: World, replicas: Replicas
) -> None:
    replicas.hold("someone-else", 3600)
    one = replicas.replica("one")
    sentence = (
        f"Standing by: Lease {NAMESPACE}/{LEASE} is held by someone-else. It is not labelled as Headrace's: "
        "if it is another program's, choose another --lease-name."
    )
    wait_until(lambda: sentence in messages(one), what="the sentence")
    lone.apply(full_spec(lone))
    time.sleep(2)
    assert one.get("/healthz") == "ok"
    assert lone.calls() == []
    assert messages(one).count(sentence) == 1
    # Its fields become nonsense, and nobody renews it: the rules say when it is free.
    replicas.hold("someone-else", 1)
    leads(one)
    lone.ready()
    replicas_spec = replicas.lease()
    assert replicas_spec["leaseTransitions"] == 1


def test_a_lease_that_says_nothing_is_free(lone: World, replicas: Replicas) -> None:
    replicas.hold(None, None)
    leads(replicas.replica("one"))


def test_without_rights_on_its_lease_a_replica_says_so_stays_unready_and_goes_on_once_it_has_them(
    lone: World, replicas: Replicas
) -> None:
    one = replicas.replica("one", "--lease-name", "other-lease", start=False)
    one.start(wait=False)
    sentence = (
        f"The operator's ServiceAccount may not get Lease {NAMESPACE}/other-lease: "
        'leases.coordination.k8s.io "other-lease" is forbidden'
    )
    wait_until(
        lambda: any(line.startswith(sentence) for line in messages(one, "warning")), what="the sentence"
    )
    assert one.get("/healthz") == "ok"
    assert one.get("/readyz") == ""
    run = lone.plane.kubectl_run
    account = "--serviceaccount=headrace-system:headrace-operator"
    run("create", "role", "more", "--verb=get,update", "--resource=leases", "-n", NAMESPACE)
    run("create", "rolebinding", "more", "--role=more", account, "-n", NAMESPACE)
    try:
        leads(one)
        assert one.get("/readyz") == "ok"
    finally:
        one.stop()
        run("delete", "role/more", "rolebinding/more", "lease/other-lease", "-n", NAMESPACE)


def test_two_releases_on_the_same_objects_are_told_of_each_other_and_live(
    lone: World, replicas: Replicas
) -> None:
    release_of(lone, lone.namespace)
    one = replicas.replica("one", "--cluster-id", "first")
    leads(one)
    other = replicas.replica("other", "--cluster-id", "second", "--own-namespace", lone.namespace)
    leads(other)
    lone.apply({"bucketName": lone.name(), "region": "eu-central-1"})

    def told(operator: Operator) -> list[str]:
        return [line for line in messages(operator, "warning") if line.startswith("Another release of")]

    # They do not agree whose it is, so that each tells its own story of it.
    wait_until(lambda: bool(told(one) or told(other)), what="one of them notices")
    for _ in range(3):
        lone.annotate("media", "headrace.io/reconcile-requested-at", str(time.monotonic()))
        time.sleep(0.5)
    wait_until(lambda: bool(told(one) and told(other)), what="both notice")
    assert told(one) == [
        "Another release of Headrace works on the same objects: the one with Lease "
        f"{lone.namespace}/{LEASE} has written AcceleratedBucket {lone.namespace}/media. Uninstall one, or "
        "give them disjoint --namespaces, and accounts of their own."
    ]
    assert len(told(other)) == 1
    assert "headrace_other_operators 1.0" in one.get("/metrics")
    found = lone.get()
    managers = [entry["manager"] for entry in found["metadata"]["managedFields"]]
    assert len(managers) == len(set(managers)) + 1 <= 6, "an entry for the object and one for its status each"
    assert found["metadata"]["generation"] == 1


def test_replicas_say_who_they_are(lone: World, replicas: Replicas) -> None:
    """The audit log tells replicas apart, and managedFields the release."""
    replicas.pair()
    audit = lone.audit.mark()
    lone.apply(full_spec(lone))
    lone.ready()
    holder = replicas.lease()["holderIdentity"]
    agents = {r.user_agent for r in replicas.wrote("one", audit) if r.group == "headrace.io"}
    assert agents == {f"headrace/{__version__} ({holder})"}
    managers = {entry["manager"] for entry in lone.get()["metadata"]["managedFields"]}
    assert managers == {"kubectl", f"headrace/{NAMESPACE}/{LEASE}"}
