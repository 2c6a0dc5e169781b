"""Data keys, wrapped by the site's master key."""

import os
from typing import ClassVar

from django.conf import settings
from django.db import models

from clinical.models.base import Record


class DataKey(Record):
    """A random 256-bit key, kept only wrapped. `search` has one row; `seal` gets a new one at rotation."""

    class Purpose(models.TextChoices):
        SEAL = "seal", "seals columns"
        SEARCH = "search", "keys the hashes that are searched"

    purpose = models.CharField(max_length=8, choices=Purpose)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "purpose", "wrapped", "created_at"})

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"], condition=models.Q(purpose="search"), name="one_search_key"
            )
        ]

    @classmethod
    def newest(cls, purpose: str) -> "DataKey":
        """Give the newest key for a purpose, making the first one when there is none."""
        found = cls.objects.filter(purpose=purpose).order_by("-created_at", "-id").first()
        return found or cls.make(purpose)

    @classmethod
    def make(cls, purpose: str) -> "DataKey":
        """Make and store a new key.

        Two processes may make the first search key at once: the loser takes the winner's.
        """
        from clinical.sealed import wrap_key

        row = DataKey(purpose=purpose)
        row.wrapped = wrap_key(os.urandom(32), row.pk, settings.EPITOME_MASTER_KEY)
        if purpose == cls.Purpose.SEARCH:
            DataKey.objects.bulk_create([row], ignore_conflicts=True)
            return cls.objects.get(purpose=purpose)
        row.save(force_insert=True)
        return row
