"""Real Chromium against the whole product."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from clinical.management.supervisor import ROOT
from tests.conftest import Product
from tests.factories import PASSWORD

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


# Playwright's synchronous interface runs an event loop here; that queries block it is meant.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, closed to the network by its own flags."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: `make test` installs it, or apt install chromium"
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def site(product: Product) -> Product:
    """The whole product, answering."""
    product.start()
    product.wait_for_web()
    return product


@pytest.fixture
def context(chromium: Browser, site: Product) -> Iterator[BrowserContext]:
    """A browser of a person of their own."""
    made = chromium.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}, locale="en-GB")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page whose errors fail the test."""
    made = context.new_page()
    made.set_default_timeout(15_000)
    return made


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Log in by keyboard."""
    page.goto("/account/login/")
    page.get_by_label("Username").focus()
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/account/login" not in url)


def axe_violations(page: Page) -> list[str]:
    """Run axe on the page as it stands."""
    page.evaluate(AXE.read_text())
    result = page.evaluate("() => axe.run()")
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in result["violations"]]
