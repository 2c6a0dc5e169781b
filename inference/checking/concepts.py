"""What a text is about: symptoms, conditions, places of the body, tests, procedures, by any of their names.

The lists are data (`lexicons/concepts_*.toml`). Names are matched by stem ("headaches" is "headache"), the
longest first. They serve to tell whether two texts speak of one thing.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import Token, stem, tokens


class Concept(NamedTuple):
    """A thing with one name, whatever is written; `kind` is the file's name behind "concepts_"."""

    name: str
    kind: str


class Mention(NamedTuple):
    """A concept named at tokens[first:past], half-open."""

    concept: Concept
    first: int
    past: int


def find_concepts(words: Sequence[Token]) -> list[Mention]:
    """Find the concepts that are named, from left to right, the longest at each place, never overlapping."""
    return [Mention(*hit) for hit in _table().find(_stemmed(words))]


@cache
def broader(name: str) -> frozenset[str]:
    """Name every concept that a concept is a kind of, itself included: "pneumonia" is a "chest infection"."""
    known = {name}
    waiting = [name]
    while waiting:
        for above in _above().get(waiting.pop(), ()):
            if above not in known:
                known.add(above)
                waiting.append(above)
    return frozenset(known)


def concept_kinds() -> tuple[str, ...]:
    """The kinds there are, one for each file."""
    names = (entry.name for entry in files("inference.checking.lexicons").iterdir())
    return tuple(
        sorted(
            name.removeprefix("concepts_").removesuffix(".toml")
            for name in names
            if name.startswith("concepts_") and name.endswith(".toml")
        )
    )


@cache
def _table() -> PhraseTable[Concept]:
    entries = []
    for kind in concept_kinds():
        for names in lexicon(f"concepts_{kind}")["concepts"]:
            concept = Concept(names[0], kind)
            entries += [(_stems(name), concept) for name in names]
    return PhraseTable(entries)


@cache
def _above() -> dict[str, tuple[str, ...]]:
    return {
        narrow: tuple(wide)
        for kind in concept_kinds()
        for narrow, wide in lexicon(f"concepts_{kind}").get("broader", {}).items()
    }


def _stemmed(words: Sequence[Token]) -> list[Token]:
    return [Token(stem(word.lower), word.start, word.end) for word in words]


def _stems(name: str) -> str:
    return " ".join(stem(token.lower) for token in tokens(name))
