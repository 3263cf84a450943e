"""Ports of loopback behind which is nobody, somebody silent, or what answers for AWS; with TLS or without."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.control_plane.pki import create
from sandbox.processes import free_port

_CHUNK = 65536
_POLL_SECONDS = 0.05


@dataclass
class Door:
    """A port that is shut until it is opened. Who is in when it changes what is behind is cut off."""

    behind: str = ""
    """The URL of who answers; nobody: who comes in is listened to, and never answered."""
    tls: ssl.SSLContext | None = None
    port: int = field(default_factory=free_port)
    visitors: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secure_url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @contextmanager
    def open(self) -> Iterator["Door"]:
        """Let people in until the end of the block."""
        with socket.create_server(("127.0.0.1", self.port)) as server:
            server.settimeout(_POLL_SECONDS)
            thread = threading.Thread(target=self._receive, args=(server,))
            thread.start()
            try:
                yield self
            finally:
                self._ended.set()
                thread.join()

    def _receive(self, server: socket.socket) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                visitor, _ = server.accept()
                self.visitors += 1
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        behind = self.behind
        with suppress(OSError), visitor:
            inside = self.tls.wrap_socket(visitor, server_side=True) if self.tls else visitor
            with inside:
                if behind:
                    host = urlsplit(behind)
                    with socket.create_connection((host.hostname or "", host.port or 80)) as answerer:
                        self._pass_on({inside: answerer, answerer: inside}, behind)
                else:
                    self._pass_on({inside: None}, behind)

    def _pass_on(self, ways: dict[socket.socket, socket.socket | None], behind: str) -> None:
        while self.behind == behind and not self._ended.is_set():
            for source in select.select(list(ways), [], [], _POLL_SECONDS)[0]:
                said = source.recv(_CHUNK)
                if not said:
                    return
                if (sink := ways[source]) is not None:
                    sink.sendall(said)


def self_signed(directory: Path) -> ssl.SSLContext:
    """Return what serves with a certificate of an authority that nobody knows."""
    pair = create(directory).server
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.public, pair.private)
    return context
