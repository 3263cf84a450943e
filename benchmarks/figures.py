"""What was measured, as data: printed as a table for people, written as JSON for comparisons."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDTH = 110
_UNITS = {"s": "{:.2f} s", "ms": "{:.0f} ms", "MiB": "{:.0f} MiB", "KiB": "{:.0f} KiB", "": "{:g}"}


@dataclass(frozen=True)
class Figure:
    """One measurement. ``bare``: the same calls without the operator. ``aim``: what it is to be at most."""

    name: str
    value: float
    unit: str = ""
    bare: float | None = None
    aim: float | None = None

    @property
    def ratio(self) -> float | None:
        """The operator's over the bare calls': what can be compared between machines."""
        return self.value / self.bare if self.bare else None


@dataclass(frozen=True)
class Results:
    """One run: how it was set up, what came out, and the calls for each bucket by operation."""

    settings: Mapping[str, float]
    figures: tuple[Figure, ...]
    calls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        machine = {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        }
        figures = [{**asdict(figure), "ratio": figure.ratio} for figure in self.figures]
        calls = {what: dict(sorted(counts.items())) for what, counts in self.calls.items()}
        document = {
            "machine": machine,
            "settings": dict(self.settings),
            "figures": figures,
            "aws_calls": calls,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n")

    def show(self) -> None:
        """Print the table, and the calls under it."""
        console = Console(width=None if Console().is_terminal else _WIDTH, highlight=False)
        table = Table(box=SIMPLE_HEAD)
        table.add_column("measured")
        for name in ("operator", "bare calls", "ratio", "aim"):
            table.add_column(name, justify="right")
        for figure in self.figures:
            ratio = f"{figure.ratio:.2f}" if figure.ratio else ""
            table.add_row(
                figure.name, _text(figure, figure.value), _text(figure, figure.bare), ratio, _aim(figure)
            )
        console.print(table)
        for what, counts in self.calls.items():
            listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            console.print(f"{what}: {sum(counts.values())} ({listed})", soft_wrap=True)


def _text(figure: Figure, value: float | None) -> str:
    return "" if value is None else _UNITS[figure.unit].format(value)


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    return f"{_text(figure, figure.aim)} {'met' if figure.value <= figure.aim else 'missed'}"
