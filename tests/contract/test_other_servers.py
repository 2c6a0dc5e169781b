"""Ollama and llama.cpp on the same wire, as their documents describe it: neither was run here.

The shapes stand in `recorded/`, each with the document it was taken from. What a server lacks is said in
words; what it does silently, such as reading half a prompt, is found out and refused.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference.engines.base import Completion, EngineError, EngineRequest
from inference.pipeline import CheckedClaim, summarize
from inference.prompts import load_prompt
from inference.text import Note, normalise, read_note
from tests.contract.conftest import MakeVllm
from tests.contract.wire import DONE, Handler, Reply, Wire, running_wire, send_json

RECORDED = Path(__file__).parent / "recorded"
SERVERS = ("ollama", "llama_cpp")
PROMPT = load_prompt("problem_oriented")
NOTE = read_note(normalise("Invented patient, for testing.\nTakes Zyxwvutine 5 mg daily.\nNo fever.\n"))
LONG_NOTE = read_note(normalise("Invented patient, for testing.\n" + "No fever and no pain today.\n" * 300))
ANSWER = json.dumps(
    {
        "claims": [
            {"text": "No fever", "category": "symptom", "assertion": "absent", "evidence": [3]},
            {"text": "Zyxwvutine 5 mg daily", "category": "plan", "assertion": "present", "evidence": [2]},
        ]
    }
)
LONG_ANSWER = json.dumps(
    {"claims": [{"text": "No fever", "category": "symptom", "assertion": "absent", "evidence": [2]}]}
)


class Recorded:
    """The documented shapes of one server, played through a wire."""

    def __init__(self, name: str, wire: Wire) -> None:
        self.shapes: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
        self.wire = wire
        wire.models = self.shapes["models"]
        wire.routes = {path: send_json(200, shape) for path, shape in self.shapes["routes"].items()}
        if name == "llama_cpp":
            wire.routes |= {"POST /apply-template": _apply_template, "POST /tokenize": _tokenize}
        self.answers()

    def answers(
        self, text: str = ANSWER, *, finish_reason: str = "stop", prompt_tokens: int | None = None
    ) -> None:
        """Answer every request for claims, in the server's shape.

        Args:
            text: what the model says.
            finish_reason: how it ends.
            prompt_tokens: how much of the prompt it says to have read; None: all of it.
        """

        def filled(shape: object, handler: Handler, piece: str) -> str:
            read = handler.usage()["prompt_tokens"] if prompt_tokens is None else prompt_tokens
            line = json.dumps(shape).replace('"{text}"', json.dumps(piece))
            return line.replace("{finish_reason}", finish_reason).replace('"{prompt_tokens}"', str(read))

        def reply(handler: Handler) -> None:
            if not handler.body["stream"]:
                send_json(200, filled(self.shapes["answer"], handler, text))(handler)
                return
            events = self.shapes["events"]
            handler.begin(200, Content_Type="text/event-stream")
            pieces = [text[start : start + 5] for start in range(0, len(text), 5)]
            shapes = [(shape, "") for shape in events["first"]]
            shapes += [(events["piece"], piece) for piece in pieces]
            shapes += [(shape, "") for shape in events["last"]]
            for shape, piece in shapes:
                line = shape if isinstance(shape, str) else f"data: {filled(shape, handler, piece)}"
                handler.piece(f"{line}\n\n")
            handler.piece(DONE)

        self.wire.replies = [reply]

    def refuses(self, refusal: dict[str, Any]) -> None:
        """Refuse every request for claims."""
        self.wire.replies = [send_json(refusal["status"], refusal["body"])]


def _apply_template(handler: Handler) -> None:
    written = "".join(f"<|{row['role']}|>\n{row['content']}\n" for row in handler.body["messages"])
    send_json(200, {"prompt": written})(handler)


def _tokenize(handler: Handler) -> None:
    send_json(200, {"tokens": list(range(len(handler.body["content"]) // 4))})(handler)


def not_there(handler: Handler) -> None:
    """Answer as Ollama does to a path that it does not have."""
    handler.begin(404, Content_Type="text/plain")
    handler.piece("404 page not found")


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire to play on."""
    with running_wire() as server:
        yield server


