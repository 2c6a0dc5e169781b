"""Which claims carry a fact of the ledger, and which turn it round. Everything here is invented."""

import pytest

from inference.checking.facts import find_facts, used_by
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, FactKind


def _is_used(text: str, kind: FactKind, claim: str, assertion: Assertion, *, is_cited: bool = True) -> bool:
    note = read_note(normalise(text))
    (fact,) = [fact for fact in find_facts(note) if fact.kind is kind]
    evidence = tuple(range(1, len(note.sentences) + 1)) if is_cited else ()
    return used_by([fact], [DraftClaim(claim, Category.OTHER, assertion, evidence)], note) == ((0,),)


@pytest.mark.parametrize(
    ("text", "kind", "claim", "assertion"),
    [
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Start apixaban 5 mg twice daily",
            Assertion.ABSENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Stopped apixaban 5 mg",
            Assertion.PRESENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Apixaban was not started.",
            Assertion.PRESENT,
        ),
        (
            "Plan: hold metformin.",
            FactKind.MEDICATION_STOPPED,
            "Metformin was not stopped.",
            Assertion.PRESENT,
        ),
        ("Plan: hold metformin.", FactKind.MEDICATION_STOPPED, "Do not stop metformin.", Assertion.PRESENT),
        (
            "Plan: hold metformin.",
            FactKind.MEDICATION_STOPPED,
            "Ramipril stopped; metformin continued.",
            Assertion.PRESENT,
        ),
        ("Allergies: penicillin (rash)", FactKind.ALLERGY, "Not allergic to penicillin", Assertion.PRESENT),
        ("Allergies: penicillin (rash)", FactKind.ALLERGY, "Allergic to penicillin", Assertion.ABSENT),
        ("Allergies: latex (rash)", FactKind.ALLERGY, "No latex allergy", Assertion.PRESENT),
        ("Code status: DNR.", FactKind.CODE_STATUS, "full code, not DNR", Assertion.PRESENT),
        ("Code status: DNR.", FactKind.CODE_STATUS, "Full code", Assertion.PRESENT),
        ("Code status: full code.", FactKind.CODE_STATUS, "DNR, not full code", Assertion.PRESENT),
        ("Code status: full code.", FactKind.CODE_STATUS, "DNR", Assertion.PRESENT),
        ("DNACPR in place.", FactKind.CODE_STATUS, "For CPR", Assertion.PRESENT),
        ("For full resuscitation.", FactKind.CODE_STATUS, "Not for resuscitation", Assertion.PRESENT),
        (
            "Medications:\n- Metoprolol 50 mg BD",
            FactKind.MEDICATION,
            "Metoprolol was never taken",
            Assertion.PRESENT,
        ),
        (
            "Medications:\n- Metoprolol 50 mg BD",
            FactKind.MEDICATION,
            "Does not take metoprolol",
            Assertion.PRESENT,
        ),
        (
            "Medications:\n- Metoprolol 50 mg BD",
            FactKind.MEDICATION,
            "Metoprolol 50 mg twice daily was stopped.",
            Assertion.PRESENT,
        ),
        ("K 6.9 mmol/L", FactKind.LABORATORY, "Potassium 6.9 last year, now normal", Assertion.PRESENT),
        ("K 6.9 mmol/L", FactKind.LABORATORY, "Potassium was not 6.9", Assertion.PRESENT),
        ("K 6.9 mmol/L", FactKind.LABORATORY, "Potassium 6.9", Assertion.ABSENT),
        ("BP 82/40", FactKind.VITAL_SIGN, "BP 82/40 last month, now normal", Assertion.PRESENT),
        ("She has melaena.", FactKind.RED_FLAG, "Her father had melaena", Assertion.PRESENT),
        ("She has melaena.", FactKind.RED_FLAG, "Melaena last year, none now", Assertion.PRESENT),
        (
            "He underwent appendicectomy on 3 May.",
            FactKind.PROCEDURE,
            "Appendicectomy was not performed",
            Assertion.PRESENT,
        ),
        (
            "Urine culture pending.",
            FactKind.PENDING_RESULT,
            "No results pending; urine culture negative",
            Assertion.PRESENT,
        ),
        (
            "PC: headache. No photophobia.",
            FactKind.PERTINENT_NEGATIVE,
            "No headache; photophobia present",
            Assertion.PRESENT,
        ),
        (
            "Plan: Increase ramipril to 10 mg.",
            FactKind.MEDICATION_CHANGED,
            "Ramipril reduced to 10 mg",
            Assertion.PRESENT,
        ),
        (
            "Plan: Increase ramipril to 10 mg.",
            FactKind.MEDICATION_CHANGED,
            "Ramipril not increased",
            Assertion.PRESENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Patient declined apixaban.",
            Assertion.PRESENT,
        ),
        (
            "Plan: stop ibuprofen and start paracetamol 1 g QDS.",
            FactKind.MEDICATION_STOPPED,
            "Ibuprofen 400 mg continues; paracetamol stopped.",
            Assertion.PRESENT,
        ),
        (
            "Allergies: penicillin (anaphylaxis)",
            FactKind.ALLERGY,
            "Her mother is allergic to penicillin.",
            Assertion.PRESENT,
        ),
        ("Hb 65 g/L", FactKind.LABORATORY, "Hb 65 two years ago", Assertion.PRESENT),
        ("He has suicidal thoughts.", FactKind.RED_FLAG, "History of suicidal ideation", Assertion.PRESENT),
        (
            "He underwent appendicectomy on 3 May.",
            FactKind.PROCEDURE,
            "Declined appendicectomy",
            Assertion.PRESENT,
        ),
        (
            "Follow-up:\n- Cardiology clinic in 6 weeks",
            FactKind.FOLLOW_UP,
            "Cardiology follow-up in 6 months",
            Assertion.PRESENT,
        ),
        (
            "Follow-up:\n- Cardiology clinic in 6 weeks",
            FactKind.FOLLOW_UP,
            "No cardiology follow-up",
            Assertion.PRESENT,
        ),
    ],
)
def test_no_claim_carries_a_fact_that_it_turns_round(
    text: str, kind: FactKind, claim: str, assertion: Assertion
) -> None:
    assert not _is_used(text, kind, claim, assertion)
    assert not _is_used(text, kind, claim, assertion, is_cited=False)


