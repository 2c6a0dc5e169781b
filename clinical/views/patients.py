"""Patients: found by POST so that no name or number stands in an address, registered, opened, shared."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinical.access import Refused, access
from clinical.actions import patients as actions
from clinical.actions.documents import FILE_BYTES
from clinical.forms.documents import UploadForm
from clinical.forms.patients import PatientForm, SearchForm, ShareForm, guess_patient
from clinical.views.requests import Request


@access("patient.search")
@require_http_methods(["GET", "POST"])
def search(request: Request) -> HttpResponse:
    """Find patients by MRN or name."""
    form = SearchForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        query = form.cleaned_data["query"]
        context |= {"query": query, "found": actions.search(by=request.user, query=query)}
        context["is_cut"] = len(context["found"]) == actions.SEARCH_ROWS
    template = "patients/_results.html" if request.htmx else "patients/search.html"
    return render(request, template, context)


@access("patient.create")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Register a patient; what was searched for arrives by POST and fills the form."""
    if request.method != "POST" or "mrn" not in request.POST:
        form = PatientForm(initial=guess_patient(request.POST.get("query", "")), by=request.user)
        return render(request, "patients/new.html", {"form": form})
    form = PatientForm(request.POST, by=request.user)
    known, status = None, 422
    if form.is_valid():
        team = form.cleaned_data.pop("team")
        try:
            patient = actions.create(by=request.user, team_id=team.pk, **form.cleaned_data)
        except Refused as refused:
            form.add_error("mrn", refused.refusal.sentence)
            known, status = next(iter(refused.refusal.items), None), refused.refusal.status
        else:
            return redirect("patient", patient.pk)
    return render(request, "patients/new.html", {"form": form, "known": known}, status=status)


@access("patient.read")
@require_GET
def patient(request: Request, pk: UUID) -> HttpResponse:
    """Show a patient's documents, and take new ones."""
    page = actions.open_patient(by=request.user, patient_id=pk)
    return render(request, "patients/patient.html", patient_context(page))


def patient_context(page: actions.PatientPage, *, upload: UploadForm | None = None) -> dict[str, Any]:
    """Gather what the patient's page shows."""
    return {
        "page": page,
        "patient": page.patient,
        "has_namesake": page.has_namesake,
        "upload": upload or UploadForm(correctable=page.correctable, default_prompt=page.default_prompt),
        "share": ShareForm(teams=page.other_teams),
        "file_bytes": FILE_BYTES,
        "request_bytes": settings.UPLOAD_REQUEST_BYTES,
    }


@access("patient.read")
@require_POST
def share(request: Request, pk: UUID) -> HttpResponse:
    """Let another care team look after the patient too."""
    page = actions.look_again(by=request.user, patient_id=pk)
    form = ShareForm(request.POST, teams=page.other_teams)
    if not form.is_valid():
        return render(request, "patients/patient.html", patient_context(page) | {"share": form}, status=422)
    actions.share(by=request.user, patient_id=pk, team_id=form.cleaned_data["team"].pk)
    messages.success(request, "That care team sees this patient now.")
    return redirect("patient", pk)
