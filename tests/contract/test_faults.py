"""Every way to fail, on a server's own bytes: its code and sentences, no leak, no summary, no lasting harm.

The proxy breaks one answer: of the wire in the plain suite, of a real vLLM server under `make test-vllm`.
"""

import email.utils
import json
import logging
import socket
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inference.engines.base import ENGINE_FAILURES, Completion, Engine, EngineError, EngineErrorCode
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_settings import Patience
from inference.pipeline import CheckedClaim, summarize
from inference.prompts import load_prompt
from inference.text import Note, normalise, read_note
from tests.contract import faults
from tests.contract.certificates import DAY, Authority
from tests.contract.conftest import MakeVllm, Served
from tests.contract.proxy import Exchange, Fault, Proxy, running_proxy
from tests.contract.wire import Wire, answer, running_wire

SENTINEL = "Zyxwvutine"
TEXT = f"""\
Invented patient, for testing.

Presenting complaint:
Cough and fever for 3 days. No chest pain.

Plan:
Repeat {SENTINEL} level in 1 week with GP.
"""  # the tiny model answers it in few tokens
NOTE = read_note(normalise(TEXT))
LONG_NOTE = read_note(normalise(f"{SENTINEL} with food and " * 100))  # one sentence
PLAN = {"text": f"Repeat {SENTINEL} level", "category": "plan", "assertion": "present", "evidence": [6]}
PAIN = {"text": "No chest pain", "category": "symptom", "assertion": "absent", "evidence": [4]}
GOOD = json.dumps({"claims": [PLAN, PAIN]})
HASTY = Patience(connect_s=1.0, first_token_s=1.0, between_tokens_s=1.0, whole_s=1.5)


def claims_of(*claims: dict[str, object]) -> str:
    return json.dumps({"claims": list(claims)})


@dataclass(frozen=True)
class Case:
    """One way to break an answer, and what the engine must call it."""

    fault: Fault
    code: str
    plain_code: str = ""  # without streaming; "": the same, "-": cannot be told there
    is_hasty: bool = False  # with an engine that soon gives up
    retry_after_s: tuple[float, float] | None = None  # between these
    times: int = 1  # how many requests are broken: one that is refused may be sent again, more simply


def redirected(exchange: Exchange) -> None:
    """Send the client elsewhere: to an address that would answer well."""
    exchange.send_answer(307, Location="http://localhost/v1/chat/completions")


def dated(code: int) -> Fault:
    """Refuse with a Retry-After that is a date, a minute from now."""
    return lambda exchange: exchange.send_answer(
        code, b"{}", Retry_After=email.utils.formatdate(time.time() + 60, usegmt=True)
    )


