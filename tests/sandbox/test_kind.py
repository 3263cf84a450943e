"""The demo on a cluster of kind's: what is said and run, up to Docker itself, which is not needed here.

The programs kind and docker are recorded in their place; the API server behind the cluster is a real one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox.control_plane import kind
from sandbox.control_plane.audit import AuditLog
from sandbox.control_plane.kind import NAME, KindCluster
from sandbox.control_plane.server import ControlPlane
from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parents[2]
# What kind has besides, and make needs.
SYSTEM = "/usr/bin:/bin"


@dataclass
class Machine:
    """A machine with such programs as the test gives it; it notes what they are asked."""

    home: Path
    root: Path

    def program(self, name: str, script: str) -> None:
        """Put a program there that notes its arguments and then does this."""
        path = self.home / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.home}/asked\n{script}\n')
        path.chmod(0o755)

    def clusters(self, *names: str) -> None:
        """Let kind know these clusters."""
        (self.home / "clusters").write_text("\n".join(names))

    @property
    def asked(self) -> list[str]:
        path = self.home / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane that nobody else uses: a cluster of kind's is taken only as it came."""
    with ControlPlane.start() as plane:
        yield plane


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with an empty PATH, and a repository with nothing but the configuration."""
    home, root = tmp_path / "bin", tmp_path / "repository"
    home.mkdir()
    (root / kind.CONFIG.parent).mkdir(parents=True)
    (root / kind.CONFIG).write_text((ROOT / kind.CONFIG).read_text())
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    return Machine(home, root)


@pytest.fixture
def ready(machine: Machine, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One where kind makes a cluster of the sandbox's own API server, and logs as its configuration says."""
    monkeypatch.setenv("PATH", f"{machine.home}:{SYSTEM}")
    log = machine.root / kind.AUDIT_LOG
    config = plane.kubeconfig
    create = (
        f'while [ "$1" != --kubeconfig ]; do shift; done; cp {config} "$2"; ln -sf {plane.audit_log} {log}'
    )
    machine.clusters("other")
    machine.program("docker", "echo 29.1")
    machine.program(
        "kind",
        f'case "$1 $2" in "get clusters") cat {machine.home}/clusters;; "get kubeconfig") cat {config};; '
        f'"create cluster") {create};; esac',
    )
    (machine.home / "kubectl").symlink_to(plane.kubectl)
    return machine


@pytest.fixture
def fresh(ready: Machine, plane: ControlPlane) -> Machine:
    """One where nobody has used the cluster yet."""
    plane.kubectl_run("delete", "namespace", "headrace-system", "--ignore-not-found")
    return ready


def refusal(machine: Machine) -> str:
    """Return what is said where the cluster cannot be had."""
    with pytest.raises(SandboxError) as told:
        KindCluster.start(machine.home / "demo", machine.root)
    return str(told.value)


# What is missing


def test_each_program_that_is_missing_is_told(machine: Machine) -> None:
    for name in ("kind", "docker", "kubectl"):
        assert refusal(machine).startswith(f"{name} is missing, which CLUSTER=kind needs: install ")
        assert refusal(machine).endswith("Without CLUSTER=kind the demo needs none of these.")
        machine.program(name, "exit 1")
    assert machine.asked == []


def test_a_docker_that_does_not_run_is_told_in_its_own_words(machine: Machine) -> None:
    machine.program("kind", "")
    machine.program("kubectl", "")
    machine.program("docker", "echo Cannot connect to the Docker daemon >&2; exit 1")
    assert refusal(machine).startswith(
        "Docker does not run, which CLUSTER=kind needs: Cannot connect to the Docker daemon. "
    )
    assert [line.split()[0] for line in machine.asked] == ["docker"]


def test_who_has_podman_needs_no_docker(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "podman")
    machine.program("kind", "echo no such luck >&2; exit 1")
    machine.program("kubectl", "")
    assert refusal(machine) == "`kind get clusters` failed: no such luck"


def test_a_cluster_that_cannot_be_made_is_told_and_nothing_of_it_is_left(ready: Machine) -> None:
    ready.program("kind", '[ "$1" = create ] && echo no space left >&2 && exit 1; exit 0')
    assert refusal(ready).endswith("failed: no space left")
    assert [line.split()[1] for line in ready.asked if line.startswith("kind")] == ["get", "create", "delete"]


# The command


