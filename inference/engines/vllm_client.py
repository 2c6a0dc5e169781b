"""The asynchronous client of vLLM's OpenAI wire, bound to one event loop. Only this file sends requests.

An answer counts only when the server says `finish_reason: "stop"`: a cut-short answer arrives as HTTP 200
too, and its stream ends in `[DONE]` all the same.
"""

import asyncio
import hashlib
import json
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, NamedTuple

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
from inference.engines.capabilities import WIDEST_TOKEN, Capabilities, ask_one_token, discover
from inference.engines.site import SiteTransport
from inference.engines.vllm_settings import VllmSettings
from inference.engines.vllm_wire import End, read_bytes, refusal, streamed, whole, wire_errors
from inference.prompts import Message
from inference.schema import ClaimReader, claims_schema

PROBE_S = 5.0
PROBE_PRIORITY = -100  # served before everything else
ASKING_S = 30.0  # for questions that need no model: names, token counts
REPEATS = 8  # how often the same words may come before the model is taken to run in circles
SMALLEST_ANSWER = 256  # tokens
SMALLEST_NOTE = 256  # tokens
_COUNTS_KEPT = 128
_CHAT_TOKENS = 16  # tokens that a chat template adds around a message, at most


_PROBE = ({"role": "user", "content": "."},)


class _Size(NamedTuple):
    """What a prompt takes of the context, in tokens."""

    tokens: int  # of the whole prompt: counted, or more than it can be
    prefix: int  # of what stands before the note, counted
    is_exact: bool


