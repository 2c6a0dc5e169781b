"""The lines of a note, each with its place, its indentation and what its first characters make of it."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from inference.reading.words import COUNTED

_RULED = re.compile(r"[-=_~*#.·─━═–—+|: \t]+")
_RULE_CHARACTERS = frozenset("-=_~*#─━═–—+|")

_MARKER = re.compile(
    r"""(?:
      (?: [-–—*](?:\s+|$) | [-–](?=[A-Za-z?])                       # - item, -item
        | [•●▪◦‣⁃■□▫○◆◇►▶➢➤✓✔✗✘☐☑☒]\s* | [·∙](?:\s+|$)               # • item
        | o\s+(?=[A-Z]) )                                           # Word's round bullet, in a PDF
      (?: \[[ xX✓]?\](?:\s+|$) )?                                   # - [ ] item
    | \[[ xX✓]?\](?:\s+|$)                                          # [x] item
    | \(?(?:\d{1,3}|[a-z]|[ivx]{2,5})\)(?:\s+|$|(?=[A-Z]))          # 1) (a) iv)
    | (?:\d{1,2}|[a-h]|[ivx]{1,5})\.(?:\s+|$)                       # 1. a. iv.
    | \d{1,2}\.(?=[A-Z][a-z])                                       # 1.Aspirin
    | \#\d{0,2}(?=[A-Za-z])                                         # #HTN, a problem list's mark
    )""",
    re.VERBOSE,
)
# Marks that a list may use, but that stand before prose and values too.
_RARE_MARKER = re.compile(r"(?:[>+.~»→]|->|=>)\s+(?=\S)")
_NUMBER = re.compile(r"\(?(\d{1,3})([.)])")
_INLINE_GLYPH = re.compile(r"(?:(?<=\s)[•●▪◦‣➢►]|(?<=\s\s)[✓✗☐☑☒])\s*(?=\S)")
_INLINE_DASH = re.compile(r"(?<=[.;])\s-\s(?=[A-Z])")
_INLINE_NUMBER = re.compile(r"(?<![^\s(])(\d{1,3})(?:(\.)\s+(?=[A-Z(\[])|(\))\s+(?=[^\W\d_]))")
_BARE_NUMBER = re.compile(r"(\d{1,2})\s(?=[A-Z][a-z])(?!.*\t)(?!.*\S {2,}\S)")


class LineKind(Enum):
    """What a line is on the page; INLINE is prose that opens with a label ("HPI: …")."""

    TEXT = auto()
    BULLET = auto()
    ROW = auto()
    HEADER = auto()
    INLINE = auto()
    RULE = auto()


@dataclass(slots=True)
class Line:
    """One line that is not blank, without the blanks at its ends.

    Attributes:
        start: first code point that is not blank.
        end: one past the last code point that is not blank.
        content: `text[start:end]`.
        indent: columns before `start`, tabs to every fourth.
        is_after_blank: a blank line, or nothing, stands before it.
        kind: set by the passes in turn.
        marker: code points of the bullet's mark and the blanks behind it.
        label: where a header's title stands, half-open.
        opens_section: a header that starts a section; sub-headers do not.
        header: where the header row of this row's table stands, half-open.
    """

    start: int
    end: int
    content: str
    indent: int
    is_after_blank: bool
    kind: LineKind = LineKind.TEXT
    marker: int = 0
    label: tuple[int, int] | None = None
    opens_section: bool = False
    header: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """Columns from the margin to the line's end."""
        return self.indent + self.end - self.start


def read_lines(text: str) -> list[Line]:
    """List the lines that are not blank, bullets and rules already told apart.

    Args:
        text: normalised, so that "\\n" is the only line break.
    """
    lines: list[Line] = []
    previous_end = -2
    for match in re.finditer(r"[^\n]+", text):
        raw = match[0]
        content = raw.strip()
        if not content:
            continue
        lead = len(raw) - len(raw.lstrip())
        start = match.start() + lead
        line = Line(
            start,
            start + len(content),
            content,
            len(raw[:lead].expandtabs(4)),
            match.start() != previous_end + 1,
        )
        previous_end = match.end()
        if _is_rule(content):
            line.kind = LineKind.RULE
        elif marker := _MARKER.match(content):
            line.kind = LineKind.BULLET
            line.marker = marker.end()
        lines.append(line)
    _mark_rare_bullets(lines)
    return lines


def item_starts(text: str, start: int, end: int, *, is_bullet: bool) -> list[int]:
    """Find where further items begin in a line that holds several ("1. Aspirin 2. Statin").

    Args:
        text: the note.
        start: first code point of the line, or of several joined ones.
        end: one past its last code point.
        is_bullet: the line itself opens with a bullet's mark.

    Returns:
        Ascending offsets in (start, end).
    """
    starts = {match.start() for match in _INLINE_GLYPH.finditer(text, start + 1, end)}
    if is_bullet and text[start] in "-–":
        starts |= {match.start() + 1 for match in _INLINE_DASH.finditer(text, start + 1, end)}
    first = _NUMBER.match(text, start, end) if is_bullet else None
    last, mark = (int(first[1]), first[2]) if first else (0, "")
    for match in _INLINE_NUMBER.finditer(text, first.end() if first else start, end):
        its_mark = match[2] or match[3]
        if int(match[1]) != last + 1 or (mark and its_mark != mark) or _is_counted(text, match.start()):
            continue
        last, mark = last + 1, its_mark
        if last > 1:
            starts.add(match.start() - (text[match.start() - 1] == "("))
    return sorted(starts)


def _mark_rare_bullets(lines: list[Line]) -> None:
    """Neighbouring lines with the same rare mark ("> rest"), or that count on ("1 Asthma"), are a list."""
    marks = [_RARE_MARKER.match(line.content) if line.kind is LineKind.TEXT else None for line in lines]
    for index, mark in enumerate(marks):
        if mark is None:
            continue
        beside = marks[index - 1 : index] + marks[index + 1 : index + 2]
        if any(other is not None and other[0].strip() == mark[0].strip() for other in beside):
            lines[index].kind, lines[index].marker = LineKind.BULLET, mark.end()
    counts = [_BARE_NUMBER.match(line.content) if line.kind is LineKind.TEXT else None for line in lines]
    numbers = [int(count[1]) if count else -9 for count in counts]
    for index, count in enumerate(counts):
        if count and 1 in {abs(number - numbers[index]) for number in numbers[max(0, index - 1) : index + 2]}:
            lines[index].kind, lines[index].marker = LineKind.BULLET, count.end()


def _is_counted(text: str, at: int) -> bool:
    words = text[max(0, at - 24) : at].split()
    return bool(words) and words[-1].lower() in COUNTED


def _is_rule(content: str) -> bool:
    marks = sum(character in _RULE_CHARACTERS for character in content[:12])
    return marks >= 3 and _RULED.fullmatch(content) is not None
