"""What every clinical model shares: a UUIDv7 key and a declared privacy class for each field."""

import secrets
import time
import uuid
from typing import Any, ClassVar

from django.db import models

from clinical.sealed import SealedText


def uuid7() -> uuid.UUID:
    """Make a time-ordered UUID (RFC 9562, version 7).

    Returns:
        48 bits of Unix milliseconds, then 74 random bits: keys made later sort later.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


class Record(models.Model):
    """Base of all models of the product.

    Attributes:
        phi_fields: columns that hold clinical or identifying content; they are sealed or keyed hashes.
        plain_fields: columns that may appear in logs, reports and operators' screens.
        A test demands every column of every model in exactly one of the two.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take sealed attributes by keyword as if they were columns."""
        sealed = {
            name: kwargs.pop(name)
            for name in list(kwargs)
            if isinstance(getattr(type(self), name, None), SealedText)
        }
        super().__init__(*args, **kwargs)
        for name, value in sealed.items():
            setattr(self, name, value)
