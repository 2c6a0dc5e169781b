"""System checks: every route declares its access, the engine is inside, word lists read, no owner runs."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from clinical import access
from clinical.database_roles import owns_tables


def routes(patterns: Sequence[URLPattern | URLResolver] | None = None) -> Iterator[URLPattern]:
    """Walk every route of the site."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        else:
            yield pattern


@register(Tags.security)
def every_route_declares_its_access(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Find routes that name no permission, or one that the table does not have."""
    errors: list[CheckMessage] = []
    for route in routes():
        permission = access.permission_of(route.callback, route.name)
        if permission not in access.PERMISSIONS:
            errors.append(
                Error(
                    f"The route {route.pattern} declares no access.",
                    hint="Decorate its view with @access(...), or name it in access.ROUTES_OF_OTHERS.",
                    id="clinical.E001",
                )
            )
    return errors


@register(Tags.security)
def the_engine_is_inside_the_site(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Refuse an engine address outside the configured site networks."""
    from clinical.actions.engines import address_refusal

    refusal = address_refusal(settings.EPITOME_ENGINE_URL) if settings.EPITOME_ENGINE_URL else ""
    return [Error(refusal, id="clinical.E002")] if refusal else []


@register
def word_lists_are_in_order(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Refuse a site's word lists that cannot be read, before the first draft fails on them."""
    from clinical.actions.lexicons import faults

    hint = (
        "Mend the file in the folder that EPITOME_LEXICONS names; `python -m inference lexicons` looks again."
    )
    return [Error(f"Word lists: {error}.", hint=hint, id="clinical.E003") for error in faults()]


def refuse_faulty_word_lists() -> None:
    """Stop a web server or worker that would check claims without what the site adds to the word lists.

    Raises:
        ImproperlyConfigured: a file has a fault, or the folder is not there.
    """
    from clinical.actions.lexicons import faults

    if found := faults():
        raise ImproperlyConfigured("Word lists: " + "; ".join(found))


def refuse_owner_role() -> None:
    """Stop a web server or worker that runs as the database's owner.

    Raises:
        ImproperlyConfigured: the role could re-grant itself the right to rewrite the audit.
    """
    if owns_tables():
        raise ImproperlyConfigured(
            "DATABASE_URL names a role that owns the tables. Give the application a role of its own and put"
            " the owner into DATABASE_OWNER_URL, which only migrations use."
        )
