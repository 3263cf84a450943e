"""What the sandbox tells the person before the screen: progress and errors, on standard error."""

import sys


def say(line: str) -> None:
    """Print one line on standard error at once; standard output stays free for results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
