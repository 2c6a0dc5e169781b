"""A request as a view gets it: the middleware has seen to the log-in, and htmx may have asked."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from clinical.models import User

AWAITED = "awaited"
"""In a session: the document whose next draft its page leads on to, once, however soon the draft is there."""


class Request(HttpRequest):
    """For annotations only: Django makes plain requests, and the middleware adds these two."""

    user: User
    htmx: HtmxDetails
