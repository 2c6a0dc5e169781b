"""Queued work: a row per piece, a lease per attempt."""

import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from clinical.models.base import Record
from clinical.models.documents import Document
from clinical.models.notes import Note
from clinical.models.people import User

MAX_ATTEMPTS = 5
LEASE = datetime.timedelta(seconds=30)


class Lane(models.TextChoices):
    INTERACTIVE = "interactive", "Interactive"
    OVERNIGHT = "overnight", "Overnight"


class JobQuerySet(models.QuerySet["Job"]):
    def live(self) -> "JobQuerySet":
        """Keep jobs that are not over."""
        return self.filter(status__in=[Job.Status.QUEUED, Job.Status.RUNNING])

    def due(self) -> "JobQuerySet":
        """Keep jobs a worker may take now: waiting and due, or running with a lease that ran out."""
        now = timezone.now()
        waiting = models.Q(status=Job.Status.QUEUED, not_before__lte=now)
        orphaned = models.Q(status=Job.Status.RUNNING, lease_until__lt=now)
        return self.filter(waiting | orphaned)


class Job(Record):
    """One piece of queued work. PostgreSQL is the truth; a message carries only its id."""

    class Kind(models.TextChoices):
        EXTRACT = "extract", "Read the document"
        SUMMARIZE = "summarize", "Draft the summary"

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    TRANSITIONS: ClassVar = {
        Status.QUEUED: {Status.RUNNING, Status.CANCELLED},
        Status.RUNNING: {Status.RUNNING, Status.QUEUED, Status.DONE, Status.FAILED, Status.CANCELLED},
        Status.DONE: frozenset(),
        Status.FAILED: {Status.QUEUED},
        Status.CANCELLED: {Status.QUEUED},
    }

    kind = models.CharField(max_length=16, choices=Kind)
    lane = models.CharField(max_length=16, choices=Lane)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="jobs")
    note = models.ForeignKey(Note, on_delete=models.PROTECT, null=True, related_name="jobs")
    prompt = models.CharField(max_length=40, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    attempts_left = models.PositiveIntegerField(default=MAX_ATTEMPTS)
    not_before = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)

    objects = JobQuerySet.as_manager()

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset(
        {
            "id",
            "kind",
            "lane",
            "document",
            "note",
            "prompt",
            "engine",
            "requested_by",
            "created_at",
            "status",
            "attempt",
            "attempts_left",
            "not_before",
            "started_at",
            "lease_until",
            "finished_at",
            "error_code",
        }
    )

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(status="queued"), name="jobs_waiting"),
            models.Index(fields=["lease_until"], condition=models.Q(status="running"), name="jobs_running"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["document"],
                condition=models.Q(kind="extract", status__in=["queued", "running"]),
                name="one_live_extract_job",
            ),
            models.UniqueConstraint(
                fields=["note", "prompt", "engine"],
                condition=models.Q(kind="summarize", status__in=["queued", "running"]),
                name="one_live_summarize_job",
            ),
            models.CheckConstraint(
                condition=models.Q(status="running", lease_until__isnull=False) | ~models.Q(status="running"),
                name="running_has_lease",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="extract", note=None)
                | models.Q(kind="summarize", note__isnull=False),
                name="summarize_has_note",
            ),
        ]


class Tick(models.Model):
    """When a periodic task last ran; shown when it is late."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset({"name", "at"})
