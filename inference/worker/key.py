"""The key that clients must send, from a file or the environment, never from the command line."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inference.worker.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Key:
    """The key and what may be said about it."""

    value: str = field(repr=False)  # "" for none
    source: str  # where it came from
    warning: str = ""


def read_key(environ: Mapping[str, str]) -> Key:
    """Read the key from EPITOME_ENGINE_KEY or the file EPITOME_ENGINE_KEY_FILE names; "" without either.

    Raises:
        Refusal: both are set, the file cannot be read or is empty, or no header can carry the key.
    """
    direct, file = environ.get("EPITOME_ENGINE_KEY", ""), environ.get("EPITOME_ENGINE_KEY_FILE", "")
    if direct and file:
        raise Refusal("EPITOME_ENGINE_KEY and EPITOME_ENGINE_KEY_FILE are both set: keep one")
    warning = ""
    if file:
        try:
            direct = Path(file).read_text(encoding="utf-8").strip()
            is_open = bool(Path(file).stat().st_mode & stat.S_IRWXO)
        except (OSError, UnicodeError) as error:
            raise Refusal(f"EPITOME_ENGINE_KEY_FILE cannot be read ({type(error).__name__})") from None
        if not direct:
            raise Refusal("EPITOME_ENGINE_KEY_FILE names an empty file")
        if is_open:
            warning = f"every user of this machine can reach {file}: chmod o= {file}"
    if not all("!" <= letter <= "~" for letter in direct):
        raise Refusal("the key holds a space or a letter that no HTTP header carries: openssl rand -hex 32")
    source = f"the file {file}" if file else "EPITOME_ENGINE_KEY" if direct else ""
    return Key(direct, source, warning)
