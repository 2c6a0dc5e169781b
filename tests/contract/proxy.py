"""A TCP proxy in front of a server: it passes bytes on as they are, and breaks one answer as it is told.

For the faults that a healthy server never shows. Each connection of the client has one of its own to the
server. Only requests for claims are broken: what else a client asks (models, tokens) passes.
"""

import contextlib
import http.client
import json
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

Socket = socket.socket | ssl.SSLSocket
Fault = Callable[["Exchange"], None]
CLAIMS_PATH = "/chat/completions"
_TICK_S = 0.05


@dataclass(frozen=True)
class Request:
    """What a client asked, byte for byte."""

    head: bytes  # with the blank line that ends it
    body: bytes

    @property
    def path(self) -> str:
        """Where it is addressed to."""
        return self.head.split(b" ", 2)[1].decode()

    @property
    def streams(self) -> bool:
        """Tell whether the client wants the answer in events."""
        return bool(self.body) and json.loads(self.body).get("stream") is True


class Exchange:
    """One request, with the means to answer it well or badly. A fault is a function of it."""

    def __init__(self, client: Socket, server: tuple[str, int], request: Request, ended: threading.Event):
        self.request = request
        self._client = client
        self._server = server
        self._ended = ended
        self._closing = contextlib.ExitStack()

    def answer(self) -> http.client.HTTPResponse:
        """Ask the server and give its answer, unpacked from its chunks."""
        response = self._closing.enter_context(http.client.HTTPResponse(self._asked()))
        response.begin()
        return response

    def raw_answer(self) -> tuple[bytes, Iterator[bytes]]:
        """Ask the server and give its answer as it stands on the wire: its head, and its body in pieces."""
        upstream = self._asked()
        received = b""
        while b"\r\n\r\n" not in received and (data := upstream.recv(65536)):
            received += data
        head, _, body = received.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n", _rest(upstream, body)

    def events(self) -> Iterator[bytes]:
        """Ask the server and give the events of its answer, each without the blank line after it."""
        event = b""
        for line in self.answer():
            if line.strip():
                event += line
            elif event:
                yield event.rstrip(b"\n")
                event = b""

    def send(self, data: bytes) -> None:
        """Give the client bytes."""
        self._client.sendall(data)

    def send_answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Give the client an answer of our own, which ends where the connection ends."""
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Odd')}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def wait(self, seconds: float | None = None) -> None:
        """Say nothing for a while; without a limit, until the client hangs up."""
        if seconds is not None:
            self._ended.wait(seconds)
            return
        self._client.settimeout(_TICK_S)
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                if not self._client.recv(65536):
                    return

    def close(self) -> None:
        """End the connection to the server, if there was one."""
        self._closing.close()

    def reset(self) -> None:
        """Break the connection as the machine of a killed process does."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._client.close()

    def _asked(self) -> socket.socket:
        upstream = self._closing.enter_context(socket.create_connection(self._server, timeout=60))
        lines = [
            line for line in self.request.head.split(b"\r\n") if not line.lower().startswith(b"connection:")
        ]
        upstream.sendall(b"\r\n".join([lines[0], b"Connection: close", *lines[1:]]) + self.request.body)
        return upstream


class Proxy:
    """The proxy on a port of its own.

    Attributes:
        url: where it listens.
        requests: what was asked through it.
    """

    def __init__(self, server: str, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(server)
        self._server = (parts.hostname or "", parts.port or 80)
        self._tls = tls
        self._ended = threading.Event()
        self._faults: list[Fault] = []
        self._open: set[Socket] = set()
        self._port = 0
        self.requests: list[Request] = []
        self._listen()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._port}"

    def break_next(self, *faults: Fault) -> None:
        """Break the next requests for claims, one after the other; those after them pass."""
        self._faults = list(faults)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections for a while, as the port of a dead server does."""
        self._stop_listening()
        try:
            yield
        finally:
            self._listen()

    def close(self) -> None:
        """Close every connection."""
        self._ended.set()
        self._stop_listening()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in list(self._open):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: Socket) -> None:
        """Serve one connection of the client until either side ends it."""
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.ExitStack() as stack:
            stack.callback(client.close)
            if self._tls:
                client = stack.enter_context(self._tls.wrap_socket(client, server_side=True))
            self._open.add(client)
            stack.callback(self._open.discard, client)
            server = stack.enter_context(socket.create_connection(self._server, timeout=60))
            selector = stack.enter_context(selectors.DefaultSelector())
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while not self._ended.is_set():
                ready = {key.fileobj for key, _ in selector.select(_TICK_S)}
                if server in ready:
                    data = server.recv(65536)
                    if not data:
                        return
                    client.sendall(data)
                elif client in ready:
                    request = _read_request(client)
                    if request is None:
                        return
                    self.requests.append(request)
                    if self._faults and request.path.endswith(CLAIMS_PATH):
                        exchange = Exchange(client, self._server, request, self._ended)
                        stack.callback(exchange.close)
                        self._faults.pop(0)(exchange)
                        return
                    server.sendall(request.head + request.body)


@contextmanager
def running_proxy(server: str, tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Run a proxy in front of a server."""
    proxy = Proxy(server, tls)
    try:
        yield proxy
    finally:
        proxy.close()


def _read_request(client: Socket) -> Request | None:
    """Read one request to its end; None where the client has hung up."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = client.recv(65536)
        if not data:
            return None
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += client.recv(65536)
    return Request(head + b"\r\n\r\n", body)


def _rest(upstream: socket.socket, first: bytes) -> Iterator[bytes]:
    yield first
    while data := upstream.recv(65536):
        yield data
