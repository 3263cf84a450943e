"""Accounts from a file: what is refused with which words, and what follows from a change of the file."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from headrace.controller import account_file as module
from headrace.controller.account_file import AccountFile, FileWrong, follow, parse
from headrace.controller.api import Gone, Object, Stale
from headrace.controller.outcome import Outcome
from headrace.controller.writer import write_status
from headrace.kinds.definition import ObjectRef
from tests.unit.controller.objects import REF, body
from tests.unit.controller.stage import Stage, in_sync

A = ObjectRef("AWSAccount", "", "a")
WRONG = {
    "": "it has to be a list of accounts, each with name and spec",
    "{name: a}": "it has to be a list of accounts, each with name and spec",
    "[{name: a": (
        'it is no YAML: while parsing a flow mapping in "<unicode string>", line 1, column 2: [{name: a ^ '
        "expected ',' or '}', but got '<stream end>' in \"<unicode string>\", line 1, column 10: [{name: a ^"
    ),
    "[a]": "it has to be a list of accounts, each with name and spec",
    "[{name: a}]": "accounts[0].spec: Field required",
    "[{name: A, spec: {}}]": (
        "accounts[0].name: String should match pattern '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'"
    ),
    "[{name: a, spec: {regoin: x}}]": "accounts[0].spec.regoin: Extra inputs are not permitted",
    "[{name: a, spec: {default_tags: {a: b}}}]": (
        "accounts[0].spec.default_tags: Extra inputs are not permitted"
    ),
    "[{name: a, spec: {}}, {name: a, spec: {}}]": "there are several accounts a",
    "[{name: b, spec: {default: true}}, {name: a, spec: {default: true}}]": (
        "a and b all say default: true; only one may"
    ),
    "[{name: a, spec: {namespaces: [{selector: {matchLabels: {team: a}}}]}}]": (
        "accounts[0].spec.namespaces[0].selector: labels of namespaces cannot be read without a right in the "
        "whole cluster; name the namespaces in names"
    ),
    str([{"name": f"a{i}", "spec": {}} for i in range(1001)]): "it has 1001 accounts, and may have 1000",
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.items(), ids=[key[:40] for key in WRONG])
def test_what_is_wrong_is_said_and_where(text: str, sentence: str) -> None:
    with pytest.raises(FileWrong) as wrong:
        parse(text)

    assert str(wrong.value) == sentence


NO_VALUES = {
    "2024-13-45": "timestamp",
    "2024-02-30": "timestamp",
    "2024-01-01T25:00:00Z": "timestamp",
    "!!timestamp foo": "timestamp",
    "!!bool foo": "bool",
    "!!int ''": "int",
    "!!int foo": "int",
    "0b_": "int",
    "1" * 5000: "int",
    "!!float foo": "float",
}


@pytest.mark.parametrize(("value", "kind"), NO_VALUES.items(), ids=[key[:40] for key in NO_VALUES])
def test_a_value_that_is_not_what_it_seems_is_told_with_its_place(value: str, kind: str) -> None:
    with pytest.raises(FileWrong) as wrong:
        parse(f"- name: a\n  spec:\n    region: {value}\n")

    said = str(wrong.value)
    assert said.startswith(f'it is no YAML: this is no {kind} in "<unicode string>", line 3, column 13: ')
    assert len(said) < 400


@pytest.mark.parametrize("text", ['- "\\UFFFFFFFF"', f"%YAML 1.{'1' * 5000}\n--- []", "[" * 1500, "- \x01"])
def test_what_upsets_the_reader_itself_is_no_yaml(text: str) -> None:
    with pytest.raises(FileWrong, match=r"^it is no YAML: "):
        parse(text)


def test_an_account_within_itself_is_refused() -> None:
    with pytest.raises(FileWrong, match=r"^accounts\[0\]\.spec"):
        parse("- &a {name: a, spec: *a}")


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("[]", {}),
        ("- name: a\n  spec: {region: eu-central-1, default: true}\n", {"a": ["default", "region"]}),
        (
            '[{"name": "a", "spec": {}}, {"name": "b", "spec": {"default": true}}]',
            {"a": [], "b": ["default"]},
        ),
    ],
)
def test_a_list_in_yaml_or_json_is_taken(text: str, specs: dict[str, list[str]]) -> None:
    assert {name: sorted(spec) for name, spec in parse(text).items()} == specs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.yaml"


def holding(path: Path, text: str) -> AccountFile:
    path.write_text(text)
    file = AccountFile(path)
    assert file.check() == ""
    return file


def test_a_file_that_cannot_be_read_is_told_until_it_can(path: Path) -> None:
    file = AccountFile(path)

    assert file.check() == f"The file of accounts {path} cannot be read: No such file or directory."
    path.write_bytes(b"\xff")
    assert file.check() == f"The file of accounts {path} cannot be read: it is no UTF-8."
    path.write_text("#" * (1024 * 1024 + 1))
    assert file.check() == f"The file of accounts {path} is longer than 1 MiB."
    path.write_text("{}")
    for _ in range(2):
        assert file.check().startswith(f"The file of accounts {path} cannot be used: it has to be a list")
    path.write_text("[{name: a, spec: {}}]")
    assert file.check() == ""
    assert [Object(it).ref for it in file.bodies()] == [A]


def test_a_change_is_told_once_with_newer_versions(path: Path) -> None:
    file = holding(path, "[{name: a, spec: {}}, {name: b, spec: {}}, {name: c, spec: {}}]")
    before = {it["metadata"]["name"]: Object(it) for it in file.bodies()}

    assert file.read() is None
    path.write_text("[{name: a, spec: {region: eu-central-1}}, {name: b, spec: {}}, {name: d, spec: {}}]")
    change = file.read()
    assert change is not None
    assert str(change) == "new or changed: a, d; gone: c"
    a = Object(change.put[0])
    assert (a.generation, a.uid, a.spec) == (2, before["a"].uid, {"region": "eu-central-1"})
    assert min(int(Object(it).version) for it in (*change.put, *change.gone)) > 3
    assert file.read() is None


def test_a_status_is_kept_as_long_as_the_account_is_there(path: Path) -> None:
    file = holding(path, "[{name: a, spec: {}}]")
    first = Object(file.get(A))

    written = write_status(file, first, {"accountID": "1", "callerARN": "me"})
    assert written is not None
    assert write_status(file, written, {"accountID": "2"})
    assert file.get(A)["status"] == {"accountID": "2"}
    with pytest.raises(Stale):
        file.patch_status(A, {"metadata": {"resourceVersion": first.version}, "status": {}})
    path.write_text("[{name: a, spec: {default: true}}]")
    file.read()
    assert file.get(A)["status"] == {"accountID": "2"}
    path.write_text("[]")
    file.read()
    with pytest.raises(Gone):
        file.get(A)


def put(path: Path, text: str) -> None:
    """Replace the file at once, as the kubelet does: one that is being written would be read as empty."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_the_loop_follows_the_file_and_a_bad_one_is_told_of_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    file, forgotten = holding(path, "[{name: a, spec: {}}]"), list[str]()

    def played(stage: Stage, obj: Object) -> Outcome:
        return Outcome(obj) if obj.ref == A else in_sync(stage, obj)

    def told() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "headrace.accounts"]

    def looked(stage: Stage) -> int:
        return sum(obj.ref == REF for _, obj, _ in stage.passes)

    async def scene() -> list[Any]:
        stage = Stage(played)
        for it in (*file.bodies(), body(spec={"account": "a"})):
            stage.loop.changed(it)
        task = asyncio.create_task(follow(file, stage.loop, forgotten.append))
        for text, lines, looks in (("[{name: a, spec: {default: true}}]", 1, 2), ("{}", 2, 2), ("[]", 3, 3)):
            await asyncio.to_thread(put, path, text)
            async with asyncio.timeout(30):
                while len(told()) < lines or looked(stage) < looks:  # noqa: ASYNC110 - the log has no event to wait for
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
        task.cancel()
        await stage.end()
        return [(obj.ref, obj.generation) for _, obj, _ in stage.passes]

    passes = asyncio.run(scene())
    assert passes.count((A, 2)) == 1
    assert [ref for ref, _ in passes].count(REF) == 3, "at first, with the change, and when it was gone"
    assert forgotten == ["a"]
    assert told() == [
        "The file of accounts was read anew: new or changed: a.",
        f"The file of accounts {path} cannot be used: it has to be a list of accounts, each with name and "
        "spec. The accounts stay as they were.",
        "The file of accounts was read anew: gone: a.",
    ]
