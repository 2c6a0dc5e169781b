"""Load the invented patients and wait until every note is ready for review."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinical.actions import demo
from clinical.actions.failures import operator_words

POLL_S = 0.25


class Command(BaseCommand):
    """`manage.py load_demo`: progress on stderr, one JSON object as the last line of stdout."""

    help = "Load the invented patients of demo/ and wait until every note is ready for review."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--timeout", type=float, default=600, help="seconds to wait for all notes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, wait, report."""
        began = time.monotonic()
        try:
            notes = demo.load()
        except demo.NotADemo:
            raise CommandError(
                "This database holds other accounts than the demo's; it is left alone."
            ) from None
        except demo.NotRead:
            raise CommandError("No worker reads the notes; is one running? See its log.") from None
        shown = -1
        while True:
            now = demo.standing()
            if now.ready != shown:
                shown = now.ready
                self.stderr.write(f"  {now.ready:>3} of {notes} notes ready for review")
            if now.ready >= notes or now.failed:
                break
            if time.monotonic() - began > options["timeout"]:
                raise CommandError(
                    f"Only {now.ready} of {notes} notes were ready in {options['timeout']:.0f} s."
                )
            time.sleep(POLL_S)
        if now.failed:
            reasons = "; ".join(f"{n} × {operator_words(code)}" for code, n in now.failed.items())
            raise CommandError(f"Some notes failed: {reasons}")
        seconds = round(time.monotonic() - began, 1)
        result = {
            "notes": notes,
            "ready": now.ready,
            "claims": now.claims,
            "flags": now.flags,
            "seconds": seconds,
        }
        self.stdout.write(json.dumps(result))
