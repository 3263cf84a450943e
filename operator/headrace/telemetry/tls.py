"""TLS whose certificate others replace while we run: each connection gets what the files say by then."""

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path

from headrace.telemetry.config import TLSFiles

log = logging.getLogger("headrace.metrics")

_Version = tuple[tuple[int, ...], ...]


class TLSFailed(Exception):
    """The files are of no use; the message says which, why, and what to do."""


class Certificate:
    """A certificate and its key, read anew when their files change.

    What is replaced file by file does not fit together for a moment, and what is broken may be mended: until
    then the one before goes on.

    Raises:
        TLSFailed: the files are of no use from the start.
    """

    def __init__(self, files: TLSFiles) -> None:
        self._files = files
        self._version = _version(files)
        self._context = _load(files)
        self.context = _load(files)
        """For a server; hands each connection on to the newest certificate."""
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        connection.context = self._newest()

    def _newest(self) -> ssl.SSLContext:
        version = _version(self._files)
        if version != self._version:
            self._version = version
            try:
                self._context = _load(self._files)
                log.info("the certificate of the metrics was read anew")
            except TLSFailed as error:
                log.warning(f"{error} The certificate before it stays in use.")
        return self._context


def _version(files: TLSFiles) -> _Version:
    """Return what changes whenever a file is written, comes to be readable, or is another one."""
    return tuple(_stat(path) for path in (files.certificate, files.key))


def _stat(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    # The time of the inode, too: rights that are granted later leave all else as it was.
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)


def _load(files: TLSFiles) -> ssl.SSLContext:
    has = {}
    for option, path in (("--metrics-tls-cert", files.certificate), ("--metrics-tls-key", files.key)):
        try:
            has[option] = path.read_bytes()
        except OSError as error:
            raise TLSFailed(f"The file of {option}, {path}, cannot be read: {error.strerror}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.certificate, files.key, password=_refuse)
    except ssl.SSLError as error:
        raise TLSFailed(_sentence(files, error, has)) from error
    except OSError as error:
        # Replaced since it was read.
        why = error.strerror or error
        raise TLSFailed(f"{files.certificate} and {files.key} cannot be read: {why}.") from error
    return context


def _refuse() -> str:
    """Be asked for the password of a key; the terminal would be asked otherwise."""
    raise TLSFailed("The key of --metrics-tls-key is encrypted, and nobody can be asked: give a plain one.")


def _sentence(files: TLSFiles, error: ssl.SSLError, has: Mapping[str, bytes]) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"The key in {files.key} does not belong to the certificate in {files.certificate}."
    for option, path, word in (
        ("--metrics-tls-cert", files.certificate, b"CERTIFICATE"),
        ("--metrics-tls-key", files.key, b"PRIVATE KEY"),
    ):
        if word not in has[option]:
            return f"The file of {option}, {path}, has no {word.decode()} in PEM."
    return f"{files.certificate} and {files.key} cannot be used for TLS: {error.reason or error}."
