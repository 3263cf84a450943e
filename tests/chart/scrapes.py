"""ServiceAccounts that scrape metrics which are not for everybody."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.control_plane import pki
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.http import get
from tools.charts import NAME

READER, OTHER = "prometheus", "curious"


@dataclass(frozen=True)
class Scrapers:
    """READER, who is bound to the role that the chart has for it, and OTHER, who is bound to none."""

    tokens: Mapping[str, str]
    trusting: ssl.SSLContext

    def scrape(self, url: str, name: str = "") -> tuple[int, str]:
        """Return status and body for one of them; without a name no token is sent."""
        token = {"Authorization": f"Bearer {self.tokens[name]}"} if name else {}
        return get(f"{url}/metrics", token, self.trusting)

    def admitted(self, url: str) -> str:
        """Return the metrics for READER, once the new right counts.

        A no holds for ten seconds, should the API server itself not have known of the binding.
        """
        wait_until(lambda: self.scrape(url, READER)[0] == 200, what=f"{READER} gets the metrics")
        return self.scrape(url, READER)[1]


@contextmanager
def scrapers(world: World, authority: pki.Pki) -> Iterator[Scrapers]:
    """Have both in the world's namespace, with trust in the authority; the right ends with the context."""
    run, where = world.plane.kubectl_run, f"--namespace={world.namespace}"
    bound = f"--serviceaccount={world.namespace}:{READER}"
    run("create", "clusterrolebinding", world.namespace, f"--clusterrole={NAME}-metrics-reader", bound)
    try:
        for name in (READER, OTHER):
            run("create", "serviceaccount", name, where)
        tokens = {name: run("create", "token", name, where).strip() for name in (READER, OTHER)}
        yield Scrapers(tokens, ssl.create_default_context(cafile=authority.ca.public))
    finally:
        run("delete", "clusterrolebinding", world.namespace)
