"""The immutable text of a document."""

from typing import ClassVar

from django.db import models

from clinical.models.base import Record
from clinical.models.documents import Document
from clinical.models.patients import Patient
from clinical.models.people import User
from clinical.sealed import SealedText, key_column, sealed_column


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, user: User) -> "NoteQuerySet":
        """Keep notes of patients the user may see."""
        return self.filter(patient__in=Patient.objects.visible_to(user))

    def not_withdrawn(self) -> "NoteQuerySet":
        return self.filter(document__withdrawal=None)


class Note(Record):
    """The NFC text of a document, and where its sentences stand.

    `layout` holds code-point offsets only (see `inference.text.to_layout`), stored so that sentence numbers
    never shift when the splitter changes.
    """

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="note")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="notes")
    supersedes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    created_at = models.DateTimeField(auto_now_add=True)
    character_count = models.PositiveIntegerField()
    sentence_count = models.PositiveIntegerField()
    layout = models.JSONField()
    warnings = models.JSONField(default=list)
    key = key_column()
    text_sealed = sealed_column()

    text = SealedText()

    objects = NoteQuerySet.as_manager()

    @property
    def counted_warnings(self) -> list[tuple[str, int]]:
        """What to know of how the document was read: codes of `inference.parsing`, with a number or 0."""
        parted = (warning.partition(":") for warning in self.warnings)
        return [(code, int(count or 0)) for code, _, count in parted]

    phi_fields: ClassVar = frozenset({"text_sealed"})
    plain_fields: ClassVar = frozenset(
        {
            "id",
            "document",
            "patient",
            "supersedes",
            "created_at",
            "character_count",
            "sentence_count",
            "layout",
            "warnings",
            "key",
        }
    )
