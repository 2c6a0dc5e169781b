"""Numbers of claims beside those of their sentences: writing, units, binding, direction. All invented."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.checking import bindings, numbers
from inference.checking.measures import Owner
from inference.checking.quantities import implied, is_among, quantities
from inference.checking.reading import Reading
from inference.checking.trends import changes
from inference.vocabulary import Severity


def doubted(source: str, claim: str) -> list[str]:
    """The kinds of doubt about the numbers of a claim beside one sentence."""
    flags = numbers.doubts(Reading(claim), [Reading(source, number=1)])
    assert all(flag.places for flag in flags)
    return [flag.kind for flag in flags if flag.severity is not Severity.NOTE]


SAME = [
    ("58F with chest pain", "58-year-old woman with chest pain"),
    ("58 y/o with chest pain", "Aged 58, chest pain"),
    ("58-year-old with chest pain", "In her fifties, with chest pain"),
    ("58-year-old with chest pain", "In her 50s, with chest pain"),
    ("Cough 3/7", "Cough for three days"),
    ("Cough for 3 days", "Cough 3/7"),
    ("Rash 2-3/52", "Rash for two to three weeks"),
    ("Review 4/12", "Review in four months"),
    ("Loose stools x6/day", "Loose stools 6 times a day"),
    ("Loose stools x6/day", "Loose stools six times daily"),
    ("Ibuprofen TDS", "Ibuprofen three times a day"),
    ("Half a tablet daily", "0.5 tablet daily"),
    ("1/2 tab daily", "Half a tablet daily"),
    ("Vitamin D one hundred micrograms", "Vitamin D 100 mcg"),
    ("Thyroxine 500micrograms", "Thyroxine 0.5 mg"),
    ("BP 120 over 80", "BP 120/80 mmHg"),
    ("BP 120/80", "Systolic BP 120"),
    ("Temp 38.5 C", "Temperature 101.3 F"),
    ("WCC 11.2 x10^9/L", "White cells 11.2 K/uL"),
    ("WBC 11.2k", "WBC 11,200"),
    ("K 5.2 mEq/L", "Potassium 5.2 mmol/L"),
    ("Pain 7/10", "Pain 7 out of 10"),
    ("II/VI murmur", "2/6 murmur"),
    ("NYHA II", "NYHA class 2"),
    ("CKD 3b", "CKD stage 3b"),
    ("Grade III sprain", "Grade 3 sprain"),
    ("T2DM on metformin", "Type 2 diabetes on metformin"),
    ("Antibiotics for 5-7 days", "Antibiotics for 5 to 7 days"),
    ("Antibiotics for 5-7 days", "Antibiotics for between 5 and 7 days"),
    ("Seen 13/05/2025", "Seen on 13th May 2025"),
    ("Seen 05/13/2025", "Seen on May 13"),
    ("Seen 2025-05-13", "Seen in May 2025"),
    ("TKR May 2019", "TKR in 2019"),
    ("Pain for the past week", "Pain for one week"),
    ("POD 3 after hernia repair", "3 days after hernia repair"),
    ("Smoked a pack/d for 25 years", "25 pack-year smoking history"),
    (
        "Cr 142 on admission, 88 on discharge (baseline 85)",
        "Creatinine near baseline at 88 after peaking at 142",
    ),
    ("NIHSS 9 on arrival, 3 at discharge", "NIHSS improved from 9 to 3 over the admission"),
    ("Catheterised 07/02, catheter out 09/02", "Catheter for two days"),
    ("Cramps about three times per week", "Cramps on three nights a week"),
    ("HIV for 21 years", "HIV for over two decades"),
    ("Hb 118 pre-op, 79 post-op day 2, 96 on d/c", "Hb fell to 79 after surgery, 96 at discharge"),
    ("ALT 31 on adm -> 388 on voriconazole", "ALT rose to 388"),
    ("Dose doubled until 02.04", "Dose doubled until 2 April"),
    ("On amlodipine, lisinopril and HCTZ", "Takes three antihypertensives"),
    ("43-year-old with a foot wound, onset 2 to 3 weeks ago", "43M with a foot wound for two to three weeks"),
    ("Smokes one to two packs a day", "Smokes 20 to 40 daily"),
    ("Works for the State of Maryland since 2019", "Works in 2019 for the State of Maryland"),
    ("Smoked two packs a day", "Smoked 40 a day"),
    ("Gained nothing more than 5 pounds", "Weight up by under 5 lb"),
    ("Smokes 20/day", "Smokes 20 cigarettes a day"),
    ("Temp 38.6", "Temperature over 38"),
    ("Review in 4 weeks", "Review in a month"),
    ("Cr 2.1 on admission (baseline 1.4), 1.5 at discharge", "Creatinine fell from 2.1 to 1.5"),
    ("Weight 81.3 kg (admission 88.1 kg)", "Weight fell from 88.1 kg on admission to 81.3 kg"),
    ("Nodes removed x5, 01/20/2020", "Nodes removed in January 2020"),
    ("Scored 12 on PHQ", "PHQ-9 score of 12"),
    ("Clinic at 8:30 pm", "Clinic at 20:30"),
    ("Prolapse at L4-5", "Prolapse at L5"),
    ("BP 148/92, repeat 142/88", "Blood pressure 148/92, 142/88 on repeat"),
    ("INR 2.4 (target 2-3)", "INR 2.4, within the 2-3 range"),
    ("Ibuprofen q8h", "Ibuprofen every eight hours"),
    ("Peak flow 320 (best 450)", "Peak flow 320 against a best of 450"),
    ("Goal INR 2-3, INR today 1.8", "INR 1.8 today with a target of 2 to 3"),
]


@pytest.mark.parametrize(("source", "claim"), SAME)
def test_equal_numbers_in_other_writing_raise_no_doubt(source: str, claim: str) -> None:
    assert doubted(source, claim) == []


OTHER = [
    ("Cough 3/7", "Cough for three weeks"),
    ("Cough for 3 days", "Cough 3/52"),
    ("Review in 6 weeks", "Review in 6 months"),
    ("58-year-old with chest pain", "68-year-old with chest pain"),
    ("58-year-old with chest pain", "In her sixties, with chest pain"),
    ("Thyroxine 50 mcg", "Thyroxine 50 mg"),
    ("HbA1c 48 mmol/mol", "HbA1c 48 %"),
    ("Temp 38.5 C", "Temperature 38.5 °F"),
    ("Glucose 8 mmol/L", "Glucose 8 mg/dL"),
    ("Smokes 1 to 2 cigarettes a day", "Smokes 1 to 2 packs a day"),
    ("Drinks 10 units/week", "Drinks 10 units a day"),
    ("Drinks > 14 units/week", "Drinks under 14 units a week"),
    ("Resume if K < 5.0", "Resume if potassium is under 5.5"),
    ("Na 131, K 5.2", "K 131"),
    ("HR 88 RR 16", "Respiratory rate 88"),
    ("62M with father MI at 55", "55-year-old man"),
    ("AST 39 U/L, liver enzymes reviewed", "ALT 39 U/L"),
    ("Cr 2.1 on admission (baseline 1.4)", "Baseline creatinine 2.1"),
    ("Goal INR 2-3, INR today 1.8", "INR 2-3"),
    ("Hb 71 g/L on arrival (was 139 in August)", "Haemoglobin 139 on arrival"),
    ("Current pain 4/10, pain without tablets 6/10", "Pain is 6/10 at present"),
    ("Cr 1.8 on admission, 1.2 at discharge", "Creatinine was 1.8 at discharge"),
    ("Cough for 3 days and fever for 1 day", "Fever for 3 days"),
    ("Repeat FBC in 3 months, clinic visit in 4 months", "Clinic visit in 3 months"),
    ("Appointments: head CT 6/30 8:00 AM; stroke clinic Dr. Abel 7/22", "Stroke clinic follow-up 6/30"),
    ("Cr improved from 1.8 to 1.2", "Creatinine rose from 1.2 to 1.8"),
    ("Cr improved from 1.8 to 1.2", "Creatinine rose to 1.2"),
    ("Weight 80 kg", "Weight rose from 80 to 75 kg"),
    ("NYHA II", "NYHA III"),
    ("CKD 3b", "CKD stage 3a"),
    ("T2DM on metformin", "Type 1 diabetes on metformin"),
    ("Seen 13/05/2025", "Seen on 14 May 2025"),
    ("Seen in May 2025", "Seen in June 2025"),
    ("Clinic on Tuesday", "Clinic on Thursday"),
    ("HIV for 21 years", "HIV for over three decades"),
    ("Cramps about three times per week", "Cramps on five nights a week"),
    ("Catheterised 07/02, catheter out 09/02", "Catheter for three days"),
    ("Prolapse at L4", "Prolapse at L5"),
    ("Her third stone", "Her second stone"),
    ("Losartan (restart when Cr < 1.3), metformin (restart when eGFR > 45)", "Metformin once Cr < 1.3"),
]


@pytest.mark.parametrize(("source", "claim"), OTHER)
def test_another_number_unit_measure_or_direction_is_doubted(source: str, claim: str) -> None:
    assert doubted(source, claim)


def test_a_row_gives_each_value_its_day() -> None:
    row = Reading("Sodium: 131 L (12/05), 135 (15/05) mmol/L (ref 133-146)", number=1, is_row=True)
    assert numbers.doubts(Reading("Sodium 131 (12/05)"), [row]) == []
    assert numbers.doubts(Reading("Sodium 135 (12/05)"), [row])
    assert numbers.doubts(Reading("Potassium 135"), [row])


def test_a_number_from_a_sentence_that_is_not_cited_is_only_pointed_out() -> None:
    cited, other = Reading("Chest pain today.", number=1), Reading("58-year-old man.", number=2)
    claim = Reading("58-year-old with chest pain")
    [flag] = numbers.doubts(claim, [cited], (), [cited, other])
    assert (flag.severity, flag.places) == (Severity.NOTE, frozenset(range(5)))
    assert "sentence 2" in flag.message


def test_a_number_names_what_it_belongs_to_and_as_what() -> None:
    owners = Reading("Goal INR 2-3, INR today 1.8, Hb 95 (was 120)").owners
    assert [owner.role for owner in owners] == ["goal", "current", "", "previous"]
    assert owners[0].label == owners[1].label
    assert owners[2].label == owners[3].label != owners[1].label


def test_a_change_knows_its_start_and_its_end() -> None:
    for text in ("from 1.8 to 1.2", "1.8 → 1.2", "1.2, down from 1.8", "1.2 (was 1.8)"):
        [change] = changes(text, quantities(text))
        assert (str(change.start.values[0]), str(change.end.values[0])) == ("1.8", "1.2"), text


@settings(deadline=None)  # the first example reads the word lists
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_words_can_be_compared(one: str, other: str) -> None:
    for flag in numbers.doubts(Reading(one), [Reading(other)], (), [Reading(other)]):
        assert flag.message


PIECES = (
    "a an half hundred one 3 3/7 5- x6 1/ 12.5 mg mg/kg of to from ( ) , . : ; 13/05 May 2025 2-3/52 ½ II/VI "
)
PIECES += (
    "goal baseline Cr Na now was → 38.5 °C F y/o -year-old 8 pm L4 T2DM over under stage 3b per day fifties ²"
)


def test_any_mixture_of_numbers_and_units_can_be_compared() -> None:
    rng = random.Random(7)
    pieces = PIECES.split()
    for _ in range(1500):
        one, other = (rng.choice(("", " ")).join(rng.choices(pieces, k=rng.randint(1, 14))) for _ in range(2))
        numbers.doubts(Reading(one), [Reading(other)], (), [Reading(other)])
        for quantity in quantities(one):
            assert one[quantity.start : quantity.end] == quantity.text
            assert is_among(quantity, [quantity])


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1/",
        "1-",
        "1,",
        "1.",
        "one hundred ",
        "x6 ",
        "May ",
        "from 1 to ",
        "2 (",
        "II/",
        "½",
        "a ",
        "twenty-",
    ],
)
def test_reading_numbers_takes_time_in_proportion_to_the_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        claim, source = Reading(text), Reading(text + " 7", number=1)
        started = time.process_time()
        implied(text)
        numbers.doubts(claim, [source], (), [source])
        return time.process_time() - started

    assert seconds(20_000) < 3.0


def test_rivals_are_of_one_kind() -> None:
    [time_of, count_of] = Reading("Cough for 3 days, cough 5").owners
    assert isinstance(time_of, Owner)
    assert not bindings.is_rival(time_of, count_of)
