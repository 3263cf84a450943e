"""The AWS stand-in as a process of ours: started, asked what it saw, told what to break, stopped."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypedDict, Unpack
from urllib.parse import urlsplit

from sandbox.aws.clients import ACCOUNT, REGION, Clients
from sandbox.aws.environment import interpreter
from sandbox.aws.layer.classify import VIEWER
from sandbox.errors import SandboxError
from sandbox.processes import Child, free_port, wait_until

# The regions that an AWS account has off until its owner enables them (AWS account management guide).
OPT_IN_REGIONS = frozenset(
    {
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4"),
        *("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1"),
        *("eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1"),
    }
)

_ROOT = Path(__file__).resolve().parents[2]
# Isolated (-I), so that neither the user's PYTHON… variables nor the working directory reach it.
_START = f"import sys; sys.path.append({str(_ROOT)!r}); from sandbox.aws.layer.serve import main; main()"
_CONTROL_SECONDS = 60.0


@dataclass(frozen=True)
class Call:
    """One request that reached the stand-in, as it was answered.

    ``service`` is boto3's name, ``operation`` botocore's (or "GET /path" where it has none). ``resource`` is
    the bucket for S3, the ARN for ACM, the key for KMS; for other services the first label of the path, or
    the id of what was created, or ''. ``path`` is path and query as sent, ``time`` seconds since the epoch,
    ``duration`` seconds. ``status`` is 0 where no answer was sent; ``error`` then says why, else it is the
    AWS error code (None for a HEAD, which has no body). ``fault`` is the number of the injected fault that
    hit it. A viewer's request has the service "cloudfront-viewer" and the distribution's id.
    """

    seq: int
    time: float
    duration: float
    account: str
    access_key: str
    region: str
    service: str
    operation: str
    resource: str
    host: str
    method: str
    path: str
    status: int
    error: str | None
    user_agent: str
    fault: int | None


class Viewed(NamedTuple):
    """What a viewer got: status, headers by their names in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Fault(TypedDict, total=False):
    """What an injected fault may say; ``sandbox.aws.layer.faults.Rule`` has the defaults and the meaning."""

    account: str
    service: str
    operation: str
    resource: str
    action: Literal["error", "drop", "hold", "delay"]
    effect: Literal["before", "after"]
    status: int
    code: str
    message: str
    delay: float
    after: int
    count: int | None
    probability: float


