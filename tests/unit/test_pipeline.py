"""A summary is whole or it is nothing, and no claim goes out unchecked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference.engines import engine_from_environment
from inference.engines.base import (
    ENGINE_FAILURES,
    Completion,
    DraftClaim,
    Engine,
    EngineError,
    EngineErrorCode,
    EngineRequest,
    error_for_finish_reason,
)
from inference.engines.extractive import ExtractiveEngine
from inference.engines.scripted import ScriptedEngine
from inference.pipeline import CheckedClaim, summarize
from inference.prompts import load_prompt
from inference.text import read_note
from inference.vocabulary import Assertion, Category, Severity

NOTE = read_note("Chest pain since Monday.\nMetoprolol 50 mg bd.\nNo fever.")
PAIN = DraftClaim("Chest pain since Monday", Category.SYMPTOM, Assertion.PRESENT, (1,))
WRONG_DOSE = DraftClaim("Metoprolol 100 mg bd", Category.MEDICATION, Assertion.PRESENT, (2,))


def run(engine: Engine, **options: Any) -> Iterator[CheckedClaim | Completion]:
    return summarize(NOTE, prompt=load_prompt("problem_oriented"), engine=engine, **options)


def scripted(**answer: Any) -> ScriptedEngine:
    engine = ScriptedEngine()
    engine.enqueue(**answer)
    return engine


def test_claims_come_checked_and_the_completion_last() -> None:
    *claims, completion = run(scripted(claims=[PAIN, WRONG_DOSE]))
    assert isinstance(completion, Completion)
    assert completion.finish_reason == "stop"
    pain, dose = (claim for claim in claims if isinstance(claim, CheckedClaim))
    assert (pain.text, pain.flags, pain.evidence) == (PAIN.text, (), (NOTE.sentences[0],))
    assert [flag.severity for flag in dose.flags] == [Severity.CRITICAL]
    assert "100 mg" in dose.flags[0].message
    assert "50 mg" in dose.flags[0].message


def test_a_claim_goes_out_before_the_engine_has_finished() -> None:
    claims = run(scripted(claims=[PAIN], error="connection_lost"))
    first = next(claims)
    assert isinstance(first, CheckedClaim)
    with pytest.raises(EngineError) as caught:
        next(claims)
    assert caught.value.code == "connection_lost"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("length", "cut_short"),
        ("abort", "aborted"),
        ("error", "server_error"),
        ("repetition", "repetition"),
        ("", "not_finished"),
        ("content_filter", "not_finished"),
    ],
)
def test_only_stop_makes_a_summary(reason: str, code: str) -> None:
    with pytest.raises(EngineError) as caught:
        list(run(scripted(claims=[PAIN], finish_reason=reason)))
    assert caught.value.code == code


def test_stop_is_no_error() -> None:
    assert error_for_finish_reason("stop") is None


def test_a_summary_without_a_claim_is_an_error() -> None:
    with pytest.raises(EngineError) as caught:
        list(run(scripted()))
    assert caught.value.code == "no_claims"


def test_a_claim_after_the_completion_is_bad_output() -> None:
    class Rambling(ScriptedEngine):
        def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
            yield from super().claims(request)
            yield PAIN

    engine = Rambling()
    engine.enqueue([PAIN])
    with pytest.raises(EngineError) as caught:
        list(run(engine))
    assert caught.value.code == "bad_output"


def test_a_sentence_that_the_note_does_not_have_is_flagged_and_not_invented() -> None:
    claim, _ = run(scripted(claims=[DraftClaim("Fever", Category.SYMPTOM, Assertion.PRESENT, (9,))]))
    assert isinstance(claim, CheckedClaim)
    assert claim.evidence == ()
    assert claim.flags[0].kind == "no_evidence"


def test_the_engine_is_told_priority_and_streaming() -> None:
    engine = scripted(claims=[PAIN])
    list(run(engine, priority=5, stream=False))
    assert (engine.requests[0].priority, engine.requests[0].stream) == (5, False)


@pytest.mark.parametrize("code", list(EngineErrorCode))
def test_every_failure_says_what_it_means_to_both_readers(code: EngineErrorCode) -> None:
    failure = ENGINE_FAILURES[code]
    for sentence in (failure.operator_sentence, failure.clinician_sentence):
        assert sentence[0].isupper()
        assert sentence[-1] in ".?"
        assert len(sentence) < 160
    error = EngineError(code)
    assert (error.code, error.is_temporary) == (code.value, failure.is_temporary)
    promises_retry = "tried again" in failure.clinician_sentence
    assert promises_retry == failure.is_temporary


def test_failures_and_codes_are_the_same_set() -> None:
    assert set(ENGINE_FAILURES) == set(EngineErrorCode)


def test_an_engine_error_has_no_room_for_prose() -> None:
    with pytest.raises(ValueError, match="never text"):
        EngineError("bad_output", detail="the patient has a cough")
    with pytest.raises(ValueError, match="poetry"):
        EngineError("poetry")
    error = EngineError("overloaded", detail="http_503", retry_after_s=4.0)
    function, arguments = error.__reduce__()  # type: ignore[misc]
    again = function(*arguments)  # type: ignore[operator]
    assert (again.code, again.detail, again.retry_after_s) == ("overloaded", "http_503", 4.0)


def test_a_script_from_a_file_crosses_a_process_border(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        '{"answers": [{"claims": [{"text": "No fever", "category": "symptom", "assertion": "absent", '
        '"evidence": [3]}]}, {"sentence_claims": 2, "error": "unreachable"}], "repeat_last": true}'
    )
    engine = engine_from_environment({"EPITOME_ENGINE_SCRIPT": str(script)})
    claim, _ = run(engine)
    assert isinstance(claim, CheckedClaim)
    assert (claim.text, claim.flags) == ("No fever", ())
    for _ in range(2):
        with pytest.raises(EngineError):
            list(run(engine))


@pytest.mark.parametrize("content", ["", "[]", '{"answers": [{"claim": 1}]}'])
def test_a_broken_script_is_a_misconfiguration(tmp_path: Path, content: str) -> None:
    (tmp_path / "script.json").write_text(content)
    with pytest.raises(EngineError) as caught:
        ScriptedEngine.from_file(tmp_path / "script.json")
    assert caught.value.code == "misconfigured"


def test_a_script_that_has_run_dry_says_so() -> None:
    with pytest.raises(LookupError):
        list(run(ScriptedEngine()))


def test_without_settings_the_engine_is_the_extractive_one() -> None:
    engine = engine_from_environment({})
    assert isinstance(engine, ExtractiveEngine)
    assert engine.version().is_generative is False
