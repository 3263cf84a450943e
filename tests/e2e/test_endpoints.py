"""AWS cannot be reached, or does not believe us: told with what to do, over by itself, no harm to others."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.stand_in import Fault
from sandbox.world import condition
from tests.doors import Door, self_signed
from tests.e2e.realm import SECOND, Realm, message

pytestmark = pytest.mark.e2e

REGION = "eu-central-1"
NEVER = "https://sts.nowhere.invalid"
CLOCK = "The clock of the operator's machine is wrong, so AWS refuses its requests: So it is."
EXPIRED = "AWS does not accept the credentials{} (ExpiredToken): So it is."


@pytest.fixture
def name(here: Realm) -> Iterator[str]:
    """The name of a bucket of a tenant who has no trouble; more names begin with it. All go in the end."""
    chosen = f"{here.shop.namespace}-{secrets.token_hex(3)}"
    yield chosen
    here.aws.clear_faults()
    for each in (chosen, f"{chosen}-b"):
        if here.shop.find(each) is not None:
            here.shop.annotate(each, "headrace.io/abandon", "true")
            here.shop.delete(each)
            here.shop.gone(each)


def at(account: str, **more: Any) -> dict[str, Any]:
    return {"account": account, "region": REGION, **more}


@pytest.mark.parametrize("shut", [True, False], ids=["where nobody is", "where nobody answers"])
def test_a_dead_endpoint_holds_up_nobody_else_and_is_used_once_it_lives(
    here: Realm, name: str, shut: bool
) -> None:
    door = Door(here.aws.url if shut else "")
    with here.account({"endpointURL": door.url}) as dead, here.account() as good:
        here.shop.apply(at(dead), f"{name}-b")
        if shut:
            here.until(dead, lambda o: condition(o, "Ready").get("reason") == "Unavailable")
            here.shop.until(lambda o: condition(o, "Ready").get("reason") == "Unavailable", f"{name}-b")
        here.shop.apply(at(good), name)
        here.shop.ready(name, 15)
        with door.open():
            if not shut:
                here.shop.apply(at(good, versioning={"enabled": True}), name)
                here.shop.ready(name, 15)
                door.behind = here.aws.url
            here.ready(dead, 60)
            here.shop.ready(f"{name}-b", 60)
            assert condition(here.shop.look_now(name), "Ready")["status"] == "True"
            here.shop.annotate(f"{name}-b", "headrace.io/abandon", "true")
            here.shop.delete(f"{name}-b", wait=True)


def wrong_address(kind: str, door: Door, directory: Path) -> tuple[str, str]:
    """Return an address where AWS is not to be had, and what is said of it."""
    if kind == "a certificate that nobody vouches for":
        door.tls = self_signed(directory)
        return door.secure_url, f"AWS cannot be reached: the certificate of {door.secure_url} is not trusted"
    if kind == "no TLS":
        return door.secure_url, f"AWS cannot be reached: {door.secure_url} does not speak TLS as it should"
    return NEVER, f"AWS cannot be reached: there is no address for the name in {NEVER}."


@pytest.mark.parametrize("kind", ["a certificate that nobody vouches for", "no TLS", "no such name"])
def test_a_wrong_address_is_told_to_the_account_and_its_objects_until_it_is_put_right(
    here: Realm, name: str, tmp_path: Path, kind: str
) -> None:
    with Door(here.aws.url).open() as door:
        url, sentence = wrong_address(kind, door, tmp_path)
        with here.account({"endpointURL": url}) as wrong, here.account() as good:
            here.shop.apply(at(wrong), f"{name}-b")
            here.shop.apply(at(good), name)
            told = here.until(wrong, lambda o: condition(o, "Ready").get("reason") == "Unavailable")
            assert message(told).startswith(sentence)
            assert "Check the " in message(told)
            assert condition(told, "Reconciling")["status"] == "True"
            obj = here.shop.until(lambda o: condition(o, "Ready").get("reason") == "Unavailable", f"{name}-b")
            assert message(obj) == message(told)
            here.shop.ready(name, 15)
            here.apply_account(wrong, {})
            here.ready(wrong)
            here.shop.ready(f"{name}-b")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 403, "code": "RequestTimeTooSkewed"}, CLOCK),
        ({"status": 400, "code": "ExpiredToken"}, EXPIRED),
    ],
    ids=["the clock", "an expired token"],
)
def test_what_aws_refuses_to_believe_is_told_and_over_by_itself(
    here: Realm, name: str, fault: Fault, sentence: str
) -> None:
    user = here.user(SECOND)
    secret = here.secret(user.values)
    said = sentence.format(f" of Secret {secret}")
    with here.account() as good:
        here.shop.apply(at(good), name)
        here.shop.ready(name)
        hit: Fault = {**fault, "operation": "GetCallerIdentity", "message": "So it is."}
        here.aws.fault(**hit)
        with here.account({"credentials": {"secretRef": {"name": secret}}}) as account:
            here.shop.apply(at(account), f"{name}-b")
            assert message(here.stalled(account, "AccessDenied")) == said
            assert message(here.shop.stalled("AccessDenied", f"{name}-b")) == said
            # Who knows already who it is has no need to ask.
            assert condition(here.shop.look_now(name), "Ready")["status"] == "True"
            here.aws.clear_faults()
            here.ready(account)
            here.shop.ready(f"{name}-b")


def test_throttling_of_one_account_costs_the_others_no_call_and_no_status(here: Realm, name: str) -> None:
    user = here.user(SECOND)
    secret = here.secret(user.values)
    own = {"credentials": {"secretRef": {"name": secret}}}
    with here.account(own) as slow, here.account() as good:
        for object_, account in ((name, good), (f"{name}-b", slow)):
            here.shop.apply(at(account), object_)
            here.shop.ready(object_)
        well = here.shop.get(name)["status"]["conditions"]
        number = here.aws.fault(resource=f"{name}-b", code="SlowDown")
        here.shop.mark()
        here.shop.annotate(f"{name}-b", "headrace.io/reconcile-requested-at", "now")
        here.shop.until(
            lambda o: condition(o, "Ready")["reason"] in ("Throttled", "Unavailable"), f"{name}-b"
        )
        here.shop.mark()
        obj = here.shop.look_now(name)
        assert obj["status"]["conditions"] == well
        calls = here.shop.calls(name)
        assert (len(calls), [call.error for call in calls if call.status != 200]) == (7, [])
        here.aws.lift(number)
        here.shop.until(lambda o: condition(o, "Ready")["reason"] == "InSync", f"{name}-b", seconds=60)
        assert "headrace_aws_throttled_requests_total{" in here.operator.get("/metrics")
