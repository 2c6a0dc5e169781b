"""A note that is too long for an engine is read in parts: nothing is lost, nothing is said twice."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engines.base import Completion, DraftClaim, EngineError, EngineRequest
from inference.engines.extractive import ExtractiveEngine
from inference.engines.scripted import ScriptedEngine
from inference.parts import Part, patient_line, split, whole
from inference.pipeline import CheckedClaim, Repetition, gathered, summarize
from inference.prompts import load_prompt
from inference.prompts.rendering import render_part
from inference.text import Note, normalise, read_note
from inference.vocabulary import Assertion, Category, Severity

HEAD = "Invented patient, for testing. 71-year-old man with breathlessness.\n\n"


def long_note(sections: int, lines: int = 6) -> Note:
    blocks = [
        f"Section {number}:\n" + "\n".join(f"- Finding {number}.{line} was noted." for line in range(lines))
        for number in range(1, sections + 1)
    ]
    return read_note(normalise(HEAD + "\n\n".join(blocks)))


class Narrow(ScriptedEngine):
    """A scripted engine with room for so many sentences."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def fits(self, request: EngineRequest) -> bool:
        return len(request.shown.citable) <= self.room


def read(note: Note, engine: ScriptedEngine) -> list[Part | CheckedClaim | Repetition | Completion]:
    return list(summarize(note, prompt=load_prompt("problem_oriented"), engine=engine))


def test_a_note_that_fits_is_one_part() -> None:
    note = long_note(3)
    assert split(note, lambda part: True) == (whole(note),)


def test_parts_end_where_sections_do() -> None:
    note = long_note(10)
    parts = split(note, lambda part: len(part.numbers) <= 20)
    firsts = [note.sentences[part.numbers[0] - 1] for part in parts[1:]]
    assert len(parts) > 3
    assert all(sentence.text.startswith("Section") for sentence in firsts)


def test_a_section_longer_than_a_part_is_cut_between_sentences() -> None:
    note = long_note(1, lines=50)
    parts = split(note, lambda part: len(part.numbers) <= 12)
    assert [number for part in parts for number in part.numbers] == list(range(1, len(note.sentences) + 1))
    assert render_part(parts[2]).splitlines()[:3] == [
        f"(part 3 of {len(parts)} of one note)",
        "S2| 71-year-old man with breathlessness.",
        "## Section 1",
    ]


@given(st.lists(st.sampled_from(["A:", "Plan:", "- x", "Well.", "Takes y 5 mg.", ""]), min_size=1), st.data())
def test_every_sentence_stands_in_exactly_one_part(lines: list[str], data: st.DataObject) -> None:
    note = read_note(normalise("\n".join(lines)))
    if not note.sentences:
        return
    room = data.draw(st.integers(1, len(note.sentences)))
    parts = split(note, lambda part: len(part.numbers) <= room)
    assert [number for part in parts for number in part.numbers] == list(range(1, len(note.sentences) + 1))
    assert [(part.position, part.of) for part in parts] == [
        (position, len(parts)) for position in range(1, len(parts) + 1)
    ]
    assert all(len(part.numbers) <= room for part in parts)


def test_a_sentence_that_does_not_fit_alone_is_an_error_and_nothing_is_cut() -> None:
    with pytest.raises(EngineError) as caught:
        read(long_note(2), Narrow(0))
    assert caught.value.code == "too_long"


def test_each_later_part_says_who_the_patient_is() -> None:
    note = long_note(6)
    parts = split(note, lambda part: len(part.numbers) <= 10)
    assert patient_line(note) == (2,)
    assert [part.context for part in parts] == [()] + [(2,)] * (len(parts) - 1)
    assert all("S2| 71-year-old man" in render_part(part) for part in parts)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Ward 3\nName: Ann Example, born 1 May 1950\nSeen today on the ward.", 2),
        ("Seen on the ward.\nThis 54 y/o lady has a cough.", 2),
        ("Seen on the ward today.\nStable since then.", 1),
        ("Cough", None),
        ("Father died aged 54 of MI.\nThis is a 71-year-old man.", 2),
        ("Able to walk 50 m now.\nSeen on the ward today.", 1),
        ("Febrile for 3 days and unwell.\nPatient: Ann Example, EP-1", 2),
    ],
)
def test_the_patient_is_introduced_by_age_then_by_name(text: str, line: int | None) -> None:
    assert patient_line(read_note(text)) == ((line,) if line else ())


def claim(text: str, *evidence: int) -> DraftClaim:
    return DraftClaim(text, Category.SYMPTOM, Assertion.PRESENT, evidence)


def test_parts_are_announced_and_their_tokens_summed() -> None:
    note, engine = long_note(4), Narrow(18)
    engine.enqueue([claim("Finding 1.0 was noted", 4)])
    engine.enqueue([claim("Finding 4.0 was noted", 25)])

    items = read(note, engine)

    assert [type(item).__name__ for item in items] == [
        "Part",
        "CheckedClaim",
        "Part",
        "CheckedClaim",
        "Completion",
    ]
    completion = items[-1]
    assert isinstance(completion, Completion)
    assert completion.parts == 2


