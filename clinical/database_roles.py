"""The two database roles: the owner migrates; the application owns nothing and cannot rewrite history."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from clinical.sealed import current_key_id, search_hash

INSERT_ONLY = (
    "AuditEvent",
    "DataKey",
    "Document",
    "Withdrawal",
    "Note",
    "ModelVersion",
    "PromptVersion",
    "SummarySource",
    "Claim",
    "Evidence",
    "Flag",
    "Fact",
    "LexiconApproval",
    "LexiconWithdrawal",
    "Decision",
    "Signature",
    "Addendum",
)
"""Models whose rows the application may add and read, never change or delete."""

NEVER_DELETED = (
    "User",
    "CareTeam",
    "Membership",
    "Patient",
    "PatientTeam",
    "PatientName",
    "IdentityMismatch",
    "Job",
    "Tick",
    "EngineHealth",
    "Summary",
    "Review",
)
"""Models whose rows the application may add, read and change, never delete."""


def after_migrate(sender: Any, using: str, **_: Any) -> None:
    """Give the application's role what it needs, when the owner has migrated."""
    if using != "owner":
        return
    call_command("createcachetable", database=using, verbosity=0)
    role = settings.DATABASES["default"]["USER"]
    if role == settings.DATABASES[using]["USER"]:
        return  # one role for both: the web server and the workers will refuse to start
    with connections[using].cursor() as cursor:
        quote = connections[using].ops.quote_name
        application = quote(str(role))
        # Temporary tables could stand in for the real ones inside the guards.
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
        cursor.execute(f"REVOKE TEMPORARY ON DATABASE {quote(database)} FROM PUBLIC, {application}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {application}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {application}")
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {application}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {application}")
        for name in INSERT_ONLY:
            table = quote(apps.get_model("clinical", name)._meta.db_table)
            cursor.execute(f"GRANT INSERT ON {table} TO {application}")
        for name in NEVER_DELETED:
            table = quote(apps.get_model("clinical", name)._meta.db_table)
            cursor.execute(f"GRANT INSERT, UPDATE ON {table} TO {application}")
        for table in ("django_session", "clinical_cache"):
            cursor.execute(f"GRANT INSERT, UPDATE, DELETE ON {quote(table)} TO {application}")
        if "account_emailaddress" in connections[using].introspection.table_names(cursor):
            cursor.execute(
                f"REVOKE ALL ON account_emailaddress, account_emailconfirmation FROM {application}"
            )
    # Made now and committed: a first use inside a transaction that fails would leave a key nobody has.
    current_key_id()
    search_hash("first use", "")


def owns_tables() -> bool:
    """Say whether the application's role could re-grant itself what the grants withhold."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public'"
            " AND pg_has_role(current_user, tableowner, 'MEMBER')) FROM pg_roles WHERE rolname = current_user"
        )
        row = cursor.fetchone()
    return bool(row and row[0])
