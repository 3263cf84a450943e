import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from headrace.kube.connection import ConnectionFailed, Heartbeat, load, path_of
from tests.unit.controller.cloud import ThingKind
from tests.unit.kube.cluster import kubeconfig

SERVER = "https://127.0.0.1:6443"


pytestmark = pytest.mark.usefixtures("nobody")

# Where the configuration is


def test_the_kubeconfig_that_the_environment_names_is_read(tmp_path: Path) -> None:
    kubeconfig(tmp_path / "config", SERVER)

    assert load().host == SERVER


def test_without_one_that_of_the_user_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    kubeconfig(tmp_path / "home" / ".kube" / "config", SERVER)
    monkeypatch.setenv("KUBECONFIG", "")

    assert load().host == SERVER


@pytest.mark.usefixtures("nameless")
def test_a_user_without_a_home_has_no_kubeconfig_there() -> None:
    with pytest.raises(ConnectionFailed, match=r"no KUBECONFIG, and not in a pod"):
        load()


def test_several_files_are_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubeconfig(tmp_path / "config", SERVER)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/none:{tmp_path}/config")

    assert load().host == SERVER


def test_with_neither_and_outside_of_a_pod_a_sentence_says_so() -> None:
    with pytest.raises(ConnectionFailed) as failed:
        load()

    assert str(failed.value) == (
        "No way to a Kubernetes API server (no KUBECONFIG, and not in a pod): Service host/port is not set."
    )


GOOD: dict[str, Any] = {
    "current-context": "here",
    "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    "clusters": [{"name": "here", "cluster": {"server": SERVER}}],
    "users": [{"name": "me", "user": {"token": "secret"}}],
}


def clusters(**cluster: Any) -> bytes:
    return json.dumps({**GOOD, "clusters": [{"name": "here", "cluster": cluster}]}).encode()


BAD: dict[str, bytes] = {
    "nothing": b"",
    "no YAML": b"{[",
    "a tab where YAML has none": b"\t",
    "no text": b"\xff\xfe\x00\x80",
    "a word": b"hello",
    "a number": b"7",
    "a list": b"[1, 2]",
    "no context": json.dumps({**GOOD, "current-context": ""}).encode(),
    "an unknown context": json.dumps({**GOOD, "current-context": "there"}).encode(),
    "no clusters": json.dumps({**GOOD, "clusters": None}).encode(),
    "an unknown cluster": json.dumps({**GOOD, "clusters": []}).encode(),
    "clusters that are none": json.dumps({**GOOD, "clusters": "here"}).encode(),
    "a certificate that is not there": clusters(server=SERVER, **{"certificate-authority": "none.crt"}),
    "a certificate that is no base64": clusters(server=SERVER, **{"certificate-authority-data": "abc"}),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_kubeconfig_that_makes_no_sense_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / "config").write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))

    with pytest.raises(ConnectionFailed) as failed:
        load()

    sentence = str(failed.value)
    assert sentence.startswith(f"No way to a Kubernetes API server (KUBECONFIG={tmp_path}/config): ")
    assert not sentence.endswith(": ")


@pytest.mark.parametrize("name", ["none", "."])
def test_a_kubeconfig_that_is_no_file_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / name))

    with pytest.raises(ConnectionFailed, match=rf"KUBECONFIG={tmp_path}"):
        load()


def test_the_users_own_file_is_told_by_its_name_too(tmp_path: Path) -> None:
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    (tmp_path / "home" / ".kube" / "config").write_text("[")

    with pytest.raises(ConnectionFailed, match=r"API server \(~/.kube/config\): "):
        load()


# Signs of life


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Response:
    """A response of which so many bytes came in."""

    def __init__(self, total: int = 0, *, ok: bool = True, status: int = 0) -> None:
        self.content = SimpleNamespace(total_bytes=total)
        self.ok, self.status = ok, status or (200 if ok else 500)


THINGS, OTHERS = "/apis/headrace.io/v1alpha1/things", "/apis/headrace.io/v1alpha1/others"


def answer(heartbeat: Heartbeat, path: str, response: Response, *, watch: bool = True) -> Response:
    """Ask for this, and get this answer."""
    heartbeat.asked(path, watch=watch)
    heartbeat.answered(path, cast(aiohttp.ClientResponse, response), watch=watch)
    return response


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heartbeat(clock: Clock) -> Heartbeat:
    return Heartbeat(clock)


def test_silence_grows_from_the_start_on(heartbeat: Heartbeat, clock: Clock) -> None:
    assert heartbeat.age() == 0
    clock.now += 200

    assert heartbeat.age() == 200
    assert heartbeat.silent(199) == "nothing was asked of the API server"


