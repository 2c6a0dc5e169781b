"""A clinician's work on a summary, and the signed result."""

from typing import ClassVar

from django.db import models

from clinical.models.base import Record
from clinical.models.facts import Fact
from clinical.models.people import User
from clinical.models.summaries import Claim, Summary
from clinical.sealed import SealedJSON, SealedText, key_column, sealed_column


class Review(Record):
    """The work on one summary. `version` counts its decisions: a save made from an older one is refused.

    `left_out_count` counts the critical left-out facts that waited for a decision after the newest one; the
    worklist reads it, signing counts anew.
    """

    summary = models.OneToOneField(Summary, on_delete=models.PROTECT, related_name="review")
    version = models.PositiveIntegerField(default=0)
    left_out_count = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "summary", "version", "left_out_count", "started_at"})


class Decision(Record):
    """One act of a clinician on a claim or a fact. Append-only: undo is a decision too; the newest holds.

    `target` is the claim's or the fact's id, or for an added claim an id of its own; a claim that was added
    for a left-out fact names the fact.
    """

    class Verb(models.TextChoices):
        ACCEPT = "accept", "Accepted"
        EDIT = "edit", "Edited"
        REJECT = "reject", "Rejected"
        ADD = "add", "Added"
        UNDO = "undo", "Undone"
        NOT_NEEDED = "not_needed", "Closed as not needed"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="decisions")
    number = models.PositiveIntegerField()
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, null=True, related_name="decisions")
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, null=True, related_name="decisions")
    target = models.UUIDField()
    verb = models.CharField(max_length=16, choices=Verb)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    key = key_column()
    content_sealed = sealed_column(null=True)
    reason_sealed = sealed_column(null=True)

    content = SealedJSON()
    reason = SealedText()

    phi_fields: ClassVar = frozenset({"content_sealed", "reason_sealed"})
    plain_fields: ClassVar = frozenset(
        {"id", "review", "number", "claim", "fact", "target", "verb", "by", "at", "key"}
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["review", "number"], name="decisions_in_order"),
            models.CheckConstraint(
                condition=~models.Q(verb="not_needed")
                | models.Q(fact__isnull=False, target=models.F("fact")),
                name="only_a_fact_is_not_needed",
            ),
        ]


class Signature(Record):
    """The immutable signed result, whole: what was shown and decided. Corrected only by an addendum."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="signature")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    unread_count = models.PositiveIntegerField()
    key = key_column()
    content_sealed = sealed_column()

    content = SealedJSON()

    phi_fields: ClassVar = frozenset({"content_sealed"})
    plain_fields: ClassVar = frozenset(
        {"id", "review", "signed_by", "signed_at", "digest", "unread_count", "key"}
    )


class Addendum(Record):
    """A correction or addition to a signed summary."""

    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="addenda")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    key = key_column()
    text_sealed = sealed_column()

    text = SealedText()

    phi_fields: ClassVar = frozenset({"text_sealed"})
    plain_fields: ClassVar = frozenset({"id", "signature", "by", "at", "key"})

    class Meta:
        ordering = ["at", "id"]
