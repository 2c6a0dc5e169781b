"""Left-out facts on the page, on paper, in copied text and in the sign dialog; symptoms in the source."""

import json
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from clinical.actions import documents, facts, lexicons, reviews
from clinical.actions.checker import Checker
from clinical.models import Summary, User
from inference.evaluation.rates import read_rates
from tests.drafts import (
    TEXT,
    answer,
    begin_draft,
    claim,
    end_draft,
    go_on,
    leave_out,
    note_of,
    page_of,
    state,
)
from tests.factories import make_clinician, make_note, make_summary

HTMX = {"HX-Request": "true"}
Play = Callable[..., None]
ALLERGY = "Penicillin (rash)"


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def browser(clinician: User) -> Client:
    client = Client()
    client.force_login(clinician)
    return client


@pytest.fixture
def summary(clinician: User) -> Summary:
    """A draft of one claim that leaves out an allergy, and a diagnosis that is not critical."""
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    state(made, ALLERGY, 5)
    state(made, "Type 2 diabetes, well controlled", 11, kind="diagnosis", is_critical=False)
    end_draft(made)
    made.refresh_from_db()
    return made


def body(response: HttpResponse, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def opened(browser: Client, summary: Summary) -> str:
    return body(browser.get(reverse("summary", args=[summary.pk])))


def post(browser: Client, route: str, summary: Summary, **data: object) -> HttpResponse:
    return browser.post(reverse(route, args=[summary.pk]), {"version": 0, **data}, headers=HTMX)


def fact_of(by: User, summary: Summary) -> UUID:
    return page_of(by, summary).left_out[0].target


def copied(browser: Client, summary: Summary) -> str:
    answer = browser.post(reverse("summary_text", args=[summary.pk]), headers={"Accept": "text/plain"})
    return " ".join(answer.content.decode().split())


def test_the_page_lists_what_is_left_out_with_its_kind_and_sentences(
    clinician: User, browser: Client, summary: Summary
) -> None:
    html = opened(browser, summary)

    assert "1 needs your decision" in html
    ledger = html[html.index('id="ledger"') : html.index("</section>", html.index('id="ledger"'))]
    assert ALLERGY in ledger
    assert re.search(r'fact-kind">Allergy</span>.*?href="#s5" data-sentence="5"', ledger)
    assert "1 other fact left out, 1 open" in ledger
    assert "The rules do not find everything." in ledger


def test_a_decision_on_a_fact_brings_the_facts_the_claim_and_the_counts(
    clinician: User, browser: Client, summary: Summary
) -> None:
    fact = fact_of(clinician, summary)

    html = body(post(browser, "review_fact", summary, fact=fact, verb="add"))
    assert "<html" not in html
    assert 'hx-swap-oob="beforeend:#added-claims"' in html
    assert re.search(r'id="review-state"\s+data-version="1"\s+hx-swap-oob="true"', html)
    added = page_of(clinician, summary).claims[-1].target
    assert f'name="target" value="{added}"' in html

    html = body(post(browser, "review_undo", summary, version=1, target=added, fact=fact))
    assert f'<li id="c-{added}" hx-swap-oob="delete">' in html
    assert f'id="f-{fact}"' in html


def test_a_critical_fact_without_a_reason_is_refused_where_it_was_asked(
    clinician: User, browser: Client, summary: Summary
) -> None:
    fact = fact_of(clinician, summary)

    answer = post(browser, "review_fact", summary, fact=fact, verb="not_needed")

    assert "Say in a line why" in body(answer, 422)
    assert answer["HX-Retarget"] == f"#out-{fact}-message"


def test_without_script_each_act_leads_back_to_the_fact(
    clinician: User, browser: Client, summary: Summary
) -> None:
    fact = fact_of(clinician, summary)
    address = reverse("summary", args=[summary.pk])
    url = reverse("review_fact", args=[summary.pk])

    refused = browser.post(url, {"version": 0, "fact": fact, "verb": "not_needed", "reason": ""})
    assert f'href="#out-{fact}"' in body(refused, 422)
    answer = browser.post(url, {"version": 0, "fact": fact, "verb": "not_needed", "reason": "Refuted."})
    assert (answer.status_code, answer["Location"]) == (302, f"{address}#f-{fact}")
    answer = browser.post(reverse("review_close_others", args=[summary.pk]), {"version": 1})
    assert (answer.status_code, answer["Location"]) == (302, f"{address}#ledger-others")
    assert "all closed" in opened(browser, summary)


def test_a_decision_on_a_claim_brings_the_facts_as_they_stand_then(
    clinician: User, browser: Client, script: Play
) -> None:
    script(answer(claim(ALLERGY, "allergy", 5), claim("Aspirin 81 mg daily", "medication", 8)))
    made = make_summary(clinician, text=TEXT)
    target = next(claim.target for claim in page_of(clinician, made).claims if ALLERGY in claim.text)

    html = body(post(browser, "review_decide", made, target=target, verb="reject"))

    ledger = html[html.index('id="ledger"') :]
    assert 'hx-swap-oob="true"' in ledger
    assert re.search(r'class="claim fact claim-critical"[^>]*data-undecided', ledger)


def test_the_sign_dialog_says_what_is_missing_and_links_to_it(
    clinician: User, browser: Client, summary: Summary
) -> None:
    fact = fact_of(clinician, summary)
    dialog = body(browser.get(reverse("review_sign", args=[summary.pk]), headers=HTMX))
    assert "1 critical fact the draft leaves out needs your decision first" in dialog
    assert f"#f-{fact}" in dialog
    assert "<form" not in dialog

    facts.leave_out(by=clinician, summary_id=summary.pk, version=0, fact=fact, reason="Refuted.")
    dialog = body(browser.get(reverse("review_sign", args=[summary.pk]), headers=HTMX))
    assert "1 critical fact left out as not needed:" in dialog
    assert "Dr Ada Invented: Refuted." in dialog
    assert "1 other left-out fact will be closed with the signature" in dialog
    assert "<form" in dialog


def test_paper_and_copied_text_say_what_is_left_out_and_who_decided_so(
    clinician: User, browser: Client, summary: Summary
) -> None:
    paper = body(browser.get(reverse("summary_print", args=[summary.pk])))
    assert "Left out of this draft, nobody has decided:" in paper
    assert f"Allergy: {ALLERGY}" in paper
    text = copied(browser, summary)
    assert f"LEFT OUT OF THIS DRAFT ! Allergy: {ALLERGY} [S5; nobody has decided]" in text
    assert "diabetes" not in text

    fact = fact_of(clinician, summary)
    page = facts.leave_out(by=clinician, summary_id=summary.pk, version=0, fact=fact, reason="Refuted.")
    reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)
    paper = body(browser.get(reverse("summary_print", args=[summary.pk])))
    assert "Left out of this summary" in paper
    assert "not needed, said Dr Ada Invented: Refuted." in paper
    assert "LEFT OUT OF THIS SUMMARY - Allergy" in copied(browser, summary)
    html = opened(browser, summary)
    assert "Left out of the draft" in html
    assert "Closed with the signature:" in html
    assert "review_fact" not in html


