"""A note's text as numbered sentences in sections, with exact code-point offsets.

Every offset counts code points of the immutable NFC text and every span is half-open [start, end).
A character is blank when `str.isspace()` says so; every other character lies in exactly one sentence.
"""

import re
import unicodedata
from dataclasses import dataclass

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
    """Bring text into the form that offsets are counted in: NFC, newlines as "\\n"."""
    return unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", raw))


def read_note(text: str) -> Note:
    """Split a normalised text into numbered sentences.

    Raises:
        ValueError: the text is not normalised.
    """
    if normalise(text) != text:
        raise ValueError("text is not normalised")
    sentences = tuple(
        Sentence(number, match.start(), match.end(), match[0], "", SentenceKind.TEXT)
        for number, match in enumerate(re.finditer(r"\S(?:.*\S)?", text), start=1)
    )
    return Note(text, sentences, ())


def to_layout(note: Note) -> list[list[object]]:
    """Offsets of a note's sentences and sections, JSON-able, without any of its text."""
    raise NotImplementedError


def from_layout(text: str, layout: list[list[object]]) -> Note:
    """Rebuild a note from its text and its stored layout, so that numbers never shift."""
    raise NotImplementedError
