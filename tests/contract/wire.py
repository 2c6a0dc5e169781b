"""A small HTTP server that answers as it is told, byte for byte: for faults a healthy vLLM never shows."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]
CLAIMS_PATH = "/v1/chat/completions"
MODELS = {"data": [{"id": "tiny", "max_model_len": 8192}, {"id": "other"}]}
USAGE = "{usage}"  # an event that stands for the counts of a server which read the whole prompt


class Handler(BaseHTTPRequestHandler):
    """Plays the server's next reply."""

    protocol_version = "HTTP/1.1"
    server: "Wire"
    body: Any = None  # of the request, read

    def do_GET(self) -> None:
        """Name the models, or answer as the path's route says."""
        self.server.requests.append((self.path, dict(self.headers), None))
        self._route()(self)

    def do_POST(self) -> None:
        """Play the next reply to a request for claims; the last one is played for ever."""
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), self.body))
        replies = self.server.replies
        if self.path == CLAIMS_PATH and self.body.get("max_tokens") == 1:
            self.server.one_token(self)
        elif self.path == CLAIMS_PATH and replies:
            (replies.pop(0) if len(replies) > 1 else replies[0])(self)
        else:
            self._route()(self)

    def _route(self) -> Reply:
        if self.path == "/v1/models":
            return send_json(200, self.server.models)
        return self.server.routes.get(f"{self.command} {self.path}", send_json(404, NOT_FOUND))

    def usage(self) -> dict[str, int]:
        """Count as a server does that read the whole prompt: about four characters a token."""
        read = sum(len(message["content"]) for message in self.body["messages"]) // 4
        return {"prompt_tokens": read, "completion_tokens": 5, "total_tokens": read + 5}

    def log_message(self, *args: object) -> None:
        """Be silent."""

    def begin(self, status: int = 200, **headers: str) -> None:
        """Send the head of a response whose length is not known."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def piece(self, text: str) -> None:
        """Send a part of the body at once."""
        if text == USAGE:
            text = f"data: {json.dumps({'choices': [], 'usage': self.usage()})}\n\n"
        self.wfile.write(text.encode())
        self.wfile.flush()

    def reset(self) -> None:
        """Break the connection as a killed process's machine does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())


class Wire(ThreadingHTTPServer):
    """The server with what it was asked and what it is to say."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply] = []
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.one_token: Reply = (
            one_token  # to questions of one token: what the server is, how long a prompt is
        )
        self.routes: dict[str, Reply] = {"POST /tokenize": count_tokens}  # by method and path
        self.models: dict[str, Any] = MODELS
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests for claims, in order."""
        return [b for path, _, b in self.requests if path == CLAIMS_PATH and b.get("max_tokens") != 1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count connections."""
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what is tested here."""


NOT_FOUND = {"error": {"message": "Not Found", "type": "NotFoundError", "param": None, "code": 404}}


@contextmanager
def running_wire() -> Iterator[Wire]:
    """Run a wire on a free port of this machine."""
    with Wire() as wire:
        thread = threading.Thread(target=wire.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield wire
        finally:
            wire.shutdown()
            thread.join()


def send_json(status: int, content: object, **headers: str) -> Reply:
    """Reply with one JSON document."""

    def reply(handler: Handler) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        length = str(len(text.encode()))
        handler.begin(status, Content_Type="application/json", Content_Length=length, **headers)
        handler.piece(text)

    return reply


def one_token(handler: Handler) -> None:
    """Reply with one token, and with how many were read."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "."}, "finish_reason": "length"}
    send_json(200, {"choices": [choice], "usage": handler.usage()})(handler)


def count_tokens(handler: Handler) -> None:
    """Reply as vLLM's tokenizer does."""
    send_json(200, {"count": handler.usage()["prompt_tokens"], "max_model_len": 8192})(handler)


def whole(text: str, finish_reason: str | None = "stop") -> Reply:
    """Reply with one finished chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}

    def reply(handler: Handler) -> None:
        send_json(200, {"choices": [choice], "usage": handler.usage()})(handler)

    return reply


def answer(text: str) -> Reply:
    """Reply with a finished answer, in events or in one piece as the request wants it, framed as vLLM."""

    def reply(handler: Handler) -> None:
        if not handler.body.get("stream"):
            whole(text)(handler)
            return
        handler.begin(200, Content_Type="text/event-stream", Transfer_Encoding="chunked")
        pieces = [event(text[start : start + 8]) for start in range(0, len(text), 8)]
        usage = f"data: {json.dumps({'choices': [], 'usage': handler.usage()})}\n\n"
        for piece in [*pieces, event("", "stop"), usage, DONE, ""]:
            handler.piece(f"{len(piece.encode()):x}\r\n{piece}\r\n")

    return reply


def streamed_and_kept(*pieces: str) -> Reply:
    """Reply with a stream, and keep the connection for the next request."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(sum(len(piece.encode()) for piece in pieces)))
        handler.end_headers()
        for piece in pieces:
            handler.piece(piece)

    return reply


def event(text: str = "", finish_reason: str | None = None) -> str:
    """Write one event of a stream, as vLLM does: without escaping anything beyond what JSON demands."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return f"data: {json.dumps({'choices': [choice]}, ensure_ascii=False)}\n\n"


DONE = "data: [DONE]\n\n"


def streamed(*pieces: str, end: Callable[[Handler], None] | None = None) -> Reply:
    """Reply with a stream of ready-made pieces, then do `end`."""

    def reply(handler: Handler) -> None:
        handler.begin(200, Content_Type="text/event-stream")
        for piece in pieces:
            handler.piece(piece)
        if end is not None:
            end(handler)

    return reply
