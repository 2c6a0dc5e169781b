"""What produced a summary."""

from typing import ClassVar

from django.db import models

from clinical.models.base import Record


class ModelVersion(Record):
    """Weights, adapter, prompt and engine settings, by digest. Immutable."""

    engine = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    weights_digest = models.CharField(max_length=80, blank=True)
    adapter_digest = models.CharField(max_length=80, blank=True)
    prompt = models.CharField(max_length=40)
    prompt_digest = models.CharField(max_length=80)
    settings = models.JSONField(default=dict)
    is_generative = models.BooleanField()
    digest = models.CharField(max_length=64, unique=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset(
        {
            "id",
            "engine",
            "model",
            "weights_digest",
            "adapter_digest",
            "prompt",
            "prompt_digest",
            "settings",
            "is_generative",
            "digest",
            "first_seen_at",
        }
    )
