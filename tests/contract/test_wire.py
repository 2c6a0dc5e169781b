"""The vLLM engine against a server that misbehaves: each fault is its own error, without clinical text."""

import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import pytest

from inference.engines.base import Completion, DraftClaim, EngineError, EngineRequest
from inference.engines.site import SiteNetworks
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_settings import Patience, VllmSettings
from inference.prompts import load_prompt
from inference.text import normalise, read_note
from tests.contract.wire import (
    DONE,
    USAGE,
    Handler,
    Wire,
    event,
    running_wire,
    send_json,
    streamed,
    streamed_and_kept,
    whole,
)

SENTINEL = "Zyxwvutine"
NOTE = read_note(normalise(f"Invented patient, for testing.\nTakes {SENTINEL} 5 mg daily.\nNo fever."))
CLAIM = {"text": f"{SENTINEL} 5 mg daily", "category": "plan", "assertion": "present", "evidence": [2]}
ANSWER = json.dumps(
    {"claims": [CLAIM, {**CLAIM, "text": "No fever", "category": "symptom", "evidence": [3]}]}
)
HALF = ANSWER[: len(ANSWER) // 2 + 20]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server that a test tells what to say."""
    with running_wire() as server:
        yield server


Make = Callable[..., VllmEngine]


@pytest.fixture
def make(wire: Wire) -> Iterator[Make]:
    """Make engines that ask the wire, or another URL."""
    made: list[VllmEngine] = []

    def engine(url: str = "", **settings: object) -> VllmEngine:
        wanted = {"networks": SiteNetworks(), "model": "tiny", **settings}
        made.append(VllmEngine(VllmSettings(url=url or wire.url, **wanted)))  # type: ignore[arg-type]
        return made[-1]

    yield engine
    for one in made:
        one.close()


def ask(engine: VllmEngine, *, stream: bool = True, priority: int = 0) -> list[DraftClaim | Completion]:
    request = EngineRequest(NOTE, load_prompt("problem_oriented"), priority=priority, stream=stream)
    return list(engine.claims(request))


def failure(engine: VllmEngine, *, stream: bool = True, priority: int = 0) -> EngineError:
    """The error of a request; whatever it is, none of the note is in it or in its traceback."""
    with pytest.raises(EngineError) as caught:
        ask(engine, stream=stream, priority=priority)
    assert SENTINEL not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_stream_gives_the_claims_and_the_token_counts(wire: Wire, make: Make) -> None:
    wire.replies = [streamed(*(event(letter) for letter in ANSWER), event("", "stop"), USAGE, DONE)]

    *claims, completion = ask(make())

    assert [claim.evidence for claim in claims if isinstance(claim, DraftClaim)] == [(2,), (3,)]
    assert isinstance(completion, Completion)
    assert (completion.finish_reason, completion.output_tokens) == ("stop", 5)
    assert (completion.prompt_tokens or 0) > 100
    assert completion.seconds_to_first_claim is not None


def test_a_whole_answer_gives_the_same_claims_as_a_stream(wire: Wire, make: Make) -> None:
    wire.replies = [streamed(event(ANSWER), event("", "stop"), DONE), whole(ANSWER)]
    engine = make()

    assert ask(engine)[:-1] == ask(engine, stream=False)[:-1]


def test_claims_come_before_the_answer_has_ended(wire: Wire, make: Make) -> None:
    go_on = threading.Event()
    wire.replies = [
        streamed(
            event(HALF),
            end=lambda handler: (go_on.wait(10), handler.piece(event(ANSWER[len(HALF) :], "stop"))),
        )  # type: ignore[func-returns-value]
    ]
    claims = make().claims(EngineRequest(NOTE, load_prompt("problem_oriented")))

    assert isinstance(next(claims), DraftClaim)
    go_on.set()
    assert isinstance(list(claims)[-1], Completion)


def test_a_line_separator_inside_a_claim_does_not_break_the_stream(wire: Wire, make: Make) -> None:
    text = ANSWER.replace("No fever", "No\u2028fever\u0085today")
    wire.replies = [streamed(event(text), event("", "stop"), DONE)]

    claim = ask(make())[1]

    assert isinstance(claim, DraftClaim)
    assert claim.text == "No\u2028fever\u0085today"


def test_the_request_carries_the_schema_the_model_and_a_greedy_decoder(wire: Wire, make: Make) -> None:
    wire.replies = [whole(ANSWER)]

    ask(make(key="s3cret", max_output_tokens=900), stream=False, priority=10)

    _, headers, body = wire.requests[-1]
    assert headers["Authorization"] == "Bearer s3cret"
    assert (body["model"], body["temperature"], body["max_tokens"], body["priority"]) == ("tiny", 0, 900, 10)
    items = body["response_format"]["json_schema"]["schema"]["properties"]["claims"]["items"]["anyOf"]
    assert all(item["properties"]["evidence"]["items"]["enum"] == [1, 2, 3] for item in items)


def test_without_a_model_setting_the_first_served_model_is_asked(wire: Wire, make: Make) -> None:
    wire.replies = [whole(ANSWER)]

    ask(make(model=""), stream=False)

    assert wire.asked[-1]["model"] == "tiny"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("reason", "code", "is_temporary"),
    [
        ("length", "cut_short", False),
        ("abort", "aborted", True),
        ("error", "server_error", True),
        ("repetition", "repetition", False),
        ("tool_calls", "not_finished", True),
        (None, "not_finished", True),
    ],
)
def test_only_stop_is_an_end_although_the_answer_is_whole(
    wire: Wire, make: Make, stream: bool, reason: str | None, code: str, is_temporary: bool
) -> None:
    wire.replies = [streamed(event(ANSWER), event("", reason), DONE) if stream else whole(ANSWER, reason)]

    error = failure(make(), stream=stream)

    assert (error.code, error.is_temporary) == (code, is_temporary)


