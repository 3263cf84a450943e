"""One pass over an account, with an AWS on loopback: its conditions, its deletion and the next look."""

import copy
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.controller.account_reconciler import AccountReconciler
from headrace.controller.accounts import KIND
from headrace.controller.api import Body, Object
from headrace.controller.consequences import Next
from headrace.controller.outcome import Outcome
from headrace.controller.passes import Passes
from headrace.controller.transitions import Transition
from headrace.engine.errors import BadCredentials
from headrace.kinds.definition import FINALIZER, ObjectRef
from tests.unit.aws.loopback import Answer, Loopback, loopback, wrapped
from tests.unit.controller.tenancy import DELETING, Cluster, account, bucket

ME = "arn:aws:iam::111122223333:user/operator"
REF = ObjectRef(KIND, "", "a")
HELD: dict[str, Any] = {"finalizers": [FINALIZER]}
FROM_SECRET = {"credentials": {"secretRef": {"name": "keys"}}}
KEYS = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s3cr3t"}


class Cupboard:
    """An API server with one account, and the events about it."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self.writes: list[str] = []
        self.told: list[Transition] = []

    def get(self, ref: ObjectRef) -> Body:
        return copy.deepcopy(self.body)

    def patch_status(self, ref: ObjectRef, patch: Body) -> Body:
        self.writes.append("status")
        merged = {**self.body["status"], **patch["status"]}
        self.body["status"] = {key: value for key, value in merged.items() if value is not None}
        return self._newer()

    def patch(self, ref: ObjectRef, operations: Sequence[Mapping[str, Any]]) -> Body:
        verbs = [o["op"] for o in operations if o["op"] != "test"]
        self.writes.append("finalizer " + " ".join(verbs))
        self.body["metadata"]["finalizers"] = [FINALIZER] if verbs == ["add"] else []
        return self._newer()

    def record(self, obj: Object, transition: Transition) -> None:
        self.told.append(transition)

    def _newer(self) -> Body:
        metadata = self.body["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        return copy.deepcopy(self.body)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    for name, value in {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    with loopback() as state:
        monkeypatch.setenv("AWS_ENDPOINT_URL", state.url)
        yield state


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def cupboard() -> Cupboard:
    return Cupboard()


Look = Callable[..., Outcome]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def look(aws: Loopback, cluster: Cluster, cupboard: Cupboard) -> Look:
    """Make one pass over this account; what came of it stays in the cupboard."""
    reconciler = Passes(AccountReconciler(cluster.accounts, cupboard, cupboard, lambda: 0.0))

    def pass_over(body: dict[str, Any], outages: int = 0) -> Outcome:
        cupboard.body = copy.deepcopy(body)
        cluster.cache.put(body)
        return reconciler(Object(body), outages)

    return pass_over


def said(cupboard: Cupboard) -> dict[str, tuple[str, str, str]]:
    """Return status, reason and message of each condition."""
    found = cupboard.body["status"].get("conditions", [])
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found}


def test_who_we_are_is_told_and_the_finalizer_is_put_on_first(look: Look, cupboard: Cupboard) -> None:
    outcome = look(account("a"))
    assert cupboard.writes == ["finalizer add", "status"]
    assert said(cupboard) == {"Ready": ("True", "InSync", f"AWS account 111122223333, as {ME}")}
    assert cupboard.body["status"]["accountID"] == "111122223333"
    assert cupboard.body["status"]["callerARN"] == ME
    assert (outcome.result, outcome.next) == ("in_sync", 20.0)
    assert [(t.type, t.reason) for t in cupboard.told] == [("Normal", "InSync")]


def test_a_steady_account_asks_aws_and_writes_nothing(look: Look, cupboard: Cupboard, aws: Loopback) -> None:
    look(account("a"))
    cupboard.writes.clear()
    asked = len(aws.asked)
    look(copy.deepcopy(cupboard.body))
    assert (cupboard.writes, len(aws.asked)) == ([], asked + 1)


def test_the_log_has_a_line_where_something_is_another_way_and_none_while_it_stays(
    look: Look, cupboard: Cupboard, aws: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "headrace")
    look(account("a"))
    look(copy.deepcopy(cupboard.body))
    for _ in range(2):
        aws.answers = [Answer(403, wrapped("InvalidClientTokenId"))]
        look(copy.deepcopy(cupboard.body))
    assert [(line.levelname, line.getMessage()) for line in caplog.records] == [
        ("INFO", f"AWS account 111122223333, as {ME}"),
        ("WARNING", "AWS does not accept the credentials (InvalidClientTokenId): No."),
    ]


def test_credentials_that_are_good_no_more_are_told_and_what_was_known_stays(
    look: Look, cupboard: Cupboard, aws: Loopback
) -> None:
    look(account("a"))
    aws.answers = [Answer(403, wrapped("InvalidClientTokenId"))]
    outcome = look(copy.deepcopy(cupboard.body))
    sentence = "AWS does not accept the credentials (InvalidClientTokenId): No."
    assert said(cupboard) == {
        "Ready": ("False", "AccessDenied", sentence),
        "Stalled": ("True", "AccessDenied", sentence),
    }
    assert cupboard.body["status"]["accountID"] == "111122223333"
    assert (outcome.result, outcome.next) == ("stalled", 5.0)
    look(copy.deepcopy(cupboard.body))
    assert list(said(cupboard)) == ["Ready"]
    assert said(cupboard)["Ready"][0] == "True"


def test_a_secret_that_is_not_there_is_looked_for_again_soon(
    look: Look, cupboard: Cupboard, cluster: Cluster
) -> None:
    outcome = look(account("a", FROM_SECRET, **HELD))
    assert said(cupboard)["Ready"][:2] == ("False", "Waiting")
    assert "Reconciling" in said(cupboard)
    assert outcome.next == 5.0
    cluster.vault.secrets["keys"] = KEYS
    look(copy.deepcopy(cupboard.body))
    assert said(cupboard)["Ready"][0] == "True"
    assert cupboard.body["status"]["credentialsVersion"]


def test_a_version_of_a_secret_is_told_no_more_where_there_is_none(
    look: Look, cupboard: Cupboard, cluster: Cluster
) -> None:
    cluster.vault.secrets["keys"] = KEYS
    look(account("a", FROM_SECRET, **HELD))
    body = copy.deepcopy(cupboard.body)
    del body["spec"]["credentials"]
    look(body)
    assert "credentialsVersion" not in cupboard.body["status"]


def test_aws_that_does_not_answer_is_asked_again_soon(look: Look, cupboard: Cupboard) -> None:
    outcome = look(account("a", {"endpointURL": "http://127.0.0.1:9"}, **HELD))
    assert said(cupboard)["Ready"][:2] == ("False", "Unavailable")
    assert "Stalled" not in said(cupboard)
    assert (outcome.next, outcome.outage) == (20.0, True)


@pytest.mark.usefixtures("impatient")
def test_an_outage_leaves_an_account_as_it_is_and_is_told_once_it_lasts(
    look: Look, cupboard: Cupboard, aws: Loopback
) -> None:
    look(account("a", **HELD))
    well = copy.deepcopy(cupboard.body)
    for outages in (0, 1):
        aws.answers = [Answer(400, wrapped("Throttling"))] * 3
        look(well, outages)
        assert cupboard.body == well
    aws.answers = [Answer(400, wrapped("Throttling"))] * 3
    outcome = look(well, 2)
    assert said(cupboard) == {
        "Ready": ("True", "Throttled", "AWS asks to slow down (Throttling at GetCallerIdentity).")
    }
    assert (outcome.next, outcome.outage) == (20.0, True)
    look(copy.deepcopy(cupboard.body))
    assert said(cupboard)["Ready"][1] == "InSync"


def test_a_bug_is_told_and_tried_again(
    look: Look, cupboard: Cupboard, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.vault.error = ZeroDivisionError()
    outcome = look(account("a", FROM_SECRET, **HELD))
    sentence = "ZeroDivisionError in the operator: this is a bug. Its log has the details; it tries again."
    assert said(cupboard) == {
        "Ready": ("Unknown", "InternalError", sentence),
        "Reconciling": ("True", "InternalError", sentence),
    }
    assert (outcome.result, outcome.next) == ("bug", Next.BACKOFF)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["bug while reconciling"]


def test_of_two_defaults_each_names_both(look: Look, cupboard: Cupboard, cluster: Cluster) -> None:
    cluster.has(account("b", {"default": True}))
    look(account("a", {"default": True}, **HELD))
    sentence = "AWSAccounts a and b all say default: true; only one may."
    assert said(cupboard)["Stalled"] == ("True", "InvalidSpec", sentence)


def test_a_spec_of_an_older_schema_is_told(look: Look, cupboard: Cupboard) -> None:
    look(account("a", {"region": "nowhere"}, **HELD))
    assert said(cupboard)["Stalled"][:2] == ("True", "InvalidSpec")
    assert said(cupboard)["Stalled"][2].startswith("spec.region: ")


def test_a_look_that_somebody_asked_for_is_answered(look: Look, cupboard: Cupboard) -> None:
    body = account("a", **HELD, annotations={"headrace.io/reconcile-requested-at": "now"})
    look(body)
    assert cupboard.body["status"]["lastHandledReconcileAt"] == "now"


def test_an_account_in_use_stays_and_says_who(look: Look, cupboard: Cupboard, cluster: Cluster) -> None:
    cluster.has(*(bucket(f"b{n}", {"account": "a"}) for n in range(7)), bucket("other", {"account": "b"}))
    outcome = look(account("a", **HELD, **DELETING))
    names = ", ".join(f"AcceleratedBucket shop/b{n}" for n in range(5))
    sentence = f"Still used by {names} and 2 more: it goes when they are gone, or name another account."
    assert said(cupboard)["Ready"] == ("False", "Waiting", sentence)
    assert cupboard.writes == ["status"]
    assert outcome.next is Next.BACKOFF


def test_an_account_that_nobody_uses_goes(look: Look, cupboard: Cupboard, aws: Loopback) -> None:
    outcome = look(account("a", **HELD, **DELETING))
    assert cupboard.writes == ["finalizer remove"]
    assert (outcome.obj, outcome.result) == (None, "deleted")
    assert aws.asked == []


def test_what_is_not_held_by_us_is_let_go_without_a_word(look: Look, cupboard: Cupboard) -> None:
    outcome = look(account("a", finalizers=["somebody/else"], **DELETING))
    assert (outcome.result, cupboard.writes) == ("deleted", [])


def test_a_line_tells_of_what_is_news_and_has_the_ids_of_a_failure_once(
    look: Look, cupboard: Cupboard, aws: Loopback
) -> None:
    lines = [look(account("a", **HELD)).line, look(copy.deepcopy(cupboard.body)).line]
    aws.answers = [Answer(403, wrapped("ExpiredToken")) for _ in range(2)]
    for _ in range(2):
        failed = look(copy.deepcopy(cupboard.body))
        lines.append(failed.line)

    assert [line.level for line in lines if line] == [
        logging.INFO,
        logging.DEBUG,
        logging.WARNING,
        logging.DEBUG,
    ]
    first, _, told, _ = lines
    assert first is not None
    assert first.message == f"AWS account 111122223333, as {ME}"
    assert told is not None
    (error,) = told.about["errors"]
    assert (error["code"], error["request_id"]) == ("ExpiredToken", "R")
    assert [type(error) for error in failed.errors] == [BadCredentials]
