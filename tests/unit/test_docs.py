"""What the code and its documentation say: words that nobody writes, commands that AWS does not know."""

import ast
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

import headrace
from headrace.kinds.status import Reason

SOURCES = sorted(Path(headrace.__path__[0]).rglob("*.py"))


def named(tree: ast.AST) -> set[str]:
    """Return the members of Reason that are named in a module."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }


def reserved() -> set[Reason]:
    """Return the reasons that the documentation of Reason says to be reserved."""
    words = re.search(r"^Reserved: (.*)\.$", (Reason.__doc__ or "").replace("\n    ", "\n"), re.M)
    return {Reason(word) for word in words[1].split(", ")} if words else set()


def test_every_reason_is_written_by_somebody_or_said_to_be_reserved() -> None:
    written = {Reason[name] for path in SOURCES for name in named(ast.parse(path.read_text()))}

    assert written | reserved() == set(Reason)
    assert written.isdisjoint(reserved()), "no longer reserved"


IAM = Path(__file__).parents[2] / "docs" / "iam" / "README.md"
# Options of the aws command itself.
OF_THE_COMMAND = {"output", "query"}


def blocks(page: Path) -> list[str]:
    """Return what a page has for a shell."""
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each call of the aws command that a page has."""
    for block in blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"\baws [a-z].*", line)
            if found:
                yield shlex.split(found[0].rstrip(")"))


def test_every_command_of_the_page_about_iam_is_one_that_aws_has() -> None:
    session, seen = botocore.session.get_session(), 0
    for _, service, command, *words in commands(IAM):
        model = session.get_service_model(service)
        (name,) = (each for each in model.operation_names if xform_name(each, "-") == command)
        shape = model.operation_model(name).input_shape
        assert shape is not None
        options = {word.removeprefix("--") for word in words if word.startswith("--")}
        known = {xform_name(member, "-") for member in shape.members}
        assert options <= known | OF_THE_COMMAND, command
        assert {xform_name(member, "-") for member in shape.required_members} <= options, command
        seen += 1
    assert seen > 10


def test_who_follows_the_page_about_iam_has_policies_with_nothing_left_to_fill_in(tmp_path: Path) -> None:
    answer = 'case "$*" in *issuer*) echo https://oidc.example/id/1;; *) echo arn:aws:eks:::cluster/c;; esac'
    for name in ("aws", "kubectl"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "docs").symlink_to(IAM.parents[1])
    made: dict[str, str] = {}
    for block in blocks(IAM):
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        subprocess.run(["/bin/sh", "-ec", block], cwd=tmp_path, env=env, check=True, capture_output=True)
        made |= {path.name + block: path.read_text() for path in tmp_path.glob("*.json")}

    assert len(made) > 5
    for text in made.values():
        assert json.loads(text)["Statement"]
        assert re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text) == []


ROOT = IAM.parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def named_by(page: Path) -> Iterator[Path]:
    """Yield the files of ours that a page links to, or names as tests."""
    text = page.read_text(encoding="utf-8")
    # What is code is no link: patterns look like some.
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", text)):
        if "://" not in link:
            yield page.parent / link
    for test in re.findall(r"`(tests/[^`:\s]+)`?", text):
        yield ROOT / test


def test_what_the_pages_link_to_and_the_tests_they_name_are_there() -> None:
    named = [(page.name, path) for page in PAGES for path in named_by(page)]

    assert len(named) > 100
    assert [(page, str(path)) for page, path in named if not path.exists()] == []
