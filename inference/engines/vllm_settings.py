"""What the vLLM engine must know: where the server is, how to ask it and how long to wait."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from inference.engines.base import EngineError
from inference.engines.site import LOOPBACK, SiteNetworks

LEAST_CONTEXT = 2_048  # tokens: a prompt with its examples and a short note


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part of a request may take, in seconds."""

    connect_s: float = 5.0
    first_token_s: float = 120.0  # reading the prompt, and waiting for a seat in the batch
    between_tokens_s: float = 30.0
    write_s: float = 30.0
    whole_s: float = 600.0


@dataclass(frozen=True, slots=True)
class VllmSettings:
    """Where the server is and how to ask it."""

    url: str  # http(s)://host[:port][/path], with or without /v1
    networks: SiteNetworks
    model: str = ""  # "": the first that the server names
    key: str = field(default="", repr=False)
    patience: Patience = Patience()
    max_output_tokens: int = 4096
    max_connections: int = 512
    context: int | None = None  # tokens; None: what the server says

    def __post_init__(self) -> None:
        """Check the URL and the key.

        Raises:
            EngineError: "misconfigured": the URL or the key cannot be used.
        """
        _ = self.base_url
        if self.key and not re.fullmatch(r"[\x21-\x7e]+", self.key):
            raise EngineError("misconfigured", detail="EPITOME_ENGINE_KEY")

    @property
    def base_url(self) -> httpx.URL:
        """The address that `chat/completions` is relative to."""
        return _base_url(self.url)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "VllmSettings":
        """Read EPITOME_ENGINE_URL, _MODEL, _CONTEXT, _KEY or _KEY_FILE and EPITOME_SITE_NETWORKS.

        Raises:
            EngineError: "misconfigured": one of them cannot be used; the detail names it.
        """
        return cls(
            url=environ.get("EPITOME_ENGINE_URL", ""),
            networks=SiteNetworks(environ.get("EPITOME_SITE_NETWORKS") or LOOPBACK),
            model=environ.get("EPITOME_ENGINE_MODEL", ""),
            key=_key(environ),
            context=_context(environ),
        )


def _context(environ: Mapping[str, str]) -> int | None:
    value = environ.get("EPITOME_ENGINE_CONTEXT", "")
    if not value:
        return None
    if not value.isdecimal() or int(value) < LEAST_CONTEXT:
        raise EngineError("misconfigured", detail="EPITOME_ENGINE_CONTEXT")
    return int(value)


def _base_url(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise EngineError("misconfigured", detail="EPITOME_ENGINE_URL") from None
    extras = parsed.userinfo or parsed.query or parsed.fragment
    if parsed.scheme not in {"http", "https"} or not parsed.host or extras:
        raise EngineError("misconfigured", detail="EPITOME_ENGINE_URL")
    return parsed.copy_with(path=parsed.path.rstrip("/").removesuffix("/v1") + "/v1/")


def _key(environ: Mapping[str, str]) -> str:
    file = environ.get("EPITOME_ENGINE_KEY_FILE", "")
    if not file:
        return environ.get("EPITOME_ENGINE_KEY", "")
    if environ.get("EPITOME_ENGINE_KEY"):
        raise EngineError("misconfigured", detail="two_keys")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        raise EngineError("misconfigured", detail="EPITOME_ENGINE_KEY_FILE") from None
