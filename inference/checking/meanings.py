"""How a claim means its words, beside how the sentences it cites mean them."""

from collections.abc import Sequence
from typing import NamedTuple

from inference.checking.alignment import align
from inference.checking.case import Case
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.tokens import STOP_WORDS

WEAK = STOP_WORDS | frozenset(lexicon("words")["weak"].split())
DOUBT = Sense.POSSIBLE | Sense.HYPOTHETICAL
SUSPECTED = frozenset({"symptom", "condition", "finding"})
MANY = 20  # places, sentences or words that are gone through
_CLEARING = frozenset(lexicon("assertions")["words"]["clearing"])


class Aligned(NamedTuple):
    token: int  # first token of the claim
    past: int
    word: str
    ours: int
    kind: str  # of a concept, "drug", or ""
    theirs: tuple[tuple[Reading, int, int], ...]  # where the evidence has it: source, token, sense


def aligned_words(claim: Reading, sources: Sequence[Reading]) -> list[Aligned]:
    """Pair the claim's things and words, but weak ones, with the first places that its sources have."""
    aligned = []
    for pair in align(claim, sources):
        if pair.word in WEAK:
            continue
        theirs = []
        for source, first, _, sense in pair.places[:MANY]:
            about_family = Sense.FAMILY if is_family_title(source.section) else Sense.PLAIN
            theirs.append((source, first, sense | about_family))
        aligned.append(Aligned(pair.first, pair.past, pair.word, pair.sense, pair.kind, tuple(theirs)))
    return aligned


def is_family_title(title: str) -> bool:
    """Tell whether a section is about relatives."""
    words = title.lower().split()
    return "family" in words or words in (["fh"], ["fhx"])


def is_cleared(source: Reading, index: int, sense: int) -> bool:
    """Tell whether a source settles behind a word the doubt about it: "possible cancer, but benign"."""
    return bool(sense & Sense.POSSIBLE) and any(token.lower in _CLEARING for token in source.words[index:])


def elsewhere(case: Case, word: Aligned) -> list[tuple[Reading, int]]:
    """How the note means a thing, in the first sentences that name it."""
    name = f"drug:{word.word}" if word.kind == "drug" else f"={word.word}"
    named = case.around.holding.get(name, [])[:MANY]
    return [(reading, reading.senses.of[first]) for reading in named for first, _ in reading.places[name]]


def around(reading: Reading, index: int) -> str:
    """A word with its neighbours: from the cue that denies it if that is near, else from two words before."""
    cue = reading.senses.negated_by.get(index, index)
    first = cue if 0 < index - cue <= 6 or cue == index else index
    if first == index:
        first = max(0, index - 2)
        while first < index and not reading.words[first].lower[0].isalnum():
            first += 1
    last = min(len(reading.words) - 1, index + 1)
    if not reading.words[last].lower[0].isalnum():
        last = index
    if cue > index:
        last = min(len(reading.words) - 1, cue + 1)
    return reading.text[reading.words[first].start : reading.words[last].end]
