"""Patients: found by POST, registered once, opened, shared."""

import datetime
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.actions import documents, patients, reviews
from clinical.models import AuditEvent, CareTeam, Membership, Patient, PatientTeam, User
from tests.factories import (
    make_clinician,
    make_document,
    make_note,
    make_patient,
    make_summary,
    make_team,
    run_jobs,
    team_of,
)


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician()


@pytest.fixture
def browser(clinician: User) -> Client:
    client = Client()
    client.force_login(clinician)
    return client


def find(browser: Client, query: str, **headers: str) -> str:
    response = browser.post(reverse("patients"), {"query": query}, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def wanted(team: CareTeam, **fields: object) -> dict[str, object]:
    """What the form of a new patient sends."""
    return {
        "mrn": "EP-4711",
        "given_name": "Nora",
        "family_name": "Newcome",
        "birth_date": "1971-05-06",
        "sex": "female",
        "team": str(team.pk),
        **fields,
    }


@pytest.mark.parametrize("query", ["EP-31", "ep 31", "ada", "Lovelaceton Ada", "lovelacetón"])
def test_a_patient_is_found_by_mrn_or_words_of_the_name(browser: Client, clinician: User, query: str) -> None:
    patient = make_patient(clinician, mrn="EP-31", given_name="Ada", family_name="Lovelaceton")

    assert reverse("patient", args=[patient.pk]) in find(browser, query)


@pytest.mark.parametrize("query", ["EP-3", "Love", "Ada Byron"])
def test_parts_of_an_mrn_or_a_word_find_nobody(browser: Client, clinician: User, query: str) -> None:
    make_patient(clinician, mrn="EP-31", given_name="Ada", family_name="Lovelaceton")

    assert "No patient of your care teams matches" in find(browser, query)


def test_a_search_never_shows_another_teams_patient(browser: Client) -> None:
    make_patient(make_clinician(), mrn="EP-31", family_name="Elsewhere")

    assert "No patient of your care teams matches" in find(browser, "Elsewhere")


def test_a_search_is_audited_with_those_shown_and_without_the_query(browser: Client, clinician: User) -> None:
    patient = make_patient(clinician, family_name="Lovelaceton")

    find(browser, "Lovelaceton")

    event = AuditEvent.objects.get(type="patients_searched")
    assert event.detail == {"patients": [str(patient.pk)]}


def test_a_query_in_the_address_finds_nobody(browser: Client, clinician: User) -> None:
    patient = make_patient(clinician, family_name="Lovelaceton")

    page = browser.get(reverse("patients"), {"query": "Lovelaceton"}).content.decode()

    assert reverse("patient", args=[patient.pk]) not in page


def test_htmx_gets_the_fragment_that_the_page_includes(browser: Client, clinician: User) -> None:
    make_patient(clinician, family_name="Lovelaceton")
    page, fragment = find(browser, "Lovelaceton"), find(browser, "Lovelaceton", **{"HX-Request": "true"})

    def plain(html: str) -> str:
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html).strip()

    assert "<html" not in fragment
    assert plain(fragment) in plain(page)


def test_what_was_searched_for_begins_the_new_patient_without_standing_in_an_address(
    browser: Client,
) -> None:
    by_mrn = browser.post(reverse("patient_new"), {"query": "EP-99"})
    by_name = browser.post(reverse("patient_new"), {"query": "Ann Mary Newcome"})
    turned = browser.post(reverse("patient_new"), {"query": "Newcome, Ann"})

    assert by_mrn.context["form"].initial == {"mrn": "EP-99"}
    assert by_name.context["form"].initial == {"given_name": "Ann Mary", "family_name": "Newcome"}
    assert turned.context["form"].initial == {"given_name": "Ann", "family_name": "Newcome"}
    assert not Patient.objects.exists()


def test_a_new_patient_opens_on_its_page_whose_title_names_nobody(browser: Client, clinician: User) -> None:
    response = browser.post(reverse("patient_new"), wanted(team_of(clinician)), follow=True)

    page = response.content.decode()
    assert "NEWCOME, Nora" in page
    assert "6 May 1971" in page
    title = re.search(r"<title>(.*)</title>", page, re.S)
    assert title is not None
    assert "NEWCOME" not in title[1].upper()
    assert "EP-4711" not in title[1]
    assert "EP-4711" not in response.redirect_chain[-1][0]


def test_an_mrn_of_the_team_leads_to_its_patient_and_keeps_what_was_typed(
    browser: Client, clinician: User
) -> None:
    known = make_patient(clinician, mrn="EP 4711")

    response = browser.post(reverse("patient_new"), wanted(team_of(clinician)))

    assert response.status_code == 409
    page = response.content.decode()
    assert reverse("patient", args=[known.pk]) in page
    assert "Newcome" in page


def test_an_mrn_of_another_team_is_refused_without_saying_whose(browser: Client, clinician: User) -> None:
    known = make_patient(make_clinician(), mrn="EP-4711", family_name="Elsewhere")

    response = browser.post(reverse("patient_new"), wanted(team_of(clinician)))

    assert response.status_code == 409
    page = response.content.decode()
    assert "another care team" in page
    assert str(known.pk) not in page
    assert "Elsewhere" not in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mrn": " "}, "Type the MRN."),
        ({"mrn": "--"}, "An MRN has letters or digits."),
        ({"family_name": ""}, "Type the family name."),
        ({"birth_date": "2999-01-01"}, "This day is still to come."),
        ({"birth_date": "1061-02-03"}, "Check the year."),
        ({"sex": ""}, "Choose one"),
    ],
)
def test_each_field_says_what_is_wrong_with_it(
    browser: Client, clinician: User, fields: dict[str, str], sentence: str
) -> None:
    response = browser.post(reverse("patient_new"), wanted(team_of(clinician), **fields))

    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    (field,) = fields
    assert f'id="id_{field}_error"' in page
    control = re.search(rf'<[^>]* name="{field}"[^>]*>', page)
    assert control is not None
    assert f"id_{field}_error" in control[0]
    assert not Patient.objects.exists()


