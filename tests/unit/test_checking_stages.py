"""Ordered, weighed, refused or done: a claim takes an act as far as the note does, in any words.

Every sentence is invented.
"""

import time

import pytest

from inference.checking import acts
from inference.checking.case import Case, NoteReading
from inference.checking.flags import Flag
from inference.checking.reading import Reading
from inference.checking.stages import Stage, clauses
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, Severity

# A note, and a claim that takes an act further, or less far, than the note.
WRONG = [
    ("We will order a repeat echocardiogram in 3 months.", "A repeat echocardiogram has been performed."),
    ("He wishes to proceed with resection of the adenoma of the gland.", "Underwent removal of the adenoma."),
    ("She will be starting speech therapy in the next few weeks.", "She has already begun speech therapy."),
    ("Molecular testing of the tumour is pending.", "Molecular testing of the tumour has been completed."),
    ("I encouraged the patient to have an eye exam.", "Has had his eye exam."),
    ("Planning wisdom teeth extraction.", "Has had wisdom teeth out."),
    ("Plan: arrange echo.", "The echo showed no change."),
    ("Bloods FBC and CRP today - results awaited.", "CRP came back raised."),
    ("We can consider physical therapy for the knee.", "Has been referred for physical therapy."),
    ("If he fails to improve, we can consider an MRI.", "An MRI has been ordered."),
    ("Ortho referral deferred until the heart failure is sorted.", "Referred to orthopaedics."),
    ("Colonoscopy was offered but he declined.", "Colonoscopy has been booked."),
    ("MRI of the lumbar spine last month showed a disc bulge.", "MRI of the lumbar spine is pending."),
    ("He has not had his eye exam this year.", "His eye exam was done this year."),
    ("Continue with home exercise.", "Stop home exercise."),
    ("Otherwise, continue her current regimen.", "Otherwise, stop her current regimen."),
]

RIGHT = [
    ("We will order a repeat echocardiogram in 3 months.", "Repeat echo planned in three months."),
    ("Refer to cardiology.", "Has been referred to cardiology."),
    ("MRI of the lumbar spine last month showed a disc bulge.", "Underwent lumbar MRI last month."),
    ("Biopsy showed adenocarcinoma. Molecular testing is pending.", "Biopsy confirmed adenocarcinoma."),
    ("Colonoscopy was offered but he declined.", "Declined colonoscopy."),
    ("He has not had his eye exam this year.", "Due for an eye exam."),
    ("Bloods today: potassium normal. MRI booked.", "Potassium was normal; MRI booked."),
    ("Nerve conduction studies requested.", "Nerve conduction studies were requested."),
    ("Plan: flu vaccine today.", "Flu vaccine given today."),
    ("Low-salt diet advised.", "Advised to follow a low salt diet."),
    ("She was to have a sleep study but it was cancelled.", "Sleep study was cancelled."),
    ("If he fails to improve, we can consider an MRI.", "MRI if there is no improvement."),
]


def flags_on(note: str, text: str) -> list[Flag]:
    read = NoteReading(read_note(normalise(note)))
    evidence = tuple(sentence.number for sentence in read.note.sentences)
    case = Case(DraftClaim(text, Category.OTHER, Assertion.PRESENT, evidence), read)
    return [flag for flag in acts.check(case) if flag.severity is not Severity.NOTE]


@pytest.mark.parametrize(("note", "text"), WRONG)
def test_an_act_at_another_stage_is_doubted(note: str, text: str) -> None:
    found = flags_on(note, text)
    assert {flag.kind for flag in found} == {"status"}, found
    assert all(flag.places for flag in found)


@pytest.mark.parametrize(("note", "text"), RIGHT)
def test_an_act_at_its_stage_passes(note: str, text: str) -> None:
    assert flags_on(note, text) == []


@pytest.mark.parametrize("note", sorted({row[0] for row in (*WRONG, *RIGHT)}))
def test_the_words_of_the_note_pass(note: str) -> None:
    assert flags_on(note, note) == []


def test_a_thing_done_elsewhere_in_the_note_may_be_told() -> None:
    read = NoteReading(read_note(normalise("Plan: order a chest CT.\nChest CT today: no nodules.")))
    draft = DraftClaim("Chest CT showed no nodules.", Category.OTHER, Assertion.PRESENT, (1,))
    assert acts.check(Case(draft, read)) == []


def test_each_clause_has_its_own_stage() -> None:
    found = clauses(Reading("Urine dip was positive and an MSU has been sent, but she declined a scan."))
    assert [clause.stages for clause in found] == [{Stage.DONE}, {Stage.ORDERED}, {Stage.REFUSED}]


def test_a_name_with_a_mark_in_it_is_not_cut() -> None:
    assert len(clauses(Reading("Repeat U&E was normal"))) == 1


@pytest.mark.parametrize("text", ["no and will ", "mri if ", "done, ", "ct was done and "])
def test_clauses_take_no_more_than_linear_time(text: str) -> None:
    def seconds(size: int) -> float:
        start = time.perf_counter()
        clauses(Reading(text * size))
        return time.perf_counter() - start

    seconds(2_000)
    assert seconds(40_000) < 40 * seconds(4_000) + 0.5
