"""Drug names in a text: a lexicon of generic names with their brands, and the endings of generic names."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import Token, stem, tokens

_SHORTEST_BY_ENDING = 6  # letters; shorter words with such an ending ("April") are no drugs


class Mention(NamedTuple):
    """A drug named at tokens[first:past], half-open; `name` is the generic name, whatever was written."""

    name: str
    first: int
    past: int


@cache
def _table() -> PhraseTable[str]:
    groups = lexicon("drugs").items()
    entries = [entry for group, content in groups if group != "stems" for entry in content.get("names", ())]
    return PhraseTable((name, entry[0]) for entry in entries for name in entry)


@cache
def _endings() -> tuple[tuple[str, ...], frozenset[str]]:
    stems = lexicon("drugs")["stems"]
    return tuple(stems["endings"]), frozenset(stems["never"])


def find_drugs(words: list[Token]) -> list[Mention]:
    """Find the drugs that are named, from left to right, never overlapping."""
    found = [Mention(*hit) for hit in _table().find(words)]
    taken = {index for mention in found for index in range(mention.first, mention.past)}
    endings, never = _endings()
    for index, word in enumerate(words):
        name = word.lower
        if (
            len(name) >= _SHORTEST_BY_ENDING
            and name.endswith(endings)
            and index not in taken
            and name not in never
            and name not in _class_names()
        ):
            found.append(Mention(name, index, index + 1))
    return sorted(found, key=lambda mention: mention.first)


class ClassMention(NamedTuple):
    """A class of drugs named at tokens[first:past], half-open; `name` is the class's usual name."""

    name: str
    first: int
    past: int


def find_classes(words: list[Token]) -> list[ClassMention]:
    """Find the classes of drugs that are named, from left to right, the longest at each place."""
    return [ClassMention(*hit) for hit in _class_table().find(words)]


@cache
def classes_of(name: str) -> frozenset[str]:
    """Name every class that a drug, a combination by one of its parts, or a narrower class is of."""
    found: set[str] = {name} if name in _classes() else set()
    for part in names_within(name):
        for group, content in _classes().items():
            if part in content["drugs"] or part.endswith(tuple(content.get("endings", ())) or "\0"):
                found.add(group)
    grown = True
    while grown:
        wider = {group for group, content in _classes().items() if found.intersection(content.get("of", ()))}
        grown = not wider <= found
        found |= wider
    return frozenset(found)


@cache
def _classes() -> dict[str, dict[str, list[str]]]:
    return {entry["name"]: entry for entry in lexicon("drug_classes")["class"]}


@cache
def class_words(name: str) -> frozenset[str]:
    """Stems of the words by which a drug's classes are called: a text that names the drug bears them out."""
    called = [phrase for group in classes_of(name) for phrase in _classes()[group]["called"]]
    return frozenset(stem(word.lower) for phrase in called for word in tokens(phrase))


@cache
def _class_names() -> frozenset[str]:
    return frozenset(name for name, _ in _names_of_classes())


@cache
def _class_table() -> PhraseTable[str]:
    return PhraseTable(_names_of_classes())


def _names_of_classes() -> Iterator[tuple[str, str]]:
    for group, content in _classes().items():
        for name in (*content["called"], *content.get("spoken", ())):
            yield name, group


@cache
def names_within(name: str) -> frozenset[str]:
    """Name what is also given when `name` is given: the parts of a combination, insulin for any insulin."""
    parts = {part.strip() for part in name.split("/")}
    if name.startswith("insulin "):
        parts.add("insulin")
    return frozenset(parts | {name})
