"""Denied, doubted, conditional, a relative's: a paraphrase passes, one turned thing is doubted.

Every sentence is invented.
"""

import time

import pytest

from inference.checking import Checker
from inference.checking.reading import Reading
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, SentenceKind, Severity

P, N, Q, F = Assertion.PRESENT, Assertion.ABSENT, Assertion.POSSIBLE, Assertion.FAMILY

RIGHT = [
    ("ROS: (+) fatigue, (-) weight loss.", "Tired, without weight loss.", P),
    ("The biopsy was negative for malignancy.", "Biopsy did not show cancer.", P),
    ("Patient did not tolerate CPAP.", "CPAP was not tolerated.", P),
    ("There is no need for further imaging.", "No more imaging needed.", P),
    ("She declined the flu vaccine today.", "Flu vaccine was not given.", N),
    ("Advised to avoid NSAIDs.", "No NSAIDs.", N),
    ("No enlarged lymph nodes.", "Lymph nodes not enlarged.", N),
    ("Viral infection, does not need antibiotics.", "Viral illness: antibiotics not required.", P),
    ("Bupropion not resumed (seizure).", "Bupropion was not restarted because of the seizure.", P),
    ("Used drugs in the past, has not used them since.", "Past drug use, none since.", P),
    ("Consistent with but not diagnostic of sarcoidosis.", "Sarcoidosis possible but unproven.", Q),
    ("Return if fever or rash.", "Told to come back with a fever or a rash.", P),
    ("Rule out sepsis protocol commenced.", "Sepsis work-up begun.", P),
    ("Sick contact: flu. She has had a cough for two days.", "Cough for two days.", P),
    ("Lives with husband who has dementia.", "Her husband has dementia.", P),
    ("Risk factors: FH of stroke, hypertension.", "Has hypertension and a family history of stroke.", P),
    ("Sister is a carrier of BRCA1; patient tested negative.", "Patient does not carry BRCA1.", P),
    ("Mother reports fever and poor appetite.", "Fever with poor appetite.", P),
    ("No further dizziness since doxazosin stopped.", "Dizziness has gone since doxazosin was stopped.", P),
]

WRONG = [
    ("ROS: (+) fatigue, (-) night sweats.", "Night sweats.", P, "negation"),
    ("The biopsy was negative for malignancy.", "Biopsy showed malignancy.", P, "negation"),
    ("CT was unremarkable for stone or hydronephrosis.", "CT showed hydronephrosis.", P, "negation"),
    ("No need for allergy testing.", "Allergy testing is needed.", P, "negation"),
    ("Walks without a cane.", "Walks with a cane.", P, "negation"),
    ("No further episodes of dizziness.", "Dizziness persists.", P, "negation"),
    ("Doubt pneumonia.", "Has pneumonia.", P, "certainty"),
    ("Pt is worried she has MS.", "She has multiple sclerosis.", P, "certainty"),
    ("Screening for depression done.", "Has depression.", P, "certainty"),
    ("Echo for pulmonary hypertension screening.", "Known pulmonary hypertension.", P, "certainty"),
    ("Evaluation for obstructive sleep apnea.", "Has obstructive sleep apnea.", P, "certainty"),
    ("Return precautions given for vomiting.", "Vomiting.", P, "certainty"),
    ("Explained side effects incl. nausea.", "Nausea from the tablets.", P, "certainty"),
    ("Exposed to a coworker with tuberculosis.", "Has tuberculosis.", P, "person"),
    ("Her husband has dementia; she cares for him.", "Has dementia.", P, "person"),
    ("Lives with elderly father with Parkinson's disease.", "Has Parkinson's disease.", P, "person"),
    ("Seen with an older sister and a cousin who has sinusitis.", "Has sinusitis.", P, "person"),
    ("PGF had prostate ca.", "Prostate cancer.", P, "person"),
    ("Pt worried about brain cancer.", "The clinician is concerned about a brain cancer.", Q, "person"),
]


def doubts(note: str, text: str, assertion: Assertion) -> list[str]:
    read = read_note(normalise(note))
    evidence = tuple(s.number for s in read.sentences if s.kind is not SentenceKind.HEADER)
    flags = Checker(read).check(DraftClaim(text, Category.OTHER, assertion, evidence))
    return [flag.kind for flag in flags if flag.severity is not Severity.NOTE]


@pytest.mark.parametrize(("note", "text", "assertion"), RIGHT)
def test_what_the_note_means_too_passes(note: str, text: str, assertion: Assertion) -> None:
    assert doubts(note, text, assertion) == []


@pytest.mark.parametrize(("note", "text", "assertion", "kind"), WRONG)
def test_what_the_note_does_not_mean_is_doubted(
    note: str, text: str, assertion: Assertion, kind: str
) -> None:
    assert kind in doubts(note, text, assertion)


@pytest.mark.parametrize("text", ["no worse and ", "mother, ", "exposed to x, ", "not required ", "if "])
def test_repeated_cues_take_no_more_than_linear_time(text: str) -> None:
    def seconds(size: int) -> float:
        reading = Reading(text * size)
        start = time.process_time()
        _ = reading.senses
        return time.process_time() - start

    seconds(100)
    assert seconds(20_000) < 30 * max(seconds(2_000), 0.02)


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("She does not know the type.", "She does know the type"),
        ("Finished six weeks without any problems.", "Finished six weeks with any problems"),
        ("He said that he has had anything major.", "He said that he has not had anything major"),
    ],
)
def test_a_copy_that_lost_or_won_a_denial_is_doubted(note: str, text: str) -> None:
    assert doubts(note, text, Assertion.PRESENT) == ["negation"]


@pytest.mark.parametrize(
    ("note", "text"),
    [("He denies fever.", "He reports no fever"), ("No evidence of a fracture.", "No fracture")],
)
def test_a_copy_that_denies_in_another_way_passes(note: str, text: str) -> None:
    assert doubts(note, text, Assertion.ABSENT) == []
