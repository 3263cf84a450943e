"""The stand-in's process is alone: no credentials of the user, loopback only, and nothing of it is left."""

import os
import shutil
from pathlib import Path

import pytest

from sandbox.aws.environment import REQUIREMENTS, interpreter
from sandbox.aws.stand_in import StandIn
from sandbox.errors import SandboxError

pytestmark = pytest.mark.standin


def _environ(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def _listening(pid: int) -> list[tuple[str, int]]:
    """The addresses on which a process listens, by its sockets' inodes in /proc/net."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(descriptor.readlink().name)
        except FileNotFoundError:  # closed meanwhile
            continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address, port = fields[1].split(":")
                found.append((address, int(port, 16)))
    return found


def test_real_credentials_never_reach_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIAREALREALREALREAL\n")
    cache = interpreter().parents[3]
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real-secret",
        "AWS_SESSION_TOKEN": "real-token",
        "AWS_PROFILE": "real-profile",
        "AWS_CONFIG_FILE": "/home/real/.aws/config",
        "AWS_ENDPOINT_URL_S3": "https://real.example.com",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/real/token",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/real",
        "HTTPS_PROXY": "http://real.example.com:3128",
        "HOME": str(home),
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADRACE_CACHE", str(cache))
    with StandIn(directory=tmp_path / "stand-in") as aws:
        seen = _environ(aws.pid)
        assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"
    values = "\n".join(seen.values())
    assert not [value for value in secrets.values() if value in values]
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "AWS_PROFILE" not in seen


def test_it_listens_on_one_port_of_loopback_only(aws: StandIn) -> None:
    port = int(aws.url.rpartition(":")[2])
    assert _listening(aws.pid) == [("0100007F", port)]


def test_it_ends_with_everything_it_had() -> None:
    aws = StandIn()
    aws.start()
    pid, directory = aws.pid, aws.log_path.parent
    aws.client("s3").list_buckets()
    aws.stop()
    aws.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not directory.exists()
    with pytest.raises(SandboxError, match="does not run"):
        aws.log()


def test_the_environment_of_a_client_is_complete(aws: StandIn) -> None:
    variables = aws.environment(account="111122223333", region="eu-west-3")
    assert variables["AWS_ENDPOINT_URL"] == aws.url
    assert variables["AWS_ACCESS_KEY_ID"] == "111122223333"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-3"


def test_two_of_them_know_nothing_of_each_other(aws: StandIn) -> None:
    with StandIn(auth=True) as other:
        other.client("s3", region="us-east-1").create_bucket(Bucket="only-in-the-other")
        names = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
        assert "only-in-the-other" not in names
        assert [call.operation for call in other.log()] == ["CreateBucket"]


def test_an_environment_that_cannot_be_installed_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEADRACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    requirements = tmp_path / "stand-in.txt"
    requirements.write_text(f"no-such-package-of-ours==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SandboxError, match=r"could not be installed: is the package index") as caught:
        interpreter(requirements)
    assert "No matching distribution" in str(caught.value)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(SandboxError, match=r"cannot be read .*run this from a checkout"):
        interpreter(tmp_path / "missing.txt")


def test_the_pins_are_those_of_the_repository() -> None:
    assert REQUIREMENTS.is_file()
    assert "ministack==1.5.33" in REQUIREMENTS.read_text()