def test_a_draft_from_before_the_ledger_says_so_on_page_paper_and_in_copied_text(
    clinician: User, browser: Client
) -> None:
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    end_draft(made, has_ledger=False)

    words = "Nobody looked for what is left out when this draft was made."
    assert words in opened(browser, made)
    assert words in body(browser.get(reverse("summary_print", args=[made.pk])))
    assert words in copied(browser, made)


def test_a_draft_that_leaves_out_nothing_critical_is_not_praised(clinician: User, browser: Client) -> None:
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    end_draft(made)
    html = opened(browser, made)

    assert "The rules found nothing in this note that must be carried. They do not find everything" in html


def test_symptoms_stand_marked_in_the_source_and_listed_by_state(clinician: User, browser: Client) -> None:
    note = TEXT.replace("Chest pain on exertion", "Severe chest pain & <b>cough</b>, no fever, on exertion")
    html = opened(browser, make_summary(clinician, text=note))

    source = html[html.index('id="source"') :]
    assert re.search(r'<span class="symptom symptom-present">[^<]*chest pain</span> &amp; &lt;b&gt;', source)
    assert re.search(r'<span class="symptom symptom-absent">[^<]*fever</span>', source)
    listed = html[html.index('id="symptoms"') : html.index('id="source"')]
    assert re.search(r"Present</h3>.*Chest pain.*Denied or absent</h3>.*Fever", listed)
    assert "They do not find every symptom" in listed


