"""Whom a document is about, and whether that is the chosen patient; every person here is invented."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from inference.parsing.birth_dates import readings
from inference.parsing.identity import HEAD_LINES, Identity, disagreements, find_identity
from inference.text import normalise

ROOT = Path(__file__).resolve().parents[2]
BORN = date(1961, 2, 3)
NHS_NUMBER = "943 476 5919"


def doubts(
    text: str, mrn: str = "RX123456", name: str = "Jane Doe", birth_date: date = BORN
) -> tuple[str, ...]:
    return disagreements(find_identity(text), mrn=mrn, name=name, birth_date=birth_date)


@pytest.mark.parametrize(
    "text",
    [
        "Patient: Jane Doe\nMRN: RX123456\nDOB: 03/02/1961",
        "Re: Mrs Jane DOE, DOB 03/02/1961, Hospital No: RX123456",
        "RE: DOE, Jane Mary   D.O.B. 3 Feb 1961   Hosp. No. rx-123456",
        "Name | Jane Doe | DOB | 1961-02-03\nMRN | RX 123 456",
        "**Jane DOE** | DOB 03/02/61 | MRN 123456 | day 6",
        "DOE, Jane   F 64y   d.o.b. 3/2/61   mrn RX123456",
        "Surname: Doe\nForenames: Jane Mary\nDate of birth: February 3rd, 1961",
        "PATIENT NAME: DOE,JANE M  MRN#: RX0123456  DATE OF BIRTH: 03-FEB-1961",
        "Patient: J. Doe (she/her), born 3.2.1961, RX123456",
        "Patient: Jane Do\u00eb-Smith\nDOB: 02/03/1961",
        "Unit no: RX123456\nPatient's name: Ms Jnae Doe",
    ],
)
def test_the_same_patient_written_in_any_way_agrees(text: str) -> None:
    assert find_identity(text) != Identity()
    assert doubts(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient: Jane Doe\nMRN: RX123457\nDOB: 03/02/1961", ("mrn",)),
        ("Patient: John Doe\nMRN: RX999999\nDOB: 03/02/1961", ("mrn", "name")),
        ("Re: Mr Peter Brown, DOB 12/11/1950, Hospital No: RX777777", ("mrn", "name", "birth_date")),
        ("Patient: Jane Doe\nDOB: 03/02/1962", ("birth_date",)),
        ("Patient: Jane Doe\nDOB: 13/02/1961", ("birth_date",)),
        ("BROWN, Peter | DOB: 03/02/1961 | ward 4", ("name",)),
        ("MRN: RY123456", ("mrn",)),
    ],
)
def test_another_patient_is_noticed(text: str, expected: tuple[str, ...]) -> None:
    assert doubts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Consultant: Mr Peter SMITH\nGP: Dr A. Brown\nDictated by: Dr C. White",
        "Mother: Anna Brown   DOB: 01/01/1930   MRN: RX000001",
        "Next of kin:\nName: Peter Brown\nDOB: 01/01/1950\n\nPatient: Jane Doe",
        "Emergency contact\nName: Peter Brown",
        "Family history: mother born 01/01/1930, father died at 60.",
        "Re: Chest Pain\n\nDear Dr White",
        "Re: Your Referral\n\nThank you.",
        "Name: Dr Peter Brown",
        "Patient: was seen today with her husband.",
        "Patient: see above",
        "General HOSPITAL, Ward 4   MRN RX123456",
        "Patient ID: 42",
        "Born at 34 weeks.",
        "x\n" * HEAD_LINES + "Patient: Peter Brown\nMRN: RX000001",
        "",
    ],
)
def test_other_people_and_other_things_are_no_disagreement(text: str) -> None:
    assert doubts(text) == ()


def test_an_nhs_number_is_no_disagreement_with_a_hospital_number() -> None:
    assert doubts(f"Patient: Peter Brown\nNHS number: {NHS_NUMBER}") == ("name",)


def test_an_nhs_number_is_compared_when_the_mrn_is_one() -> None:
    text = f"Patient: Jane Doe\nNHS No: {NHS_NUMBER}\nHospital No: A123"
    assert doubts(text, mrn="9434765919") == ()
    assert doubts(text, mrn="9876543210") == ("mrn",)


def test_a_number_of_another_hospital_passes_when_name_and_birth_date_fit() -> None:
    assert doubts("Patient: Jane Doe\nDOB: 03/02/1961\nHospital No: 0045-77812") == ()
    assert doubts("Patient: Jane Doe\nHospital No: 0045-77812") == ("mrn",)


def test_a_married_name_passes_only_with_the_mrn() -> None:
    assert doubts("Patient: Jane Brown\nMRN: RX123456") == ()
    assert doubts("Patient: Jane Brown\nDOB: 03/02/1961") == ("name",)


def test_a_twin_is_another_patient() -> None:
    assert doubts("Patient: Joan Doe\nDOB: 03/02/1961") == ("name",)


def test_an_ambiguous_date_keeps_both_readings() -> None:
    assert readings("03/02/1961") == [date(1961, 2, 3), date(1961, 3, 2)]
    assert readings("25/12/1961") == [date(1961, 12, 25)]
    assert readings("31/02/1961") == []
    assert readings("7/7/24", today=date(2026, 1, 1)) == [date(2024, 7, 7), date(1924, 7, 7)]
    assert readings("7/7/55", today=date(2026, 1, 1)) == [date(1955, 7, 7)]


def demo_patients() -> list[dict]:
    return tomllib.loads((ROOT / "demo" / "patients.toml").read_text(encoding="utf-8"))["patients"]


def demo_notes() -> list[Path]:
    return sorted((ROOT / "demo" / "notes").iterdir())


@pytest.mark.parametrize("path", demo_notes(), ids=lambda path: path.stem)
def test_every_demo_note_is_its_own_patients_and_nobody_elses(path: Path) -> None:
    identity = find_identity(normalise(path.read_text(encoding="utf-8")))
    patients = demo_patients()
    own = max((p for p in patients if path.name.startswith(p["key"])), key=lambda p: len(p["key"]))
    for patient in patients:
        found = disagreements(
            identity,
            mrn=patient["mrn"],
            name=f"{patient['given_name']} {patient['family_name']}",
            birth_date=patient["birth_date"],
        )
        assert bool(found) is (patient is not own)