class StandIn(Clients):
    """MiniStack behind our layer. A context manager; also ``start()`` and ``stop()``.

    ``auth``: signatures and policies are checked (a 12-digit access key is root all the same).
    ``bare``: nothing is corrected, for the probes of ``sandbox/parity.yaml``.
    ``not_enabled``: the regions that the account has off.
    ``deployment``: the seconds until a change of a distribution is at work.
    ``directory``: where its log and its temporary files go; default: a directory that goes with it.
    """

    def __init__(
        self,
        *,
        auth: bool = False,
        bare: bool = False,
        not_enabled: frozenset[str] = OPT_IN_REGIONS,
        deployment: float = 1.0,
        directory: Path | None = None,
    ) -> None:
        super().__init__()
        self._settings = {
            "AUTH": "true" if auth else "false",
            "HEADRACE_LAYER": "bare" if bare else "corrected",
            "HEADRACE_REGIONS_NOT_ENABLED": " ".join(sorted(not_enabled)),
            "HEADRACE_DEPLOYMENT_SECONDS": str(deployment),
        }
        self._given = directory
        self._directory: Path | None = None
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._running().pid

    @property
    def log_path(self) -> Path:
        """What the process itself writes: warnings and tracebacks, not requests."""
        return self._running().log_path

    def start(self) -> str:
        """Start it and return its URL once it answers. Raises SandboxError if it does not come up."""
        python = interpreter()
        port = free_port()
        self._directory = self._given or Path(tempfile.mkdtemp(prefix="headrace-stand-in-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{port}"
        env = {**_environment(python, port, self._directory), **self._settings}
        self._child = Child.start(
            "the AWS stand-in", (str(python), "-I", "-c", _START), env, self._directory / "stand-in.log"
        )
        try:
            wait_until(self._healthy, what="the AWS stand-in answers", seconds=60, children=[self._child])
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """End it, and close the clients that were made for it. Does nothing the second time."""
        self.close_clients()
        if self._child is not None:
            self._child.stop(grace=3)
            self._child = None
        if self._directory is not None and self._given is None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = None

    def environment(self, *, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
        """The variables with which any AWS SDK talks to the stand-in, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "stand-in",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def log(self, since: int = 0) -> list[Call]:
        """The AWS calls that were answered after number ``since``, in the order of their answers."""
        return [call for call in self._requests(since) if call.service != VIEWER]

    def views(self, since: int = 0) -> list[Call]:
        """The viewers' requests to distributions after number ``since``: they are no AWS calls."""
        return [call for call in self._requests(since) if call.service == VIEWER]

    def mark(self) -> int:
        """The number of the newest request: what comes later is ``log(since=mark)``."""
        return int(self._control("GET", "health")["last"])

    def since(self, mark: int) -> list[Call]:
        """The requests after a mark."""
        return self.log(since=mark)

    def fault(self, **fault: Unpack[Fault]) -> int:
        """Inject a fault; its number, for ``release`` and ``Call.fault``.

        ``aws.fault(operation="PutBucketTagging", code="SlowDown", count=2)``
        """
        return int(self._control("POST", "faults", fault)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """All faults: what they say, and ``id``, ``seen``, ``fired``, ``waiting``, ``released``."""
        return list(self._control("GET", "faults"))

    def wait_until_held(self, fault: int, calls: int = 1, seconds: float = 30.0) -> None:
        """Return once so many calls wait at a "hold". Raises SandboxError after ``seconds``."""

        def held() -> bool:
            return any(entry["id"] == fault and entry["waiting"] >= calls for entry in self.faults())

        wait_until(held, what=f"fault {fault} holds {calls} calls", seconds=seconds)

    def release(self, fault: int) -> None:
        """Let the calls go that a fault holds. It hits none from now on."""
        self._control("POST", f"faults/{fault}/release")

    def lift(self, fault: int) -> None:
        """Release a fault and forget it."""
        self._control("DELETE", f"faults/{fault}")

    def clear_faults(self) -> None:
        """Release and forget all faults."""
        self._control("DELETE", "faults")

    def latency(self, seconds: float) -> None:
        """Let every AWS call take so much longer; calls side by side wait side by side."""
        self._control("POST", "latency", {"seconds": seconds})

    def deployment(self, seconds: float) -> None:
        """Let every deployment of a distribution take so long, also one that is under way."""
        self._control("POST", "deployment", {"seconds": seconds})

    def tagging_delay(self, seconds: float) -> None:
        """Let new distributions and certificates be found by their tags only so long after their creation."""
        self._control("POST", "tagging", {"seconds": seconds})

    def session(self, seconds: float) -> None:
        """Give roles for so long from now on, whatever is asked for; 0: as is asked for. Needs ``auth``."""
        self._control("POST", "session", {"seconds": seconds})

    def view(
        self, host: str, path: str = "/", *, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Viewed:
        """One request without credentials, as a browser sends it to this host; redirects are not followed.

        ``host`` is a distribution's domain name or alias, or ``<bucket>.s3.<region>.amazonaws.com``. The
        request counts as sent over TLS unless ``headers`` say ``{"X-Forwarded-Proto": "http"}``.
        """
        sent = {"X-Forwarded-Proto": "https", **(headers or {}), "Host": host}
        status, answered, body = self._request(method, path, sent, None)
        return Viewed(status, answered, body)

    def reset(self) -> None:
        """Everything as after the start: no resources, log, faults or delays. Numbers of the log go on."""
        self._control("POST", "reset")

    def _running(self) -> Child:
        if self._child is None:
            raise SandboxError("The AWS stand-in does not run: start() it, or use it in a with statement.")
        return self._child

    def _healthy(self) -> bool:
        try:
            self._control("GET", "health")
        except OSError:
            return False
        return True

    def _control(self, method: str, path: str, data: Mapping[str, object] | None = None) -> Any:
        """One control request. Raises SandboxError with the layer's sentence if it refuses."""
        body = None if data is None else json.dumps(data)
        status, _, said = self._request(method, f"/_headrace/{path}", {}, body)
        if status != 200:
            raise SandboxError(f"The AWS stand-in refused {method} {path}: {said.decode()}")
        return json.loads(said)

    def _requests(self, since: int) -> list[Call]:
        return [Call(**entry) for entry in self._control("GET", f"log?since={since}")]

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over a connection of its own: status, headers by their names in lower case, body."""
        self._running()
        # Not urllib: it would go through the user's proxy.
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=_CONTROL_SECONDS)) as connection:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, named, answer.read()


def _environment(python: Path, port: int, directory: Path) -> dict[str, str]:
    """The whole environment of the process, made from nothing: no credentials or settings of the user.

    What MiniStack runs (Lambda functions, Glue scripts) inherits it, and so talks to the stand-in only.
    """
    path = os.environ.get("PATH", os.defpath)
    scratch = directory / "tmp"
    with suppress(FileExistsError):
        scratch.mkdir()
    return {
        "PATH": f"{python.parent}{os.pathsep}{path}",
        "HOME": str(directory),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "LOG_LEVEL": "WARNING",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # Its own switches for listeners that do not heed BIND_HOST, and a Docker that is not there.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{directory}/no-docker.sock",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "stand-in",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
