"""The checks' word lists, as data: those that ship, each with what a site adds to it."""

import hashlib
import logging
import os
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from inference.checking.lexicons.shapes import misfits

SITE_FOLDER = "EPITOME_LEXICONS"  # names the folder of the site's additions


logger = logging.getLogger(__name__)


@cache
def lexicon(name: str) -> dict[str, Any]:
    """Read `NAME.toml` of this folder, joined with the site's file of that name, once per process.

    Lists and tables are joined, and so are word lists in a text of several lines; any other value is the
    site's. What `[about]` says stays that of the list that ships. A site's file with a fault is left out
    whole: `site_faults` tells which, and neither a command nor the web application starts while there is one.

    Raises:
        FileNotFoundError: no such list ships.
    """
    shipped = _shipped(name)
    try:
        added = _added(name)
    except SiteFault as fault:
        logger.error("a word list of the site is not in use: %s", fault)
        return shipped
    if added is None:
        return shipped
    joined: dict[str, Any] = _joined(shipped, added)
    return joined | ({"about": shipped["about"]} if "about" in shipped else {})


class SiteFault(Exception):
    """What is wrong with the site's additions: one fault a line, each with its place."""


def site_folder() -> Path | None:
    """Name the folder with the site's additions; None where it has none, or none that can be read."""
    named = os.environ.get(SITE_FOLDER)
    return folder if named and (folder := Path(named)).is_dir() else None


def site_faults() -> list[str]:
    """List what keeps the site's additions from being used, each with its file and place; read anew."""
    named = os.environ.get(SITE_FOLDER)
    if not named:
        return []
    if (folder := site_folder()) is None:
        return [f"{SITE_FOLDER} names no folder: {named} (make it, or take the setting away)"]
    faults = []
    try:
        for path in sorted(folder.glob("*.toml")):
            if path.stem not in lexicon_names():
                faults.append(f"{path}: no such list ships, so nothing reads it")
                continue
            try:
                _added(path.stem)
            except SiteFault as fault:
                faults += str(fault).splitlines()
    except OSError as error:
        faults.append(f"{folder} cannot be read: {error.strerror}")
    return faults


def _added(name: str) -> dict[str, Any] | None:
    """Read what the site adds to a list; None where it adds nothing.

    Raises:
        SiteFault: it cannot be read, or has not the shape of the list that ships.
    """
    folder = site_folder()
    if folder is None:
        return None
    path = folder / f"{name}.toml"
    try:
        added = _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SiteFault(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SiteFault(f"{path}: no TOML ({error})") from None
    if faults := list(misfits(added, _shipped(name))):
        raise SiteFault("\n".join(f"{path}: {fault}" for fault in faults))
    return added


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


def _shipped(name: str) -> dict[str, Any]:
    return _read(files(__name__) / f"{name}.toml")


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
