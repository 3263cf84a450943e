"""An operator with rights in its own and in some other namespaces, and none in the whole cluster."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.kinds.registry import KINDS
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.audit import Request, service_account_user
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import Operator
from sandbox.world import World
from tests.e2e.http import get
from tests.e2e.rights import known

NAME = "headrace-operator"
CLUSTER = "confined-1"

Rules = list[dict[str, Any]]


def rule(group: str, resources: Iterable[str], *verbs: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


PLURALS = [kind.plural for kind in KINDS.values()]
SERVED = [
    rule("headrace.io", PLURALS, "get", "list", "watch", "patch"),
    rule("headrace.io", [f"{plural}/status" for plural in PLURALS], "patch"),
    rule("events.k8s.io", ["events"], "create", "patch"),
]
"""What the operator needs in a namespace that it serves."""
OWN = [rule("", ["secrets"], "get")]
"""What it needs in its own namespace, where the keys of accounts are."""


@dataclass
class Confined:
    """Namespaces, a ServiceAccount in the first of them, and its Roles; an operator that runs with it."""

    home: World
    directory: Path
    namespaces: tuple[str, ...]
    options: tuple[str, ...] = ()
    started: list[Operator] = field(default_factory=list)

    @property
    def plane(self) -> ControlPlane:
        return self.home.plane

    @property
    def user(self) -> str:
        return service_account_user(self.home.namespace, NAME)

    @property
    def file(self) -> Path:
        return self.directory / "accounts.yaml"

    def make_account(self) -> None:
        """Make the ServiceAccount, with no right at all."""
        self.plane.kubectl_run("create", "serviceaccount", NAME, "-n", self.home.namespace)

    # Rights

    def grant(self, namespace: str, rules: Rules, name: str = NAME) -> None:
        """Let the operator do this, and nothing else by that name; in the whole cluster for no namespace."""
        kind = "Role" if namespace else "ClusterRole"
        where = {"name": name, **({"namespace": namespace} if namespace else {})}
        about = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": where}
        subject = {"kind": "ServiceAccount", "name": NAME, "namespace": self.home.namespace}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        self.apply(
            {**about, "kind": kind, "rules": rules},
            {**about, "kind": f"{kind}Binding", "roleRef": reference, "subjects": [subject]},
        )

    def revoke(self, namespace: str, name: str = NAME) -> None:
        """Take back what was granted in a namespace; the API server has heard of it on return."""
        self.plane.kubectl_run("delete", "rolebinding", name, "-n", namespace)
        known(self.plane, self.user, "patch", f"{PLURALS[0]}.headrace.io", namespace, allowed=False)

    def apply(self, *bodies: Mapping[str, Any]) -> None:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies})
        self.plane.kubectl_run("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)

    # Accounts

    def accounts(self, **specs: Mapping[str, Any]) -> None:
        """Write the file of accounts as the kubelet does: the whole of it at once."""
        self.write(json.dumps([{"name": name, "spec": spec} for name, spec in specs.items()]))

    def write(self, text: str) -> None:
        fresh = self.directory / "accounts.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.file)

    # The operator

    def start(self, *, wait: bool = True) -> Operator:
        """Start an operator for the namespaces, with the accounts of the file."""
        where = ("--namespaces", ",".join(self.namespaces), "--own-namespace", self.home.namespace)
        options = self.options or ("--accounts", str(self.file), "--cluster-id", CLUSTER)
        directory = self.directory / f"operator-{len(self.started)}"
        given, account = (*where, *options), (self.home.namespace, NAME)
        operator = Operator(self.plane, self.home.aws, directory, given, service_account=account)
        self.started.append(operator)
        operator.start(wait=wait)
        return operator

    def asked(self, mark: int) -> list[Request]:
        """Return what the operator asked of the API server since then."""
        return [request for request in self.home.audit.since(mark) if request.user == self.user]


@contextmanager
def confined(plane: ControlPlane, aws: StandIn, directory: Path, *more: str) -> Iterator[Confined]:
    """Have a ServiceAccount in a namespace of its own for a while; its operators end with it."""
    home = World(plane, aws)
    made = Confined(home, directory, (home.namespace, *more))
    made.make_account()
    try:
        yield made
    finally:
        for operator in made.started:
            operator.stop()


def readiness(operator: Operator) -> tuple[int, str]:
    """Return what the operator answers to the question whether it is ready."""
    return get(f"{operator.url}/readyz")
