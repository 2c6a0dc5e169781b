"""Encrypted columns: AES-256-GCM envelope encryption with the row's identity as associated data.

A `DataKey` row holds a random 256-bit key wrapped by the site's master key. A sealed column holds
`nonce (12 bytes) || ciphertext || tag (16 bytes)`; its associated data is `table:column:row id:key id`, so a
value copied to another row, column or table does not open. Re-wrapping data keys under a new master key
touches no content. Source: NIST SP 800-38D (GCM, 96-bit random nonces).
"""

import datetime
import functools
import hashlib
import hmac
import json
import os
import uuid
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed value does not open: wrong key, wrong row, or altered bytes. Never holds content."""


def _encrypt(key: bytes, plain: bytes, associated: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, associated)


def _decrypt(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
    except InvalidTag:
        raise SealBroken("a sealed value does not open with its key and row") from None


def wrap_key(key: bytes, key_id: uuid.UUID, master_key: bytes) -> bytes:
    """Encrypt a data key under the master key, bound to the data key's id."""
    return _encrypt(master_key, key, b"data-key:" + key_id.bytes)


def unwrap_key(wrapped: bytes, key_id: uuid.UUID, master_key: bytes) -> bytes:
    """Undo `wrap_key`.

    Raises:
        SealBroken: the master key is not the one that wrapped it.
    """
    return _decrypt(master_key, wrapped, b"data-key:" + key_id.bytes)


@functools.lru_cache(maxsize=256)
def _data_key(key_id: uuid.UUID) -> bytes:
    from clinical.models.keys import DataKey

    row = DataKey.objects.get(pk=key_id)
    return unwrap_key(bytes(row.wrapped), row.pk, settings.EPITOME_MASTER_KEY)


@functools.lru_cache(maxsize=4)
def _newest(purpose: str) -> uuid.UUID:
    from clinical.models.keys import DataKey

    return DataKey.newest(purpose).pk


def current_key_id() -> uuid.UUID:
    """Name the data key that new rows are sealed with."""
    return _newest("seal")


def forget_keys() -> None:
    """Drop the unwrapped keys from memory, after a rotation or a change of database."""
    _data_key.cache_clear()
    _newest.cache_clear()


def search_hash(scope: str, value: str) -> bytes:
    """Hash a value for exact look-up, keyed so that a stolen table cannot be guessed through.

    Args:
        scope: what is hashed ("mrn", "name", "bytes"); equal values in different scopes differ.
        value: already folded to its canonical writing.

    Returns:
        32 bytes, HMAC-SHA-256.
    """
    return keyed_digest(scope, value.encode())


def keyed_digest(scope: str, value: bytes) -> bytes:
    """Hash bytes for exact look-up (HMAC-SHA-256, 32 bytes); see `search_hash`."""
    return hmac.new(_data_key(_newest("search")), scope.encode() + b"\0" + value, hashlib.sha256).digest()


class SealedText:
    """A text attribute kept encrypted in the column `<name>_sealed`.

    A field's `from_db_value` never sees its row, and the row's id is the associated data: hence a descriptor.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.column = f"{name}_sealed"
        self.cache = f"_{name}_open"

    def _associated(self, row: Any) -> bytes:
        return f"{row._meta.db_table}:{self.column}:{row.pk}:{row.key_id}".encode()

    def encode(self, value: Any) -> bytes:
        """Turn the attribute into bytes."""
        return value.encode()

    def decode(self, value: bytes) -> Any:
        """Turn bytes into the attribute."""
        return value.decode()

    def __get__(self, row: Any, owner: type) -> Any:
        if row is None:
            return self
        if self.cache not in row.__dict__:
            sealed = getattr(row, self.column)
            if sealed is None:
                return None
            row.__dict__[self.cache] = self.decode(
                _decrypt(_data_key(row.key_id), bytes(sealed), self._associated(row))
            )
        return row.__dict__[self.cache]

    def __set__(self, row: Any, value: Any) -> None:
        if value is None:
            setattr(row, self.column, None)
            row.__dict__.pop(self.cache, None)
            return
        setattr(row, self.column, _encrypt(_data_key(row.key_id), self.encode(value), self._associated(row)))
        row.__dict__[self.cache] = value


class SealedBytes(SealedText):
    """As `SealedText`, for bytes."""

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, value: bytes) -> bytes:
        return value


class SealedDate(SealedText):
    """As `SealedText`, for a calendar date."""

    def encode(self, value: datetime.date) -> bytes:
        return value.isoformat().encode()

    def decode(self, value: bytes) -> datetime.date:
        return datetime.date.fromisoformat(value.decode())


class SealedJSON(SealedText):
    """As `SealedText`, for a JSON value."""

    def encode(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def decode(self, value: bytes) -> Any:
        return json.loads(value)


def sealed_column(*, null: bool = False) -> "models.BinaryField[Any, Any]":
    """Make the column behind a sealed attribute."""
    return models.BinaryField(null=null, editable=False)


def key_column() -> "models.ForeignKey[Any, Any]":
    """Make the column that names the data key of a row."""
    return models.ForeignKey(
        "clinical.DataKey",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        default=current_key_id,
    )
