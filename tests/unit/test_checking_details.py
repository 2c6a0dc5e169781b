"""What a medication or allergy claim says in parts must be in its evidence and agree with its own text."""

import pytest

from inference.checking import check_claim
from inference.engines.base import Allergy, DraftClaim, Medication
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, DrugStatus

NOTE = read_note(
    normalise(
        "Invented patient, for testing.\n"
        "Metoprolol 50 mg by mouth twice daily, continued.\n"
        "Lisinopril 10 mg daily - STOPPED, cough\n"
        "Started doxycycline 100 mg IV once daily.\n"
        "Allergic to penicillin: rash in childhood.\n"
        "Amlodipine increased to 10 mg daily.\n"
        "Aspirin 75 mg od\n"
    )
)


def kinds(claim: DraftClaim) -> list[tuple[str, str]]:
    return [(flag.kind, flag.severity.value) for flag in check_claim(claim, NOTE)]


def drug(text: str, number: int, parts: Medication) -> list[tuple[str, str]]:
    assertion = Assertion.HISTORICAL if parts.status is DrugStatus.STOPPED else Assertion.PRESENT
    return kinds(DraftClaim(text, Category.MEDICATION, assertion, (number,), medication=parts))


@pytest.mark.parametrize(
    ("text", "number", "parts"),
    [
        (
            "Metoprolol 50 mg by mouth twice daily",
            2,
            ("Metoprolol", "50 mg", "by mouth", "twice daily", "continued"),
        ),
        ("Metoprolol 50 mg BD", 2, ("metoprolol", "50 mg", "po", "BD", "continued")),
        ("Metoprolol 50 mg twice daily", 2, ("Metoprolol", "50 mg", "", "twice daily", "unstated")),
        (
            "Lisinopril 10 mg daily stopped because of cough",
            3,
            ("Lisinopril", "10 mg", "", "daily", "stopped"),
        ),
        (
            "Doxycycline 100 mg IV once daily started",
            4,
            ("doxycycline", "100 mg", "IV", "once daily", "started"),
        ),
        ("Amlodipine increased to 10 mg daily", 6, ("Amlodipine", "10 mg", "", "daily", "changed")),
        ("Aspirin 75 mg od", 7, ("Aspirin", "75 mg", "", "od", "continued")),
    ],
)
def test_parts_in_the_words_of_the_note_raise_no_doubt(
    text: str, number: int, parts: tuple[str, str, str, str, str]
) -> None:
    assert drug(text, number, Medication(*parts[:4], DrugStatus(parts[4]))) == []


@pytest.mark.parametrize(
    ("text", "number", "parts", "flag"),
    [
        (
            "Metoprolol twice daily",
            2,
            ("Metoprolol", "100 mg", "", "twice daily", "continued"),
            ("dose", "critical"),
        ),
        (
            "Metoprolol 50 mg twice daily",
            2,
            ("Metoprolol", "500 mg", "", "", "continued"),
            ("dose", "critical"),
        ),
        ("Metoprolol 50 mg", 2, ("Metoprolol", "50 mg", "IV", "", "continued"), ("detail", "warning")),
        (
            "Metoprolol 50 mg",
            2,
            ("Metoprolol", "50 mg", "", "", "started"),
            ("detail", "warning"),
        ),
        ("Aspirin 75 mg od", 7, ("Aspirin", "75 mg", "", "od", "started"), ("detail", "warning")),
        ("Metoprolol 50 mg twice daily", 2, ("Atenolol", "50 mg", "", "", "continued"), ("drug", "critical")),
        (
            "Metoprolol 50 mg",
            2,
            ("Metoprolol", "50 mg", "", "", "stopped"),
            ("medication_status", "critical"),
        ),
    ],
)
def test_a_part_that_the_evidence_does_not_bear_out_is_doubted(
    text: str, number: int, parts: tuple[str, str, str, str, str], flag: tuple[str, str]
) -> None:
    assert flag in drug(text, number, Medication(*parts[:4], DrugStatus(parts[4])))


def test_a_dose_that_differs_from_the_claims_own_text_is_critical() -> None:
    note_has_both = read_note("Metoprolol 50 mg in the morning, metoprolol 100 mg at night.")
    claim = DraftClaim(
        "Metoprolol 50 mg",
        Category.MEDICATION,
        Assertion.PRESENT,
        (1,),
        medication=Medication("Metoprolol", "100 mg", "", "", DrugStatus.UNSTATED),
    )
    assert ("detail", "critical") in [(f.kind, f.severity.value) for f in check_claim(claim, note_has_both)]


