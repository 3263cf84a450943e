"""Emptying a bucket, against the stand-in: all of it goes, in slices, and what S3 refuses is told."""

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from headrace.aws.actions import action_of
from headrace.aws.credentials import Keys, Source
from headrace.aws.meter import Meter
from headrace.aws.pacing import Pacing
from headrace.aws.sessions import Account
from headrace.aws.target import Target
from headrace.engine.errors import Denied, NotEmpty, Throttled
from headrace.engine.facet import Emptied
from headrace.resources.s3.bucket import _emptying
from headrace.resources.s3.bucket._emptying import empty
from headrace.resources.s3.bucket.presence import PresenceFacet
from sandbox.aws.clients import ACCOUNT, REGION
from sandbox.aws.stand_in import Call, StandIn

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.standin


class Content:
    """A bucket of the stand-in, and what is in it."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.s3: S3Client = stand_in.client("s3")
        self.name = f"emptying-{secrets.token_hex(4)}"
        keys = Keys(ACCOUNT, "stand-in")
        account = Account(Meter(), Pacing(10_000.0), Source(keys, REGION, stand_in.url))
        self.target = Target(account, REGION, self.name, f"arn:aws:s3:::{self.name}")

    def make(self, *, versioned: bool = True, locks: bool = False) -> None:
        where: Any = {"LocationConstraint": REGION}
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=locks
        )
        if versioned:
            self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.mark = self.stand_in.mark()

    def put(self, key: str, **how: Any) -> str:
        return self.s3.put_object(Bucket=self.name, Key=key, Body=b"", **how).get("VersionId", "null")

    def fill(self, keys: int, markers: int) -> None:
        """Put a version under each key, and so many delete markers on top."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.put, (f"k{number:05}" for number in range(keys))))
        for first in range(0, keys, 1000):
            objects: Any = [{"Key": f"k{n:05}"} for n in range(first, min(first + 1000, keys))]
            for _ in range(markers):
                self.s3.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})

    def upload(self, key: str) -> str:
        return self.s3.create_multipart_upload(Bucket=self.name, Key=key)["UploadId"]

    def left(self) -> int:
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.name)
        held = sum(len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) for page in pages)
        return held + len(self.s3.list_multipart_uploads(Bucket=self.name).get("Uploads", []))

    def calls(self, operation: str = "") -> list[Call]:
        """Return what the emptier asked for."""
        seen = [call for call in self.stand_in.since(self.mark) if "headrace/" in call.user_agent]
        return [c for c in seen if c.resource == self.name and operation in ("", c.operation)]

    def empty(self) -> Emptied:
        return empty(self.target, lambda _: False)


@pytest.fixture
def content(stand_in: StandIn) -> Iterator[Content]:
    yield Content(stand_in)
    stand_in.clear_faults()


def tomorrow() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


# All of it goes


def test_versions_markers_and_uploads_go(content: Content) -> None:
    content.make()
    content.fill(keys=30, markers=2)
    content.upload("big")
    content.upload("bigger")
    assert content.left() == 92
    assert content.empty() == Emptied(deleted=92)
    assert content.left() == 0
    content.s3.delete_bucket(Bucket=content.name)


def test_objects_of_a_bucket_without_versions_go(content: Content) -> None:
    content.make(versioned=False)
    content.put("plain")
    content.put("sp ace/ümlaut&<>'\"")
    came = content.empty()
    assert (came.deleted, came.done) == (2, True)
    assert content.left() == 0


def test_an_empty_bucket_is_done_without_a_write(content: Content) -> None:
    content.make()
    assert content.empty() == Emptied()
    operations = [call.operation for call in content.calls()]
    assert operations == ["GetObjectLockConfiguration", "ListObjectVersions", "ListMultipartUploads"]


def test_a_bucket_that_is_gone_is_empty(content: Content) -> None:
    assert content.empty() == Emptied()


def test_a_thousand_go_at_a_time_and_several_batches_side_by_side(content: Content) -> None:
    content.make()
    content.fill(keys=1000, markers=5)
    hold = content.stand_in.fault(operation="DeleteObjects", resource=content.name, action="hold")
    with ThreadPoolExecutor(1) as pool:
        came = pool.submit(content.empty)
        try:
            content.stand_in.wait_until_held(hold, calls=2)
        finally:
            content.stand_in.release(hold)
        assert came.result().deleted == 6000
    assert len(content.calls("DeleteObjects")) >= 6


