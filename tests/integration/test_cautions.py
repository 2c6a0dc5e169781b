"""What a reader is told before the claims of a summary, on the page, on paper and in copied text."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinical.actions import documents, reviews, summaries
from clinical.actions.reviewed_claims import ReviewedClaim
from clinical.models import Summary, User
from tests.drafts import answer, claim, page_of
from tests.factories import NOTE, make_clinician, make_document, make_patient, make_summary, run_jobs

REACTED = NOTE.replace("Penicillin (rash)", "Penicillin (anaphylaxis 2019)")
NONE_KNOWN = NOTE.replace("Penicillin (rash).", "NKDA.")


def cautions_of(clinician: User, summary: Summary) -> list[str]:
    """The titles of a summary's cautions."""
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    return [caution.title for caution in page.cautions]


RECORDED = "Another note of this patient records an allergy"
MAY_RECORD = "Another note of this patient may record an allergy"


def first_allergy(clinician: User, summary: Summary) -> ReviewedClaim:
    page = page_of(clinician, summary)
    return next(found for found in page.claims if found.category == "allergy")


def two_notes(clinician: User) -> tuple[Summary, Summary]:
    """A note that records an allergy, and a later one of the same patient that knows of none."""
    patient = make_patient(clinician)
    recorded = make_summary(clinician, patient, text=REACTED, note_date=datetime.date(2026, 3, 4))
    return recorded, make_summary(clinician, patient, text=NONE_KNOWN)


def test_none_known_against_an_undecided_claim_of_another_note_is_said_as_a_draft(db: None) -> None:
    clinician = make_clinician()
    recorded, later = two_notes(clinician)

    assert cautions_of(clinician, later) == [MAY_RECORD]
    sentence = page_of(clinician, later).cautions[0].sentence
    assert sentence.startswith("A claim of this note says there is none known.")
    assert "An unsigned draft of another note (Discharge of 4 Mar 2026) has under allergies:" in sentence
    assert "anaphylaxis 2019" in sentence
    assert cautions_of(clinician, recorded) == []


@pytest.mark.parametrize("is_signed", [False, True])
def test_none_known_against_an_accepted_or_signed_claim_is_said_with_its_note(
    db: None, is_signed: bool
) -> None:
    clinician = make_clinician()
    recorded, later = two_notes(clinician)
    if is_signed:
        reviews.sign(by=clinician, summary_id=recorded.pk, version=0)
    else:
        target = first_allergy(clinician, recorded).target
        reviews.decide(by=clinician, summary_id=recorded.pk, version=0, target=target, verb="accept")

    assert cautions_of(clinician, later) == [RECORDED]
    sentence = page_of(clinician, later).cautions[0].sentence
    assert "Discharge of 4 Mar 2026: “" in sentence
    assert "anaphylaxis 2019" in sentence


def test_a_rejected_allergy_of_another_note_is_no_caution_until_it_is_taken_back(db: None) -> None:
    clinician = make_clinician()
    recorded, later = two_notes(clinician)
    target = first_allergy(clinician, recorded).target
    reviews.decide(by=clinician, summary_id=recorded.pk, version=0, target=target, verb="reject")
    assert cautions_of(clinician, later) == []

    reviews.undo(by=clinician, summary_id=recorded.pk, version=1, target=target)
    assert cautions_of(clinician, later) == [MAY_RECORD]


def test_an_allergy_the_checker_doubts_gravely_is_a_caution_only_once_somebody_vouched_for_it(
    db: None, script: Callable[..., None]
) -> None:
    clinician = make_clinician()
    script(answer(claim("Allergic to amoxicillin", "allergy", 7)), answer(claim("NKDA", "allergy", 5)))
    recorded, later = two_notes(clinician)
    doubted = first_allergy(clinician, recorded)
    assert doubted.is_critical
    assert cautions_of(clinician, later) == []

    reviews.decide(
        by=clinician,
        summary_id=recorded.pk,
        version=0,
        target=doubted.target,
        verb="accept",
        reason="Seen it.",
    )
    assert cautions_of(clinician, later) == [RECORDED]


@pytest.mark.parametrize("verb", ["add", "edit"])
def test_an_allergy_a_clinician_wrote_in_another_note_is_a_caution(db: None, verb: str) -> None:
    clinician = make_clinician()
    recorded, later = two_notes(clinician)
    target = first_allergy(clinician, recorded).target
    reviews.decide(by=clinician, summary_id=recorded.pk, version=0, target=target, verb="reject")
    wanted: dict[str, Any] = {"text": "Codeine: vomiting", "category": "allergy", "assertion": "present"}
    given: dict[str, Any] = {"by": clinician, "summary_id": recorded.pk, "version": 1, "reason": "Seen it."}
    if verb == "add":
        reviews.add(**given, **wanted)
    else:
        other = next(c for c in page_of(clinician, recorded).claims if c.category == "medication")
        reviews.decide(**given, **wanted, target=other.target, verb="edit")

    assert cautions_of(clinician, later) == [RECORDED]
    assert "Codeine: vomiting" in page_of(clinician, later).cautions[0].sentence


def test_an_allergy_in_a_note_entered_in_error_or_of_another_patient_is_no_caution(db: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)
    wrong = make_summary(clinician, patient, text=REACTED)
    make_summary(clinician, text=REACTED)
    later = make_summary(clinician, patient, text=NONE_KNOWN)
    document = wrong.sources.get().note.document
    documents.withdraw(by=clinician, document_id=document.pk, reason="Wrong patient.")

    assert cautions_of(clinician, later) == []


def test_a_confirmed_identity_stays_on_page_paper_and_copied_text(db: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician, mrn="EP-111111", given_name="Ida", family_name="Sample")
    document = make_document(clinician, patient, text="Patient: Otto Different\nMRN: EP-222222\n\n" + NOTE)
    run_jobs()
    browser = Client()
    browser.force_login(clinician)
    url = reverse("document_confirm", args=[document.pk])

    assert browser.post(url).status_code == 422
    assert browser.post(url, {"confirm-reason": "Maiden name.", "confirm-is_sure": "on"}).status_code == 302
    run_jobs()

    summary = Summary.objects.get(sources__note__document=document)
    page, paper, text = (
        reverse(name, args=[summary.pk]) for name in ("summary", "summary_print", "summary_text")
    )
    copied = browser.post(text, headers={"Accept": "text/plain"})
    for response in (browser.get(page), browser.get(paper), copied):
        text = response.content.decode()
        assert "The source names another patient" in text
        assert "Maiden name." in text
