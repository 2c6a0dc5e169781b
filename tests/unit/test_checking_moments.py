"""When it happened, which way it went: the time and the course of one thing are not another's.

Every sentence is invented.
"""

import time

import pytest

from inference.checking import directions, moments, severity, timing
from inference.checking.case import Case, NoteReading
from inference.checking.flags import Flag
from inference.checking.reading import Reading
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, Severity

CHECKS = (moments, timing, directions, severity)

WRONG = [
    (
        "His back pain began 30 years ago when he fell. The back pain has worsened 1 month ago.",
        "Back pain started one month ago when he fell.",
    ),
    ("Rash started yesterday after new soap.", "Rash started two weeks ago after new soap."),
    ("She underwent knee surgery a couple of months ago.", "She underwent knee surgery yesterday."),
    ("Used a steroid cream last night with little effect.", "Used a steroid cream several weeks ago."),
    ("Calf swelling over the past several months.", "Calf swelling over the past several years."),
    ("He quit smoking in 1998.", "He quit smoking this week."),
    ("Appendicectomy 1998.", "Appendicectomy this year."),
    ("He saw his neurologist about 3 months ago.", "He saw his neurologist a few days ago."),
    ("Knee pain for 6/12, worse last 3/52.", "Knee pain for three weeks."),
    ("Shoulder pain. It began 3 weeks ago, without any improvement.", "Shoulder pain, gradually improving."),
    ("Headaches began in May. They have gradually worsened.", "His headaches are gradually improving."),
    ("Episodes of numbness with increasing frequency.", "Episodes have become less frequent."),
    ("He has lost between 15 and 18 pounds.", "He has put on between 15 and 18 pounds."),
    ("Mild effusion of the knee is noted.", "Large effusion of the knee."),
    ("Mild weakness on holding things.", "Marked weakness on holding things."),
    ("Ferritin 8 (low), B12 normal.", "Low B12 with a normal ferritin."),
    ("Sleep poor most nights.", "Sleeping well."),
    ("The lymphoma is in complete remission.", "The lymphoma has relapsed."),
    ("Wound healing slowly.", "The wound has healed."),
    ("Renal function improved after fluids.", "Renal function worsened after fluids."),
]

RIGHT = [
    (
        "His back pain began 30 years ago when he fell. The back pain has worsened 1 month ago.",
        "Back pain for 30 years since a fall, worse over the past month.",
    ),
    ("Rash started yesterday after new soap.", "1/7 hx of rash after a new soap."),
    ("Breathless for 3-4 days.", "3-4/7 of breathlessness."),
    ("He saw his neurologist about 3 months ago.", "Seen by neurology 3/12 ago."),
    ("Presents today with a chronic cough.", "Long-standing cough."),
    ("Cough for five days, fever for two.", "Five days of cough."),
    ("Amoxicillin for 10 days. Seen today for otitis.", "Amoxicillin for ten days."),
    (
        "MRI: lesion with elevation of the chiasm; ventricles normal.",
        "Lesion of the chiasm, normal ventricles.",
    ),
    ("Hormone profile shows a low TSH, all other results normal.", "Apart from a low TSH, hormones normal."),
    ("Limited active and passive movement of the shoulder.", "Active and passive shoulder movement limited."),
    (
        "Finished chemotherapy 1 year ago. In complete remission.",
        "Chemotherapy a year ago, now in remission.",
    ),
    (
        "Able to decrease her prednisone to 1 mg daily; however, she took 2 mg for a few days.",
        "Went up to 2 mg of prednisone for a few days.",
    ),
    ("Chest pain lasted 20 minutes and has now gone.", "20 minutes of chest pain, now resolved."),
    ("Severe aortic stenosis with preserved LV function. Mild MR.", "Severe AS, mild mitral regurgitation."),
    ("His brother has the same illness and is improving.", "His brother has the same illness, improving."),
]


def flags_on(note: str, text: str) -> list[Flag]:
    read = NoteReading(read_note(normalise(note)))
    evidence = tuple(sentence.number for sentence in read.note.sentences)
    case = Case(DraftClaim(text, Category.OTHER, Assertion.PRESENT, evidence), read)
    found = [flag for check in CHECKS for flag in check.check(case)]
    return [flag for flag in found if flag.severity is not Severity.NOTE]


@pytest.mark.parametrize(("note", "text"), WRONG)
def test_another_time_or_course_is_doubted(note: str, text: str) -> None:
    found = flags_on(note, text)
    assert found
    assert all(flag.places for flag in found)


@pytest.mark.parametrize(("note", "text"), RIGHT)
def test_a_paraphrase_of_time_or_course_passes(note: str, text: str) -> None:
    assert flags_on(note, text) == []


def test_a_time_is_read_as_days_before_the_note() -> None:
    spans = {
        text: (moment.low, moment.high)
        for text in ("2-3/7 ago", "a fortnight ago", "yesterday", "for a couple of weeks")
        for moment in moments.moments(Reading(f"Fell {text}"))
    }
    assert spans == {
        "2-3/7 ago": (2, 3),
        "a fortnight ago": (14, 14),
        "yesterday": (0.4, 2),
        "for a couple of weeks": (14, 21),
    }


@pytest.mark.parametrize("text", ["a week ago ", "1 ", "2/7 ago and ", "in the past ", "1998 "])
def test_times_are_read_in_linear_time(text: str) -> None:
    def seconds(size: int) -> float:
        start = time.perf_counter()
        moments.moments(Reading(text * size))
        return time.perf_counter() - start

    seconds(2_000)
    assert seconds(40_000) < 40 * seconds(4_000) + 0.5
