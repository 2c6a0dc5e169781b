"""A drug's list, dose, times of day and fate are told as the note tells them, in any wording."""

import pytest

from inference.checking import Checker
from inference.checking.drug_events import events_of
from inference.checking.drugs import class_words, classes_of, find_classes
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, Severity

# Invented patient.
TEXT = """Invented patient.

Home medications:
- Metoprolol 25 mg BID
- Warfarin 3 mg daily
- Torsemide 20 mg daily
- Atorvastatin 40 mg nightly for hyperlipidaemia
- Salbutamol 2 puffs PRN
- Ibuprofen 400 mg TDS

Hospital course:
He was started on ceftriaxone 1 g IV daily. Metoprolol was increased to 50 mg BID for rate control.
Ibuprofen was discontinued. Losartan was held because of AKI.
Amiodarone was considered but not started. He declined sertraline.
Completed a 7-day course of doxycycline.
Furosemide switched to torsemide. Insulin glargine 10 units in the morning and 8 units at night.
Ramipril 5 mg tablets, 2 tablets daily.
Consider starting spironolactone if potassium is normal.

Discharge medications:
- Metoprolol 50 mg BID
- Warfarin 4 mg daily
- Torsemide 40 mg daily
- Atorvastatin 40 mg nightly
- Prednisolone 30 mg for 5 days

"""
NOTE = read_note(normalise(TEXT))


def doubts(text: str, words: tuple[str, ...], assertion: str = "present") -> list[str]:
    numbers = tuple(next(s.number for s in NOTE.sentences if wanted in s.text) for wanted in words)
    claim = DraftClaim(text, Category.MEDICATION, Assertion(assertion), numbers)
    return [flag.message for flag in Checker(NOTE).check(claim) if flag.severity is not Severity.NOTE]


FAITHFUL = [
    ("At home he took metoprolol 25 mg twice daily", ("- Metoprolol 25",), "present"),
    ("Discharged on metoprolol 50 mg twice a day", ("- Metoprolol 50",), "present"),
    ("Metoprolol raised from 25 to 50 mg BID", ("increased to 50", "- Metoprolol 25"), "present"),
    ("Was taking warfarin 3 mg daily before admission", ("- Warfarin 3",), "present"),
    ("Currently takes warfarin 4 mg once daily", ("- Warfarin 4",), "present"),
    ("Statin continued at 40 mg at night", ("- Atorvastatin 40 mg nightly for",), "present"),
    ("Commenced on a cephalosporin", ("ceftriaxone",), "present"),
    ("IV ceftriaxone initiated", ("ceftriaxone",), "present"),
    ("Rocephin 1 g IV once a day was begun", ("ceftriaxone",), "present"),
    ("NSAID stopped", ("Ibuprofen was",), "present"),
    ("Ibuprofen was ceased", ("Ibuprofen was",), "present"),
    ("Advil discontinued", ("Ibuprofen was",), "present"),
    ("Cozaar withheld due to AKI", ("Losartan was",), "present"),
    ("Losartan paused for AKI", ("Losartan was",), "present"),
    ("ARB on hold", ("Losartan was",), "present"),
    ("Amiodarone was not started", ("Amiodarone",), "absent"),
    ("Amiodarone considered only", ("Amiodarone",), "present"),
    ("Refused sertraline", ("sertraline",), "absent"),
    ("Sertraline was turned down by the patient", ("sertraline",), "present"),
    ("Finished a week of doxycycline", ("Completed",), "present"),
    ("7-day course of doxycycline completed", ("Completed",), "historical"),
    ("Changed from furosemide to torsemide", ("switched",), "present"),
    ("Torsemide replaced furosemide", ("switched",), "present"),
    ("Lasix stopped and torsemide started", ("switched",), "present"),
    ("Ramipril 10 mg daily", ("Ramipril",), "present"),
    ("Lantus 10 units in the morning and 8 units at night", ("glargine",), "present"),
    ("Possible spironolactone if potassium normal", ("spironolactone",), "hypothetical"),
    ("Spironolactone to be considered once potassium is normal", ("spironolactone",), "hypothetical"),
    ("Albuterol 2 puffs as needed", ("Salbutamol",), "present"),
    ("Uses a salbutamol inhaler as required", ("Salbutamol",), "present"),
    ("5-day course of prednisolone 30 mg", ("Prednisolone",), "present"),
    ("Blood thinner: warfarin 4 mg daily", ("- Warfarin 4",), "present"),
]