@pytest.mark.parametrize(
    ("substance", "reaction", "flags"),
    [
        ("penicillin", "rash", []),
        ("penicillin", "", []),
        ("penicillin", "anaphylaxis", [("detail", "warning")]),
        ("latex", "rash", [("detail", "warning")]),
    ],
)
def test_the_parts_of_an_allergy_stand_in_its_evidence(
    substance: str, reaction: str, flags: list[tuple[str, str]]
) -> None:
    claim = DraftClaim(
        "Allergic to penicillin",
        Category.ALLERGY,
        Assertion.PRESENT,
        (5,),
        allergy=Allergy(substance, reaction),
    )
    assert kinds(claim) == flags


@pytest.mark.parametrize(
    ("source", "parts", "is_doubted"),
    [
        ("New cough. Metoprolol 50 mg", ("Metoprolol", "50 mg", "", "", "started"), True),
        ("No new drugs, metoprolol 50 mg", ("Metoprolol", "50 mg", "", "", "started"), True),
        ("Metoprolol 50 mg not started", ("Metoprolol", "50 mg", "", "", "started"), True),
        ("Metoprolol 50 mg, started ramipril 5 mg", ("Metoprolol", "50 mg", "", "", "started"), True),
        ("New: metoprolol 50 mg", ("Metoprolol", "50 mg", "", "", "started"), False),
        ("Metoprolol 50 mg twice daily. Started for AF.", ("Metoprolol", "50 mg", "", "", "started"), False),
        ("Metoprolol 50 mg daily. Started ramipril.", ("Metoprolol", "50 mg", "", "", "started"), True),
        ("Metoprolol 50 mg (new)", ("Metoprolol", "50 mg", "", "", "started"), False),
        ("Started on aspirin and metoprolol 50 mg", ("Metoprolol", "50 mg", "", "", "started"), False),
        ("Metoprolol 50 mg, cannula iv removed", ("Metoprolol", "50 mg", "iv", "", "unstated"), True),
        ("Metoprolol 50 mg and iv ceftriaxone", ("Metoprolol", "50 mg", "iv", "", "unstated"), True),
        ("IV ceftriaxone 1 g and doxycycline", ("Doxycycline", "", "iv", "", "unstated"), False),
        ("Enoxaparin 40 mg s/c daily", ("Enoxaparin", "40 mg", "sc", "daily", "unstated"), False),
        ("Zorbitane 5 mg i/v daily", ("Zorbitane", "5 mg", "IV", "daily", "unstated"), False),
    ],
)
def test_a_status_or_a_route_is_looked_for_beside_its_own_drug(
    source: str, parts: tuple[str, str, str, str, str], is_doubted: bool
) -> None:
    claim = DraftClaim(
        source,
        Category.MEDICATION,
        Assertion.PRESENT,
        tuple(range(1, len(read_note(source).sentences) + 1)),
        medication=Medication(*parts[:4], DrugStatus(parts[4])),
    )
    assert bool([f for f in check_claim(claim, read_note(source)) if f.kind == "detail"]) is is_doubted


@pytest.mark.parametrize(
    ("source", "parts", "is_doubted"),
    [
        ("Penicillin: rash. Latex: anaphylaxis.", ("penicillin", "anaphylaxis"), True),
        ("Penicillin (rash), latex (anaphylaxis)", ("penicillin", "anaphylaxis"), True),
        ("Penicillin - rash and latex - anaphylaxis", ("latex", "rash"), True),
        ("Penicillin: rash. Latex: anaphylaxis.", ("latex", "anaphylaxis"), False),
        ("Penicillin (rash), latex (anaphylaxis)", ("latex", "anaphylaxis"), False),
        ("Allergies: penicillin, gave him a rash", ("penicillin", "rash"), False),
        ("Allergic to penicillin. Reaction was anaphylaxis.", ("penicillin", "anaphylaxis"), False),
    ],
)
def test_a_reaction_belongs_to_its_own_substance(
    source: str, parts: tuple[str, str], is_doubted: bool
) -> None:
    note = read_note(source)
    evidence = tuple(range(1, len(note.sentences) + 1))
    claim = DraftClaim(source, Category.ALLERGY, Assertion.PRESENT, evidence, allergy=Allergy(*parts))
    assert bool([f for f in check_claim(claim, note) if f.kind == "detail"]) is is_doubted
