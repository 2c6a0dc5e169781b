"""Which engine and prompt this site uses, and the record of what they were."""

import functools
import hashlib
import json
import os
from urllib.parse import urlsplit

from clinical.models import Job, ModelVersion, PromptVersion
from inference.engines import engine_from_environment
from inference.engines.base import Engine, EngineError, EngineVersion
from inference.engines.extractive import ExtractiveEngine
from inference.engines.site import LOOPBACK, SiteNetworks
from inference.prompts import Prompt, load_prompt

EXTRACTIVE = ExtractiveEngine.name


@functools.lru_cache(maxsize=1)
def site_engine() -> Engine:
    """Give the engine the environment names; one per process."""
    return engine_from_environment(os.environ)


@functools.lru_cache(maxsize=1)
def extractive_engine() -> Engine:
    """Give the built-in engine, which no outage reaches."""
    return ExtractiveEngine()


def engine_for(job: Job) -> Engine:
    """Give the engine that works on a job: the built-in one where the job asks for it, else the site's."""
    return extractive_engine() if job.engine == EXTRACTIVE else site_engine()


@functools.lru_cache(maxsize=16)
def prompt(name: str) -> Prompt:
    """Load a prompt by name."""
    return load_prompt(name)


def address_refusal(url: str) -> str:
    """Say why an engine's address is refused, or ""."""
    parts = urlsplit(url)
    try:
        networks = SiteNetworks(os.environ.get("EPITOME_SITE_NETWORKS", LOOPBACK))
        networks.addresses(parts.hostname or "", parts.port or 443)
    except EngineError as error:
        return "" if error.is_temporary else error.operator_sentence
    return ""


def model_version(version: EngineVersion, wanted: Prompt) -> ModelVersion:
    """Find or store the record of an engine's version with a prompt's, and the prompt's text with it."""
    PromptVersion.objects.get_or_create(
        digest=wanted.digest,
        defaults={
            "name": wanted.name,
            "version": wanted.version,
            "content": wanted.model_dump(mode="json"),
        },
    )
    fields = {
        "engine": version.engine,
        "model": version.model,
        "weights_digest": version.weights_digest,
        "adapter_digest": version.adapter_digest,
        "prompt": wanted.name,
        "prompt_digest": wanted.digest,
        "settings": dict(version.settings),
        "is_generative": version.is_generative,
    }
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    row, _ = ModelVersion.objects.get_or_create(digest=digest, defaults=fields)
    return row
