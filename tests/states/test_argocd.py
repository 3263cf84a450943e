"""What Argo CD says of every state, and does about it, by the scripts that we ship, in a Lua like its own."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaError

from headrace.kinds.definition import ADOPT, GROUP, PAUSED, REQUESTED_AT
from headrace.kinds.registry import DEFINITIONS
from sandbox.world import condition
from tests.bucket_specs import ROOT
from tests.states.argo import Vm, acted
from tests.states.recorded import RECORDED, Recorded
from tools import argocd

LAYOUT = ROOT / argocd.LAYOUT
ANNOTATIONS = {REQUESTED_AT, PAUSED, ADOPT}

each = pytest.mark.parametrize("state", RECORDED, ids=str)
of_each_kind = pytest.mark.parametrize("kind", DEFINITIONS)


def script(kind: str, *path: str) -> str:
    return LAYOUT.joinpath(kind, *path).read_text()


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def offered(state: Recorded) -> dict[str, bool]:
    """Return what is offered for an object, and whether it makes sense."""
    found: Mapping[str, Any] = Vm().run(script(state.kind, "actions", "discovery.lua"), state.obj)
    return {name: not action["disabled"] for name, action in found.items()}


# Health


@each
def test_the_health_of_every_state_is_that_of_the_table(state: Recorded) -> None:
    found = Vm().run(script(state.kind, "health.lua"), state.obj)

    assert found["status"] == state.expected["health"]
    assert found["message"]


@pytest.mark.parametrize(
    "state", [state for state in RECORDED if state.expected["kstatus"] != "Terminating"], ids=str
)
def test_only_what_is_paused_looks_otherwise_to_argo_cd_than_to_kstatus(state: Recorded) -> None:
    same = {"Current": "Healthy", "InProgress": "Progressing", "Failed": "Degraded"}

    health = Vm().run(script(state.kind, "health.lua"), state.obj)["status"]

    assert health == ("Suspended" if state.reason == "Paused" else same[state.expected["kstatus"]])


@of_each_kind
def test_an_object_that_says_nothing_at_all_is_on_its_way(kind: str) -> None:
    said: tuple[dict[str, Any], ...] = ({}, {"conditions": []}, {"observedGeneration": 1})
    for status in ({}, *({"status": each} for each in said)):
        found = Vm().run(script(kind, "health.lua"), {"metadata": {"generation": 1}, **status})
        assert found == {"status": "Progressing", "message": argocd.UNSEEN}


# Actions


@each
def test_what_is_offered_makes_sense(state: Recorded) -> None:
    known = {action.name for action in argocd.actions_of(DEFINITIONS[state.kind])}

    found = offered(state)

    assert set(found) == known
    assert {name for name, sense in found.items() if sense} == set(state.expected["actions"]) & known


@each
def test_no_action_touches_anything_but_our_annotations(state: Recorded) -> None:
    for action in argocd.actions_of(DEFINITIONS[state.kind]):
        after = acted(script(state.kind, "actions", action.name, "action.lua"), state.obj)

        said = dict(after["metadata"].pop("annotations", {}))
        before = {**state.obj, "metadata": dict(state.obj["metadata"])}
        had = dict(before["metadata"].pop("annotations", {}))
        assert after == before
        assert {key for key in said | had if said.get(key) != had.get(key)} <= {action.annotation}
        assert action.annotation in ANNOTATIONS


def test_annotations_of_others_stay() -> None:
    obj: dict[str, Any] = {
        "kind": "X",
        "metadata": {"annotations": {"team": "shop", PAUSED: "true"}},
        "spec": {"a": {}, "b": []},
    }

    after = acted(script("Distribution", "actions", "resume", "action.lua"), obj)

    assert after == {**obj, "metadata": {"annotations": {"team": "shop"}}}


def test_to_reconcile_is_asked_for_with_the_time() -> None:
    obj: dict[str, Any] = {"metadata": {}}

    after = acted(script("AcceleratedBucket", "actions", "reconcile", "action.lua"), obj, now=None)

    assert re.fullmatch(
        r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
        after["metadata"]["annotations"][REQUESTED_AT],
    )


# As Argo CD takes it up


@of_each_kind
def test_the_tests_that_go_with_the_health_pass(kind: str) -> None:
    folder = LAYOUT / kind
    tests = read(folder / "health_test.yaml")["tests"]

    assert {test["inputPath"] for test in tests} == {f"testdata/{p.name}" for p in folder.glob("testdata/*")}
    for test in tests:
        found = Vm().run(script(kind, "health.lua"), read(folder / test["inputPath"]))
        assert found == test["healthStatus"], test["inputPath"]


@of_each_kind
def test_the_tests_that_go_with_the_actions_pass(kind: str) -> None:
    folder = LAYOUT / kind / "actions"
    tests = read(folder / "action_test.yaml")

    for test in tests["discoveryTests"]:
        found = Vm().run(script(kind, "actions", "discovery.lua"), read(folder / test["inputPath"]))
        assert found == {a["name"]: {"disabled": a["disabled"]} for a in test["result"]}, test["inputPath"]
    for test in tests["actionTests"]:
        after = acted(script(kind, "actions", test["action"], "action.lua"), read(folder / test["inputPath"]))
        assert after == read(folder / test["expectedOutputPath"]), test["action"]
    assert {test["action"] for test in tests["actionTests"]} == {
        path.parent.name for path in folder.glob("*/action.lua")
    }


def test_nothing_lies_in_the_layout_that_is_not_generated() -> None:
    there = {path.relative_to(ROOT) for path in LAYOUT.rglob("*") if path.is_file()}

    generated = set(argocd.files(DEFINITIONS.values()))
    assert there == {path for path in generated if path.is_relative_to(argocd.LAYOUT)}


@of_each_kind
def test_the_config_map_has_the_same_scripts(kind: str) -> None:
    data = read(ROOT / argocd.MANIFESTS / "argocd-cm.yaml")["data"]
    actions = yaml.safe_load(data[f"resource.customizations.actions.{GROUP}_{kind}"])

    assert (
        without_header(script(kind, "health.lua")) == data[f"resource.customizations.health.{GROUP}_{kind}"]
    )
    assert without_header(script(kind, "actions", "discovery.lua")) == actions["discovery.lua"]
    for action in actions["definitions"]:
        assert without_header(script(kind, "actions", action["name"], "action.lua")) == action["action.lua"]
    assert [action["name"] for action in actions["definitions"]] == [
        action.name for action in argocd.actions_of(DEFINITIONS[kind])
    ]


def without_header(text: str) -> str:
    return text.partition("\n")[2]


# Applications, for whose health the waves wait


def health_of_an_application(status: Mapping[str, Any]) -> Any:
    config_map = read(ROOT / argocd.MANIFESTS / "argocd-cm-applications.yaml")
    return Vm().run(config_map["data"][argocd.APPLICATION_HEALTH], {"kind": "Application", **status})


@pytest.mark.parametrize("word", ["Healthy", "Progressing", "Degraded", "Suspended", "Missing"])
@pytest.mark.parametrize("message", [None, "Waiting for bucket media"])
def test_an_application_is_as_healthy_as_it_says(word: str, message: str | None) -> None:
    said = {"status": word} if message is None else {"status": word, "message": message}

    found = health_of_an_application({"status": {"health": said, "sync": {"status": "Synced"}}})

    assert found == {"status": word, "message": message or ""}


@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": {"health": {}}}])
def test_an_application_that_nobody_has_looked_at_yet_holds_the_wave_up(status: Mapping[str, Any]) -> None:
    assert health_of_an_application(status) == {"status": "Progressing", "message": ""}


def test_what_is_merged_into_argocd_cm_has_no_entry_twice() -> None:
    ours, applications = (
        read(ROOT / argocd.MANIFESTS / name) for name in ("argocd-cm.yaml", "argocd-cm-applications.yaml")
    )

    assert ours["metadata"] == applications["metadata"]
    assert set(applications["data"]) == {argocd.APPLICATION_HEALTH}
    assert not set(ours["data"]) & set(applications["data"])


# The Lua


@pytest.mark.parametrize(
    "script",
    [
        'return string.len("a")',
        'return ("a"):upper()',
        'return io.open("/etc/passwd")',
        "return math.pi",
        "return os.time()",
        'return require("os").getenv("HOME")',
        'return require("string")',
        "return python.eval",
        'return dofile("/etc/passwd")',
    ],
)
def test_the_lua_here_has_no_more_than_that_of_argo_cd(script: str) -> None:
    with pytest.raises(LuaError):
        Vm().run(script, {})


def test_a_sentence_of_the_operator_comes_through_whole() -> None:
    state = next(state for state in RECORDED if str(state) == "Distribution/access-denied")

    found = Vm().run(script("Distribution", "health.lua"), state.obj)

    assert found["message"] == condition(state.obj, "Ready")["message"]
    assert "cloudfront:CreateDistribution" in found["message"]
