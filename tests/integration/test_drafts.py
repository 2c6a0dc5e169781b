"""Drafts of one note side by side: listed, told apart, offered. Nothing swaps under a reader."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.actions import drafts, reviews, summaries
from clinical.actions.review_pages import ReviewPage
from clinical.models import AuditEvent, Job, Summary, User
from tests.drafts import (
    BETTER,
    DOUBTED,
    TEXT,
    again,
    answer,
    begin_draft,
    end_draft,
    leave_out,
    made_by,
    note_of,
    page_of,
    target_of,
)
from tests.factories import make_clinician, make_note, make_summary, run_jobs

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


def opened(browser: Client, summary: Summary) -> str:
    return body(browser.get(reverse("summary", args=[summary.pk])))


def polled(browser: Client, summary: Summary) -> HttpResponse:
    return browser.get(reverse("summary_newer", args=[summary.pk]), headers=HTMX)


@pytest.fixture
def two(clinician: User, script: Play) -> tuple[Summary, Summary]:
    """Two generated drafts of one note; the first doubts a dose."""
    script(answer(*DOUBTED), answer(*BETTER))
    older = make_summary(clinician, text=TEXT)
    return older, again(clinician, older)


def test_every_draft_of_a_note_stays_in_the_list_of_its_document(
    clinician: User, browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two
    page = leave_out(clinician, page_of(clinician, newer))
    reviews.sign(by=clinician, summary_id=newer.pk, version=page.version)
    reviews.decide(
        by=clinician,
        summary_id=older.pk,
        version=0,
        target=target_in(page_of(clinician, older), "Aspirin"),
        verb="accept",
    )

    html = body(browser.get(reverse("document", args=[note_of(older).document_id])))

    for summary in two:
        assert reverse("summary", args=[summary.pk]) in html
        assert summary.model_version.digest[:8] in html
    listed = drafts.listing(note_of(older)).listed
    assert [draft.summary.pk for draft in listed] == [newer.pk, older.pk]
    assert "Problem-oriented summary" in html
    assert "reviewed by Dr Ada Invented" in html
    assert html.count("Generated") == 2
    assert "Signed" in html
    assert reverse("summary_compare", args=[older.pk, newer.pk]) in html


def test_the_page_of_a_draft_marks_the_one_that_is_open(
    browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two

    html = opened(browser, older)

    assert "Drafts of this note: 2" in html
    assert html.count('aria-current="true"> <div class="draft-what">') == 1
    assert html.count("Open here") == 1
    assert reverse("summary_compare", args=[newer.pk, older.pk]) in html


def test_an_abandoned_draft_is_not_listed(clinician: User) -> None:
    summary = make_summary(clinician)
    draft = begin_draft(note_of(summary), clinician)
    end_draft(draft, Summary.Status.ABANDONED, "unreachable")

    assert [d.summary.pk for d in drafts.listing(note_of(summary)).listed] == [summary.pk]


def test_the_list_costs_the_same_queries_for_2_and_12_drafts(clinician: User) -> None:
    summary = make_summary(clinician)
    note = note_of(summary)
    made_by(clinician, note)
    with CaptureQueriesContext(connection) as two_drafts:
        drafts.listing(note)
    for _ in range(10):
        made_by(clinician, note)
    with CaptureQueriesContext(connection) as many:
        assert len(drafts.listing(note).listed) == 12

    assert len(many) == len(two_drafts)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt_digest": "0" * 64}, "prompt"),
        ({"weights_digest": "1" * 64}, "model"),
        ({"adapter_digest": "2" * 64}, "model"),
    ],
    ids=["prompt", "weights", "adapter"],
)
def test_a_draft_of_an_earlier_version_says_so_and_offers_the_present_one(
    clinician: User, browser: Client, fields: dict[str, str], words: str
) -> None:
    first = make_summary(clinician)
    note = note_of(first)
    old = made_by(clinician, note, **fields)
    make_summary(clinician)

    html = opened(browser, old)

    assert f"this one was made by an earlier version of the {words}" in html
    assert "Make a new draft with the present version" in html
    assert "earlier version" not in opened(browser, first).replace(
        f"Made by an earlier version of the {words}.", ""
    )
    asked = re.search(r'action="([^"]*/summarize/)".*?name="prompt" value="([^"]*)"', html)
    assert asked
    browser.post(asked[1], {"prompt": asked[2]})
    run_jobs()
    listed = drafts.listing(note, shown=old).listed
    assert len(listed) == 3
    assert [draft.outdated for draft in listed] == ["", words, ""]
    assert not any(draft.may_redo for draft in listed)


def test_nothing_is_offered_while_a_draft_of_the_kind_is_being_made(clinician: User) -> None:
    note = make_note(clinician)
    old = made_by(clinician, note, prompt_digest="0" * 64)
    assert drafts.listing(note, shown=old).listed[0].may_redo

    summaries.request(by=clinician, note_id=note.pk, prompt=old.model_version.prompt)

    found = drafts.listing(note, shown=old)
    assert found.is_awaited
    assert not found.listed[0].may_redo


def test_the_open_page_stays_and_offers_the_newer_draft(
    clinician: User, browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two
    target = target_in(page_of(clinician, older), "Aspirin")
    reviews.decide(by=clinician, summary_id=older.pk, version=0, target=target, verb="accept")

    html = opened(browser, older)

    assert "A newer draft of this note is ready." in html
    assert f'href="{reverse("summary", args=[newer.pk])}">Open it' in html
    assert f'href="{reverse("summary_compare", args=[older.pk, newer.pk])}">Compare' in html
    assert "Accepted</strong> by Dr Ada Invented" in html
    assert "summary_newer" not in html
    assert reverse("summary_newer", args=[older.pk]) not in html
    assert "newer draft" not in opened(browser, newer)


def test_a_draft_of_another_kind_is_no_newer_draft(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    summaries.request(by=clinician, note_id=note_of(summary).pk, prompt="handover")
    run_jobs()

    html = opened(browser, summary)

    assert "newer draft" not in html
    assert "Drafts of this note: 2" in html
    assert "/compare/" not in html


def test_when_the_engine_is_back_the_generated_draft_is_offered_beside_the_extracted_one(
    clinician: User, browser: Client, script: Play
) -> None:
    extracted = make_summary(clinician, text=TEXT)
    script(answer(*BETTER))
    generated = again(clinician, extracted)

    words = "The engine is back: a generated draft is ready beside this extracted one."
    assert words in opened(browser, extracted)
    assert words in body(polled(browser, extracted))
    assert words not in opened(browser, generated)


def test_an_extracted_draft_is_never_offered_for_a_generated_one(
    clinician: User, browser: Client, script: Play
) -> None:
    script(answer(*BETTER))
    generated = make_summary(clinician, text=TEXT)
    made_by(clinician, note_of(generated), engine="extractive", is_generative=False)

    assert "newer draft" not in opened(browser, generated)


def test_an_open_draft_asks_for_news_only_while_another_is_being_made(
    clinician: User, browser: Client
) -> None:
    summary = make_summary(clinician)
    url = reverse("summary_newer", args=[summary.pk])
    assert url not in opened(browser, summary)

    summaries.request(by=clinician, note_id=note_of(summary).pk)
    html = opened(browser, summary)
    assert f'hx-get="{url}" hx-trigger="every 15s"' in html
    assert "A new draft of this note was asked for." in html
    events = AuditEvent.objects.count()
    assert polled(browser, summary).status_code == 204
    assert AuditEvent.objects.count() == events

    run_jobs()
    ready = body(polled(browser, summary))
    assert "A newer draft of this note is ready." in ready
    assert "hx-get" not in ready
    assert AuditEvent.objects.filter(type="summary_opened").count() == 2  # the page was opened twice


def test_news_end_when_no_draft_came(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    summaries.request(by=clinician, note_id=note_of(summary).pk)
    opened(browser, summary)
    Job.objects.live().update(status=Job.Status.CANCELLED, finished_at=timezone.now())

    html = body(polled(browser, summary))

    assert "No new draft came." in html
    assert "hx-get" not in html


def test_news_without_a_first_opening_are_a_read_and_a_stranger_gets_none(
    clinician: User, browser: Client
) -> None:
    summary = make_summary(clinician)

    assert polled(browser_of(make_clinician()), summary).status_code == 404
    assert polled(browser, summary).status_code == 200

    outcomes = AuditEvent.objects.filter(type="summary_opened").order_by("seq")
    assert list(outcomes.values_list("outcome", flat=True)) == ["denied", "success"]


def test_a_saved_decision_brings_word_of_the_newer_draft_and_nothing_else_of_it(
    clinician: User, browser: Client, two: tuple[Summary, Summary]
) -> None:
    older, newer = two
    target = target_in(page_of(clinician, older), "Aspirin")
    data = {"version": 0, "target": target, "verb": "accept"}

    html = body(browser.post(reverse("review_decide", args=[older.pk]), data, headers=HTMX))

    assert f'href="{reverse("summary", args=[newer.pk])}">A newer draft<span' in html
    assert html.count("data-claim=") == 1


def test_the_list_says_that_only_drafts_of_one_kind_are_compared_where_there_are_several(
    clinician: User, browser: Client
) -> None:
    words = "Only drafts of one kind are compared with each other."
    summary = make_summary(clinician)
    again(clinician, summary)
    url = reverse("document", args=[note_of(summary).document_id])
    assert words not in browser.get(url).content.decode()

    again(clinician, summary, prompt="handover")

    for listed in (url, reverse("summary", args=[summary.pk])):
        assert browser.get(listed).content.decode().count(words) == 1
