"""What a reader is told before the claims of a summary, on the page, on paper and in copied text."""

from django.test import Client
from django.urls import reverse

from clinical.actions import documents, summaries
from clinical.models import Summary, User
from tests.factories import NOTE, make_clinician, make_document, make_patient, make_summary, run_jobs

REACTED = NOTE.replace("Penicillin (rash)", "Penicillin (anaphylaxis 2019)")
NONE_KNOWN = NOTE.replace("Penicillin (rash).", "NKDA.")


def cautions_of(clinician: User, summary: Summary) -> list[str]:
    """The titles of a summary's cautions."""
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    return [caution.title for caution in page.cautions]


def test_none_known_against_an_allergy_in_another_note_is_said_before_the_claims(db: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)
    recorded = make_summary(clinician, patient, text=REACTED)
    later = make_summary(clinician, patient, text=NONE_KNOWN)

    assert cautions_of(clinician, later) == ["Another note of this patient records an allergy"]
    page = summaries.open_summary(by=clinician, summary_id=later.pk)
    assert "anaphylaxis 2019" in page.cautions[0].sentence
    assert cautions_of(clinician, recorded) == []


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
    for answer in (browser.get(page), browser.get(paper), copied):
        text = answer.content.decode()
        assert "The source names another patient" in text
        assert "Maiden name." in text