def test_no_more_batches_are_held_than_are_deleted_at_once(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.make()
    content.fill(keys=100, markers=3)
    monkeypatch.setattr(_emptying, "_BATCH", 5)
    held, most, lock = list[Any](), [0], threading.Lock()
    versions, delete = _emptying._Emptying.versions, _emptying._Emptying.delete

    def listing(self: Any) -> Iterator[Any]:
        for batch in versions(self):
            with lock:
                held.append(batch)
                most[0] = max(most[0], len(held))
            yield batch

    def deleting(self: Any, batch: Any) -> None:
        delete(self, batch)
        with lock:
            held.remove(batch)

    monkeypatch.setattr(_emptying._Emptying, "versions", listing)
    monkeypatch.setattr(_emptying._Emptying, "delete", deleting)
    assert content.empty().deleted == 400
    assert most[0] <= _emptying._AT_ONCE + 1


# In slices


def test_what_is_told_to_stop_says_that_there_is_more_and_the_next_time_goes_on(content: Content) -> None:
    content.make()
    content.fill(keys=1000, markers=12)
    first = empty(content.target, lambda deleted: deleted >= 2000)
    assert first.more
    assert not first.done
    assert 2000 <= first.deleted <= 2000 + 1000 * _emptying._AT_ONCE
    assert content.left() == 13_000 - first.deleted
    second = content.empty()
    assert (second.deleted, second.done) == (13_000 - first.deleted, True)
    assert content.left() == 0


def test_uploads_are_left_for_the_next_time_too(content: Content) -> None:
    content.make()
    content.put("a")
    content.upload("big")
    first = empty(content.target, lambda _: True)
    assert (first.deleted, first.more) == (1, True)
    assert content.calls("ListMultipartUploads") == []
    assert content.empty() == Emptied(deleted=1)


def test_what_was_deleted_before_an_error_counts(content: Content) -> None:
    content.make()
    content.fill(keys=1000, markers=9)
    content.stand_in.fault(
        operation="DeleteObjects", resource=content.name, status=403, code="AccessDenied", after=3
    )
    came = content.empty()
    assert came.deleted == 3000
    assert isinstance(came.failure, Denied)
    assert "s3:DeleteObjectVersion" in came.failure.message
    assert not came.done
    assert content.left() == 7000


def test_an_upload_that_somebody_else_ended_is_no_error(content: Content) -> None:
    content.make()
    content.upload("big")
    content.stand_in.fault(
        operation="AbortMultipartUpload", resource=content.name, status=404, code="NoSuchUpload", count=1
    )
    assert content.empty().done


# What S3 refuses


def test_locked_versions_are_told_with_their_date_and_the_others_go(content: Content) -> None:
    content.make(locks=True)
    until = tomorrow()
    version = content.put("gov", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)
    held = content.put("held")
    content.s3.put_object_legal_hold(
        Bucket=content.name, Key="held", VersionId=held, LegalHold={"Status": "ON"}
    )
    for number in range(10):
        content.put(f"free{number}")
    came = content.empty()
    assert (came.deleted, came.refused, came.more, came.done) == (10, 2, False, False)
    assert came.reasons == (
        f"gov ({version}): object lock in governance mode keeps it until {written(until)}",
        f"held ({held}): a legal hold keeps it",
    )
    assert content.left() == 2


def test_a_bucket_with_a_version_locked_for_good_is_not_touched(content: Content) -> None:
    content.make(locks=True)
    until = tomorrow()
    content.put("free")
    content.put("kept", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)
    came = content.empty()
    assert isinstance(came.failure, NotEmpty)
    assert came.failure.message == (
        f"Bucket {content.name} is not emptied: object lock in compliance mode keeps kept until "
        f"{written(until)}, and nobody can delete it before."
    )
    assert (came.deleted, came.done) == (0, False)
    assert content.left() == 2
    assert content.calls("DeleteObjects") == []


def test_a_lock_that_shows_only_later_ends_it(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_emptying, "_ASKED", 1)
    content.make(locks=True)
    content.put("a")
    content.put("z", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=tomorrow())
    came = content.empty()
    assert isinstance(came.failure, NotEmpty)
    assert (came.deleted, came.refused) == (1, 1)


def test_a_lock_that_has_run_out_keeps_nothing(content: Content) -> None:
    content.make(locks=True)
    content.put("old", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=tomorrow() - timedelta(days=9))
    assert content.empty() == Emptied(deleted=1)


def test_a_bucket_without_object_lock_asks_no_version_for_its_retention(content: Content) -> None:
    content.make()
    content.put("a")
    content.empty()
    assert content.calls("GetObjectRetention") == []


def test_of_many_refusals_the_first_by_key_are_told_always_the_same(content: Content) -> None:
    content.make(locks=True)
    for number in range(9):
        content.put(f"k{number}", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=tomorrow())
    first, second = content.empty(), content.empty()
    assert first == second
    assert first.refused == 9
    assert [reason.split(" ")[0] for reason in first.reasons] == ["k0", "k1", "k2", "k3", "k4"]


class Answering:
    """An S3 client that answers DeleteObjects with these errors, and everything else truly."""

    def __init__(self, real: Any, codes: list[str]) -> None:
        self._real, self._codes = real, codes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        objects = request["Delete"]["Objects"]
        failing = objects[: len(self._codes)]
        rest = {**request, "Delete": {"Objects": objects[len(self._codes) :], "Quiet": True}}
        if rest["Delete"]["Objects"]:
            self._real.delete_objects(**rest)
        errors = [
            {"Key": o["Key"], "VersionId": o["VersionId"], "Code": code, "Message": f"said {code}"}
            for o, code in zip(failing, self._codes, strict=False)
        ]
        return {"Errors": errors}


def answering(content: Content, monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    client = Answering(content.target.s3, list(codes))
    monkeypatch.setattr(Target, "s3", property(lambda _: client))


def test_keys_that_s3_wants_later_are_no_refusals_but_more_to_do(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.make()
    content.fill(keys=10, markers=0)
    with monkeypatch.context() as patched:
        answering(content, patched, "SlowDown", "InternalError")
        came = content.empty()
    assert came == Emptied(deleted=8, more=True)
    assert content.empty() == Emptied(deleted=2)


def test_where_s3_wants_everything_later_it_is_throttled(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.make()
    content.put("a")
    answering(content, monkeypatch, "SlowDown")
    came = content.empty()
    assert isinstance(came.failure, Throttled)
    assert not came.done


def test_a_key_that_is_refused_for_another_reason_is_told_in_the_words_of_s3(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.make()
    version = content.put("a")
    answering(content, monkeypatch, "AccessDenied")
    assert content.empty().reasons == (f"a ({version}): said AccessDenied",)


def test_keys_that_no_lock_keeps_and_that_may_not_be_deleted_are_a_right_that_is_missing(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.make()
    content.put("a")
    answering(content, monkeypatch, "AccessDenied")
    came = content.empty()
    assert isinstance(came.failure, Denied)
    action, resource = came.failure.context.action, came.failure.context.resource
    assert (action, resource) == ("s3:DeleteObjectVersion", f"arn:aws:s3:::{content.name}/a")
    assert came.failure.message.startswith(f"{action} on {resource} is denied to ")
    assert not came.done


def test_of_what_was_there_before_versions_another_right_is_missing(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.make(versioned=False)
    content.put("a")
    answering(content, monkeypatch, "AccessDenied")
    failure = content.empty().failure
    assert isinstance(failure, Denied)
    assert failure.context.action == "s3:DeleteObject"


# Rights


def test_all_that_emptying_asks_for_is_declared_and_nothing_else(content: Content) -> None:
    content.make(locks=True)
    held = content.put("held")
    content.s3.put_object_legal_hold(
        Bucket=content.name, Key="held", VersionId=held, LegalHold={"Status": "ON"}
    )
    content.put("gone")
    content.upload("big")
    content.empty()
    used = {action_of("s3", call.operation) for call in content.calls()}
    # DeleteObjects asks for s3:DeleteObject where the version is "null", as it is without versioning.
    assert used | {"s3:DeleteObject"} == PresenceFacet.permissions.empty
