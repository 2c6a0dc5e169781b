"""Drafts of one note side by side: listed, told apart, offered, compared. Nothing swaps under a reader."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinical.actions import comparisons, documents, reviews
from clinical.actions.review_pages import ReviewPage
from clinical.models import AuditEvent, Summary, User
from tests.drafts import (
    BETTER,
    DOUBTED,
    TEXT,
    WRONG_DOSE,
    again,
    answer,
    begin_draft,
    claim,
    end_draft,
    note_of,
    page_of,
    target_of,
)
from tests.factories import make_clinician, make_summary

HTMX = {"HX-Request": "true"}
Play = Callable[..., None]


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def browser(clinician: User) -> Client:
    return browser_of(clinician)


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def target_in(page: ReviewPage, words: str) -> uuid.UUID:
    return uuid.UUID(target_of(page, words))


def body(response: HttpResponse) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def compared(browser: Client, one: Summary, other: Summary) -> HttpResponse:
    return browser.get(reverse("summary_compare", args=[one.pk, other.pk]))


@pytest.fixture
def two(clinician: User, script: Play) -> tuple[Summary, Summary]:
    """Two generated drafts of one note; the first doubts a dose."""
    script(answer(*DOUBTED), answer(*BETTER))
    older = make_summary(clinician, text=TEXT)
    return older, again(clinician, older)


def test_a_comparison_pairs_the_claims_and_marks_what_differs(
    browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two

    html = body(compared(browser, older, newer))

    assert "Metoprolol <del>100</del> mg twice daily" in html
    assert "Metoprolol <ins>50</ins> mg twice daily" in html
    assert "Number or dose" in html
    assert "3 claims the same, 1 changed, 2 only in the older, 1 only in the newer." in html
    assert "&lt;" in html
    assert "<b>" not in html
    assert html.count("AI draft, not signed") >= 4  # heads both columns, and stands on paper for both
    assert "batching on a GPU can change a regeneration" in html
    for summary in two:
        assert summary.model_version.prompt_digest[:12] in html
    headings = re.findall(r"<h2>(.*?)</h2>", html)
    assert headings == [
        h for h in ("Reason", "Problems", "Allergies", "Medication", "Plan and follow-up") if h in headings
    ]
    assert len(headings) == 5


def test_an_allergy_or_medication_in_one_draft_only_is_grave_and_counted_first(
    browser: Client, clinician: User, script: Play
) -> None:
    allergies = [claim("Penicillin (rash)", "allergy", 5), claim("Allergic to latex", "allergy", 6)]
    script(
        answer(*allergies, claim("Aspirin 81 mg daily", "medication", 8)),
        answer(claim("Metoprolol 50 mg twice daily", "medication", 7), claim("Chest pain", "reason", 3)),
    )
    older = make_summary(clinician, text=TEXT)
    newer = again(clinician, older)

    html = body(compared(browser, older, newer))

    words = "Missing in the newer: 2 allergies, 1 medication. Missing in the older: 1 medication."
    assert words in html
    assert html.index(words) < html.index("0 claims the same")
    assert "4 grave differences" in html
    assert html.count('class="pair is-older is-grave"') == 3
    assert html.count('class="pair is-newer is-grave"') == 1
    assert html.count('class="pair is-newer"') == 1


def test_a_rejected_allergy_of_one_draft_is_not_missing_in_the_other(
    clinician: User, two: tuple[Summary, Summary]
) -> None:
    older, newer = two
    assert dict(comparisons.compare(by=clinician, summary_id=older.pk, other_id=newer.pk).missing) == {
        "newer": "1 allergy"
    }
    target = target_in(page_of(clinician, older), "Penicillin")

    reviews.decide(by=clinician, summary_id=older.pk, version=0, target=target, verb="reject")

    assert comparisons.compare(by=clinician, summary_id=older.pk, other_id=newer.pk).missing == ()


def test_a_comparison_lays_the_older_first_whichever_is_named_first(
    clinician: User, two: tuple[Summary, Summary]
) -> None:
    older, newer = two

    for one, other in (two, two[::-1]):
        found = comparisons.compare(by=clinician, summary_id=one.pk, other_id=other.pk)
        assert (found.older.summary.pk, found.newer.summary.pk) == (older.pk, newer.pk)


def test_a_reviewers_decisions_on_the_older_draft_are_not_lost(
    clinician: User, browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two
    page = page_of(clinician, older)
    given: dict[str, Any] = {"by": clinician, "summary_id": older.pk}
    reviews.decide(
        **given,
        version=0,
        target=target_in(page, WRONG_DOSE),
        verb="edit",
        text="Metoprolol 50 mg twice daily",
        category="medication",
        assertion="present",
        evidence=[7],
        reason="Wrong dose.",
    )
    reviews.decide(
        **given, version=1, target=target_in(page, "Penicillin"), verb="reject", reason="Not hers."
    )

    html = body(compared(browser, older, newer))

    assert f"Draft said: <q>{WRONG_DOSE}</q>" in html
    assert "Edited</strong> by Dr Ada Invented" in html
    assert "Rejected</strong> by Dr Ada Invented" in html
    assert "Not hers." in html
    assert "4 claims the same, 0 changed" in html


def test_a_comparison_is_one_event_that_names_both(
    clinician: User, browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two

    compared(browser, older, newer)

    event = AuditEvent.objects.get(type="summaries_compared")
    assert (event.outcome, event.object_id, event.patient_id) == ("success", older.pk, older.patient_id)
    assert event.detail == {"summaries": [str(older.pk), str(newer.pk)]}


def test_only_two_drafts_of_one_visible_note_can_be_compared(
    clinician: User, browser: Client, two: tuple[Summary, Summary], script: Play
) -> None:
    older, newer = two
    script(answer(*BETTER))
    elsewhere = make_summary(clinician, text=TEXT)
    stranger = make_clinician()

    assert compared(browser, older, older).status_code == 404
    assert compared(browser, older, elsewhere).status_code == 404
    assert browser.get(reverse("summary_compare", args=[older.pk, uuid.uuid4()])).status_code == 404
    assert compared(browser_of(stranger), older, newer).status_code == 404
    denial = AuditEvent.objects.get(type="summaries_compared", actor=stranger.username)
    assert (denial.outcome, denial.object_id) == ("denied", older.pk)


def test_a_draft_that_is_not_complete_or_whose_note_is_withdrawn_is_not_compared(
    clinician: User, browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two
    draft = begin_draft(note_of(older), clinician)
    assert compared(browser, older, draft).status_code == 409
    end_draft(draft, Summary.Status.ABANDONED, "unreachable")
    assert compared(browser, older, draft).status_code == 409

    documents.withdraw(by=clinician, document_id=note_of(older).document_id, reason="Another patient's.")

    refused = compared(browser, older, newer)
    assert refused.status_code == 409
    assert "Metoprolol" not in refused.content.decode()
