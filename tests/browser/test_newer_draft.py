"""A newer draft becomes ready while somebody reads and types: nothing moves, nothing typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from clinical.actions import summaries
from tests.browser.conftest import axe_violations, sign_in
from tests.conftest import Product
from tests.drafts import BETTER, DOUBTED, TEXT, again, answer, note_of
from tests.factories import make_clinician, make_summary, run_jobs

pytestmark = pytest.mark.timeout(300)


def places(page: Page) -> Any:
    """Where the claims and the focused field stand, and what is typed there."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.claim'), document.activeElement]"
        ".map((one) => [one.id, one.getBoundingClientRect().top, one.value ?? ''])"
        ".concat([['page', scrollY, '']])"
    )


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
def test_word_of_a_newer_draft_moves_nothing_under_the_reader(
    product: Product, chromium: Browser, size: tuple[int, int]
) -> None:
    product.start("web")  # no worker: the newer draft is made below, while the page is open
    product.wait_for_web()
    clinician = make_clinician()
    summary = make_summary(clinician)
    summaries.request(by=clinician, note_id=note_of(summary).pk, prompt=summary.model_version.prompt)
    page = chromium.new_context(
        base_url=product.url, viewport={"width": size[0], "height": size[1]}
    ).new_page()
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{summary.pk}/")
    expect(page.locator("#newer-notice")).to_contain_text("A new draft of this note was asked for.")
    page.locator(".claim [data-act=edit]").first.click()
    page.locator(".claim textarea").first.focus()
    page.keyboard.type("Typed in between: ")
    before = places(page)

    run_jobs()

    notice = page.locator("#newer-notice")
    expect(notice).to_contain_text("A newer draft of this note is ready.", timeout=30_000)
    assert places(page) == before
    assert axe_violations(page) == []
    notice.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Two drafts compared")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", (1440, 900)), ("dark", (390, 844))],
    ids=["light and wide", "dark and narrow"],
)
def test_a_comparison_has_no_fault_that_a_machine_can_find(
    product: Product, chromium: Browser, script: Callable[..., None], scheme: Any, size: tuple[int, int]
) -> None:
    product.start("web")
    product.wait_for_web()
    script(answer(*DOUBTED), answer(*BETTER))
    clinician = make_clinician()
    older = make_summary(clinician, text=TEXT)
    newer = again(clinician, older)
    page = chromium.new_context(
        base_url=product.url, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    ).new_page()
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{older.pk}/compare/{newer.pk}/")

    assert axe_violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    page.context.close()
