"""What `make image` works out before and after it builds, and its words where a machine lacks something."""

import ast
import inspect
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import botocore
import pytest

import headrace.aws
from sandbox.errors import SandboxError
from tools.image import base, reach
from tools.image.__main__ import ROOT, chosen_base, default_base, sizes
from tools.image.engines import Build, Buildah, Command, Docker, Engine, enter, find_engine, parse_size
from tools.image.steps import check_room, step
from tools.image.trim import services, unused

# What a buildah that works answers to `info`.
INFO = """echo '{"store": {"GraphRoot": "/var/lib/containers/storage"}}'"""


class Shelf(Engine):
    """An engine that has these images, of these sizes, and no way to any other."""

    name = "Shelf"

    def __init__(self, **images: int) -> None:
        self.images = dict(images)

    def has(self, image: str) -> bool:
        return image in self.images

    def pull(self, image: str) -> bool:
        return False

    def take(self, archive: Path, image: str) -> None:
        self.images[image] = archive.stat().st_size

    def build(self, build: Build) -> None:
        raise AssertionError("nothing is built here")

    def size(self, image: str) -> int:
        return self.images[image]

    @contextmanager
    def container(self, image: str, env: Mapping[str, str], mounts: Mapping[Path, str]) -> Iterator[Command]:
        yield ()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in which programs are looked for; `program` puts them there."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def program(directory: Path, name: str, script: str) -> None:
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# The engine


def test_docker_is_taken_where_its_daemon_answers(programs: Path) -> None:
    program(programs, "docker", "echo 28.0.0")
    program(programs, "buildah", "exit 0")

    assert isinstance(find_engine(), Docker)


