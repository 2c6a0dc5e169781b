"""Senses that the ledger reads beyond those of the checks: no fact is made of what is denied or warned of."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from inference.checking.concepts import whole_names
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found, PhraseTable
from inference.checking.scopes import Sense
from inference.checking.tokens import Token

_MARKS = frozenset(".;!")
_DENIERS = frozenset({"denies", "denied", "denying", "deny"})
_NOES = frozenset({"no", "nil", "without", "neither"})
_SENSES = {"denied": Sense.NEGATED, "ended": Sense.ENDED, "to_come": Sense.HYPOTHETICAL}


class Stretch(NamedTuple):
    """Tokens[first:past], half-open, that have one more sense, and those that they lose."""

    first: int
    past: int
    sense: int
    lost: int = Sense.PLAIN


def further_senses(words: Sequence[Token]) -> list[tuple[int, int]]:
    """For each token the senses that it has besides, and those that it has not after all. Linear time."""
    of = [(Sense.PLAIN, Sense.PLAIN)] * len(words)
    for stretches in _stretches(words):
        free = 0  # tokens before this one have been gone over for this rule
        for stretch in stretches:
            for index in range(max(stretch.first, free), stretch.past):
                of[index] = (of[index][0] | stretch.sense, of[index][1] | stretch.lost)
            free = max(stretch.past, free)
    return of


def _stretches(words: Sequence[Token]) -> Iterator[Iterator[Stretch]]:
    lowers = [word.lower for word in words]
    hits = _cues().find(words)
    for sense in {hit.value for hit in hits}:
        yield _behind_cues(lowers, [hit for hit in hits if hit.value == sense])
    yield _denied_names(words)
    known = set(lowers)
    if "unlikely" in known:
        yield _unlikely(lowers)
    if not known.isdisjoint(_JOINERS) and not known.isdisjoint(_DENIERS | _NOES | {"negative"}):
        yield _ends_of_lists(lowers)
    if "(" in known and "-" in known:
        yield _marked(lowers)


@cache
def _cues() -> PhraseTable[int]:
    content = lexicon("ledger")["senses"]
    return PhraseTable((phrase, sense) for name, sense in _SENSES.items() for phrase in content[name])


@cache
def _breaks() -> frozenset[str]:
    return frozenset(lexicon("ledger")["senses"]["breaks"].split())


def _next_of(lowers: Sequence[str], ends: frozenset[str]) -> list[int]:
    """For each place the first token from there on that is one of `ends`."""
    following = [len(lowers)] * (len(lowers) + 1)
    for index in range(len(lowers) - 1, -1, -1):
        following[index] = index if lowers[index] in ends else following[index + 1]
    return following


def _behind_cues(lowers: Sequence[str], hits: Sequence[Found[int]]) -> Iterator[Stretch]:
    """Read "counselled on signs of DVT", "otherwise negative, including fever", "no further seizures"."""
    to_mark, to_break = _next_of(lowers, _MARKS), _next_of(lowers, _MARKS | _breaks())
    for hit in hits:
        ends = to_mark if hit.value == Sense.HYPOTHETICAL else to_break
        lost = Sense.HYPOTHETICAL if hit.value == Sense.NEGATED else Sense.PLAIN
        yield Stretch(hit.past, ends[hit.past], hit.value, lost)


@cache
def _denied_in_names() -> PhraseTable[bool]:
    deniers = ("no ", "nil ", "non ", "without ", "not ")
    return PhraseTable((name, True) for name in whole_names() if name.startswith(deniers))


def _denied_names(words: Sequence[Token]) -> Iterator[Stretch]:
    """Read "no focal deficit": as one name it is a finding, but the deficit in it is denied."""
    for hit in _denied_in_names().find(words):
        yield Stretch(hit.first + 1, hit.past, Sense.NEGATED)


def _unlikely(lowers: Sequence[str]) -> Iterator[Stretch]:
    """Read "seizure felt unlikely" and "unlikely to be sepsis": what is unlikely is not there."""
    edges = _MARKS | {",", "but", ":", "and", "-"}
    following = _next_of(lowers, edges)
    begun = 0
    for index, lower in enumerate(lowers):
        if lower in edges:
            begun = index + 1
        elif lower == "unlikely":
            after = lowers[index + 1] if index + 1 < len(lowers) else "."
            if not after[0].isalpha() or after in _AFTER_UNLIKELY:
                yield Stretch(begun, index, Sense.NEGATED)
            else:
                yield Stretch(index + 1, following[index + 1], Sense.NEGATED)


_AFTER_UNLIKELY = frozenset(
    {
        "given",
        "as",
        "because",
        "but",
        "and",
        "due",
        "since",
        "clinically",
        "with",
        "at",
        "on",
        "in",
        "or",
        "now",
    }
)
_JOINERS = frozenset({"or", "nor", "and"})


def _ends_of_lists(lowers: Sequence[str]) -> Iterator[Stretch]:
    """Read "denies urgency, pain, or incontinence": the denial reaches to the last of its list."""
    ends = _next_of(lowers, _MARKS | _breaks() | {","})
    cue = -1
    is_strong = False
    for index, lower in enumerate(lowers):
        is_negative_for = lower == "negative" and lowers[index + 1 : index + 2] == ["for"]
        if lower in _DENIERS or lower in _NOES or is_negative_for:
            cue, is_strong = index, lower in _DENIERS or is_negative_for
        elif lower in _MARKS or lower in _breaks() or (lower == ":" and index != cue + 1):
            cue = -1
        elif cue >= 0 and lower in _JOINERS:
            if lower == "and" and not is_strong:
                cue = -1
                continue
            yield Stretch(cue + 1, ends[index + 1], Sense.NEGATED)
            if not is_strong:
                cue = -1


def _marked(lowers: Sequence[str]) -> Iterator[Stretch]:
    """Read "fever (-), cough (+)": a sign stands behind what it marks, unless a line begins with one."""
    begun = 0
    for index, lower in enumerate(lowers):
        if lower == "(" and list(lowers[index + 1 : index + 3]) in (["-", ")"], ["+", ")"]):
            if begun == index:
                return
            is_denied = lowers[index + 1] == "-"
            yield Stretch(begun, index, Sense.NEGATED if is_denied else Sense.PLAIN, Sense.NEGATED)
        if lower in _MARKS or lower in {",", ")", ":"}:
            begun = index + 1
