"""`.ci/run` before and after the tests: what makes tests skip is told before they run, and a skip after."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bucket_specs import ROOT

OWN = ("dirname", "mktemp", "tee", "grep", "rm")
NEEDED = ("buildah", "debootstrap", "promtool")
PASSED, SKIPPED = "== 5 passed in 1s ==", "== 5 passed, 2 skipped in 1s =="


class Machine:
    """A machine on which there is nothing but these programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in OWN:
            (folder / name).symlink_to(shutil.which(name) or name)
        self.has("id", "echo 0")
        self.has("make", f"echo '{PASSED}'")
        for name in NEEDED:
            self.has(name, "true")

    def has(self, name: str, does: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (self.folder / name).chmod(0o755)

    def run(self) -> "subprocess.CompletedProcess[str]":
        bash = shutil.which("bash") or "/bin/bash"
        return subprocess.run(
            [bash, ROOT / ".ci" / "run"],
            env={"PATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_run_without_skips_passes(machine: Machine) -> None:
    done = machine.run()

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{PASSED}\n", "")


def test_whoever_is_not_root_is_told_before_the_tests_run(machine: Machine) -> None:
    machine.has("id", "echo 1000")

    done = machine.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CI must be root: only root can mount the image")


def test_what_cannot_be_installed_is_told_before_the_tests_run(machine: Machine) -> None:
    (machine.folder / "promtool").unlink()
    machine.has("apt-get", "exit 100")

    done = machine.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "CI needs what is in these packages, and could not install them: prometheus;"
    )


def test_what_is_missing_is_installed(machine: Machine) -> None:
    (machine.folder / "promtool").unlink()
    made = machine.folder / "promtool"
    machine.has(
        "apt-get", f'case "$*" in *prometheus*) echo "#!/bin/sh" > {made}; /bin/chmod +x {made};; esac'
    )

    assert machine.run().returncode == 0


def test_a_skipped_test_fails_the_run(machine: Machine) -> None:
    machine.has("make", f"echo '{SKIPPED}'")

    done = machine.run()

    assert (done.returncode, done.stderr) == (1, "CI allows no skipped test; the reasons are above\n")