def demo(path: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Start the demo as make does, on a machine with this PATH."""
    told = {"PATH": path, "HOME": os.environ.get("HOME", "/"), **env}
    command = [sys.executable, "-m", "sandbox.demo"]
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)


def test_the_demo_says_what_is_missing_and_leaves_no_traceback(machine: Machine) -> None:
    done = demo(str(machine.home), CLUSTER="kind")
    assert done.returncode == 1
    assert "A cluster of kind's in Docker" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("error: kind is missing, which CLUSTER=kind needs")


def test_another_cluster_is_refused_with_those_that_there_are(machine: Machine) -> None:
    done = demo(str(machine.home), CLUSTER="minikube")
    assert done.returncode == 2
    told = " ".join(done.stderr.replace("│", " ").split())
    assert "'minikube' is not one of 'sandbox', 'kind'" in told
    assert "Traceback" not in done.stderr


# What is run


def test_a_cluster_without_our_log_is_told(fresh: Machine) -> None:
    fresh.clusters(NAME)
    told = refusal(fresh)
    assert told.startswith(
        f"The kind cluster {NAME} does not log what it is asked in {fresh.root}/.kind/audit"
    )
    assert "it was not made from manifests/kind/cluster.yaml in this folder." in told


def test_a_cluster_is_made_used_as_our_own_and_deleted(fresh: Machine) -> None:
    directory = fresh.home / "demo"
    with KindCluster.start(directory, fresh.root) as cluster:
        audit = AuditLog(cluster.audit_log)
        mark = audit.mark()
        cluster.kubectl_run("create", "configmap", "made", "-n", "headrace-system")
        assert cluster.read("/api/v1/namespaces/headrace-system/configmaps/made") is not None
        assert cluster.read("/api/v1/namespaces/nowhere") is None
        assert [request.verb for request in audit.since(mark) if request.name == "made"] == ["create", "get"]
        quota = cluster.read("/api/v1/namespaces/headrace-system/resourcequotas/no-pods")
        assert quota["spec"]["hard"] == {"pods": "0"}
        path = cluster.service_account_kubeconfig("headrace-system", "default", directory / "token")
        whoami = cluster.kubectl_run("auth", "whoami", "-o", "name", f"--kubeconfig={path}")
        assert "selfsubjectreview" in whoami
    kubeconfig = directory / "admin.kubeconfig"
    assert [line for line in fresh.asked if line.startswith("kind")] == [
        "kind get clusters",
        f"kind create cluster --name {NAME} --config {kind.CONFIG} --kubeconfig {kubeconfig} --wait 120s",
        f"kind delete cluster --name {NAME} --kubeconfig {kubeconfig}",
    ]


def test_a_cluster_that_is_there_is_used_and_stays_but_not_used_twice(
    fresh: Machine, plane: ControlPlane
) -> None:
    fresh.clusters("other", NAME)
    log = fresh.root / kind.AUDIT_LOG
    log.parent.mkdir(parents=True)
    log.symlink_to(plane.audit_log)
    with KindCluster.start(fresh.home / "demo", fresh.root) as cluster:
        assert cluster.url == plane.url
    assert refusal(fresh) == (
        f"The kind cluster {NAME} has been used before: there is a namespace headrace-system. Delete it "
        f"(`kind delete cluster --name {NAME}`), and start again."
    )
    commands = ["kind get clusters", f"kind get kubeconfig --name {NAME}"]
    assert [line for line in fresh.asked if line.startswith("kind")] == commands * 2


# The configuration


def test_the_configuration_says_the_same_to_every_kubeadm_and_has_our_log(machine: Machine) -> None:
    config = yaml.safe_load((ROOT / kind.CONFIG).read_text())
    newer, older = map(yaml.safe_load, config["kubeadmConfigPatches"])
    listed = {each["name"]: each["value"] for each in newer["apiServer"]["extraArgs"]}
    assert listed == older["apiServer"]["extraArgs"]
    assert newer["apiServer"]["extraVolumes"] == older["apiServer"]["extraVolumes"]
    assert listed["audit-log-mode"] == "blocking-strict"

    mounts = {mount["containerPath"]: mount["hostPath"] for mount in config["nodes"][0]["extraMounts"]}
    assert (ROOT / mounts[listed["audit-policy-file"]]).is_file()
    folder, _, name = listed["audit-log-path"].rpartition("/")
    assert Path(mounts[folder], name) == kind.AUDIT_LOG
    inside = {volume["mountPath"]: volume["hostPath"] for volume in newer["apiServer"]["extraVolumes"]}
    assert inside == {path: path for path in mounts}
