"""What pages are made of: words as code, and tables."""

from collections.abc import Iterable, Sequence


def codes(words: Iterable[str]) -> str:
    """Write words as code, with commas between them."""
    return ", ".join(f"`{word}`" for word in words)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; a bar inside a cell is escaped, in code too, as GitHub's Markdown wants it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
