"""Who did what to what, when, from where, with what outcome. Hash-chained and append-only."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from clinical.models.base import uuid7


class AuditType(models.TextChoices):
    """What was done, in the past tense."""

    USER_LOGGED_IN = "user_logged_in", "Logged in"
    USER_LOGGED_OUT = "user_logged_out", "Logged out"
    LOGIN_FAILED = "login_failed", "Log-in failed"
    PASSWORD_CHANGED = "password_changed", "Changed own password"
    ROUTE_DENIED = "route_denied", "Was refused a page"
    WORKLIST_OPENED = "worklist_opened", "Opened the worklist"
    PATIENTS_SEARCHED = "patients_searched", "Searched patients"
    PATIENT_CREATED = "patient_created", "Registered a patient"
    PATIENT_OPENED = "patient_opened", "Opened a patient"
    PATIENT_SHARED = "patient_shared", "Shared a patient with a team"
    DOCUMENT_UPLOADED = "document_uploaded", "Uploaded a document"
    DOCUMENT_OPENED = "document_opened", "Opened a document"
    DOCUMENT_WITHDRAWN = "document_withdrawn", "Marked entered in error"
    MISMATCH_FOUND = "mismatch_found", "Document names another patient"
    MISMATCH_CONFIRMED = "mismatch_confirmed", "Confirmed the patient"
    NOTE_EXTRACTED = "note_extracted", "Note read from document"
    NOTE_OPENED = "note_opened", "Opened a note"
    SUMMARY_REQUESTED = "summary_requested", "Asked for a summary"
    SUMMARY_STARTED = "summary_started", "Draft begun"
    SUMMARY_READY = "summary_ready", "Draft ready for review"
    SUMMARY_OPENED = "summary_opened", "Opened a summary"
    CLAIM_DECIDED = "claim_decided", "Decided on a claim"
    CLAIM_ADDED = "claim_added", "Added a claim"
    FACT_DECIDED = "fact_decided", "Decided on a left-out fact"
    FACTS_CLOSED = "facts_closed", "Closed the other left-out facts"
    DECISION_UNDONE = "decision_undone", "Undid a decision"
    SUMMARY_SIGNED = "summary_signed", "Signed a summary"
    ADDENDUM_ADDED = "addendum_added", "Added an addendum"
    SUMMARY_COPIED = "summary_copied", "Copied a summary"
    SUMMARY_PRINTED = "summary_printed", "Opened a summary for print"
    SUMMARIES_COMPARED = "summaries_compared", "Compared two summaries"
    LEXICON_APPROVED = "lexicon_approved", "Approved a word list"
    LEXICON_WITHDRAWN = "lexicon_withdrawn", "Withdrew the approval of a word list"
    FALLBACK_REQUESTED = "fallback_requested", "Extractive draft queued: the engine is down"
    ENGINE_LOST = "engine_lost", "The engine stopped answering"
    ENGINE_REGAINED = "engine_regained", "The engine answers again"
    JOB_FAILED = "job_failed", "Job failed"
    JOB_RETRIED = "job_retried", "Retried a job"
    JOB_CANCELLED = "job_cancelled", "Cancelled a job"
    ACCOUNT_CREATED = "account_created", "Made an account"
    ACCOUNT_DISABLED = "account_disabled", "Disabled an account"
    ACCOUNT_ENABLED = "account_enabled", "Enabled an account"
    PASSWORD_RESET = "password_reset", "Reset a password"
    TEAM_CREATED = "team_created", "Made a care team"
    TEAM_CLOSED = "team_closed", "Closed a care team"
    TEAM_OPENED = "team_opened", "Reopened a care team"
    TEAM_CHANGED = "team_changed", "Changed a care team's kind of summary"
    MEMBERSHIP_STARTED = "membership_started", "Added a member"
    MEMBERSHIP_CHANGED = "membership_changed", "Changed the right to sign"
    MEMBERSHIP_ENDED = "membership_ended", "Ended a membership"
    AUDIT_OPENED = "audit_opened", "Opened the audit"
    AUDIT_EXPORTED = "audit_exported", "Exported the audit"
    AUDIT_VERIFIED = "audit_verified", "Verified the audit"


LISTS = (AuditType.WORKLIST_OPENED, AuditType.PATIENTS_SEARCHED)
"""Events that show many patients at once and name them in their detail."""


class AuditEvent(models.Model):
    """One act, read or denial. No foreign keys: the row outlives what it names.

    `seq`, `recorded_at`, `previous_hash` and `hash` are set by a database trigger under the chain's lock.
    Fields follow FHIR R4 AuditEvent: type, action (CRUDE), recorded, outcome, agent, source, entity.
    """

    class Action(models.TextChoices):
        CREATE = "C", "Create"
        READ = "R", "Read"
        UPDATE = "U", "Update"
        DELETE = "D", "Delete"
        EXECUTE = "E", "Execute"

    class Outcome(models.TextChoices):
        SUCCESS = "success", "Done"
        DENIED = "denied", "Denied"
        FAILED = "failed", "Failed"

    seq = models.BigIntegerField(primary_key=True)
    id = models.UUIDField(default=uuid7, unique=True)
    recorded_at = models.DateTimeField()
    type = models.CharField(max_length=48, choices=AuditType)
    action = models.CharField(max_length=1, choices=Action)
    outcome = models.CharField(max_length=8, choices=Outcome)
    actor_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=64)
    actor_role = models.CharField(max_length=16)
    address = models.CharField(max_length=45)
    patient_id = models.UUIDField(null=True)
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset(
        {
            "seq",
            "id",
            "recorded_at",
            "type",
            "action",
            "outcome",
            "actor_id",
            "actor",
            "actor_role",
            "address",
            "patient_id",
            "object_type",
            "object_id",
            "detail",
            "previous_hash",
            "hash",
        }
    )

    class Meta:
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["actor", "-seq"]),
            models.Index(fields=["patient_id", "-seq"]),
            models.Index(fields=["type", "-seq"]),
            models.Index(fields=["object_id", "actor_id"]),
            models.Index(fields=["recorded_at"]),
            GinIndex(
                fields=["detail"],
                opclasses=["jsonb_path_ops"],
                condition=models.Q(type__in=LISTS),
                name="audit_patients_listed",
            ),
        ]
