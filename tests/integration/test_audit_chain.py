"""The audit's chain: what it catches, and that nobody can write around it."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from clinical.access import Refused
from clinical.actions import accounts, audit, patients
from clinical.actions.audit import Entry, audited, verify_chain, write
from clinical.models import AuditEvent, AuditType, Role, User
from tests.factories import make_account, make_clinician, make_patient


@pytest.fixture
def chain(committed: None) -> None:
    """Five events that are committed, so that the owner sees them too."""
    account = make_account(Role.OPERATOR)
    for _ in range(5):
        with audited(AuditType.USER_LOGGED_IN, by=account, thing=account):
            pass


@pytest.fixture
def owner(chain: None) -> Iterator[psycopg.Connection]:
    """The owner of the tables, with the trigger that guards the audit out of the way."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connected:
        connected.execute("ALTER TABLE clinical_auditevent DISABLE TRIGGER refuse_change")
        yield connected
        connected.execute("ALTER TABLE clinical_auditevent ENABLE TRIGGER refuse_change")


def test_an_untouched_chain_is_whole(chain: None) -> None:
    verdict = verify_chain()

    last = AuditEvent.objects.latest("seq")
    assert (verdict.checked, verdict.broken_at, verdict.problem) == (5, None, "")
    assert verdict.head == bytes(last.hash).hex()
    assert bytes(AuditEvent.objects.earliest("seq").previous_hash) == bytes(32)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody'",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "outcome = 'denied'",
        "detail = '{\"x\": 1}'",
        "address = '10.0.0.1'",
        "patient_id = gen_random_uuid()",
        "hash = sha256('x')",
    ],
)
def test_an_edit_of_one_row_by_the_owner_is_located(owner: psycopg.Connection, change: str) -> None:
    owner.execute(f"UPDATE clinical_auditevent SET {change} WHERE seq = 3")  # type: ignore[call-overload]

    verdict = verify_chain()

    assert verdict.broken_at == 3
    assert verdict.checked == 2
    assert verdict.problem == "This row was changed."


def test_an_edit_with_its_own_hash_put_right_is_located_at_the_next_row(owner: psycopg.Connection) -> None:
    owner.execute("UPDATE clinical_auditevent SET actor = 'somebody' WHERE seq = 3")
    body = audit.BODY_SQL.format(row="clinical_auditevent")
    owner.execute(
        "UPDATE clinical_auditevent"  # type: ignore[call-overload]
        f" SET hash = sha256(previous_hash || convert_to({body}, 'UTF8')) WHERE seq = 3"
    )

    verdict = verify_chain()

    assert (verdict.broken_at, verdict.problem) == (4, "The row before this one was changed.")


@pytest.mark.parametrize(("gone", "found"), [(1, 1), (3, 3), (5, 5)])
def test_a_missing_row_is_located_at_either_end_and_in_the_middle(
    owner: psycopg.Connection, gone: int, found: int
) -> None:
    owner.execute("DELETE FROM clinical_auditevent WHERE seq = %s", [gone])

    assert verify_chain().broken_at == found


def test_a_cut_tail_whose_head_was_put_back_is_caught_by_a_kept_hash(owner: psycopg.Connection) -> None:
    kept = bytes(AuditEvent.objects.get(seq=5).hash).hex()
    owner.execute("DELETE FROM clinical_auditevent WHERE seq > 3")
    owner.execute(
        "UPDATE clinical_audithead SET seq = 3, hash = (SELECT hash FROM clinical_auditevent WHERE seq = 3)"
    )

    call_command("verify_audit")
    with pytest.raises(CommandError, match="cut or written anew"):
        call_command("verify_audit", kept=kept)


def test_the_command_prints_the_verdict_and_the_head(chain: None, capsys: pytest.CaptureFixture[str]) -> None:
    head = bytes(AuditEvent.objects.latest("seq").hash).hex()

    call_command("verify_audit")
    printed = capsys.readouterr().out
    call_command("verify_audit", kept=head)

    assert "The chain is whole: 5 rows." in printed
    assert f"Head: {head}" in printed
    assert "The kept hash stands at row 5." in capsys.readouterr().out
    assert AuditEvent.objects.filter(type="audit_verified", actor="system").count() == 2


