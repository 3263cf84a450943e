"""YAML as people like to read it: keys in the order in which they were put, long texts folded."""

from collections.abc import Iterable
from typing import Any

import yaml

_WIDTH = 100
_LONG = 60


class _Dumper(yaml.SafeDumper):
    """Writes lists below their key indented by two, and long texts as blocks without quotes."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value that occurs twice out twice."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > _LONG and " " in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(documents: Iterable[Any], header: str) -> str:
    """Return YAML documents below a header, whose lines become comments; loaded, they are equal again."""
    comment = "".join(f"# {line}\n" for line in header.splitlines())
    return comment + _dumped(documents, explicit_start=True)


def fragment(value: Any) -> str:
    """Return the YAML of a value that is a text in another document."""
    return _dumped([value], explicit_start=False)


def _dumped(documents: Iterable[Any], *, explicit_start: bool) -> str:
    text: str = yaml.dump_all(
        documents,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
        explicit_start=explicit_start,
    )
    return text
