"""A copy of the source's own words in which only a "no" came or went, whatever the words are about."""

from rapidfuzz.distance import Indel

from inference.checking.abbreviations import expansions
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.tokens import stem

_NEGATORS = frozenset({"no", "not", "nil", "never", "none", "neither", "nor", "denies", "denied", "denying"})
_SPLIT = {"without": "with", "cannot": "can"}  # a word that denies -> what is left of it beside the denial
_SKIPPED = frozenset({"any"})
_LEAST = 2  # words
_COPIED = 0.8  # share of the claim's words, in their order, from which it counts as a copy


def flipped(claim: Reading, source: Reading) -> tuple[int, int] | None:
    """Find where a claim copies a source but for a denial.

    Returns:
        The token of the claim and the token of the source before which one of the two denies; None where the
        claim is no such copy.
    """
    ours, at, denials = _plain(claim)
    theirs, their_at, their_denials = _plain(source)
    if len(ours) < _LEAST:
        return None
    pairs = [
        (block.a + step, block.b + step)
        for block in Indel.opcodes(ours, theirs).as_matching_blocks()
        for step in range(block.size)
    ]
    if len(pairs) < max(_LEAST, _COPIED * len(ours)) or pairs[-1][1] - pairs[0][1] > len(ours):
        return None
    unlike = [(a, b) for a, b in pairs if (denials[a] - their_denials[b]) % 2]
    if len(unlike) % 2 == 0:
        return None  # "no cough" is "denies any cough"
    first = pairs.index(unlike[0])
    for ours_next, theirs_next in pairs[first : first + 3]:
        if (claim.sense_of(at[ours_next]) ^ source.sense_of(their_at[theirs_next])) & Sense.NEGATED:
            return at[unlike[0][0]], their_at[unlike[0][1]]
    return None  # denied from further off: "no evidence of"


def _plain(reading: Reading) -> tuple[list[str], list[int], list[int]]:
    """The words without their denials, their tokens, and how many denials stand just before each."""
    plain: list[str] = []
    at: list[int] = []
    denials: list[int] = []
    waiting = 0
    for index, word in enumerate(reading.words):
        lower = word.lower
        if not lower[0].isalnum() or lower in _SKIPPED:
            continue
        if lower in _NEGATORS:
            waiting += 1
            continue
        denies = lower in _SPLIT or lower.endswith("n't")
        plain.append(_written_out(_SPLIT.get(lower, lower.removesuffix("n't"))))
        at.append(index)
        denials.append(waiting + denies)
        waiting = 0
    return plain, at, denials


def _written_out(word: str) -> str:
    """The stem of a word, or of the one word that it is short for."""
    short = stem(word)
    meant = expansions().get(short, frozenset())
    return next(iter(meant)) if len(meant) == 1 else short
