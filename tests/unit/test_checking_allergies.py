"""Allergies are compared both ways: substance, its own reaction, none known, tolerated, a relative's."""

import pytest

from inference.checking import Checker
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, Severity

# Invented patient.
TEXT = """Invented patient.

Allergies: penicillin (hives), lisinopril (angioedema), codeine (nausea), latex.

Hospital course:
Completed a 7-day course of doxycycline.

Family history: Mother allergic to aspirin.
"""
NOTE = read_note(normalise(TEXT))


def doubts(text: str, words: tuple[str, ...], assertion: str = "present") -> list[str]:
    numbers = tuple(next(s.number for s in NOTE.sentences if wanted in s.text) for wanted in words)
    claim = DraftClaim(text, Category.ALLERGY, Assertion(assertion), numbers)
    return [flag.message for flag in Checker(NOTE).check(claim) if flag.severity is not Severity.NOTE]


FAITHFUL = [
    ("Allergic to penicillin, which causes hives", ("penicillin",), "present"),
    ("Penicillin allergy: urticaria", ("penicillin",), "present"),
    ("Lisinopril has caused angioedema", ("penicillin",), "present"),
    (
        "Hives with penicillin, angioedema with lisinopril, and nausea with codeine",
        ("penicillin",),
        "present",
    ),
    ("Latex allergy", ("penicillin",), "present"),
    ("Mother has an aspirin allergy", ("Mother",), "family"),
]

WRONG = [
    ("Penicillin causes angioedema", ("penicillin",), "present"),
    ("Codeine allergy with hives", ("penicillin",), "present"),
    ("No known drug allergies", ("penicillin",), "absent"),
    ("NKDA", ("penicillin",), "absent"),
    ("Allergic to aspirin", ("Mother",), "present"),
    ("Not allergic to penicillin", ("penicillin",), "absent"),
    ("Allergic to doxycycline", ("Completed",), "present"),
    ("Tolerates penicillin", ("penicillin",), "present"),
]


@pytest.mark.parametrize(("text", "words", "assertion"), FAITHFUL)
def test_an_allergy_in_other_words_raises_no_doubt(text: str, words: tuple[str, ...], assertion: str) -> None:
    assert doubts(text, words, assertion) == []


@pytest.mark.parametrize(("text", "words", "assertion"), WRONG)
def test_an_allergy_that_is_not_so_is_doubted(text: str, words: tuple[str, ...], assertion: str) -> None:
    assert doubts(text, words, assertion)


NONE = """Drug allergies: NKDA

Medications: amoxicillin 500 mg TDS

Allergies: none

Tolerates cephalosporins.

Intolerance: ibuprofen (stomach upset)
"""


def against_none(text: str, words: str, assertion: str) -> list[Severity]:
    note = read_note(normalise(NONE))
    number = next(s.number for s in note.sentences if words in s.text)
    claim = DraftClaim(text, Category.ALLERGY, Assertion(assertion), (number,))
    return [flag.severity for flag in Checker(note).check(claim)]


@pytest.mark.parametrize("assertion", ["absent", "present"])
@pytest.mark.parametrize(
    "text",
    [
        "No known drug allergies",
        "NKDA",
        "Has no allergies",
        "No allergies to medication",
        "Denies any drug allergy",
        "Patient is not known to be allergic to any medications",
    ],
)
@pytest.mark.parametrize("words", ["NKDA", "none"])
def test_no_known_allergies_is_the_same_in_any_words(text: str, words: str, assertion: str) -> None:
    assert against_none(text, words, assertion) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Allergic to penicillin", "NKDA"),
        ("Penicillin allergy", "none"),
        ("Allergic to amoxicillin", "amoxicillin"),
        ("Cephalosporin allergy", "Tolerates"),
    ],
)
def test_an_allergy_where_the_note_gives_none_is_critical(text: str, words: str) -> None:
    assert Severity.CRITICAL in against_none(text, words, "present")


def test_an_intolerance_told_as_an_allergy_is_worth_a_note() -> None:
    assert against_none("Ibuprofen allergy", "Intolerance", "present") == [Severity.NOTE]
