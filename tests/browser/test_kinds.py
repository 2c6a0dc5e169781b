"""Choosing the kind of summary by keyboard, and reading what it is asked for."""

import pytest
from playwright.sync_api import Page, expect

from clinical.models import Job
from inference.prompts import load_prompt
from tests.browser.conftest import sign_in
from tests.conftest import Product
from tests.factories import make_clinician, make_summary

pytestmark = pytest.mark.timeout(120)


def test_a_kind_is_chosen_by_keyboard_and_leads_to_what_is_asked_for_it(site: Product, page: Page) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    document = summary.sources.get().note.document_id
    one_line = load_prompt("one_line")
    sign_in(page, clinician.username)
    page.goto(f"/documents/{document}/")

    page.get_by_text("Make another draft").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    chosen = page.locator("input[name=prompt]:checked")
    expect(chosen).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label(one_line.title, exact=True)).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**/summaries/**", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text(one_line.title)
    assert Job.objects.filter(prompt="one_line").count() == 1

    page.get_by_text("How were the sentences chosen?").click(timeout=30_000)
    page.get_by_role("link", name=f"{one_line.title}, version").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(one_line.title)
    expect(page.get_by_text(one_line.digest)).to_be_visible()


def test_a_choice_stays_while_another_draft_is_being_made(site: Product, page: Page) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    note = summary.sources.get().note
    Job.objects.create(
        kind=Job.Kind.SUMMARIZE,
        lane="overnight",
        document=note.document,
        note=note,
        requested_by=clinician,
        prompt="handover",
        engine="extractive",
    )
    sign_in(page, clinician.username)
    page.goto(f"/documents/{note.document_id}/")
    page.get_by_text("Make another draft").click()
    wanted = page.get_by_label(load_prompt("referral").title, exact=True)
    wanted.check()
    expect(page.locator("#progress")).to_contain_text("Waiting for a free worker")

    Job.objects.filter(prompt="handover").update(error_code="timed_out")
    expect(page.locator("#progress")).to_contain_text("It is tried again by itself", timeout=10_000)
    expect(wanted).to_be_checked()
    expect(wanted).to_be_focused()