def test_the_command_fails_where_the_chain_breaks(owner: psycopg.Connection) -> None:
    owner.execute("UPDATE clinical_auditevent SET actor = 'somebody' WHERE seq = 2")

    with pytest.raises(CommandError, match="breaks at row 2") as failed:
        call_command("verify_audit")

    assert failed.value.returncode == 1
    event = AuditEvent.objects.latest("seq")
    assert (event.type, event.detail["broken_at"]) == ("audit_verified", 2)


@pytest.mark.parametrize("kept", ["12", "zz" * 32])
def test_a_kept_hash_that_is_none_is_refused_before_anything_is_read(chain: None, kept: str) -> None:
    with pytest.raises(CommandError, match="64 hex digits"):
        call_command("verify_audit", kept=kept)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clinical_auditevent SET actor = 'somebody'",
        "DELETE FROM clinical_auditevent",
        "TRUNCATE clinical_auditevent",
        "UPDATE clinical_audithead SET seq = 0",
        "ALTER TABLE clinical_auditevent DISABLE TRIGGER chain_audit",
        "DROP TRIGGER refuse_change ON clinical_auditevent",
    ],
)
def test_the_applications_role_cannot_rewrite_history(chain: None, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert verify_chain().checked == 5


def test_the_applications_role_cannot_grant_itself_the_right(chain: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("GRANT DELETE ON clinical_auditevent TO current_user")  # PostgreSQL only warns
        with pytest.raises(DatabaseError, match="permission denied"):
            cursor.execute("DELETE FROM clinical_auditevent")


def test_a_row_cannot_choose_its_place_time_or_hash(db: None) -> None:
    write(Entry(AuditType.USER_LOGGED_IN, None))
    before = AuditEvent.objects.latest("seq")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clinical_auditevent (seq, recorded_at, previous_hash, hash, id, type, action,"
            " outcome, actor, actor_role, address, object_type, detail) VALUES (1, '2001-01-01', '', '',"
            " gen_random_uuid(), 'user_logged_in', 'E', 'success', 'x', 'x', '', '', '{}')"
        )

    after = AuditEvent.objects.latest("seq")
    assert after.seq == before.seq + 1
    assert after.recorded_at >= before.recorded_at
    assert bytes(after.previous_hash) == bytes(before.hash)
    assert verify_chain().broken_at is None


def test_a_denial_stays_after_the_act_was_rolled_back(committed: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)
    stranger = make_clinician()

    with pytest.raises(Refused) as refused:
        patients.open_patient(by=stranger, patient_id=patient.pk)

    assert refused.value.refusal.status == 404
    denial = AuditEvent.objects.latest("seq")
    assert (denial.type, denial.outcome, denial.actor, denial.patient_id) == (
        "patient_opened",
        "denied",
        stranger.username,
        patient.pk,
    )


def test_a_refused_change_leaves_its_denial_and_nothing_else(committed: None) -> None:
    operator = make_account(Role.OPERATOR)

    with pytest.raises(Refused):
        accounts.disable(by=operator, account_id=operator.pk)

    assert User.objects.get(pk=operator.pk).is_active
    assert AuditEvent.objects.count() == 1
    assert AuditEvent.objects.get().detail == {"because": "own_account"}


def test_an_act_that_fails_leaves_no_row(committed: None) -> None:
    with pytest.raises(ZeroDivisionError), audited(AuditType.TEAM_CREATED, by=None):
        raise ZeroDivisionError

    assert not AuditEvent.objects.exists()


def test_the_auditors_page_shows_where_the_chain_breaks(owner: psycopg.Connection) -> None:
    owner.execute("UPDATE clinical_auditevent SET actor = 'somebody' WHERE seq = 3")
    browser = Client()
    browser.force_login(make_account(Role.AUDITOR))

    page = browser.post(reverse("audit_verify")).content.decode()

    assert "The chain breaks at row 3" in page
    assert "The chain is whole" not in page