CASES: dict[str, Case] = {
    "no answer": Case(faults.silent, "timed_out", is_hasty=True),
    "a late answer": Case(faults.delayed(30), "timed_out", is_hasty=True),
    "a slow-loris head": Case(faults.trickled_head(0.1), "timed_out", is_hasty=True),
    "no first token": Case(faults.stalled_after(0), "timed_out", is_hasty=True),
    "no next token": Case(faults.stalled_after(400), "timed_out", is_hasty=True),
    "an answer without end": Case(
        faults.saying_without_end(GOOD[:12], "", pause_s=0.1), "timed_out", "-", is_hasty=True
    ),
    "a reset before the answer": Case(Exchange.reset, "connection_lost"),
    "a reset in the answer": Case(faults.reset_after(300), "connection_lost"),
    "an end before the answer": Case(lambda _: None, "connection_lost"),
    "an end in the answer": Case(faults.closed_after(300), "connection_lost"),
    "an end before the finish reason": Case(
        faults.cut_before(b'"finish_reason":"stop"'), "not_finished", "-"
    ),
    "429": Case(faults.status(429), "overloaded"),
    "429 with seconds": Case(faults.status(429, Retry_After="7"), "overloaded", retry_after_s=(7, 7)),
    "429 with a date": Case(dated(429), "overloaded", retry_after_s=(50, 61)),
    "503": Case(faults.status(503), "overloaded"),
    "503 with seconds": Case(faults.status(503, Retry_After="2"), "overloaded", retry_after_s=(2, 2)),
    "503 with a date": Case(dated(503), "overloaded", retry_after_s=(50, 61)),
    "500": Case(faults.status(500, SENTINEL.encode()), "server_error"),
    "502": Case(faults.status(502, b"<html>Bad Gateway</html>"), "server_error"),
    "504": Case(faults.status(504), "timed_out"),
    "302": Case(faults.status(302, Location="http://localhost/"), "refused_request"),
    "400": Case(faults.status(400), "refused_request", times=3),
    "403": Case(faults.status(403), "unauthorised"),
    "413": Case(faults.status(413), "too_long"),
    "401": Case(faults.status(401), "unauthorised"),
    "404": Case(faults.status(404), "unknown_model"),
    "422": Case(faults.status(422), "refused_request", times=3),
    "a redirect": Case(redirected, "refused_request"),
    "over the context": Case(
        faults.status(400, b'{"error": {"message": "maximum context length is 8192 tokens"}}'), "too_long"
    ),
    "an error in the stream": Case(faults.reporting(500, SENTINEL), "server_error"),
    "finished: length": Case(faults.finished_with("length"), "cut_short"),
    "finished: abort": Case(faults.finished_with("abort"), "aborted"),
    "finished: error": Case(faults.finished_with("error"), "server_error"),
    "finished: repetition": Case(faults.finished_with("repetition"), "repetition"),
    "finished: tool_calls": Case(faults.finished_with("tool_calls"), "not_finished"),
    "finished: nothing": Case(faults.finished_with(None), "not_finished"),
    "bytes flipped": Case(faults.corrupted, "bad_output"),
    "an event sent twice": Case(faults.duplicated, "bad_output", "-"),
    "a web page": Case(
        faults.status(200, b"<html>log in</html>", Content_Type="text/html"), "not_finished", "bad_output"
    ),
    "compressed unasked": Case(faults.unasked_gzip, "not_finished", "bad_output"),
    "not JSON": Case(faults.saying("I am sorry"), "bad_output"),
    "half an object": Case(faults.saying(GOOD[:-40]), "bad_output"),
    "text behind": Case(faults.saying(GOOD + " That is all."), "bad_output"),
    "another field": Case(faults.saying(claims_of({**PLAN, "note": "x"})), "bad_output"),
    "another category": Case(faults.saying(claims_of({**PLAN, "category": "gossip"})), "bad_output"),
    "a sentence that is not there": Case(
        faults.saying(claims_of(PLAN, {**PAIN, "evidence": [7]})), "bad_output"
    ),
    "no evidence": Case(faults.saying(claims_of({**PLAN, "evidence": []})), "bad_output"),
    "white space between claims": Case(faults.saying_without_end('{"claims": [', "  \n" * 20), "bad_output"),
    "white space in a claim": Case(
        faults.saying_without_end('{"claims": [{"text"', "  \n" * 200), "bad_output"
    ),
    "no claims": Case(faults.saying('{"claims": []}'), "no_claims"),
    "a claim without end": Case(
        faults.saying_without_end('{"claims": [' + json.dumps(PLAN), ", " + json.dumps(PLAN)), "repetition"
    ),
    "a prompt cut by the server": Case(faults.counted_as(100), "truncated"),
}
STREAMED = [pytest.param(name, True, id=name) for name in CASES]
PLAIN = [
    pytest.param(name, False, id=f"{name}, not streamed")
    for name, case in CASES.items()
    if case.plain_code != "-"
]
# Provoked by tests of their own below, or by a real server's own refusal.
ELSEWHERE = {
    "unreachable": "test_a_refused_connection_is_temporary",
    "certificate": "test_a_bad_certificate_is_refused_and_nothing_is_sent",
    "outside_site": "test_an_address_outside_the_site_is_refused",
    "misconfigured": "test_a_server_without_a_model_is_misconfigured",
}


@dataclass(frozen=True)
class Upstream:
    """The server behind the proxy."""

    url: str
    key: str
    hasty: Patience = HASTY


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """A wire that gives every request for claims a good answer."""
    with running_wire() as server:
        server.replies = [answer(GOOD)]
        yield server


@pytest.fixture(params=["wire", pytest.param("vllm", marks=[pytest.mark.vllm, pytest.mark.timeout(400)])])
def upstream(request: pytest.FixtureRequest) -> Upstream:
    """The wire, and a real server where there is one."""
    if request.param == "wire":
        return Upstream(request.getfixturevalue("wire").url, "a-key-for-the-tests")
    served: Served = request.getfixturevalue("vllm_served")
    return Upstream(served.url, served.key, Patience(first_token_s=3.0, between_tokens_s=3.0, whole_s=4.0))


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[Proxy]:
    """A proxy before the server."""
    with running_proxy(upstream.url) as running:
        yield running


