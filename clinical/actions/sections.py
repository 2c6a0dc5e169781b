"""The headings of a summary, in its prompt's order, and the sections of its source that no claim rests on."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clinical.actions.prompts import PromptPage, Section
from inference.text import Note, Span
from inference.vocabulary import Category, SentenceKind

READING_ORDER = (
    Category.REASON,
    Category.PROBLEM,
    Category.ALLERGY,
    Category.MEDICATION,
    Category.SYMPTOM,
    Category.VITAL_OR_LAB,
    Category.PROCEDURE,
    Category.ASSESSMENT,
    Category.PLAN,
    Category.FOLLOW_UP,
    Category.OTHER,
)
"""In what order a reader meets the categories for which a prompt has no heading."""


def headings(prompt: PromptPage | None) -> tuple[Section, ...]:
    """Give a prompt's sections in its order, then one for each category that stands in none of them.

    A clinician may add a claim of any category, so that every category has a place.

    Args:
        prompt: None, for a summary made before prompts were kept: the categories alone.
    """
    sections = prompt.sections if prompt else ()
    named = {category for section in sections for category in section.categories}
    rest = [Section(c.label, (c.value,), "") for c in READING_ORDER if c.value not in named]
    return (*sections, *rest)


@dataclass(frozen=True)
class Uncited:
    """A section of the source on which no claim rests, by the sentences it begins and ends with."""

    title: str
    first: int
    last: int


UNCITED_SHOWN = 5
BEFORE = "Before the first heading"


def uncited(note: Note, cited: Iterable[int]) -> tuple[Uncited, ...]:
    """List the sections none of whose sentences is evidence, in the order of the note.

    A section that another interrupts and that resumes is one; a heading with nothing under it is none.

    Args:
        note: the source.
        cited: numbers of the sentences that claims rest on.
    """
    starts = [section.start for section in note.sections]
    places: dict[Span | None, list[int]] = {}
    for sentence in note.sentences:
        if sentence.kind == SentenceKind.HEADER:
            continue
        run = bisect_right(starts, sentence.start) - 1
        label = note.sections[run].label if run >= 0 else None
        places.setdefault(label, []).append(sentence.number)
    resting = set(cited)
    return tuple(
        Uncited(note.text[label.start : label.end] if label else BEFORE, numbers[0], numbers[-1])
        for label, numbers in places.items()
        if resting.isdisjoint(numbers)
    )


def uncited_in_words(sections: Sequence[Uncited]) -> str:
    """Say on how many sections no claim rests, and name the first; "" where there is none."""
    if not sections:
        return ""
    titles = ", ".join(section.title for section in sections[:UNCITED_SHOWN])
    rest = len(sections) - UNCITED_SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    count = "1 section" if len(sections) == 1 else f"{len(sections)} sections"
    return f"No claim rests on {count} of the note: {titles}{more}."
