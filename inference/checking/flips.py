"""A copy of the source's own words in which only a "no" came or went, whatever the words are about."""

from inference.checking.reading import Reading

_NEGATORS = frozenset({"no", "not", "nil", "never", "none", "neither", "nor", "denies", "denied", "denying"})
_SPLIT = {"without": "with", "cannot": "can"}  # a word that denies -> what is left of it beside the denial
_SKIPPED = frozenset({"any"})
_LEAST = 2  # words


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
    before, found, _ = f" {' '.join(theirs)} ".partition(f" {' '.join(ours)} ")
    if not found:
        return None
    first = len(before.split())
    places = range(first, first + len(ours))
    if (sum(denials) - sum(their_denials[place] for place in places)) % 2 == 0:
        return None  # "no cough" is "denies any cough"
    unlike = next(place for place in places if denials[place - first] != their_denials[place])
    return at[unlike - first], their_at[unlike]


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
        plain.append(_SPLIT.get(lower, lower.removesuffix("n't")))
        at.append(index)
        denials.append(waiting + denies)
        waiting = 0
    return plain, at, denials
