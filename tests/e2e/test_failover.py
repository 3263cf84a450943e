"""Two replicas: one works, the other takes over, and whoever led before sends nothing more."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from headrace import __version__
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import NAMESPACE, SERVICE_ACCOUNT
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.buckets import full_spec
from tests.e2e.replicas import LEASE, Replica, Replicas, release_of

pytestmark = pytest.mark.e2e

FREE = f"Leadership is given up: Lease {NAMESPACE}/{LEASE} is free."
MADE = {"CreateBucket", "PutBucketVersioning"}
WORKERS = 10
"""So many objects an operator works on at once, by default."""


@pytest.fixture(scope="module")
def replicas(
    lone_plane: ControlPlane, lone_aws: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    made = Replicas(lone_plane, lone_aws, tmp_path_factory.mktemp("replicas"))
    made.forget()
    yield made
    made.end()
    made.forget()


def end(replica: Replica, signal_: signal.Signals = signal.SIGTERM) -> None:
    os.kill(replica.child.pid, signal_)


def lost(replica: Replica) -> list[str]:
    """Return all that it said when it led no more; there is to be one sentence, and no traceback."""
    assert "Traceback" not in replica.log
    return [line for line in replica.said("error") if line.startswith("Leadership is lost: ")]


def counts(replica: Replica, metric: str) -> bool:
    """Say whether a metric is there, and more than nothing."""
    metrics = replica.get("/metrics")
    return metric in metrics and f"{metric} 0.0" not in metrics


def edit(lone: World, *, versioning: bool) -> None:
    lone.apply(full_spec(lone, versioning={"enabled": versioning}))


def test_one_works_and_the_other_stands_ready_without_a_call(lone: World, replicas: Replicas) -> None:
    leader, standby = replicas.pair()
    mark, audit = lone.aws.mark(), lone.audit.mark()
    lone.apply(full_spec(lone))
    lone.ready()
    assert replicas.asked_aws(leader, mark)
    assert (replicas.asked_aws(standby, mark), replicas.wrote(standby, audit)) == ([], [])
    assert standby.get("/readyz") == standby.get("/healthz") == "ok"
    ready = 'headrace_objects{kind="AcceleratedBucket",state="ready"}'
    wait_until(lambda: counts(leader, ready), what="the leader counts what is ready")
    assert f"{ready} 0.0" in standby.get("/metrics"), "or each object would be counted twice"
    # The audit log tells replicas apart, and managedFields the release.
    holder = replicas.lease()["holderIdentity"]
    agents = {r.user_agent for r in replicas.wrote(leader, audit) if r.group == "headrace.io"}
    assert agents == {f"headrace/{__version__} ({holder})"}
    # kopf's session, too: nobody else lists them at the start.
    listed = [r for r in replicas.asked(leader, 0) if r.verb == "list" and r.resource == "distributions"]
    assert {r.user_agent for r in listed} >= agents
    managers = {entry["manager"] for entry in lone.get()["metadata"]["managedFields"]}
    assert managers == {"kubectl", f"headrace/{NAMESPACE}/{LEASE}"}
    assert f"Standing by: Lease {NAMESPACE}/{LEASE} is held by {holder} since " in standby.log


def test_a_leader_replaces_the_lease_and_a_standby_reads_it(lone: World, replicas: Replicas) -> None:
    leader, standby = replicas.pair()
    mark, renewed = lone.audit.mark(), replicas.lease()["renewTime"]

    def asked(replica: Replica) -> list[tuple[str, int]]:
        return [(r.verb, r.code) for r in replicas.asked(replica, mark) if r.resource == "leases"]

    wait_until(lambda: min(len(asked(each)) for each in (leader, standby)) >= 3, what="several renewals")
    assert replicas.lease()["renewTime"] > renewed
    of = {each.name: set(asked(each)) for each in (leader, standby)}
    assert of == {leader.name: {("update", 200)}, standby.name: {("get", 200)}}


def test_an_idle_leader_that_is_asked_to_end_hands_over_at_once(lone: World, replicas: Replicas) -> None:
    leader, standby = replicas.pair()
    before = replicas.lease()["leaseTransitions"]
    lone.apply(full_spec(lone))
    lone.ready()
    mark = lone.audit.mark()
    end(leader)
    # Nobody may lead at this very moment: it is seen to by whoever is next.
    edit(lone, versioning=False)
    lone.ready(seconds=60)
    # Its watches may be behind.
    listed = sorted(r.resource for r in replicas.asked(standby, mark) if r.verb == "list")
    assert listed == ["acceleratedbuckets", "awsaccounts", "distributions", "namespaces"]
    assert leader.child.wait(30) == 0
    standby.leads()
    assert replicas.lease()["holderIdentity"].startswith(f"{standby.name}_")
    assert replicas.lease()["leaseTransitions"] == before + 1
    assert leader.said()[-1] == FREE


def test_a_busy_leader_finishes_what_runs_and_leads_until_then(lone: World, replicas: Replicas) -> None:
    leader, standby = replicas.pair()
    held = lone.aws.fault(operation="CreateBucket", resource=lone.name(), action="hold")
    mark = lone.aws.mark()
    lone.apply(full_spec(lone))
    lone.aws.wait_until_held(held)
    end(leader)
    leader.says("Asked to end")
    # Longer than the Lease lasts: it is renewed meanwhile.
    time.sleep(11)
    assert leader.child.alive
    assert replicas.lease()["holderIdentity"].startswith(f"{leader.name}_")
    lone.aws.release(held)
    assert leader.child.wait(30) == 0
    standby.leads()
    lone.ready()
    finished = {call.operation for call in replicas.asked_aws(leader, mark)}
    assert finished >= MADE, "the pass went on to its end"
    assert not MADE & {call.operation for call in replicas.asked_aws(standby, mark)}


def test_whoever_asks_twice_does_not_wait_for_what_runs_and_hands_over_nothing(
    lone: World, replicas: Replicas
) -> None:
    """What it sent may still arrive: others wait until the Lease lapses, as after a crash."""
    leader, standby = replicas.pair()
    held = lone.aws.fault(operation="CreateBucket", resource=lone.name(), action="hold")
    lone.apply(full_spec(lone))
    lone.aws.wait_until_held(held)
    end(leader)
    leader.says("Asked to end")
    end(leader, signal.SIGINT)
    leader.says("What runs was not finished, and is begun again by the next one.")
    assert leader.child.wait(15) == 0
    assert FREE not in leader.said()
    assert replicas.lease()["holderIdentity"].startswith(f"{leader.name}_")
    standby.leads()
    assert "Traceback" not in leader.log
    lone.aws.release(held)
    lone.ready()


def test_a_standby_that_is_asked_to_end_does_so_and_nobody_notices(lone: World, replicas: Replicas) -> None:
    leader, standby = replicas.pair()
    before = replicas.lease()
    end(standby)
    assert standby.child.wait(15) == 0
    assert FREE not in standby.said()
    after = replicas.lease()
    assert after["holderIdentity"] == before["holderIdentity"]
    assert after["leaseTransitions"] == before["leaseTransitions"]
    assert leader.get("/readyz") == "ok"


def test_a_leader_that_is_killed_is_replaced_when_its_lease_lapses(lone: World, replicas: Replicas) -> None:
    leader, standby = replicas.pair()
    lone.apply(full_spec(lone))
    lone.ready()
    leader.kill()
    edit(lone, versioning=False)
    lone.ready(seconds=60)
    standby.leads()


def test_a_leader_that_slept_beyond_its_term_sends_nothing_more_and_ends(
    lone: World, replicas: Replicas
) -> None:
    """It sleeps in the midst of as many passes as it has workers, with more work waiting."""
    leader, standby = replicas.pair()
    names = [f"b{number}" for number in range(12)]
    held = lone.aws.fault(operation="CreateBucket", resource=f"{lone.namespace}-.*", action="hold")
    for name in names:
        lone.apply({"bucketName": lone.name(name), "region": "eu-central-1"}, name)
    # None is between the fence and what it sends: that would be sent when it wakes up.
    lone.aws.wait_until_held(held, WORKERS)
    with leader.asleep():
        standby.leads()
        mark, audit = lone.aws.mark(), lone.audit.mark()
        lone.aws.release(held)
        for name in names:
            lone.ready(name, 60)
        assert replicas.asked_aws(standby, mark)
        # What was on its way when it fell asleep has been answered by now.
        assert {call.operation for call in replicas.asked_aws(leader, mark)} <= {"CreateBucket"}
        mark = lone.aws.mark()
    assert leader.child.wait(30) == 1
    assert replicas.asked_aws(leader, mark) == []
    assert replicas.wrote(leader, audit) == []
    (sentence,) = lost(leader)
    # Why, depends on whether it fell asleep while it asked.
    assert "was not renewed within 5 s: " in sentence
    assert "; the process ends" in sentence
    assert "bug while" not in leader.log


@contextmanager
def gone(plane: ControlPlane) -> Iterator[None]:
    """Have nobody listen where the API server is."""
    plane.kill_apiserver()
    try:
        yield
    finally:
        plane.start_apiserver()


@contextmanager
def hanging(plane: ControlPlane) -> Iterator[None]:
    """Have the API server take requests and answer none."""
    os.kill(plane.pids["kube-apiserver"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(plane.pids["kube-apiserver"], signal.SIGCONT)


@pytest.mark.parametrize("outage", [gone, hanging])
def test_an_outage_of_the_api_server_ends_the_leader_and_a_standby_takes_over_after_it(
    lone: World, replicas: Replicas, outage: Callable[[ControlPlane], AbstractContextManager[None]]
) -> None:
    leader, standby = replicas.pair()
    lone.apply(full_spec(lone))
    lone.ready()
    with outage(lone.plane):
        assert leader.child.wait(30) == 1
        assert len(lost(leader)) == 1
        assert standby.get("/healthz") == "ok"
        # It is started again, as Kubernetes does it, and waits for the API server beside the other one.
        leader.stop()
        leader.start(wait=False)
        wait_until(lambda: leader.get("/healthz") == "ok", what="it lives again", children=[leader.child])
    edit(lone, versioning=False)
    lone.ready(seconds=60)
    assert standby.child.alive
    assert leader.child.alive
    assert len([line for line in standby.said("warning") if "cannot be reached to get Lease" in line]) == 1


def test_a_lease_that_another_program_holds_is_told_of_and_waited_for(
    lone: World, replicas: Replicas
) -> None:
    leader, standby = replicas.pair()
    replicas.hold("someone-else", 3600)
    assert leader.child.wait(30) == 1
    assert f"Lease {NAMESPACE}/{LEASE} is held by someone-else now" in lost(leader)[0]
    standby.says(f"Lease {NAMESPACE}/{LEASE} is held by someone-else since ")
    mark = lone.aws.mark()
    lone.apply(full_spec(lone))
    time.sleep(2)
    assert standby.get("/healthz") == "ok"
    assert replicas.asked_aws(standby, mark) == []
    assert len([line for line in standby.said() if "held by someone-else" in line]) == 1
    # Nobody renews it: the rules say when it is free.
    replicas.hold("someone-else", 1, renewTime="0000-12-31T23:00:00.000000Z")
    standby.leads()
    lone.ready()


def test_without_rights_on_its_lease_a_replica_says_so_and_goes_on_once_it_has_them(
    lone: World, replicas: Replicas
) -> None:
    """It is not ready until then, so that no rollout goes on over it.

    Its ServiceAccount is its own: what it may more is no part of the rights of all others.
    """
    one, run = replicas.replica("poor", "--lease-name", "other-lease"), lone.plane.kubectl_run
    one.service_account, account = (NAMESPACE, "poor"), f"--serviceaccount={NAMESPACE}:poor"
    run("create", "serviceaccount", "poor", "-n", NAMESPACE)
    run("create", "clusterrolebinding", "poor", f"--clusterrole={SERVICE_ACCOUNT}", account)
    try:
        one.start(wait=False)
        one.says(f"The operator's ServiceAccount may not get Lease {NAMESPACE}/other-lease: ")
        assert one.get("/healthz") == "ok"
        assert one.get("/readyz") == ""
        run("create", "role", "poor", "--verb=get,create,update", "--resource=leases", "-n", NAMESPACE)
        run("create", "rolebinding", "poor", "--role=poor", account, "-n", NAMESPACE)
        one.leads()
        assert one.ready()
    finally:
        one.stop()
        made = ("serviceaccount/poor", "role/poor", "rolebinding/poor", "lease/other-lease")
        run("delete", *made, "-n", NAMESPACE, "--ignore-not-found")
        run("delete", "clusterrolebinding", "poor")


def test_two_releases_on_the_same_objects_are_told_of_each_other_and_live(
    lone: World, replicas: Replicas
) -> None:
    release_of(lone, lone.namespace)
    here, _ = replicas.pair()
    # They do not agree whose the bucket is: each tells its own story of it.
    where = ("--namespaces", lone.namespace, "--own-namespace", lone.namespace)
    other = replicas.replica("other", "--cluster-id", "second", *where)
    try:
        other.start()
        other.leads()
        lone.apply({"bucketName": lone.name(), "region": "eu-central-1"})

        def told(replica: Replica) -> list[str]:
            return [line for line in replica.said("warning") if line.startswith("Another release of")]

        def both() -> bool:
            lone.annotate("media", "headrace.io/reconcile-requested-at", str(time.monotonic()))
            return bool(told(here) and told(other))

        wait_until(both, what="each notices the other")
        assert told(here) == [
            "Another release of Headrace works on the same objects: the one with Lease "
            f"{lone.namespace}/{LEASE} has written AcceleratedBucket {lone.namespace}/media. "
            "Uninstall one, or give them disjoint --namespaces; AWSAccounts are shared by all releases of a "
            "cluster unless --accounts is used."
        ]
        assert len(told(other)) == 1
        assert "headrace_other_operators 1.0" in here.get("/metrics")
        mark = lone.audit.mark()
        lone.annotate("media", "headrace.io/reconcile-requested-at", "once more")

        def writes() -> list[int]:
            written = [replicas.wrote(each, mark) for each in (here, other)]
            return [len([r for r in requests if r.group == "headrace.io"]) for requests in written]

        time.sleep(5)
        assert max(writes()) <= 12, "each answers the other ever more seldom"
        wait_until(lambda: min(writes()) >= 1, what="both write: they do not agree")
    finally:
        other.stop()
    metadata = lone.get()["metadata"]
    written = [(each["manager"], each.get("subresource")) for each in metadata["managedFields"]]
    assert len(written) == len(set(written)) <= 6, "an entry for each release and place, however often"
    assert metadata["generation"] == 1


def test_a_lease_of_another_program_is_left_alone_and_one_of_nobody_is_taken(replicas: Replicas) -> None:
    replicas.end()
    replicas.forget()
    replicas.hold("someone-else", 1)
    alone = replicas.replica("alone")
    try:
        alone.start(wait=False)
        alone.says(f"Lease {NAMESPACE}/{LEASE} is another program's: it is not labelled as Headrace's, ")
        time.sleep(2)
        assert (alone.get("/healthz"), alone.get("/readyz")) == ("ok", "")
        assert replicas.lease()["holderIdentity"] == "someone-else"
        replicas.forget()
        alone.leads()
        alone.stop()
        replicas.forget()
        replicas.hold(None, None)
        alone.start()
        alone.leads()
    finally:
        alone.stop()
