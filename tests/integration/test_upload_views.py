"""Uploading files and pasted text, each with its own outcome."""

import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clinical.models import (
    AuditEvent,
    Document,
    Note,
    Patient,
    Summary,
    User,
)
from tests.factories import (
    NOTE,
    make_clinician,
    make_note,
    make_patient,
    run_jobs,
)


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician()


@pytest.fixture
def browser(clinician: User) -> Client:
    client = Client()
    client.force_login(clinician)
    return client


@pytest.fixture
def patient(clinician: User) -> Patient:
    return make_patient(clinician)


def a_file(name: str = "note.txt", content: bytes = NOTE.encode()) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def upload(browser: Client, patient: Patient, *files: SimpleUploadedFile, **fields: str) -> Any:
    sent = {"note_type": "discharge", "note_date": "2026-11-01", "text": "", **fields}
    return browser.post(reverse("document_upload", args=[patient.pk]), {**sent, "documents": list(files)})


def look(browser: Client, document: Document) -> str:
    response = browser.get(reverse("document", args=[document.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_one_file_leads_to_its_document(browser: Client, patient: Patient) -> None:
    response = upload(browser, patient, a_file())

    document = Document.objects.get(patient=patient)
    assert (response.status_code, response.url) == (302, reverse("document", args=[document.pk]))
    assert document.content == NOTE.encode()
    assert (document.filename, document.note_type) == ("note.txt", "discharge")
    assert document.note_date == datetime.date(2026, 11, 1)


def test_pasted_text_is_kept_as_a_utf_8_file(browser: Client, patient: Patient) -> None:
    upload(browser, patient, text="Beurteilung:\nGrüße, 37,5 °C.\n")

    document = Document.objects.get()
    assert document.filename == "pasted.txt"
    assert document.content.decode().replace("\r\n", "\n") == "Beurteilung:\nGrüße, 37,5 °C.\n"


def test_each_refused_file_says_why_and_the_others_are_kept(browser: Client, patient: Patient) -> None:
    response = upload(
        browser,
        patient,
        a_file(),
        a_file("picture.png", b"\x89PNG\r\n"),
        a_file("empty.txt", b""),
        a_file("letter.pdf", b"This is not a PDF."),
    )

    assert response.status_code == 200
    outcomes = {one.filename: one for one in response.context["sent"]}
    assert outcomes["note.txt"].document == Document.objects.get()
    assert outcomes["note.txt"].refusal == ""
    sentences = [outcomes[name].refusal for name in ("picture.png", "empty.txt", "letter.pdf")]
    assert len(set(sentences)) == 3
    page = response.content.decode()
    assert all(sentence and sentence in page for sentence in sentences)


def test_when_every_file_is_refused_the_form_keeps_what_was_typed(browser: Client, patient: Patient) -> None:
    response = upload(browser, patient, a_file("picture.png", b"\x89PNG\r\n"), note_type="consult")

    assert response.status_code == 422
    assert not Document.objects.exists()
    page = response.content.decode()
    assert '<option value="consult" selected>' in page
    assert 'value="2026-11-01"' in page


def test_the_same_bytes_lead_to_the_document_that_is_here_already(browser: Client, patient: Patient) -> None:
    upload(browser, patient, a_file())

    response = browser.get(upload(browser, patient, a_file("again.txt")).url)

    assert Document.objects.count() == 1
    assert "it is not stored twice" in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose at least one file, or paste the text."),
        ({"text": "   \n"}, "Choose at least one file, or paste the text."),
        ({"text": "A note.", "note_type": ""}, "Choose what kind of note it is."),
        ({"text": "A note.", "note_date": ""}, "Give the date of the note."),
        ({"text": "A note.", "note_date": "2999-01-01"}, "This day is still to come."),
    ],
)
def test_an_upload_says_what_is_missing_beside_its_field(
    browser: Client, patient: Patient, fields: dict[str, str], sentence: str
) -> None:
    response = upload(browser, patient, **fields)

    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    assert fields.get("text", "").strip() in page
    assert not Document.objects.exists()


def test_a_request_past_the_limit_is_refused_whole(browser: Client, patient: Patient, settings: Any) -> None:
    settings.UPLOAD_REQUEST_BYTES = settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2000

    response = upload(browser, patient, a_file(content=b"x" * 3000))

    assert response.status_code == 413
    assert "larger than 120 MB together" in response.content.decode()
    assert not Document.objects.exists()


def test_a_correcting_note_supersedes_the_earlier_one(
    browser: Client, clinician: User, patient: Patient
) -> None:
    earlier = make_note(clinician, patient)

    sent = upload(browser, patient, a_file(content=b"Assessment:\nCorrected.\n"), supersedes=str(earlier.pk))
    browser.get(sent.url)
    run_jobs()

    later = Note.objects.get(supersedes=earlier)
    assert "Corrected by a newer note" in look(browser, earlier.document)
    assert reverse("document", args=[earlier.document_id]) in look(browser, later.document)


def test_a_correcting_note_comes_alone_and_corrects_this_patients(
    browser: Client, clinician: User, patient: Patient
) -> None:
    earlier, others = make_note(clinician, patient), make_note(clinician, text="Plan:\nRest.\n")

    two = upload(browser, patient, a_file("a.txt"), a_file("b.txt", b"B."), supersedes=str(earlier.pk))
    foreign = upload(browser, patient, a_file("c.txt", b"C."), supersedes=str(others.pk))

    assert "Send the correcting note alone." in two.content.decode()
    assert (two.status_code, foreign.status_code) == (422, 422)
    assert Document.objects.count() == 2


def test_a_draft_that_is_there_before_the_page_is_loaded_is_led_on_to_once(
    browser: Client, patient: Patient
) -> None:
    sent = upload(browser, patient, a_file())
    run_jobs()

    led = browser.get(sent.url)

    assert led.url == reverse("summary", args=[Summary.objects.get().pk])
    assert "A draft is ready for review" in look(browser, Document.objects.get())


def test_a_file_that_is_known_already_leads_to_its_document_and_no_further(
    browser: Client, clinician: User, patient: Patient
) -> None:
    make_note(clinician, patient, text="Plan:\nRest.\n")

    sent = upload(browser, patient, a_file(content=b"Plan:\nRest.\n"))

    assert browser.get(sent.url).status_code == 200


def test_an_upload_for_another_teams_patient_is_not_found_and_audited(browser: Client) -> None:
    patient = make_patient(make_clinician())

    response = upload(browser, patient, a_file())

    assert response.status_code == 404
    assert AuditEvent.objects.filter(outcome="denied", patient_id=patient.pk).exists()
    assert not Document.objects.exists()


def test_an_upload_opens_the_patients_page_no_second_time(browser: Client, patient: Patient) -> None:
    browser.get(f"/patients/{patient.pk}/")
    upload(browser, patient, a_file(), a_file("b.txt", b"Plan:\nRest.\n"))

    assert AuditEvent.objects.filter(type="patient_opened").count() == 1
    assert AuditEvent.objects.filter(type="document_uploaded").count() == 2


def test_messages_never_hold_a_file_name(browser: Client, patient: Patient) -> None:
    upload(browser, patient, a_file("Walter Nobody.txt"))
    response = upload(browser, patient, a_file("Walter Nobody.txt"))

    assert "Walter" not in response.cookies.output()


def test_a_form_without_its_token_is_refused_in_our_own_words(clinician: User, patient: Patient) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clinician)

    response = upload(strict, patient, a_file())

    assert response.status_code == 403
    assert "This page was open for too long" in response.content.decode()
    assert not Document.objects.exists()
