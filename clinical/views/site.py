"""Home, health, and the pages for what is not there or went wrong."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clinical.access import access
from clinical.models import Role
from clinical.views.requests import Request

HOMES = {Role.CLINICIAN: "worklist", Role.AUDITOR: "audit", Role.OPERATOR: "jobs"}


@access("signed_in")
def home(request: Request) -> HttpResponse:
    """Send each role to where its work waits."""
    return redirect(HOMES[Role(request.user.role)])


@access("anyone")
def health(request: HttpRequest) -> HttpResponse:
    """Say whether the web server reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is nothing at this address."""
    return render(request, "errors/not_found.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that the program failed; without the request's context, which may be what failed."""
    return render(None, "errors/failed.html", status=500)
