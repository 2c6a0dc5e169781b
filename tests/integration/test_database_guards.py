"""What the database refuses, whoever asks."""

import os

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clinical.actions.audit import BODY_SQL
from clinical.database_roles import INSERT_ONLY, NEVER_DELETED, owns_tables
from clinical.migrations import __name__ as migrations_package
from clinical.models import Claim, Job, Summary
from clinical.models.base import Record
from tests.factories import make_clinician, make_summary


def refused(statement: str) -> None:
    """Run a statement in the test's transaction and demand that the database refuses it."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["note", "claim", "evidence", "document", "auditevent", "modelversion"])
def test_the_application_cannot_change_or_delete_what_is_immutable(db: None, table: str) -> None:
    make_summary(make_clinician())

    refused(f"UPDATE clinical_{table} SET id = id")
    refused(f"DELETE FROM clinical_{table}")
    refused(f"TRUNCATE clinical_{table} CASCADE")


def test_the_application_cannot_touch_the_head_of_the_audit_chain(db: None) -> None:
    refused("UPDATE clinical_audithead SET seq = 0")
    refused("DELETE FROM clinical_audithead")


def test_the_application_owns_nothing_and_cannot_grant_itself_rights(db: None) -> None:
    assert not owns_tables()
    refused("ALTER TABLE clinical_auditevent DISABLE TRIGGER ALL")
    refused("DROP TRIGGER chain_audit ON clinical_auditevent")


def test_the_owner_is_refused_immutable_rows_too(committed: None) -> None:
    make_summary(make_clinician())

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        for table in ("note", "claim", "auditevent"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(f"UPDATE clinical_{table} SET id = id")  # type: ignore[call-overload]
            owner.rollback()


def test_a_ready_summary_cannot_change(db: None) -> None:
    summary = make_summary(make_clinician())

    refused(f"UPDATE clinical_summary SET status = 'streaming', ended_at = NULL WHERE id = '{summary.pk}'")
    refused(f"UPDATE clinical_summary SET prompt_tokens = 7 WHERE id = '{summary.pk}'")


def test_a_claim_is_refused_once_the_summary_is_ready(db: None) -> None:
    summary = make_summary(make_clinician())

    with pytest.raises(DatabaseError), transaction.atomic():
        Claim.objects.create(summary=summary, position=999, category="plan", assertion="present", text="late")


def test_a_claim_of_an_attempt_that_was_overtaken_is_refused(db: None) -> None:
    old = make_summary(make_clinician())
    job = Job.objects.create(
        kind=Job.Kind.SUMMARIZE,
        lane="interactive",
        document=old.job.document,
        note=old.job.note,
        status=Job.Status.RUNNING,
        attempt=1,
        lease_until=timezone.now(),
        prompt="problem_oriented",
        engine="other",
    )
    late = Summary.objects.create(patient=old.patient, job=job, attempt=1, model_version=old.model_version)
    Claim.objects.create(summary=late, position=1, category="plan", assertion="present", text="in time")
    Job.objects.filter(pk=job.pk).update(attempt=2)

    with pytest.raises(DatabaseError), transaction.atomic():
        Claim.objects.create(summary=late, position=2, category="plan", assertion="present", text="late")


def test_what_the_hash_covers_is_the_same_in_the_migration_and_in_the_verifier() -> None:
    from importlib import import_module

    guards = import_module(f"{migrations_package}.0002_guards")
    assert guards.BODY_SQL == BODY_SQL


def test_every_model_has_its_grants_and_every_field_its_privacy_class() -> None:
    from django.apps import apps

    ours = [m for m in apps.get_app_config("clinical").get_models() if not m._meta.auto_created]
    assert {m.__name__ for m in ours} == set(INSERT_ONLY) | set(NEVER_DELETED)
    for model in ours:
        fields = {f.name for f in model._meta.get_fields() if f.concrete and not f.many_to_many}
        phi, plain = model.phi_fields, model.plain_fields  # type: ignore[attr-defined]
        assert phi | plain == fields, model
        assert not phi & plain, model
        if issubclass(model, Record):
            assert {name for name in fields if name.endswith("_sealed")} <= phi, model


def test_a_temporary_table_cannot_stand_in_for_a_real_one(committed: None) -> None:
    make_summary(make_clinician())

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as application:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("CREATE TEMPORARY TABLE clinical_signature (review_id uuid)")
        rows = application.execute(
            "SELECT proname, proconfig FROM pg_proc WHERE proname LIKE 'clinical\\_%'"
        ).fetchall()
        assert rows
        for name, settings in rows:
            if name != "clinical_refuse_change":
                assert any("pg_temp" in setting for setting in settings or []), name


def test_the_application_cannot_move_the_head_of_the_chain_by_a_trigger_of_its_own(committed: None) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as application:
        row = application.execute(
            "SELECT has_function_privilege('clinical_chain_audit()', 'EXECUTE'),"
            " has_schema_privilege('public', 'CREATE'), has_database_privilege(current_database(), 'TEMP')"
        ).fetchone()
    assert row == (False, False, False)
