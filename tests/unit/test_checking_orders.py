"""How often a drug is given, whether it goes on, and whether a patient is for resuscitation."""

import pytest

from inference.checking import check_claim
from inference.engines.base import DraftClaim
from inference.text import read_note
from inference.vocabulary import Assertion, Category, Severity

P = Assertion.PRESENT


def kinds_against(source: str, text: str, assertion: Assertion = P) -> list[str]:
    note = read_note(source)
    claim = DraftClaim(text, Category.OTHER, assertion, (note.sentences[-1].number,))
    return [flag.kind for flag in check_claim(claim, note)]


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Paracetamol 1 g QDS PRN", "Paracetamol 1 g every 6 hours"),
        ("Paracetamol 1 g q4-6h prn", "Paracetamol 1 g 4-6 hourly as needed"),
        ("Atorvastatin 40 mg ON", "Atorvastatin 40 mg at night"),
        ("Atorvastatin 40 mg nocte", "Atorvastatin 40 mg daily"),
        ("Ticagrelor 90 mg b.d.", "Ticagrelor 90 mg twice a day"),
        ("Prednisolone 5 mg alternate days", "Prednisolone 5 mg every other day"),
        ("Alendronate 70 mg on Sundays", "Alendronate 70 mg once a week"),
        ("Aspirin 81 mg and metoprolol 25 mg twice a day", "Metoprolol 25 mg BID"),
        ("Furosemide 40 mg od, weigh daily", "Furosemide 40 mg once daily; daily weights"),
        ("Methotrexate 10 mg once WEEKLY (NOT daily)", "Methotrexate 10 mg weekly"),
        ("Bisoprolol from 2.5 mg od to 2.5 mg bd", "Bisoprolol 2.5 mg bd"),
    ],
)
def test_equal_frequencies_are_equal_in_any_writing(source: str, claim: str) -> None:
    assert kinds_against(source, source) == []
    assert kinds_against(source, claim) == []


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Methotrexate 10 mg once WEEKLY on Mondays", "Methotrexate 10 mg once daily"),
        ("Ticagrelor 90 mg BID until March", "Ticagrelor 90 mg QID until March"),
        ("Insulin glargine 18 units nightly", "Insulin glargine 18 units every morning"),
        ("Codeine 30 mg prn", "Codeine 30 mg QDS"),
        ("Once weekly methotrexate 10 mg", "Methotrexate 10 mg daily"),
        ("Aspirin 81 mg od, metoprolol 25 mg bd", "Metoprolol 25 mg od"),
        ("Aspirin 81 mg, metoprolol 25 mg bd", "Aspirin 81 mg bd"),
        ("Bisoprolol from 2.5 mg od to 2.5 mg bd", "Bisoprolol 2.5 mg od"),
    ],
)
def test_another_frequency_is_flagged(source: str, claim: str) -> None:
    assert kinds_against(source, claim) == ["frequency"]


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Glipizide 5 mg - STOP", "Glipizide 5 mg - continue"),
        ("Aspirin 81 mg daily - NEW", "Aspirin 81 mg daily - STOP"),
        ("Lisinopril 10 mg: HOLD until seen", "Lisinopril 10 mg daily: continue"),
        ("Ramipril 5 mg od (unchanged)", "Ramipril 5 mg od (stopped)"),
        ("Metformin 500 mg bd, Status: HELD", "Metformin 500 mg bd, Status: same"),
        ("Metformin 500 mg bd STOP", "Metformin 500 mg bd"),
        ("Continue aspirin 75 mg", "Stop aspirin 75 mg"),
        ("Aspirin 75 mg - stop, clopidogrel 75 mg - new", "Aspirin 75 mg - new"),
    ],
)
def test_a_drug_that_goes_on_is_not_one_that_ended(source: str, claim: str) -> None:
    assert kinds_against(source, source) == []
    assert "medication_status" in kinds_against(source, claim)
    assert "medication_status" in kinds_against(claim, source) or "STOP" not in claim.upper()


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Amlodipine 5 mg - hold if systolic below 100", "Amlodipine 5 mg"),
        ("Ticagrelor 90 mg bd until 5 March, then stop", "Ticagrelor 90 mg bd"),
        ("Glipizide 5 mg - STOP", "Glipizide stopped"),
        ("Aspirin 75 mg - stop, clopidogrel 75 mg - new", "Clopidogrel 75 mg"),
        ("Ramipril was withheld and restarted at 1.25 mg", "Ramipril 1.25 mg"),
    ],
)
def test_a_status_that_agrees_raises_no_flag(source: str, claim: str) -> None:
    assert kinds_against(source, claim) == []


@pytest.mark.parametrize("is_for", ["Full code", "For full resuscitation", "For CPR"])
@pytest.mark.parametrize(
    "is_not", ["DNACPR in place", "DNAR", "DNR/DNI", "Not for resuscitation", "Not for CPR"]
)
def test_a_code_status_turned_round_is_flagged(is_for: str, is_not: str) -> None:
    assert kinds_against(is_for, is_not) == ["code_status"]
    assert kinds_against(is_not, is_for) == ["code_status"]
    assert kinds_against(is_for, is_for) == kinds_against(is_not, is_not) == []


def test_a_frequency_flag_names_both_and_a_missing_one_is_only_a_warning() -> None:
    note = read_note("Ticagrelor 90 mg BID. Aspirin 75 mg.")
    ticagrelor = DraftClaim("Ticagrelor 90 mg QID", Category.MEDICATION, P, (1,))
    (flag,) = check_claim(ticagrelor, note)
    assert flag.severity is Severity.CRITICAL
    assert flag.message == "Frequency: the claim says “Ticagrelor 90 mg QID”; sentence 1 says “BID”."
    (flag,) = check_claim(DraftClaim("Aspirin 75 mg daily", Category.MEDICATION, P, (2,)), note)
    assert flag.severity is Severity.WARNING