@pytest.mark.parametrize(
    ("status", "code", "is_temporary"),
    [
        (302, "refused_request", False),
        (400, "refused_request", False),
        (401, "unauthorised", False),
        (403, "unauthorised", False),
        (404, "unknown_model", False),
        (413, "too_long", False),
        (429, "overloaded", True),
        (500, "server_error", True),
        (502, "server_error", True),
        (503, "overloaded", True),
        (504, "timed_out", True),
    ],
)
def test_a_refused_request_is_an_error_of_its_kind(
    wire: Wire, make: Make, status: int, code: str, is_temporary: bool
) -> None:
    wire.replies = [send_json(status, {"error": {"message": f"about {SENTINEL}"}}, Location=wire.url)]

    error = failure(make())

    assert (error.code, error.is_temporary, error.detail) == (code, is_temporary, f"http_{status}")
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0.5", 0.5), ("999999", 3600), ("soon", None), ("nan", None)]
)
def test_a_server_says_when_to_come_back(wire: Wire, make: Make, value: str, seconds: float | None) -> None:
    wire.replies = [send_json(503, "", Retry_After=value)]

    assert failure(make()).retry_after_s == seconds


def test_a_too_long_prompt_is_told_apart_from_a_malformed_request(wire: Wire, make: Make) -> None:
    message = "This model's maximum context length is 8192 tokens. However, you requested 9000."
    wire.replies = [send_json(400, {"error": {"message": message}})]

    assert failure(make()).code == "too_long"


def test_an_error_in_the_middle_of_a_stream_is_an_error(wire: Wire, make: Make) -> None:
    report = json.dumps({"error": {"message": SENTINEL, "code": 500}})
    wire.replies = [streamed(event(HALF), f"data: {report}\n\n", DONE)]

    assert (failure(make()).code, failure(make()).is_temporary) == ("server_error", True)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (streamed(event(HALF), end=Handler.reset), "connection_lost"),
        (streamed(event(HALF)), "not_finished"),
        (streamed(event(HALF), DONE), "not_finished"),
        (streamed(event(HALF), event("", "stop"), DONE), "bad_output"),
        (streamed("data: {not json\n\n"), "bad_output"),
        (streamed(f"data: [{SENTINEL!r}]\n\n"), "bad_output"),
        (streamed(event("I am sorry"), event("", "stop"), DONE), "bad_output"),
        (streamed(event(ANSWER.replace("[3]", "[4]")), event("", "stop"), DONE), "bad_output"),
        (send_json(200, "<html>a proxy's log-in page</html>"), "not_finished"),
    ],
)
def test_a_broken_stream_is_never_a_summary(wire: Wire, make: Make, reply: object, code: str) -> None:
    wire.replies = [reply]  # type: ignore[list-item]

    assert failure(make()).code == code


