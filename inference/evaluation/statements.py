"""A sentence of a note as a claim would carry it, and what a change of it must know to be false."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from inference.checking.reading import plain_text
from inference.text import Note
from inference.vocabulary import Assertion, Category, SentenceKind

_SHORTEST = 3  # words


@dataclass(frozen=True, slots=True)
class Statement:
    """A true statement of a note.

    Attributes:
        text: on one line, without bullet mark.
        evidence: numbers of the sentences that say it.
        section: title they stand under.
        is_paraphrase: not the note's own words.
    """

    text: str
    evidence: tuple[int, ...]
    section: str
    is_paraphrase: bool = False


class Surroundings:
    """A note, and simple tests of what it says elsewhere: they keep a change from being true by chance."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self.lower = " " + " ".join(note.text.lower().split()) + " "

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its sentences of three words and more, headers apart."""
        return tuple(_statements(self.note))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"[a-z0-9.]*[a-z0-9]", self.lower))

    def says(self, words: str) -> bool:
        """Tell whether these words stand anywhere in the note."""
        return re.search(rf"(?<!\w){re.escape(words.lower().strip())}(?!\w)", self.lower) is not None

    def others_with(self, word: str, statement: Statement) -> Iterator[str]:
        """The other sentences that hold a word, in lower case."""
        for sentence in self.note.sentences:
            if sentence.number not in statement.evidence and word in sentence.text.lower():
                yield sentence.text.lower()


def _statements(note: Note) -> Iterator[Statement]:
    for sentence in note.sentences:
        if sentence.kind is not SentenceKind.HEADER:
            text = plain_text(note, sentence)
            if len(text.split()) >= _SHORTEST:
                yield Statement(text, (sentence.number,), sentence.section)


NEGATIVE = re.compile(
    r"\b(?:no|not|nil|none|never|denie[sd]|denying|without|negative|neither|nor|unable|\w+n['’]t|absent)\b",
    re.I,
)
RELATIVE = re.compile(
    r"\b(?:mother|father|brother|sister|aunt|uncle|grand(?:mother|father|parents?)|son|daughter|parents?|sibling"
    r"|family|maternal|paternal|mum|dad|wife|husband|fh|fhx)(?:['’]?s)?\b",
    re.I,
)
_DENIAL = re.compile(
    r"(?:(?:the )?(?:patient|pt|she|he) )?(?:also )?(?:has )?"
    r"(?:no|nil|denie[sd]|not|negative|there (?:is|are) no)\b",
    re.I,
)
_CONDITION = re.compile(r"(?:if|should|return if)\b", re.I)
_FAMILY_TITLE = re.compile(r"\b(?:family|fh|fhx)\b", re.I)
_CATEGORIES = (
    (re.compile(r"medication|drug|\bdh\b|\bdhx\b|medicines", re.I), Category.MEDICATION),
    (re.compile(r"allerg", re.I), Category.ALLERGY),
    (re.compile(r"follow", re.I), Category.FOLLOW_UP),
    (re.compile(r"plan\b", re.I), Category.PLAN),
    (re.compile(r"assessment|impression|\bimp\b|diagnos", re.I), Category.ASSESSMENT),
    (re.compile(r"exam|vital|result|\blab", re.I), Category.VITAL_OR_LAB),
    (re.compile(r"history of present|\bhpi\b|review of systems|\bros\b", re.I), Category.SYMPTOM),
    (re.compile(r"past|pmh|medical history|family", re.I), Category.PROBLEM),
    (re.compile(r"complaint", re.I), Category.REASON),
)


def assertion_of(text: str, section: str) -> Assertion:
    """Say how a claim is meant by a few plain rules of our own, not by the checker's."""
    if _DENIAL.match(text):
        return Assertion.ABSENT
    if _FAMILY_TITLE.search(section) and RELATIVE.search(text):
        return Assertion.FAMILY
    return Assertion.HYPOTHETICAL if _CONDITION.match(text) else Assertion.PRESENT


def category_of(section: str) -> Category:
    """Say of what kind a claim is by the title of its section."""
    return next((category for title, category in _CATEGORIES if title.search(section)), Category.OTHER)


@cache
def table(name: str) -> dict[str, Any]:
    """Read `NAME.toml` of this folder."""
    return tomllib.loads((files("inference.evaluation") / f"{name}.toml").read_text(encoding="utf-8"))


def with_case_of(old: str, new: str) -> str:
    """Begin the new words with a large letter where the old ones do."""
    return new[:1].upper() + new[1:] if old[:1].isupper() else new
