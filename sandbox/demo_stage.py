"""What a step of the demo works with: kubectl, AWS as somebody else sees it, checks, and the counts."""

import json
import shlex
import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config

from sandbox.aws.clients import session
from sandbox.aws.stand_in import Call, Viewed
from sandbox.control_plane.admin import Admin
from sandbox.control_plane.audit import AuditLog
from sandbox.demo_screen import Screen
from sandbox.errors import SandboxError
from sandbox.operator import USER, Operator
from sandbox.processes import wait_until
from sandbox.up import Sandbox
from sandbox.world import GROUP, World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAMESPACE = "shop"
# The demo reads the operator's log, so it says how that is written.
ARGUMENTS = ("--allow-ambient", "--log-format=json", "--log-level=info")

# What the demo calls them, as kubectl takes it.
_KINDS = {"abkt": "AcceleratedBucket", "dist": "Distribution"}
_OPERATOR = "headrace/"
_OBJECT = "involvedObject.name"
_READS = ("Get", "List", "Head")
_WRITES = frozenset({"create", "update", "patch", "delete"})
_QUESTIONS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


@dataclass(frozen=True)
class Counts:
    """What the operator asked for in one step: of AWS, and of the API server (objects, and events)."""

    title: str
    seconds: float
    aws_reads: int = 0
    aws_writes: int = 0
    api_writes: int = 0
    events: int = 0


@dataclass(frozen=True)
class Step:
    """One step: what it is called, what happens in it and why, and how it is done."""

    title: str
    why: str
    run: Callable[["Stage"], None]


