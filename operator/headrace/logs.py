"""Logs: one line for each event, as JSON for machines or plain for people."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from headrace.kinds.definition import ObjectRef

_OWN = frozenset(vars(logging.makeLogRecord({})).keys()) | {"message", "asctime", "taskName"}


class LogFormat(StrEnum):
    """How lines are written."""

    JSON = "json"
    CONSOLE = "console"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _OWN and not key.startswith("_")}


def _fields(value: Any) -> dict[str, Any] | None:
    """Return which object a line is about, in parts that can be asked for."""
    if not isinstance(value, ObjectRef):
        return None
    where = {"namespace": value.namespace} if value.namespace else {}
    return {"kind": value.kind, **where, "name": value.name}


class JsonFormatter(logging.Formatter):
    """Writes a line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for key, value in _extra(record).items():
            about |= _fields(value) or {key: value}
        if record.exc_info:
            about["traceback"] = self.formatException(record.exc_info)
        return json.dumps(about, default=str, ensure_ascii=False)


class ConsoleFormatter(logging.Formatter):
    """Writes a line for a terminal: the message, then what it is about; what is a list, below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it the traceback if there is one."""
        said = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {record.getMessage()}"
        about = _extra(record)
        lists = {key: about.pop(key) for key, value in list(about.items()) if _long(value)}
        line = " ".join([said, *_pairs(about)])
        below = [f"{'':9}{key}: {_one(item)}" for key, items in lists.items() for item in items]
        trace = [self.formatException(record.exc_info)] if record.exc_info else []
        return "\n".join([line, *below, *trace])


def _long(value: Any) -> bool:
    """Say whether this is a list of more than words."""
    return isinstance(value, list) and any(" " in str(item) for item in value)


def _pairs(about: Mapping[str, Any]) -> list[str]:
    return [f"{key}={','.join(map(str, v)) if isinstance(v, list) else v}" for key, v in about.items()]


def _one(item: Any) -> str:
    return " ".join(_pairs(item)) if isinstance(item, Mapping) else str(item)


def configure(format_: LogFormat, level: str) -> None:
    """Send all logs to standard error in this format; libraries are heard from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format_ is LogFormat.JSON else ConsoleFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # It tells of credentials that cannot be had with a traceback; who needed them tells it in a sentence.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
    logging.getLogger("headrace").setLevel(level)
