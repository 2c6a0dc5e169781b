"""The omission ledger finds what a summary must carry, and which claims carry it. All notes are invented."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.checking.facts import Fact, find_facts, find_symptoms, used_by
from inference.engines.base import DraftClaim
from inference.text import Note, normalise, read_note
from inference.vocabulary import Assertion, Category, FactKind

_DISCHARGE = """DISCHARGE SUMMARY

Allergies: penicillin (anaphylaxis), codeine (nausea)

Diagnosis:
- Community acquired pneumonia
- New atrial fibrillation

Hospital course
Ceftriaxone was started on arrival and stopped on day 3. Ramipril was held for low blood pressure and
restarted on day 4.

Results
Potassium: 6.3 mmol/L
Haemoglobin 131 g/L

Medication before admission
- Amlodipine 10 mg OD
- Ramipril 5 mg OD

Medication on discharge
- Apixaban 5 mg BD - NEW
- Ramipril 5 mg OD - unchanged
- Paracetamol 1 g QDS PRN

Stopped:
- Amlodipine 10 mg (low blood pressure)

Pending results
- Blood culture, sent 12/05

Follow-up
- Chest X-ray in 6 weeks
- Respiratory clinic 14/07/2025 for the lung nodule

Code status: DNACPR, ward-based care
"""


_SWITCH = "Switched furosemide to torsemide 20 mg."
_HELD = "Held: losartan (restart when Cr < 1.3)"


def _note(text: str) -> Note:
    return read_note(normalise(text))


def _facts(text: str) -> tuple[Fact, ...]:
    return find_facts(_note(text))


def _of(text: str, kind: FactKind) -> list[str]:
    return [fact.text for fact in _facts(text) if fact.kind is kind]


def _is_critical(text: str, kind: FactKind) -> bool:
    return any(fact.is_critical for fact in _facts(text) if fact.kind is kind)


def test_a_discharge_summary_gives_a_fact_of_each_thing_that_matters() -> None:
    found = {(fact.kind.value, fact.text, fact.is_critical) for fact in _facts(_DISCHARGE)}
    wanted = {
        ("allergy", "Allergies: penicillin (anaphylaxis)", True),
        ("allergy", "Allergies: codeine (nausea)", False),
        ("diagnosis", "Community acquired pneumonia", False),
        ("diagnosis", "New atrial fibrillation", False),
        ("laboratory", "Potassium: 6.3 mmol/L", True),
        ("medication_started", "Apixaban 5 mg BD - NEW", True),
        ("medication", "Ramipril 5 mg OD - unchanged", False),
        ("medication", "Paracetamol 1 g QDS PRN", False),
        ("medication_stopped", "Stopped: Amlodipine 10 mg (low blood pressure)", True),
        ("pending_result", "Blood culture, sent 12/05", True),
        ("follow_up", "Chest X-ray in 6 weeks", False),
        ("follow_up", "Respiratory clinic 14/07/2025 for the lung nodule", True),
        ("code_status", "Code status: DNACPR, ward-based care.", True),
    }
    assert wanted - found == set()


def test_what_only_the_stay_began_and_ended_is_no_drug_to_carry() -> None:
    assert not [fact for fact in _facts(_DISCHARGE) if "eftriaxone" in fact.text]


def test_a_drug_that_was_restarted_is_not_stopped() -> None:
    assert not [text for text in _of(_DISCHARGE, FactKind.MEDICATION_STOPPED) if "amipril" in text]


def test_a_fact_names_its_sentences_and_stands_once() -> None:
    note = _note("Warfarin stopped. The bleed settled.\nPlan: Warfarin stopped.")
    (fact,) = [fact for fact in find_facts(note) if fact.kind is FactKind.MEDICATION_STOPPED]
    assert fact.sentences == (1, 3)
    assert fact.text == "Plan: Warfarin stopped."


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("NKDA", FactKind.ALLERGY, "NKDA"),
        ("She is allergic to clindamycin.", FactKind.ALLERGY, "She is allergic to clindamycin."),
        ("DH: bisoprolol 2.5 OD, ramipril 5 OD", FactKind.MEDICATION, "ramipril 5 OD"),
        (
            "Plan:\n- Start aspirin 75 mg and clopidogrel 75 mg",
            FactKind.MEDICATION_STARTED,
            "Start clopidogrel 75 mg",
        ),
        (
            "Plan: Increase Lasix to 80 mg daily.",
            FactKind.MEDICATION_CHANGED,
            "Plan: Increase Lasix to 80 mg daily.",
        ),
        ("Plan: hold metformin; continue lisinopril.", FactKind.MEDICATION_STOPPED, "Plan: hold metformin"),
        ("O/E: HR 128, BP 124/80, RR 16", FactKind.VITAL_SIGN, "HR 128"),
        ("Bloods: Na 129, K 4.1, Cr 80", FactKind.LABORATORY, "Na 129"),
        ("Creatinine 2.4 mg/dL", FactKind.LABORATORY, "Creatinine 2.4 mg/dL"),
        ("Ferritin 9 (normal 10-100)", FactKind.LABORATORY, "Ferritin 9 (normal 10-100)"),
        ("CRP raised at 9", FactKind.LABORATORY, "CRP raised at 9"),
        ("Elevated troponin.", FactKind.LABORATORY, "Elevated troponin."),
        ("He has suicidal thoughts.", FactKind.RED_FLAG, "He has suicidal thoughts."),
        ("Chest pain at rest since noon.", FactKind.RED_FLAG, "Chest pain at rest since noon."),
        ("Imp: gastroenteritis", FactKind.DIAGNOSIS, "Imp: gastroenteritis"),
        (
            "She was diagnosed with asthma in clinic.",
            FactKind.DIAGNOSIS,
            "She was diagnosed with asthma in clinic.",
        ),
        (
            "He underwent appendicectomy on 3 May.",
            FactKind.PROCEDURE,
            "He underwent appendicectomy on 3 May.",
        ),
        ("Urine culture pending.", FactKind.PENDING_RESULT, "Urine culture pending."),
        ("Plan:\n1. Review in 2/52", FactKind.FOLLOW_UP, "Review in 2/52"),
        ("For full resuscitation.", FactKind.CODE_STATUS, "For full resuscitation."),
        ("PC: headache. No photophobia.", FactKind.PERTINENT_NEGATIVE, "No photophobia."),
        ("Exam: no focal deficit.", FactKind.PERTINENT_NEGATIVE, "Exam: no focal deficit."),
        ("Plan: stop ibuprofen and start paracetamol 1 g.", FactKind.MEDICATION_STOPPED, "stop ibuprofen"),
        ("Switched furosemide to torsemide 20 mg.", FactKind.MEDICATION_STARTED, _SWITCH),
        ("Switched furosemide to torsemide 20 mg.", FactKind.MEDICATION_STOPPED, _SWITCH),
        ("Held:\n- losartan (restart when Cr < 1.3)", FactKind.MEDICATION_STOPPED, _HELD),
    ],
)
def test_each_kind_is_found_in_the_notes_own_words(text: str, kind: FactKind, words: str) -> None:
    assert words in _of(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Family history: mother allergic to penicillin.", FactKind.ALLERGY),
        ("Heat intolerance.", FactKind.ALLERGY),
        ("Consider starting apixaban.", FactKind.MEDICATION_STARTED),
        ("If platelets fall, stop heparin.", FactKind.MEDICATION_STOPPED),
        ("Do not stop bisoprolol.", FactKind.MEDICATION_STOPPED),
        ("O/E: HR 72, BP 124/80, RR 16, SpO2 98%, T 36.8", FactKind.VITAL_SIGN),
        ("O2 aim 88-92%. Target BP <130/80.", FactKind.VITAL_SIGN),
        ("A 6-year-old boy. HR 128.", FactKind.VITAL_SIGN),
        ("Potassium 4.1 mmol/L, sodium 139 mmol/L, creatinine 0.9 mg/dL", FactKind.LABORATORY),
        ("Urine: WBC 40", FactKind.LABORATORY),
        ("Check blood sugar 2 to 3 times a day.", FactKind.LABORATORY),
        ("Ferritin 12 (normal 10-100)", FactKind.LABORATORY),
        ("No suicidal thoughts.", FactKind.RED_FLAG),
        ("Return if chest pain at rest.", FactKind.RED_FLAG),
        ("Father had a seizure.", FactKind.RED_FLAG),
        ("Sepsis ruled out.", FactKind.RED_FLAG),
        ("Otherwise negative, including fever and weight loss.", FactKind.RED_FLAG),
        ("Exam: no focal deficit.", FactKind.RED_FLAG),
        ("Denies urgency, pain, or incontinence.", FactKind.RED_FLAG),
        ("Told to report black stools.", FactKind.RED_FLAG),
        ("CXR: collapse of the left lower lobe.", FactKind.RED_FLAG),
        ("Allergies: no penicillin allergy. No other.", FactKind.ALLERGY),
        ("Mother allergic to penicillin; pt herself is not.", FactKind.ALLERGY),
        ("Transfuse Hgb < 7. Restart when eGFR > 45. Reaction to plts 5/19.", FactKind.LABORATORY),
        ("Denies ever having been diagnosed with asthma.", FactKind.DIAGNOSIS),
        ("Assessment:\nI explained that stress can cause headache.", FactKind.DIAGNOSIS),
        ("The 988 card was given by the ambulance crew.", FactKind.PROCEDURE),
        ("After reviewing the findings today, we had a discussion.", FactKind.FOLLOW_UP),
        ("Plan: schedule an ultrasound pending lab results.", FactKind.PENDING_RESULT),
        ("Seizure unlikely.", FactKind.RED_FLAG),
        ("Blood glucose HI on meter.", FactKind.RED_FLAG),
        ("His mother was diagnosed with breast cancer.", FactKind.DIAGNOSIS),
        ("Plan: stop ibuprofen and start paracetamol 1 g.", FactKind.MEDICATION_CHANGED),
        ("Apixaban 5 mg BD, stop 26.06.26 - NEW", FactKind.MEDICATION_STOPPED),
        ("Plan: stop eplerenone if K > 6.", FactKind.MEDICATION_STOPPED),
        ("Meds: naltrexone prescribed in 2024, never filled.", FactKind.MEDICATION_STARTED),
        ("Family history: sister diagnosed with asthma.", FactKind.DIAGNOSIS),
        ("She will undergo colonoscopy.", FactKind.PROCEDURE),
        ("No results pending.", FactKind.PENDING_RESULT),
        ("TSH, which was outstanding, was normal.", FactKind.PENDING_RESULT),
    ],
)
def test_what_is_denied_wished_for_or_anothers_is_no_such_fact(text: str, kind: FactKind) -> None:
    assert _of(text, kind) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Allergies: amoxicillin (rash)", FactKind.ALLERGY),
        ("Allergies: peanuts (anaphylaxis)", FactKind.ALLERGY),
        ("Plan: stop ibuprofen.", FactKind.MEDICATION_STOPPED),
        ("Plan: start warfarin 3 mg.", FactKind.MEDICATION_STARTED),
        ("Plan: reduce prednisolone to 20 mg.", FactKind.MEDICATION_CHANGED),
        ("K 6.8 mmol/L", FactKind.LABORATORY),
        ("Haemoglobin 85 g/L CRITICAL", FactKind.LABORATORY),
        ("BP 82/40", FactKind.VITAL_SIGN),
        ("She has melaena.", FactKind.RED_FLAG),
        ("First seizure this morning.", FactKind.RED_FLAG),
        ("New confusion since yesterday.", FactKind.RED_FLAG),
        ("Weight loss of 10 kg.", FactKind.RED_FLAG),
        ("Painless haematuria.", FactKind.RED_FLAG),
        ("Not for CPR.", FactKind.CODE_STATUS),
    ],
)
def test_what_would_harm_when_lost_needs_a_decision(text: str, kind: FactKind) -> None:
    assert _is_critical(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("NKDA", FactKind.ALLERGY),
        ("Allergies: codeine (nausea)", FactKind.ALLERGY),
        ("Plan: start paracetamol 1 g.", FactKind.MEDICATION_STARTED),
        ("Simvastatin was stopped 5 years ago.", FactKind.MEDICATION_STOPPED),
        ("Na 131 mmol/L", FactKind.LABORATORY),
        ("HR 104", FactKind.VITAL_SIGN),
        ("?sepsis", FactKind.RED_FLAG),
        ("Unable to bear weight on the ankle.", FactKind.RED_FLAG),
        ("Weight loss noted.", FactKind.RED_FLAG),
        ("Last seizure 2018.", FactKind.RED_FLAG),
        ("Full code.", FactKind.CODE_STATUS),
        ("Plan: review in 2 weeks.", FactKind.FOLLOW_UP),
    ],
)
def test_what_can_be_closed_as_a_group_needs_none(text: str, kind: FactKind) -> None:
    assert not _is_critical(text, kind)


def test_code_status_over_several_sentences_is_one_fact() -> None:
    note = _note("Code status\nDNACPR in place.\nFor ward-based care.\nNot for ITU.\n")
    (fact,) = [fact for fact in find_facts(note) if fact.kind is FactKind.CODE_STATUS]
    assert fact.text == "DNACPR in place. For ward-based care. Not for ITU."
    assert len(fact.sentences) == 3


def _used(
    note: Note,
    kind: FactKind,
    claim: str,
    evidence: tuple[int, ...] = (),
    *,
    category: Category = Category.OTHER,
    assertion: Assertion = Assertion.PRESENT,
) -> bool:
    facts = [fact for fact in find_facts(note) if fact.kind is kind]
    assert len(facts) == 1
    return used_by(facts, [DraftClaim(claim, category, assertion, evidence)], note) == ((0,),)


@pytest.mark.parametrize(
    ("text", "kind", "claim", "evidence"),
    [
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Eliquis 5 mg twice daily started.",
            (),
        ),
        ("Plan: start apixaban 5 mg BD.", FactKind.MEDICATION_STARTED, "Anticoagulated with apixaban.", (1,)),
        ("Plan: hold metformin.", FactKind.MEDICATION_STOPPED, "Metformin withheld.", (1,)),
        ("Allergies: penicillin (rash)", FactKind.ALLERGY, "Allergic to penicillin.", ()),
        ("NKDA", FactKind.ALLERGY, "No known drug allergies.", ()),
        ("K 6.8 mmol/L", FactKind.LABORATORY, "Potassium 6.8.", ()),
        ("BP 82/40", FactKind.VITAL_SIGN, "Blood pressure was 82/40 mmHg.", (1,)),
        ("She has melaena.", FactKind.RED_FLAG, "Presented with black tarry stools.", (1,)),
        ("Imp: gastroenteritis", FactKind.DIAGNOSIS, "Gastroenteritis is the likely cause.", (1,)),
        (
            "Urine culture pending.",
            FactKind.PENDING_RESULT,
            "Urine culture result is awaited, pending.",
            (1,),
        ),
        ("PC: headache. No photophobia.", FactKind.PERTINENT_NEGATIVE, "Denies photophobia.", (2,)),
    ],
)
def test_a_claim_that_says_a_fact_in_other_words_uses_it(
    text: str, kind: FactKind, claim: str, evidence: tuple[int, ...]
) -> None:
    assert _used(_note(text), kind, claim, evidence)


@pytest.mark.parametrize(
    ("text", "kind", "claim"),
    [
        ("Plan: start apixaban 5 mg BD.", FactKind.MEDICATION_STARTED, "Apixaban 2.5 mg twice daily."),
        ("Plan: start apixaban 5 mg BD.", FactKind.MEDICATION_STARTED, "Ramipril 5 mg."),
        ("Plan: hold metformin.", FactKind.MEDICATION_STOPPED, "Takes metformin."),
        ("Allergies: penicillin (rash)", FactKind.ALLERGY, "No known drug allergies."),
        ("Allergies: penicillin (rash)", FactKind.ALLERGY, "Penicillin was given."),
        ("NKDA", FactKind.ALLERGY, "Allergic to penicillin."),
        ("K 6.8 mmol/L", FactKind.LABORATORY, "Potassium 4.1."),
        ("She has melaena.", FactKind.RED_FLAG, "No melaena."),
        ("Imp: gastroenteritis", FactKind.DIAGNOSIS, "Takes ramipril."),
        ("PC: headache. No photophobia.", FactKind.PERTINENT_NEGATIVE, "She has photophobia."),
    ],
)
def test_a_claim_that_says_otherwise_does_not_use_a_fact_even_if_it_cites_it(
    text: str, kind: FactKind, claim: str
) -> None:
    assert not _used(_note(text), kind, claim, (1, len(_note(text).sentences)))


def test_every_fact_is_used_by_a_claim_in_its_own_words() -> None:
    note = _note(_DISCHARGE)
    facts = find_facts(note)
    claims = [DraftClaim(fact.text, Category.OTHER, Assertion.PRESENT, fact.sentences) for fact in facts]
    assert [
        fact for place, fact in enumerate(facts) if place not in used_by(facts, claims, note)[place]
    ] == []


def test_no_claims_use_nothing() -> None:
    facts = _facts(_DISCHARGE)
    assert used_by(facts, [], _note(_DISCHARGE)) == ((),) * len(facts)


_SCRAPS = (
    "Allergies: |penicillin| (|) |K 6.1 |stop |ramipril 5 mg |no |; |. A|\n|- |chest pain| at rest |pending "
    "|review in 2/52 |DNACPR |BP 80/40|→|’|10^9/L |Plan:\n|Code status\n|3/7 hx of |from 5 to 9 |(ref 1-2) | "
    "|HbA1c\t|was held, restarted |ǅ|a \x7c b \x7c c\n"
)
_PIECES = st.sampled_from(_SCRAPS.split("|"))


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=40).map("".join)))
def test_any_text_gives_facts_and_symptoms_of_its_own(text: str) -> None:
    note = _note(text)
    count = len(note.sentences)
    facts = find_facts(note)
    for fact in facts:
        assert fact.text.strip()
        assert "\n" not in fact.text
        assert list(fact.sentences) == sorted(set(fact.sentences))
        assert 1 <= fact.sentences[0] <= fact.sentences[-1] <= count
    assert len({(fact.kind, fact.text.lower()) for fact in facts}) == len(facts)
    for symptom in find_symptoms(note):
        assert 0 <= symptom.start < symptom.end <= len(note.text)
    used_by(facts, [DraftClaim(text, Category.OTHER, Assertion.PRESENT, (1,))], note)


@pytest.mark.parametrize(
    "unit", ["9", "no ", "K 5.9, ", "stop ramipril and ", "; ", ". A", "chest pain at rest ", "("]
)
def test_time_grows_with_the_length_of_the_text_alone(unit: str) -> None:
    def seconds(size: int) -> float:
        note = _note(unit * (size // len(unit)))
        started = time.process_time()
        find_facts(note)
        find_symptoms(note)
        return time.process_time() - started

    seconds(5_000)  # reads the lexicons
    assert seconds(80_000) < 16 * seconds(20_000) + 0.5
