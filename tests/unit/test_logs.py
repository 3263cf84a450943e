import json
import logging
import sys
from datetime import datetime
from typing import Any

import pytest

from headrace.kinds.definition import ObjectRef
from headrace.logs import ConsoleFormatter, JsonFormatter, LogFormat, configure


def record(message: str = "put right", *arguments: Any, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "headrace.reconcile", "levelno": 20, "levelname": "INFO"})
    made.msg, made.args = message, arguments
    vars(made).update(extra)
    return made


def failed(**extra: Any) -> logging.LogRecord:
    """Return the record of an error with its cause."""
    try:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise ValueError("effect") from cause
    except ValueError:
        return record("bug while reconciling", **extra, exc_info=sys.exc_info())


# JSON


def test_a_line_of_json_says_when_how_grave_who_and_what() -> None:
    line = json.loads(JsonFormatter().format(record("%d fields put right", 3)))

    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {"level": "info", "logger": "headrace.reconcile", "message": "3 fields put right"}


def test_what_a_line_is_about_stands_beside_it() -> None:
    line = json.loads(JsonFormatter().format(record(object="Thing shop/media", changed=["a: 1 -> 2", "b"])))

    assert line["object"] == "Thing shop/media"
    assert line["changed"] == ["a: 1 -> 2", "b"]


@pytest.mark.parametrize(
    "text", ["two\nlines", "a\r\nb", 'quotes "', "é 漢 🧾", "\u2028", "\x00\x1b[31m", "100%"]
)
def test_whatever_is_said_is_one_line_that_parses(text: str) -> None:
    written = JsonFormatter().format(record(text, note=text))

    assert "\n" not in written
    assert "\r" not in written
    assert json.loads(written)["message"] == json.loads(written)["note"] == text


def test_what_json_does_not_know_is_written_as_text() -> None:
    line = json.loads(JsonFormatter().format(record(error=ValueError("no"), kind=LogFormat, when={1: None})))

    assert (line["error"], line["when"]) == ("no", {"1": None})


def test_an_error_keeps_its_traceback_and_its_cause_in_the_one_line() -> None:
    written = JsonFormatter().format(failed(object="Thing shop/media"))
    line = json.loads(written)

    assert "\n" not in written
    assert line["message"] == "bug while reconciling"
    assert line["object"] == "Thing shop/media"
    assert "KeyError: 'cause'" in line["traceback"]
    assert line["traceback"].endswith("ValueError: effect")


# Console


def test_a_line_for_people_is_the_message_and_what_it_is_about() -> None:
    line = ConsoleFormatter().format(record(object="Thing shop/media", result="changed"))

    time, rest = line.split(" ", 1)
    assert datetime.strptime(time, "%H:%M:%S")
    assert rest == "INFO    put right object=Thing shop/media result=changed"


def test_a_line_about_nothing_ends_with_its_message() -> None:
    assert ConsoleFormatter().format(record()).endswith("INFO    put right")


def test_for_people_the_traceback_comes_below_the_line() -> None:
    first, *trace = ConsoleFormatter().format(failed(object="Thing shop/media")).splitlines()

    assert first.endswith("bug while reconciling object=Thing shop/media")
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == "ValueError: effect"


# Who is heard


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize("format_", LogFormat)
def test_we_are_heard_from_the_level_that_was_asked_for_and_libraries_from_warnings_on(
    capsys: pytest.CaptureFixture[str], format_: LogFormat
) -> None:
    configure(format_, "DEBUG")
    for name in ("headrace.loop", "kopf.objects"):
        logging.getLogger(name).debug("%s debug", name)
        logging.getLogger(name).warning("%s warning", name)
    out, err = capsys.readouterr()

    assert out == ""
    assert ["headrace.loop debug" in err, "headrace.loop warning" in err] == [True, True]
    assert ["kopf.objects debug" in err, "kopf.objects warning" in err] == [False, True]
    assert all(line.startswith("{") is (format_ is LogFormat.JSON) for line in err.splitlines())


@pytest.mark.usefixtures("loggers")
def test_configured_twice_every_line_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        configure(LogFormat.CONSOLE, "INFO")
    logging.getLogger("headrace").info("once")

    assert capsys.readouterr().err.count("once") == 1


# What a pass says


PASS: dict[str, Any] = {
    "object": ObjectRef("AcceleratedBucket", "shop", "media"),
    "plan": ["~ versioning.enabled: false -> true (spec)", "- cors: absent (spec)"],
    "done": ["cors", "versioning"],
    "errors": [{"code": "AccessDenied", "request_id": "ABC", "message": "may not s3:PutBucketCORS."}],
    "aws_calls": 9,
}


def test_which_object_it_is_about_can_be_asked_for_in_parts() -> None:
    line = json.loads(JsonFormatter().format(record(**PASS)))
    whole = json.loads(JsonFormatter().format(record(object=ObjectRef("AWSAccount", "", "production"))))

    assert (line["kind"], line["namespace"], line["name"]) == ("AcceleratedBucket", "shop", "media")
    assert (line["plan"], line["errors"], line["aws_calls"]) == (PASS["plan"], PASS["errors"], 9)
    assert "object" not in line
    assert (whole["kind"], whole["name"], "namespace" in whole) == ("AWSAccount", "production", False)


def test_for_people_what_is_long_stands_below_the_line() -> None:
    first, *below = ConsoleFormatter().format(record(**PASS)).splitlines()

    assert first.endswith("put right object=AcceleratedBucket shop/media done=cors,versioning aws_calls=9")
    assert [line.strip() for line in below] == [
        "plan: ~ versioning.enabled: false -> true (spec)",
        "plan: - cors: absent (spec)",
        "errors: code=AccessDenied request_id=ABC message=may not s3:PutBucketCORS.",
    ]