def test_a_claim_made_in_two_parts_is_one_claim_with_the_evidence_of_both() -> None:
    note = read_note(normalise(HEAD + "Before:\n- Allergic to nuts.\n\n" + "Now:\n- Allergic to nuts.\n"))
    engine = Narrow(4)
    engine.enqueue([claim("Allergic to nuts", 4), claim("71-year-old man", 2)])
    engine.enqueue([claim("allergic to nuts.", 6), claim("71-year-old man", 2)])

    items = [item for item in read(note, engine) if not isinstance(item, Part | Completion)]

    first, _, again = items
    assert isinstance(first, CheckedClaim)
    assert again == Repetition(1, (note.sentences[5],))
    assert len(items) == 3


def test_claims_that_differ_in_a_dose_stay_two() -> None:
    note = read_note(normalise(HEAD + "Metoprolol 50 mg.\nMetoprolol 100 mg."))
    engine = ScriptedEngine()
    engine.enqueue([claim("Metoprolol 50 mg", 3), claim("Metoprolol 100 mg", 4)])
    assert sum(isinstance(item, CheckedClaim) for item in read(note, engine)) == 2


def test_a_claim_that_its_own_sentence_denies_is_not_hidden_in_an_earlier_one() -> None:
    note = read_note(normalise(HEAD + "Has chest pain.\nDenies chest pain."))
    engine = ScriptedEngine()
    engine.enqueue([claim("Chest pain", 3), claim("Chest pain", 4)])
    first, second = (item for item in read(note, engine) if isinstance(item, CheckedClaim))
    assert first.flags == ()
    assert [flag.severity for flag in second.flags] == [Severity.CRITICAL]


def test_a_claim_that_comes_with_ever_other_sentences_keeps_eight() -> None:
    note = long_note(4)
    engine = ScriptedEngine()
    engine.enqueue([claim("Finding was noted", number) for number in range(4, 24)])
    claims, _ = gathered(read(note, engine))
    assert max(len(item.evidence) for item in claims) <= 8


def test_an_error_in_a_later_part_spoils_the_whole_summary() -> None:
    engine = Narrow(18)
    engine.enqueue([claim("Finding 1.0 was noted", 4)])
    engine.enqueue(error="connection_lost")
    with pytest.raises(EngineError) as caught:
        read(long_note(4), engine)
    assert caught.value.code == "connection_lost"


def test_a_note_of_200_000_characters_keeps_every_section_and_every_span_exact() -> None:
    blocks = [
        f"Section {number}:\nOn day {number} haemoglobin was {80 + number % 50} g/L.\n"
        + "The patient slept well and had no complaints on the ward that day. " * 23
        for number in range(1, 140)
    ]
    note = read_note(normalise(HEAD + "\n\n".join(blocks)))
    assert len(note.text) >= 200_000

    class Windowed(ExtractiveEngine):
        """Reads as much at once as a context of 8,192 tokens would hold."""

        def fits(self, request: EngineRequest) -> bool:
            return len(render_part(request.shown)) < 20_000

        def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
            shown = request.shown
            for number in shown.numbers:
                if "haemoglobin" in note.sentences[number - 1].text:
                    yield replace(
                        claim(note.sentences[number - 1].text, number), category=Category.VITAL_OR_LAB
                    )
            yield Completion("stop", None, None, None, 0.0)

    items = list(summarize(note, prompt=load_prompt("problem_oriented"), engine=Windowed()))
    claims = [item for item in items if isinstance(item, CheckedClaim)]
    parts = [item for item in items if isinstance(item, Part)]

    assert len(parts) > 9
    assert [number for part in parts for number in part.numbers] == list(range(1, len(note.sentences) + 1))
    sections = {sentence.section for sentence in note.sentences if sentence.section.startswith("Section")}
    assert {sentence.section for item in claims for sentence in item.evidence} == sections
    assert len(sections) == 139
    for item in claims:
        for sentence in item.evidence:
            assert note.text[sentence.start : sentence.end] == sentence.text == item.text


def test_a_gathered_claim_has_all_its_evidence() -> None:
    note = read_note(normalise(HEAD + "Before:\n- Allergic to nuts.\n\nNow:\n- Allergic to nuts.\n"))
    engine = Narrow(4)
    engine.enqueue([claim("Allergic to nuts", 4)])
    engine.enqueue([claim("Allergic to nuts", 6)])

    claims, completion = gathered(read(note, engine))

    assert [[sentence.number for sentence in item.evidence] for item in claims] == [[4, 6]]
    assert completion.parts == 2


def test_a_drug_in_two_lists_stays_two_claims() -> None:
    note = read_note(
        normalise(HEAD + "Stopped:\n- Ramipril 5 mg od\n\nDischarge medication:\n- Ramipril 5 mg od\n")
    )
    engine = ScriptedEngine()
    drug = DraftClaim("Ramipril 5 mg od", Category.MEDICATION, Assertion.PRESENT, (4,))
    engine.enqueue([drug, replace(drug, evidence=(6,)), drug])
    assert [item.evidence for item in read(note, engine) if isinstance(item, CheckedClaim)] == [
        (note.sentences[3],),
        (note.sentences[5],),
    ]
