import asyncio
import logging
import os
import shutil
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization

from headrace.telemetry.config import TLSFiles
from headrace.telemetry.registry import Metrics
from headrace.telemetry.server import Server, scrapes
from headrace.telemetry.tls import Certificate, TLSFailed
from sandbox.control_plane import pki


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> list[pki.Pki]:
    return [pki.create(tmp_path_factory.mktemp("pki")) for _ in range(2)]


@pytest.fixture
def files(tmp_path: Path, authorities: list[pki.Pki]) -> TLSFiles:
    given = TLSFiles(tmp_path / "tls.crt", tmp_path / "tls.key")
    put(given, authorities[0])
    return given


def put(files: TLSFiles, of: pki.Pki) -> None:
    """Replace both files, as the kubelet does: at once, by others."""
    for source, path in ((of.server.public, files.certificate), (of.server.private, files.key)):
        new = path.with_suffix(".new")
        shutil.copy(source, new)
        new.replace(path)


def serve(files: TLSFiles, visit: Callable[[str], Awaitable[Any]]) -> Any:
    async def scene() -> Any:
        server = Server(scrapes(Metrics().snapshot), "--metrics-listen", Certificate(files).context)
        address = await server.start("127.0.0.1", 0)
        try:
            return await visit(f"https://{address}/metrics")
        finally:
            await server.stop()

    return asyncio.run(scene())


async def trusted(url: str, authority: pki.Pki, most: ssl.TLSVersion | None = None) -> bool:
    """Say whether whoever trusts this authority gets the metrics on a new connection."""
    context = ssl.create_default_context(cafile=authority.ca.public)
    if most is not None:
        context.maximum_version = most
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        try:
            async with session.get(url) as answer:
                return answer.status == 200 and "headrace_build_info" in await answer.text()
        except aiohttp.ClientConnectorError:
            return False


def test_metrics_are_read_by_those_who_trust_the_certificate(
    files: TLSFiles, authorities: list[pki.Pki]
) -> None:
    async def visit(url: str) -> list[bool]:
        return [await trusted(url, each) for each in authorities]

    assert serve(files, visit) == [True, False]


def test_a_new_certificate_counts_from_the_next_connection_on(
    files: TLSFiles, authorities: list[pki.Pki]
) -> None:
    async def visit(url: str) -> list[bool]:
        before = await trusted(url, authorities[0])
        put(files, authorities[1])
        return [before, *[await trusted(url, each) for each in authorities]]

    assert serve(files, visit) == [True, False, True]


