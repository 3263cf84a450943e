"""How the demo looks: in colour on a terminal, else without escape codes; never cut."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

_MARGIN = "  "
# Where there is no terminal, the closing table takes what it needs.
_WIDTH = 120


class Screen:
    """Writes to standard output, line by line, as things happen."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            # What a terminal of few characters cannot show must not end the demo.
            sys.stdout.reconfigure(errors="replace", line_buffering=True)
        terminal = sys.stdout.isatty()
        self._console = Console(
            force_terminal=None if terminal else False,
            width=None if terminal else _WIDTH,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def title(self, number: int, of: int, title: str, why: str) -> None:
        """Begin a step."""
        self._line(Text(f"\n[{number}/{of}] {title}", style="bold cyan"))
        for line in why.splitlines():
            self._line(Text(line, style="italic"))

    def command(self, text: str) -> None:
        """Show a command that is run now."""
        self._line(Text(f"{_MARGIN}$ {text}", style="bold"))

    def output(self, text: str, style: str = "") -> None:
        """Show what somebody else said, as it is."""
        for line in text.rstrip().splitlines():
            self._line(Text(f"{_MARGIN}{line}".rstrip(), style=style))

    def yaml(self, text: str) -> None:
        """Show YAML."""
        self.output(text, "cyan")

    def said(self, who: str, text: str) -> None:
        """Show a line of a log, and whose log it is."""
        self._line(Text.assemble((f"{_MARGIN}{who}: ", "magenta"), text))

    def right(self, sentence: str) -> None:
        """Show what was found to be so."""
        self._line(Text(f"{_MARGIN}ok: {sentence}", style="green"))

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table: the first column is text, the others are numbers; the last row is the sum."""
        table = Table(box=SIMPLE_HEAD)
        for number, name in enumerate(head):
            table.add_column(name, justify="right" if number else "left")
        for row in rows[:-1]:
            table.add_row(*row)
        table.add_section()
        table.add_row(*rows[-1], style="bold")
        self._line(Text(f"\n{title}", style="bold"))
        with self._console.capture() as drawn:
            self._console.print(table)
        for line in drawn.get().splitlines():
            self._line(Text.from_ansi(line.rstrip()))

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)
