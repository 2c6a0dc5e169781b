"""The checks' word lists, as data."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def lexicon(name: str) -> dict[str, Any]:
    """Read `NAME.toml` of this folder, once per process."""
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))
