"""Deciding, adding, signing: by plain forms and in fragments."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinical.actions import reviews
from clinical.models import Addendum, Decision, Signature, Summary, User
from tests.drafts import DOUBTED, TEXT, WRONG_DOSE, answer, page_of, target_of
from tests.factories import make_clinician, make_summary, team_of

HTMX = {"HX-Request": "true"}
REASON = "Telephoned the pharmacy."


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def browser(clinician: User) -> Client:
    return browser_of(clinician)


@pytest.fixture
def summary(clinician: User, script: Callable[..., None]) -> Summary:
    """Six claims, one of them doubted gravely."""
    script(answer(*DOUBTED))
    return make_summary(clinician, text=TEXT)


@pytest.fixture
def doubted(clinician: User, summary: Summary) -> str:
    return target_of(page_of(clinician, summary), WRONG_DOSE)


@pytest.fixture
def plain(clinician: User, summary: Summary) -> str:
    return target_of(page_of(clinician, summary), "Aspirin")


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(browser: Client, name: str, summary: Summary, *, htmx: bool = True, **data: Any) -> HttpResponse:
    data.setdefault("version", 0)
    url = reverse(name, args=[summary.pk])
    return browser.post(url, data, headers=HTMX if htmx else {})


def edit(text: str = "Metoprolol 50 mg twice daily", **data: Any) -> dict[str, Any]:
    wanted = {"verb": "edit", "text": text, "category": "medication", "assertion": "present"}
    return {**wanted, "evidence": "7", **data}


def body(response: HttpResponse) -> str:
    return response.content.decode()


def test_a_decision_by_plain_form_leads_back_to_the_claim(
    browser: Client, summary: Summary, plain: str
) -> None:
    response = post(browser, "review_decide", summary, htmx=False, target=plain, verb="accept")
    assert response["Location"] == f"{reverse('summary', args=[summary.pk])}#c-{plain}"
    assert "Accepted" in body(browser.get(response["Location"]))


def test_a_decision_in_a_fragment_brings_the_claim_the_counts_and_the_version(
    browser: Client, summary: Summary, plain: str
) -> None:
    html = body(post(browser, "review_decide", summary, target=plain, verb="accept"))
    assert "<html" not in html
    assert f'id="c-{plain}"' in html
    assert html.count("data-claim=") == 1
    assert "by Dr Ada Invented" in html
    assert re.search(r'id="review-state"\s+data-version="1"\s+hx-swap-oob="true"', html)
    assert "5 undecided" in html
    assert 'name="version" value="1"' in html


def test_accepting_against_a_critical_doubt_asks_for_a_reason(
    browser: Client, summary: Summary, doubted: str
) -> None:
    refused = post(browser, "review_decide", summary, target=doubted, verb="accept", reason=" ")
    assert refused.status_code == 422
    assert refused["HX-Retarget"] == f"#act-{doubted}-message"
    assert "Say why the claim is right" in body(refused)
    html = body(post(browser, "review_decide", summary, target=doubted, verb="accept", reason=REASON))
    assert "Accepted" in html
    assert REASON in html


def test_a_rejected_claim_is_struck_and_keeps_its_reason(
    browser: Client, summary: Summary, plain: str
) -> None:
    html = body(post(browser, "review_decide", summary, target=plain, verb="reject", reason="Not taken."))
    assert "is-rejected" in html
    assert "Not taken." in html


def test_an_edit_shows_what_the_draft_said(browser: Client, summary: Summary, doubted: str) -> None:
    html = body(post(browser, "review_decide", summary, target=doubted, **edit()))
    assert "Edited" in html
    assert f"<q>{WRONG_DOSE}</q>" in html
    assert "Critical:" not in html


def test_an_edit_that_raises_a_doubt_keeps_the_form_and_asks_why(
    browser: Client, summary: Summary, plain: str
) -> None:
    refused = post(
        browser, "review_decide", summary, target=plain, **edit("Aspirin 810 mg daily", evidence="8")
    )
    assert refused.status_code == 422
    assert refused["HX-Retarget"] == f"#edit-{plain}-message"
    assert "810 mg" in body(refused)
    assert 'name="reason"' in body(refused)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"evidence": "the third"}, "Write sentence numbers like this: 12, 14."),
        ({"text": " "}, "Write what the claim says."),
        ({"text": "x" * 1001}, "at most 1000 characters"),
        ({"category": "gossip"}, "Category: Select a valid choice."),
    ],
)
def test_what_is_wrong_with_an_edit_is_said_in_its_form(
    browser: Client, summary: Summary, plain: str, wrong: dict[str, str], said: str
) -> None:
    refused = post(browser, "review_decide", summary, target=plain, **edit(**wrong))
    assert refused.status_code == 422
    assert said in body(refused)
    assert not Decision.objects.exists()


def test_without_script_a_refused_edit_comes_back_as_typed(
    browser: Client, summary: Summary, plain: str
) -> None:
    typed = "Aspirin 810 mg daily <verbatim>"
    refused = post(browser, "review_decide", summary, htmx=False, target=plain, **edit(typed, evidence="8"))
    assert refused.status_code == 422
    html = body(refused)
    assert "Aspirin 810 mg daily &lt;verbatim&gt;</textarea>" in html
    assert "810 mg" in html
    form = html[html.index(f'id="edit-{plain}"') :]
    assert 'name="reason"' in form[: form.index("</details>")]


def test_the_second_of_two_people_learns_what_changed_and_loses_nothing(
    clinician: User, browser: Client, summary: Summary, plain: str, doubted: str
) -> None:
    colleague = make_clinician(team_of(clinician), full_name="Dr Ben Other")
    post(browser_of(colleague), "review_decide", summary, target=doubted, verb="reject")

    refused = post(browser, "review_decide", summary, target=plain, **edit("Aspirin 81 mg daily, lifelong"))
    assert refused.status_code == 409
    assert refused["HX-Retarget"] == f"#notice-{plain}"
    assert "Dr Ben Other: rejected a claim" in body(refused)
    assert f"?keep=edit-{plain}" in body(refused)

    whole = post(browser, "review_decide", summary, htmx=False, target=plain, **edit("Aspirin, lifelong"))
    assert whole.status_code == 409
    assert "Dr Ben Other: rejected a claim" in body(whole)
    assert ">Aspirin, lifelong</textarea>" in body(whole)
    assert 'name="version" value="1"' in body(whole)
    assert Decision.objects.count() == 1


def test_the_current_state_leaves_the_named_form_to_the_browser(
    browser: Client, summary: Summary, plain: str
) -> None:
    url = reverse("summary", args=[summary.pk])
    html = body(browser.get(url, {"keep": f"edit-{plain}"}, headers=HTMX))
    assert "<html" not in html
    assert len(re.findall(r'id="(?:edit|act)-[^>]*hx-preserve', html)) == 1
    assert re.search(rf'id="edit-{plain}"\s+open\s+hx-preserve="true"', html)


def test_the_sign_dialog_names_the_kind_and_refuses_where_every_claim_was_rejected(
    clinician: User, browser: Client, summary: Summary
) -> None:
    url = reverse("review_sign", args=[summary.pk])
    offered = body(browser.get(url, headers=HTMX))
    assert f"<strong>{page_of(clinician, summary).kind}</strong> from the discharge of" in offered
    for version, claim in enumerate(page_of(clinician, summary).claims):
        post(browser, "review_decide", summary, version=version, target=claim.target, verb="reject")

    dialog = body(browser.get(url, headers=HTMX))
    assert "Every claim was rejected, so nothing would be signed." in dialog
    assert f'action="{url}"' not in dialog
    refused = post(browser, "review_sign", summary, version=6)
    assert refused.status_code == 409
    assert body(refused).count("Accept or add a claim, or leave the draft unsigned.") == 1
    assert not Signature.objects.exists()


def test_a_decision_on_a_signed_summary_says_to_write_an_addendum(
    clinician: User, browser: Client, summary: Summary, plain: str, doubted: str
) -> None:
    post(browser, "review_decide", summary, target=doubted, verb="reject")
    reviews.sign(by=clinician, summary_id=summary.pk, version=1)
    refused = post(browser, "review_decide", summary, version=1, target=plain, verb="accept")
    assert refused.status_code == 409
    assert "Write an addendum" in body(refused)
    html = body(browser.get(reverse("summary", args=[summary.pk])))
    assert reverse("review_decide", args=[summary.pk]) not in html


def test_undo_by_either_way_leaves_the_claim_undecided(browser: Client, summary: Summary, plain: str) -> None:
    post(browser, "review_decide", summary, target=plain, verb="reject")
    html = body(post(browser, "review_undo", summary, version=1, target=plain))
    assert "data-undecided" in html
    assert "6 undecided" in html
    post(browser, "review_decide", summary, version=2, target=plain, verb="reject")
    response = post(browser, "review_undo", summary, htmx=False, version=3, target=plain)
    assert response["Location"].endswith(f"#c-{plain}")


def test_an_added_claim_finds_its_evidence_and_can_be_removed(browser: Client, summary: Summary) -> None:
    statement = {"text": "No pulmonary embolism", "category": "assessment", "assertion": "absent"}
    html = body(post(browser, "review_add", summary, **statement))
    assert "Added" in html
    assert 'href="#s10"' in html
    assert re.search(r'id="add-form"\s+hx-swap-oob="true"', html)
    added = Decision.objects.get().target
    gone = body(post(browser, "review_undo", summary, version=1, target=added))
    assert "Claim removed." in gone
    assert f'id="c-{added}"' in gone


def test_without_script_a_refused_addition_comes_back_as_typed(browser: Client, summary: Summary) -> None:
    statement = {"text": "Warfarin 900 mg", "category": "medication", "assertion": "present"}
    refused = post(browser, "review_add", summary, htmx=False, evidence="8", **statement)
    assert refused.status_code == 422
    form = body(refused)
    form = form[form.index('id="add-form"') :]
    assert ">Warfarin 900 mg</textarea>" in form
    assert 'name="reason"' in form
    response = post(browser, "review_add", summary, htmx=False, evidence="8", reason=REASON, **statement)
    assert response["Location"].endswith(f"#c-{Decision.objects.get().target}")


def test_signing_lists_what_stands_in_the_way(browser: Client, summary: Summary, doubted: str) -> None:
    url = reverse("review_sign", args=[summary.pk])
    html = body(browser.get(f"{url}?version=0"))
    assert f"{reverse('summary', args=[summary.pk])}#c-{doubted}" in html
    assert "Signed as" not in html
    fragment = body(browser.get(url, headers=HTMX))
    assert "<html" not in fragment
    refused = browser.post(url, {"version": 0})
    assert refused.status_code == 409
    assert "Decide first on each claim the checker doubts gravely." in body(refused)
    assert not Signature.objects.exists()


def test_signing_counts_what_nobody_decided_and_stores_it(
    browser: Client, summary: Summary, doubted: str, plain: str
) -> None:
    post(browser, "review_decide", summary, target=doubted, **edit())
    post(browser, "review_decide", summary, version=1, target=plain, verb="accept")
    url = reverse("review_sign", args=[summary.pk])
    html = body(browser.get(f"{url}?version=2"))
    assert "Nobody has decided on 4 of 6 claims" in html
    assert "signed unread" in html
    response = browser.post(url, {"version": 2})
    assert response["Location"] == reverse("summary", args=[summary.pk])
    signature = Signature.objects.get()
    page = body(browser.get(response["Location"]))
    assert "Signed by Dr Ada Invented" in page
    assert signature.digest[:12] in page
    assert "4 claims signed unread" in page
    assert page.count("Signed unread:") == 4
    assert "not signed" not in page


def test_what_somebody_has_changed_is_read_before_it_can_be_signed(
    clinician: User, browser: Client, summary: Summary, doubted: str
) -> None:
    colleague = make_clinician(team_of(clinician), full_name="Dr Ben Other")
    post(browser_of(colleague), "review_decide", summary, target=doubted, verb="reject")
    refused = post(browser, "review_sign", summary, htmx=False)
    assert refused.status_code == 409
    assert "Dr Ben Other: rejected a claim" in body(refused)
    assert "Read what changed" in body(refused)
    assert 'name="version"' not in body(refused)
    for stale in ("", "?version=0"):
        again = browser.get(reverse("review_sign", args=[summary.pk]) + stale)
        assert again.status_code == 409
        assert 'name="version"' not in body(again)


def test_who_may_not_sign_is_told_who_can(clinician: User, summary: Summary, doubted: str) -> None:
    trainee = browser_of(make_clinician(team_of(clinician), may_sign=False))
    assert post(trainee, "review_decide", summary, target=doubted, verb="reject").status_code == 200
    html = body(trainee.get(reverse("review_sign", args=[summary.pk]) + "?version=1"))
    assert "Ask a colleague who signs" in html
    assert 'name="version"' not in html
    assert post(trainee, "review_sign", summary, htmx=False, version=1).status_code == 403


def test_an_addendum_stands_on_the_signed_page(
    clinician: User, browser: Client, summary: Summary, doubted: str
) -> None:
    post(browser, "review_decide", summary, target=doubted, verb="reject")
    reviews.sign(by=clinician, summary_id=summary.pk, version=1)
    empty = post(browser, "review_addendum", summary, htmx=False, text=" ")
    assert empty.status_code == 422
    assert "An addendum needs text." in body(empty)
    response = post(browser, "review_addendum", summary, htmx=False, text="Clinic moved to May.")
    assert response["Location"].endswith("#addenda")
    assert "Clinic moved to May." in body(browser.get(response["Location"]))
    assert Addendum.objects.count() == 1


def test_nothing_changes_by_get(browser: Client, summary: Summary) -> None:
    for name in ("review_decide", "review_add", "review_undo", "review_addendum"):
        assert browser.get(reverse(name, args=[summary.pk])).status_code == 405


def test_a_target_that_is_no_claim_is_refused_in_words(browser: Client, summary: Summary) -> None:
    gone = post(browser, "review_decide", summary, target=uuid4(), verb="accept")
    assert gone.status_code == 409
    assert "no longer there" in body(gone)
    nonsense = post(browser, "review_decide", summary, target="x\ny", verb="accept")
    assert nonsense.status_code == 422


def test_messages_hold_no_clinical_text(
    clinician: User, browser: Client, summary: Summary, doubted: str
) -> None:
    post(browser, "review_decide", summary, target=doubted, verb="reject")
    response = browser.post(reverse("review_sign", args=[summary.pk]), {"version": 1}, follow=True)
    assert [str(message) for message in response.context["messages"]] == ["Signed."]
