"""Logs: one line for each event, as JSON for machines or plain for people."""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

_OWN = frozenset(vars(logging.makeLogRecord({})).keys()) | {"message", "asctime", "taskName"}


class LogFormat(StrEnum):
    """How lines are written."""

    JSON = "json"
    CONSOLE = "console"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _OWN and not key.startswith("_")}


class JsonFormatter(logging.Formatter):
    """Writes a line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            about["traceback"] = self.formatException(record.exc_info)
        return json.dumps(about, default=str, ensure_ascii=False)


class ConsoleFormatter(logging.Formatter):
    """Writes a line for a terminal: the message, then what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it the traceback if there is one."""
        said = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {record.getMessage()}"
        line = " ".join([said, *(f"{key}={value}" for key, value in _extra(record).items())])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(format_: LogFormat, level: str) -> None:
    """Send all logs to standard error in this format; libraries are heard from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format_ is LogFormat.JSON else ConsoleFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # It tells of credentials that cannot be had with a traceback; who needed them tells it in a sentence.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
    logging.getLogger("headrace").setLevel(level)
