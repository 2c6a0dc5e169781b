"""A day with Epitome in real Chromium: upload a PDF and a DOCX, review and sign both, by keyboard alone.

A clinician of another team finds nothing; the auditor finds every step and no clinical text.
"""

import io
from pathlib import Path

import docx
import pytest
from playwright.sync_api import Browser, Page, expect
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from clinical.models import AuditEvent, Job, Patient, Role, Signature, Summary
from tests.browser.conftest import axe_violations, sign_in
from tests.conftest import Product, wait_for
from tests.factories import make_account, make_clinician, make_patient

pytestmark = pytest.mark.timeout(180)

LINES = [
    "Invented patient, for testing.",
    "Discharge summary",
    "Reason for admission: chest pain on exertion.",
    "Allergies: penicillin (rash).",
    "Discharge medications:",
    "- Metoprolol 50 mg twice daily",
    "- Aspirin 81 mg daily",
    "Follow-up: cardiology clinic in 2 weeks.",
]
TABS_AT_MOST = 150


def a_pdf(path: Path) -> Path:
    """A discharge summary as PDF."""
    page = canvas.Canvas(str(path), pagesize=A4)
    for n, line in enumerate(LINES):
        page.drawString(72, 770 - 20 * n, line)
    page.save()
    return path


def a_docx(path: Path) -> Path:
    """The same as a Word document, with one more line."""
    document = docx.Document()
    for line in [*LINES, "Ramipril was stopped because of cough."]:
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    path.write_bytes(stream.getvalue())
    return path


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus stands on something that says these words."""
    for _ in range(TABS_AT_MOST):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const e = document.activeElement;"
            " const labels = [...(e.labels ?? [])].map(l => l.innerText);"
            " return [e.innerText, e.getAttribute('aria-label'), ...labels].join(' ') }"
        )
        if words.lower() in found.lower():
            return
    pytest.fail(f"Tab never reached “{words}”")


def upload(page: Page, file: Path, kind: str) -> None:
    """Upload a file on a patient's page; the operating system's own file dialog is answered for it."""
    tab_to(page, "Files")
    expect(page.locator("input[type=file]")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(file)
    tab_to(page, "Kind of note")
    page.keyboard.type(kind)
    tab_to(page, "Date of the note")
    page.keyboard.type("01112026")
    tab_to(page, "Upload for this patient")
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/**")


def review_and_sign(page: Page) -> None:
    """Accept the first claim, reject the last, add critical left-out facts, sign: by the page's own keys."""
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator(".claim", has_text="Accepted")).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_timeout(300)
    if page.locator("textarea:focus, input:focus").count():
        page.keyboard.type("Not needed.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    expect(page.locator(".claim", has_text="Rejected")).to_have_count(1)
    open_facts = page.locator(".fact[data-undecided][data-tone=critical]")
    for left in range(open_facts.count(), 0, -1):
        page.keyboard.press("n")
        page.keyboard.press("a")
        expect(open_facts).to_have_count(left - 1)
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Sign this summary")).to_be_visible()
    tab_to(page, "Sign")
    while page.evaluate("() => document.activeElement.innerText.trim().toLowerCase()") != "sign":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Signed by").first).to_be_visible()


def test_a_day_from_upload_to_audit_by_keyboard_alone(
    site: Product, chromium: Browser, page: Page, tmp_path: Path
) -> None:
    clinician = make_clinician(full_name="Dr Ada Invented")
    stranger = make_clinician(full_name="Dr Otto Elsewhere")
    auditor = make_account(Role.AUDITOR)
    patient = make_patient(clinician, family_name="Quillfeather")
    sign_in(page, clinician.username)

    for file, kind in ((a_pdf(tmp_path / "a.pdf"), "Discharge"), (a_docx(tmp_path / "b.docx"), "Clinic")):
        page.goto(f"/patients/{patient.pk}/")
        upload(page, file, kind)
        wait_for(lambda: not Job.objects.live().exists())
        page.wait_for_url("**/summaries/**", timeout=15_000)
        page.reload()
        expect(page.get_by_text("not signed").first).to_be_visible()
        assert axe_violations(page) == []
        review_and_sign(page)

    assert Signature.objects.count() == 2
    signed = Summary.objects.filter(review__signature__isnull=False).values_list("pk", flat=True)
    other = chromium.new_page(base_url=site.url)
    sign_in(other, stranger.username)
    for pk in signed:
        answer = other.goto(f"/summaries/{pk}/")
        assert answer is not None
        assert answer.status == 404
        assert "Quillfeather" not in other.content()
    other.close()

    reader = chromium.new_page(base_url=site.url)
    sign_in(reader, auditor.username)
    reader.goto(f"/audit/?patient={patient.pk}")
    text = reader.content()
    for label in ("Uploaded a document", "Opened a summary", "Decided on a claim", "Signed a summary"):
        assert label in text
    for word in ("Quillfeather", "Metoprolol", "enicillin", patient.mrn):
        assert word not in text
    denied = AuditEvent.objects.filter(outcome="denied", actor=stranger.username, patient_id=patient.pk)
    assert denied.count() == 2
    assert Patient.objects.count() == 1
    reader.close()
