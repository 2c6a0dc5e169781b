"""What an engine wrote, claim by claim, with its evidence and its doubts."""

from typing import ClassVar

from django.db import models

from clinical.models.base import Record
from clinical.models.jobs import Job
from clinical.models.model_versions import ModelVersion
from clinical.models.notes import Note
from clinical.models.patients import Patient
from clinical.models.people import User
from clinical.sealed import SealedJSON, SealedText, key_column, sealed_column
from inference.vocabulary import Assertion, Category, Severity


class SummaryQuerySet(models.QuerySet["Summary"]):
    def visible_to(self, user: User) -> "SummaryQuerySet":
        """Keep summaries of patients the user may see."""
        return self.filter(patient__in=Patient.objects.visible_to(user))

    def not_withdrawn(self) -> "SummaryQuerySet":
        """Keep summaries none of whose sources was entered in error."""
        gone = SummarySource.objects.filter(
            summary=models.OuterRef("pk"), note__document__withdrawal__isnull=False
        )
        return self.exclude(models.Exists(gone))

    def awaiting_review(self) -> "SummaryQuerySet":
        """Keep finished drafts that nobody has signed."""
        return self.filter(status=Summary.Status.READY, review__signature=None)


class Summary(Record):
    """One output of one engine by one attempt. Immutable once ready.

    `fact_count` is None where nobody looked for facts: a draft from before the omission ledger.
    `left_out_count` counts the critical facts that no claim used when the summary became ready.
    `rules` says what checked it: {"checker": digest, "lexicons": {name: digest}}; None of a draft from before
    that was kept.
    """

    class Status(models.TextChoices):
        STREAMING = "streaming", "Still reading"
        READY = "ready", "Ready for review"
        ABANDONED = "abandoned", "Abandoned"

    TRANSITIONS: ClassVar = {
        Status.STREAMING: {Status.READY, Status.ABANDONED},
        Status.READY: frozenset(),
        Status.ABANDONED: frozenset(),
    }

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="summaries")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="summaries")
    attempt = models.PositiveIntegerField()
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="summaries")
    status = models.CharField(max_length=16, choices=Status, default=Status.STREAMING)
    started_at = models.DateTimeField(auto_now_add=True)
    first_claim_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    abandoned_because = models.CharField(max_length=40, blank=True)
    parts = models.PositiveSmallIntegerField(default=1)
    parts_read = models.PositiveSmallIntegerField(default=0)
    fact_count = models.PositiveIntegerField(null=True)
    left_out_count = models.PositiveIntegerField(default=0)
    rules = models.JSONField(null=True)

    objects = SummaryQuerySet.as_manager()

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset(
        {
            "id",
            "patient",
            "job",
            "attempt",
            "model_version",
            "status",
            "started_at",
            "first_claim_at",
            "ended_at",
            "prompt_tokens",
            "output_tokens",
            "abandoned_because",
            "parts",
            "parts_read",
            "fact_count",
            "left_out_count",
            "rules",
        }
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "attempt"], name="one_summary_an_attempt"),
            models.UniqueConstraint(
                fields=["job"], condition=models.Q(status="ready"), name="one_ready_summary_a_job"
            ),
            models.CheckConstraint(
                condition=models.Q(status="streaming", ended_at=None)
                | (~models.Q(status="streaming") & models.Q(ended_at__isnull=False)),
                name="summary_ended_or_streaming",
            ),
        ]


class SummarySource(Record):
    """A note that a summary was made from; sentence numbers are per source."""

    summary = models.ForeignKey(Summary, on_delete=models.PROTECT, related_name="sources")
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="summary_sources")
    position = models.PositiveSmallIntegerField()

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "summary", "note", "position"})

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["summary", "position"], name="sources_in_order")]


class Claim(Record):
    """One atomic clinical statement. Immutable: an edit lives in a Decision."""

    summary = models.ForeignKey(Summary, on_delete=models.PROTECT, related_name="claims")
    position = models.PositiveIntegerField()
    category = models.CharField(max_length=16, choices=[(c.value, c.label) for c in Category])
    assertion = models.CharField(max_length=16, choices=[(a.value, a.label) for a in Assertion])
    key = key_column()
    text_sealed = sealed_column()
    details_sealed = sealed_column(null=True)

    text = SealedText()
    details = SealedJSON()

    phi_fields: ClassVar = frozenset({"text_sealed", "details_sealed", "category", "assertion"})
    plain_fields: ClassVar = frozenset({"id", "summary", "position", "key"})

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["summary", "position"], name="claims_in_order")]


class Evidence(Record):
    """A sentence that a claim rests on, as a half-open span of code points of the note's text."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="evidence")
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "claim", "note", "number", "start", "end"})

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "note", "number"], name="a_sentence_once"),
            models.CheckConstraint(
                condition=models.Q(end__gt=models.F("start"), number__gte=1), name="evidence_is_a_span"
            ),
        ]


class Flag(Record):
    """What the checker doubts about a claim."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="flags")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=16, choices=[(s.value, s.label) for s in Severity])
    key = key_column()
    message_sealed = sealed_column()

    message = SealedText()

    phi_fields: ClassVar = frozenset({"message_sealed"})
    plain_fields: ClassVar = frozenset({"id", "claim", "position", "kind", "severity", "key"})

    class Meta:
        ordering = ["position"]
