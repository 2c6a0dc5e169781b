"""The symbol fonts of an RTF document: what is written in them, put into plain Unicode escapes.

striprtf knows no fonts: a "m" in Symbol, which the page shows as µ, would stay a "m", and "50 µg" become
"50 mg". Word also writes a symbol as a field without any result.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from striprtf.striprtf import destinations

from inference.parsing.rtf_unseen import TOKEN
from inference.parsing.symbols import shown_as, table_of

_FONT = re.compile(r"\\f(\d{1,5})(?=[\\ {])[^;]{0,400}?[ }]((?:Symbol|Wingdings)[\w \-]{0,20});")
_FIELD = re.compile(
    r'SYMBOL\s{1,9}(\d{1,5})\s[^{}]{0,200}?\\\\f\s{0,9}"?((?:Symbol|Wingdings)[ \w-]{0,20}?)(?=["\\}]| \\)'
    r"[^{}]{0,200}\}{1,3}\s{0,9}\{\\fldrslt(?![a-z])"
)

_LONGEST_TABLE = 200_000  # characters: the search is slow in a text full of font changes


@dataclass
class _State:
    """What holds in a group."""

    table: Mapping[int, str] | None = None
    is_skipped: bool = False
    skip: int = 1  # characters after \\u that stand in for it


def with_symbols(source: str) -> str:
    """Rewrite what an RTF source has in symbol fonts; everything else stays as it is."""
    source = _FIELD.sub(_field, source)
    begin = max(0, source.find("\\fonttbl"))
    fonts = _FONT.findall(source, begin, begin + _LONGEST_TABLE)
    tables = {number: table for number, name in fonts if (table := table_of(name))}
    if not tables:
        return source
    state, stack = _State(), list[_State]()
    written: list[str] = []
    at = pending = 0
    is_dropped = False
    for match in TOKEN.finditer(source):
        written.append(source[at : match.start()])
        at = match.end()
        word, number, code, symbol, brace, plain = match.groups()
        table = None if state.is_skipped else state.table
        piece = match[0]
        if brace == "{":
            stack.append(replace(state))
        elif brace == "}":
            state = stack.pop() if stack else state
        elif word == "fonttbl" or word in destinations or symbol == "*":
            state.is_skipped = True
        elif word == "f":
            state.table = tables.get(number or "")
        elif word == "plain":
            state.table = None
        elif word == "uc":
            state.skip = int(number or 1)
        if word == "u" and number:
            pending, is_dropped = state.skip, table is not None
            piece = piece if table is None else _escape(int(number) % 0x10000, table)
        elif code is not None:
            if pending:
                piece = "" if is_dropped else piece
            elif table is not None:
                piece = _escape(int(code, 16), table)
            pending = max(0, pending - 1)
        elif plain is not None:
            stand_in, rest = plain[:pending], plain[pending:]
            pending -= len(stand_in)
            if table is not None:
                rest = "".join(_escape(ord(letter), table) for letter in rest)
            piece = ("" if is_dropped else stand_in) + rest
        else:
            pending = 0
        written.append(piece)
    return "".join((*written, source[at:]))


def _field(match: re.Match[str]) -> str:
    """Put the symbol before its field's result, and leave the result out: it is the same or empty."""
    table = table_of(match[2])
    if table is None:
        return match[0]
    ahead, _, result = match[0].rpartition("{")
    return f"{ahead}{_escape(int(match[1]), table)}{{\\*{result}"


def _escape(code: int, table: Mapping[int, str]) -> str:
    # A group of its own: what `\\uc` says around it does not matter.
    number = ord(shown_as(code, table))
    return f"{{\\uc1\\u{number - 0x10000 if number > 0x7FFF else number}?}}"
