"""Releases with everything that belongs to them: Helm's objects, and the operator in each of their pods."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.aws.clients import ACCOUNT
from sandbox.aws.stand_in import Call, StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.replicas import Replica, Replicas
from sandbox.world import World
from tests.chart.helm import Helm, Said
from tests.chart.trial import Trial
from tests.chart.values import Values
from tools.charts import CRDS, NAMESPACE, OPERATOR, ROOT

SECONDS = "--timeout=300s"
"""More than it ever takes, on a slow machine, too."""
SHOP = ROOT / "tests" / "chart" / "shop"
_KEYS = "aws-keys"
_POLL_SECONDS = 0.1
_READS = ("Get", "List", "Head")


class Rollout:
    """A release of the operator, in a cluster whose pods have processes, and the charts of its users."""

    def __init__(
        self,
        plane: ControlPlane,
        aws: StandIn,
        directory: Path,
        values: Values,
        *,
        name: str = "headrace",
        namespace: str = NAMESPACE,
    ) -> None:
        self.plane, self.aws, self.directory = plane, aws, directory
        self.name, self.namespace = name, namespace
        self.helm = Helm(plane, directory)
        self.values = {**_common(aws), **values}
        self.replicas = Replicas(plane, aws, f"{name}-operator", namespace, directory / "pods")
        self._usual = False
        _prepare(plane, namespace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run("uninstall", "--ignore-not-found", "--wait", SECONDS)

    def present(self) -> None:
        """Have the charts of this version with their usual values; what is that way already is left alone."""
        if not self._usual:
            self.definitions()
            self.operator()
            self._usual = True

    def definitions(self, chart: Path = ROOT / CRDS) -> None:
        """Install or upgrade the definitions."""
        self._usual = False
        where = (f"--namespace={self.namespace}", "--wait", SECONDS)
        _content(self.helm("upgrade", "--install", "headrace-crds", str(chart), *where))

    def undefine(self) -> None:
        """Uninstall the definitions' chart."""
        _content(self.helm("uninstall", "headrace-crds", f"--namespace={self.namespace}", "--wait", SECONDS))

    def defines(self, kind: str) -> bool:
        """Whether the API server has the definition."""
        found = self.plane.read(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind}")
        return found is not None and "deletionTimestamp" not in found["metadata"]

    def operator(self, chart: Path = ROOT / OPERATOR, **values: Any) -> list[Replica]:
        """Install or upgrade the operator, wait as Helm does, and have its pods run; return them."""
        _content(self.upgrade({**self.values, **values}, SECONDS, chart=chart))
        return self.replicas.settle()

    def upgrade(self, values: Values, *arguments: str, chart: Path = ROOT / OPERATOR) -> Said:
        """Have Helm install or upgrade the operator and wait, while its pods begin to run.

        They must: Helm waits for the accounts, too.
        """
        self._usual = False
        where = ("upgrade", "--install", self.name, str(chart), f"--namespace={self.namespace}", "--wait")
        return self._while(self.replicas.begin, *where, *arguments, values=values)

    def test(self) -> tuple[Said, Said]:
        """Have Helm test the release; return what it said, and what the pod of the test did."""
        trial = Trial(self.plane, self.replicas, self.namespace, f"{self.name}-operator-test")
        tried: list[Said] = []
        arguments = ("test", self.name, f"--namespace={self.namespace}", "--timeout=60s")
        said = self._while(lambda: tried.extend(trial.run()), *arguments)
        assert tried, said.err
        return said, tried[-1]

    def _while(self, step: Callable[[], None], *arguments: str, values: Values | None = None) -> Said:
        """Have Helm do something, and what Kubernetes does meanwhile on nodes, step by step."""
        with ThreadPoolExecutor(1) as aside:
            said = aside.submit(self.helm, *arguments, values=values)
            while not said.done():
                step()
                time.sleep(_POLL_SECONDS)
        return said.result()

    @property
    def running(self) -> list[Replica]:
        """The pods that run."""
        return list(self.replicas.running.values())

    def run(self, *arguments: str) -> list[Replica]:
        """Have Helm do something to the release, and the pods follow; return those that run."""
        verb, *options = arguments
        self._usual = False
        _content(self.helm(verb, self.name, f"--namespace={self.namespace}", *options))
        return self.replicas.settle()

    def world(self) -> World:
        """Return a namespace of users."""
        world = World(self.plane, self.aws)
        (world.user,) = {replica.user for replica in self.running}
        return world


def writes(calls: list[Call]) -> list[str]:
    """Return those of the calls that are no reading."""
    return [call.operation for call in calls if not call.operation.startswith(_READS)]


def shop(helm: Helm, world: World, verb: str, *arguments: str, **values: Any) -> Said:
    """Install or upgrade the users' chart in their namespace."""
    where = ("shop", str(SHOP), f"--namespace={world.namespace}")
    return helm(verb, *where, *arguments, values={"bucket": world.name(), **values})


def _common(aws: StandIn) -> Values:
    """Values with which the operator finds the stand-in, with keys from a Secret."""
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    return {
        "aws": {"region": "eu-central-1", "endpointURL": aws.url},
        "extraEnv": [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": _KEYS, "key": key}}}
            for name, key in keys.items()
        ],
    }


def _prepare(plane: ControlPlane, namespace: str) -> None:
    """Make the release's namespace, where pods must be restricted, with the keys for AWS."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = [
        {"kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {
            "kind": "Secret",
            "metadata": {"name": _KEYS, "namespace": namespace},
            "stringData": {"id": ACCOUNT, "secret": "stand-in"},
        },
    ]
    objects = [{"apiVersion": "v1", **it} for it in made]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    plane.kubectl_run("apply", "--server-side", "-f", "-", input=text)


def _content(said: Said) -> None:
    assert said.code == 0, said.err
