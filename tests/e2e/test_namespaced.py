"""Namespaced installs: Roles and accounts from a file are all that an operator needs for its namespaces."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.controller import account_file
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.audit import Request
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import ROOT
from sandbox.processes import wait_until
from sandbox.world import World
from tests.e2e.confined import OWN, SERVED, Confined, confined, readiness
from tests.e2e.distributions import origin, spec
from tests.e2e.realm import EVERYTHING, message

pytestmark = pytest.mark.e2e

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
REVIEWS = {"selfsubjectrulesreviews", "selfsubjectaccessreviews", "selfsubjectreviews"}
"""What everybody may ask of themselves."""


@pytest.fixture
def here(lone_plane: ControlPlane, lone_aws: StandIn, tmp_path: Path) -> Iterator[Confined]:
    """A namespace that an operator is in and serves, with the rights that it needs."""
    with confined(lone_plane, lone_aws, tmp_path) as made:
        made.grant(made.home.namespace, SERVED + OWN)
        yield made


def lines_about(log: str, kind: str, name: str) -> list[dict[str, Any]]:
    """Return the lines of a log about one object, by the fields that the guide names."""
    assert f'(`"kind": "{kind}", "name": "{name}"`)' in GUIDE
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if (line.get("kind"), line.get("name")) == (kind, name)]


def account(*worlds: World, **more: Any) -> dict[str, Any]:
    """Return the spec of an account that objects of these namespaces may do anything with."""
    names = [world.namespace for world in worlds]
    said = {"region": "eu-central-1", "namespaces": [{"names": names, **EVERYTHING}]}
    return {"default": True, **said, **more}


def bucket(world: World, name: str = "media", **more: Any) -> None:
    said = {"bucketName": world.name(name), "region": "eu-central-1", "deletionPolicy": "Delete"}
    world.apply({**said, **more}, name)


def beyond(requests: list[Request], namespaces: set[str]) -> set[tuple[str, str]]:
    """Return what was asked of the whole cluster, or elsewhere, but for what is open to everybody."""
    asked = [r for r in requests if r.resource and r.resource not in REVIEWS]
    return {(r.verb, r.resource) for r in asked if r.namespace not in namespaces}


def test_a_bucket_and_a_distribution_live_with_rights_in_their_namespace_alone(here: Confined) -> None:
    shop, mark = here.home, here.home.audit.mark()
    keys = ("--from-literal=aws_access_key_id=111122223333", "--from-literal=aws_secret_access_key=stand-in")
    here.plane.kubectl_run("create", "secret", "generic", "keys", "-n", shop.namespace, *keys)
    here.accounts(main=account(shop, credentials={"secretRef": {"name": "keys"}}))
    operator = here.start()
    site = shop.of("Distribution")

    bucket(shop)
    site.apply(spec(origin("media")), "site")
    assert site.ready("site", 60)["status"]["arn"].startswith("arn:aws:cloudfront::111122223333:")
    assert [each["distribution"] for each in shop.ready()["status"]["cloudFrontAccess"]] == [
        f"{shop.namespace}/site"
    ]
    assert shop.events_until(1)
    site.delete("site")
    site.gone("site", 60)
    shop.delete()
    shop.gone()

    assert 'headrace_objects{kind="AWSAccount",state="ready"} 1.0' in operator.get("/metrics")
    (line,) = lines_about(operator.log, "AWSAccount", "main")
    assert line["message"].startswith("AWS account 111122223333, as ")
    assert (line["level"], line["reason"]) == ("info", "InSync")
    operator.stop()
    requests = here.asked(mark)
    assert beyond(requests, {shop.namespace}) == set()
    assert [r for r in requests if r.code == 403] == []
    assert {r.uri.split("/")[1].split("?")[0] for r in requests if not r.resource} <= {"api", "apis"}


def test_one_operator_serves_two_namespaces_and_no_more(here: Confined) -> None:
    shop, games, bank = here.home, *(World(here.plane, here.home.aws) for _ in range(2))
    here.namespaces = (shop.namespace, games.namespace)
    here.grant(games.namespace, SERVED)
    here.accounts(main=account(shop), second=account(games, default=False))
    mark = shop.audit.mark()
    here.start()
    site = games.of("Distribution")

    bucket(shop)
    shop.annotate("media", "headrace.io/allow-references-from", games.namespace)
    site.apply(spec(origin("media", shop.namespace), account="second"), "site")
    site.ready("site", 60)
    # Its own account does not let this namespace in; and what nobody here serves is told and not waited for.
    bucket(games, "toys")
    assert "may not use AWSAccount main" in message(games.stalled("AccessDenied", "toys"))
    site.apply(spec(origin("vault", bank.namespace), account="second"), "lost")
    assert message(site.stalled("InvalidSpec", "lost")) == (
        f"spec.origins[vault].bucketRef: AcceleratedBucket {bank.namespace}/vault cannot be found, because "
        f"namespace {bank.namespace} is not served by this operator. Refer to one in "
        f"{', '.join(sorted(here.namespaces))}, or have it serve that namespace, too."
    )
    assert beyond(here.asked(mark), set(here.namespaces)) == set()


def test_accounts_follow_their_file_and_a_bad_one_changes_nothing(here: Confined) -> None:
    shop = here.home
    here.accounts(main=account(shop, namespaces=[]))
    operator = here.start()
    bucket(shop)
    assert "may not use AWSAccount main" in message(shop.stalled("AccessDenied"))

    def told(words: str) -> None:
        wait_until(lambda: words in operator.log, what=words, seconds=account_file.SECONDS + 20)

    here.accounts(main=account(shop))
    told("The file of accounts was read anew: new or changed: main.")
    shop.ready()
    here.write("[{name: main, spec: {regoin: eu-central-1}}]")
    told(
        f"The file of accounts {here.file} cannot be used: accounts[0].spec.regoin: Extra inputs are not "
        "permitted. The accounts stay as they were."
    )
    assert message(shop.look_now()) == message(shop.ready())
    assert operator.ready()


def test_a_namespace_without_a_role_holds_up_no_other_and_is_served_once_it_has_one(here: Confined) -> None:
    shop, games = here.home, World(here.plane, here.home.aws)
    here.namespaces = (shop.namespace, games.namespace)
    here.accounts(main=account(shop, games))
    operator = here.start(wait=False)
    bucket(shop)
    shop.ready()
    bucket(games)
    refused = f"the operator may not list acceleratedbuckets in {games.namespace}"
    wait_until(lambda: refused in readiness(operator)[1], what="the refusal is told")
    assert readiness(operator)[0] == 503
    assert (
        f"The operator ({here.user}) lacks rights. It may not do: anything in namespace {games.namespace}, "
        "if there is one. Bind the role that comes with its installation to it; it goes on by itself."
    ) in operator.log

    here.grant(games.namespace, SERVED)
    games.ready(seconds=60)
    wait_until(operator.ready, what="it is ready", seconds=60)
    assert operator.get("/healthz") == "ok"


def test_a_namespace_that_is_deleted_with_its_objects_goes_with_rights_from_outside_of_it(
    here: Confined,
) -> None:
    shop, games = here.home, World(here.plane, here.home.aws)
    here.namespaces = (shop.namespace, games.namespace)
    here.grant(games.namespace, SERVED)
    here.accounts(main=account(shop, games))
    operator = here.start()
    bucket(games)
    games.ready()
    # Which goes first is chance; and nobody can make another one in a namespace that goes.
    here.revoke(games.namespace)
    here.plane.kubectl_run("delete", "namespace", games.namespace, "--wait=false")
    refused = f"may not patch AcceleratedBucket {games.namespace}/media"
    wait_until(lambda: refused in operator.log, what=refused, seconds=60)
    bucket(shop)
    shop.ready()

    name, kubectl = f"farewell-{games.namespace}", here.plane.kubectl_run
    (section,) = re.findall(r"```sh\n(kubectl create clusterrole headrace-farewell.*?)```", GUIDE, re.DOTALL)
    for command in section.replace("\\\n", "").strip().splitlines():
        said = command.replace("headrace-farewell", name).replace("tools:", f"{shop.namespace}:")
        kubectl(*shlex.split(said)[1:])
    kubectl("wait", "--for=delete", f"namespace/{games.namespace}", "--timeout=120s")
    kubectl("delete", "clusterrole,clusterrolebinding", name)
    assert games.aws.client("s3").list_buckets(Prefix=games.namespace)["Buckets"] == []


def test_a_right_that_goes_is_named_and_the_operator_lives(here: Confined) -> None:
    shop = here.home
    here.accounts(main=account(shop))
    operator = here.start()
    here.revoke(shop.namespace)
    # Open watches stay open until they are asked for anew.
    here.plane.restart_apiserver()
    refused = f"the operator may not watch acceleratedbuckets in {shop.namespace}"
    wait_until(lambda: refused in readiness(operator)[1], what="the refusal is told", seconds=60)
    assert operator.get("/healthz") == "ok"
    here.grant(shop.namespace, SERVED + OWN)
    wait_until(operator.ready, what="it is ready", seconds=60)
    bucket(shop)
    shop.ready()