def test_while_the_files_do_not_fit_the_one_before_stays_and_it_is_told_once(
    files: TLSFiles, authorities: list[pki.Pki], caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(url: str) -> list[bool]:
        shutil.copy(authorities[1].server.public, files.certificate)
        half = [await trusted(url, authorities[0]) for _ in range(3)]
        files.key.unlink()
        gone = await trusted(url, authorities[0])
        put(files, authorities[1])
        return [*half, gone, await trusted(url, authorities[1])]

    with caplog.at_level(logging.INFO):
        assert serve(files, visit) == [True] * 5
    said = [record.message for record in caplog.records if record.name == "headrace.metrics"]
    assert said == [
        f"The key in {files.key} does not belong to the certificate in {files.certificate}. "
        "The certificate before it stays in use.",
        f"The file of --metrics-tls-key, {files.key}, cannot be read: No such file or directory. "
        "The certificate before it stays in use.",
        "the certificate of the metrics was read anew",
    ]


def test_a_file_that_vanishes_while_it_is_read_leaves_the_one_before_in_use(
    files: TLSFiles,
    authorities: list[pki.Pki],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fleeting(path: Path) -> bytes:
        with path.open("rb") as file:
            found = file.read()
        path.unlink()
        return found

    async def visit(url: str) -> list[bool]:
        put(files, authorities[1])
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_bytes", fleeting)
            gone = await trusted(url, authorities[0])
        put(files, authorities[1])
        return [gone, await trusted(url, authorities[1])]

    with caplog.at_level(logging.INFO):
        assert serve(files, visit) == [True, True]
    said = [record.message for record in caplog.records if record.name == "headrace.metrics"]
    assert said == [
        f"{files.certificate} and {files.key} cannot be read: No such file or directory. "
        "The certificate before it stays in use.",
        "the certificate of the metrics was read anew",
    ]


def test_files_whose_rights_changed_are_read_anew_though_their_content_is_as_it_was(
    files: TLSFiles, authorities: list[pki.Pki], caplog: pytest.LogCaptureFixture
) -> None:
    """A key that could not be read when it was renewed is mended by that alone."""

    async def visit(url: str) -> bool:
        files.key.chmod(0o440)
        return await trusted(url, authorities[0])

    with caplog.at_level(logging.INFO):
        assert serve(files, visit)
    assert "the certificate of the metrics was read anew" in caplog.messages


def test_a_link_that_points_elsewhere_is_a_change_though_its_times_are_the_same(
    tmp_path: Path, authorities: list[pki.Pki]
) -> None:
    """So does the kubelet: all files of a Secret are behind one link."""
    for number, authority in enumerate(authorities):
        folder = tmp_path / f"..{number}"
        folder.mkdir()
        put(TLSFiles(folder / "tls.crt", folder / "tls.key"), authority)
        for path in folder.iterdir():
            os.utime(path, (1, 1))
    link = tmp_path / "..data"
    link.symlink_to("..0")
    files = TLSFiles(link / "tls.crt", link / "tls.key")

    async def visit(url: str) -> list[bool]:
        before = await trusted(url, authorities[0])
        (tmp_path / "new").symlink_to("..1")
        (tmp_path / "new").replace(link)
        return [before, await trusted(url, authorities[1])]

    assert serve(files, visit) == [True, True]


def test_nothing_older_than_tls_1_2_is_spoken(files: TLSFiles) -> None:
    assert Certificate(files).context.minimum_version is ssl.TLSVersion.TLSv1_2


# Files that are of no use


def refused(files: TLSFiles) -> str:
    with pytest.raises(TLSFailed) as failed:
        Certificate(files)
    return str(failed.value)


def test_a_file_that_is_not_there_is_named_with_its_option(files: TLSFiles) -> None:
    files.certificate.unlink()

    said = f"The file of --metrics-tls-cert, {files.certificate}, cannot be read: No such file or directory."
    assert refused(files) == said


def test_a_folder_is_no_file(files: TLSFiles) -> None:
    said = refused(TLSFiles(files.certificate, files.key.parent))

    assert said == f"The file of --metrics-tls-key, {files.key.parent}, cannot be read: Is a directory."


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN JUNK-----\n-----END JUNK-----\n"])
def test_what_is_no_certificate_or_no_key_is_told(files: TLSFiles, text: str) -> None:
    pem = files.certificate.read_text()
    files.certificate.write_text(text)
    assert (
        refused(files) == f"The file of --metrics-tls-cert, {files.certificate}, has no CERTIFICATE in PEM."
    )
    files.certificate.write_text(pem)
    files.key.write_text(text)
    assert refused(files) == f"The file of --metrics-tls-key, {files.key}, has no PRIVATE KEY in PEM."


def test_files_that_were_mixed_up_are_told(files: TLSFiles) -> None:
    said = refused(TLSFiles(files.key, files.certificate))

    assert said == f"The file of --metrics-tls-cert, {files.key}, has no CERTIFICATE in PEM."


def test_a_certificate_that_is_broken_is_told(files: TLSFiles) -> None:
    files.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    assert refused(files).startswith(f"{files.certificate} and {files.key} cannot be used for TLS: ")


def test_a_key_of_another_certificate_is_told(files: TLSFiles, authorities: list[pki.Pki]) -> None:
    shutil.copy(authorities[1].server.private, files.key)

    said = f"The key in {files.key} does not belong to the certificate in {files.certificate}."
    assert refused(files) == said


def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(files: TLSFiles) -> None:
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )

    said = "The key of --metrics-tls-key is encrypted, and nobody can be asked: give a plain one."
    assert refused(files) == said