WRONG = [
    ("Discharged on metoprolol 25 mg twice daily", ("- Metoprolol 25",), "present"),
    ("Continues warfarin 3 mg daily", ("- Warfarin 3",), "present"),
    ("Currently takes torsemide 20 mg daily", ("- Torsemide 20",), "present"),
    ("At home took torsemide 40 mg daily", ("- Torsemide 40",), "present"),
    ("Metoprolol decreased to 50 mg BID", ("increased to 50",), "present"),
    ("Metoprolol continued unchanged at 50 mg BID", ("increased to 50",), "present"),
    ("Ceftriaxone was stopped", ("ceftriaxone",), "present"),
    ("Continued ceftriaxone 1 g IV daily", ("ceftriaxone",), "present"),
    ("Started on a penicillin", ("ceftriaxone",), "present"),
    ("Ceftriaxone 2 g IV daily was started", ("ceftriaxone",), "present"),
    ("Ibuprofen was continued", ("Ibuprofen was",), "present"),
    ("Ibuprofen started", ("Ibuprofen was",), "present"),
    ("Losartan started for AKI", ("Losartan was",), "present"),
    ("Losartan continues", ("Losartan was",), "present"),
    ("Losartan permanently discontinued", ("Losartan was",), "present"),
    ("Started on amiodarone", ("Amiodarone",), "present"),
    ("Takes sertraline", ("sertraline",), "present"),
    ("Sertraline was commenced", ("sertraline",), "present"),
    ("Currently on doxycycline", ("Completed",), "present"),
    ("Switched from torsemide to furosemide", ("switched",), "present"),
    ("Furosemide started", ("switched",), "present"),
    ("Started spironolactone", ("spironolactone",), "present"),
    ("ACE inhibitor stopped", ("Ibuprofen was",), "present"),
    ("Salbutamol 2 puffs four times daily", ("Salbutamol",), "present"),
    ("Metoprolol doubled from 10 to 20 mg", ("increased to 50",), "present"),
    ("Insulin glargine 8 units in the morning and 10 units at night", ("glargine",), "present"),
    ("Ramipril 5 mg, 3 tablets daily", ("Ramipril",), "present"),
    ("Takes salbutamol regularly", ("Salbutamol",), "present"),
    ("Prednisolone 30 mg for 7 days", ("Prednisolone",), "present"),
]


@pytest.mark.parametrize(("text", "words", "assertion"), FAITHFUL)
def test_a_paraphrase_about_a_drug_raises_no_doubt(text: str, words: tuple[str, ...], assertion: str) -> None:
    assert doubts(text, words, assertion) == []


@pytest.mark.parametrize(("text", "words", "assertion"), WRONG)
def test_a_drug_of_another_list_dose_or_fate_is_doubted(
    text: str, words: tuple[str, ...], assertion: str
) -> None:
    assert doubts(text, words, assertion)


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("Started aspirin and stopped ramipril", {"aspirin": {"started"}, "ramipril": {"stopped"}}),
        ("Aspirin started and ramipril stopped", {"aspirin": {"started"}, "ramipril": {"stopped"}}),
        ("Aspirin and ramipril were held", {"aspirin": {"held"}, "ramipril": {"held"}}),
        ("Switched from furosemide to torsemide", {"furosemide": {"stopped"}, "torsemide": {"started"}}),
        ("Furosemide replaced by torsemide", {"furosemide": {"stopped"}, "torsemide": {"started"}}),
        ("Torsemide in place of furosemide", {"furosemide": {"stopped"}, "torsemide": {"started"}}),
        ("Consider starting ramipril", {"ramipril": {"weighed"}}),
        ("Do not stop bisoprolol", {"bisoprolol": {"continued"}}),
        ("Resume ramipril if potassium is below 5", {"ramipril": {"later"}}),
        ("Aspirin 75 mg until 5 March, then stop", {"aspirin": set()}),
        ("STOP: metformin; gliclazide", {"metformin": {"stopped"}, "gliclazide": {"stopped"}}),
    ],
)
def test_each_verb_belongs_to_its_drug(text: str, events: dict[str, set[str]]) -> None:
    reading = Reading(text)
    found = events_of(reading, reading.drugs)
    assert {drug.name: {str(event) for event in own} for drug, own in found.items()} == events


@pytest.mark.parametrize(
    ("drug", "group"),
    [("atorvastatin", "statin"), ("co-amoxiclav", "penicillin"), ("oxycodone/paracetamol", "opioid")],
)
def test_a_drug_is_of_its_class(drug: str, group: str) -> None:
    assert group in classes_of(drug)


def test_a_drug_is_not_of_another_class() -> None:
    assert "ACE inhibitor" not in classes_of("amlodipine")


def test_every_class_holds_known_drugs_and_classes() -> None:
    known = {row[0] for group in lexicon("drugs").values() for row in group.get("names", ())}
    classes = {entry["name"]: entry for entry in lexicon("drug_classes")["class"]}
    assert [name for entry in classes.values() for name in entry["drugs"] if name not in known] == []
    assert [name for entry in classes.values() for name in entry.get("of", ()) if name not in classes] == []


@pytest.mark.parametrize(
    ("brand", "generic"),
    [
        ("Buspar", "buspirone"),
        ("stemitil", "prochlorperazine"),
        ("Shortec 5 mg", "oxycodone"),
        ("Combivent", "salbutamol/ipratropium"),
        ("Microgestin", "ethinylestradiol with norethisterone"),
    ],
)
def test_a_brand_or_misspelling_is_its_drug(brand: str, generic: str) -> None:
    assert [drug.name for drug in Reading(brand).drugs] == [generic]


def test_a_combined_pill_is_no_progestogen_only_pill() -> None:
    found = classes_of(Reading("Microgynon").drugs[0].name)
    assert "combined contraceptive" in found
    assert "progestogen-only contraceptive" not in found


def test_a_drug_does_not_say_what_it_is_given_for() -> None:
    assert [found.name for found in find_classes(Reading("seizure medication").words)] == ["antiepileptic"]
    assert "seizure" not in class_words("levetiracetam")
