"""A note longer than the engine's context: counted by its tokenizer, read in parts, nothing lost."""

from pathlib import Path

import pytest

from inference.engines.base import EngineRequest
from inference.engines.extractive import ExtractiveEngine
from inference.parts import Part
from inference.pipeline import CheckedClaim, gathered, summarize
from inference.prompts import load_prompt
from inference.text import Note, normalise, read_note
from tests.contract.conftest import MakeVllm, Served

DEMO = Path(__file__).resolve().parent.parent.parent / "demo" / "notes"
LENGTH = 200_000
PROMPT = load_prompt("problem_oriented")


def record(length: int) -> Note:
    """A printed record of an invented patient: the demo's notes, each behind a title and a day of its own."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(DEMO.glob("*.txt"))]
    pages: list[str] = ["Invented record, for testing. 71-year-old patient."]
    while sum(map(len, pages)) < length:
        number = len(pages)
        pages.append(f"ENTRY {number}\nSeen on day {number} of the stay.\n{texts[number % len(texts)]}")
    return read_note(normalise("\n\n".join(pages)))


def assert_spans_are_exact(note: Note, claims: list[CheckedClaim]) -> None:
    for claim in claims:
        for sentence in claim.evidence:
            assert note.text[sentence.start : sentence.end] == sentence.text
            assert note.sentences[sentence.number - 1] == sentence


def test_the_extractive_engine_lets_every_section_of_a_long_note_speak() -> None:
    blocks = [
        f"Entry {number}:\nSeen on day {number}. Potassium {3 + number % 30 / 10} mmol/L. Creatinine"
        f" {60 + number} umol/L. Bisoprolol {number % 9 + 1} mg continued. Walked {number} metres with help."
        f" Slept well. Daughter visited on day {number} and was told of the plan."
        for number in range(1, 1_150)
    ]
    note = read_note(
        normalise("Invented record, for testing. 71-year-old patient.\n\n" + "\n\n".join(blocks))
    )
    assert len(note.text) >= LENGTH

    claims, _ = gathered(summarize(note, prompt=PROMPT, engine=ExtractiveEngine()))

    assert_spans_are_exact(note, claims)
    cited = {sentence.section for claim in claims for sentence in claim.evidence}
    assert {section.title for section in note.sections} <= cited


@pytest.mark.vllm
@pytest.mark.timeout(900)
def test_a_note_of_200_000_characters_is_read_whole(vllm_served: Served, make_vllm: MakeVllm) -> None:
    """Under the shortest kind of summary: the tiny model's longer answers do not all end by themselves."""
    engine = make_vllm(vllm_served.url, key=vllm_served.key)
    note = record(LENGTH)
    assert len(note.text) >= LENGTH

    items = list(summarize(note, prompt=load_prompt("one_line"), engine=engine))

    parts = [item for item in items if isinstance(item, Part)]
    assert [number for part in parts for number in part.numbers] == [s.number for s in note.sentences]
    shown = {note.sentences[number - 1].section for part in parts for number in part.numbers}
    assert shown >= {section.title for section in note.sections}
    claims, completion = gathered(items)
    assert completion.parts == len(parts) > 10
    assert_spans_are_exact(note, claims)
    first_of_part = {part.numbers[0]: part.position for part in parts}
    read_in = {
        max(position for first, position in first_of_part.items() if first <= sentence.number)
        for claim in claims
        for sentence in claim.evidence
    }
    print(f"{len(parts)} parts, {len(claims)} claims, from {len(read_in)} of them")
    assert len(read_in) > len(parts) / 2


@pytest.mark.vllm
def test_tokens_are_counted_by_the_servers_tokenizer(vllm_served: Served, make_vllm: MakeVllm) -> None:
    """The bytes of this note are too many for the context; its tokens are not."""
    engine = make_vllm(vllm_served.url, key=vllm_served.key)
    note = read_note(record(5_000).text[:2_500].rstrip())
    request = EngineRequest(note, PROMPT)
    prompt_bytes = sum(len(message.content.encode()) for message in PROMPT.messages(request.shown))

    assert prompt_bytes > 8192
    assert engine.fits(request)
    assert not engine.fits(EngineRequest(record(40_000), PROMPT))
