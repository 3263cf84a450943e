"""The programs of a control plane: those that KUBEBUILDER_ASSETS names, or built once from Go modules."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from sandbox.cache import cache_dir, locked
from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.processes import Child, last_lines

MODULE = Path(__file__).parent
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
HEARTBEAT_SECONDS = 15.0

# GOTOOLCHAIN=local: another Go is never downloaded in silence. GOFLAGS replaces the user's own, so
# that the same inputs give the same programs; GOWORK=off, because a go.work around us is not ours.
_GO_ENV = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_CROSS_COMPILING = ("GOOS", "GOARCH")


def binaries(names: Iterable[str] = PACKAGES) -> Path:
    """The directory that holds the programs ``names``: by default all of them.

    ``$KUBEBUILDER_ASSETS`` where it is set; else a directory of the cache, into which is built what
    is missing there: minutes for the first time, nothing afterwards.
    Raises SandboxError if a program is missing, or if Go is missing, too old, or fails.
    """
    wanted = tuple(names)
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return _complete(Path(assets), wanted)
    directory = cache_dir() / "control-plane" / _key(_go_version())
    if _missing(directory, wanted):
        with locked("control-plane"):
            # Asked again under the lock: whoever held it may have built them.
            _build(directory, _missing(directory, wanted))
    return directory


def kubernetes_version() -> str:
    """The version of Kubernetes that go.mod pins, such as ``v1.36.1``."""
    return _from_go_mod(r"^\s+k8s\.io/kubernetes (v\S+)")


def _complete(assets: Path, wanted: Sequence[str]) -> Path:
    if missing := _missing(assets, wanted):
        raise SandboxError(
            f"KUBEBUILDER_ASSETS={assets} lacks {', '.join(missing)}: the sandbox needs {', '.join(wanted)}. "
            "Add what is missing, or unset KUBEBUILDER_ASSETS to have all of them built."
        )
    return assets.absolute()


def _missing(directory: Path, wanted: Iterable[str]) -> list[str]:
    return [name for name in wanted if not os.access(directory / name, os.X_OK)]


def _go_version() -> str:
    """What ``go version`` says, if that Go is there and new enough for go.mod."""
    needed = _from_go_mod(r"^go (\S+)")
    # From the root directory, where no go.mod can make an older Go refuse to answer.
    try:
        answer = subprocess.run(
            ["go", "version"], env=_env(), cwd="/", capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxError(
            f"Go is missing: the sandbox builds its control plane with Go {needed} or newer. Install it "
            "and put `go` on the PATH, or name a directory of ready programs in KUBEBUILDER_ASSETS."
        ) from error
    version = answer.stdout.strip()
    found = re.search(r"\bgo(\d[\d.]*)", version)
    if found is None or _numbers(found[1]) < _numbers(needed):
        raise SandboxError(
            f"Go is too old: `go version` says {version!r}, the control plane needs {needed} or newer. "
            "Install a newer one, or name a directory of ready programs in KUBEBUILDER_ASSETS."
        )
    return version


def _numbers(version: str) -> tuple[int, ...]:
    """``1.26`` and ``1.26.0`` are the same version: three numbers, the missing ones zero."""
    given = [int(part) for part in version.split(".") if part]
    return (*given, 0, 0, 0)[:3]


def _from_go_mod(pattern: str) -> str:
    found = re.search(pattern, (MODULE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise SandboxError(
            f"{MODULE / 'go.mod'} has no line like {pattern!r}: restore it from the repository."
        )
    return found[1]


def _env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _CROSS_COMPILING} | _GO_ENV


def _flags(name: str) -> list[str]:
    """The flags of ``go build``. Kubernetes learns its version from the linker only.

    Without it the server reports a version that is no semver, which Helm and kubectl refuse.
    """
    linker = "-s -w"
    if name != "etcd":
        version = kubernetes_version()
        major, minor = version.removeprefix("v").split(".")[:2]
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitCommit": "module"}
        values |= {"gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z"}
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            linker += "".join(f" -X {package}.{key}={value}" for key, value in values.items())
    return ["-trimpath", "-ldflags", linker]


def _key(go_version: str) -> str:
    """A name for everything that decides what comes out of the build."""
    flags = {name: (package, _flags(name)) for name, package in PACKAGES.items()}
    inputs = [
        (MODULE / "go.mod").read_text(),
        (MODULE / "go.sum").read_text(),
        go_version,
        str(flags),
        str(_GO_ENV),
    ]
    return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]


def _build(directory: Path, missing: Sequence[str]) -> None:
    if not missing:
        return
    directory.mkdir(parents=True, exist_ok=True)
    say(
        f"Building {', '.join(missing)} into {directory}: "
        "about 6 minutes and 2 GB of memory on 2 cores for the first time."
    )
    for name in missing:
        started = time.monotonic()
        _build_one(directory, name, started)
        say(f"  {name}: {time.monotonic() - started:.1f} s")


def _build_one(directory: Path, name: str, started: float) -> None:
    """Build under another name, then rename: a program is there whole or not at all."""
    part, log = directory / f"{name}.part", directory / f"{name}.log"
    log.unlink(missing_ok=True)
    argv = ["go", "build", "-C", str(MODULE), *_flags(name), "-o", str(part), PACKAGES[name]]
    child = Child.start("go build", argv, _env(), log)
    try:
        while (code := child.wait(HEARTBEAT_SECONDS)) is None:
            say(f"  {name}: still building, {time.monotonic() - started:.0f} s")
        if code != 0:
            raise SandboxError(
                f"{name} could not be built (exit code {code}). The last lines of {log}:\n{last_lines(log)}"
            )
        part.rename(directory / name)
    finally:
        child.stop()
        part.unlink(missing_ok=True)
    log.unlink()


def main() -> int:
    """Build what is missing and print the directory."""
    try:
        sys.stdout.write(f"{binaries()}\n")
    except SandboxError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
