"""Deleting all that a bucket holds: versions, delete markers and uploads, in batches side by side."""

import heapq
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from headrace.aws.codes import CODES
from headrace.aws.target import Target, absent_on
from headrace.engine.errors import CloudError, NotEmpty, Pending, Throttled, Unavailable
from headrace.engine.facet import Emptied
from headrace.engine.threads import Threads
from headrace.resources.s3.bucket._common import whose

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import (
        ErrorTypeDef,
        ObjectIdentifierTypeDef,
        ObjectLockRetentionOutputTypeDef,
    )

# S3 lists and deletes a thousand at a time (DeleteObjects, ListObjectVersions in the S3 API reference).
_BATCH = 1000
_AT_ONCE = 8
_SHOWN = 5
# How many versions are asked for their retention before the first deletion, where a bucket has object lock.
_ASKED = 100
# Codes of single keys that only ask to try again.
_PASSING = CODES[Throttled] | CODES[Unavailable] | CODES[Pending]

Batch = list["ObjectIdentifierTypeDef"]
Stop = Callable[[int], bool]


def empty(target: Target, stop: Stop) -> Emptied:
    """Delete content until there is none, or until told to stop; what is left is for the next time.

    Nothing is remembered in between: the listing itself shrinks. Single keys that S3 refuses to delete are
    told and the others go on, but for a bucket in which object lock in compliance mode keeps versions: it
    cannot be emptied by anybody, so that nothing more of it is deleted.
    """
    work = _Emptying(target, stop)
    with Threads(_AT_ONCE, "empty") as pool:
        try:
            with target.translating(), absent_on("NoSuchBucket"):
                work.run(pool)
        except CloudError as error:
            work.failure = error
    return work.emptied()