def test_a_page_that_is_no_answer_is_bad_output(wire: Wire, make: Make) -> None:
    wire.replies = [send_json(200, "<html>a proxy's log-in page</html>")]

    assert failure(make(), stream=False).code == "bad_output"


def stall(handler: Handler) -> None:
    """Say nothing until the client hangs up."""
    handler.connection.settimeout(10)
    handler.connection.recv(1)


def trickle(handler: Handler) -> None:
    """Keep the connection busy with comments for ever, as a proxy does."""
    for _ in range(200):
        handler.piece(": still here\n\n")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("reply", "patience"),
    [
        (stall, Patience(first_token_s=0.3)),
        (streamed(end=stall), Patience(first_token_s=0.3)),
        (streamed(event(HALF), end=stall), Patience(between_tokens_s=0.3)),
        (streamed(event(HALF), end=trickle), Patience(whole_s=0.5)),
        (streamed(end=trickle), Patience(whole_s=0.5)),
    ],
    ids=["no_answer", "no_first_token", "no_next_token", "whole", "whole_before_first_token"],
)
def test_every_wait_has_an_end(wire: Wire, make: Make, reply: object, patience: Patience) -> None:
    wire.replies = [reply]  # type: ignore[list-item]
    began = time.monotonic()

    error = failure(make(patience=patience))

    assert (error.code, error.is_temporary) == ("timed_out", True)
    assert time.monotonic() - began < 5


def test_a_whole_answer_may_take_longer_than_a_first_token(wire: Wire, make: Make) -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.6)
        whole(ANSWER)(handler)

    wire.replies = [slow]

    assert ask(make(patience=Patience(first_token_s=0.2)), stream=False)


def test_a_kept_connection_serves_the_next_request_with_limits_of_its_own(wire: Wire, make: Make) -> None:
    kept = streamed_and_kept(event(ANSWER), event("", "stop"), DONE)

    def slow(handler: Handler) -> None:
        time.sleep(1.0)
        kept(handler)

    wire.replies = [kept, slow, slow]
    engine = make(patience=Patience(between_tokens_s=0.3, whole_s=1.5))

    first = ask(engine)
    connections = wire.connections

    assert len(first) == len(ask(engine)) == len(ask(engine))
    assert wire.connections == connections


def test_a_server_without_priorities_is_asked_again_without_one(wire: Wire, make: Make) -> None:
    wire.replies = [send_json(400, {"error": {"message": "priority scheduling is off"}}), whole(ANSWER)]
    engine = make()

    ask(engine, stream=False, priority=10)
    ask(engine, stream=False, priority=10)

    assert ["priority" in body for body in wire.asked] == [True, False, False]


def test_closing_the_iterator_ends_the_request(wire: Wire, make: Make) -> None:
    hung_up = threading.Event()

    def wait(handler: Handler) -> None:
        stall(handler)
        hung_up.set()

    wire.replies = [streamed(event(HALF), end=wait)]
    claims = make().claims(EngineRequest(NOTE, load_prompt("problem_oriented")))
    next(claims)

    claims.close()  # type: ignore[attr-defined]

    assert hung_up.wait(5)


def test_a_refused_port_is_temporary(make: Make) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = failure(make(f"http://127.0.0.1:{unused.getsockname()[1]}"))

    assert (error.code, error.is_temporary) == ("unreachable", True)


def test_the_version_has_the_digests_a_worker_publishes(wire: Wire, make: Make) -> None:
    weights, adapter = "a" * 64, "b" * 64
    names = ("site", f"epitome-digests/weights={weights}/adapter={adapter}")
    cards: list[dict[str, object]] = [{"id": name, "max_model_len": 4096} for name in names]
    wire.models = {"data": [*cards, {"id": "ours", "parent": "site"}]}

    base, adapted = make(model="").version(), make(model="ours").version()

    assert (base.model, base.weights_digest, base.adapter_digest) == ("site", weights, "")
    assert (adapted.model, adapted.weights_digest, adapted.adapter_digest) == ("ours", weights, adapter)
    assert base.settings["max_model_len"] == adapted.settings["max_model_len"] == 4096
    assert base.is_generative


def test_a_version_of_a_model_that_is_not_served_is_refused(make: Make) -> None:
    with pytest.raises(EngineError) as caught:
        make(model="absent").version()

    assert caught.value.code == "unknown_model"