def test_buildah_is_taken_where_no_daemon_answers(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(programs, "docker", "exit 1")
    program(programs, "buildah", INFO)

    assert isinstance(find_engine(), Buildah)


def test_a_buildah_that_does_not_work_is_told_in_its_own_words(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(programs, "buildah", "echo no storage for you >&2; exit 125")

    with pytest.raises(SandboxError, match=r"`buildah .* info` failed \(exit code 125\): no storage for you"):
        find_engine()


@pytest.mark.parametrize(
    ("docker", "said"), [(False, "Docker is missing"), (True, "Docker is here, but no daemon answers")]
)
def test_without_an_engine_it_is_said_what_to_install(programs: Path, docker: bool, said: str) -> None:
    if docker:
        program(programs, "docker", "exit 1")

    with pytest.raises(SandboxError, match=rf"{said}, and .*buildah.*apt-get install buildah"):
        find_engine()


def test_buildah_wants_root(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    program(programs, "buildah", "exit 0")

    with pytest.raises(SandboxError, match=r"as root only: .*sudo make image"):
        find_engine()


def test_where_overlays_do_not_work_buildah_copies(programs: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program(programs, "buildah", f'[ "$1" = info ] && exit 1; echo "$@" >>{asked}; {INFO}')

    assert Buildah().has("some:image")
    assert asked.read_text() == (
        "--storage-driver=vfs info\n--storage-driver=vfs inspect --type=image some:image\n"
    )


def test_docker_runs_a_container_that_can_write_nowhere_and_removes_it(
    programs: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    program(programs, "docker", f'echo "$1 $2" >>{asked}')

    with Docker().container("some:image", {"A": "b"}, {Path("/pod"): "/run/pod"}) as command:
        assert not asked.exists()

    assert {
        "--read-only",
        "--network=host",
        "--cap-drop=ALL",
        "--volume=/pod:/run/pod:ro",
        "--env=A=b",
    } < set(command)
    assert command[-1] == "some:image"
    assert asked.read_text() == "rm --force\n"


def test_a_root_is_entered_as_the_images_user_with_its_environment_and_ours_over_it() -> None:
    settings = {"User": "7:8", "Env": ["PATH=/a:/b", "X=1=2"], "Entrypoint": ["operator"]}

    command = enter(Path("/mnt/root"), settings, {"PATH": "/c", "Y": "3"}, {Path("/pod"): "/run/pod"})

    assert command[command.index("sh", 5) + 1 :] == [
        *("/mnt/root", "/pod", "run/pod", "--"),
        *("env", "-i", "PATH=/c", "X=1=2", "Y=3"),
        *("chroot", "--userspec=7:8", "--groups=", "/mnt/root", "operator"),
    ]


def test_engines_are_told_arguments_secrets_name_and_context() -> None:
    build = Build(Path("/here"), "some:image", {"VERSION": "1"}, {"pip.conf": Path("/p")})

    assert build.options() == [
        "--build-arg=VERSION=1",
        "--secret=id=pip.conf,src=/p",
        "--tag=some:image",
        "/here",
    ]


@pytest.mark.parametrize(
    ("text", "size"), [("281 MB", 281_000_000), ("1.25 GB", 1_250_000_000), ("12 KB", 12_000), ("7 B", 7)]
)
def test_a_size_is_read_as_buildah_writes_it(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_a_size_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(SandboxError, match="'much'"):
        parse_size("much")


# The base


def test_the_base_is_the_one_that_is_wished_or_that_of_the_dockerfile() -> None:
    here = default_base((ROOT / "Dockerfile").read_text())

    assert chosen_base(Shelf(**{here: 1}), "") == here
    assert chosen_base(Shelf(**{here: 1, "mine:1": 1}), "mine:1") == "mine:1"


def test_a_base_that_is_wished_and_cannot_be_had_is_told_by_its_name() -> None:
    with pytest.raises(SandboxError, match=r"The base image mine:1 is not here and cannot be pulled"):
        chosen_base(Shelf(), "mine:1")


def test_a_base_is_made_once_and_found_again_in_the_cache(cache: Path) -> None:
    (cache / "image").mkdir(parents=True)
    (cache / "image" / f"{base.name().rpartition(':')[2]}.tar").write_bytes(b"12345")
    shelf = Shelf()

    assert chosen_base(shelf, "") == chosen_base(shelf, "") == base.name()
    assert shelf.images == {base.name(): 5}


def test_a_base_has_no_leftovers_and_what_a_killed_maker_left_is_removed(
    programs: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(programs, "debootstrap", "exit 1")
    unpack = (
        'for root; do :; done; mkdir -p "$root/var/log"; echo >"$root/var/log/dpkg.log"; echo >"$root/init"'
    )
    program(programs, "unshare", f"PATH=/usr/bin:/bin; {unpack}")
    program(programs, "tar", 'PATH=/usr/bin:/bin; exec tar "$@"')
    (cache / "image" / "base-killed" / "root").mkdir(parents=True)

    chosen_base(Shelf(), "")

    (made,) = (cache / "image").iterdir()
    with tarfile.open(made) as archive:
        assert sorted(archive.getnames()) == [".", "./init", "./var", "./var/log"]


def test_without_registry_and_debootstrap_it_is_said_what_to_do(programs: Path) -> None:
    with pytest.raises(SandboxError, match=r"debootstrap.* is missing.*apt-get install .*BASE_IMAGE="):
        chosen_base(Shelf(), "")


def test_debootstrap_wants_root(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    program(programs, "debootstrap", "exit 0")

    with pytest.raises(SandboxError, match=r"as root only. Be root, or .*BASE_IMAGE="):
        chosen_base(Shelf(), "")


def test_a_debootstrap_that_fails_leaves_its_log_and_nothing_else(cache: Path) -> None:
    with pytest.raises(SandboxError, match=r"(?s)debootstrap failed \(exit code 3\).*no mirror"):
        step("debootstrap", ["/bin/sh", "-c", "echo no mirror; exit 3"])

    assert [path.suffix for path in (cache / "image").iterdir()] == [".log"]


def test_too_little_room_is_told_before_it_is_used_up(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=rf"takes 1000000000.0 GB below {tmp_path}/not/yet, and "):
        check_room(tmp_path / "not" / "yet", 10**18, "a base image")


def test_an_image_that_is_too_large_is_refused() -> None:
    assert sizes(Shelf(base=100_000_000, image=250_000_000), "base", "image") == "250 MB, 150 MB beyond base"
    with pytest.raises(SandboxError, match=r"has 301 MB, 201 MB beyond base; 200 MB is the limit"):
        sizes(Shelf(base=100_000_000, image=301_000_000), "base", "image")


# The package index


def test_settings_of_pip_are_read_with_the_environment_over_the_files() -> None:
    listing = """:env:.index-url='https://env/simple'
:env:.find-links='/wheels'
global.cert='/etc/ca.crt'
global.index-url='https://file/simple'
install.trusted-host='a\\nb'
not a setting"""

    assert reach.parse(listing) == {
        "index-url": "https://env/simple",
        "cert": "/etc/ca.crt",
        "trusted-host": "a\nb",
    }


def test_a_build_is_told_of_the_index_and_trusts_the_certificates_of_its_secret() -> None:
    settings = {"trusted-host": "a\nb", "index-url": "https://here/simple"}

    assert reach.render(settings, trusting=True) == (
        "[global]\ncert = /run/secrets/ca.crt\nindex-url = https://here/simple\ntrusted-host = a\n  b\n"
    )
    assert reach.render({}, trusting=False) == "[global]\n"


def test_certificates_come_from_where_pip_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.touch()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_CERT", str(bundle))

    assert reach.secrets(tmp_path) == {"pip.conf": tmp_path / "pip.conf", "ca.crt": bundle}

    monkeypatch.setenv("PIP_CERT", str(tmp_path / "none.crt"))

    assert reach.secrets(tmp_path) == {"pip.conf": tmp_path / "pip.conf"}
    assert "cert" not in (tmp_path / "pip.conf").read_text()


# What is left out


def literals(tree: ast.AST, *functions: str) -> set[str]:
    """Return the texts that are the first argument of a call of one of these."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    named = [(getattr(call.func, "attr", getattr(call.func, "id", "")), call.args[0]) for call in calls]
    firsts = [first for name, first in named if name in functions]
    return {
        first.value for first in firsts if isinstance(first, ast.Constant) and isinstance(first.value, str)
    }


def calls_below(package: Path, *functions: str) -> set[str]:
    return {
        name for path in package.rglob("*.py") for name in literals(ast.parse(path.read_text()), *functions)
    }


def test_each_service_of_which_the_operator_makes_a_client_is_kept() -> None:
    made = calls_below(Path(headrace.aws.__path__[0]), "client")

    assert {"s3", "cloudfront", "sts"} <= made <= services()


def test_each_service_from_which_botocore_gets_credentials_is_kept() -> None:
    source = Path(inspect.getfile(botocore), "..").resolve()
    made = {
        name
        for module in ("credentials", "tokens", "utils", "login")
        if (path := source / f"{module}.py").exists()
        for name in literals(ast.parse(path.read_text()), "create_client", "_client_creator")
    }

    assert {"sts", "sso"} <= made <= services()


def test_what_is_left_out_is_other_services_and_the_second_client() -> None:
    packages = Path(inspect.getfile(botocore)).parents[1]

    names = {str(path.relative_to(packages)) for path in unused(packages)}

    assert {"botocore/data/ec2", "kubernetes/aio"} <= names
    assert not names & {f"botocore/data/{service}" for service in services()}


def test_a_service_without_a_model_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "botocore" / "data" / "s3").mkdir(parents=True)

    with pytest.raises(SystemExit, match=r"botocore has no model of acm, cloudfront, .* in "):
        unused(tmp_path)
