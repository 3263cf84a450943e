"""What stays in the cache: programs built once from Go modules of ours, and files of others' modules."""

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cache import cache_dir, locked
from sandbox.console import say
from sandbox.errors import SandboxError
from sandbox.processes import Child, last_lines

HEARTBEAT_SECONDS = 15.0

# GOTOOLCHAIN=local: another Go is never downloaded in silence. GOFLAGS replaces the user's own, so
# that the same inputs give the same programs; GOWORK=off, because a go.work around us is not ours.
_GO_ENV = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_CROSS_COMPILING = ("GOOS", "GOARCH")


def missing(directory: Path, wanted: Iterable[str]) -> list[str]:
    """Those of the programs that are not in the directory."""
    return [name for name in wanted if not os.access(directory / name, os.X_OK)]


def _nothing_to_set(_: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class GoModule:
    """A folder with go.mod and go.sum, and the programs that are built from what these pin.

    ``packages``: of each program. ``cost``: of building them all, as people are told. ``instead``: what
    else one can do than install Go. ``variables``: what only the linker can tell a program, such as its
    version: the values of Go's variables, by the program's name.
    """

    name: str
    folder: Path
    packages: Mapping[str, str]
    cost: str
    instead: str = ""
    variables: Callable[[str], Mapping[str, str]] = _nothing_to_set

    def built(self, wanted: Iterable[str]) -> Path:
        """The directory of the cache that has these programs; what is missing there is built first.

        Raises SandboxError if Go is missing, too old, or fails.
        """
        names = tuple(wanted)
        directory = self._directory()
        if missing(directory, names):
            with locked("programs"):
                # Asked again under the lock: whoever held it may have built them.
                self._build(directory, missing(directory, names))
        return directory

    def files(self, module: str, paths: Iterable[str]) -> list[Path]:
        """Copies, in the cache, of these files of a module that go.mod pins; go.sum has what they must be.

        Raises SandboxError if Go is missing, too old, or fails.
        """
        directory = self._directory()
        copies = {directory / Path(path).name: path for path in paths}
        if not all(copy.exists() for copy in copies):
            with locked("programs"):
                self._copy(module, copies)
        return list(copies)

    def version(self, module: str) -> str:
        """The version of a module that go.mod pins, such as ``v1.36.1``."""
        return self._from_go_mod(rf"^(?:require)?\s+{re.escape(module)} (v\S+)")

    def _directory(self) -> Path:
        return cache_dir() / self.name / self._key(self._go_version())

    def _go_version(self) -> str:
        """What ``go version`` says, if that Go is there and new enough for go.mod."""
        needed = self._from_go_mod(r"^go (\S+)")
        # From the root directory, where no go.mod can make an older Go refuse to answer.
        try:
            answer = subprocess.run(
                ["go", "version"], env=_env(), cwd="/", capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise SandboxError(
                f"Go is missing: the sandbox builds {self.name} with Go {needed} or newer. Install it "
                f"and put `go` on the PATH{self.instead}."
            ) from error
        version = answer.stdout.strip()
        found = re.search(r"\bgo(\d[\d.]*)", version)
        if found is None or _numbers(found[1]) < _numbers(needed):
            raise SandboxError(
                f"Go is too old: `go version` says {version!r}, {self.name} needs {needed} or newer. "
                f"Install a newer one{self.instead}."
            )
        return version

    def _from_go_mod(self, pattern: str) -> str:
        path = self.folder / "go.mod"
        found = re.search(pattern, path.read_text(), re.MULTILINE)
        if found is None:
            raise SandboxError(f"{path} has no line like {pattern!r}: restore it from the repository.")
        return found[1]

    def _flags(self, name: str) -> list[str]:
        """The flags of ``go build``."""
        values = "".join(f" -X {variable}={value}" for variable, value in self.variables(name).items())
        return ["-trimpath", "-ldflags", f"-s -w{values}"]

    def _key(self, go_version: str) -> str:
        """A name for everything that decides what comes out of the build."""
        flags = {name: (package, self._flags(name)) for name, package in self.packages.items()}
        files = [self.folder / "go.mod", self.folder / "go.sum", *sorted(self.folder.glob("*.go"))]
        inputs = [*(file.read_text() for file in files), go_version, str(flags), str(_GO_ENV)]
        return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]

    def _build(self, directory: Path, names: Sequence[str]) -> None:
        if not names:
            return
        directory.mkdir(parents=True, exist_ok=True)
        say(f"Building {', '.join(names)} into {directory}: {self.cost} for the first time.")
        for name in names:
            started = time.monotonic()
            self._build_one(directory, name, started)
            say(f"  {name}: {time.monotonic() - started:.1f} s")

    def _build_one(self, directory: Path, name: str, started: float) -> None:
        """Build under another name, then rename: a program is there whole or not at all."""
        part, log = directory / f"{name}.part", directory / f"{name}.log"
        log.unlink(missing_ok=True)
        argv = ["go", "build", "-C", str(self.folder), *self._flags(name), "-o", str(part)]
        child = Child.start("go build", [*argv, self.packages[name]], _env(), log)
        try:
            while (code := child.wait(HEARTBEAT_SECONDS)) is None:
                say(f"  {name}: still building, {time.monotonic() - started:.0f} s")
            if code != 0:
                raise SandboxError(
                    f"{name} could not be built (exit code {code}). "
                    f"The last lines of {log}:\n{last_lines(log)}"
                )
            part.rename(directory / name)
        finally:
            child.stop()
            part.unlink(missing_ok=True)
        log.unlink()

    def _copy(self, module: str, copies: Mapping[Path, str]) -> None:
        """Copy under another name, then rename: a file is there whole or not at all."""
        say(f"Downloading {module} {self.version(module)}")
        self._go("mod", "download", module)
        source = Path(self._go("list", "-m", "-f", "{{.Dir}}", module))
        for copy, path in copies.items():
            copy.parent.mkdir(parents=True, exist_ok=True)
            part = copy.with_suffix(".part")
            shutil.copyfile(source / path, part)
            part.rename(copy)

    def _go(self, *arguments: str) -> str:
        argv = ["go", *arguments]
        done = subprocess.run(argv, env=_env(), cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(f"`{' '.join(argv)}` failed in {self.folder}:\n{done.stderr.strip()}")
        return done.stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    """``1.26`` and ``1.26.0`` are the same version: three numbers, the missing ones zero."""
    given = [int(part) for part in version.split(".") if part]
    return (*given, 0, 0, 0)[:3]


def _env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _CROSS_COMPILING} | _GO_ENV
