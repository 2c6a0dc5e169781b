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
from inference.engines.capabilities import Capabilities, discover
from inference.engines.site import SiteTransport
from inference.engines.vllm_settings import VllmSettings
from inference.engines.vllm_wire import End, read_bytes, read_json, refusal, streamed, whole, wire_errors
from inference.prompts import Message
from inference.schema import ClaimReader, claims_schema

PROBE_S = 5.0
PROBE_PRIORITY = -100  # served before everything else
ASKING_S = 30.0  # for questions that need no model: names, token counts
REPEATS = 5  # how often one and the same claim may come before the model is taken to run in circles
SMALLEST_ANSWER = 256  # tokens
_COUNTS_KEPT = 128
_TOKEN_CHARACTERS = 6  # of English by Llama 3's tokenizer about 4
_CHAT_TOKENS = 16  # tokens that a chat template adds around a message, at most


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
        self._refused: set[str] = set()  # request fields that the server does not take
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
        self._refused.clear()  # the server may be another by now
        settings: dict[str, JSON] = {
            "temperature": 0,
            "seed": None,
            "max_output_tokens": self.settings.max_output_tokens,
            "max_model_len": known.context_tokens,
            "output": "json_schema" if "response_format" not in self._refused else "unbound",
            "server": known.server,
        }
        return EngineVersion(
            engine=self.name,
            model=known.model,
            weights_digest=known.weights_digest,
            adapter_digest=known.adapter_digest,
            settings=settings,
            is_generative=True,
            lacks=known.lacks | self._unbound(),
        )

    async def fits(self, request: EngineRequest) -> bool:
        """Tell whether what is shown leaves the answer at least a quarter of the context."""
        known = await self.capabilities()
        reserve = min(self.settings.max_output_tokens, known.context_tokens // 4)
        return await self._prompt_tokens(request, known, known.context_tokens - reserve) is not None

    async def probe(self) -> None:
        """Have one token made, within seconds. A server's own health page says "well" of a frozen engine."""
        with wire_errors():
            async with _time_limit(PROBE_S, "probe"):
                known = self._known or await discover(self._http, self.settings)
                body: dict[str, Any] = {
                    "model": known.model,
                    "messages": [{"role": "user", "content": "."}],
                    "max_tokens": 1,
                    "temperature": 0,
                    "priority": PROBE_PRIORITY,
                }
                async with self._post(body) as response:
                    answer = read_json(await read_bytes(response))
        end = End()
        with suppress(AttributeError, TypeError):
            whole(json.dumps(answer).encode(), end)
        if end.finish_reason not in {"stop", "length"}:
            raise error_for_finish_reason(end.finish_reason) or EngineError("not_finished")

    async def claims(self, request: EngineRequest) -> AsyncGenerator[DraftClaim | Completion, None]:
        """Yield claims as their objects close, then the completion. Closing the generator ends the request.

        Raises:
            EngineError: the server failed, the answer was not finished, or it broke the schema.
        """
        began = time.monotonic()
        first: float | None = None
        end = End()
        known = await self.capabilities()
        tokens = await self._prompt_tokens(request, known, known.context_tokens - SMALLEST_ANSWER)
        if tokens is None:
            raise EngineError("too_long", detail="counted")
        body = self._body(request, known, tokens)
        reader = ClaimReader(request.shown, request.prompt.categories)
        seen: Counter[DraftClaim] = Counter()
        async with aclosing(self._answer(body, end, began + self.settings.patience.whole_s)) as pieces:
            async for piece in pieces:
                for claim in reader.feed(piece):
                    seen[claim] += 1
                    if seen[claim] > REPEATS:
                        raise EngineError("repetition", detail="same_claim")
                    if first is None:
                        first = time.monotonic() - began
                    yield claim
        if error := error_for_finish_reason(end.finish_reason):
            raise error
        reader.close()
        _demand_all_was_read(body["messages"], end.prompt_tokens)
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
                        async with _time_limit(min(wait, left), what if wait <= left else "whole"):
                            piece = await anext(pieces, None)
                        if piece is None:
                            break
                        yield piece
                        wait, what = patience.between_tokens_s, "between_tokens"
                    with suppress(EngineError, httpx.HTTPError):  # only to keep the connection
                        async with _time_limit(1.0, "end"):
                            async for _ in pieces:
                                pass

    @asynccontextmanager
    async def _post(
        self, body: dict[str, Any], wait: float = PROBE_S, deadline: float | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Send a request; again without what the server turns out not to take.

        Raises:
            EngineError: the server refused it, or its answer did not begin in time.
        """
        fields = {name: value for name, value in body.items() if name not in self._refused}
        optional = [name for name in ("priority", "response_format") if name in fields]
        dropped: set[str] = set()
        while True:
            left = wait if deadline is None else min(wait, deadline - time.monotonic())
            async with _time_limit(left, "first_token" if body.get("stream") else "whole"):
                response = await self._http.send(
                    self._http.build_request("POST", "chat/completions", json=fields), stream=True
                )
            try:
                if response.status_code == 200:
                    self._refused |= dropped
                    yield response
                    return
                async with _time_limit(ASKING_S, "error"):
                    error = await refusal(response)
            finally:
                await response.aclose()
            if error.code != "refused_request" or response.status_code not in {400, 422} or not optional:
                raise error
            dropped.add(optional[0])
            del fields[optional.pop(0)]

    def _unbound(self) -> dict[str, str]:
        if "response_format" not in self._refused:
            return {}
        return {
            "schema": "The server does not bind answers to the schema: those that break it are thrown away."
        }

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
            "response_format": {"type": "json_schema", "json_schema": schema},
            "stream": request.stream,
        }
        if request.stream:
            body["stream_options"] = {"include_usage": True}
        if request.priority:
            body["priority"] = request.priority
        return body

    async def _prompt_tokens(self, request: EngineRequest, known: Capabilities, room: int) -> int | None:
        """Count what a request's prompt takes of the context; None: more than there is room for.

        No token is shorter than a byte: where the bytes fit, nobody need be asked.
        """
        messages = request.prompt.messages(request.shown)
        bound = sum(len(message.content.encode()) + _CHAT_TOKENS for message in messages) + _CHAT_TOKENS
        if bound <= room:
            return bound
        tokens = await self._count(messages, known)
        if tokens is None or tokens > room:
            return None
        return tokens

    async def _count(self, messages: Sequence[Message], known: Capabilities) -> int | None:
        """Have the server's own tokenizer count a chat; None where the server offers none."""
        if known.count is None:
            return None
        chat = [message.model_dump() for message in messages]
        digest = hashlib.sha256(json.dumps(chat).encode()).digest()
        if digest not in self._counts:
            with wire_errors():
                async with _time_limit(ASKING_S, "tokenize"):
                    self._counts[digest] = await known.count(self._http, known.model, chat)
            if len(self._counts) > _COUNTS_KEPT:
                self._counts.popitem(last=False)
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


def _demand_all_was_read(messages: Sequence[dict[str, str]], prompt_tokens: int | None) -> None:
    """Refuse an answer to a prompt that the server cut: some do, and say "stop" and HTTP 200 all the same.

    A token hardly ever spans two words, nor does a text average more than `_TOKEN_CHARACTERS` a token: a
    count below either means that part of the prompt was never read.

    Raises:
        EngineError: "truncated".
    """
    words = sum(len(message["content"].split()) for message in messages)
    characters = sum(len(message["content"]) for message in messages)
    least = max(words, characters // _TOKEN_CHARACTERS)
    if prompt_tokens is not None and prompt_tokens < least:
        raise EngineError("truncated", detail=f"{prompt_tokens}_of_{least}")
