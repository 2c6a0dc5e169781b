"""Documents: taking them in, watching them become a draft, deciding whose they are."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from clinical.access import Refusal, Refused, access
from clinical.actions import documents as actions
from clinical.actions import drafts, engines, outages, patients, prompts
from clinical.forms.documents import ConfirmForm, UploadForm, WithdrawForm
from clinical.models import Document, Job
from clinical.views.patients import patient_context
from clinical.views.requests import AWAITED, Request

TOO_LARGE = Refusal(
    "too_large",
    f"These files are larger than {settings.UPLOAD_REQUEST_BYTES // 2**20} MB together. Nothing was kept."
    " Go back and send fewer at a time.",
    413,
)


@dataclass(frozen=True)
class Sent:
    """What became of one file: kept, known already, or refused with a sentence."""

    filename: str
    document: Document | None = None
    is_known: bool = False
    refusal: str = ""


@access("document.upload")
@require_POST
def upload(request: Request, pk: UUID) -> HttpResponse:
    """Take in files or pasted text; each file has its own outcome."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_REQUEST_BYTES:
        raise Refused(TOO_LARGE)
    page = patients.look_again(by=request.user, patient_id=pk)
    form = UploadForm(
        request.POST, request.FILES, correctable=page.correctable, default_prompt=page.default_prompt
    )
    if not form.is_valid():
        return render(request, "patients/patient.html", patient_context(page, upload=form), status=422)
    sent = [_send(request, pk, form, *content) for content in form.contents()]
    if len(sent) == 1 and sent[0].document:
        if sent[0].is_known:
            messages.info(request, "This document was here already; it is not stored twice.")
        else:
            request.session[AWAITED] = str(sent[0].document.pk)
        return redirect("document", sent[0].document.pk)
    is_all_refused = not any(one.document for one in sent)
    page = patients.look_again(by=request.user, patient_id=pk)
    context = patient_context(page, upload=form if is_all_refused else None) | {"sent": sent}
    return render(request, "patients/patient.html", context, status=422 if is_all_refused else 200)


def _send(request: Request, patient_id: UUID, form: UploadForm, filename: str, content: bytes) -> Sent:
    try:
        kept = actions.upload(
            by=request.user,
            patient_id=patient_id,
            content=content,
            filename=filename,
            note_type=form.cleaned_data["note_type"],
            note_date=form.cleaned_data["note_date"],
            supersedes_id=form.cleaned_data["supersedes"],
            prompt=form.cleaned_data["prompt"],
        )
    except Refused as refused:
        if refused.refusal.status != 422:
            raise
        return Sent(filename, refusal=refused.refusal.sentence)
    return Sent(filename, kept.document, kept.is_known)


def state_of(page: actions.DocumentPage) -> str:
    """Name where a document stands, for the page to say and for a poll to compare."""
    if page.withdrawal:
        return "withdrawn"
    if page.is_in_doubt:
        return "in_doubt"
    job = page.job
    if page.wait and page.wait.is_for_engine:
        return "held"
    if job and job.status == Job.Status.QUEUED:
        return "trying_again" if job.error_code else "waiting"
    if job and job.status == Job.Status.RUNNING:
        if job.kind == Job.Kind.EXTRACT:
            return "reading"
        return "begun" if page.has_new_draft else "drafting"
    if job and job.status in {Job.Status.FAILED, Job.Status.CANCELLED}:
        return str(job.status)
    return "ready" if page.summary else "read"


def place_of(page: actions.DocumentPage) -> str:
    """Name what else a page of unfinished work tells: the place in the queue, a draft to read, the engine."""
    if page.is_settled:
        return ""
    draft = f"{page.summary.pk}-{page.summary.status}" if page.summary else ""
    return f"{page.wait.ahead if page.wait else ''}-{draft}-{'down' if outages.current() else 'up'}"


def is_stalled(page: actions.DocumentPage) -> bool:
    """Say whether the draft that is being made comes from an engine that is down."""
    job = page.job
    if job is None or job.kind != Job.Kind.SUMMARIZE or job.status != Job.Status.RUNNING:
        return False
    return job.engine != engines.EXTRACTIVE and outages.current() is not None


def _context(page: actions.DocumentPage) -> dict[str, Any]:
    return {
        "page": page,
        "state": state_of(page),
        "place": place_of(page),
        "is_stalled": is_stalled(page),
        "patient": page.patient,
        "has_namesake": page.has_namesake,
        "drafts": drafts.listing(page.note) if page.note and not page.withdrawal else None,
        "withdraw": WithdrawForm(),
        "confirm": ConfirmForm(),
        "kinds": prompts.current(),
    }


@access("document.read")
@require_GET
def document(request: Request, pk: UUID) -> HttpResponse:
    """Show a document's state, and what can be done with it; or lead on to the draft that was asked for.

    A poll leads on to a draft that begins while the page is open. One that was there before the page could be
    loaded is led on to here, once: going back shows the page.
    """
    page = actions.open_document(by=request.user, document_id=pk)
    if request.session.get(AWAITED) == str(pk):
        del request.session[AWAITED]
        if page.has_new_draft and page.summary:
            return redirect("summary", page.summary.pk)
    return render(request, "documents/document.html", _context(page))


@access("document.read")
@require_GET
def progress(request: Request, pk: UUID) -> HttpResponse:
    """Answer a poll: nothing while nothing changed, the new state, or the way to a draft that has begun.

    Nobody is led away who is `choosing` the kind of another draft; the new state has a link to the one begun.
    """
    page = actions.progress(by=request.user, document_id=pk)
    if not request.htmx:
        return redirect("document", pk)
    place = place_of(page)
    if state_of(page) == request.GET.get("seen") and place == request.GET.get("place", place):
        return HttpResponse(status=204)
    is_free = request.GET.get("seen") != "begun" and "choosing" not in request.GET
    if page.has_new_draft and page.summary and is_free:
        return HttpResponseClientRedirect(reverse("summary", args=[page.summary.pk]))
    return render(request, "documents/_progress.html", _context(page))


@access("document.confirm")
@require_POST
def confirm(request: Request, pk: UUID) -> HttpResponse:
    """Say that a document which names another patient is the chosen one's after all."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        page = actions.progress(by=request.user, document_id=pk)
        return render(request, "documents/document.html", _context(page) | {"confirm": form}, status=422)
    actions.confirm_patient(by=request.user, document_id=pk, reason=form.cleaned_data["reason"])
    messages.success(request, "Confirmed. The draft is being made.")
    return redirect("document", pk)


@access("document.withdraw")
@require_POST
def withdraw(request: Request, pk: UUID) -> HttpResponse:
    """Mark a document entered in error."""
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        page = actions.progress(by=request.user, document_id=pk)
        return render(request, "documents/document.html", _context(page) | {"withdraw": form}, status=422)
    actions.withdraw(by=request.user, document_id=pk, reason=form.cleaned_data["reason"])
    messages.success(request, "Marked as entered in error. It and everything made from it is hidden.")
    return redirect("document", pk)
