"""What holds of sentences on any text whatever, and on the open data where it lies beside the project."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.text import MAX_SENTENCE, from_layout, normalise, read_note, to_layout

OPEN_DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"

WORDS = [
    "Aspirin",
    "75 mg",
    "b.i.d.",
    "no",
    "fever",
    "Dr. Smith",
    "BP 120/80",
    "PLAN",
    "HPI:",
    "Plan:",
    "2.5",
    "?PE",
    "S. aureus",
]
PIECES = [
    *WORDS,
    "- ",
    "• ",
    "1. ",
    "2. ",
    "a) ",
    "[ ] ",
    "# ",
    "**Plan:** ",
    "| a | b |",
    "|---|---|",
    "\t",
    "   ",
    "\n",
    "\n\n",
    "\n  ",
]
PIECES += [
    "-----",
    "=====",
    ".",
    "!",
    "?",
    ". ",
    ": ",
    "…",
    "。",
    "é",
    "\u00a0",
    "(",
    ")",
    '"',
    "x" * 700,
    "word " * 300,
]
CLINICAL = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
SPACED = st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join)
BYTES = st.text(st.sampled_from("aA1.:-•|#*\n\t \u0301\u2028"), max_size=200)


def assert_holds(raw: str) -> None:
    text = normalise(raw)
    assert normalise(text) == text
    note = read_note(text)
    covered = bytearray(len(text))
    last = 0
    for number, sentence in enumerate(note.sentences, start=1):
        assert sentence.number == number
        assert last <= sentence.start < sentence.end <= len(text)
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        assert len(sentence.text) <= MAX_SENTENCE
        if sentence.header:
            assert sentence.header.end <= sentence.start
        last = sentence.end
        covered[sentence.start : sentence.end] = b"\x01" * len(sentence.text)
    assert all(covered[at] or character.isspace() for at, character in enumerate(text))
    last = 0
    for section in note.sections:
        assert last <= section.start < section.end
        assert text[section.label.start : section.label.end] == section.title != ""
        last = section.end
    assert from_layout(text, json.loads(json.dumps(to_layout(note)))) == note


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=400))
def test_spans_hold_on_any_text(raw: str) -> None:
    assert_holds(raw)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(CLINICAL, SPACED, BYTES))
def test_spans_hold_on_anything_like_a_note(raw: str) -> None:
    assert_holds(raw)


def open_notes() -> Iterator[str]:
    for path in sorted(OPEN_DATA.glob("aci-bench/*.csv")):
        with path.open(newline="", encoding="utf-8") as rows:
            yield from (row["note"] for row in csv.DictReader(rows))
    for path in sorted(OPEN_DATA.glob("primock57/notes/*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))["note"]
    for path in sorted(OPEN_DATA.glob("ccda/*.xml")):
        yield path.read_text(encoding="utf-8")


def test_spans_hold_on_the_open_data() -> None:
    notes = list(open_notes())
    if not notes:
        pytest.skip("no open data beside the project")
    for raw in notes:
        assert_holds(raw)


def test_the_sections_of_real_notes_are_found() -> None:
    notes = [raw for raw in open_notes() if "\nASSESSMENT" in raw or "\nPLAN" in raw]
    if not notes:
        pytest.skip("no open data beside the project")
    found = sum(
        any("PLAN" in s.title or "ASSESSMENT" in s.title for s in read_note(normalise(n)).sections)
        for n in notes
    )
    assert found == len(notes)
