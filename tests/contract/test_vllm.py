"""What only a real vLLM server can show: its refusals, its death, its log, and the demo notes end to end."""

import logging
import subprocess
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from inference.engines.base import Completion, DraftClaim, EngineError
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_settings import Patience
from inference.worker.manifest import verify_manifest
from tests.contract.conftest import MakeVllm, Served
from tests.contract.server import MODEL, Server
from tests.contract.test_engines import DEMO, DISCHARGE, SHORT, read, request

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(400)]
SENTINEL = "Zyxwvutine"
TRIES = 10
MARKED = SHORT.replace("Doxycycline", SENTINEL)


def failure(claims: object) -> EngineError:
    """The error that reading claims ends in; none of the note is in it."""
    with pytest.raises(EngineError) as caught:
        list(claims)  # type: ignore[call-overload]
    assert SENTINEL not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_the_version_names_the_verified_weights(vllm_served: Served, make_vllm: MakeVllm) -> None:
    version = make_vllm(vllm_served.url, key=vllm_served.key).version()

    assert (version.model, version.weights_digest) == (MODEL.name, verify_manifest(MODEL))
    assert version.settings["max_model_len"] == 8192


def test_every_demo_note_gets_a_finished_answer(vllm_served: Served, make_vllm: MakeVllm) -> None:
    engine = make_vllm(vllm_served.url, key=vllm_served.key)
    unfinished: dict[str, str] = {}
    for path in sorted(path for path in DEMO.iterdir() if path.suffix in {".txt", ".md"}):
        try:
            claims, completion = read(engine, request(path.read_text(encoding="utf-8")))
            assert claims
            assert completion.finish_reason == "stop"
            assert completion.output_tokens
        except EngineError as error:
            unfinished[path.name] = error.code

    assert unfinished == {}


def test_the_engine_and_its_client_log_no_clinical_text(
    vllm_served: Served, make_vllm: MakeVllm, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = make_vllm(vllm_served.url, key=vllm_served.key)
    failing = make_vllm(vllm_served.url, key=vllm_served.key, model="absent")

    read(engine, request(MARKED))
    failure(failing.claims(request(MARKED)))
    failure(engine.claims(request(f"{SENTINEL} 5 mg.\n" * 3000)))

    assert SENTINEL not in caplog.text
    assert vllm_served.key not in caplog.text
    if vllm_served.log is not None:
        log = vllm_served.log.read_text(errors="replace")
        assert "--served-model-name" in log
        assert SENTINEL not in log
        assert vllm_served.key not in log


def test_the_key_is_on_no_command_line(vllm_served: Served) -> None:
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout

    assert not vllm_served.key or vllm_served.key not in processes


def end_of_a_frozen_answer(
    server: Server, engine: VllmEngine, *, then: Callable[[], None] | None = None
) -> EngineError:
    """Freeze a server in the middle of an answer, and give the error that this ends in.

    A busy test may freeze it too late: the whole answer has come by then, and the next one is tried.

    Args:
        then: done to the frozen server once the client waits for more.
    """
    for _ in range(TRIES):
        claims = engine.claims(request(MARKED))
        next(claims)
        server.freeze()
        with ThreadPoolExecutor(1) as client:
            rest = client.submit(list, claims)
            ended, _ = wait([rest], timeout=0.5)
            if then and not ended:
                then()
            error = rest.exception()
        if isinstance(error, EngineError):
            assert SENTINEL not in "".join(traceback.format_exception(error))
            return error
        assert error is None
        last = rest.result()[-1]
        assert isinstance(last, Completion)
        assert last.finish_reason == "stop"
        server.thaw()
    pytest.fail("the answers were over each time before the server was frozen")


def test_a_server_that_freezes_and_then_dies_never_gives_a_summary(
    own_server: Server, make_vllm: MakeVllm
) -> None:
    """One server for three ends of an answer: each start costs most of a minute."""
    patient = make_vllm(own_server.url, key=own_server.key)
    hasty = make_vllm(own_server.url, key=own_server.key, patience=Patience(between_tokens_s=4.0))

    assert isinstance(next(patient.claims(request(DISCHARGE))), DraftClaim)

    frozen = end_of_a_frozen_answer(own_server, hasty)
    own_server.thaw()
    assert (frozen.code, frozen.is_temporary) == ("timed_out", True)

    killed = end_of_a_frozen_answer(own_server, patient, then=own_server.kill)
    assert (killed.code, killed.is_temporary) == ("connection_lost", True)

    gone = failure(patient.claims(request(MARKED)))
    assert (gone.code, gone.is_temporary) == ("unreachable", True)


def test_a_server_that_is_asked_to_end_finishes_what_it_has_begun(
    own_server: Server, make_vllm: MakeVllm
) -> None:
    engine = make_vllm(own_server.url, key=own_server.key)
    claims = engine.claims(request(DISCHARGE))
    next(claims)

    stopper = threading.Thread(target=own_server.stop)
    stopper.start()
    rest = list(claims)
    stopper.join()

    assert isinstance(rest[-1], Completion)
    assert rest[-1].finish_reason == "stop"