@pytest.fixture(params=SERVERS)
def recorded(request: pytest.FixtureRequest, wire: Wire) -> Recorded:
    """Each of the servers."""
    return Recorded(request.param, wire)


@pytest.fixture
def ollama(wire: Wire) -> Recorded:
    """Ollama, with its model loaded."""
    return Recorded("ollama", wire)


@pytest.fixture
def llama_cpp(wire: Wire) -> Recorded:
    """llama.cpp's server."""
    return Recorded("llama_cpp", wire)


def summary(
    make: MakeVllm,
    wire: Wire,
    *,
    note: Note = NOTE,
    stream: bool = True,
    priority: int = 0,
    **settings: object,
) -> list[CheckedClaim | Completion]:
    engine = make(wire.url, **settings)
    return list(summarize(note, prompt=PROMPT, engine=engine, stream=stream, priority=priority))


def failure(make: MakeVllm, wire: Wire, **wanted: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        summary(make, wire, **wanted)
    return caught.value


@pytest.mark.parametrize("name", SERVERS)
def test_the_shapes_say_where_they_were_taken_from(name: str) -> None:
    shapes = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))

    assert shapes["taken_from"]
    assert "Nothing in this file came from a running server" in shapes["made_by"]
    assert "invented" in shapes["made_by"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_summary_is_made(recorded: Recorded, make_vllm: MakeVllm, stream: bool) -> None:
    *claims, completion = summary(make_vllm, recorded.wire, stream=stream)

    texts = [claim.text for claim in claims if isinstance(claim, CheckedClaim)]
    assert texts == ["No fever", "Zyxwvutine 5 mg daily"]
    assert isinstance(completion, Completion)
    assert (completion.finish_reason, completion.output_tokens) == ("stop", 96)


def test_a_priority_is_no_error_where_there_are_none(recorded: Recorded, make_vllm: MakeVllm) -> None:
    """Both drop fields that they do not know, so that nothing in an answer shows it: it is said before."""
    assert isinstance(summary(make_vllm, recorded.wire, priority=10)[-1], Completion)
    assert "priorities" in make_vllm(recorded.wire.url).version().lacks["priority"]


def test_what_ollama_lacks_is_said_in_words(ollama: Recorded, make_vllm: MakeVllm) -> None:
    known = make_vllm(ollama.wire.url).capabilities()

    assert (known.server, known.model, known.context_tokens) == ("ollama", "llama3.1:8b", 16384)
    assert {"priority", "drain", "digests", "tokenizer"} <= set(known.lacks)
    assert "context" not in known.lacks
    assert all(sentence.endswith(".") for sentence in known.lacks.values())


def test_what_llama_cpp_lacks_is_said_in_words(llama_cpp: Recorded, make_vllm: MakeVllm) -> None:
    known = make_vllm(llama_cpp.wire.url).capabilities()

    assert (known.server, known.model) == ("llama.cpp", "llama-3.1-8b-instruct")
    assert {"priority", "drain", "digests"} <= set(known.lacks)
    assert not {"tokenizer", "context"} & set(known.lacks)


def test_the_context_is_a_slots_own_and_not_what_the_model_was_trained_with(
    recorded: Recorded, make_vllm: MakeVllm
) -> None:
    assert make_vllm(recorded.wire.url).capabilities().context_tokens == 16384


def test_a_context_that_nobody_says_is_assumed_small_and_said_so(
    ollama: Recorded, make_vllm: MakeVllm
) -> None:
    ollama.wire.routes["GET /api/ps"] = send_json(200, ollama.shapes["nothing_loaded"])

    known = make_vllm(ollama.wire.url).capabilities()

    assert (known.context_tokens, known.is_context_known) == (4096, False)
    assert "EPITOME_ENGINE_CONTEXT" in known.lacks["context"]


def test_a_setting_fills_in_what_a_server_does_not_say(ollama: Recorded, make_vllm: MakeVllm) -> None:
    ollama.wire.routes["GET /api/ps"] = send_json(200, ollama.shapes["nothing_loaded"])

    known = make_vllm(ollama.wire.url, context=12000).capabilities()

    assert (known.context_tokens, known.is_context_known) == (12000, True)


def test_a_setting_never_makes_a_context_longer_than_the_server_says(
    recorded: Recorded, make_vllm: MakeVllm
) -> None:
    assert make_vllm(recorded.wire.url, context=131072).capabilities().context_tokens == 16384


def test_tokens_are_counted_by_llama_cpps_own_tokenizer(llama_cpp: Recorded, make_vllm: MakeVllm) -> None:
    """By bytes this note would not fit; by tokens it does."""
    assert make_vllm(llama_cpp.wire.url).fits(EngineRequest(LONG_NOTE, PROMPT))
    assert any(path == "/tokenize" for path, _, _ in llama_cpp.wire.requests)


def test_without_a_tokenizer_a_long_note_is_split_rather_than_risked(
    ollama: Recorded, make_vllm: MakeVllm
) -> None:
    engine = make_vllm(ollama.wire.url)

    assert engine.fits(EngineRequest(NOTE, PROMPT))
    assert not engine.fits(EngineRequest(read_note("Walked five metres.\n" * 6000), PROMPT))


def test_a_count_by_a_server_that_cuts_prompts_is_not_believed(ollama: Recorded, make_vllm: MakeVllm) -> None:
    """It read half of what it was sent: the note is taken for too long, not for short."""

    def half(handler: Handler) -> None:
        usage = {"prompt_tokens": handler.usage()["prompt_tokens"] // 2, "completion_tokens": 1}
        choice = {"message": {"content": "."}, "finish_reason": "length"}
        send_json(200, {"choices": [choice], "usage": usage})(handler)

    text = "Walked five metres.\n" * 1000
    engine = make_vllm(ollama.wire.url)
    assert engine.fits(EngineRequest(read_note(text), PROMPT))
    ollama.wire.one_token = half
    assert not engine.fits(EngineRequest(read_note(text + "Slept well."), PROMPT))


def test_prompt_and_answer_together_stay_within_the_context(recorded: Recorded, make_vllm: MakeVllm) -> None:
    """Ollama shifts its context where they do not: half the prompt is forgotten in mid-answer."""
    summary(make_vllm, recorded.wire, max_output_tokens=16384)

    asked = recorded.wire.asked[-1]
    characters = sum(len(message["content"]) for message in asked["messages"])
    assert characters // 4 + asked["max_tokens"] <= 16384


@pytest.mark.parametrize("stream", [True, False])
def test_a_prompt_that_was_cut_silently_is_found_out(
    ollama: Recorded, make_vllm: MakeVllm, stream: bool
) -> None:
    """The site said 16,384 tokens, but the server has 4,096: it reads half, and says 200 and "stop"."""
    ollama.wire.routes["GET /api/ps"] = send_json(200, ollama.shapes["nothing_loaded"])
    ollama.answers(LONG_ANSWER, prompt_tokens=4096 // 2 + 2)

    error = failure(make_vllm, ollama.wire, note=LONG_NOTE, stream=stream, context=65536)

    assert (error.code, error.is_temporary) == ("truncated", False)
    assert "EPITOME_ENGINE_CONTEXT" in error.operator_sentence


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_at_the_end_of_the_context_is_cut_short(
    recorded: Recorded, make_vllm: MakeVllm, stream: bool
) -> None:
    recorded.answers(ANSWER[:90], finish_reason="length")

    assert failure(make_vllm, recorded.wire, stream=stream).code == "cut_short"


def test_every_documented_refusal_is_an_error_of_its_kind(recorded: Recorded, make_vllm: MakeVllm) -> None:
    for refusal in recorded.shapes["refusals"]:
        recorded.refuses(refusal)

        assert failure(make_vllm, recorded.wire).code == refusal["code"], refusal["what"]


def test_an_error_in_the_middle_of_a_llama_cpp_stream_is_an_error(
    llama_cpp: Recorded, make_vllm: MakeVllm
) -> None:
    report = json.dumps(llama_cpp.shapes["refusals"][0]["body"])

    def reply(handler: Handler) -> None:
        handler.begin(200, Content_Type="text/event-stream")
        handler.piece(f"data: {report}\n\n")

    llama_cpp.wire.replies = [reply]

    assert failure(make_vllm, llama_cpp.wire).code == "too_long"


def test_a_model_under_another_name_is_refused_although_llama_cpp_would_answer(
    recorded: Recorded, make_vllm: MakeVllm
) -> None:
    """llama.cpp ignores the name that it is asked for, so that only its own list tells."""
    assert failure(make_vllm, recorded.wire, model="another").code == "unknown_model"
    assert recorded.wire.asked == []


@pytest.mark.parametrize("text", ["The patient has no fever.", ANSWER.replace("[3]", "[99]"), "{}"])
def test_a_server_that_does_not_keep_to_the_schema_gives_no_summary(
    recorded: Recorded, make_vllm: MakeVllm, text: str
) -> None:
    recorded.answers(text)

    assert failure(make_vllm, recorded.wire).code == "bad_output"


def test_a_schema_that_a_server_cannot_take_is_left_out_and_said_so(
    llama_cpp: Recorded, make_vllm: MakeVllm
) -> None:
    body = {"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request_error"}}
    good = llama_cpp.wire.one_token

    def without_a_schema(handler: Handler) -> None:
        reply: Reply = send_json(400, body) if "response_format" in handler.body else good
        reply(handler)

    llama_cpp.wire.one_token = without_a_schema
    engine = make_vllm(llama_cpp.wire.url)

    assert isinstance(list(summarize(NOTE, prompt=PROMPT, engine=engine))[-1], Completion)
    assert "schema" in engine.version().lacks
    assert engine.version().settings["output"] == "unbound"
    assert all("response_format" not in body for body in llama_cpp.wire.asked)


def test_what_a_server_has_no_path_for_is_no_error(ollama: Recorded, make_vllm: MakeVllm) -> None:
    ollama.wire.routes = {"GET /api/ps": not_there, "POST /tokenize": not_there}

    assert isinstance(summary(make_vllm, ollama.wire, context=16384)[-1], Completion)


def test_a_probe_has_one_token_made(recorded: Recorded, make_vllm: MakeVllm) -> None:
    def one_token(handler: Handler) -> None:
        shape = json.dumps(recorded.shapes["answer"]).replace("{finish_reason}", "length")
        send_json(200, shape.replace("{text}", "H").replace('"{prompt_tokens}"', "9"))(handler)

    recorded.wire.one_token = one_token

    make_vllm(recorded.wire.url).probe()

    assert recorded.wire.requests[-1][2]["max_tokens"] == 1


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "kimi:cloud", "renamed"])
def test_a_model_that_runs_at_its_makers_is_refused(
    ollama: Recorded, make_vllm: MakeVllm, model: str
) -> None:
    """The local port passes it on: the note would leave the site."""
    ollama.wire.models = {"data": [{"id": model, "owned_by": "library"}]}
    row = {"name": model, "model": model, "remote_host": "https://maker.invalid"}
    ollama.wire.routes["GET /api/tags"] = send_json(200, {"models": [row]})

    error = failure(make_vllm, ollama.wire, note=NOTE, stream=True)

    assert (error.code, error.is_temporary) == ("outside_site", False)
    assert ollama.wire.asked == []
