"""Left must stay left: a side in a claim must be the side that the evidence gives to the same thing."""

from collections.abc import Sequence

from inference.checking.flags import Flag, quoted
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_LEFT, _RIGHT, _BOTH = "left", "right", "both"
_WORDS = {
    "left": _LEFT,
    "lt": _LEFT,
    "left-sided": _LEFT,
    "right": _RIGHT,
    "rt": _RIGHT,
    "bilateral": _BOTH,
    "bilaterally": _BOTH,
    "bilat": _BOTH,
    "both": _BOTH,
}
_NEAR = 3  # content words after a side (or before it) that it may describe


def check(claim: Reading, sources: Sequence[Reading]) -> Flag | None:
    """Flag a claim that names a side where the evidence gives only the other side to the same word."""
    ours = _sides(claim)
    if not ours:
        return None
    theirs = [(source, side, index, near) for source in sources for side, index, near in _sides(source)]
    for side, index, near in ours:
        if side is _BOTH:
            continue
        same = [entry for entry in theirs if entry[1] in {side, _BOTH}]
        other = [entry for entry in theirs if entry[1] not in {side, _BOTH}]
        best = max(other, key=lambda entry: len(near & entry[3]), default=None)
        if best is None or (near and not near & best[3]):
            continue
        if any(not near or len(near & entry[3]) >= len(near & best[3]) for entry in same):
            continue
        source, _, place, _ = best
        return Flag(
            "side",
            Severity.CRITICAL,
            f"Side: the claim says {quoted(_phrase(claim, index))}; sentence {source.number} says "
            f"{quoted(_phrase(source, place))}.",
        )
    return None


def _sides(reading: Reading) -> list[tuple[str, int, frozenset[str]]]:
    """Each side, its token and the stems it may describe: the next content words, else those before it."""
    found = []
    for index, word in enumerate(reading.words):
        side = _WORDS.get(word.lower) or _letter(reading, index)
        if side is None:
            continue
        after = [reading.stems[i] for i in range(index + 1, index + 1 + _NEAR) if i in reading.stems]
        before = [reading.stems[i] for i in range(max(0, index - _NEAR), index) if i in reading.stems]
        found.append((side, index, frozenset(word for word in after or before if word not in _WORDS)))
    return found


def _letter(reading: Reading, index: int) -> str | None:
    """Read a lone capital L or R before a word ("R knee", not "4 L", not "131 L")."""
    word = reading.words[index]
    if word.end - word.start != 1 or reading.text[word.start] not in "LR":
        return None
    if index and reading.words[index - 1].lower[0].isdigit():
        return None
    following = reading.words[index + 1].lower if index + 1 < len(reading.words) else ""
    return (_LEFT if word.lower == "l" else _RIGHT) if following[:1].isalpha() else None


def _phrase(reading: Reading, index: int) -> str:
    last = min(index + 2, len(reading.words) - 1)
    return reading.text[reading.words[index].start : reading.words[last].end]
