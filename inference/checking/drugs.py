"""Drug names in a text: a lexicon of generic names with their brands, and the endings of generic names."""

from functools import cache
from typing import NamedTuple

from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import Token

_SHORTEST_BY_ENDING = 6  # letters; shorter words with such an ending ("April") are no drugs


class Mention(NamedTuple):
    """A drug named at tokens[first:past], half-open; `name` is the generic name, whatever was written."""

    name: str
    first: int
    past: int


@cache
def _table() -> PhraseTable[str]:
    groups = lexicon("drugs").items()
    entries = [entry for group, content in groups if group != "stems" for entry in content["names"]]
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
        ):
            found.append(Mention(name, index, index + 1))
    return sorted(found, key=lambda mention: mention.first)


@cache
def names_within(name: str) -> frozenset[str]:
    """Name what is also given when `name` is given: the parts of a combination, insulin for any insulin."""
    parts = {part.strip() for part in name.split("/")}
    if name.startswith("insulin "):
        parts.add("insulin")
    return frozenset(parts | {name})
