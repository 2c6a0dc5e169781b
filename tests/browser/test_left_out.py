"""What a draft leaves out, in real Chromium: decided by keyboard alone; nothing moves under the hand."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from clinical.models import Signature, Summary, User
from tests.browser.conftest import axe_violations, sign_in
from tests.conftest import Product
from tests.drafts import TEXT, answer, begin_draft, claim, end_draft, go_on, state
from tests.factories import make_clinician, make_note, make_summary

pytestmark = pytest.mark.timeout(180)
ALLERGY = "Penicillin (rash)"


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The web server alone, once."""
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
    """A draft that forgets the allergy."""
    script(
        answer(
            claim("Chest pain on exertion for three days", "reason", 3),
            claim("Metoprolol 50 mg twice daily", "medication", 7),
            claim("Aspirin 81 mg daily", "medication", 8),
        )
    )
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


def test_left_out_facts_are_decided_by_keyboard_alone(review: Page) -> None:
    keys = review.keyboard
    fact = review.locator(".fact", has_text=ALLERGY)
    assert axe_violations(review) == []
    expect(review.locator("#review-state")).to_contain_text("1 needs your decision")

    keys.press("n")
    expect(fact).to_be_focused()
    assert review.locator(".sentence.is-evidence").get_attribute("data-number") == "5"
    keys.press("r")
    expect(fact.get_by_label("Reason")).to_be_focused()
    keys.type("Challenged and tolerated")
    keys.press("Enter")
    expect(fact).to_contain_text("Not needed by Dr Ada Invented")
    expect(fact).to_be_focused()
    expect(review.locator("#review-state")).not_to_contain_text("your decision")
    expect(review.locator("#announcer")).to_contain_text("Not needed")
    assert axe_violations(review) == []

    keys.press("u")
    expect(fact.get_by_role("button", name="Add")).to_be_visible()
    expect(review.locator("#announcer")).to_contain_text("Undecided again")
    keys.press("a")
    expect(fact).to_contain_text("Added as a claim below")
    expect(fact).to_be_focused()
    added = review.locator("#added-claims .claim")
    expect(added).to_contain_text(ALLERGY)
    expect(added.get_by_role("link", name="S5")).to_be_visible()
    assert axe_violations(review) == []
    keys.press("u")
    expect(review.locator("#added-claims .claim")).to_have_count(0)

    keys.press("s")
    dialog = review.locator("#sign-dialog")
    expect(dialog).to_contain_text("1 critical fact the draft leaves out needs your decision first")
    assert axe_violations(review) == []
    expect(dialog.get_by_role("button", name="Sign")).to_have_count(0)
    dialog.get_by_role("link", name=ALLERGY).press("Enter")
    expect(fact).to_be_focused()
    keys.press("a")
    expect(review.locator("#added-claims .claim")).to_have_count(1)
    expect(review.locator("#announcer")).to_contain_text("Added as a claim")

    keys.press("j")
    others = review.locator("#ledger-others")
    expect(others.locator(".fact").first).to_be_hidden()
    keys.press("l")
    expect(others.locator("#ledger-others-summary")).to_be_focused()
    expect(others.locator(".fact").first).to_be_visible()
    keys.press("l")
    expect(others.locator(".fact").first).to_be_hidden()
    keys.press("l")
    keys.press("Tab")
    keys.press("Enter")
    expect(others).to_contain_text("all closed")
    expect(review.locator("#announcer")).to_contain_text("all closed")
    expect(others.locator(".fact").first).to_be_visible()

    keys.press("s")
    expect(dialog.get_by_role("button", name="Sign")).to_be_visible()
    keys.press("Tab")
    keys.press("Enter")
    expect(review.get_by_label("Draft state").get_by_text("Signed by Dr Ada Invented")).to_be_visible()
    ledger = review.locator("#ledger")
    expect(ledger).to_contain_text("Left out of the draft")
    expect(ledger).to_contain_text("Added as a claim")
    assert axe_violations(review) == []
    kept = Signature.objects.get().content["facts"]
    assert {fact["status"] for fact in kept} == {"used", "not_needed"}


def test_a_rejected_claim_gives_its_fact_back_and_stays_under_the_hand(page: Page, clinician: User) -> None:
    draft = begin_draft(make_note(clinician, text=TEXT), clinician)
    for position in range(1, 15):
        go_on(draft, position, f"Chest pain on exertion, {position}", 3)
    go_on(draft, 15, ALLERGY, 5)
    for position in range(16, 30):
        go_on(draft, position, f"Chest pain on exertion, {position}", 3)
    state(draft, ALLERGY, 5)
    end_draft(draft)
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{draft.pk}/")
    expect(page.locator(".ledger")).to_contain_text("1 must-carry fact is used")
    rejected = page.locator(".claim[data-claim]", has_text=ALLERGY)
    button = rejected.get_by_role("button", name="Reject")
    button.scroll_into_view_if_needed()
    before = rejected.bounding_box()

    button.click()

    expect(page.locator(".fact[data-undecided]", has_text=ALLERGY)).to_have_count(1)
    page.wait_for_timeout(300)
    after = rejected.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) <= 1
    expect(page.locator("#review-state")).to_contain_text("1 needs your decision")


def test_a_reason_half_typed_survives_a_decision_elsewhere(review: Page) -> None:
    reason = review.locator(".fact", has_text=ALLERGY).get_by_label("Reason")
    reason.fill("Challenged and")
    review.locator(".claim[data-claim]", has_text="Aspirin").get_by_role("button", name="Accept").click()
    expect(review.locator(".claim.is-accepted")).to_have_count(1)
    expect(reason).to_have_value("Challenged and")


def test_marks_of_symptoms_come_and_go_and_nothing_moves(review: Page) -> None:
    def places() -> list[float]:
        found: list[float] = review.locator(".sentence").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).flatMap(r => [r.x, r.y, r.width, r.height])"
        )
        return found

    mark = review.locator("#source .symptom", has_text="Chest pain")
    line = "e => getComputedStyle(e).textDecorationLine"
    assert mark.evaluate(line) == "underline"
    before = places()
    review.keyboard.press("y")
    assert mark.evaluate(line) == "none"
    assert places() == before
    expect(review.locator("#announcer")).to_have_text("Symptoms are not marked.")
    review.reload()
    assert mark.evaluate(line) == "none"
    review.get_by_role("button", name="Show symptom marks").click()
    assert mark.evaluate(line) == "underline"
    review.get_by_text("Key symptoms").click()
    expect(review.locator("#symptoms")).to_contain_text("Chest pain: for three days")
    assert axe_violations(review) == []


def test_without_script_a_left_out_fact_is_decided_and_undone(
    review: Page, clinician: User, summary: Summary
) -> None:
    browser = review.context.browser
    assert browser
    context = browser.new_context(
        base_url=review.url.split("/summaries")[0], java_script_enabled=False, locale="en-GB"
    )
    page = context.new_page()
    sign_in(page, clinician.username)
    page.goto(f"/summaries/{summary.pk}/")
    fact = page.locator(".fact", has_text=ALLERGY)
    fact.get_by_label("Reason").fill("Challenged and tolerated")
    fact.get_by_role("button", name="Not needed").click()
    expect(fact).to_contain_text("Reason: Challenged and tolerated")
    fact.get_by_role("button", name="Undo").click()
    fact.get_by_role("button", name="Add").click()
    expect(page.locator("#added-claims")).to_contain_text(ALLERGY)
    context.close()