class _Emptying:
    """One go at a bucket; what it holds in memory does not grow with the content of the bucket."""

    def __init__(self, target: Target, stop: Stop) -> None:
        self.target, self.stop = target, stop
        self.deleted = 0
        self.refused = 0
        self.more = False
        self.slowed = False
        self.locks = False
        self.errors: list[ErrorTypeDef] = []
        self.failure: CloudError | None = None
        self._lock = threading.Lock()

    def run(self, pool: ThreadPoolExecutor) -> None:
        self.locks = self.has_object_lock()
        if self.locks:
            self.check_retention(pool)
        before = -1
        # A listing whose entries go while it is read may miss some: the last one finds nothing to delete.
        while self.deleted > before and not self.more:
            before = self.deleted
            self.walk(pool)

    def walk(self, pool: ThreadPoolExecutor) -> None:
        """Go through all that there is; what was refused or put off earlier has another try."""
        self.refused, self.slowed, self.errors = 0, False, []
        self.all_of(pool, (partial(self.delete, batch) for batch in self.versions()))
        if not self.more:
            self.all_of(pool, (partial(self.abort, *upload) for upload in self.uploads()))

    def all_of(self, pool: ThreadPoolExecutor, calls: Iterator[Callable[[], None]]) -> None:
        """Make calls side by side, a bounded number at once; raise the error of the first that fails."""
        running: set[Future[None]] = set()
        for call in calls:
            running.add(pool.submit(call))
            if len(running) >= _AT_ONCE:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
            if self.stop(self.deleted):
                self.more = True
                break
        for future in running:
            future.result()

    def versions(self) -> Iterator[Batch]:
        """List versions and delete markers, a batch at a time."""
        pages = self.target.s3.get_paginator("list_object_versions").paginate(
            **whose(self.target), PaginationConfig={"PageSize": _BATCH}
        )
        for page in pages:
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if entries:
                yield [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]

    def uploads(self) -> Iterator[tuple[str, str]]:
        """List uploads that were begun and not finished."""
        pages = self.target.s3.get_paginator("list_multipart_uploads").paginate(**whose(self.target))
        for page in pages:
            for upload in page.get("Uploads", []):
                yield upload["Key"], upload["UploadId"]

    def delete(self, batch: Batch) -> None:
        """Delete one batch, and note what S3 refuses."""
        answer = self.target.s3.delete_objects(**whose(self.target), Delete={"Objects": batch, "Quiet": True})
        errors = answer.get("Errors", [])
        refused = [error for error in errors if error.get("Code") not in _PASSING]
        with self._lock:
            self.deleted += len(batch) - len(errors)
            self.slowed = self.slowed or len(refused) < len(errors)
            self.refused += len(refused)
            # The first by key, not by time: the same content is told of in the same words.
            self.errors = heapq.nsmallest(_SHOWN, [*self.errors, *refused], key=_key)
        if self.locks and refused:
            first = min(refused, key=_key)
            self.check_mode(
                first.get("Key", ""), self.retention(first.get("Key", ""), first.get("VersionId", ""))
            )

    def abort(self, key: str, upload: str) -> None:
        """Abort one upload; one that is gone already is fine."""
        with absent_on("NoSuchUpload"):
            self.target.s3.abort_multipart_upload(**whose(self.target), Key=key, UploadId=upload)
        with self._lock:
            self.deleted += 1

    # Object lock

    def has_object_lock(self) -> bool:
        with absent_on("ObjectLockConfigurationNotFoundError"):
            answer = self.target.s3.get_object_lock_configuration(**whose(self.target))
            return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"
        return False

    def check_retention(self, pool: ThreadPoolExecutor) -> None:
        """Refuse before anything is deleted if one of the first versions is locked for good."""
        page = self.target.s3.list_object_versions(**whose(self.target), MaxKeys=_ASKED)
        found = [(version["Key"], version["VersionId"]) for version in page.get("Versions", [])]
        retentions = pool.map(lambda version: self.retention(*version), found)
        for (key, _), retention in zip(found, retentions, strict=True):
            self.check_mode(key, retention)

    def check_mode(self, key: str, retention: "ObjectLockRetentionOutputTypeDef | None") -> None:
        """Raise NotEmpty if this retention can be lifted by nobody."""
        if retention is not None and retention.get("Mode") == "COMPLIANCE":
            raise NotEmpty(
                f"Bucket {self.target.id} is not emptied: object lock in compliance mode keeps {key} until "
                f"{_until(retention)}, and nobody can delete it before."
            )

    def retention(self, key: str, version: str) -> "ObjectLockRetentionOutputTypeDef | None":
        """Return until when a version is locked, if it is and if that is ours to know."""
        try:
            with self.target.translating():
                answer = self.target.s3.get_object_retention(**whose(self.target), Key=key, VersionId=version)
        except CloudError:
            return None
        retention = answer["Retention"]
        until = retention.get("RetainUntilDate")
        return retention if until is not None and until > datetime.now(UTC) else None

    def held(self, key: str, version: str) -> bool:
        """Say whether a legal hold is on a version, if that is ours to know."""
        try:
            with self.target.translating():
                answer = self.target.s3.get_object_legal_hold(
                    **whose(self.target), Key=key, VersionId=version
                )
        except CloudError:
            return False
        return answer["LegalHold"].get("Status") == "ON"

    # Telling

    def emptied(self) -> Emptied:
        """Say what came of it."""
        if self.slowed and not self.deleted and self.failure is None:
            self.failure = Throttled(f"S3 asks to slow down while bucket {self.target.id} is emptied.")
        if not (self.more or self.slowed or self.failure):
            self.failure = self.denial()
        reasons = tuple(self.reason(error) for error in self.errors)
        return Emptied(self.deleted, self.more or self.slowed, self.refused, reasons, self.failure)

    def denial(self) -> CloudError | None:
        """Return the permission that is missing, where keys are refused that no object lock can keep.

        S3 tells that key by key, in an answer with the status 200.
        """
        denied = [error for error in self.errors if error.get("Code") == "AccessDenied"]
        if self.locks or not denied:
            return None
        key, version = _key(denied[0])
        operation = "DeleteObject" if version in ("", "null") else "DeleteObjects"
        return self.target.refusal(operation, denied[0], f"{self.target.arn}/{key}")

    def reason(self, error: "ErrorTypeDef") -> str:
        """Say why one key stays."""
        key, version = error.get("Key", ""), error.get("VersionId", "")
        lock = self.lock(key, version) if self.locks and error.get("Code") == "AccessDenied" else ""
        return f"{key} ({version}): {lock or error.get('Message') or error.get('Code', '')}"

    def lock(self, key: str, version: str) -> str:
        retention = self.retention(key, version)
        if retention is not None:
            mode = retention.get("Mode", "").lower()
            return f"object lock in {mode} mode keeps it until {_until(retention)}"
        return "a legal hold keeps it" if self.held(key, version) else ""


def _key(error: "ErrorTypeDef") -> tuple[str, str]:
    return error.get("Key", ""), error.get("VersionId", "")


def _until(retention: "ObjectLockRetentionOutputTypeDef") -> str:
    """Write the end of a retention in UTC, to the minute."""
    return retention["RetainUntilDate"].astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
