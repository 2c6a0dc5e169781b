"""What a server on the OpenAI wire is and can do, found out by asking it; what it lacks, in words.

vLLM is the reference. llama.cpp's and Ollama's answers are taken as their documentation has them.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from inference.engines.base import EngineError, error_for_finish_reason
from inference.engines.vllm_settings import VllmSettings
from inference.engines.vllm_wire import End, as_number, read_bytes, read_json, refusal, whole

Chat: TypeAlias = Sequence[Mapping[str, str]]
Counter: TypeAlias = Callable[[httpx.AsyncClient, str, Chat], Awaitable[int]]

ASSUMED_CONTEXT = 4_096  # tokens: the least that Ollama gives a model where nobody set anything
_DIGESTS = re.compile(r"epitome-digests/weights=([0-9a-f]{64})(?:/adapter=([0-9a-f]{64}))?")
WIDEST_TOKEN = 5.2
"""Characters a token on average, at most. English prose by Llama 3's tokenizer has about 4.3, clinical notes
and JSON about 3; a prompt that a server has cut to a half seems to have twice as many."""
_GREETING: Chat = ({"role": "user", "content": "."},)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one server offers for one model.

    Attributes:
        server: "vllm", "llama.cpp", "ollama" or "other".
        model: the name to ask for.
        context_tokens: prompt and answer together.
        is_context_known: the server or the site's settings said so; otherwise `ASSUMED_CONTEXT` is taken.
        count: counts the prompt tokens of a chat as the server reads it; raises "too_long" where it cannot.
        has_tokenizer: counting costs no reading by the model.
        binds_schema: answers are bound to a JSON Schema.
        weights_digest, adapter_digest: sha256 hex as `python -m inference.worker` publishes them, or "".
    """

    server: str
    model: str
    context_tokens: int
    is_context_known: bool
    count: Counter
    has_tokenizer: bool
    binds_schema: bool
    weights_digest: str = ""
    adapter_digest: str = ""

    @property
    def lacks(self) -> dict[str, str]:
        """Say in a sentence each what the server cannot do and what that means here, by short name."""
        sentences: dict[str, str] = {}
        if self.server != "vllm":
            sentences["priority"] = (
                "No priorities: a clinician's request waits behind all that came before, overnight ones too."
            )
            sentences["drain"] = "Answers in flight are cut when the server stops; they are asked for again."
            sentences["digests"] = (
                "The server does not say which files it serves: records name the model only."
            )
        elif not self.weights_digest:
            sentences["digests"] = (
                "The server was not started by inference.worker, so the weights it serves were not verified."
            )
        if not self.has_tokenizer:
            sentences["tokenizer"] = (
                "The server offers no tokenizer: how long a note is, is found out by having its model read it"
                " once more."
            )
        if not self.is_context_known:
            sentences["context"] = (
                f"The server does not say how long its context is: {ASSUMED_CONTEXT:,} tokens are assumed."
                " Set EPITOME_ENGINE_CONTEXT to what it has."
            )
        if not self.binds_schema:
            sentences["schema"] = (
                "The server does not bind answers to the schema: those that break it are thrown away."
            )
        return sentences


async def discover(http: httpx.AsyncClient, settings: VllmSettings) -> Capabilities:
    """Ask a server what it is.

    Args:
        http: a client whose base URL ends in /v1/.
        settings: which model is wanted, and the context where the site sets it.

    Raises:
        EngineError: it does not answer, serves nothing, or not the wanted model.
    """
    cards = {str(card["id"]): card for card in await _cards(http)}
    model = settings.model or next(
        (name for name in cards if not _DIGESTS.fullmatch(name)), next(iter(cards))
    )
    if model not in cards:
        raise EngineError("unknown_model")
    card = cards[model]
    base = cards.get(str(card.get("parent")), card)  # an adapter's own card says nothing of its context
    digests = next((found for name in cards if (found := _DIGESTS.fullmatch(name))), None)
    server = _kind(base)
    said = as_number(base.get("max_model_len"))
    if server == "llama.cpp":
        props = await _get(http, "props")
        said = as_number((props.get("default_generation_settings") or {}).get("n_ctx"))
    elif server == "ollama":
        await _demand_that_it_runs_here(http, model)
        said = _allocated(await _get(http, "api/ps"), model)
    count = await _tokenizer(http, server, model)
    return Capabilities(
        server=server,
        model=model,
        context_tokens=min(
            (tokens for tokens in (said, settings.context) if tokens), default=ASSUMED_CONTEXT
        ),
        is_context_known=bool(said or settings.context),
        count=count or _count_by_asking,
        has_tokenizer=count is not None,
        binds_schema=server == "vllm" or await _binds_schema(http, model),
        weights_digest=digests[1] if digests else "",
        adapter_digest=(digests[2] or "") if digests and card is not base else "",
    )


