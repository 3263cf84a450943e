"""Reading an audit log while somebody writes it."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.control_plane.audit import AuditLog, Request, by_user, read

EVENT = {
    "verb": "patch",
    "requestURI": "/apis/headrace.io/v1alpha1/namespaces/shop/acceleratedbuckets/media/status?force=true",
    "user": {"username": "system:serviceaccount:headrace:operator", "groups": ["system:authenticated"]},
    "userAgent": "kopf/1.45.2",
    "objectRef": {
        "apiGroup": "headrace.io",
        "apiVersion": "v1alpha1",
        "resource": "acceleratedbuckets",
        "subresource": "status",
        "namespace": "shop",
        "name": "media",
    },
    "responseStatus": {"code": 409},
    "requestReceivedTimestamp": "2026-05-01T12:00:00.250000Z",
}
LINE = json.dumps(EVENT) + "\n"


def test_an_event_is_read_field_by_field(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LINE)
    assert read(tmp_path / "log") == [
        Request(
            time=dt.datetime(2026, 5, 1, 12, 0, 0, 250000, tzinfo=dt.UTC),
            user="system:serviceaccount:headrace:operator",
            verb="patch",
            group="headrace.io",
            resource="acceleratedbuckets",
            subresource="status",
            namespace="shop",
            name="media",
            code=409,
            user_agent="kopf/1.45.2",
            uri="/apis/headrace.io/v1alpha1/namespaces/shop/acceleratedbuckets/media/status?force=true",
        )
    ]


def test_an_event_of_no_resource_and_no_user_has_empty_fields(tmp_path: Path) -> None:
    kept = {key: EVENT[key] for key in ("requestReceivedTimestamp", "responseStatus")}
    (tmp_path / "log").write_text(
        json.dumps(kept | {"verb": "get", "requestURI": "/apis", "user": {}}) + "\n"
    )
    (request,) = read(tmp_path / "log")
    assert (request.user, request.group, request.resource, request.name) == ("", "", "", "")
    assert request.uri == "/apis"


def test_a_line_that_is_being_written_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(LINE + LINE[:200])
    log = AuditLog(path)
    assert len(read(path)) == 1
    mark = log.mark()
    with path.open("a") as file:
        file.write(LINE[200:] + LINE)
    assert len(log.since(mark)) == 2


def test_a_mark_is_found_behind_a_line_longer_than_a_block(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(LINE + "x" * 200_000)
    assert AuditLog(path).mark() == len(LINE)
    path.write_text("x" * 200_000)
    assert AuditLog(path).mark() == 0


def begun(id: str, name: str) -> str:
    return json.dumps(EVENT | {"auditID": id, "stage": "RequestReceived", "objectRef": {"name": name}}) + "\n"


def over(id: str, name: str) -> str:
    return begun(id, name).replace("RequestReceived", "ResponseComplete")


def test_who_reads_waits_for_the_end_of_what_had_begun_and_of_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(begun("1", "first") + begun("2", "second") + over("2", "second"))
    log = AuditLog(path, patience=60)
    with ThreadPoolExecutor(2) as pool:
        requests, mark = pool.submit(log.since, 0), pool.submit(log.mark)
        with pytest.raises(TimeoutError):
            requests.result(0.1)
        assert not mark.done()
        with path.open("a") as file:
            file.write(over("1", "first") + begun("3", "third"))
        assert [request.name for request in requests.result(60)] == ["second", "first"]
        assert mark.result(60) == path.stat().st_size


def test_what_a_server_did_not_get_to_tell_is_not_waited_for_without_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(begun("1", "first") + over("2", "second"))
    log = AuditLog(tmp_path / "log", patience=0)
    assert [request.name for request in log.since(0)] == ["second"]


def test_the_requests_of_one_user_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LINE + json.dumps(EVENT | {"user": {"username": "admin"}}) + "\n" + LINE)
    requests = read(tmp_path / "log")
    assert by_user(requests, "admin") == [requests[1]]
