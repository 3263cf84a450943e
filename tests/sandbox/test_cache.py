"""Where the cache is, and that one maker works in it at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cache import cache_dir, locked
from sandbox.errors import SandboxError
from sandbox.processes import wait_until


@pytest.mark.parametrize(
    ("headrace", "xdg", "expected"),
    [
        ("/own", "/shared", "/own"),
        ("~/own", "", "/home/someone/own"),
        ("", "/shared", "/shared/headrace"),
        ("", "relative", "/home/someone/.cache/headrace"),
        ("", "", "/home/someone/.cache/headrace"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, headrace: str, xdg: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("HEADRACE_CACHE", headrace)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert cache_dir() == Path(expected)


def test_a_cache_that_cannot_be_written_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "file"))
    with pytest.raises(SandboxError, match=r"cannot be written .*: set HEADRACE_CACHE"), locked("it"):
        pass


def test_a_lock_that_is_free_is_taken_in_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path))
    for _ in range(2):
        with locked("it"):
            pass
    assert capsys.readouterr().err == ""


def test_a_second_process_waits_for_the_lock_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path))
    script = (
        f"from sandbox.cache import locked\nwith locked('it'): open({str(tmp_path / 'got')!r}, 'w').close()"
    )
    root = Path(__file__).parents[2]
    with locked("it"), (tmp_path / "said").open("w") as said:
        second = subprocess.Popen(
            [sys.executable, "-c", script],
            env={"HEADRACE_CACHE": str(tmp_path), "PYTHONPATH": str(root)},
            stderr=said,
        )
        wait_until(lambda: "\n" in (tmp_path / "said").read_text(), what="it says that it waits")
        assert not (tmp_path / "got").exists()
    assert second.wait(timeout=60) == 0
    assert (tmp_path / "got").exists()
    assert (tmp_path / "said").read_text().splitlines() == [
        f"it: waiting for another process that is at it ({tmp_path}/locks/it.lock)"
    ]