def summary(engine: Engine, *, stream: bool = True, note: Note = NOTE) -> list[CheckedClaim | Completion]:
    return list(summarize(note, prompt=load_prompt("problem_oriented"), engine=engine, stream=stream))


def failure(engine: Engine, key: str, *, stream: bool = True, note: Note = NOTE) -> EngineError:
    """The error that a summary ends in. It has its sentences, tells nothing, and no summary came with it."""
    came: list[CheckedClaim | Completion] = []
    with pytest.raises(EngineError) as caught:
        came.extend(summarize(note, prompt=load_prompt("problem_oriented"), engine=engine, stream=stream))
    error = caught.value
    assert not any(isinstance(item, Completion) for item in came)
    meaning = ENGINE_FAILURES[EngineErrorCode(error.code)]
    assert error.is_temporary is meaning.is_temporary
    assert error.operator_sentence.endswith(".") or error.operator_sentence.endswith("?")
    assert error.clinician_sentence.endswith(".")
    assert_tells_nothing(error, key)
    return error


def assert_tells_nothing(error: BaseException, key: str) -> None:
    """Neither note nor key is in an error or its traceback; no client error with its request shows behind."""
    printed = "".join(traceback.format_exception(error))
    for text in (printed, str(error), repr(error), repr(vars(error))):
        assert SENTINEL not in text
        assert key not in text
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert behind is None or isinstance(behind, EngineError)