def test_the_source_keeps_every_character_whatever_is_marked_in_it(clinician: User, browser: Client) -> None:
    made = make_summary(clinician, text=TEXT)
    page = page_of(clinician, made)
    html = browser.get(reverse("summary", args=[made.pk])).content.decode()

    for sentence in page.sentences:
        shown = html[html.index(f'id="s{sentence.number}"') :]
        shown = shown[shown.index("</a>") + 4 : shown.index("</span>\n") if "</span>\n" in shown else None]
        assert re.sub(r"<[^>]+>", "", shown).startswith(sentence.text)


def test_the_page_says_how_often_the_checker_was_right_or_that_nobody_measured(
    clinician: User, browser: Client, summary: Summary
) -> None:
    html = opened(browser, summary)

    assert "It does not find everything." in html
    assert "was not measured for this version" in html or "Measured on claims written by hand" in html


RATES = {
    "checker": "0" * 64,
    "claims": {
        "true": {"n": 100, "flagged": 7, "interval": [0.034, 0.138]},
        "false": {"n": 120, "flagged": 112, "interval": [0.874, 0.966]},
    },
    "kinds": [{"label": "changed numbers", "n": 60, "caught": 58, "interval": [0.886, 0.991]}],
}
"""Invented figures, as the evaluation writes them."""


@pytest.mark.parametrize(("is_current", "words"), [(True, "it caught"), (False, "on an earlier version of")])
def test_measured_rates_stand_beside_the_flags_with_counts_and_intervals(
    is_current: bool, words: str
) -> None:
    about = Checker(read_rates(json.dumps(RATES)), is_current, unapproved=0, rules={})

    html = " ".join(
        render_to_string("summaries/_rates.html", {"rates": about.rates, "checker": about}).split()
    )

    assert words in html
    assert (
        "<strong>112 of 120</strong> false claims and doubted <strong>7 of 100</strong> correct ones" in html
    )
    assert "anywhere from 87 to 97 of 100 caught, and 3 to 14 of 100 doubted" in html
    assert 'changed numbers <span class="muted">(88 to 100 of 100)' in html
    assert "58 of 60 changed numbers" in html
    assert "It does not find everything." in html
    assert ("earlier version" in html) != is_current


def test_a_draft_names_the_rules_that_checked_it_and_says_when_they_have_changed(
    clinician: User, browser: Client, summary: Summary
) -> None:
    made = make_summary(clinician)
    assert made.rules == lexicons.rules_in_use()
    assert made.rules["lexicons"].keys() == {lexicon.name for lexicon in lexicons.in_use()}
    html = opened(browser, made)
    assert f'Checked by rules <span class="mono">{made.rules["checker"][:12]}</span>.' in html

    older = begin_draft(note_of(made), clinician)
    Summary.objects.filter(pk=older.pk).update(rules={**made.rules, "checker": "0" * 64})
    end_draft(older)
    assert "the rules or word lists have changed since" in opened(browser, older)
    assert "Which version of the rules checked it was not kept then." in opened(browser, summary)


def test_the_sign_page_of_a_note_entered_in_error_names_no_fact(
    clinician: User, browser: Client, summary: Summary
) -> None:
    leave_out(clinician, page_of(clinician, summary))
    documents.withdraw(by=clinician, document_id=note_of(summary).document_id, reason="Another patient's.")

    shown = body(browser.get(reverse("review_sign", args=[summary.pk])), 409)

    assert "cannot be signed now" in shown
    assert "Penicillin" not in shown
    assert "Not for here" not in shown
