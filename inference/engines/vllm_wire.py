"""The OpenAI wire: events and whole answers in, text and how it ended out; every fault is an EngineError.

What a server says in an error is read for its kind and then forgotten: its words can quote the note, so they
reach no exception and no log.
"""

import json
import re
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from inference.engines.base import EngineError

MAX_ANSWER_BYTES = 16 * 2**20
_MAX_ERROR_BYTES = 64 * 2**10
_MAX_LINE_BYTES = 2**20
_TOO_LONG = re.compile(
    r"maximum (?:context|model) length|context.?(?:length|size|window)|exceed_context_size|prompt is too long"
)
_STATUS_CODES = {
    401: "unauthorised",
    403: "unauthorised",
    404: "unknown_model",
    408: "timed_out",
    413: "too_long",
    429: "overloaded",
    503: "overloaded",
    504: "timed_out",
}


@dataclass(slots=True)
class End:
    """How an answer ended, filled in while it is read."""

    finish_reason: str | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None


@contextmanager
def wire_errors() -> Iterator[None]:
    """Turn httpx's exceptions into the engine's. Theirs hold the request, and the request holds the note."""
    try:
        yield
    except httpx.ConnectTimeout:
        raise EngineError("unreachable", detail="connect_timeout") from None
    except httpx.TimeoutException as error:
        raise EngineError("timed_out", detail=type(error).__name__) from None
    except httpx.ConnectError as error:
        raise _not_connected(error) from None
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError) as error:
        raise EngineError("connection_lost", detail=type(error).__name__) from None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise EngineError("misconfigured", detail=type(error).__name__) from None


def _not_connected(error: BaseException) -> EngineError:
    """Tell a refused connection from one that TLS ended."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return EngineError("certificate", detail=f"verify_{cause.verify_code}")
        if isinstance(cause, ssl.SSLError):
            return EngineError("certificate", detail="tls_handshake")
        cause = cause.__cause__ or cause.__context__
    return EngineError("unreachable", detail="connect_error")


async def streamed(response: httpx.Response, end: End) -> AsyncGenerator[str | None, None]:
    """Read server-sent events: each piece of text, then None at `[DONE]`; reading on keeps the connection.

    Lines end at newline bytes only: httpx's own splitter breaks at U+2028.
    """
    size, pending, is_done = 0, bytearray(), False
    async for data in response.aiter_raw():
        size += len(data)
        if size > MAX_ANSWER_BYTES:
            raise EngineError("bad_output", detail="answer_too_large")
        pending += data
        if b"\n" not in data:
            if len(pending) > _MAX_LINE_BYTES:
                raise EngineError("bad_output", detail="line_too_long")
            continue
        *lines, rest = bytes(pending).split(b"\n")
        pending = bytearray(rest)
        for line in lines:
            if is_done or not line.startswith(b"data:"):
                continue
            event = line.removeprefix(b"data:").strip()
            if event == b"[DONE]":
                is_done = True
                yield None
                continue
            content = read_json(event)
            if content.get("error"):
                raise _reported(content["error"])
            for piece in _pieces(content, end, "delta"):
                yield piece


def whole(answer: bytes, end: End) -> str:
    """Read a whole answer's text."""
    return "".join(_pieces(read_json(answer), end, "message"))


def _pieces(event: dict[str, Any], end: End, part: str) -> Iterator[str]:
    """Take the text, the finish reason and the token counts out of one event or answer."""
    if isinstance(usage := event.get("usage"), dict):
        end.prompt_tokens = as_number(usage.get("prompt_tokens"))
        end.output_tokens = as_number(usage.get("completion_tokens"))
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return
    if reason := choice.get("finish_reason"):
        end.finish_reason = str(reason)
    message = choice.get(part)
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str) and content:
        yield content


async def read_bytes(response: httpx.Response, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """Read a body of bounded length.

    Raises:
        EngineError: "bad_output": it is longer.
    """
    content = bytearray()
    async for data in response.aiter_raw():
        content += data
        if len(content) > limit:
            raise EngineError("bad_output", detail="answer_too_large")
    return bytes(content)


def read_json(data: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        EngineError: "bad_output": it is none.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise EngineError("bad_output", detail="not_the_openai_wire")
    return content


def as_number(value: object) -> int | None:
    """Take a count as it should be, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


async def refusal(response: httpx.Response) -> EngineError:
    """Read a refused request's kind. The server's words are searched for one phrase and dropped."""
    status = response.status_code
    code = _STATUS_CODES.get(status) or ("server_error" if status >= 500 else "refused_request")
    if status in {400, 422, 500} and _is_too_long(await _error_text(response)):
        code = "too_long"
    retry_after_s = _retry_after(response.headers.get("retry-after"))
    return EngineError(code, detail=f"http_{status}", retry_after_s=retry_after_s)


def _reported(error: object) -> EngineError:
    """Read an error that came in the middle of a stream."""
    content = error if isinstance(error, dict) else {}
    status = as_number(content.get("code")) or 500
    if _is_too_long(f"{content.get('type', '')} {content.get('message', '')}"):
        return EngineError("too_long", detail=f"stream_{status}")
    code = _STATUS_CODES.get(status) or ("refused_request" if 400 <= status < 500 else "server_error")
    return EngineError(code, detail=f"stream_{status}")


async def _error_text(response: httpx.Response) -> str:
    content = bytearray()
    pieces: AsyncIterator[bytes] = response.aiter_raw()
    async for data in pieces:
        content += data
        if len(content) > _MAX_ERROR_BYTES:
            break
    return bytes(content).decode(errors="replace")


def _is_too_long(text: str) -> bool:
    return _TOO_LONG.search(text.lower()) is not None


def _retry_after(value: str | None) -> float | None:
    """Read a Retry-After header, seconds or a date, as seconds from now, 0 to 3,600; None without sense."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(3600.0, max(0.0, seconds)) if seconds == seconds else None
