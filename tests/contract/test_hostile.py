"""Hostile notes against every engine: no broken form, no foreign id, nothing of another note."""

import re
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from inference.engines.base import Completion, DraftClaim, Engine, EngineError, EngineRequest
from inference.parts import whole
from inference.pipeline import CheckedClaim, summarize
from inference.prompts import load_prompt
from inference.text import Note, normalise, read_note
from inference.vocabulary import Assertion, Category
from tests.hostile.corpus import HOSTILE, Hostile

THREADS = 8
NOTES: Mapping[int, Note] = {hostile.number: read_note(normalise(hostile.text)) for hostile in HOSTILE}
# A small model may run on; such an answer is thrown away whole, so it is no summary and no breach.
MAY_END = {"cut_short", "repetition", "no_claims"}

every_engine = pytest.mark.parametrize(
    "engine",
    ["extractive", pytest.param("vllm", marks=[pytest.mark.vllm, pytest.mark.timeout(600)])],
    indirect=True,
)


@dataclass
class Outcome:
    """What came of one hostile note.

    Attributes:
        claims: in order; of an answer that failed, those that came before it failed.
        code: of the error that ended it, "" where it finished.
    """

    hostile: Hostile
    claims: list[DraftClaim] = field(default_factory=list)
    code: str = ""
    detail: str = ""


def read(engine: Engine, hostile: Hostile) -> Outcome:
    outcome = Outcome(hostile)
    request = EngineRequest(NOTES[hostile.number], load_prompt("problem_oriented"))
    try:
        *claims, completion = _drawn(engine, request, outcome)
        assert isinstance(completion, Completion)
        assert all(isinstance(claim, DraftClaim) for claim in claims)
    except EngineError as error:
        outcome.code, outcome.detail = error.code, error.detail
    return outcome


def _drawn(engine: Engine, request: EngineRequest, outcome: Outcome) -> list[DraftClaim | Completion]:
    items: list[DraftClaim | Completion] = []
    for item in engine.claims(request):
        items.append(item)
        if isinstance(item, DraftClaim):
            outcome.claims.append(item)
    return items


@every_engine
def test_no_hostile_note_breaks_the_schema_invents_an_id_or_reaches_another_note(engine: Engine) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda hostile: read(engine, hostile), HOSTILE))

    ends = Counter(outcome.code or "finished" for outcome in outcomes)
    print(
        f"{engine.name}: {len(outcomes)} notes, {sum(len(o.claims) for o in outcomes)} claims, {dict(ends)}"
    )
    unexpected = [(o.hostile.number, o.code, o.detail) for o in outcomes if o.code and o.code not in MAY_END]
    assert unexpected == []
    for outcome in outcomes:
        note = NOTES[outcome.hostile.number]
        shown = set(whole(note).citable)
        for claim in outcome.claims:
            assert claim.category in set(Category)
            assert claim.assertion in set(Assertion)
            assert claim.text.strip()
            assert claim.evidence
            assert shown.issuperset(claim.evidence), outcome.hostile.kind
            for other in HOSTILE:
                if other.number != outcome.hostile.number:
                    assert other.name not in claim.text, f"{other.number} in {outcome.hostile.number}"
    if engine.name == "extractive":
        assert ends == {"finished": len(HOSTILE)}
    else:
        assert ends["finished"] > 0, "an engine that finishes nothing shows nothing"


@every_engine
def test_a_claim_that_rests_on_a_suspicious_sentence_is_flagged_gravely(engine: Engine) -> None:
    found = 0
    for hostile in [hostile for hostile in HOSTILE if hostile.flagged][::6]:
        note = NOTES[hostile.number]
        try:
            items = list(summarize(note, prompt=load_prompt("problem_oriented"), engine=engine))
        except EngineError:
            continue
        injected = normalise(hostile.injected)
        for claim in (item for item in items if isinstance(item, CheckedClaim)):
            if any(sentence.text == injected for sentence in claim.evidence):
                found += 1
                assert "suspicious_source" in {flag.kind for flag in claim.flags}, hostile.kind
    assert found > 0 or engine.name == "vllm"


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: f"{hostile.number}-{hostile.kind}")
def test_every_sentence_of_a_hostile_note_is_shown_to_the_model_exactly_once(hostile: Hostile) -> None:
    note = NOTES[hostile.number]
    taken = [index for sentence in note.sentences for index in range(sentence.start, sentence.end)]
    assert len(taken) == len(set(taken))
    assert set(taken).issuperset(i for i, c in enumerate(note.text) if not c.isspace())

    asked = load_prompt("problem_oriented").messages(whole(note))[-1].content
    lines = asked.splitlines()
    numbers = [int(match[1]) for line in lines if (match := re.match(r"S(\d+)\|", line))]
    assert numbers == [sentence.number for sentence in note.sentences]
