"""How many characters of an RTF document the page does not show: hidden, white on white, or too small.

The control words are those of the RTF 1.9.1 specification. What a style sheet says is not followed: writers
repeat a style's properties where it is used.
"""

import re
from dataclasses import dataclass, replace

from striprtf.striprtf import destinations

TINY_HALF_POINTS = 4
_NEAR_WHITE = 0xEB
TOKEN = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)", re.IGNORECASE
)
_COLOURS = re.compile(r"\{\\colortbl([^{}]{0,20000})\}")
_CHANNEL = re.compile(r"\\(red|green|blue)(\d{1,3})")
_TABLES = frozenset({"fonttbl", "colortbl"})
_FILLS = frozenset({"highlight", "chcbpat", "cb", "cbpat"})


@dataclass
class _State:
    """What holds in a group."""

    is_skipped: bool = False
    is_hidden: bool = False
    is_white: bool = False
    is_tiny: bool = False
    is_filled: bool = False
    skip: int = 1  # characters after \\u that stand in for it


def count_unseen(source: str) -> int:
    """Count the characters that are in the text and not on the page, without blanks.

    Args:
        source: the RTF source, pictures taken out.
    """
    white = _white_colours(source)
    state, stack = _State(), list[_State]()
    is_row_filled = False
    pending = found = 0
    for match in TOKEN.finditer(source):
        word, number, code, symbol, brace, plain = match.groups()
        if brace == "{":
            stack.append(replace(state))
        elif brace == "}":
            state = stack.pop() if stack else state
        elif word in _TABLES or word in destinations or symbol == "*":
            state.is_skipped = True
        elif word in ("trowd", "clcbpat"):
            is_row_filled = word == "clcbpat" and int(number or 0) not in white
        elif word is not None and word != "u":
            _set(state, word, number, white)
        letters = 0
        if word == "u":
            letters, pending = 1, state.skip
        elif code is not None:
            letters, pending = int(not pending), max(0, pending - 1)
        elif plain is not None:
            letters = sum(not character.isspace() for character in plain[pending:])
            pending = max(0, pending - len(plain))
        is_pale = state.is_white and not (state.is_filled or is_row_filled)
        if not state.is_skipped and (state.is_hidden or state.is_tiny or is_pale):
            found += letters
    return found


def _set(state: _State, word: str, number: str | None, white: frozenset[int]) -> None:
    value = int(number) if number is not None else 1
    if word == "v":
        state.is_hidden = value != 0
    elif word == "cf":
        state.is_white = value in white
    elif word == "fs":
        state.is_tiny = value < TINY_HALF_POINTS
    elif word == "uc":
        state.skip = value
    elif word in _FILLS:
        state.is_filled = value != 0 and value not in white
    elif word == "plain":
        state.is_hidden = state.is_white = state.is_tiny = False


def _white_colours(source: str) -> frozenset[int]:
    """The numbers of the colours in the colour table that are white or nearly so."""
    table = _COLOURS.search(source)
    if table is None:
        return frozenset()
    colours = [dict(_CHANNEL.findall(entry)) for entry in table[1].split(";")]
    return frozenset(
        number
        for number, colour in enumerate(colours)
        if len(colour) == 3 and min(int(value) for value in colour.values()) >= _NEAR_WHITE
    )
