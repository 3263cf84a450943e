"""What the code says of itself: a word that nobody ever writes is no part of the language."""

import ast
import re
from pathlib import Path

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
