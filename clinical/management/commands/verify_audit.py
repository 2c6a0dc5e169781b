"""Verify the audit's chain from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinical.actions import audit
from clinical.models import AuditEvent


class Command(BaseCommand):
    """`manage.py verify_audit [--kept HASH]`; exits 0 when the chain is whole, 1 when it is not."""

    help = (
        "Recompute every hash of the audit, say where the chain breaks, and write down that it was verified."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--kept",
            metavar="HASH",
            default="",
            help="a head hash kept from an earlier run, 64 hex digits: it must still stand in the chain,"
            " which also catches a chain that someone recomputed from the start",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the verdict and the head hash."""
        kept = _digest(options["kept"])
        verdict = audit.verify(by=None)
        if verdict.broken_at is not None:
            raise CommandError(
                f"The chain breaks at row {verdict.broken_at}: {verdict.problem} {verdict.checked} rows"
                " before it fit. Keep the database as it is and tell whoever answers for its security."
            )
        if kept:
            found = AuditEvent.objects.filter(hash=kept).values_list("seq", flat=True).first()
            if found is None:
                raise CommandError(
                    f"Each of the {verdict.checked} rows fits the one before it, but the kept hash is not"
                    " among them: the chain was cut or written anew."
                )
            self.stdout.write(f"The kept hash stands at row {found}.")
        self.stdout.write(f"The chain is whole: {verdict.checked} rows.")
        self.stdout.write(f"Head: {verdict.head}")
        self.stdout.write("Keep the head outside this machine; --kept proves with it that nothing was cut.")


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b"?"
    if text and len(digest) != 32:
        raise CommandError("--kept takes the 64 hex digits that an earlier run printed as the head.")
    return digest
