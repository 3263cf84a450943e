"""The image itself, built by buildah on a base of debootstrap: what is in it, and that it works as a pod."""

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from headrace import __version__
from sandbox.aws.stand_in import StandIn
from sandbox.control_plane.server import ControlPlane
from sandbox.operator import Operator
from sandbox.world import World
from tools.image import base, trial
from tools.image.__main__ import LIMIT_BYTES, ROOT, beyond, build
from tools.image.engines import Buildah, Command
from tools.image.trim import services

pytestmark = pytest.mark.image

# The same name for each run from this checkout, so that nothing piles up.
IMAGE = f"headrace-operator:test-{zlib.crc32(str(ROOT).encode()):x}"
SHELLS = ("sh", "bash", "dash")


class Shellless(Buildah):
    """An engine in whose containers there is no shell, whatever the base has."""

    @contextmanager
    def container(self, image: str, env: Mapping[str, str], mounts: Mapping[Path, str]) -> Iterator[Command]:
        with super().container(image, env, mounts) as command:
            for shell in SHELLS:
                (root_of(command) / "usr" / "bin" / shell).unlink()
            yield command


def root_of(command: Command) -> Path:
    """Return where the root of a container is mounted: what `chroot` is told, before the entry point."""
    return Path(command[-2])


@pytest.fixture(scope="module")
def engine() -> Buildah:
    missing = [program for program in ("buildah", "debootstrap") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: apt-get install buildah debootstrap")
    if os.geteuid() != 0:
        pytest.skip("only root can mount images")
    return Shellless()


@pytest.fixture(scope="module")
def image(engine: Buildah) -> str:
    build(engine, base.make(engine), IMAGE)
    return IMAGE


@pytest.fixture(scope="module")
def world(lone_plane: ControlPlane, lone_aws: StandIn) -> World:
    return World(lone_plane, lone_aws)


@pytest.fixture(scope="module")
def running(
    engine: Buildah, image: str, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    with trial.started(engine, image, world, tmp_path_factory.mktemp("image")) as operator:
        yield operator


def python(engine: Buildah, image: str, code: str) -> str:
    """Return what the image's Python prints, as its user, on its read-only root."""
    with engine.container(image, {}, {}) as command:
        argv = [*command[:-1], "python", "-c", code]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_it_says_its_version(engine: Buildah, image: str) -> None:
    assert trial.version(engine, image) == f"headrace-operator {__version__}"


def test_it_makes_a_bucket_without_a_shell_or_a_place_to_write(running: Operator, world: World) -> None:
    world.apply({"bucketName": world.name(), "versioning": {"enabled": True}})

    world.ready()

    assert "CreateBucket" in world.operations()


def test_it_runs_as_nobody_on_a_root_that_the_kernel_keeps_read_only(running: Operator) -> None:
    process = Path("/proc", str(running.child.pid))
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
    mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    root = [options.split(",") for _, _, _, _, where, options, *_ in mounts if where == "/"]

    assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
    assert (status["Groups"].strip(), int(status["CapEff"], 16)) == ("", 0)
    assert "ro" in root[-1]


def test_its_user_finds_no_directory_to_write_to(engine: Buildah, image: str) -> None:
    code = """
import os
for directory, below, _ in os.walk("/"):
    below[:] = [name for name in below if os.path.join(directory, name) not in ("/proc", "/dev", "/sys")]
    try:
        open(os.path.join(directory, "trial"), "w").close()
    except OSError:
        continue
    print(directory)
"""
    assert python(engine, image, code) == ""


def test_it_ends_well_when_it_is_asked_to(running: Operator) -> None:
    running.stop()

    assert running.child.wait(0) == 0


def test_it_has_little_beyond_its_base(engine: Buildah, image: str) -> None:
    assert LIMIT_BYTES / 10 < beyond(engine, base.name(), image) < LIMIT_BYTES


def test_it_says_what_it_is_and_how_it_is_run(engine: Buildah, image: str) -> None:
    settings = engine.settings(image)
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in settings["Labels"].items()
    }

    assert (settings["User"], settings["Entrypoint"]) == ("65532:65532", ["headrace-operator"])
    assert (labels["title"], labels["version"], labels["licenses"]) == ("Headrace", __version__, "Apache-2.0")
    assert labels["description"]
    assert labels["revision"].removesuffix("-dirty") == head()


def head() -> str:
    found = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def test_it_can_make_a_client_for_each_service_and_has_models_of_no_other(
    engine: Buildah, image: str
) -> None:
    code = """
import json
from botocore.session import Session
session, made = Session(), {}
for name in session.get_available_services():
    client = session.create_client(
        name, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    made[name] = len(client.meta.service_model.operation_names)
print(json.dumps(made))
"""
    made = json.loads(python(engine, image, code))

    assert set(made) == services()
    assert all(made.values())


def test_all_that_is_in_it_is_compiled_and_pip_is_not_in_it(engine: Buildah, image: str) -> None:
    code = """
import importlib.util, pathlib, sysconfig
packages = pathlib.Path(sysconfig.get_path("purelib"))
sources = [path for path in packages.rglob("*.py")]
print([str(path) for path in sources if not pathlib.Path(importlib.util.cache_from_source(path)).exists()])
print(len(sources) > 1000, importlib.util.find_spec("pip"))
"""
    assert python(engine, image, code) == "[]\nTrue None\n"
