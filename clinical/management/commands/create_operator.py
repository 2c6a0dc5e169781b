"""Make the first operator of a new site; every other account is made in the browser."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinical.access import Refused
from clinical.actions import accounts
from clinical.forms.people import AccountForm
from clinical.models import Role, User


class Command(BaseCommand):
    """`manage.py create_operator USERNAME --full-name NAME`."""

    help = (
        "Make an operator's account and print its one-time password, on a site where no operator can log in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the arguments."""
        parser.add_argument("username", help="what the operator types to log in")
        parser.add_argument("--full-name", required=True, help="the operator's name")
        parser.add_argument(
            "--another",
            action="store_true",
            help="although an operator exists: for a site whose operators are all locked out",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Make the account through the product's own action, so that it is audited."""
        has_operator = User.objects.filter(role=Role.OPERATOR, is_active=True).exists()
        if has_operator and not options["another"]:
            raise CommandError(
                "This site has an operator, who makes further accounts in the browser. If nobody can log in,"
                " add --another."
            )
        form = AccountForm(
            {"username": options["username"], "full_name": options["full_name"], "role": Role.OPERATOR.value}
        )
        if not form.is_valid():
            raise CommandError(
                " ".join(str(sentence) for errors in form.errors.values() for sentence in errors)
            )
        try:
            made = accounts.create(by=None, **form.cleaned_data)
        except Refused as refused:
            raise CommandError(refused.refusal.sentence) from None
        self.stdout.write(f"Operator {made.account.username} is made. One-time password, shown only here:\n")
        self.stdout.write(f"    {made.password}\n\nIt must be changed at the first log-in.")
