"""The audit: written as the last statement of each act's transaction, read and verified by auditors."""

import csv
import datetime
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from clinical.access import Refusal, Refused
from clinical.models import AuditEvent, AuditType, User, uuid7
from clinical.models.audit import LISTS

_address: ContextVar[str] = ContextVar("address", default="")

ACTIONS: dict[str, str] = {
    **dict.fromkeys(
        (
            "patient_created",
            "document_uploaded",
            "note_extracted",
            "summary_requested",
            "summary_started",
            "addendum_added",
            "claim_added",
            "account_created",
            "team_created",
            "membership_started",
            "mismatch_found",
            "fallback_requested",
        ),
        "C",
    ),
    **dict.fromkeys(
        (
            "worklist_opened",
            "patient_opened",
            "document_opened",
            "note_opened",
            "summary_opened",
            "summary_copied",
            "summary_printed",
            "summaries_compared",
            "audit_opened",
            "audit_exported",
            "audit_verified",
        ),
        "R",
    ),
    **dict.fromkeys(
        (
            "user_logged_in",
            "user_logged_out",
            "login_failed",
            "route_denied",
            "patients_searched",
            "engine_lost",
            "engine_regained",
            "job_failed",
            "job_retried",
            "job_cancelled",
        ),
        "E",
    ),
    **dict.fromkeys(
        (
            "password_changed",
            "patient_shared",
            "document_withdrawn",
            "mismatch_confirmed",
            "summary_ready",
            "claim_decided",
            "fact_decided",
            "facts_closed",
            "lexicon_approved",
            "lexicon_withdrawn",
            "decision_undone",
            "summary_signed",
            "account_disabled",
            "account_enabled",
            "password_reset",
            "team_closed",
            "team_opened",
            "team_changed",
            "membership_changed",
            "membership_ended",
        ),
        "U",
    ),
}
"""FHIR action (CRUDE) of each type."""

BODY_SQL = """jsonb_build_array({row}.seq, {row}.id,
    to_char({row}.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), {row}.type, {row}.action,
    {row}.outcome, {row}.actor_id, {row}.actor, {row}.actor_role, {row}.address, {row}.patient_id,
    {row}.object_type, {row}.object_id, {row}.detail)::text"""
"""What the hash of a row covers, as the database writes it."""

GENESIS = bytes(32)
PAGE_ROWS = 50
OUTAGES = "engine_outages"
OUTAGE_TYPES = (AuditType.ENGINE_LOST, AuditType.ENGINE_REGAINED, AuditType.FALLBACK_REQUESTED)
EXPORT_ROWS = 100_000
SYSTEM = "system"


@dataclass
class Entry:
    """An audit row in the making; the body of `audited` may fill in what it learns."""

    type: AuditType
    by: User | None
    thing: models.Model | None = None
    patient_id: UUID | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@contextmanager
def source(address: str) -> Iterator[None]:
    """Remember the network address of whoever acts, for the rows written inside."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


@contextmanager
def audited(
    kind: AuditType,
    *,
    by: User | None,
    thing: models.Model | None = None,
    patient_id: UUID | None = None,
    **detail: object,
) -> Iterator[Entry]:
    """Run an act in one transaction whose last statement is its audit row.

    A `Refused` rolls everything back; the denial is then written in a transaction of its own, unless what was
    asked for does not exist at all.

    Args:
        kind: what is done.
        by: who does it; None for the system itself.
        thing: the object acted on, if known before.
        patient_id: whose data it is, if any.
        detail: codes and counts, never clinical text.
    """
    entry = Entry(kind, by, thing, patient_id, detail)
    try:
        with transaction.atomic(durable=True):
            yield entry
            write(entry)
    except Refused as refused:
        if refused.refusal.status != 404 or refused.thing is not None:
            _deny(entry, refused)
        raise


def _deny(entry: Entry, refused: Refused) -> None:
    thing = refused.thing if refused.thing is not None else entry.thing
    patient_id = getattr(thing, "patient_id", None) or entry.patient_id
    if thing is not None and thing._meta.model_name == "patient":
        patient_id = thing.pk
    denial = Entry(entry.type, entry.by, thing, patient_id, {"because": refused.refusal.code})
    with transaction.atomic(durable=True):
        write(denial, outcome=AuditEvent.Outcome.DENIED)


def write(entry: Entry, *, outcome: str = AuditEvent.Outcome.SUCCESS) -> None:
    """Insert the row. It takes the chain's lock: nothing may follow it in the transaction.

    The place in the chain, the time and the hashes are the database's.
    """
    person, thing = entry.by, entry.thing
    with connection.cursor() as cursor:
        # Foreign keys are else checked at commit, which would take row locks after the chain's: a deadlock.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "INSERT INTO clinical_auditevent (id, type, action, outcome, actor_id, actor, actor_role,"
            " address, patient_id, object_type, object_id, detail)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                uuid7(),
                entry.type.value,
                ACTIONS[entry.type.value],
                outcome,
                person.pk if person else None,
                person.username if person else SYSTEM,
                person.role if person else SYSTEM,
                _address.get(),
                entry.patient_id,
                (thing._meta.model_name or "") if thing is not None else "",
                thing.pk if thing is not None and isinstance(thing.pk, UUID) else None,
                json.dumps(entry.detail, default=str),
            ],
        )


def deny_route(*, by: Any, route: str, refusal: Refusal) -> None:
    """Write that a page was refused to a person's role."""
    person = by if by.is_authenticated else None
    with transaction.atomic(durable=True):
        write(
            Entry(AuditType.ROUTE_DENIED, person, detail={"route": route, "because": refusal.code}),
            outcome=AuditEvent.Outcome.DENIED,
        )


