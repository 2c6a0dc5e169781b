"""What of a note one request shows: all of it, or a run of its sentences where the whole is too long.

A note is cut between sections where that is possible, else between sentences, never inside one. Every
sentence stands in exactly one part, and each later part begins with the line that says who the patient is.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from inference.text import Note
from inference.vocabulary import SentenceKind

_MOST_PARTS = 999  # measured with, so that no part grows when the true number is written into it
_SEARCHED = 60  # sentences from the beginning in which the patient is introduced
_AGE = re.compile(
    r"\b\d{1,3}[- ]?(?i:(?:year|yr|month|week|day)s?[- ]?(?:old|of age)|y/?o\b|yo[mf]?\b)"
    r"|\b(?i:aged?) \d{1,3}\b|\b\d{1,3}[MF]\b"
)
_OTHER_PERSON = re.compile(
    r"\b(?:mother|father|parent|brother|sister|sibling|son|daughter|wife|husband|partner|spouse|aunt|uncle|cousin"
    r"|niece|nephew|grand\w+|family|relative|fhx?|neighbou?r|friend|carer)s?\b",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"\b(?:patient|name|dob|d\.o\.b|date of birth|born)\b", re.IGNORECASE)
_LEAST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a note's sentences that an engine is shown in one request.

    Attributes:
        note: the whole note; numbers and offsets are its own, whatever part is shown.
        numbers: the sentences to be read, ascending, from 1.
        context: sentences from elsewhere that say who the patient is, repeated before each later part.
        position: which part this is, from 1.
        of: how many parts the note is read in.
    """

    note: Note
    numbers: tuple[int, ...]
    context: tuple[int, ...] = ()
    position: int = 1
    of: int = 1

    @property
    def citable(self) -> tuple[int, ...]:
        """Every sentence that is shown, ascending: what a claim may cite."""
        return tuple(sorted({*self.context, *self.numbers}))


def whole(note: Note) -> Part:
    """Show a note in one part."""
    return Part(note, tuple(sentence.number for sentence in note.sentences))


def split(note: Note, fits: Callable[[Part], bool]) -> tuple[Part, ...]:
    """Divide a note into parts that an engine can read.

    Args:
        note: with at least one sentence.
        fits: whether a part can be read; true of every part of a part that fits. Asked about log2(sentences)
            times a part.

    Returns:
        One part where the whole fits; otherwise several, in the note's order.

    Raises:
        ValueError: a single sentence does not fit.
    """
    if fits(all_of_it := whole(note)):
        return (all_of_it,)
    context = patient_line(note)
    boundaries = _boundaries(note)
    parts: list[Part] = []
    first, guess = 1, len(note.sentences)
    while first <= len(note.sentences):

        def measured(count: int, first: int = first) -> Part:
            repeated = context if parts else ()
            return Part(note, tuple(range(first, first + count)), repeated, _MOST_PARTS, _MOST_PARTS)

        count = _most(len(note.sentences) - first + 1, guess, lambda count: fits(measured(count)))
        if count == 0:
            raise ValueError("a single sentence does not fit")
        guess = count
        past = first + count
        if past <= len(note.sentences):
            boundary = boundaries[bisect_right(boundaries, past) - 1]
            if boundary > first:
                past = boundary
        parts.append(replace(measured(past - first), position=len(parts) + 1))
        first = past
    return tuple(replace(part, of=len(parts)) for part in parts)


def patient_line(note: Note) -> tuple[int, ...]:
    """Find the sentence that introduces the patient: the first with an age, else with a name or birthday."""
    prose = [
        sentence
        for sentence in note.sentences[:_SEARCHED]
        if sentence.kind is not SentenceKind.HEADER
        and len(sentence.text.split()) >= _LEAST_WORDS
        and not _OTHER_PERSON.search(f"{sentence.section} {sentence.text}")
    ]
    for pattern in (_AGE, _IDENTITY):
        for sentence in prose:
            if pattern.search(sentence.text):
                return (sentence.number,)
    return (prose[0].number,) if prose else ()


def _boundaries(note: Note) -> list[int]:
    """Numbers of sentences that open a section, the first sentence among them."""
    sentences = note.sentences
    return [1] + [
        later.number
        for earlier, later in pairwise(sentences)
        if later.section != earlier.section or later.kind is SentenceKind.HEADER
    ]


def _most(limit: int, guess: int, is_good: Callable[[int], bool]) -> int:
    """Find the greatest count up to a limit that is good; 0 if not even 1 is. The guess is tried first."""
    low, high = 0, limit + 1  # good (or 0), and not good (or beyond the limit)
    trial = min(guess, limit)
    while high - low > 1:
        if is_good(trial):
            low = trial
            trial = min(high - 1, trial + max(1, trial // 8)) if high > limit else (low + high) // 2
        else:
            high = trial
            trial = (low + high) // 2
    return low