async def ask_one_token(
    http: httpx.AsyncClient,
    model: str,
    chat: Chat,
    *,
    priority: int = 0,
    schema: Mapping[str, Any] | None = None,
) -> int | None:
    """Have a model read a chat and write one token; returns how many tokens it read, if the server says so.

    Raises:
        EngineError: it did not.
    """
    body: dict[str, Any] = {"model": model, "messages": list(chat), "max_tokens": 1, "temperature": 0}
    if schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "test", "strict": True, "schema": schema},
        }
    try:
        answer = await _post(http, "v1/chat/completions", body | ({"priority": priority} if priority else {}))
    except EngineError as error:
        if not priority or error.code != "refused_request":
            raise
        answer = await _post(http, "v1/chat/completions", body)
    end = End()
    whole(json.dumps(answer).encode(), end)
    if end.finish_reason not in {"stop", "length"}:
        raise error_for_finish_reason(end.finish_reason) or EngineError("not_finished")
    return end.prompt_tokens


async def _cards(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    async with http.stream("GET", "models") as response:
        if response.status_code != 200:
            raise await refusal(response)
        data = read_json(await read_bytes(response)).get("data")
    cards = (
        [card for card in data if isinstance(card, dict) and card.get("id")] if isinstance(data, list) else []
    )
    if not cards:
        raise EngineError("misconfigured", detail="no_model_served")
    return cards


def _kind(card: Mapping[str, Any]) -> str:
    if as_number(card.get("max_model_len")) is not None or card.get("owned_by") == "vllm":
        return "vllm"
    if card.get("owned_by") == "llamacpp":
        return "llama.cpp"
    return "ollama" if card.get("owned_by") == "library" else "other"


async def _demand_that_it_runs_here(http: httpx.AsyncClient, model: str) -> None:
    """Refuse a model that Ollama passes on to its maker's machines: the note would leave the site.

    Raises:
        EngineError: "outside_site".
    """
    models = (await _get(http, "api/tags")).get("models")
    rows = [row for row in models if isinstance(row, dict)] if isinstance(models, list) else []
    is_remote = any(
        row.get("remote_host") or row.get("remote_model")
        for row in rows
        if model in {row.get("name"), row.get("model")}
    )
    if is_remote or model.endswith(("-cloud", ":cloud")):
        raise EngineError("outside_site", detail="cloud_model")


def _allocated(running: Mapping[str, Any], model: str) -> int | None:
    """The context that Ollama gave a loaded model; what a model was trained with is no limit."""
    models = running.get("models")
    for row in models if isinstance(models, list) else []:
        if isinstance(row, dict) and model in {row.get("name"), row.get("model")}:
            return as_number(row.get("context_length"))
    return None


async def _tokenizer(http: httpx.AsyncClient, server: str, model: str) -> Counter | None:
    """Choose how to count, and try it once: a reverse proxy may not let the question through."""
    count = {"vllm": _count_at_vllm, "llama.cpp": _count_at_llama_cpp}.get(server)
    if count is None:
        return None
    try:
        await count(http, model, _GREETING)
    except EngineError as error:
        if error.is_temporary:
            raise
        return None
    return count


async def _binds_schema(http: httpx.AsyncClient, model: str) -> bool:
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"]}
    try:
        await ask_one_token(http, model, _GREETING, schema=schema)
    except EngineError as error:
        if error.code != "refused_request":
            raise
        return False
    return True


async def _count_by_asking(http: httpx.AsyncClient, model: str, chat: Chat) -> int:
    """Have the model read a chat. A server that cuts long prompts gives itself away by how little it read."""
    tokens = await ask_one_token(http, model, chat)
    characters = sum(len(message["content"]) for message in chat)
    if tokens is None:
        raise EngineError("bad_output", detail="no_token_count")
    if characters / max(1, tokens) > WIDEST_TOKEN:
        raise EngineError("too_long", detail="cut_by_the_server")
    return tokens


async def _count_at_vllm(http: httpx.AsyncClient, model: str, chat: Chat) -> int:
    body = {"model": model, "messages": list(chat), "add_generation_prompt": True}
    return _counted((await _post(http, "tokenize", body)).get("count"))


async def _count_at_llama_cpp(http: httpx.AsyncClient, model: str, chat: Chat) -> int:
    written = (await _post(http, "apply-template", {"messages": list(chat)})).get("prompt")
    body = {"content": written, "add_special": True, "parse_special": True}
    tokens = (await _post(http, "tokenize", body)).get("tokens")
    return _counted(len(tokens) if isinstance(tokens, list) else None)


def _counted(value: object) -> int:
    count = as_number(value)
    if count is None:
        raise EngineError("bad_output", detail="no_token_count")
    return count


def _root(http: httpx.AsyncClient, path: str) -> httpx.URL:
    """An address beside /v1/, where servers keep what is not OpenAI's."""
    base = http.base_url
    return base.copy_with(path=base.path.removesuffix("v1/") + path)


async def _get(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """Ask for a document; {} where the server has none."""
    async with http.stream("GET", _root(http, path)) as response:
        if response.status_code != 200:
            return {}
        return read_json(await read_bytes(response))


async def _post(http: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    request = http.build_request("POST", _root(http, path), json=dict(body))
    response = await http.send(request, stream=True)
    try:
        if response.status_code != 200:
            raise await refusal(response)
        return read_json(await read_bytes(response))
    finally:
        await response.aclose()
