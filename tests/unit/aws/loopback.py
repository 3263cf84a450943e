"""An AWS on loopback that answers what it is told to, and remembers what it was asked."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.unit.serving import serving

WHOAMI = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/operator</Arn><UserId>U</UserId>
<Account>111122223333</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>R</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
VERSIONING = (
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Status>Enabled</Status></VersioningConfiguration>"
)


def refusal(code: str, message: str = "No.") -> str:
    """Write an error as S3 does."""
    return f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R</RequestId></Error>"


def wrapped(code: str, message: str = "No.") -> str:
    """Write an error as STS and S3 Control do."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"<ErrorResponse>{error}<RequestId>R</RequestId></ErrorResponse>"


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    host: str
    agent: str
    owner: str
    """The account that must own what is asked for."""
    body: str = ""
    authorization: str = ""


@dataclass(frozen=True)
class Answer:
    """One answer; without a status the connection is cut."""

    status: int | None = 200
    body: str = VERSIONING
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Loopback:
    """What is to be answered, in turn, and what was asked. Out of answers, it says who is asking."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def _handler(state: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer()

        def do_HEAD(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def do_DELETE(self) -> None:
            self.answer()

        def answer(self) -> None:
            said = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            host, agent = self.headers.get("Host", ""), self.headers.get("User-Agent", "")
            owner = self.headers.get("x-amz-expected-bucket-owner", self.headers.get("x-amz-account-id", ""))
            asked = Asked(
                self.command, self.path, host, agent, owner, said, self.headers.get("Authorization", "")
            )
            with state.lock:
                state.asked.append(asked)
                answer = state.answers.pop(0) if state.answers else Answer(200, WHOAMI)
            if answer.status is None:
                self.close_connection = True
                return
            body = b"" if self.command == "HEAD" else answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the requests are in `asked`."""

    return Handler


@contextmanager
def loopback() -> Iterator[Loopback]:
    """Serve on a free port of 127.0.0.1 until the end of the block."""
    state = Loopback("")
    with serving(_handler(state)) as state.url:
        yield state
