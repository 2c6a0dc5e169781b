"""A note's text as numbered sentences in sections, with exact code-point offsets.

Every offset counts code points of the immutable NFC text and every span is half-open [start, end).
A character is blank when `str.isspace()` says so; every other character lies in exactly one sentence.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from inference.reading.boundaries import split_prose
from inference.reading.headers import find_headers, inline_label
from inference.reading.lines import Line, LineKind, item_starts, read_lines
from inference.reading.tables import find_tables
from inference.reading.wraps import join_wraps
from inference.vocabulary import SentenceKind

MAX_SENTENCE = 2000
LAYOUT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open [start, end) in code points of a note's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """The smallest citable piece of a note: a sentence of prose, a bullet, a table row or a header.

    Attributes:
        number: from 1, in reading order.
        start: first code point.
        end: one past the last code point.
        text: exactly `note.text[start:end]`; at most `MAX_SENTENCE` code points, not blank at either end.
        section: title of the section it stands in, "" before the first header.
        kind: its shape on the page; a header is citable too.
        header: where the header row of its table stands, for rows of a table that has one.
    """

    number: int
    start: int
    end: int
    text: str
    section: str
    kind: SentenceKind
    header: Span | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A run of sentences under one header; a section interrupted by another stands here twice.

    Attributes:
        title: exactly `note.text[label.start:label.end]`, without mark-up, number or colon.
        start: first code point of its first sentence.
        end: one past the last code point of its last sentence.
        label: where the title stands; before `start` when the section resumes after another.
    """

    title: str
    start: int
    end: int
    label: Span


@dataclass(frozen=True, slots=True)
class Note:
    """An immutable text, its sentences (numbers 1..n, ordered, disjoint) and its titled sections."""

    text: str
    sentences: tuple[Sentence, ...]
    sections: tuple[Section, ...]


def normalise(raw: str) -> str:
    """Bring text into the form that offsets are counted in; doing it twice changes nothing.

    NFC; every kind of line break (\\r\\n, \\r, form feed, vertical tab, NEL, U+2028, U+2029) becomes "\\n";
    other control characters but the tab become a blank; lone surrogates become U+FFFD. Characters nobody sees
    are dropped, so that what a clinician reads is what the engine reads and "war<soft hyphen>farin" is one
    word: soft hyphen, zero-width space, word joiner, byte-order mark, bidirectional controls, Unicode tags.
    Runs of more than 30 combining marks get a U+034F after every 30th, as the Stream-Safe Text Format has it
    (UAX #15, section 13), because sorting such a run takes quadratic time.
    """
    text = _NEWLINES.sub("\n", raw)
    if text.isascii():
        return text.translate(_CONTROLS) if _CONTROL.search(text) else text
    text = _UNSEEN.sub("", text)
    text = _SURROGATE.sub("\ufffd", text)
    text = _CONTROL.sub(" ", text)
    return unicodedata.normalize("NFC", _MAYBE_MARKS.sub(_limit_marks, text))


def count_unseen(raw: str) -> int:
    """Count the characters that `normalise` drops because nobody sees them.

    Soft hyphens and byte-order marks are not counted: word processors leave them behind.
    """
    return 0 if raw.isascii() else sum(match[0] not in "\u00ad\ufeff" for match in _UNSEEN.finditer(raw))


def read_note(text: str) -> Note:
    """Split a normalised text into numbered sentences.

    Args:
        text: what `normalise` returns; may be blank, then the note has no sentence.

    Raises:
        ValueError: the text is not normalised.
    """
    if normalise(text) != text:
        raise ValueError("text is not normalised")
    lines = read_lines(text)
    find_tables(lines)
    find_headers(lines)
    pieces: list[_Piece] = []
    standing: tuple[int, int] | None = None
    current: tuple[int, int] | None = None
    for line, end in join_wraps(lines):
        if line.kind is LineKind.HEADER and line.opens_section:
            standing = current = line.label
        elif line.kind is LineKind.INLINE and line.opens_section:
            current = line.label
        elif line.is_after_blank and line.kind in (LineKind.TEXT, LineKind.INLINE):
            current = standing
        for start, stop, kind in _cut(text, line, end):
            if (
                kind is SentenceKind.TEXT
                and start > line.start
                and (length := inline_label(text[start:stop]))
            ):
                current = (start, start + length)
            pieces.append(_Piece(start, stop, kind, current, line.header))
    return _assemble(text, pieces)