@dataclass(frozen=True)
class AuditFilter:
    """What an auditor asks for; blank fields ask for everything.

    Attributes:
        person: username.
        patient_id: the patient's reference.
        type: an audit type, or `OUTAGES` for all that tells of an outage.
        since, until: UTC days, both included.
        before: keyset cursor: rows with a smaller `seq`.
    """

    person: str = ""
    patient_id: UUID | None = None
    type: str = ""
    outcome: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None
    before: int | None = None

    def rows(self) -> models.QuerySet[AuditEvent]:
        """Select the rows, newest first."""
        rows = AuditEvent.objects.order_by("-seq")
        if self.person:
            rows = rows.filter(actor=self.person)
        if self.patient_id:
            listed = models.Q(type__in=LISTS, detail__contains={"patients": [str(self.patient_id)]})
            rows = rows.filter(models.Q(patient_id=self.patient_id) | listed)
        if self.type:
            rows = rows.filter(type__in=OUTAGE_TYPES if self.type == OUTAGES else (self.type,))
        if self.outcome:
            rows = rows.filter(outcome=self.outcome)
        if self.since:
            rows = rows.filter(recorded_at__gte=_midnight(self.since))
        if self.until and self.until < datetime.date.max:
            rows = rows.filter(recorded_at__lt=_midnight(self.until + datetime.timedelta(days=1)))
        return rows

    def codes(self) -> dict[str, str]:
        """Name the filters in use, for the audit of the audit."""
        return {name: str(value) for name, value in vars(self).items() if value and name != "patient_id"}


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)


@dataclass(frozen=True)
class AuditPage:
    """A page of the audit, newest first; `older` is the next cursor, or None at the end."""

    events: list[AuditEvent]
    older: int | None


def page(*, by: User, wanted: AuditFilter) -> AuditPage:
    """Read a page of the audit; reading it is audited too."""
    with audited(AuditType.AUDIT_OPENED, by=by, patient_id=wanted.patient_id) as entry:
        entry.detail.update(wanted.codes())
        rows = wanted.rows()
        if wanted.before:
            rows = rows.filter(seq__lt=wanted.before)
        found = list(rows[: PAGE_ROWS + 1])
    older = found[PAGE_ROWS - 1].seq if len(found) > PAGE_ROWS else None
    return AuditPage(found[:PAGE_ROWS], older)


EXPORT_COLUMNS = (
    "seq",
    "recorded_at",
    "type",
    "action",
    "outcome",
    "actor",
    "actor_role",
    "address",
    "patient_id",
    "object_type",
    "object_id",
    "detail",
    "hash",
)


def export(*, by: User, wanted: AuditFilter) -> str:
    """Write the chosen rows as CSV, newest first, at most `EXPORT_ROWS`.

    A cell that a spreadsheet would take for a formula is quoted with an apostrophe (OWASP, CSV injection).
    """
    with audited(AuditType.AUDIT_EXPORTED, by=by, patient_id=wanted.patient_id) as entry:
        entry.detail.update(wanted.codes())
        rows = list(wanted.rows()[:EXPORT_ROWS])
        entry.detail["rows"] = len(rows)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(EXPORT_COLUMNS)
    for row in rows:
        writer.writerow([_cell(getattr(row, column)) for column in EXPORT_COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text


@dataclass(frozen=True)
class Verdict:
    """What verifying the chain found.

    Attributes:
        checked: rows read.
        broken_at: `seq` of the first row that does not fit, or None.
        problem: in words, or "".
        head: hash of the last row, hex; keep it elsewhere to catch a cut tail.
    """

    checked: int
    broken_at: int | None
    problem: str
    head: str


def verify_chain() -> Verdict:
    """Recompute every hash of the chain, in order; the database only hands out the rows."""
    previous, expected, checked = GENESIS, 1, 0
    with transaction.atomic(), connection.connection.cursor(name="verify_audit") as cursor:
        cursor.itersize = 5_000
        cursor.execute(
            f"SELECT seq, previous_hash, hash, {BODY_SQL.format(row='clinical_auditevent')}"  # noqa: S608 - a constant
            " FROM clinical_auditevent ORDER BY seq"
        )
        for seq, stored_previous, stored, body in cursor:
            if seq != expected:
                return Verdict(checked, expected, "A row is missing here.", previous.hex())
            if bytes(stored_previous) != previous:
                return Verdict(checked, seq, "The row before this one was changed.", previous.hex())
            if hashlib.sha256(previous + body.encode()).digest() != bytes(stored):
                return Verdict(checked, seq, "This row was changed.", previous.hex())
            previous, expected, checked = bytes(stored), seq + 1, checked + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM clinical_audithead")
        head = cursor.fetchone()
    if (head and head[0] < checked) or (head and head[0] == checked and bytes(head[1]) != previous):
        return Verdict(checked, checked, "The chain's head does not fit its last row.", previous.hex())
    if head and head[0] > checked and not AuditEvent.objects.filter(seq=checked + 1).exists():
        return Verdict(checked, checked + 1, "Rows are missing at the end.", previous.hex())
    return Verdict(checked, None, "", previous.hex())


def verify(*, by: User | None) -> Verdict:
    """Verify the chain, and write that it was verified and with what result."""
    verdict = verify_chain()
    with audited(AuditType.AUDIT_VERIFIED, by=by) as entry:
        entry.detail.update(checked=verdict.checked, broken_at=verdict.broken_at)
    return verdict