@pytest.mark.parametrize(
    ("text", "kind", "claim", "assertion"),
    [
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Started on apixaban 5 mg BD, warfarin stopped.",
            Assertion.PRESENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Warfarin was switched to apixaban 5 mg twice daily.",
            Assertion.PRESENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "New anticoagulation: apixaban 5 mg bid, no bleeding.",
            Assertion.PRESENT,
        ),
        (
            "Plan: hold metformin.",
            FactKind.MEDICATION_STOPPED,
            "Metformin not to be taken for now.",
            Assertion.PRESENT,
        ),
        ("Plan: hold metformin.", FactKind.MEDICATION_STOPPED, "Metformin is on hold.", Assertion.PRESENT),
        ("Plan: hold metformin.", FactKind.MEDICATION_STOPPED, "Metformin 500 mg", Assertion.ABSENT),
        (
            "Allergies: penicillin (rash)",
            FactKind.ALLERGY,
            "Penicillin allergy, no other known allergies.",
            Assertion.PRESENT,
        ),
        (
            "Allergies: penicillin (rash)",
            FactKind.ALLERGY,
            "Allergic to penicillin, which caused a rash; no anaphylaxis.",
            Assertion.PRESENT,
        ),
        ("NKDA", FactKind.ALLERGY, "No known drug allergies", Assertion.ABSENT),
        ("NKDA", FactKind.ALLERGY, "Drug allergies", Assertion.ABSENT),
        ("Code status: DNR.", FactKind.CODE_STATUS, "The patient is DNR, not full code.", Assertion.PRESENT),
        ("Code status: DNR.", FactKind.CODE_STATUS, "Do not resuscitate.", Assertion.PRESENT),
        ("Code status: full code.", FactKind.CODE_STATUS, "For full resuscitation", Assertion.PRESENT),
        ("Code status: full code.", FactKind.CODE_STATUS, "Patient is full code.", Assertion.PRESENT),
        ("DNACPR in place.", FactKind.CODE_STATUS, "Not for CPR", Assertion.PRESENT),
        ("DNACPR in place.", FactKind.CODE_STATUS, "Not for resuscitation.", Assertion.PRESENT),
        (
            "Medications:\n- Metoprolol 50 mg BD",
            FactKind.MEDICATION,
            "Metoprolol 50 mg BD, not missed any doses",
            Assertion.PRESENT,
        ),
        ("K 6.9 mmol/L", FactKind.LABORATORY, "Potassium 6.9, no ECG changes", Assertion.PRESENT),
        ("K 6.9 mmol/L", FactKind.LABORATORY, "Hyperkalaemia with potassium 6.9", Assertion.PRESENT),
        (
            "K 6.9 mmol/L",
            FactKind.LABORATORY,
            "Potassium rose to 6.9 from normal last year",
            Assertion.PRESENT,
        ),
        (
            "She has melaena.",
            FactKind.RED_FLAG,
            "Reports black tarry stools, no haematemesis",
            Assertion.PRESENT,
        ),
        ("Urine culture pending.", FactKind.PENDING_RESULT, "Urine culture not yet back", Assertion.PRESENT),
        ("Plan:\n1. Review in 2/52", FactKind.FOLLOW_UP, "Review in two weeks", Assertion.PRESENT),
        (
            "Imp: gastroenteritis",
            FactKind.DIAGNOSIS,
            "Acute gastroenteritis without dehydration",
            Assertion.PRESENT,
        ),
        (
            "PC: headache. No photophobia.",
            FactKind.PERTINENT_NEGATIVE,
            "Headache without photophobia",
            Assertion.PRESENT,
        ),
        (
            "Plan: Increase ramipril to 10 mg.",
            FactKind.MEDICATION_CHANGED,
            "Ramipril increased to 10 mg",
            Assertion.PRESENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Commenced Eliquis 5 mg BD after the bleed was ruled out.",
            Assertion.PRESENT,
        ),
        (
            "Plan: start apixaban 5 mg BD.",
            FactKind.MEDICATION_STARTED,
            "Aspirin was stopped and apixaban 5 mg BD was started.",
            Assertion.PRESENT,
        ),
        (
            "Plan: stop ibuprofen and start paracetamol 1 g QDS.",
            FactKind.MEDICATION_STOPPED,
            "Ibuprofen was replaced with paracetamol.",
            Assertion.PRESENT,
        ),
        (
            "Plan: stop ibuprofen and start paracetamol 1 g QDS.",
            FactKind.MEDICATION_STOPPED,
            "Ibuprofen to be avoided.",
            Assertion.PRESENT,
        ),
        (
            "Plan: stop ibuprofen and start paracetamol 1 g QDS.",
            FactKind.MEDICATION_STOPPED,
            "Avoid ibuprofen.",
            Assertion.PRESENT,
        ),
        (
            "Plan: stop ibuprofen and start paracetamol 1 g QDS.",
            FactKind.MEDICATION_STOPPED,
            "Paracetamol 1 g QDS started in place of ibuprofen, which was stopped.",
            Assertion.PRESENT,
        ),
        (
            "Warfarin held for INR 9.",
            FactKind.MEDICATION_STOPPED,
            "Warfarin is being held.",
            Assertion.PRESENT,
        ),
        (
            "Warfarin held for INR 9.",
            FactKind.MEDICATION_STOPPED,
            "Warfarin was temporarily withheld because of a high INR.",
            Assertion.PRESENT,
        ),
        (
            "Warfarin held for INR 9.",
            FactKind.MEDICATION_STOPPED,
            "Warfarin discontinued",
            Assertion.HISTORICAL,
        ),
        (
            "Medications:\n- Furosemide 40 mg daily",
            FactKind.MEDICATION,
            "Takes furosemide 40 mg once daily and denies side effects.",
            Assertion.PRESENT,
        ),
        (
            "Plan: prednisolone 30 mg OD for 5 days then stop.",
            FactKind.MEDICATION,
            "Prednisolone 30 mg daily for 5 days, then stop.",
            Assertion.PRESENT,
        ),
        (
            "Plan: start prednisolone 30 mg OD for 5 days then stop.",
            FactKind.MEDICATION_STARTED,
            "Prednisolone 30 mg daily for 5 days started.",
            Assertion.PRESENT,
        ),
        (
            "Allergies: penicillin (anaphylaxis)",
            FactKind.ALLERGY,
            "Severe penicillin allergy with anaphylaxis.",
            Assertion.PRESENT,
        ),
        (
            "Allergies: penicillin (anaphylaxis)",
            FactKind.ALLERGY,
            "Penicillin anaphylaxis",
            Assertion.PRESENT,
        ),
        ("NKDA", FactKind.ALLERGY, "Denies any drug allergies.", Assertion.PRESENT),
        ("Hb 65 g/L", FactKind.LABORATORY, "Severe anaemia with haemoglobin 65", Assertion.PRESENT),
        ("Hb 65 g/L", FactKind.LABORATORY, "Hb fell from 120 to 65", Assertion.PRESENT),
        ("SpO2 84% on air", FactKind.VITAL_SIGN, "Hypoxic at 84% on room air", Assertion.PRESENT),
        (
            "He has suicidal thoughts.",
            FactKind.RED_FLAG,
            "Endorses suicidal ideation without intent",
            Assertion.PRESENT,
        ),
        (
            "3-day history of haematemesis.",
            FactKind.RED_FLAG,
            "Three days of vomiting blood",
            Assertion.PRESENT,
        ),
        (
            "3-day history of haematemesis.",
            FactKind.RED_FLAG,
            "3-day history of haematemesis, no melaena",
            Assertion.PRESENT,
        ),
        (
            "He underwent appendicectomy on 3 May.",
            FactKind.PROCEDURE,
            "Underwent laparoscopic appendectomy on 3 May without complications",
            Assertion.PRESENT,
        ),
        (
            "Follow-up:\n- Cardiology clinic in 6 weeks",
            FactKind.FOLLOW_UP,
            "Cardiology follow-up in six weeks",
            Assertion.PRESENT,
        ),
        (
            "Follow-up:\n- Cardiology clinic in 6 weeks",
            FactKind.FOLLOW_UP,
            "Cardiology follow-up in 6/52",
            Assertion.PRESENT,
        ),
        (
            "Blood cultures pending at discharge.",
            FactKind.PENDING_RESULT,
            "Blood culture results awaited at discharge",
            Assertion.PRESENT,
        ),
        (
            "Not for CPR. For ward-based care.",
            FactKind.CODE_STATUS,
            "DNACPR, ward-level care only",
            Assertion.PRESENT,
        ),
        ("Full code.", FactKind.CODE_STATUS, "No DNR order; full code", Assertion.PRESENT),
    ],
)
def test_a_true_paraphrase_carries_its_fact(
    text: str, kind: FactKind, claim: str, assertion: Assertion
) -> None:
    assert _is_used(text, kind, claim, assertion)
