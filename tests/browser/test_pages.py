"""Every page of every role, light and dark, wide and narrow: axe finds nothing, nothing scrolls sideways, the
content security policy refuses nothing, and every request stays on the site."""

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from clinical.models import Job, Role, User
from tests.browser.conftest import axe_violations, sign_in
from tests.conftest import Product
from tests.factories import make_account, make_clinician, make_summary, team_of

pytestmark = pytest.mark.timeout(300)

Paths = list[tuple[User, list[str]]]


def the_pages() -> Paths:
    """A person of each role with the addresses of their pages, on a site with one summary."""
    clinician = make_clinician()
    summary = make_summary(clinician)
    document = summary.sources.get().note.document
    job = Job.objects.filter(document=document).first()
    assert job is not None
    operator = make_account(Role.OPERATOR)
    return [
        (
            clinician,
            [
                "/worklist/",
                "/patients/",
                "/patients/new/",
                f"/patients/{summary.patient_id}/",
                f"/documents/{document.pk}/",
                f"/documents/{document.pk}/withdraw/",
                f"/summaries/{summary.pk}/",
                f"/summaries/{summary.pk}/sign/?version=0",
                f"/summaries/{summary.pk}/print/",
                "/prompts/",
                f"/prompts/{summary.model_version.prompt_digest}/",
                "/account/password/change/",
                "/account/logout/",
            ],
        ),
        (
            operator,
            [
                "/jobs/",
                f"/jobs/{job.pk}/",
                "/accounts/",
                "/accounts/new/",
                f"/accounts/{clinician.pk}/disable/",
                f"/accounts/{clinician.pk}/reset/",
                "/teams/",
                "/teams/new/",
                f"/teams/{team_of(clinician).pk}/summaries/",
                "/worklist/",
            ],
        ),
        (make_account(Role.AUDITOR), ["/audit/", "/audit/?type=summary_ready", "/nowhere/"]),
    ]


def problems_of(page: Page, path: str) -> list[str]:
    """Open a page and list what is wrong with it."""
    answer = page.goto(path)
    assert answer is not None
    found = [f"{path}: {violation}" for violation in axe_violations(page)]
    overflow = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return [*found, f"{path}: scrolls sideways by {overflow} px"] if overflow > 0 else found


@pytest.mark.parametrize(
    ("scheme", "size"),
    [("light", (1440, 900)), ("dark", (390, 844))],
    ids=["light and wide", "dark and narrow"],
)
def test_no_page_has_a_fault_that_a_machine_can_find(
    site: Product, chromium: Browser, scheme: str, size: tuple[int, int]
) -> None:
    problems: list[str] = []
    for person, paths in the_pages():
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        elsewhere: list[str] = []

        def watch(request: Request, seen: list[str] = elsewhere) -> None:
            if not request.url.startswith((site.url, "data:")):
                seen.append(request.url)

        def listen(message: ConsoleMessage, said: list[str] = problems) -> None:
            if "Content Security" in message.text:
                said.append(message.text)

        page.on("request", watch)
        page.on("console", listen)
        sign_in(page, person.username)
        for path in paths:
            problems += problems_of(page, path)
        assert elsewhere == []
        context.close()
    assert problems == []
