"""Where a request comes from, whether its route may be used, and what a refusal looks like."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from clinical import access
from clinical.actions import audit

WRONG_METHOD = access.Refusal(
    "wrong_method", "This address takes a form, not a visit. Nothing was changed; begin the step again.", 405
)

GetResponse = Callable[[HttpRequest], HttpResponse]


class SourceMiddleware:
    """Remember the network address for the audit, and let no cache keep a page.

    The address is the connection's own: a header a client can write is never believed here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.source(request.META.get("REMOTE_ADDR", "")):
            response = self.get_response(request)
        add_never_cache_headers(response)
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ("HX-Request",))
        return response


class AccessMiddleware:
    """Enforce the permission each route declares, and turn refusals into pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # Reached by a reload, or after logging in again in the middle of a step.
            return refusal_page(request, WRONG_METHOD)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse a route the person's role does not have; send an expired password to its change."""
        name = request.resolver_match.url_name if request.resolver_match else None
        permission = access.permission_of(view, name) or "nobody"
        if refusal := access.may_use(request.user, permission):
            if not request.user.is_authenticated:
                # Nobody to hold to account yet: no row, or strangers could fill the audit.
                return refusal_page(request, refusal) if permission == "nobody" else redirect("account_login")
            audit.deny_route(by=request.user, route=name or "", refusal=refusal)
            return refusal_page(request, refusal)
        if getattr(request.user, "must_change_password", False) and name not in {
            "account_change_password",
            "account_logout",
        }:
            return redirect("account_change_password")
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a refusal into its page; leave anything else alone."""
        if isinstance(exception, access.Refused):
            return refusal_page(request, exception.refusal)
        return None


def refusal_page(request: HttpRequest, refusal: access.Refusal) -> HttpResponse:
    """Render a refusal, as a fragment where htmx asks."""
    is_htmx = bool(getattr(request, "htmx", False))
    template = "errors/_refusal.html" if is_htmx else "errors/refusal.html"
    response = render(request, template, {"refusal": refusal}, status=refusal.status)
    if is_htmx and refusal.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        # The page itself may no longer be shown; without this a poll would ask, and be refused, for ever.
        response["HX-Refresh"] = "true"
    return response
