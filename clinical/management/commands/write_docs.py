"""Render what the code already says: the states of each model and the access table."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import URLPattern, URLResolver, get_resolver

from clinical import access
from clinical.models import Role

HEADER = (
    "<!-- Written by `manage.py write_docs`; `make check` fails when this page and the code disagree. -->\n"
)


class Command(BaseCommand):
    """`manage.py write_docs [--check]`."""

    help = "Write docs/states.md and docs/access.md from the code; with --check only compare them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing, fail when a page is out of date"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the pages, or compare them."""
        folder = Path(settings.BASE_DIR) / "docs"
        stale = False
        for name, text in (("states.md", states_page()), ("access.md", access_page())):
            path = folder / name
            if not options["check"]:
                folder.mkdir(exist_ok=True)
                path.write_text(text)
                continue
            written = path.read_text() if path.exists() else ""
            if written != text:
                stale = True
                lines = difflib.unified_diff(
                    written.splitlines(), text.splitlines(), f"docs/{name}", "code", lineterm=""
                )
                self.stderr.write("\n".join(lines))
        if stale:
            raise CommandError("Run `.venv/bin/python manage.py write_docs` and commit what it writes.")


def states_page() -> str:
    """Render the `TRANSITIONS` of every model as a Mermaid state diagram."""
    parts = [HEADER, "# States\n", "Which state may follow which. Each diagram is a model's `TRANSITIONS`.\n"]
    for model in sorted(apps.get_app_config("clinical").get_models(), key=lambda model: model.__name__):
        transitions = getattr(model, "TRANSITIONS", None)
        if transitions is None:
            continue
        parts.append(f"## {model.__name__}\n")
        status: Any = model._meta.get_field("status")
        parts.append(_diagram(transitions, status.default))
    return "\n".join(parts)


def _diagram(transitions: dict[Any, Any], first: Any) -> str:
    order = list(transitions)
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {state.value}: {state.label}" for state in order]
    lines.append(f"    [*] --> {first.value}")
    for state in order:
        following = sorted(transitions[state], key=order.index)
        lines += [f"    {state.value} --> {after.value}" for after in following]
        if not following:
            lines.append(f"    {state.value} --> [*]")
    return "\n".join([*lines, "```", ""])


def access_page() -> str:
    """Render each route with its permission and the roles that have it."""
    roles = [role.value for role in Role]
    rows = [
        HEADER,
        "# Access\n",
        "Every route, the permission it declares and the roles that have it.",
        "A route without a permission fails `manage.py check`.",
        "Which patients a clinician reaches is decided by care team on top of this:",
        "another team's patient is answered with 404.\n",
        "| Route | Name | Permission | Not logged in | " + " | ".join(role.label for role in Role) + " |",
        "|---|---|---|" + "---|" * (len(roles) + 1),
    ]
    for address, route in all_routes():
        permission = access.permission_of(route.callback, route.name) or ""
        may = access.PERMISSIONS.get(permission, access.NOBODY)
        is_open = "anyone" in may
        marks = ["yes" if is_open else "–", *("yes" if is_open or role in may else "–" for role in roles)]
        rows.append(f"| `/{address}` | {route.name} | {permission} | " + " | ".join(marks) + " |")
    return "\n".join([*rows, ""])


def all_routes(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Walk every route of the site with its address, in the order they are tried."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from all_routes(pattern.url_patterns, address)
        else:
            yield address, pattern
