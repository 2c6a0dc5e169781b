"""Uploads exactly as received, and their withdrawal."""

from typing import ClassVar

from django.db import models

from clinical.models.base import Record
from clinical.models.patients import Patient
from clinical.models.people import User
from clinical.sealed import SealedBytes, SealedJSON, SealedText, key_column, sealed_column
from inference.vocabulary import DocumentFormat, NoteType


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> "DocumentQuerySet":
        """Keep documents of patients the user may see."""
        return self.filter(patient__in=Patient.objects.visible_to(user))

    def not_withdrawn(self) -> "DocumentQuerySet":
        return self.filter(withdrawal=None)


class Document(Record):
    """An upload exactly as received. Immutable; what became of it stands in its extract job."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="documents")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    format = models.CharField(max_length=8, choices=[(f.value, f.value.upper()) for f in DocumentFormat])
    byte_count = models.PositiveIntegerField()
    note_type = models.CharField(max_length=16, choices=[(t.value, t.label) for t in NoteType])
    note_date = models.DateField()
    supersedes = models.ForeignKey("clinical.Note", on_delete=models.PROTECT, null=True, related_name="+")
    key = key_column()
    content_sealed = sealed_column()
    filename_sealed = sealed_column()
    content_hash = models.BinaryField()

    content = SealedBytes()
    filename = SealedText()

    objects = DocumentQuerySet.as_manager()

    phi_fields: ClassVar = frozenset({"content_sealed", "filename_sealed", "content_hash", "note_date"})
    plain_fields: ClassVar = frozenset(
        {
            "id",
            "patient",
            "uploaded_by",
            "uploaded_at",
            "format",
            "byte_count",
            "note_type",
            "supersedes",
            "key",
        }
    )

    class Meta:
        indexes = [models.Index(fields=["patient", "content_hash"])]


class IdentityMismatch(Record):
    """The document names another patient than the one chosen. Work waits until a clinician confirms."""

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", "It is this patient's"
        WITHDRAWN = "withdrawn", "It is another patient's"

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="mismatch")
    fields = models.JSONField(default=list)
    key = key_column()
    found_sealed = sealed_column()
    found_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason_sealed = sealed_column(null=True)

    found = SealedJSON()
    reason = SealedText()

    phi_fields: ClassVar = frozenset({"found_sealed", "reason_sealed"})
    plain_fields: ClassVar = frozenset(
        {"id", "document", "fields", "key", "found_at", "outcome", "decided_by", "decided_at"}
    )


class Withdrawal(Record):
    """Entered in error: hides a document, its note and all derived from it; the audit stays."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="withdrawal")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    key = key_column()
    reason_sealed = sealed_column()

    reason = SealedText()

    phi_fields: ClassVar = frozenset({"reason_sealed"})
    plain_fields: ClassVar = frozenset({"id", "document", "by", "at", "key"})