class VllmClient:
    """Asks a server on the site's own network for claims under a note's own JSON schema.

    Everything about it belongs to the event loop that first used it. `VllmEngine` gives it one.
    """

    name = "vllm"

    def __init__(self, settings: VllmSettings) -> None:
        """Prepare a client; nothing is sent yet."""
        self.settings = settings
        headers = {"Accept-Encoding": "identity", "User-Agent": "epitome"}
        if settings.key:
            headers["Authorization"] = f"Bearer {settings.key}"
        patience = settings.patience
        self._http = httpx.AsyncClient(
            base_url=settings.base_url,
            headers=headers,
            transport=SiteTransport(settings.networks, max_connections=settings.max_connections),
            # Reading is timed here, by pieces of text: bytes alone are no progress.
            timeout=httpx.Timeout(connect=patience.connect_s, read=None, write=patience.write_s, pool=None),
            follow_redirects=False,
            trust_env=False,
        )
        self._known: Capabilities | None = None
        self._takes_priority = True
        self.heard_at: float | None = (
            None  # when the last piece of any answer came, on time.monotonic's clock
        )
        self._counts: OrderedDict[bytes, int] = OrderedDict()  # prompt tokens by digest of the messages

    async def capabilities(self, *, again: bool = False) -> Capabilities:
        """Find out what the server serves and can do; asked once unless told to ask again.

        Raises:
            EngineError: the server does not answer, or does not serve the model.
        """
        if self._known is None or again:
            with wire_errors():
                async with _time_limit(ASKING_S, "models"):
                    self._known = await discover(self._http, self.settings)
        return self._known

    async def version(self) -> EngineVersion:
        """Ask the server what it serves.

        The digests of weights and adapter are known where `python -m inference.worker` started the server: it
        publishes what it verified as a second served name.
        """
        known = await self.capabilities(again=True)
        settings: dict[str, JSON] = {
            "temperature": 0,
            "seed": None,
            "max_output_tokens": self.settings.max_output_tokens,
            "max_model_len": known.context_tokens,
            "output": "json_schema" if known.binds_schema else "unbound",
            "server": known.server,
        }
        return EngineVersion(
            engine=self.name,
            model=known.model,
            weights_digest=known.weights_digest,
            adapter_digest=known.adapter_digest,
            settings=settings,
            is_generative=True,
            lacks=known.lacks,
        )

    async def fits(self, request: EngineRequest) -> bool:
        """Tell whether what is shown leaves the answer at least a quarter of the context.

        Raises:
            EngineError: "misconfigured" where the prompt alone, without a note, is too long for the context.
        """
        known = await self.capabilities()
        reserve = min(self.settings.max_output_tokens, known.context_tokens // 4)
        room = known.context_tokens - reserve
        size = await self._size(request, known)
        if size is not None and size.prefix > room - SMALLEST_NOTE:
            raise EngineError("misconfigured", detail="context_too_small")
        return size is not None and size.tokens <= room

    async def probe(self) -> None:
        """Have one token made, within seconds. A server's health page says "well" of a frozen engine."""
        try:
            with wire_errors():
                async with _time_limit(PROBE_S, "probe"):
                    self._known = self._known or await discover(self._http, self.settings)
                    await ask_one_token(self._http, self._known.model, _PROBE, priority=PROBE_PRIORITY)
        except EngineError:
            self._known = None  # whatever answers next may be another server, or serve another model
            raise

    async def claims(self, request: EngineRequest) -> AsyncGenerator[DraftClaim | Completion, None]:
        """Yield claims as their objects close, then the completion. Closing the generator ends the request.

        Raises:
            EngineError: the server failed, the answer was not finished, or it broke the schema.
        """
        began = time.monotonic()
        first: float | None = None
        end = End()
        known = await self.capabilities()
        size = await self._size(request, known)
        if size is None or size.tokens > known.context_tokens - SMALLEST_ANSWER:
            raise EngineError("too_long", detail="counted")
        body = self._body(request, known, size.tokens)
        reader = ClaimReader(request.shown, request.prompt.categories)
        seen: Counter[tuple[str, str]] = Counter()
        async with aclosing(self._answer(body, end, began + self.settings.patience.whole_s)) as pieces:
            async for piece in pieces:
                for claim in reader.feed(piece):
                    words = (claim.text, claim.category)
                    seen[words] += 1
                    if seen[words] > REPEATS:
                        raise EngineError("repetition", detail="same_claim")
                    if first is None:
                        first = time.monotonic() - began
                    yield claim
        if error := error_for_finish_reason(end.finish_reason):
            raise error
        reader.close()
        _demand_all_was_read(body["messages"], size, known, end.prompt_tokens)
        yield Completion("stop", end.prompt_tokens, end.output_tokens, first, time.monotonic() - began)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _answer(self, body: dict[str, Any], end: End, deadline: float) -> AsyncGenerator[str, None]:
        """Yield the answer's text in pieces, each in its time."""
        patience = self.settings.patience
        wait = patience.first_token_s if body["stream"] else patience.whole_s
        with wire_errors():
            async with self._post(body, wait, deadline) as response:
                if not body["stream"]:
                    async with _time_limit(deadline - time.monotonic(), "whole"):
                        answer = await read_bytes(response)
                    yield whole(answer, end)
                    return
                async with aclosing(streamed(response, end)) as pieces:
                    what = "first_token"
                    while True:
                        left = deadline - time.monotonic()
                        try:
                            async with asyncio.timeout(max(0.0, min(wait, left))):
                                piece = await anext(pieces, None)
                        except TimeoutError:
                            raise EngineError("timed_out", detail=what if wait <= left else "whole") from None
                        if piece is None:
                            break
                        self.heard_at = time.monotonic()
                        yield piece
                        wait, what = patience.between_tokens_s, "between_tokens"
                    with suppress(EngineError, httpx.HTTPError):  # only to keep the connection
                        async with _time_limit(1.0, "end"):
                            async for _ in pieces:
                                pass

    @asynccontextmanager
    async def _post(
        self, body: dict[str, Any], wait: float, deadline: float
    ) -> AsyncIterator[httpx.Response]:
        """Send a request; again without a priority where the server's scheduling turns out to know none.

        Raises:
            EngineError: the server refused it, or its answer did not begin in time.
        """
        if not self._takes_priority:
            body.pop("priority", None)
        while True:
            left = min(wait, deadline - time.monotonic())
            async with _time_limit(left, "first_token" if body["stream"] else "whole"):
                response = await self._http.send(
                    self._http.build_request("POST", "chat/completions", json=body), stream=True
                )
            try:
                if response.status_code == 200:
                    yield response
                    return
                async with _time_limit(ASKING_S, "error"):
                    error = await refusal(response)
            finally:
                await response.aclose()
            if error.code != "refused_request" or "priority" not in body:
                raise error
            del body["priority"]
            self._takes_priority = False

    def _body(self, request: EngineRequest, known: Capabilities, prompt_tokens: int) -> dict[str, Any]:
        schema = {
            "name": "claims",
            "strict": True,
            "schema": claims_schema(request.shown, request.prompt.categories, request.prompt.most_claims),
        }
        body: dict[str, Any] = {
            "model": known.model,
            "messages": [message.model_dump() for message in request.prompt.messages(request.shown)],
            "temperature": 0,
            "max_tokens": min(self.settings.max_output_tokens, known.context_tokens - prompt_tokens),
            "stream": request.stream,
        }
        if known.binds_schema:
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.stream:
            body["stream_options"] = {"include_usage": True}
        if request.priority:
            body["priority"] = request.priority
        return body

    async def _size(self, request: EngineRequest, known: Capabilities) -> _Size | None:
        """Measure what a request's prompt takes of the context; None: more than it can hold or count.

        What stands before the note is counted once. No token is shorter than a byte, so a note whose bytes
        leave room for the longest answer need not be counted; no token spans two words, so one with more
        words than the context has tokens need not either.
        """
        *before, last = request.prompt.messages(request.shown)
        prefix = await self._count(before, known)
        if prefix is None:
            return None
        bound = prefix + len(last.content.encode()) + 2 * _CHAT_TOKENS
        if bound <= known.context_tokens - self.settings.max_output_tokens:
            return _Size(bound, prefix, is_exact=False)
        if len(last.content.split()) > known.context_tokens:
            return None
        tokens = await self._count([*before, last], known)
        return None if tokens is None else _Size(tokens, prefix, is_exact=True)

    async def _count(self, messages: Sequence[Message], known: Capabilities) -> int | None:
        """Have the server count a chat with the tokenizer that it reads with; None: too long for it."""
        chat = [message.model_dump() for message in messages]
        digest = hashlib.sha256(f"{known.model}\n{json.dumps(chat)}".encode()).digest()
        if digest not in self._counts:
            try:
                with wire_errors():
                    async with _time_limit(self.settings.patience.first_token_s, "tokenize"):
                        self._counts[digest] = await known.count(self._http, known.model, chat)
            except EngineError as error:
                if error.code != "too_long":
                    raise
                return None
            if len(self._counts) > _COUNTS_KEPT:
                self._counts.popitem(last=False)
        self._counts.move_to_end(digest)
        return self._counts[digest]


@asynccontextmanager
async def _time_limit(seconds: float, what: str) -> AsyncIterator[None]:
    """Bound what happens inside.

    Raises:
        EngineError: "timed_out"; its detail says what was waited for.
    """
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            yield
    except TimeoutError:
        raise EngineError("timed_out", detail=what) from None


def _demand_all_was_read(
    messages: Sequence[dict[str, str]], size: _Size, known: Capabilities, prompt_tokens: int | None
) -> None:
    """Refuse an answer to a prompt that the server cut: some do, and say "stop" and HTTP 200 all the same.

    Where the prompt was counted, as many tokens must have been read. Otherwise at least as many as it has
    words; and one for each `WIDEST_TOKEN` characters, where the server counts nothing.

    Raises:
        EngineError: "truncated".
    """
    least = size.tokens - _CHAT_TOKENS if size.is_exact else 0
    if not size.is_exact:
        words = sum(len(message["content"].split()) for message in messages)
        characters = sum(len(message["content"]) for message in messages)
        least = words if known.has_tokenizer else max(words, int(characters / WIDEST_TOKEN))
    if prompt_tokens is not None and prompt_tokens < least:
        raise EngineError("truncated", detail=f"{prompt_tokens}_of_{least}")