def test_who_asks_before_there_is_any_watch_is_alive(heartbeat: Heartbeat, clock: Clock) -> None:
    clock.now += 200
    heartbeat.asked("/apis", watch=False)

    assert heartbeat.silent(199) == ""


def test_a_response_ends_the_silence_and_so_do_its_bytes(heartbeat: Heartbeat, clock: Clock) -> None:
    clock.now += 200
    response = answer(heartbeat, THINGS, Response(10))
    assert heartbeat.age() == 0
    clock.now += 60
    assert heartbeat.age() == 60
    response.content.total_bytes = 11
    assert heartbeat.age() == 0
    clock.now += 30

    assert heartbeat.age() == 30
    assert heartbeat.silent(29) == "the watch on things has been silent for 30 s"


def test_the_watch_that_is_silent_does_not_hide_behind_the_others(heartbeat: Heartbeat, clock: Clock) -> None:
    silent, lively = answer(heartbeat, THINGS, Response(5)), answer(heartbeat, OTHERS, Response(5))
    heartbeat.age()
    clock.now += 100
    lively.content.total_bytes += 1

    assert heartbeat.age() == 100
    assert heartbeat.silent(99) == "the watch on things has been silent for 100 s"
    assert silent.content.total_bytes == 5


def test_watches_on_one_kind_in_two_namespaces_are_two(heartbeat: Heartbeat, clock: Clock) -> None:
    bank, shop = (f"/apis/headrace.io/v1alpha1/namespaces/{name}/things" for name in ("bank", "shop"))
    responses = [answer(heartbeat, path, Response(5)) for path in (bank, shop, "/api/v1/namespaces")]
    heartbeat.age()
    clock.now += 100
    responses[1].content.total_bytes += 1

    assert heartbeat.silent(99) == (
        "the watch on namespaces has been silent for 100 s; "
        "the watch on things in bank has been silent for 100 s"
    )
    assert heartbeat.waits([bank, shop]) == ""


def test_a_response_that_is_over_is_no_sign_of_life(heartbeat: Heartbeat, clock: Clock) -> None:
    response: Response | None = answer(heartbeat, THINGS, Response(5))
    heartbeat.age()
    clock.now += 100
    del response

    assert heartbeat.age() == 100


def test_an_api_server_that_does_not_answer_is_an_old_age_and_no_death(
    heartbeat: Heartbeat, clock: Clock
) -> None:
    """A new start would mend nothing, and Kubernetes puts off the next one for up to five minutes."""
    answer(heartbeat, THINGS, Response(5))
    for _ in range(20):
        clock.now += 60
        heartbeat.asked(THINGS, watch=True)

    assert heartbeat.age() == 1200
    assert heartbeat.silent(60) == ""


def test_a_watch_has_begun_once_it_was_answered_well(heartbeat: Heartbeat) -> None:
    heartbeat.asked(THINGS, watch=True)
    answer(heartbeat, THINGS, Response(ok=False))
    assert heartbeat.waits([THINGS]) == "the watch on things has not begun yet"
    answer(heartbeat, THINGS, Response())

    assert heartbeat.waits([THINGS]) == ""
    assert heartbeat.waits([THINGS, OTHERS]) == "the watch on others has not begun yet"


def test_what_is_refused_is_told_until_it_is_not(
    heartbeat: Heartbeat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    games = path_of(ThingKind(), "games")
    for _ in range(3):
        answer(heartbeat, games, Response(ok=False, status=403), watch=False)
    assert heartbeat.waits([games]) == "the operator may not list things in games"
    answer(heartbeat, games, Response(), watch=False)
    answer(heartbeat, games, Response())
    assert heartbeat.waits([games]) == ""
    answer(heartbeat, games, Response(ok=False, status=403))

    assert heartbeat.waits([games]) == "the operator may not watch things in games"
    assert [record.getMessage() for record in caplog.records] == [
        "the operator may not list things in games; it tries again until it may",
        "the operator may list things in games by now",
        "the operator may not watch things in games; it tries again until it may",
    ]


def test_what_is_listed_anew_after_it_was_watched_tells_of_a_gap(heartbeat: Heartbeat) -> None:
    answer(heartbeat, THINGS, Response(), watch=False)
    answer(heartbeat, THINGS, Response())
    answer(heartbeat, OTHERS, Response(), watch=False)
    answer(heartbeat, OTHERS, Response())
    answer(heartbeat, THINGS, Response(ok=False), watch=False)
    assert not heartbeat.gap.is_set()
    answer(heartbeat, THINGS, Response(), watch=False)

    assert heartbeat.gap.is_set()
