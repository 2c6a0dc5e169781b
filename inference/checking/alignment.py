"""Which words of a claim stand in its sources, in whatever writing, and how each side means them.

A concept stands there under any of its names, or under a narrower one ("pneumonia" bears out "chest
infection"); any other content word by its stem, or by an abbreviation that stands for it.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

from inference.checking.abbreviations import expansions
from inference.checking.reading import Reading


class Place(NamedTuple):
    """Where a source has it: tokens[first:past], half-open, and how it is meant there (`Sense` bits)."""

    source: Reading
    first: int
    past: int
    sense: int


class Pair(NamedTuple):
    """Words of the claim, tokens[first:past] half-open, that the sources have too: `places` is not empty."""

    word: str
    first: int
    past: int
    sense: int
    places: tuple[Place, ...]
    kind: str = ""  # of a concept; "drug"; "" for a mere word


def align(claim: Reading, sources: Sequence[Reading]) -> list[Pair]:
    """Pair the claim's concepts and content words with the sources', in the order of the claim.

    Cues ("denies", "history of") are no content. The words of a concept that no source has are paired one by
    one.
    """
    pairs: list[Pair] = []
    taken: set[int] = set()
    found_of = cache(partial(_found, sources))
    for mention in claim.concepts:
        places = found_of((f"={mention.concept.name}",))
        if places and not all(claim.senses.is_cue[index] for index in range(mention.first, mention.past)):
            sense = claim.senses.of[_head(claim, mention.first, mention.past)]
            pairs.append(
                Pair(mention.concept.name, mention.first, mention.past, sense, places, mention.concept.kind)
            )
            taken.update(range(mention.first, mention.past))
    for drug in claim.drugs:
        places = found_of((f"drug:{drug.name}",))
        if places:
            sense = claim.senses.of[_head(claim, drug.first, drug.past)]
            pairs.append(Pair(drug.name, drug.first, drug.past, sense, places, "drug"))
        taken.update(range(drug.first, drug.past))
    for index, word in claim.stems.items():
        if index in taken or claim.senses.is_cue[index] or len(word) == 1:
            continue
        names = (word, *sorted(expansions().get(word, ())))
        if places := found_of(names[:1]) or found_of(names[1:]):
            pairs.append(Pair(word, index, index + 1, claim.senses.of[index], places))
    return sorted(pairs, key=lambda pair: pair.first)


def _found(sources: Sequence[Reading], names: Sequence[str]) -> tuple[Place, ...]:
    found: list[Place] = []
    for name in names:
        for source in sources:
            for first, past in source.places.get(name, ()):
                found.append(Place(source, first, past, source.senses.of[_head(source, first, past)]))
        if found:
            break
    return tuple(found)


def _head(reading: Reading, first: int, past: int) -> int:
    """The token by whose sense a phrase is meant: its first that is no cue."""
    cues = reading.senses.is_cue
    return next((index for index in range(first, past) if not cues[index]), first)
