"""Why something is there or was done: a claim must give the reason that its source gives for that thing."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from inference.checking.case import Case
from inference.checking.concepts import broader
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_REASONS = frozenset({"symptom", "condition", "finding"})
_REACH = 8  # tokens behind "due to" in which its reason stands
_BACK = 14  # tokens before it in which the thing stands
_ENDS = frozenset(".;")


class _Link(NamedTuple):
    """A thing and its reason, each by the names of `Reading.places`, and the tokens they span."""

    things: frozenset[str]
    reasons: frozenset[str]
    first: int
    past: int


def check(case: Case) -> list[Flag]:
    """Flag a reason that the source gives to something else, where it gives this thing another one.

    Looked for where a claim links two things by "for", "due to" and the like: a sentence that names both
    bears the claim out, and so does a sentence about the one under a title or beside a sentence that names
    the other.
    """
    for link in _links(case.claim):
        if not link.things or not link.reasons:
            continue
        rival = None
        for reading in _naming(case, link.things):
            if not link.reasons.isdisjoint(reading.vocabulary) or _is_beside(case, reading, link.reasons):
                rival = None
                break
            for theirs in _links(reading):
                if theirs.things & link.things and theirs.reasons:
                    rival = rival or (reading, theirs)
        if rival is not None:
            reading, theirs = rival
            said, says = quoted(_words(case.claim, link)), quoted(_words(reading, theirs))
            return [
                Flag(
                    "reason",
                    Severity.WARNING,
                    f"Reason: the claim says {said}; sentence {reading.number} says {says}.",
                    frozenset(range(link.first, link.past)),
                )
            ]
    return []


def _links(reading: Reading) -> Iterator[_Link]:
    words = reading.words
    for hit in _cues().find(words):
        ends = [index for index, word in enumerate(words) if word.lower in _ENDS]
        start = max((index + 1 for index in ends if index < hit.first), default=0)
        stop = min((index for index in ends if index >= hit.past), default=len(words))
        start, stop = max(start, hit.first - _BACK), min(stop, hit.past + _REACH)
        reasons = [m for m in reading.concepts if hit.past <= m.first < stop and m.concept.kind in _REASONS]
        things = [m for m in reading.concepts if start <= m.first < hit.first and m.concept.kind != "site"]
        drugs = [m for m in reading.drugs if start <= m.first < hit.first]
        if hit.value == "weak" and not (drugs or any(m.concept.kind == "procedure" for m in things)):
            continue
        if not reasons or not (things or drugs):
            continue
        # What stands nearest to the link is what it links.
        nearest = max([*(m.first for m in things), *(m.first for m in drugs)])
        named = {f"={m.concept.name}" for m in things if m.first == nearest}
        named |= {f"drug:{m.name}" for m in drugs if m.first == nearest}
        names = {f"={name}" for name in broader(reasons[0].concept.name)}
        yield _Link(frozenset(named), frozenset(names), nearest, reasons[0].past)


def _naming(case: Case, names: frozenset[str]) -> list[Reading]:
    cited = [source for source in case.sources if not names.isdisjoint(source.places)]
    others = [reading for name in sorted(names) for reading in case.around.holding.get(name, [])[:_MANY]]
    return [*cited, *(reading for reading in others if reading not in cited)]


def _is_beside(case: Case, reading: Reading, names: frozenset[str]) -> bool:
    """Tell whether a neighbour in the same section names it."""
    count = len(case.around.note.sentences)
    near = [n for n in (reading.number - 1, reading.number + 1) if 1 <= n <= count]
    beside = [case.around.sentence(number) for number in near]
    return any(
        other.section == reading.section and not names.isdisjoint(other.vocabulary) for other in beside
    )


def _words(reading: Reading, link: _Link) -> str:
    return reading.text[reading.words[link.first].start : reading.words[link.past - 1].end]


@cache
def _cues() -> PhraseTable[str]:
    content = lexicon("reasons")
    return PhraseTable((phrase, kind) for kind in ("strong", "weak") for phrase in content[kind]["phrases"])


_MANY = 8  # sentences
