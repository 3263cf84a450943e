"""Who may read the metrics: real ServiceAccounts, over TLS, while the certificate is replaced."""

import json
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.control_plane import pki
from sandbox.operator import Operator
from sandbox.processes import free_port, wait_until
from sandbox.world import World
from tests.e2e.conftest import Start
from tests.e2e.http import get

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Scraped:
    """An operator whose metrics are apart, and what it was started with."""

    operator: Operator
    world: World
    url: str
    certificate: Path
    key: Path

    def scrape(self, authority: pki.Pki, token: str | None = None) -> tuple[int, str]:
        """Return status and body, for whoever trusts this authority; 0 where the connection is no good."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return get(self.url, headers, ssl.create_default_context(cafile=authority.ca.public), 15)

    def put(self, of: pki.Pki) -> None:
        """Replace certificate and key."""
        shutil.copy(of.server.public, self.certificate)
        shutil.copy(of.server.private, self.key)


def bind(world: World, role: str, name: str) -> str:
    """Bind a ServiceAccount of the world's namespace to a ClusterRole; return the binding's name."""
    binding = f"{world.namespace}-{name}-{role.rpartition(':')[2]}"
    account = f"--serviceaccount={world.namespace}:{name}"
    world.plane.kubectl_run("create", "clusterrolebinding", binding, f"--clusterrole={role}", account)
    return binding


@pytest.fixture
def authorities(tmp_path: Path) -> list[pki.Pki]:
    return [pki.create(tmp_path / f"pki-{number}") for number in range(2)]


@pytest.fixture
def scraped(lone: World, start: Start, authorities: list[pki.Pki], tmp_path: Path) -> Iterator[Scraped]:
    """An operator that has an account of its own: what it asks is no part of the rights of all others."""
    for name in ("operator", "prometheus", "curious"):
        lone.plane.kubectl_run("create", "serviceaccount", name, f"--namespace={lone.namespace}")
    bind(lone, "headrace-operator", "operator")
    config = lone.plane.service_account_kubeconfig(lone.namespace, "operator", tmp_path / "config")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    address = f"127.0.0.1:{free_port()}"
    shutil.copy(authorities[0].server.public, certificate)
    shutil.copy(authorities[0].server.private, key)
    served = ("--metrics-listen", address, "--metrics-authorization")
    files = ("--metrics-tls-cert", str(certificate), "--metrics-tls-key", str(key))
    operator = start(*served, *files, env={"KUBECONFIG": str(config)})
    yield Scraped(operator, lone, f"https://{address}/metrics", certificate, key)
    found = lone.plane.kubectl_run("get", "clusterrolebindings", "--output=name").splitlines()
    bindings = [name for name in found if name.partition("/")[2].startswith(lone.namespace)]
    lone.plane.kubectl_run("delete", *bindings, f"clusterrole/{lone.namespace}-metrics")


def test_metrics_are_for_those_who_may_read_them(scraped: Scraped, authorities: list[pki.Pki]) -> None:
    world, first = scraped.world, authorities[0]
    plane, namespace = world.plane, world.namespace
    prometheus, curious = (
        plane.kubectl_run("create", "token", name, f"--namespace={namespace}").strip()
        for name in ("prometheus", "curious")
    )
    assert get(f"{scraped.operator.url}/readyz") == (200, "ok"), "probes stay plain"
    assert get(f"{scraped.operator.url}/metrics")[0] == 404

    # The operator itself may not ask yet.
    status, said = scraped.scrape(first, prometheus)
    assert (status, "the operator's log says why" in said) == (503, True)
    assert "Bind it to the ClusterRole system:auth-delegator." in scraped.operator.log
    bind(world, "system:auth-delegator", "operator")
    wait_until(lambda: scraped.scrape(first, curious)[0] == 403, what="the operator may ask")

    assert scraped.scrape(first)[0] == 401
    assert scraped.scrape(first, "nonsense")[0] == 401
    status, said = scraped.scrape(first, curious)
    lacks = f"system:serviceaccount:{namespace}:curious may not read this: it lacks the verb get on the "
    assert (status, said.startswith(lacks)) == (403, True)
    role = f"{namespace}-metrics"
    plane.kubectl_run("create", "clusterrole", role, "--verb=get", "--non-resource-url=/metrics")
    bind(world, role, "prometheus")
    # A no holds for ten seconds, should the API server itself not know of it yet.
    wait_until(lambda: scraped.scrape(first, prometheus)[0] == 200, what="the new right counts")
    status, metrics = scraped.scrape(first, prometheus)
    assert 'headrace_kubernetes_requests_total{code="201",resource="tokenreviews",verb="create"}' in metrics
    assert scraped.scrape(first, curious)[0] == 403

    assert scraped.scrape(authorities[1], prometheus)[0] == 0
    scraped.put(authorities[1])
    assert scraped.scrape(authorities[1], prometheus)[0] == 200
    assert scraped.scrape(first, prometheus)[0] == 0
    for token in (prometheus, curious, "nonsense"):
        assert token not in scraped.operator.log
    assert all(json.loads(line) for line in scraped.operator.log.splitlines())
