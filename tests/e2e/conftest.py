"""The whole product on the sandbox: a real API server, the AWS stand-in, the operator as ServiceAccount."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from headrace.kinds.crd import crd_name
from headrace.kinds.registry import KINDS
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import Operator, install
from sandbox.world import World
from tests.bucket_specs import ROOT
from tests.e2e import privileges
from tests.e2e.life import Cradle, Life
from tests.e2e.namespace import Namespace
from tests.e2e.privileges import Place
from tests.e2e.realm import Realm, realm
from tests.e2e.stages import People
from tests.laws.aws_world import environment

Start = Callable[..., Operator]


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, once it knows our kinds."""
    for kind in KINDS.values():
        path = ROOT / "crds" / f"{crd_name(kind)}.yaml"
        control_plane.kubectl_run("apply", "--server-side", f"--filename={path}")
    names = [f"crd/{crd_name(kind)}" for kind in KINDS.values()]
    control_plane.kubectl_run("wait", "--for=condition=Established", "--timeout=30s", *names)
    return control_plane


@pytest.fixture(scope="session")
def aws() -> Iterator[StandIn]:
    """Another stand-in than other tests have: nobody empties it behind the back of the one operator."""
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def namespace(cluster: ControlPlane) -> Namespace:
    """A fresh namespace, which is left behind: it takes 5 s to go, and the control plane goes anyway."""
    return Namespace(cluster)


@pytest.fixture(scope="session")
def operator(
    control_plane: ControlPlane, aws: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """One operator for the whole run."""
    install(control_plane)
    with Operator(control_plane, aws, tmp_path_factory.mktemp("operator")) as running:
        yield running


def heal(aws: StandIn) -> None:
    """Have a stand-in be as quick and well as it was at first."""
    aws.latency(0)
    aws.clear_faults()
    aws.deployment(1)


@pytest.fixture
def world(control_plane: ControlPlane, aws: StandIn, operator: Operator) -> Iterator[World]:
    """A namespace of its own; the stand-in is quick and well again afterwards."""
    yield World(control_plane, aws)
    heal(aws)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore retry at once: it is counted how often it does, and not how long it waits."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def lone(lone_plane: ControlPlane, lone_aws: StandIn) -> Iterator[World]:
    """A namespace where no operator works yet; `start` starts one."""
    yield World(lone_plane, lone_aws)
    heal(lone_aws)


@pytest.fixture
def start(lone: World, tmp_path: Path) -> Iterator[Start]:
    """Start an operator for the lone namespace alone; it is stopped after the test."""
    started: list[Operator] = []

    def begin(*arguments: str, ambient: bool = True, env: Mapping[str, str | None] | None = None) -> Operator:
        given = ("--namespaces", lone.namespace, *(("--allow-ambient",) if ambient else ()), *arguments)
        operator = Operator(lone.plane, lone.aws, tmp_path / f"operator-{len(started)}", given, env)
        started.append(operator)
        operator.start()
        return operator

    yield begin
    for operator in started:
        operator.stop()


@pytest.fixture(scope="module")
def place(lone_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An operator whose rights the tests choose, all at first, in an AWS that checks them.

    It ends with the module: it would look at the AWSAccounts of others, too, and in its own AWS.
    """
    with privileges.place(lone_plane, tmp_path_factory.mktemp("operator")) as made:
        yield made
        made.manage()
        made.clear()


@pytest.fixture(scope="module")
def people(lone_plane: ControlPlane, lone_aws: StandIn) -> Iterator[People]:
    """Those who work in a namespace of which no operator knows; lives in this process find the stand-in."""
    with environment(**lone_aws.environment()):
        yield People(World(lone_plane, lone_aws))
    heal(lone_aws)


@pytest.fixture(scope="module")
def cradle(lone_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Cradle:
    """What every life in this process starts from."""
    return Cradle.of(lone_plane, tmp_path_factory.mktemp("cradle"))


@pytest.fixture(scope="module")
def builder(cradle: Cradle, people: People) -> Iterator[Life]:
    """A life that nobody ends."""
    with Life(cradle) as life:
        yield life


@pytest.fixture(scope="module")
def mortal(
    lone_plane: ControlPlane, lone_aws: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """An operator that the tests of this module end and start again."""
    with Operator(lone_plane, lone_aws, tmp_path_factory.mktemp("mortal")) as operator:
        yield operator


@pytest.fixture
def running(mortal: Operator) -> Operator:
    """The operator, alive, whatever the test before did to it."""
    if not mortal.child.alive:
        mortal.stop()
        mortal.start()
    return mortal


@pytest.fixture(scope="module")
def here(lone_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Tenants with accounts of their own, and an operator that serves them."""
    with realm(lone_plane, tmp_path_factory.mktemp("operator")) as made:
        yield made
