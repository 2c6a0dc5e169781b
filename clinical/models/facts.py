"""Facts: what a summary must carry, by rules; and who answers for the rules' word lists."""

from typing import ClassVar

from django.db import models

from clinical.models.base import Record
from clinical.models.notes import Note
from clinical.models.people import User
from clinical.models.summaries import Summary
from clinical.sealed import SealedText, key_column, sealed_column
from inference.vocabulary import FactKind


class Fact(Record):
    """A must-carry statement of a source. Immutable; whether a claim uses it is told anew on every page.

    `spans` holds `[number, start, end]` of each sentence that states it: its number in the note and half-open
    code points of the note's text.
    """

    summary = models.ForeignKey(Summary, on_delete=models.PROTECT, related_name="facts")
    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=24, choices=[(k.value, k.label) for k in FactKind])
    is_critical = models.BooleanField()
    spans = models.JSONField()
    key = key_column()
    text_sealed = sealed_column()

    text = SealedText()

    phi_fields: ClassVar = frozenset({"text_sealed", "kind"})
    plain_fields: ClassVar = frozenset({"id", "summary", "note", "position", "is_critical", "spans", "key"})

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its sentences, ascending."""
        return tuple(number for number, _, _ in self.spans)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["summary", "position"], name="facts_in_order")]


class LexiconApproval(Record):
    """A clinician of the site answers for one version of a word list: that very content and no other.

    `number` counts the approvals of that content from 1; a further one follows only a withdrawn one.
    """

    name = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    number = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "name", "digest", "number", "by", "at"})

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["name", "digest", "number"], name="a_version_approved_once")
        ]


class LexiconWithdrawal(Record):
    """Whoever approved a version of a word list answers for it no longer."""

    approval = models.OneToOneField(LexiconApproval, on_delete=models.PROTECT, related_name="withdrawal")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "approval", "by", "at"})
