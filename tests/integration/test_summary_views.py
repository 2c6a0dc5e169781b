"""A summary beside its source: reading it, watching it come, taking it out."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinical.actions import documents, reviews, summaries
from clinical.models import AuditEvent, Flag, Job, Note, Role, Summary, User
from tests.drafts import (
    DOUBTED,
    TEXT,
    WRONG_DOSE,
    answer,
    begin_draft,
    claim,
    end_draft,
    go_on,
    page_of,
)
from tests.factories import (
    NOTE,
    make_account,
    make_clinician,
    make_note,
    make_patient,
    make_summary,
    run_jobs,
)

HTMX = {"HX-Request": "true"}
Play = Callable[..., None]


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def browser(clinician: User) -> Client:
    return browser_of(clinician)


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def opened(browser: Client, summary: Summary, **headers: Any) -> str:
    response = browser.get(reverse("summary", args=[summary.pk]), **headers)
    assert response.status_code == 200
    return response.content.decode()


def progress(browser: Client, summary: Summary, after: int = 0) -> str:
    url = reverse("summary_progress", args=[summary.pk])
    return browser.get(url, {"after": after}, headers=HTMX).content.decode()


def test_every_sentence_of_the_source_stands_once_by_its_number(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    html = opened(browser, summary)
    count = summary.sources.get().note.sentence_count
    assert re.findall(r'id="s(\d+)"', html) == [str(n) for n in range(1, count + 1)]
    assert "- Metoprolol 50 mg twice daily" in html


def test_a_tables_rows_are_laid_out_in_cells(clinician: User, browser: Client) -> None:
    text = NOTE + "\nResults:\n| Test | Value |\n|---|---|\n| Potassium | 4.1 |\n| Sodium | 139 |\n"
    html = opened(browser, make_summary(clinician, text=text))
    assert '<span class="source-cell">Potassium</span> <span class="source-cell">4.1</span>' in html
    assert "|---|" not in html


def test_markup_in_a_note_is_text(clinician: User, browser: Client) -> None:
    html = opened(
        browser, make_summary(clinician, text=NOTE + "\nPlan:\n<script>alert(1)</script> & rest.\n")
    )
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; rest." in html


def test_the_page_says_that_it_is_a_draft_and_what_kind(
    clinician: User, browser: Client, script: Play
) -> None:
    extracted = make_summary(clinician)
    assert "Extracted, not generated – not signed" in opened(browser, extracted)
    script(answer(*DOUBTED))
    assert "AI draft, not signed" in opened(browser, make_summary(clinician))


def test_the_title_names_no_patient(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    title = re.search(r"<title>(.*?)</title>", opened(browser, summary), re.DOTALL)
    assert title is not None
    assert summary.patient.family_name not in title[1]
    assert summary.patient.mrn not in title[1]


def test_the_gravest_claims_come_first_and_the_others_under_their_headings(
    clinician: User, browser: Client, script: Play
) -> None:
    script(answer(*DOUBTED))
    html = opened(browser, make_summary(clinician, text=TEXT))
    groups = re.findall(r'id="group-([\w-]+)"', html)
    assert groups[0] == "critical"
    assert groups[1:3] == ["section-1", "section-2"]
    assert html.index(WRONG_DOSE) < html.index("Chest pain on exertion for three days")


def test_an_assertion_other_than_present_stands_in_words(
    clinician: User, browser: Client, script: Play
) -> None:
    script(answer(*DOUBTED))
    html = opened(browser, make_summary(clinician, text=TEXT))
    assert re.search(r'tag-assertion">Family</span>\s*<span class="claim-words">Mother had', html)


@pytest.mark.parametrize(
    ("severities", "folded"),
    [
        (["critical", "warning", "warning", "note", "note"], "2 more doubts"),
        (["critical", "critical", "critical", "critical", "note"], "1 more doubt<"),
        (["critical"] * 5, ""),
        (["warning", "warning", "note"], ""),
    ],
)
def test_three_doubts_are_open_and_every_critical_one(
    clinician: User, browser: Client, severities: list[str], folded: str
) -> None:
    summary = begin_draft(make_note(clinician), clinician)
    doubted = go_on(summary, 1, "Chest pain on exertion", 3)
    for position, severity in enumerate(severities, start=1):
        Flag.objects.create(
            claim=doubted, position=position, kind="dose", severity=severity, message=f"Doubt {position}."
        )
    end_draft(summary)

    html = opened(browser, summary)

    opened_part, _, rest = html.partition('<details class="disclosure flags-more">')
    assert (folded in rest) if folded else not rest
    assert opened_part.count('<li class="flag ') == max(3, severities.count("critical"))
    assert html.count('<li class="flag ') == len(severities)


def test_an_unflagged_claim_carries_no_word_of_praise(clinician: User, browser: Client) -> None:
    html = opened(browser, make_summary(clinician))
    claims = html[html.index('id="claims"') : html.index('id="source-pane"')]
    assert not re.search(r"verified|tag-ok|correct", claims)


def test_opening_costs_the_same_for_two_claims_and_for_twenty(
    clinician: User, browser: Client, script: Play
) -> None:
    def queries(count: int) -> int:
        script(answer(*[claim(f"{WRONG_DOSE}, {n}", "medication", 7, 8) for n in range(count)]))
        summary = make_summary(clinician)
        page = page_of(clinician, summary)
        for version in range(count // 2):
            target = page.claims[version].target
            reviews.decide(by=clinician, summary_id=summary.pk, version=version, target=target, verb="reject")
        opened(browser, summary)
        with CaptureQueriesContext(connection) as captured:
            opened(browser, summary)
        return len(captured)

    assert queries(2) == queries(20)


def test_a_draft_in_the_making_offers_nothing_but_reading(clinician: User, browser: Client) -> None:
    draft = begin_draft(make_note(clinician), clinician)
    go_on(draft, 1, "Chest pain for three days", 3)
    html = opened(browser, draft)
    assert "Still reading, incomplete" in html
    assert "Chest pain for three days" in html
    assert f"{reverse('summary_progress', args=[draft.pk])}?after=1" in html
    for name in ("review_decide", "review_sign", "review_add", "summary_text", "summary_print"):
        assert reverse(name, args=[draft.pk]) not in html


def test_a_poll_brings_what_came_after_the_cursor_and_the_next_cursor(
    clinician: User, browser: Client
) -> None:
    draft = begin_draft(make_note(clinician), clinician)
    go_on(draft, 1, "Chest pain for three days", 3)
    go_on(draft, 2, "Penicillin rash", 5)
    html = progress(browser, draft, after=1)
    assert "Penicillin rash" in html
    assert "Chest pain" not in html
    assert "?after=2" in html
    assert 'hx-trigger="every 1s"' in html
    assert "?after=2" in progress(browser, draft, after=2)


def test_polling_is_not_a_read(clinician: User, browser: Client) -> None:
    draft = begin_draft(make_note(clinician), clinician)
    browser.get(reverse("summary", args=[draft.pk]))
    before = AuditEvent.objects.count()
    progress(browser, draft)
    progress(browser, draft)
    assert AuditEvent.objects.count() == before


def test_polling_ends_when_the_draft_is_complete(clinician: User, browser: Client) -> None:
    draft = begin_draft(make_note(clinician), clinician)
    go_on(draft, 1, "Chest pain for three days", 3)
    end_draft(draft)
    html = progress(browser, draft, after=1)
    assert "hx-trigger" not in html
    assert "Draft complete: 1 claim, 0 need your decision." in html
    assert "Start review" in html
    assert 'id="claims"' not in html


def test_an_abandoned_draft_says_why_and_leads_to_the_document(clinician: User, browser: Client) -> None:
    note = make_note(clinician)
    draft = begin_draft(note, clinician)
    end_draft(draft, Summary.Status.ABANDONED, "gave_up")
    for html in (opened(browser, draft), progress(browser, draft)):
        assert "This could not be finished after several tries." in html
        assert reverse("document", args=[note.document_id]) in html
        assert "hx-trigger" not in html
    assert reverse("review_decide", args=[draft.pk]) not in opened(browser, draft)


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 30, "²"])
def test_a_cursor_that_is_no_number_starts_from_the_beginning(
    clinician: User, browser: Client, after: str
) -> None:
    draft = begin_draft(make_note(clinician), clinician)
    go_on(draft, 1, "Chest pain for three days", 3)
    url = reverse("summary_progress", args=[draft.pk])
    assert "Chest pain" in browser.get(url, {"after": after}, headers=HTMX).content.decode()


def test_what_was_entered_in_error_says_so_and_takes_no_decision(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    note = summary.sources.get().note
    documents.withdraw(by=clinician, document_id=note.document_id, reason="Belongs to a twin.")
    html = opened(browser, summary)
    assert "Entered in error: do not use this summary" in html
    assert "Belongs to a twin." in html
    assert reverse("review_decide", args=[summary.pk]) not in html
    assert browser.get(reverse("summary_print", args=[summary.pk])).status_code == 409


def test_a_corrected_note_marks_the_drafts_of_the_old_one(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    note = summary.sources.get().note
    make_note(clinician, summary.patient, text=NOTE + "\nCorrected.\n", supersedes_id=note.pk)
    html = opened(browser, summary)
    assert "A corrected note has replaced this source" in html
    corrected = Note.objects.get(supersedes=note)
    assert reverse("document", args=[corrected.document_id]) in html


def test_an_older_draft_names_the_newer(clinician: User, browser: Client) -> None:
    older = make_summary(clinician)
    summaries.request(by=clinician, note_id=older.sources.get().note_id)
    run_jobs()
    newer = Summary.objects.exclude(pk=older.pk).get(status=Summary.Status.READY)
    assert reverse("summary", args=[newer.pk]) in opened(browser, older)
    assert "newer draft" not in opened(browser, newer)


def test_a_namesake_is_warned_of(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician, make_patient(clinician, family_name="Doppel"))
    assert "same name" not in opened(browser, summary)
    make_patient(clinician, family_name="Doppel")
    assert "same name" in opened(browser, summary)


def test_others_find_nothing(clinician: User) -> None:
    summary = make_summary(clinician)
    stranger = browser_of(make_clinician())
    for name in ("summary", "summary_progress", "summary_print", "review_sign"):
        assert stranger.get(reverse(name, args=[summary.pk])).status_code == 404
    for name in ("summary_text", "review_undo"):
        data = {"version": 0, "target": summary.pk}
        assert stranger.post(reverse(name, args=[summary.pk]), data).status_code == 404
    auditor = browser_of(make_account(Role.AUDITOR))
    assert auditor.get(reverse("summary", args=[summary.pk])).status_code == 403


def test_the_copied_text_carries_state_flags_assertions_and_sources(
    clinician: User, browser: Client, script: Play
) -> None:
    script(answer(*DOUBTED))
    summary = make_summary(clinician, text=TEXT)
    url = reverse("summary_text", args=[summary.pk])
    assert browser.get(url).status_code == 405
    response = browser.post(url, headers={"Accept": "text/plain"})
    text = response.content.decode()
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith("AI draft, not signed\n")
    assert "family: Mother had a stroke at 70 [S15; not decided]" in text
    assert f"{WRONG_DOSE} [S7; not decided]\n    ! Critical, open: " in text
    assert summary.patient.mrn in text
    assert "AI draft, not signed. Copied by Dr Ada Invented" in text
    assert AuditEvent.objects.filter(type="summary_copied").count() == 1


def test_without_script_the_text_comes_in_a_page(clinician: User, browser: Client, script: Play) -> None:
    script(answer(claim("Troponin <5 & falling", "vital_or_lab", 3)))
    summary = make_summary(clinician)
    html = browser.post(reverse("summary_text", args=[summary.pk])).content.decode()
    assert "<textarea" in html
    assert "Troponin &lt;5 &amp; falling" in html


def test_a_signed_text_says_who_signed_and_what_nobody_read(clinician: User, browser: Client) -> None:
    summary = make_summary(clinician)
    reviews.sign(by=clinician, summary_id=summary.pk, version=0)
    reviews.add_addendum(by=clinician, summary_id=summary.pk, text="Clinic moved to May.")
    url = reverse("summary_text", args=[summary.pk])
    text = browser.post(url, headers={"Accept": "text/plain"}).content.decode()
    assert text.startswith("Signed by Dr Ada Invented, ")
    assert "claims signed unread" in text
    assert "ADDENDUM by Dr Ada Invented" in text
    assert "Clinic moved to May." in text
    assert "not signed" not in text


def test_every_printed_page_says_that_it_is_a_draft(clinician: User, browser: Client, script: Play) -> None:
    script(answer(*DOUBTED))
    summary = make_summary(clinician, text=TEXT)
    html = browser.get(reverse("summary_print", args=[summary.pk])).content.decode()
    for place in ("paper-head", "paper-foot"):
        part = html[html.index(f'class="{place}"') :]
        assert "AI draft, not signed" in part[: part.index("</div>")]
    assert "Critical, open:" in html
    assert "family: Mother had" in html
    assert AuditEvent.objects.filter(type="summary_printed").count() == 1


def test_asking_for_a_new_draft_leads_to_where_it_is_watched(clinician: User, browser: Client) -> None:
    note = make_note(clinician)
    url = reverse("summary_request", args=[note.pk])
    assert browser.get(url).status_code == 405
    response = browser.post(url)
    assert response["Location"] == reverse("document", args=[note.document_id])
    assert Job.objects.live().filter(note=note).count() == 1
    assert browser.post(url).status_code == 409