def test_a_patient_cannot_be_registered_in_a_team_of_others(browser: Client, clinician: User) -> None:
    response = browser.post(reverse("patient_new"), wanted(make_team()))

    assert response.status_code == 422
    assert not Patient.objects.exists()


def test_a_member_of_two_teams_chooses_one(browser: Client, clinician: User) -> None:
    second = make_team("Second team")
    Membership.objects.create(user=clinician, team=second)
    undecided = browser.post(reverse("patient_new"), wanted(second) | {"team": ""})
    assert "Choose the care team." in undecided.content.decode()

    browser.post(reverse("patient_new"), wanted(second))

    assert PatientTeam.objects.get().team == second


def test_a_clinician_in_no_team_is_told_whom_to_ask(browser: Client, clinician: User) -> None:
    Membership.objects.filter(user=clinician).update(ended_at=timezone.now())

    assert "You are in no care team" in browser.get(reverse("patient_new")).content.decode()


def test_a_namesake_is_warned_of(browser: Client, clinician: User) -> None:
    first = make_patient(clinician, given_name="Ida", family_name="Twin")
    assert "has the same name" not in browser.get(reverse("patient", args=[first.pk])).content.decode()

    make_patient(clinician, given_name="Ida", family_name="Twin", birth_date=datetime.date(1980, 1, 1))

    assert "has the same name" in browser.get(reverse("patient", args=[first.pk])).content.decode()


def test_each_document_stands_with_its_state(browser: Client, clinician: User) -> None:
    patient = make_patient(clinician)
    ready = make_summary(clinician, patient, text="Assessment:\nCough for two days.\n")
    signed = make_summary(clinician, patient, text="Assessment:\nFever for two days.\n")
    reviews.sign(by=clinician, summary_id=signed.pk, version=0)
    corrected = make_note(clinician, patient, text="Assessment:\nRash for two days.\n")
    make_note(clinician, patient, text="Assessment:\nRash for three days.\n", supersedes_id=corrected.pk)
    gone = make_note(clinician, patient, text="Assessment:\nPain for two days.\n")
    documents.withdraw(by=clinician, document_id=gone.document_id, reason="Wrong file.")
    make_document(clinician, patient, text="Patient: Walter Nobody\nMRN: EP-555555\n\nPlan:\nRest.\n")
    make_document(clinician, patient, content=b"%PDF-1.4\n%%EOF", filename="letter.pdf")
    run_jobs()
    make_document(clinician, patient, text="Assessment:\nCramp for two days.\n")

    page = patients.open_patient(by=clinician, patient_id=patient.pk)
    html = browser.get(reverse("patient", args=[patient.pk])).content.decode()

    assert sorted(line.state for line in page.documents) == [
        "failed",
        "in_doubt",
        "in_work",
        "ready",
        "ready",
        "ready",
        "signed",
        "withdrawn",
    ]
    assert [line.document.note.pk for line in page.documents if line.is_superseded] == [corrected.pk]
    assert reverse("summary", args=[ready.pk]) in html
    for words in ("Entered in error", "Wrong patient?", "Could not be done", "Corrected by a newer note"):
        assert words in html


def test_a_patient_of_another_team_is_not_found_and_the_try_is_audited(browser: Client) -> None:
    patient = make_patient(make_clinician())

    response = browser.get(reverse("patient", args=[patient.pk]))

    assert response.status_code == 404
    assert patient.name not in response.content.decode()
    event = AuditEvent.objects.filter(outcome="denied").get()
    assert event.patient_id == patient.pk


def test_a_shared_patient_is_seen_by_the_other_team(browser: Client, clinician: User) -> None:
    patient = make_patient(clinician)
    colleague = make_clinician()

    response = browser.post(
        reverse("patient_share", args=[patient.pk]), {"team": str(team_of(colleague).pk)}, follow=True
    )

    assert "sees this patient now" in response.content.decode()
    assert Patient.objects.visible_to(colleague).get() == patient


def test_sharing_names_a_team(browser: Client, clinician: User) -> None:
    make_team()
    patient = make_patient(clinician)

    response = browser.post(reverse("patient_share", args=[patient.pk]), {"team": ""})

    assert response.status_code == 422
    assert "Choose the care team." in response.content.decode()


def test_the_patients_page_costs_the_same_queries_at_1_and_20_documents(
    browser: Client, clinician: User
) -> None:
    patient = make_patient(clinician)
    make_summary(clinician, patient, text="Assessment:\nCough for 1 day.\n")
    address = reverse("patient", args=[patient.pk])
    browser.get(address)
    with CaptureQueriesContext(connection) as one:
        browser.get(address)
    for n in range(2, 21):
        make_summary(clinician, patient, text=f"Assessment:\nCough for {n} days.\n")
    with CaptureQueriesContext(connection) as twenty:
        browser.get(address)

    assert len(twenty) == len(one)
