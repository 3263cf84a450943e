"""The control plane is a real one: it authorises, collects garbage, writes its audit log, and goes away."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.control_plane.audit import AuditLog, by_user, read, service_account_user
from sandbox.control_plane.build import kubernetes_version
from sandbox.control_plane.server import NEEDED, ControlPlane
from sandbox.errors import SandboxError
from sandbox.processes import wait_until
from tests.e2e.rights import known

pytestmark = pytest.mark.e2e


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl_run("create", "namespace", name)
    yield name
    control_plane.kubectl_run("delete", "namespace", name, "--wait=false")


@pytest.fixture
def reader(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Callable[..., str]:
    """Run kubectl as a service account that may read the configmaps of its namespace, and nothing else."""
    run = control_plane.kubectl_run
    run("create", "serviceaccount", "reader", "-n", namespace)
    run("create", "role", "reader", "--verb=get,list,watch", "--resource=configmaps", "-n", namespace)
    run(
        "create",
        "rolebinding",
        "reader",
        "--role=reader",
        f"--serviceaccount={namespace}:reader",
        "-n",
        namespace,
    )
    known(control_plane, service_account_user(namespace, "reader"), "get", "configmaps", namespace)
    config = control_plane.service_account_kubeconfig(
        namespace, "reader", tmp_path / "reader.kubeconfig", 600
    )
    return lambda *args: run(*args, f"--kubeconfig={config}")


def _gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_server_and_client_are_the_version_that_go_mod_pins(control_plane: ControlPlane) -> None:
    versions = json.loads(control_plane.kubectl_run("version", "-o", "json"))
    assert versions["serverVersion"]["gitVersion"] == "v1.36.1" == kubernetes_version()
    assert versions["clientVersion"]["gitVersion"] == "v1.36.1"


def test_a_service_account_may_do_what_rbac_grants_it_and_no_more(
    control_plane: ControlPlane, namespace: str, reader: Callable[..., str]
) -> None:
    control_plane.kubectl_run("create", "configmap", "seen", "--from-literal=a=b", "-n", namespace)
    # No namespace is given: the kubeconfig names the account's own.
    assert reader("get", "configmap", "seen", "-o", "jsonpath={.data.a}") == "b"
    with pytest.raises(SandboxError, match=r'cannot create resource "configmaps"'):
        reader("create", "configmap", "mine")
    with pytest.raises(SandboxError, match=r'cannot get resource "configmaps".* in the namespace "default"'):
        reader("get", "configmap", "seen", "-n", "default")
    with pytest.raises(SandboxError, match=r'cannot list resource "secrets"'):
        reader("get", "secrets")


def test_the_kubeconfig_with_a_token_is_for_its_owner_only(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    path = control_plane.service_account_kubeconfig(namespace, "default", tmp_path / "kubeconfig", 600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_token_of_less_than_ten_minutes_is_refused_in_the_servers_words(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    with pytest.raises(SandboxError, match="may not specify a duration less than 10 minutes"):
        control_plane.service_account_kubeconfig(namespace, "default", tmp_path / "kubeconfig", 60)


def test_the_audit_log_has_each_request_once_as_soon_as_it_is_answered(
    control_plane: ControlPlane, namespace: str, reader: Callable[..., str]
) -> None:
    log, user = AuditLog(control_plane.audit_log), service_account_user(namespace, "reader")
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    mark = log.mark()
    for count in range(1, 21):
        reader("get", "--raw", f"{path}/kube-root-ca.crt")
        assert len(by_user(log.since(mark), user)) == count
    with pytest.raises(SandboxError):
        reader("get", "--raw", f"/api/v1/namespaces/{namespace}/secrets/none")

    *allowed, refused = by_user(log.since(mark), user)
    assert {(r.verb, r.resource, r.namespace, r.name, r.code) for r in allowed} == {
        ("get", "configmaps", namespace, "kube-root-ca.crt", 200)
    }
    assert (refused.resource, refused.name, refused.code) == ("secrets", "none", 403)
    assert refused.user_agent.startswith("kubectl/v1.36.1")


def test_a_watch_is_one_request_in_the_audit_log(
    control_plane: ControlPlane, namespace: str, reader: Callable[..., str]
) -> None:
    log, user = AuditLog(control_plane.audit_log), service_account_user(namespace, "reader")
    mark = log.mark()
    reader("get", "--raw", f"/api/v1/namespaces/{namespace}/configmaps?watch=true&timeoutSeconds=1")
    seen = by_user(log.since(mark), user)
    assert [(r.verb, r.resource, r.code) for r in seen] == [("watch", "configmaps", 200)]


def test_the_control_plane_itself_is_not_in_the_audit_log(
    control_plane: ControlPlane, namespace: str
) -> None:
    # The controllers have made this one, with a service account of kube-system, and written no line.
    made = ("get", "configmap", "kube-root-ca.crt", "-n", namespace)
    wait_until(
        lambda: control_plane.kubectl_run(*made, "--ignore-not-found") != "", what="the configmap is there"
    )
    requests = read(control_plane.audit_log)
    own = ("system:apiserver", "system:kube-", "system:serviceaccount:kube-system:")
    assert [r for r in requests if r.user.startswith(own)] == []
    assert by_user(requests, "admin")


def test_what_belongs_to_a_deleted_object_is_collected(control_plane: ControlPlane, namespace: str) -> None:
    run = control_plane.kubectl_run
    run("create", "configmap", "owner", "-n", namespace)
    uid = run("get", "configmap", "owner", "-n", namespace, "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    metadata = {"name": "owned", "namespace": namespace, "ownerReferences": [owner]}
    run("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))
    run("delete", "configmap", "owner", "-n", namespace)
    left = ("get", "configmap", "owned", "-n", namespace, "--ignore-not-found")
    wait_until(lambda: run(*left) == "", what="the owned configmap is gone")


def test_a_restarted_api_server_is_another_process_at_the_same_address_with_the_same_state(
    lone_plane: ControlPlane,
) -> None:
    # Not that of the one operator: on a slow machine it would lose its Lease meanwhile, and end for all.
    name = f"kept-{uuid.uuid4().hex[:8]}"
    lone_plane.kubectl_run("create", "configmap", name)
    before = lone_plane.pids
    lone_plane.restart_apiserver()
    after = lone_plane.pids
    assert lone_plane.kubectl_run("get", "configmap", name, "-o", "name") == f"configmap/{name}\n"
    assert {name for name in before if before[name] != after[name]} == {"kube-apiserver"}


def test_a_second_control_plane_runs_beside_the_first_and_leaves_nothing_behind(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    with ControlPlane.start(tmp_path / "states", nodes=1) as second:
        pids = second.pids
        assert set(pids) == {*NEEDED, "kube-scheduler", "kwok"} - {"kubectl"}
        assert second.url != control_plane.url
        assert second.ca_data != control_plane.ca_data
        assert second.directory.parent == tmp_path / "states"
    assert second.pids == {}
    assert [name for name, pid in pids.items() if not _gone(pid)] == []
    assert list((tmp_path / "states").iterdir()) == []
    assert control_plane.kubectl_run("get", "--raw", "/readyz") == "ok"


def test_a_control_plane_that_cannot_start_says_why_and_leaves_nothing_behind(
    control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(control_plane.kubectl.parent / name)
    (programs / "etcd").unlink()
    (programs / "etcd").write_text("#!/bin/sh\necho no space left\nexit 7\n")
    (programs / "etcd").chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(programs))
    with pytest.raises(SandboxError, match=r"etcd ended with exit code 7 .*\n.*no space left"):
        ControlPlane.start(tmp_path / "states")
    assert list((tmp_path / "states").iterdir()) == []
