"""The auditor's pages: who did what to what, when, from where, with what outcome; no clinical text."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from clinical.access import access
from clinical.actions import audit as actions
from clinical.forms.audit import AuditFilterForm
from clinical.models import AuditEvent, User
from clinical.views.requests import Request


@dataclass(frozen=True)
class Detail:
    """One entry of an event's detail: a value, or a list of references."""

    key: str
    value: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventRow:
    """An event with its detail laid out, and the user name where the object is an account."""

    event: AuditEvent
    account: str
    details: list[Detail]


@access("audit.read")
@require_GET
def audit(request: Request) -> HttpResponse:
    """Show a page of the audit, newest first; opening it is audited too."""
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        return render(request, "audit/audit.html", {"form": form}, status=422)
    page = actions.page(by=request.user, wanted=form.wanted())
    context = {
        "form": form,
        "chosen": form.chosen(),
        "rows": _rows(page.events),
        "older": page.older,
        "export_rows": actions.EXPORT_ROWS,
    }
    return render(request, "audit/audit.html", context)


@access("audit.export")
@require_POST
def export(request: Request) -> HttpResponse:
    """Send the chosen rows as a CSV file; the export is audited."""
    form = AuditFilterForm(request.POST)
    if not form.is_valid():
        return render(request, "audit/audit.html", {"form": form}, status=422)
    name = f"epitome-audit-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    return HttpResponse(
        actions.export(by=request.user, wanted=form.wanted()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@access("audit.read")
@require_POST
def verify(request: Request) -> HttpResponse:
    """Recompute the chain and show the verdict; the verification is audited."""
    context = {"verdict": actions.verify(by=request.user), "at": timezone.now()}
    return render(request, "audit/verdict.html", context)


def _rows(events: list[AuditEvent]) -> list[EventRow]:
    ids = {event.object_id for event in events if event.object_type == "user" and event.object_id}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))
    return [
        EventRow(
            event,
            names.get(event.object_id, "") if event.object_id else "",
            [_detail(key, value) for key, value in event.detail.items()],
        )
        for event in events
    ]


def _detail(key: str, value: Any) -> Detail:
    words = key.replace("_", " ")
    if isinstance(value, list):
        return Detail(words, str(len(value)), tuple(str(item) for item in value))
    if isinstance(value, bool):
        return Detail(words, "yes" if value else "no")
    return Detail(words, "none" if value is None else str(value))
