"""The vLLM engine: the OpenAI wire of a server on the site's own network. The only module that speaks HTTP.

An answer counts only when the server says `finish_reason: "stop"`: a cut-short answer arrives as HTTP 200
too, and its stream ends in `[DONE]` all the same. What a server says in an error is read for its kind and
then forgotten: its words can quote the note, so they reach no exception and no log.
"""

import json
import re
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from inference.engines.base import (
    JSON,
    Completion,
    DraftClaim,
    EngineError,
    EngineRequest,
    EngineVersion,
    error_for_finish_reason,
)
from inference.engines.site import SiteStream, SiteTransport
from inference.engines.vllm_settings import VllmSettings
from inference.schema import claims_schema, parse_claims

_MAX_ANSWER_BYTES = 16 * 2**20
_MAX_ERROR_BYTES = 64 * 2**10
_TOO_LONG = re.compile(
    r"maximum (?:context|model) length|context.?(?:length|size|window)|prompt is too long|longer than"
)
_DIGESTS = re.compile(r"epitome-digests/weights=([0-9a-f]{64})(?:/adapter=([0-9a-f]{64}))?")
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
class _End:
    """How an answer ended, filled in while it is read."""

    finish_reason: str | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None


class VllmEngine:
    """Asks a vLLM server (or another with the OpenAI wire) for claims under a note's own JSON schema."""

    name = "vllm"

    def __init__(self, settings: VllmSettings) -> None:
        """Prepare a client; nothing is sent yet."""
        self._settings = settings
        headers = {"Accept-Encoding": "identity", "User-Agent": "epitome"}
        if settings.key:
            headers["Authorization"] = f"Bearer {settings.key}"
        self._client = httpx.Client(
            base_url=settings.base_url,
            headers=headers,
            transport=SiteTransport(settings.networks, max_connections=settings.max_connections),
            timeout=self._timeout(settings.patience.first_token_s),
            follow_redirects=False,
            trust_env=False,
        )
        self._takes_priority = True

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "VllmEngine":
        """Make an engine of the settings in an environment: see `VllmSettings.from_environment`."""
        return cls(VllmSettings.from_environment(environ))

    def version(self) -> EngineVersion:
        """Ask the server what it serves.

        The digests of weights and adapter are known where `python -m inference.worker` started the server: it
        publishes what it verified as a second served name.
        """
        cards = self._cards()
        model = self._settings.model or cards[0][0]
        lengths = dict(cards)
        if model not in lengths:
            raise EngineError("unknown_model")
        digests = next((found for name, _ in cards if (found := _DIGESTS.fullmatch(name))), None)
        settings: dict[str, JSON] = {
            "temperature": 0,
            "seed": None,
            "max_output_tokens": self._settings.max_output_tokens,
            "max_model_len": lengths[model],
            "output": "json_schema",
        }
        return EngineVersion(
            engine=self.name,
            model=model,
            weights_digest=digests[1] if digests else "",
            adapter_digest=(digests[2] or "") if digests else "",
            settings=settings,
            is_generative=True,
        )

    def fits(self, request: EngineRequest) -> bool:
        """Not counted yet."""
        return True

    def probe(self) -> None:
        """Not asked yet."""

    def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
        """Yield claims as their objects close, then the completion. Closing the iterator ends the request.

        Raises:
            EngineError: the server failed, the answer was not finished, or it broke the schema.
        """
        began = time.monotonic()
        first: float | None = None
        end = _End()
        with closing(self._answer(request, end, began + self._settings.patience.whole_s)) as pieces:
            for claim in parse_claims(pieces, request.shown, request.prompt.categories):
                if first is None:
                    first = time.monotonic() - began
                yield claim
        yield Completion("stop", end.prompt_tokens, end.output_tokens, first, time.monotonic() - began)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _answer(self, request: EngineRequest, end: _End, deadline: float) -> Generator[str, None, None]:
        """Yield the answer's text in pieces, and raise unless it ended with "stop"."""
        body = self._body(request)
        read = _streamed if request.stream else _whole
        with _wire_errors(), self._ask(body) as response:
            stream = _site_stream(response)
            if stream is not None:
                stream.deadline = deadline
                # Moved only while the answer is being read: afterwards the connection may be another's.
            for number, piece in enumerate(read(response, end)):
                if number == 0 and stream is not None and request.stream:
                    stream.read_s = self._settings.patience.between_tokens_s
                yield piece
        if error := error_for_finish_reason(end.finish_reason):
            raise error

    @contextmanager
    def _ask(self, body: dict[str, Any]) -> Iterator[httpx.Response]:
        """Send a request, once more without a priority where the server's scheduling knows none."""
        if not self._takes_priority:
            body.pop("priority", None)
        # Without streaming nothing comes before the whole answer does.
        patience = self._settings.patience
        timeout = self._timeout(patience.first_token_s if body["stream"] else patience.whole_s)
        with self._client.stream("POST", "chat/completions", json=body, timeout=timeout) as response:
            if response.status_code == 200:
                yield response
                return
            error = _refusal(response)
        if error.code != "refused_request" or "priority" not in body:
            raise error
        del body["priority"]
        with self._client.stream("POST", "chat/completions", json=body, timeout=timeout) as response:
            if response.status_code != 200:
                raise _refusal(response)
            self._takes_priority = False
            yield response

    def _timeout(self, read_s: float) -> httpx.Timeout:
        patience = self._settings.patience
        return httpx.Timeout(
            connect=patience.connect_s, read=read_s, write=patience.write_s, pool=patience.first_token_s
        )

    def _body(self, request: EngineRequest) -> dict[str, Any]:
        messages = request.prompt.messages(request.shown)
        schema = {
            "name": "claims",
            "strict": True,
            "schema": claims_schema(request.shown, request.prompt.categories),
        }
        body: dict[str, Any] = {
            "model": self._settings.model or self._cards()[0][0],
            "messages": [message.model_dump() for message in messages],
            "temperature": 0,
            "max_tokens": self._settings.max_output_tokens,
            "response_format": {"type": "json_schema", "json_schema": schema},
            "stream": request.stream,
        }
        if request.stream:
            body["stream_options"] = {"include_usage": True}
        if request.priority:
            body["priority"] = request.priority
        return body

    def _cards(self) -> list[tuple[str, int | None]]:
        """Ask for the served names with their context lengths (tokens; None: the server does not say)."""
        with _wire_errors(), self._client.stream("GET", "models", timeout=30.0) as response:
            if response.status_code != 200:
                raise _refusal(response)
            data = _json(_read(response, _MAX_ANSWER_BYTES)).get("data")
        cards = [card for card in data if isinstance(card, dict)] if isinstance(data, list) else []
        named = [(str(card["id"]), _number(card.get("max_model_len"))) for card in cards if card.get("id")]
        if not named:
            raise EngineError("misconfigured", detail="no_model_served")
        return named