def to_layout(note: Note) -> list[list[object]]:
    """Offsets of a note's sentences and sections, JSON-able, without any of its text.

    Returns:
        [[version], sections, sentences] with a section as [label start, label end, start, end] and a sentence
        as [start, end, kind, section] or [start, end, kind, section, header start, header end]; kind is a
        place in `SentenceKind`, section a place among the sections or -1.
    """
    kinds = list(SentenceKind)
    sections: list[object] = [[s.label.start, s.label.end, s.start, s.end] for s in note.sections]
    sentences: list[object] = []
    place = 0
    for sentence in note.sentences:
        while place < len(note.sections) and note.sections[place].end <= sentence.start:
            place += 1
        inside = place < len(note.sections) and note.sections[place].start <= sentence.start
        row = [sentence.start, sentence.end, kinds.index(sentence.kind), place if inside else -1]
        if sentence.header:
            row += [sentence.header.start, sentence.header.end]
        sentences.append(row)
    return [[LAYOUT_VERSION], sections, sentences]


def from_layout(text: str, layout: Sequence[Sequence[Any]]) -> Note:
    """Rebuild a note from its text and its stored layout, so that numbers never shift when the rules change.

    Raises:
        ValueError: the layout is of another version or does not fit the text.
    """
    if len(layout) != 3 or list(layout[0]) != [LAYOUT_VERSION]:
        raise ValueError("unknown layout")
    kinds = list(SentenceKind)
    sections = tuple(
        Section(text[label_start:label_end], start, end, Span(label_start, label_end))
        for label_start, label_end, start, end in layout[1]
    )
    sentences: list[Sentence] = []
    last = 0
    for number, (start, end, kind, place, *header) in enumerate(layout[2], start=1):
        if not last <= start < end <= len(text) or not -1 <= place < len(sections):
            raise ValueError("layout does not fit the text")
        last = end
        title = sections[place].title if place >= 0 else ""
        span = Span(*header) if header else None
        sentences.append(Sentence(number, start, end, text[start:end], title, kinds[kind], span))
    return Note(text, tuple(sentences), sections)


class _Piece(NamedTuple):
    start: int
    end: int
    kind: SentenceKind
    label: tuple[int, int] | None
    header: tuple[int, int] | None


_KINDS = {
    LineKind.TEXT: SentenceKind.TEXT,
    LineKind.INLINE: SentenceKind.TEXT,
    LineKind.BULLET: SentenceKind.BULLET,
    LineKind.ROW: SentenceKind.ROW,
    LineKind.HEADER: SentenceKind.HEADER,
    LineKind.RULE: SentenceKind.HEADER,
}


def _cut(text: str, line: Line, end: int) -> Iterator[tuple[int, int, SentenceKind]]:
    """Cut one block into sentences no longer than `MAX_SENTENCE`."""
    kind = _KINDS[line.kind]
    begin = line.start
    if kind in (SentenceKind.TEXT, SentenceKind.BULLET):
        for item in item_starts(text, line.start, end, is_bullet=kind is SentenceKind.BULLET):
            stop = begin + len(text[begin:item].rstrip())
            yield from _cut_item(text, begin, stop, kind)
            begin, kind = item, SentenceKind.BULLET
    yield from _cut_item(text, begin, end, kind)


def _cut_item(text: str, start: int, end: int, kind: SentenceKind) -> Iterator[tuple[int, int, SentenceKind]]:
    spans = split_prose(text, start, end) if kind is SentenceKind.TEXT else iter([(start, end)])
    for begin, stop in spans:
        for one, other in _shorten(text, begin, stop):
            yield one, other, kind


def _shorten(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split what is longer than `MAX_SENTENCE` at its last white space, or hard where it has none."""
    while end - start > MAX_SENTENCE:
        window = text[start : start + MAX_SENTENCE + 1]
        kept = window.rstrip() if window[-1].isspace() else window.rpartition(window.split()[-1])[0].rstrip()
        stop = start + (len(kept) or MAX_SENTENCE)
        yield start, stop
        start = stop
        while text[start].isspace():
            start += 1
    yield start, end


def _assemble(text: str, pieces: list[_Piece]) -> Note:
    sentences: list[Sentence] = []
    sections: list[Section] = []
    for label, group in groupby(pieces, key=lambda piece: piece.label):
        members = list(group)
        title = text[label[0] : label[1]] if label else ""
        if label:
            sections.append(Section(title, members[0].start, members[-1].end, Span(*label)))
        for start, end, kind, _, header in members:
            span = Span(*header) if header else None
            sentences.append(Sentence(len(sentences) + 1, start, end, text[start:end], title, kind, span))
    return Note(text, tuple(sentences), tuple(sections))


_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_CONTROLS = dict.fromkeys([*range(9), *range(0x0E, 0x20), 0x7F], " ")
_UNSEEN = re.compile(
    "[\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0001\U000e0020-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_MARKS = 30
_MAYBE_MARKS = re.compile(f"[\u0300-\U0010ffff]{{{_MAX_MARKS + 1},}}")


def _limit_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in match[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MAX_MARKS:
            kept.append("\u034f")
            marks = 1
        kept.append(character)
    return "".join(kept)
