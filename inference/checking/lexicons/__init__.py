"""The checks' word lists, as data: those that ship, each with what a site adds to it."""

import hashlib
import os
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

SITE_FOLDER = "EPITOME_LEXICONS"  # names the folder of the site's additions


@cache
def lexicon(name: str) -> dict[str, Any]:
    """Read `NAME.toml` of this folder, joined with the site's file of that name, once per process.

    Lists and tables are joined, and so are word lists in a text of several lines; any other value is the
    site's. What `[about]` says stays that of the list that ships.

    Raises:
        FileNotFoundError: no such list ships, or the site's folder is not there.
        tomllib.TOMLDecodeError: a file is no TOML.
    """
    shipped = _read(files(__name__) / f"{name}.toml")
    if (folder := site_folder()) is None or not (added := folder / f"{name}.toml").is_file():
        return shipped
    joined: dict[str, Any] = _joined(shipped, _read(added))
    return joined | ({"about": shipped["about"]} if "about" in shipped else {})


def site_folder() -> Path | None:
    """Name the folder with the site's additions; None where it has none.

    Raises:
        FileNotFoundError: the environment names a folder that is not there.
    """
    if not (named := os.environ.get(SITE_FOLDER)):
        return None
    if not (folder := Path(named)).is_dir():
        raise FileNotFoundError(f"{SITE_FOLDER} names no folder: {named}")
    return folder


def lexicon_names() -> tuple[str, ...]:
    """Name the lists that ship, in the order of the alphabet."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def lexicon_versions() -> dict[str, str]:
    """Tell the version of each list, as "1 0123456789ab": its number, and the head of its file's SHA-256.

    Where the site adds to a list, the digest of the site's file follows behind a "+".
    """
    folder = site_folder()
    versions = {}
    for name in lexicon_names():
        digest = _digest(files(__name__) / f"{name}.toml")
        if folder is not None and (added := folder / f"{name}.toml").is_file():
            digest += f"+{_digest(added)}"
        versions[name] = f"{lexicon(name).get('about', {}).get('version', '')} {digest}".strip()
    return versions


def _read(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _digest(file: Traversable) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _joined(shipped: Any, added: Any) -> Any:
    if isinstance(shipped, dict) and isinstance(added, dict):
        both = {key: _joined(shipped[key], added[key]) for key in shipped.keys() & added.keys()}
        return shipped | added | both
    if isinstance(shipped, list) and isinstance(added, list):
        return shipped + added
    if isinstance(shipped, str) and isinstance(added, str) and "\n" in shipped:
        return f"{shipped}\n{added}"
    return added
