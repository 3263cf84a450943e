"""Run the operator: the command headrace-operator, and python -m headrace."""

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command, and end at any signal from the first moment on.

    To process 1, as the operator is in its image, the kernel delivers only signals that somebody takes.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _leave)
    from headrace.main import app  # noqa: PLC0415 - it takes a second, in which a signal may come

    app(prog_name="headrace-operator")


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End at once, since nothing has begun."""
    os._exit(0)


if __name__ == "__main__":
    main()
