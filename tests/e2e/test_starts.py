"""Starts with something missing: it is named, nothing is done, and the operator goes on once it is there."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import Operator
from sandbox.processes import wait_until
from tests.e2e.confined import OWN, SERVED, Confined, confined, readiness, rule
from tests.e2e.test_namespaced import account, bucket

pytestmark = pytest.mark.e2e

EVERYWHERE = [
    *SERVED,
    rule("headrace.io", ["awsaccounts"], "get", "list", "watch", "patch"),
    rule("headrace.io", ["awsaccounts/status"], "patch"),
    rule("", ["namespaces"], "list", "watch"),
]


@pytest.fixture
def here(lone_plane: ControlPlane, lone_aws: StandIn, tmp_path: Path) -> Iterator[Confined]:
    """A namespace with a ServiceAccount that may do nothing yet."""
    with confined(lone_plane, lone_aws, tmp_path) as made:
        yield made


def waits(operator: Operator, words: str) -> None:
    """Return once the operator says that this is why it is not ready, and has said so in its log."""
    wait_until(lambda: words in readiness(operator)[1], what=words, children=[operator.child])
    assert readiness(operator)[0] == 503
    assert words in operator.log
    assert operator.get("/healthz") == "ok"


def test_rights_in_the_whole_cluster_are_waited_for_one_after_the_other(here: Confined) -> None:
    name, mark = here.home.namespace, here.home.audit.mark()
    here.options = ("--allow-ambient",)
    operator = here.start(wait=False)
    lacks = f"The operator ({here.user}) lacks rights. It may not do: "
    waits(operator, f"{lacks}get namespaces kube-system; get, list, patch, watch awsaccounts.headrace.io; ")
    assert "; create, patch events.events.k8s.io in namespace default; anything in namespace" in operator.log
    here.grant("", EVERYWHERE, name)
    waits(operator, f"{lacks}get namespaces kube-system in the whole cluster. Bind the role")
    # Nothing but its own rights and what is served was asked for so far.
    assert {r.resource for r in here.asked(mark)} == {"", "selfsubjectrulesreviews", "selfsubjectreviews"}

    here.grant("", [rule("", ["namespaces"], "get")], f"{name}-2")
    wait_until(operator.ready, what="it is ready", seconds=30, children=[operator.child])
    bucket(here.home)
    here.home.ready()


def test_a_role_that_lacks_something_is_waited_for(here: Confined) -> None:
    home = here.home.namespace
    here.accounts(main=account(here.home))
    here.grant(home, [*SERVED[:1], *SERVED[2:], *OWN])
    operator = here.start(wait=False)
    waits(
        operator,
        f"patch acceleratedbuckets.headrace.io/status, distributions.headrace.io/status in namespace {home}",
    )
    here.grant(home, SERVED + OWN)
    wait_until(operator.ready, what="it is ready", seconds=30, children=[operator.child])


def test_a_file_of_accounts_that_is_not_there_or_no_good_is_waited_for(here: Confined) -> None:
    here.grant(here.home.namespace, SERVED + OWN)
    operator = here.start(wait=False)
    waits(operator, f"The file of accounts {here.file} cannot be read: No such file or directory.")
    here.write("[{name: main}]")
    waits(operator, f"The file of accounts {here.file} cannot be used: accounts[0].spec: Field required.")
    here.accounts(main=account(here.home))
    wait_until(operator.ready, what="it is ready", seconds=30, children=[operator.child])
    bucket(here.home)
    here.home.ready()


def test_a_start_with_all_that_is_needed_asks_for_it_once(here: Confined) -> None:
    here.grant(here.home.namespace, SERVED + OWN)
    here.accounts(main=account(here.home))
    mark = here.home.audit.mark()
    here.start()
    asked = Counter((r.verb, r.resource or r.uri) for r in here.asked(mark))
    # What is served is asked for by us, and then by kopf.
    assert asked[("get", "/apis/headrace.io/v1alpha1")] == 2
    resources = Counter({key: count for key, count in asked.items() if "/" not in key[1]})
    plurals = ("acceleratedbuckets", "distributions")
    watched = {(verb, plural): 1 for verb in ("list", "watch") for plural in plurals}
    assert resources == {("create", "selfsubjectrulesreviews"): 1, **watched}
