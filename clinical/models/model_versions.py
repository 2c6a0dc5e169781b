"""What produced a summary, and whether the engine answers."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

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


class PromptVersion(Record):
    """A prompt's whole text by its digest, kept from its first use: what a model was asked stays readable."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    content = models.JSONField()
    first_seen_at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "digest", "name", "version", "content", "first_seen_at"})


class EngineHealth(models.Model):
    """Whether the site's engine answers: the circuit breaker's memory, one row an engine.

    `heard_at` is when its last token or claim came; `failures` counts probes that failed in a row.
    """

    name = models.CharField(primary_key=True, max_length=40)
    is_up = models.BooleanField(default=True)
    since = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    checked_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    capabilities = models.JSONField(default=dict)

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset(
        {
            "name",
            "is_up",
            "since",
            "failures",
            "error_code",
            "checked_at",
            "heard_at",
            "capabilities",
        }
    )
