"""The figures of the evaluation: shares with intervals, rank correlation, overlap of words."""

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_Z = 1.959964  # of the normal distribution at 97.5 %
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    n: int

    @property
    def value(self) -> float:
        return self.count / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % score interval (Wilson, J Am Stat Assoc 1927;22:209-12); (0, 1) where nothing was counted."""
        if not self.n:
            return 0.0, 1.0
        share, z2 = self.value, _Z * _Z / self.n
        middle = (share + z2 / 2) / (1 + z2)
        half = _Z * math.sqrt(share * (1 - share) / self.n + z2 / self.n / 4) / (1 + z2)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation with a 95 % percentile interval of the bootstrap."""

    value: float
    low: float
    high: float
    n: int


def spearman(first: Sequence[float], second: Sequence[float], *, seed: int = 4) -> Correlation:
    """Correlate ranks; ties share their mean rank; 2,000 resamples of the pairs, seed fixed.

    Raises:
        ValueError: fewer than three pairs, or unequal lengths.
    """
    pairs = list(zip(first, second, strict=True))
    if len(pairs) < 3:
        raise ValueError("too few pairs")
    chance = random.Random(seed)
    drawn = sorted(
        value
        for _ in range(_RESAMPLES)
        if not math.isnan(value := _rank_correlation(chance.choices(pairs, k=len(pairs))))
    )
    if not drawn:
        return Correlation(math.nan, math.nan, math.nan, len(pairs))
    low, high = drawn[int(0.025 * len(drawn))], drawn[min(len(drawn) - 1, int(0.975 * len(drawn)))]
    return Correlation(_rank_correlation(pairs), low, high, len(pairs))


def _rank_correlation(pairs: Sequence[tuple[float, float]]) -> float:
    xs, ys = _ranks([x for x, _ in pairs]), _ranks([y for _, y in pairs])
    mean = (len(pairs) + 1) / 2
    above = sum((x - mean) * (y - mean) for x, y in zip(xs, ys, strict=True))
    below = math.sqrt(sum((x - mean) ** 2 for x in xs) * sum((y - mean) ** 2 for y in ys))
    return above / below if below else math.nan


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        past = first
        while past < len(order) and values[order[past]] == values[order[first]]:
            past += 1
        for place in order[first:past]:
            ranks[place] = (first + 1 + past) / 2
        first = past
    return ranks


@dataclass(frozen=True, slots=True)
class Rouge:
    """F1 of the overlap of single words, of pairs of words, and of the longest common subsequence."""

    one: float
    two: float
    longest: float


def rouge(candidate: str, reference: str) -> Rouge:
    """Measure overlap as ROUGE-1, ROUGE-2 and ROUGE-L do (Lin, Text Summarization Branches Out 2004:74-81).

    Lower-case runs of letters and digits; no stemming, no stop words; one reference; F1. ROUGE-L is that of
    whole summaries (Lin, 3.2): for each line of the reference, the words that lie in a longest common
    subsequence with any line of the candidate, each word counted as often as both texts have it.
    """
    ours, theirs = _words(candidate), _words(reference)
    return Rouge(
        _f1(_overlap(ours, theirs, 1), len(ours), len(theirs)),
        _f1(_overlap(ours, theirs, 2), len(ours) - 1, len(theirs) - 1),
        _f1(_union_of_longest(_lines(candidate), _lines(reference)), len(ours), len(theirs)),
    )


def _lines(text: str) -> list[list[str]]:
    return [words for line in text.splitlines() if (words := _words(line))]


def _union_of_longest(ours: list[list[str]], theirs: list[list[str]]) -> int:
    left_ours = Counter(word for line in ours for word in line)
    left_theirs = Counter(word for line in theirs for word in line)
    common = 0
    for reference in theirs:
        for place in sorted({place for line in ours for place in _common_places(line, reference)}):
            word = reference[place]
            if left_ours[word] and left_theirs[word]:
                left_ours[word] -= 1
                left_theirs[word] -= 1
                common += 1
    return common


def _common_places(line: Sequence[str], reference: Sequence[str]) -> list[int]:
    """The places in `reference` of one longest common subsequence."""
    if not set(line) & set(reference):
        return []
    lengths = [[0] * (len(reference) + 1)]
    for word in line:
        row = [0]
        for place, other in enumerate(reference):
            row.append(lengths[-1][place] + 1 if word == other else max(lengths[-1][place + 1], row[place]))
        lengths.append(row)
    at, place, found = len(line), len(reference), []
    while at and place:
        if line[at - 1] == reference[place - 1]:
            at, place = at - 1, place - 1
            found.append(place)
        elif lengths[at - 1][place] >= lengths[at][place - 1]:
            at -= 1
        else:
            place -= 1
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _overlap(ours: list[str], theirs: list[str], size: int) -> int:
    first, second = (
        Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))
        for words in (ours, theirs)
    )
    return (first & second).total()


def _f1(common: int, ours: int, theirs: int) -> float:
    return 2 * common / (ours + theirs) if common and ours + theirs > 0 else 0.0