@pytest.mark.parametrize(("name", "stream"), [*STREAMED, *PLAIN])
def test_a_broken_answer_is_an_error_of_its_kind_and_the_next_one_is_good(
    upstream: Upstream,
    proxy: Proxy,
    make_vllm: MakeVllm,
    caplog: pytest.LogCaptureFixture,
    name: str,
    stream: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    case = CASES[name]
    patience = upstream.hasty if case.is_hasty else Patience()
    engine = make_vllm(proxy.url, key=upstream.key, patience=patience)
    engine.capabilities()
    proxy.break_next(*[case.fault] * case.times)
    began = time.monotonic()

    error = failure(engine, upstream.key, stream=stream)

    assert not case.is_hasty or time.monotonic() - began < patience.whole_s + 3
    assert error.code == (case.code if stream else case.plain_code or case.code)
    if case.retry_after_s is None:
        assert error.retry_after_s is None
    else:
        assert case.retry_after_s[0] <= (error.retry_after_s or 0) <= case.retry_after_s[1]
    proxy.break_next()
    assert isinstance(summary(engine, stream=stream)[-1], Completion)
    assert SENTINEL not in caplog.text
    assert upstream.key not in caplog.text


def test_every_failure_is_provoked_and_says_what_to_do() -> None:
    provoked = {case.code for case in CASES.values()} | set(ELSEWHERE)

    assert provoked == set(EngineErrorCode) == set(ENGINE_FAILURES)
    assert all(name in globals() for name in ELSEWHERE.values())


@pytest.mark.parametrize("stream", [True, False])
def test_what_the_proxy_passes_is_what_the_server_says(
    upstream: Upstream, proxy: Proxy, make_vllm: MakeVllm, stream: bool
) -> None:
    """Else the faults would show nothing of the server."""
    direct = summary(make_vllm(upstream.url, key=upstream.key), stream=stream)

    assert summary(make_vllm(proxy.url, key=upstream.key), stream=stream)[:-1] == direct[:-1]


def test_a_stream_without_its_last_word_is_whole_once_it_said_stop(
    upstream: Upstream, proxy: Proxy, make_vllm: MakeVllm
) -> None:
    engine = make_vllm(proxy.url, key=upstream.key)
    proxy.break_next(faults.cut_before(b"[DONE]"))

    assert isinstance(summary(engine)[-1], Completion)


def test_an_answer_that_is_slow_within_its_limits_is_good(
    upstream: Upstream, proxy: Proxy, make_vllm: MakeVllm
) -> None:
    engine = make_vllm(proxy.url, key=upstream.key)
    proxy.break_next(faults.delayed(1))

    assert isinstance(summary(engine)[-1], Completion)


@pytest.mark.parametrize("stream", [True, False])
def test_a_refused_connection_is_temporary(
    upstream: Upstream, proxy: Proxy, make_vllm: MakeVllm, stream: bool
) -> None:
    engine = make_vllm(proxy.url, key=upstream.key)
    engine.capabilities()
    with proxy.refusing():
        error = failure(engine, upstream.key, stream=stream)

    assert (error.code, error.is_temporary) == ("unreachable", True)
    assert isinstance(summary(engine, stream=stream)[-1], Completion)


def test_a_connection_that_is_never_taken_ends_in_time(make_vllm: MakeVllm) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(2)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        engine = make_vllm(f"http://127.0.0.1:{address[1]}", patience=HASTY)
        began = time.monotonic()

        error = failure(engine, "no key")

        for one in waiting:
            one.close()
    assert (error.code, error.is_temporary) == ("unreachable", True)
    assert time.monotonic() - began < 5


def test_an_address_outside_the_site_is_refused() -> None:
    engine = VllmEngine.from_environment({"EPITOME_ENGINE_URL": "http://10.0.0.1:9"})

    assert failure(engine, "no key").code == "outside_site"
    engine.close()


def test_a_server_without_a_model_is_misconfigured(make_vllm: MakeVllm) -> None:
    with running_wire() as empty:
        empty.models = {"object": "list", "data": []}

        assert failure(make_vllm(empty.url), "no key").code == "misconfigured"


CERTIFICATES: dict[str, dict[str, object]] = {
    "of another name": {"host": "engine.invalid"},
    "of another address": {"host": "127.0.0.2"},
    "expired": {"not_before": -3 * DAY, "not_after": -DAY},
    "not yet valid": {"not_before": DAY, "not_after": 3 * DAY},
    "self-signed": {"is_self_signed": True},
}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine's store trusts, as a hospital's own."""
    made = Authority.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def test_a_certificate_of_the_sites_own_authority_is_accepted(
    upstream: Upstream, authority: Authority, make_vllm: MakeVllm, tmp_path: Path
) -> None:
    with running_proxy(upstream.url, authority.server_context(tmp_path)) as proxy:
        assert isinstance(summary(make_vllm(proxy.url, key=upstream.key))[-1], Completion)


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_bad_certificate_is_refused_and_nothing_is_sent(
    wire: Wire, authority: Authority, make_vllm: MakeVllm, tmp_path: Path, name: str
) -> None:
    context = authority.server_context(tmp_path, **CERTIFICATES[name])  # type: ignore[arg-type]
    with running_proxy(wire.url, context) as proxy:
        error = failure(make_vllm(proxy.url, key="a-key-for-the-tests"), "a-key-for-the-tests")

        assert (error.code, error.is_temporary) == ("certificate", False)
        assert proxy.requests == []


def test_an_authority_that_the_machine_does_not_know_is_refused(
    wire: Wire, make_vllm: MakeVllm, tmp_path: Path
) -> None:
    with running_proxy(wire.url, Authority.make(tmp_path).server_context(tmp_path)) as proxy:
        assert failure(make_vllm(proxy.url), "no key").code == "certificate"


REFUSED_BY_VLLM: dict[str, tuple[dict[str, object], Note, str]] = {
    "a model that is not served": ({"model": "absent"}, NOTE, "unknown_model"),
    "a wrong key": ({"key": "wrong"}, NOTE, "unauthorised"),
    "no key": ({"key": ""}, NOTE, "unauthorised"),
    "too few output tokens": ({"max_output_tokens": 20}, NOTE, "cut_short"),
    "a context too small for the instructions": ({"context": 2048}, LONG_NOTE, "misconfigured"),
}


@pytest.mark.vllm
@pytest.mark.timeout(400)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", REFUSED_BY_VLLM)
def test_what_a_real_server_refuses_is_refused_for_good(
    vllm_served: Served, make_vllm: MakeVllm, name: str, stream: bool
) -> None:
    settings, note, code = REFUSED_BY_VLLM[name]
    engine = make_vllm(vllm_served.url, **{"key": vllm_served.key, **settings})

    error = failure(engine, vllm_served.key, stream=stream, note=note)

    assert (error.code, error.is_temporary) == (code, False)