@contextmanager
def _wire_errors() -> Iterator[None]:
    """Turn httpx's exceptions into the engine's. Theirs hold the request, and the request holds the note."""
    try:
        yield
    except httpx.ConnectTimeout:
        raise EngineError("unreachable", detail="connect_timeout") from None
    except httpx.TimeoutException as error:
        raise EngineError("timed_out", detail=type(error).__name__) from None
    except httpx.ConnectError:
        raise EngineError("unreachable", detail="connect_error") from None
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError) as error:
        raise EngineError("connection_lost", detail=type(error).__name__) from None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise EngineError("misconfigured", detail=type(error).__name__) from None


def _site_stream(response: httpx.Response) -> SiteStream | None:
    stream = response.extensions.get("network_stream")
    return stream if isinstance(stream, SiteStream) else None


def _streamed(response: httpx.Response, end: _End) -> Iterator[str]:
    """Read server-sent events. Lines end at newline bytes only: httpx's own splitter breaks at U+2028."""
    lines = _lines(response)
    for line in lines:
        if not line.startswith(b"data:"):
            continue
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            _finish_reading(response, lines)
            return
        event = _json(data)
        if "error" in event:
            raise _reported(event["error"])
        yield from _piece(event, end, "delta")


def _finish_reading(response: httpx.Response, lines: Iterator[bytes]) -> None:
    """Read the empty end of a finished stream, so that the connection can be kept; give up after a second."""
    if stream := _site_stream(response):
        stream.read_s = 1.0
    with suppress(httpx.HTTPError):
        for _ in lines:
            pass


def _whole(response: httpx.Response, end: _End) -> Iterator[str]:
    answer = _json(_read(response, _MAX_ANSWER_BYTES))
    pieces = list(_piece(answer, end, "message"))
    if error := error_for_finish_reason(end.finish_reason):
        raise error
    yield from pieces


def _piece(event: dict[str, Any], end: _End, part: str) -> Iterator[str]:
    """Take the text, the finish reason and the token counts out of one event or answer."""
    if isinstance(usage := event.get("usage"), dict):
        end.prompt_tokens = _number(usage.get("prompt_tokens"))
        end.output_tokens = _number(usage.get("completion_tokens"))
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


def _lines(response: httpx.Response) -> Iterator[bytes]:
    rest, size = b"", 0
    for data in response.iter_raw():
        size += len(data)
        if size > _MAX_ANSWER_BYTES:
            raise EngineError("bad_output", detail="answer_too_large")
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def _read(response: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    for data in response.iter_raw():
        content += data
        if len(content) > limit:
            raise EngineError("bad_output", detail="answer_too_large")
    return bytes(content)


def _json(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise EngineError("bad_output", detail="not_the_openai_wire")
    return content


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _refusal(response: httpx.Response) -> EngineError:
    """Read a refused request's kind. The server's words are searched for one phrase and dropped."""
    status = response.status_code
    code = _STATUS_CODES.get(status) or ("server_error" if status >= 500 else "refused_request")
    if status in {400, 422} and _is_too_long(_error_text(response)):
        code = "too_long"
    retry_after_s = _retry_after(response.headers.get("retry-after"))
    return EngineError(code, detail=f"http_{status}", retry_after_s=retry_after_s)


def _reported(error: object) -> EngineError:
    """Read an error that came in the middle of a stream."""
    content = error if isinstance(error, dict) else {}
    status = _number(content.get("code")) or 500
    if status < 500 and _is_too_long(str(content.get("message", ""))):
        return EngineError("too_long", detail=f"stream_{status}")
    code = _STATUS_CODES.get(status) or ("refused_request" if 400 <= status < 500 else "server_error")
    return EngineError(code, detail=f"stream_{status}")


def _error_text(response: httpx.Response) -> str:
    content = bytearray()
    for data in response.iter_raw():
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
