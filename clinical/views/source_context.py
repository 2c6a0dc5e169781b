"""What the templates of the source are given: the note as it was written, and the symptoms that it names."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from clinical.actions.review_pages import ReviewPage
from inference.vocabulary import SentenceKind, SymptomState


@dataclass(frozen=True)
class Words:
    """Words of the source; `state` says that they name a symptom, and how: present, absent or historical."""

    text: str
    state: str = ""


@dataclass(frozen=True)
class Piece:
    """A sentence with the white space before it, in words; a table's row comes in cells."""

    gap: str
    sentence: Any
    words: tuple[Words, ...]
    cells: tuple[tuple[Words, ...], ...] = ()


@dataclass(frozen=True)
class Block:
    """Sentences on the same lines.

    Attributes:
        kind: text, bullet, row or header.
        is_spaced: a blank line stands before it.
        is_title: it has words to be a heading; a ruled line has none.
    """

    kind: str
    pieces: tuple[Piece, ...]
    is_spaced: bool

    @property
    def is_title(self) -> bool:
        words = any(letter.isalnum() for letter in self.pieces[0].sentence.text)
        return self.kind == SentenceKind.HEADER and words


@dataclass(frozen=True)
class Passage:
    """Blocks laid out together: "prose", "columns" (aligned by blanks) or "cells" (divided by pipes)."""

    layout: str
    blocks: tuple[Block, ...]


def source(page: ReviewPage) -> list[Passage]:
    """Lay the note out as it was written: its lines, indents and tables, each sentence by its number."""
    found: list[Passage] = []
    for block in _blocks(page):
        layout = _layout(block, page)
        if found and found[-1].layout == layout and not (layout != "prose" and block.is_spaced):
            found[-1] = Passage(layout, (*found[-1].blocks, block))
        else:
            found.append(Passage(layout, (block,)))
    return found


def _blocks(page: ReviewPage) -> Iterator[Block]:
    marks = defaultdict(list)
    for symptom in page.symptoms:
        marks[symptom.sentence].append(symptom)
    last, pieces, is_spaced = 0, list[Piece](), False
    for sentence in page.sentences:
        gap = page.note.text[last : sentence.start]
        if "\n" in gap and pieces:
            yield Block(pieces[0].sentence.kind.value, tuple(pieces), is_spaced)
            pieces = []
        if not pieces:
            is_spaced = gap.count("\n") > 1
            gap = gap.rpartition("\n")[2]
        words = partial(_words, sentence, marks[sentence.number])
        pieces.append(Piece(gap, sentence, words(0, len(sentence.text)), _cells_in_words(sentence, words)))
        last = sentence.end
    if pieces:
        yield Block(pieces[0].sentence.kind.value, tuple(pieces), is_spaced)


def _layout(block: Block, page: ReviewPage) -> str:
    """Tell a table's lines from prose; its header row is known by the rows that point at it."""
    sentence = block.pieces[0].sentence
    follower = page.sentences[sentence.number] if sentence.number < len(page.sentences) else None
    heads = follower is not None and follower.header is not None and follower.header.start == sentence.start
    if block.kind != SentenceKind.ROW and not heads:
        return "prose"
    return "cells" if len(block.pieces[0].cells) > 1 else "columns"


def _words(sentence: Any, symptoms: Sequence[Any], start: int, end: int) -> tuple[Words, ...]:
    """Part the sentence's text from `start` to `end` where it names symptoms."""
    found, at = list[Words](), start
    for symptom in sorted(symptoms, key=lambda symptom: symptom.start):
        first, past = symptom.start - sentence.start, symptom.end - sentence.start
        if first < at or past > end:
            continue
        found += [Words(sentence.text[at:first]), Words(sentence.text[first:past], symptom.state.value)]
        at = past
    return tuple(words for words in (*found, Words(sentence.text[at:end])) if words.text)


def _cells_in_words(
    sentence: Any, words: Callable[[int, int], tuple[Words, ...]]
) -> tuple[tuple[Words, ...], ...]:
    cells, at = list[tuple[Words, ...]](), 0
    for cell in _cells(sentence.text):
        start = sentence.text.index(cell, at)
        at = start + len(cell)
        cells.append(words(start, at))
    return tuple(cells)


def _cells(text: str) -> tuple[str, ...]:
    lines = [line for line in text.splitlines() if not re.fullmatch(r"[|\s:=+-]*", line)]
    line = lines[0].strip() if lines else text.strip()
    if "|" in line:
        return tuple(cell.strip() for cell in line.strip("|").split("|"))
    return tuple(cell.strip() for cell in line.split("\t")) if "\t" in line else ()


@dataclass(frozen=True)
class SymptomLine:
    """A symptom in one state, wherever the source names it so.

    Attributes:
        told: duration and severity, in the note's words.
        numbers: of its sentences.
    """

    name: str
    told: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class SymptomGroup:
    """The symptoms of one state, in the order of the note."""

    state: str
    title: str
    lines: tuple[SymptomLine, ...]


STATES = (
    (SymptomState.PRESENT, "Present"),
    (SymptomState.ABSENT, "Denied or absent"),
    (SymptomState.HISTORICAL, "In the past"),
)


def symptoms(page: ReviewPage) -> list[SymptomGroup]:
    """List the symptoms that the source names, by state."""
    groups = []
    for state, title in STATES:
        named: dict[str, list[Any]] = {}
        for symptom in page.symptoms:
            if symptom.state is state:
                named.setdefault(symptom.name, []).append(symptom)
        lines = tuple(_line(name, found) for name, found in named.items())
        if lines:
            groups.append(SymptomGroup(state.value, title, lines))
    return groups


def _line(name: str, found: Sequence[Any]) -> SymptomLine:
    told = [part for symptom in found for part in (symptom.severity, symptom.duration) if part]
    return SymptomLine(
        name[:1].upper() + name[1:],
        ", ".join(dict.fromkeys(told)),
        tuple(dict.fromkeys(symptom.sentence for symptom in found)),
    )
