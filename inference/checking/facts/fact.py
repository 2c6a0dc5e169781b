"""What the omission ledger holds: facts that a summary must carry, and symptoms where a note names them."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from inference.vocabulary import FactKind, SymptomState


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement of the source that a summary must carry, or a clinician must decide to leave out.

    Attributes:
        kind: why it must be carried.
        text: the note's own words on one line, fit to stand as a claim.
        sentences: numbers of the sentences that state it, ascending, at least one.
        is_critical: leaving it out needs a decision of its own before signing.
    """

    kind: FactKind
    text: str
    sentences: tuple[int, ...]
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Symptom:
    """A symptom where the source names it.

    Attributes:
        name: the usual name, whatever is written.
        sentence: number of the sentence.
        start: first code point of the words in the note's text.
        end: one past the last.
        state: whether it is there.
        duration: in the note's words, "" where none is stated.
        severity: in the note's words, "" where none is stated.
    """

    name: str
    sentence: int
    start: int
    end: int
    state: SymptomState
    duration: str
    severity: str


class Found(NamedTuple):
    """A fact in one sentence, before those that say the same are made one.

    Attributes:
        kind: why it must be carried.
        key: what it is about: two of one kind with the same key are one fact.
        text: the note's own words.
        number: of its sentence.
        is_critical: leaving it out needs a decision.
        also: numbers of sentences that go on with it.
    """

    kind: FactKind
    key: tuple[str, ...]
    text: str
    number: int
    is_critical: bool
    also: tuple[int, ...] = ()


def merged(found: list[Found]) -> tuple[Fact, ...]:
    """Make one fact of those that say the same, in reading order; the most telling words stand for it."""
    groups: dict[tuple[FactKind, tuple[str, ...]], list[Found]] = {}
    for one in found:
        groups.setdefault((one.kind, one.key), []).append(one)
    of_words: dict[tuple[FactKind, str], list[Found]] = {}
    for (kind, _), group in groups.items():
        best = max(group, key=_tells)  # the first of equals
        of_words.setdefault((kind, best.text.lower()), []).extend([best, *group])
    facts = [
        Fact(
            kind=group[0].kind,
            text=group[0].text,
            sentences=tuple(sorted({number for one in group for number in (one.number, *one.also)})),
            is_critical=any(one.is_critical for one in group),
        )
        for group in of_words.values()
    ]
    return tuple(sorted(facts, key=lambda fact: fact.sentences[0]))


def _tells(one: Found) -> tuple[bool, bool]:
    return one.is_critical, _DIGIT.search(one.text) is not None


_DIGIT = re.compile(r"\d")
