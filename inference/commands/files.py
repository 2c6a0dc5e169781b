"""The files that a command is given."""

import json
from pathlib import Path

from inference.text import Note, normalise, read_note


class Unreadable(Exception):
    """What a command cannot work with: says why in one sentence, without quoting a note."""


def note_in(path: Path) -> Note:
    """Read a note of plain text.

    Raises:
        Unreadable: there is no such file, it is no UTF-8, or it holds nothing to read.
    """
    note = read_note(normalise(_text_in(path)))
    if not note.sentences:
        raise Unreadable(f"{path} holds no readable sentence.")
    return note


def json_in(path: Path) -> object:
    """Read a file of JSON.

    Raises:
        Unreadable: there is no such file, or it holds no JSON.
    """
    text = _text_in(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
    except (RecursionError, ValueError):
        place = "nested too deep, or a number too long"
    raise Unreadable(f"{path} is not JSON ({place}).")


def _text_in(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise Unreadable(f"there is no file {path}.") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not plain text in UTF-8.") from None
