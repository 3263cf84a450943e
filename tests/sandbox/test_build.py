"""Where the programs that are built come from, and what is said when they cannot be had."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox import build, programs
from sandbox.console import say
from sandbox.control_plane.build import PACKAGES, binaries
from sandbox.errors import SandboxError
from sandbox.programs import GoModule
from sandbox.tools import TOOLS, tool, tool_version

# The first line of a stand-in for Go, which then does as the test needs.
VERSION_OR = '[ "$1" = version ] && echo go version go1.99.1 linux/amd64 && exit'
# This one takes the argument after -o and makes a program of that name.
MAKES_A_PROGRAM = f"""{VERSION_OR}
while [ "$1" != -o ]; do shift; done
echo "#!$2" > "$2"; /bin/chmod +x "$2\""""
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
        binaries()


def test_a_go_that_is_too_old_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path, "go", "echo go version go1.25.11 linux/amd64")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"^Go is too old: .*go1\.25\.11.* needs 1\.26\.0 or newer"):
        binaries()


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
        binaries()
    (directory,) = (tmp_path / "cache" / "control-plane").iterdir()
    assert [file.name for file in directory.iterdir()] == ["etcd.log"]


def test_only_what_is_missing_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _program(tmp_path / "bin", "go", MAKES_A_PROGRAM)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    directory = binaries(["etcd", "kubectl"])
    capsys.readouterr()

    assert binaries(["etcd", "kubectl", "kube-apiserver"]) == directory
    told = [line.strip().split(":")[0] for line in capsys.readouterr().err.splitlines()[1:]]
    assert told == ["kube-apiserver"]
    assert sorted(file.name for file in directory.iterdir()) == ["etcd", "kube-apiserver", "kubectl"]


def test_a_long_build_shows_that_it_is_alive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # It builds until it was said that it does.
    waits = f"until [ -e {tmp_path}/said ]; do /bin/sleep 0.02; done"
    _program(tmp_path / "bin", "go", f"{VERSION_OR}\n{waits}; exit 1")

    def said(text: str) -> None:
        say(text)
        if "still" in text:
            (tmp_path / "said").touch()

    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(programs, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(programs, "say", said)
    with pytest.raises(SandboxError, match=r"\(it wrote nothing\)"):
        binaries(["etcd"])
    assert re.search(r"^  etcd: still building, \d+ s$", capsys.readouterr().err, re.M)


def test_another_go_gets_another_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    found = set()
    for version in ("go1.26.8", "go1.27.0"):
        _program(tmp_path / "bin", "go", f"echo go version {version} linux/amd64")
        found.add(binaries([]))
    assert len(found) == 2


@pytest.mark.parametrize("absent", ["kubectl", "kube-controller-manager"])
def test_a_bundle_that_lacks_a_program_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, absent: str
) -> None:
    for name in {*BUNDLE, "kube-controller-manager"} - {absent}:
        _program(tmp_path, name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(SandboxError, match=rf"^KUBEBUILDER_ASSETS=\S+ lacks {absent}: "):
        binaries([*BUNDLE, "kube-controller-manager"])


def test_a_bundle_is_taken_as_it_is_and_needs_no_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in BUNDLE:
        _program(tmp_path / "assets", name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("PATH", "")
    assert binaries(BUNDLE) == tmp_path / "assets"


@pytest.mark.e2e
def test_the_real_programs_are_built_once(capsys: pytest.CaptureFixture[str]) -> None:
    directory = binaries()
    capsys.readouterr()
    before = {name: (directory / name).stat() for name in PACKAGES}
    assert binaries() == directory
    assert {name: (directory / name).stat() for name in PACKAGES} == before
    assert capsys.readouterr().err == ""
    assert shutil.which("kubectl", path=str(directory))


def test_a_tool_that_cannot_be_built_for_want_of_go_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"^Go is missing: the sandbox builds helm with .* on the PATH\.$"):
        tool("helm")


def test_each_tool_has_a_directory_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path / "bin", "go", MAKES_A_PROGRAM)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    found = [tool(name) for name in TOOLS]
    assert [path.name for path in found] == list(TOOLS)
    assert [path.parent.parent for path in found] == [tmp_path / "cache" / name for name in TOOLS]


def _module_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: str) -> GoModule:
    _program(tmp_path / "bin", "go", f"{VERSION_OR}\n{go}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "go.mod").write_text("go 1.26\nrequire example.com/theirs v1.2.3\n")
    (tmp_path / "mine" / "go.sum").touch()
    return GoModule("mine", tmp_path / "mine", {}, "no time")


def test_files_of_a_module_are_downloaded_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = _module_with_files(tmp_path, monkeypatch, f'[ "$1" = list ] && echo {tmp_path}/theirs; exit 0')
    (tmp_path / "theirs" / "a.yaml").write_text("a")
    files = module.files("example.com/theirs", ["a.yaml"])
    assert [file.read_text() for file in files] == ["a"]
    assert module.files("example.com/theirs", ["a.yaml"]) == files
    assert capsys.readouterr().err == "Downloading example.com/theirs v1.2.3\n"


def test_a_download_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = _module_with_files(tmp_path, monkeypatch, "echo checksum mismatch >&2; exit 1")
    said = r"^`go mod download example\.com/theirs` failed in \S+mine:\nchecksum mismatch$"
    with pytest.raises(SandboxError, match=said):
        module.files("example.com/theirs", ["a.yaml"])
    assert not (tmp_path / "cache" / "mine").exists()


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_other_sources_get_another_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    _program(tmp_path / "bin", "go", VERSION_OR)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "module"
    folder.mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        (folder / name).write_text("go 1.26\n")
    module = GoModule("mine", folder, {"mine": "."}, "no time")
    before = module.built([])
    (folder / file).write_text("go 1.26 \n")
    assert module.built([]) != before


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("helm", ("version", "--short")),
        ("helm-docs", ("--version",)),
        ("kube-score", ("version",)),
        ("kubeconform", ("-v",)),
        ("kwok", ("--version",)),
    ],
)
def test_a_tool_says_the_version_that_its_go_mod_pins(name: str, asked: tuple[str, ...]) -> None:
    said = subprocess.run([tool(name), *asked], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"\bv?{re.escape(tool_version(name))}\b", said)


@pytest.mark.e2e
def test_kstatus_judges_one_object_after_another() -> None:
    stalled = {"type": "Stalled", "status": "True", "reason": "AccessDenied", "message": "a < b"}
    objects: list[dict[str, object]] = [
        {"metadata": {"generation": 2}, "status": {"observedGeneration": 1}},
        {"status": {"conditions": [stalled]}},
        {},
    ]
    text = "\n".join(json.dumps({"apiVersion": "v1", "kind": "Thing", **it}, indent=1) for it in objects)
    said = subprocess.run([tool("kstatus")], input=text, capture_output=True, text=True, check=True).stdout
    assert [json.loads(line) for line in said.splitlines()] == [
        {"status": "InProgress", "message": "Thing generation is 2, but latest observed generation is 1"},
        {"status": "Failed", "message": "a < b"},
        {"status": "Current", "message": "Resource is current"},
    ]


@pytest.mark.e2e
def test_kstatus_says_which_object_it_cannot_read() -> None:
    text = '{"apiVersion": "v1", "kind": "Thing"} {"kind": '
    done = subprocess.run([tool("kstatus")], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "kstatus: object 2 is no JSON: unexpected EOF\n")
