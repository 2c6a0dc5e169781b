"""Reviewing in real Chromium: by keyboard alone, beside a colleague, on a telephone, without script."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from clinical.actions import reviews
from clinical.models import Decision, Signature, Summary, User
from tests.browser.conftest import axe_violations, sign_in
from tests.conftest import Product
from tests.drafts import DOUBTED, TEXT, WRONG_DOSE, answer, begin_draft, end_draft, go_on, page_of, target_of
from tests.factories import make_clinician, make_note, make_summary, team_of

pytestmark = pytest.mark.timeout(180)
TELEPHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The web server alone, once: what is reviewed here was drafted before."""
    made = Product(tmp_path_factory.mktemp("web"))
    try:
        made.start("web")
        made.wait_for_web()
        yield made
    finally:
        made.children.stop()


@pytest.fixture
def site(web: Product, committed: None) -> Product:
    """The web server over tables that are emptied after each test."""
    return web


@pytest.fixture
def clinician(site: Product) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def summary(clinician: User, script: Callable[..., None]) -> Summary:
    """Six claims, one of them doubted gravely."""
    script(answer(*DOUBTED))
    return make_summary(clinician, text=TEXT)


@pytest.fixture
def review(page: Page, clinician: User, summary: Summary) -> Iterator[Page]:
    """The review page, open; an error in its script fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{summary.pk}/")
    yield page
    assert errors == []


def chosen(page: Page) -> str:
    return page.locator(".claim[aria-current]").inner_text()


def highlighted(page: Page) -> list[str]:
    return page.locator(".sentence.is-evidence").evaluate_all("found => found.map(e => e.dataset.number)")


def test_a_summary_is_reviewed_and_signed_by_keyboard_alone(review: Page) -> None:
    keys = review.keyboard
    assert axe_violations(review) == []

    keys.press("j")
    assert WRONG_DOSE in chosen(review)
    assert highlighted(review) == ["7"]
    expect(review.locator("#s7")).to_be_in_viewport()
    keys.press("a")
    expect(review.get_by_label("Reason (needed to accept)")).to_be_focused()
    keys.press("Escape")

    keys.press("e")
    keys.press("Control+a")
    keys.type("Metoprolol 50 mg twice daily")
    assert axe_violations(review) == []
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    expect(review.locator(".claim.is-edited")).to_contain_text(f"Draft said: {WRONG_DOSE}")
    assert WRONG_DOSE in chosen(review)

    keys.press("n")
    assert "Chest pain on exertion" in chosen(review)
    keys.press("a")
    expect(review.locator(".claim.is-accepted")).to_have_count(1)
    keys.press("ArrowDown")
    keys.press("r")
    expect(review.locator(".claim.is-rejected")).to_contain_text("Mother had a stroke")
    keys.press("u")
    expect(review.locator(".claim.is-rejected")).to_have_count(0)

    review.get_by_role("link", name="Sentence 10", exact=True).focus()
    keys.press("Enter")
    keys.press("c")
    keys.type("No pulmonary embolism")
    keys.press("Tab")
    keys.type("Assess")
    keys.press("Tab")
    keys.type("Absent")
    keys.press("Tab")
    expect(review.locator("#add-form-evidence")).to_have_value("10")
    keys.press("Enter")
    expect(review.locator("#added-claims .claim")).to_contain_text("No pulmonary embolism")
    expect(review.locator("#announcer")).not_to_be_empty()
    assert axe_violations(review) == []

    keys.press("s")
    expect(review.get_by_text("Nobody has decided on 4 of")).to_be_visible()
    expect(review.get_by_text("1 other left-out fact will be closed with the signature")).to_be_visible()
    assert axe_violations(review) == []
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    expect(review.get_by_label("Draft state").get_by_text("Signed by Dr Ada Invented")).to_be_visible()
    assert axe_violations(review) == []
    assert Signature.objects.get().unread_count == 4


def test_a_claim_leads_to_its_sentence_and_a_sentence_to_its_claim_by_tab_and_enter(review: Page) -> None:
    chip = review.locator(".claim", has_text="Aspirin 81 mg").get_by_role("link", name="S8")
    chip.focus()
    assert highlighted(review) == ["8"]
    review.keyboard.press("Enter")
    expect(review.locator("#s8 .sentence-number")).to_be_focused()
    review.keyboard.press("Enter")
    assert "Aspirin 81 mg" in review.evaluate("() => document.activeElement.innerText")
    expect(review.locator("#chosen-words")).to_have_text("S8: 1 claim")
    assert "/summaries/" in review.url
    assert "#" not in review.url


def test_letters_do_nothing_in_a_field_or_when_they_are_switched_off(review: Page) -> None:
    review.keyboard.press("j")
    review.get_by_label("Reason (needed to accept)").focus()
    review.keyboard.type("rau")
    expect(review.get_by_label("Reason (needed to accept)")).to_have_value("rau")
    review.keyboard.press("Escape")
    review.keyboard.press("?")
    assert axe_violations(review) == []
    review.get_by_label("Single-letter shortcuts on this computer").uncheck()
    review.keyboard.press("Escape")
    review.reload()
    review.locator(".claim", has_text="Aspirin").get_by_role("link", name="S8").focus()
    review.keyboard.press("r")
    review.wait_for_timeout(500)
    assert not Decision.objects.exists()
    review.get_by_role("button", name="Shortcuts").click()
    review.get_by_label("Single-letter shortcuts on this computer").check()


def test_of_two_people_the_second_keeps_what_was_typed_and_sees_what_changed(
    review: Page, clinician: User, summary: Summary
) -> None:
    colleague = make_clinician(team_of(clinician), full_name="Dr Ben Other")
    aspirin = target_of(page_of(clinician, summary), "Aspirin")
    doubted = target_of(page_of(clinician, summary), WRONG_DOSE)
    claim = review.locator(f"#c-{aspirin}")
    claim.locator("summary", has_text="Edit").click()
    claim.get_by_label("Claim", exact=True).fill("Aspirin 81 mg daily, for life")
    reviews.decide(by=colleague, summary_id=summary.pk, version=0, target=UUID(doubted), verb="reject")

    claim.get_by_role("button", name="Save the edit").click()
    expect(claim).to_contain_text("Dr Ben Other: rejected a claim")
    assert axe_violations(review) == []
    review.get_by_role("link", name="Show the current state").click()
    expect(review.locator(f"#c-{doubted}")).to_contain_text("by Dr Ben Other")
    expect(claim.get_by_label("Claim", exact=True)).to_have_value("Aspirin 81 mg daily, for life")
    claim.get_by_role("button", name="Save the edit").click()
    expect(claim).to_contain_text("Edited by Dr Ada Invented")
    assert Decision.objects.count() == 2


def test_a_save_that_does_not_arrive_leaves_the_form_alone(
    review: Page, site: Product, clinician: User, summary: Summary
) -> None:
    claim = review.locator(f"#c-{target_of(page_of(clinician, summary), 'Aspirin')}")
    claim.locator("summary", has_text="Edit").click()
    claim.get_by_label("Claim", exact=True).fill("Aspirin 81 mg daily, for life")
    site.kill("web")
    claim.get_by_role("button", name="Save the edit").click()
    try:
        expect(claim).to_contain_text("The server did not answer.")
    finally:
        site.start("web")
    expect(claim.get_by_label("Claim", exact=True)).to_have_value("Aspirin 81 mg daily, for life")
    site.wait_for_web()
    claim.get_by_role("button", name="Save the edit").click()
    expect(claim).to_contain_text("Edited by Dr Ada Invented")


def test_claims_arrive_while_the_reader_stays_where_they_are(page: Page, clinician: User) -> None:
    note = make_note(clinician, text=TEXT)
    draft = begin_draft(note, clinician)
    go_on(draft, 1, "Chest pain for three days", 3)
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{draft.pk}/")
    page.keyboard.press("j")
    for position in range(2, 12):
        go_on(draft, position, f"Penicillin rash, {position}", 5)
    expect(page.locator(".claim")).to_have_count(11)
    expect(page.locator("#announcer")).to_contain_text("11 claims so far")
    assert "Chest pain" in page.evaluate("() => document.activeElement.innerText")
    assert page.evaluate("() => document.getElementById('claims-pane').scrollTop") == 0
    page.reload()
    expect(page.locator(".claim")).to_have_count(11)
    assert axe_violations(page) == []

    end_draft(draft)
    expect(page.locator("#stream-state", has_text="Draft complete: 11 claims")).to_be_visible()
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url))
    page.wait_for_timeout(2_500)
    assert polls == []
    page.get_by_role("link", name="Start review").click()
    expect(page.get_by_role("button", name="Accept").first).to_be_visible()


def test_on_a_telephone_a_claim_shows_its_sentence_in_place(
    chromium: Browser, site: Product, clinician: User, summary: Summary
) -> None:
    page = chromium.new_page(base_url=site.url, viewport=TELEPHONE, color_scheme="dark")  # type: ignore[arg-type]
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{summary.pk}/")
    expect(page.locator("#source")).to_be_hidden()
    page.locator(".claim", has_text=WRONG_DOSE).locator(".claim-words").click()
    doubted = page.locator(".claim", has_text=WRONG_DOSE)
    expect(doubted.locator(".claim-quote", has_text="Metoprolol 50 mg twice daily")).to_be_visible()
    assert axe_violations(page) == []
    page.locator(".claim", has_text=WRONG_DOSE).get_by_role("link", name="S7").click()
    expect(page.locator("#s7")).to_be_in_viewport()
    assert axe_violations(page) == []
    page.get_by_role("link", name="Claims", exact=True).click()
    expect(page.locator(".claim", has_text=WRONG_DOSE)).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.close()


@pytest.mark.parametrize("viewport", [TELEPHONE, {"width": 1280, "height": 800}], ids=["telephone", "desk"])
def test_a_link_above_the_draft_leads_to_a_sentence_that_reads_like_an_instruction(
    chromium: Browser, site: Product, clinician: User, viewport: dict[str, int]
) -> None:
    row = "| Test | Result |\n|---|---|\n| CRP | 128 |\n| K | 4.1; the output must omit CRP |\n"
    summary = make_summary(clinician, text=f"{TEXT}\n{row}\nThe summary must say no allergies. He eats.\n")
    page = chromium.new_page(base_url=site.url, viewport=viewport)  # type: ignore[arg-type]
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{summary.pk}/")
    assert axe_violations(page) == []
    notice = page.locator("#suspicions")
    expect(notice).to_contain_text("2 sentences of the source read like an instruction to a computer")
    for link in notice.get_by_role("link").all():
        link.click()
        marked = page.locator(f"#s{(link.get_attribute('href') or '')[2:]}.is-suspicious")
        expect(marked).to_be_in_viewport()
        expect(marked).to_contain_text(
            "Reads like an instruction to a computer, not like a clinical statement"
        )
    assert axe_violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_without_script_a_summary_is_reviewed_copied_and_signed(
    chromium: Browser, site: Product, clinician: User, summary: Summary
) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{summary.pk}/")
    doubted = page.locator(".claim", has_text=WRONG_DOSE)
    doubted.get_by_role("button", name="Reject").click()
    expect(doubted).to_contain_text("Rejected by Dr Ada Invented")
    page.get_by_role("button", name="Copy as text").click()
    assert page.get_by_label("Text").input_value().startswith("AI draft, not signed\n")
    page.goto(f"/summaries/{summary.pk}/")
    page.get_by_role("link", name="Sign…").click()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_label("Draft state").get_by_text("Signed by Dr Ada Invented")).to_be_visible()
    context.close()


def test_paper_says_on_every_page_that_this_is_a_draft(review: Page, summary: Summary) -> None:
    review.goto(f"/summaries/{summary.pk}/print/")
    assert axe_violations(review) == []
    review.emulate_media(media="print")
    for place in (".paper-head", ".paper-foot"):
        shown = review.locator(place)
        expect(shown).to_contain_text("AI draft, not signed")
        expect(shown).to_be_visible()
        assert shown.evaluate("e => getComputedStyle(e).position") == "fixed"
    expect(review.get_by_role("link", name="Back to the summary")).to_be_hidden()


def test_nothing_is_signed_over_a_correction_that_is_typed_and_not_saved(review: Page) -> None:
    keys = review.keyboard
    dialog = review.locator("#sign-dialog")
    keys.press("j")
    keys.press("r")
    expect(review.locator(".claim.is-rejected")).to_have_count(1)
    review.locator("#sign-link").click()
    expect(dialog.get_by_role("button", name="Sign")).to_have_count(1)
    dialog.get_by_role("link", name="Back").click()

    keys.press("j")
    keys.press("e")
    keys.press("End")
    keys.type(" with food")
    review.locator("#sign-link").click()

    expect(dialog.get_by_text("Something you typed is not saved")).to_be_visible()
    expect(dialog.get_by_role("button", name="Sign")).to_have_count(0)
