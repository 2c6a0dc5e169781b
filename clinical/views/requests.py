"""A request as a view gets it: the middleware has seen to the log-in, and htmx may have asked."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from clinical.models import User


class Request(HttpRequest):
    """For annotations only: Django makes plain requests, and the middleware adds these two."""

    user: User
    htmx: HtmxDetails
