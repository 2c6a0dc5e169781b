"""Which checker a measurement is of: a digest of its rules and word lists."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from inference.evaluation.rates import rates


@cache
def checker_digest() -> str:
    """SHA-256, in hex, of every module and word list under `inference/checking`."""
    digest = sha256()
    for path, file in sorted(_sources(files("inference.checking"), ""), key=lambda source: source[0]):
        content = file.read_bytes()
        digest.update(f"{path} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _sources(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _sources(entry, f"{path}{entry.name}/")
        elif entry.name.endswith((".py", ".toml")):
            found.append((f"{path}{entry.name}", entry))
    return found


def is_current() -> bool:
    """Tell whether the rates that ship were measured on the checker that ships."""
    shipped = rates()
    return shipped is not None and shipped.checker == checker_digest()
