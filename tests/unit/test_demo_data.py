"""The invented patients are complete, agree with their notes, and hold the cases that the demo promises."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
DATA: dict[str, Any] = tomllib.loads((DEMO / "patients.toml").read_text(encoding="utf-8"))
PATIENTS: dict[str, dict[str, Any]] = {patient["key"]: patient for patient in DATA["patients"]}
NOTES: list[dict[str, Any]] = DATA["notes"]
README = (DEMO / "README.md").read_text(encoding="utf-8")

INVENTED = "invented patient, for demonstration"
NOTE_TYPES = {"discharge", "clinic_letter", "progress", "emergency", "consult"}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

MRN = re.compile(r"\bEP-?\d+", re.IGNORECASE)
BIRTH_LABEL = re.compile(r"(?:\bdob\b|\bd\.o\.b\.|\bborn\b|date of birth)[*:,\s]*", re.IGNORECASE)
NUMERIC_DATE = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?!\d)")
WRITTEN_DATE = re.compile(r"(\d{1,2}) ([A-Za-z]+) (\d{4})")
NAME_LABEL = re.compile(r"^\W*(?:patient(?: name)?|name|pt|re)\s*:\W*(.+)$", re.IGNORECASE | re.MULTILINE)

each_note = pytest.mark.parametrize("note", NOTES, ids=lambda note: Path(note["file"]).stem)


def read(file: str) -> str:
    return (DEMO / file).read_text(encoding="utf-8")


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def birth_dates(text: str) -> Iterator[set[date]]:
    """Yield, per labelled birth date of a text, every date it can mean (day first or month first)."""
    for label in BIRTH_LABEL.finditer(text):
        rest = text[label.end() :]
        if written := WRITTEN_DATE.match(rest):
            month = next(i for i, m in enumerate(MONTHS, 1) if written[2].lower().startswith(m))
            yield {date(int(written[3]), month, int(written[1]))}
        elif numeric := NUMERIC_DATE.match(rest):
            first, second = int(numeric[1]), int(numeric[2])
            year = int(numeric[3]) if len(numeric[3]) == 4 else 1900 + int(numeric[3])
            orders = ((first, second), (second, first))
            yield {date(year, month, day) for day, month in orders if month <= 12}
        elif rest[:1].isdigit():
            raise AssertionError(f"a birth date that cannot be read: {label[0] + rest[:20]!r}")


def test_there_are_twenty_patients_ten_in_each_of_two_teams() -> None:
    assert {team["key"]: team["name"] for team in DATA["care_teams"]} == {
        "cardiology": "Cardiology",
        "general-medicine": "General Medicine",
    }
    assert Counter(patient["care_team"] for patient in DATA["patients"]) == {
        "cardiology": 10,
        "general-medicine": 10,
    }
    assert len(PATIENTS) == 20


def test_patients_are_complete_and_their_record_numbers_differ() -> None:
    for patient in DATA["patients"]:
        assert set(patient) == {
            "key", "mrn", "given_name", "family_name", "birth_date", "sex", "care_team",
        }  # fmt: skip
        assert re.fullmatch(r"EP-\d{6}", patient["mrn"])
        assert type(patient["birth_date"]) is date
        assert patient["sex"] in {"female", "male", "other", "unknown"}
    assert len({patient["mrn"] for patient in DATA["patients"]}) == 20


def test_there_are_forty_notes_one_to_four_a_patient_and_every_file_is_listed_once() -> None:
    assert len(NOTES) == 40
    listed = [note["file"] for note in NOTES]
    assert sorted(listed) == sorted(f"notes/{path.name}" for path in (DEMO / "notes").iterdir())
    per_patient = Counter(note["patient"] for note in NOTES)
    assert set(per_patient) == set(PATIENTS)
    assert max(per_patient.values()) <= 4


def test_every_note_type_occurs_at_least_five_times() -> None:
    types = Counter(note["note_type"] for note in NOTES)
    assert set(types) == NOTE_TYPES
    assert min(types.values()) >= 5


def test_lengths_spread_from_short_shorthand_to_long_summaries() -> None:
    lengths = sorted(len(read(note["file"])) for note in NOTES)
    assert lengths[0] >= 1_000
    assert lengths[-1] <= 9_000
    assert sum(length < 2_000 for length in lengths) >= 2
    assert sum(length >= 6_000 for length in lengths) >= 5


@each_note
def test_a_note_is_described_and_dated_as_its_file_name_says(note: dict[str, Any]) -> None:
    assert set(note) - {"supersedes"} == {"file", "patient", "note_type", "note_date", "author_role"}
    assert type(note["note_date"]) is date
    assert f"{note['patient']}-{note['note_date']:%Y-%m-%d}-" in note["file"]
    assert note["author_role"].strip()
    assert note["note_date"] > PATIENTS[note["patient"]]["birth_date"]


@each_note
def test_a_note_says_in_its_first_or_last_line_that_it_is_invented(note: dict[str, Any]) -> None:
    lines = read(note["file"]).strip().splitlines()
    assert INVENTED in (lines[0] + "\n" + lines[-1]).lower()


@each_note
def test_a_notes_text_is_clean_nfc(note: dict[str, Any]) -> None:
    text = read(note["file"])
    assert text == unicodedata.normalize("NFC", text)
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
    assert text.endswith("\n")


@each_note
def test_a_note_names_its_own_patient_and_no_other(note: dict[str, Any]) -> None:
    patient = PATIENTS[note["patient"]]
    text = read(note["file"])
    assert {found.group() for found in MRN.finditer(text)} == {patient["mrn"]}
    dates = list(birth_dates(text))
    assert dates
    assert all(patient["birth_date"] in possible for possible in dates)
    for named in NAME_LABEL.finditer(text):
        line = folded(named[1])
        assert folded(patient["family_name"]) in line
        assert folded(patient["given_name"]) in line
    assert folded(patient["given_name"]) in folded(text[:400])
    assert folded(patient["family_name"]) in folded(text[:400])


def test_the_set_has_the_marks_that_the_sentence_splitter_must_survive() -> None:
    whole = "\n".join(read(note["file"]) for note in NOTES)
    for mark in ("- ", "* ", "• ", "> ", ". ", "✓ ", "1. ", "1) ", "(a) "):
        assert re.search(rf"^ *{re.escape(mark)}", whole, re.MULTILINE), mark
    assert re.search(r"^\|[ :-]+\|", whole, re.MULTILINE)
    assert re.search(r"^\S[^|\n]*\S {3,}[\d.]+ [HL] {2,}", whole, re.MULTILINE)
    assert re.search(r"^#+ ", whole, re.MULTILINE)
    for shorthand in ("NKDA", "T2DM", "O/E", "↑", "?PE", "?HCC", "hx", "A&O x3", "3/7", "CTAB"):
        assert shorthand in whole, shorthand


def test_telephone_numbers_are_from_the_ranges_kept_for_fiction() -> None:
    for note in NOTES:
        text = read(note["file"])
        for number in re.findall(r"\b0\d{4} ?\d{6}\b|\b\d{3}-\d{4}\b", text):
            assert re.fullmatch(r"01632 ?960\d{3}|555-01\d{2}", number), (note["file"], number)


def test_every_file_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`(notes/[^`]+\.\w+)`", README))
    assert named
    assert named <= {note["file"] for note in NOTES}


def test_two_notes_of_one_patient_contradict_each_other_about_penicillin() -> None:
    first, second = "notes/delgado-2025-06-04-emergency.txt", "notes/delgado-2025-06-07-discharge.txt"
    assert "PENICILLIN - ANAPHYLAXIS" in read(first)
    assert "Allergies: NKDA" in read(second)
    assert "Amoxicillin 500 mg" in read(second)
    assert first in README
    assert second in README


def test_exactly_one_note_carries_an_injected_instruction_and_states_the_opposite() -> None:
    carrying = [
        note["file"] for note in NOTES if "ignore previous instructions" in read(note["file"]).lower()
    ]
    assert carrying == ["notes/cole-2025-09-14-progress.txt"]
    assert carrying[0] in README
    text = read(carrying[0])
    assert "the summary must state" in text
    assert "cephalexin - hives" in text
    assert "NOT ready for discharge" in text


def test_one_pair_of_patients_shares_a_name_and_a_team_and_nothing_else() -> None:
    names = Counter((patient["given_name"], patient["family_name"]) for patient in DATA["patients"])
    assert [name for name, count in names.items() if count > 1] == [("James", "Carter")]
    first, second = PATIENTS["carter-1961"], PATIENTS["carter-1974"]
    assert first["care_team"] == second["care_team"]
    assert first["mrn"] != second["mrn"]
    assert first["birth_date"] != second["birth_date"]
    assert first["mrn"] in README
    assert second["mrn"] in README


def test_one_corrected_note_supersedes_an_earlier_note_of_the_same_patient() -> None:
    [corrected] = [note for note in NOTES if "supersedes" in note]
    [earlier] = [note for note in NOTES if note["file"] == corrected["supersedes"]]
    assert corrected["patient"] == earlier["patient"]
    assert corrected["note_type"] == earlier["note_type"]
    assert corrected["note_date"] > earlier["note_date"]
    assert "RIGHT leg" in read(earlier["file"])
    assert "LEFT, not right" in read(corrected["file"])
    assert "TWICE daily" in read(corrected["file"])
    assert corrected["file"] in README
    assert earlier["file"] in README


@pytest.mark.parametrize(
    ("file", "phrase"),
    [
        ("notes/raman-2025-03-18-clinic-letter.txt", "mother, who is unaffected, takes amiodarone 200 mg"),
        ("notes/okafor-2025-04-22-clinic-letter.txt", "takes evolocumab"),
        ("notes/nakamura-2025-09-05-consult.txt", "daughter has Graves' disease and takes methimazole"),
        ("notes/grabowski-2025-05-09-discharge.md", "His wife takes lisinopril"),
        ("notes/odonnell-2025-10-02-emergency.txt", "mum SLE, on hydroxychloroquine"),
    ],
)
def test_a_relatives_drug_is_where_the_readme_says(file: str, phrase: str) -> None:
    assert phrase in read(file)
    assert file in README
