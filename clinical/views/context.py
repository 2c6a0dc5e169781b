"""What every page shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinical.actions import jobs, outages
from clinical.actions.jobs import LATE_S


def site(request: HttpRequest) -> dict[str, Any]:
    """Give the templates the site's name, how late background work is, and whether the engine is down."""
    context: dict[str, Any] = {
        "site_name": settings.EPITOME_SITE_NAME,
        "is_demo": settings.EPITOME_IS_DEMO,
        "version": settings.VERSION,
        "outage": SimpleLazyObject(outages.current),  # asked for by the pages that say it
    }
    if (
        getattr(request, "user", None)
        and request.user.is_authenticated
        and not getattr(request, "htmx", False)
    ):
        since = jobs.seconds_since_tick()
        context["tick_late_s"] = round(since) if since is not None and since > LATE_S else None
        context["tick_never"] = since is None
    return context