class Stage:
    """One demo on one sandbox, from the first step to the last."""

    def __init__(self, sandbox: Sandbox[Admin], operator: Operator, screen: Screen) -> None:
        self.sandbox, self.operator, self.screen = sandbox, operator, screen
        self.plane, self.aws = sandbox.plane, sandbox.aws
        self.s3 = sandbox.aws.client("s3")
        self._audit = AuditLog(sandbox.plane.audit_log)
        self._world: World[Admin] | None = None
        self.begin()

    @property
    def world(self) -> World[Admin]:
        """The namespace of the demo; it is made when it is first asked for."""
        self._world = self._world or World(self.plane, self.aws, NAMESPACE)
        return self._world

    # Doing and showing

    def kubectl(self, *arguments: str, input: str | None = None) -> str:
        """Run kubectl as the admin, and show command and answer."""
        self.screen.command(f"kubectl {shlex.join(arguments)}")
        said = self.plane.kubectl_run(*arguments, input=input)
        self.screen.output(said)
        return said

    def refused(self, *arguments: str, input: str | None = None) -> str:
        """Run kubectl, show how it is refused, and return the words. SandboxError where it is not."""
        self.screen.command(f"kubectl {shlex.join(arguments)}")
        try:
            self.plane.kubectl_run(*arguments, input=input)
        except SandboxError as error:
            said = str(error).partition(" failed: ")[2]
            self.screen.output(said, "red")
            return said
        raise SandboxError(f"`kubectl {shlex.join(arguments)}` should have been refused, but was not.")

    def apply(self, text: str) -> None:
        """Show an object, and apply it."""
        self.screen.yaml(text)
        self.kubectl("apply", "-f", "-", input=text)

    def look_now(self, name: str, value: str, kind: str = "abkt") -> dict[str, Any]:
        """Ask the operator for a look, as a person does, and return the object once it was answered."""
        asked = f"headrace.io/reconcile-requested-at={value}"
        self.kubectl("annotate", kind, name, "-n", NAMESPACE, asked, "--overwrite")
        return self.world.of(_KINDS[kind]).until(
            lambda obj: obj["status"].get("lastHandledReconcileAt") == value, name, "the look"
        )

    def field(self, name: str, path: str, kind: str = "abkt") -> str:
        """Show a part of an object with kubectl, and return it."""
        return self.kubectl("get", kind, name, "-n", NAMESPACE, f"--output=jsonpath={{{path}}}")

    def view(self, host: str, path: str) -> Viewed:
        """Ask for something as a browser does, without credentials, and show what came."""
        got = self.aws.view(host, path)
        size = f", {len(got.body)} bytes" if got.status == 200 else ""
        self.screen.said("viewer", f"GET https://{host}{path} -> {got.status}{size}")
        return got

    def events(self, name: str, reason: str) -> None:
        """Show the events of an object for one reason, once this step has brought one."""
        command = ("get", "events", "-n", NAMESPACE, f"--field-selector={_OBJECT}={name},reason={reason}")
        wait_until(
            lambda: not set(self._names(*command)) <= self._earlier,
            what=f"an event {reason} about {name}",
            children=[self.operator.child],
        )
        self.kubectl(*command)

    def told(self, name: str) -> list[str]:
        """Show what the operator's log says of a pass over an object, and return what it changed."""
        lines: list[dict[str, Any]] = []

        def there() -> bool:
            lines[:] = [line for line in self._log() if line.get("name") == name and line.get("done")]
            return bool(lines)

        wait_until(there, what=f"the operator's log tells of {name}", children=[self.operator.child])
        line = lines[-1]
        about = f"{line['level']} {line['kind']} {line['namespace']}/{name}: {line['message']}; changed:"
        self.screen.said("operator's log", about)
        changed: list[str] = line["plan"]
        self.screen.output("\n".join(f"  {field}" for field in changed))
        return changed

    def requests(self, calls: Sequence[Call], *, hosts: bool = False) -> None:
        """Show lines of the stand-in's request log."""
        for call in calls:
            where = f"Host: {call.host}" if hosts else call.resource
            line = (
                f"{call.method:<6} {call.operation:<34} {call.status} {call.duration * 1000:5.1f} ms  {where}"
            )
            self.screen.said("request log", line)

    def check(self, holds: object, sentence: str) -> None:
        """Say that this is so; SandboxError where it is not: the demo tells nothing that is not true."""
        if not holds:
            raise SandboxError(f"The demo found that this is not so: {sentence}.")
        self.screen.right(sentence)

    # AWS, as others use it

    def accelerated(self) -> "S3Client":
        """A client of the accelerated endpoint, whose requests reach the stand-in all the same.

        botocore takes no endpoint of one's own together with acceleration, so each request is signed for
        ``<bucket>.s3-accelerate.amazonaws.com`` and then carried to the stand-in under that name.
        """
        config = Config(
            s3={"use_accelerate_endpoint": True},
            retries={"total_max_attempts": 1},
            # Where it is going is not where its name says: no proxy is to look it up.
            proxies={},
        )
        client = session().client("s3", config=config)
        client.meta.events.register("before-send.s3", _carried_to(self.aws.url))
        return client

    def tags(self, bucket: str) -> dict[str, str]:
        """The tags of a bucket."""
        return {tag["Key"]: tag["Value"] for tag in self.s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}

    def versioning(self, bucket: str) -> str:
        """The versioning of a bucket, in AWS's word."""
        return self.s3.get_bucket_versioning(Bucket=bucket).get("Status", "(never enabled)")

    def buckets(self) -> list[str]:
        """The names of all buckets."""
        return [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]

    # Counting

    def begin(self) -> None:
        """Count from here on."""
        self._began = time.monotonic()
        self._aws_mark, self._audit_mark = self.aws.mark(), self._audit.mark()
        self._log_mark = len(self.operator.log)
        self._earlier = set(self._names("get", "events", "-n", NAMESPACE))

    def calls(self, *, of_operator: bool = True) -> list[Call]:
        """What reached AWS since the step began, from the operator or from everybody else."""
        seen = self.aws.since(self._aws_mark)
        return [call for call in seen if (_OPERATOR in call.user_agent) is of_operator]

    def writes(self) -> list[Call]:
        """What the operator wrote to AWS since the step began."""
        return [call for call in self.calls() if not call.operation.startswith(_READS)]

    def counts(self, title: str) -> Counts:
        """What the operator asked for since the step began, from the request log and the audit log."""
        since = [r for r in self._audit.since(self._audit_mark) if r.user == USER and r.verb in _WRITES]
        # kubectl was shown with the operator's token too; that is not the operator.
        mine = [r for r in since if r.user_agent.startswith(_OPERATOR)]
        # Questions about its own rights are sent like objects, and nothing is written.
        asked = Tally(r.group for r in mine if r.group not in _QUESTIONS)
        seconds, writes = time.monotonic() - self._began, len(self.writes())
        objects, events = asked.pop(GROUP, 0), asked.pop("events.k8s.io", 0)
        if asked:
            raise SandboxError(f"The operator wrote to groups that the table does not count: {dict(asked)}")
        return Counts(title, seconds, len(self.calls()) - writes, writes, objects, events)

    def _names(self, *command: str) -> list[str]:
        return self.plane.kubectl_run(*command, "--output=name").split()

    def _log(self) -> list[dict[str, Any]]:
        """The operator's log since the step began; the last piece may be a line that is being written."""
        lines = self.operator.log[self._log_mark :].split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]


def _carried_to(url: str) -> Callable[..., None]:
    def carry(request: Any, **_: object) -> None:
        signed_for = urlsplit(request.url)
        request.headers["Host"] = signed_for.netloc
        request.url = url + signed_for.path + (f"?{signed_for.query}" if signed_for.query else "")

    return carry
