"""Where the programs of the control plane come from, and what is said when they cannot be had."""

import shutil
from pathlib import Path

import pytest

from sandbox.control_plane import build
from sandbox.errors import SandboxError

# The first line of a stand-in for Go, which then does as the test needs.
VERSION_OR = '[ "$1" = version ] && echo go version go1.99.1 linux/amd64 && exit'
BUNDLE = ("etcd", "kube-apiserver", "kubectl")


@pytest.fixture(autouse=True)
def _no_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)


def _program(directory: Path, name: str, script: str = "exit 0") -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


def test_a_missing_go_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"^Go is missing: .* with Go 1\.26\.0 or newer\. Install it"):
        build.binaries()


def test_a_go_that_is_too_old_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path, "go", "echo go version go1.25.11 linux/amd64")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"^Go is too old: .*go1\.25\.11.* needs 1\.26\.0 or newer"):
        build.binaries()


def test_the_command_prints_the_sentence_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: Go is missing")
    assert printed.err.count("\n") == 1


def test_a_go_that_fails_is_quoted_and_leaves_no_half_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = f"{VERSION_OR}\necho no route to the proxy >&2\nexit 1"
    _program(tmp_path / "bin", "go", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        SandboxError, match=r"etcd could not be built \(exit code 1\).*\nno route to the proxy"
    ):
        build.binaries()
    (directory,) = (tmp_path / "cache" / "control-plane").iterdir()
    assert [file.name for file in directory.iterdir()] == ["etcd.log"]


def test_only_what_is_missing_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # This Go takes the argument after -o and makes a program of that name.
    script = f"""{VERSION_OR}
while [ "$1" != -o ]; do shift; done
echo "#!$2" > "$2"; /bin/chmod +x "$2\""""
    _program(tmp_path / "bin", "go", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    directory = build.binaries(["etcd", "kubectl"])
    capsys.readouterr()

    assert build.binaries(["etcd", "kubectl", "kube-apiserver"]) == directory
    told = [line.strip().split(":")[0] for line in capsys.readouterr().err.splitlines()[1:]]
    assert told == ["kube-apiserver"]
    assert sorted(file.name for file in directory.iterdir()) == ["etcd", "kube-apiserver", "kubectl"]


def test_a_long_build_shows_that_it_is_alive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _program(tmp_path / "bin", "go", f"{VERSION_OR}\n/bin/sleep 0.3; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "HEARTBEAT_SECONDS", 0.1)
    with pytest.raises(SandboxError, match=r"\(it wrote nothing\)"):
        build.binaries(["etcd"])
    assert "  etcd: still building, 0 s\n" in capsys.readouterr().err


def test_another_go_gets_another_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    found = set()
    for version in ("go1.26.8", "go1.27.0"):
        _program(tmp_path / "bin", "go", f"echo go version {version} linux/amd64")
        found.add(build.binaries([]))
    assert len(found) == 2


@pytest.mark.parametrize("absent", ["kubectl", "kube-controller-manager"])
def test_a_bundle_that_lacks_a_program_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, absent: str
) -> None:
    for name in {*BUNDLE, "kube-controller-manager"} - {absent}:
        _program(tmp_path, name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(SandboxError, match=rf"^KUBEBUILDER_ASSETS=\S+ lacks {absent}: "):
        build.binaries([*BUNDLE, "kube-controller-manager"])


def test_a_bundle_is_taken_as_it_is_and_needs_no_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in BUNDLE:
        _program(tmp_path / "assets", name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("PATH", "")
    assert build.binaries(BUNDLE) == tmp_path / "assets"


@pytest.mark.e2e
def test_the_real_programs_are_built_once(capsys: pytest.CaptureFixture[str]) -> None:
    directory = build.binaries()
    capsys.readouterr()
    before = {name: (directory / name).stat() for name in build.PACKAGES}
    assert build.binaries() == directory
    assert {name: (directory / name).stat() for name in build.PACKAGES} == before
    assert capsys.readouterr().err == ""
    assert shutil.which("kubectl", path=str(directory))
