"""Planned, refused or done; suspected or confirmed: a claim must take a thing as far as its sources do."""

from collections.abc import Iterable
from functools import cache

from inference.checking import concepts
from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind, section_kind
from inference.checking.stages import Clause, Stage
from inference.vocabulary import Assertion, Severity

_MARKS = frozenset(".;")


def check(case: Case) -> list[Flag]:
    """Flag an act or a diagnosis that the sources leave at another stage, and no other sentence at this."""
    if case.assertion in {Assertion.HYPOTHETICAL, Assertion.POSSIBLE}:
        return []
    return [*contradictions(case, "acts", but=_open_ends(case)), *_ahead(case)]


def _open_ends(case: Case) -> frozenset[int]:
    """The claim's tokens in a clause that leaves things open: "if the test is positive"."""
    words = case.claim.words
    is_open: set[int] = set()
    for clause in case.claim.qualifiers.clauses:
        if clause.stages and Stage.DONE not in clause.stages:
            is_open.update(range(min(clause.cues), clause.past))
    for found in case.claim.qualifiers.of("acts"):
        if "suspected" in found.values:
            for index in range(found.past, len(words)):
                if words[index].lower in _MARKS:
                    break
                is_open.add(index)
    return frozenset(is_open)


def _ahead(case: Case) -> list[Flag]:
    """Flag a clause of the claim that gives an act a stage which no clause that speaks of it bears out."""
    flags = []
    for clause in case.claim.qualifiers.clauses:
        if not (opposed := _opposed(case.claim, clause)) or (
            case.assertion is Assertion.ABSENT and clause.stages != _NO
        ):
            continue
        spoken = [
            (wanted, found)
            for wanted in _wanted(case, clause)
            if (found := [(source, part) for source in case.sources for part in wanted.within(source)])
        ]
        behind = [
            found[0]
            for wanted, found in spoken
            if any(_is_other(case, wanted, found, others) for others in opposed)
        ]
        if behind and (clause.stages == _DONE or len(behind) == len(spoken)):
            flags.append(_flag(case.claim, clause, *behind[0]))
    return flags


def _is_other(
    case: Case, wanted: "_Wanted", found: list[tuple[Reading, Clause]], others: frozenset[Stage]
) -> bool:
    """Tell whether the sources, and all that the note says of the act, stay within other stages."""
    if others == _DONE and not wanted.is_to_come:
        return False
    return all(_stages(source, part) <= others for source, part in found) and all(
        _stages(reading, part) <= others
        for reading in wanted.speaking(case)
        for part in wanted.within(reading, is_wide=False)
    )


_DONE: frozenset[Stage] = frozenset({Stage.DONE})
_NO: frozenset[Stage] = frozenset({Stage.REFUSED})
# By the stages of the claim: the sets of stages within which those of the sources must not all lie.
_OPPOSED = {
    _DONE: (frozenset({Stage.ORDERED, Stage.WEIGHED, Stage.REFUSED}),),
    frozenset({Stage.ORDERED}): (frozenset({Stage.WEIGHED, Stage.REFUSED}), _DONE),
    _NO: (_DONE,),
}
_BACK = frozenset({"back", "resulted"})


def _opposed(claim: Reading, clause: Clause) -> tuple[frozenset[Stage], ...]:
    """The sets of stages within which those of the sources must not all lie; a sample taken has no result."""
    opposed = _OPPOSED.get(clause.stages, ())
    is_told = clause.is_result or any(claim.words[index].lower in _BACK for index in clause.cues)
    if clause.stages == _DONE and is_told:
        return tuple(others | {Stage.TAKEN} for others in opposed)
    return opposed


_ACTS = frozenset({"test", "procedure"})
_AGAIN = frozenset(
    {"repeat", "repeated", "further", "additional", "another", "second", "recheck", "new", "rpt", "repeating"}
)
_ENOUGH = 2  # words that two clauses share, where neither names a known act
_HALF = 0.5
_LONG, _RARE = 6, 2  # letters of a telling word, sentences that hold it
_BARE = 8  # content words of an order without a verb: "Urine dip and MSU"
# An act that is yet to come, and not merely one that was asked for: what was asked for may be done by now.
_TO_COME = frozenset(
    {
        "planned",
        "scheduled",
        "booked",
        "pending",
        "awaited",
        "awaiting",
        "due",
        "will",
        "upcoming",
        "outstanding",
    }
)
_SENT = frozenset({"sent", "referred"})
_BY_NOW = frozenset({"today", "now", "already"})
_OF_ORDERS = frozenset({SectionKind.PLAN, SectionKind.FOLLOW_UP, SectionKind.PENDING})
_EVERY: frozenset[Stage] = frozenset(Stage)


class _Wanted:
    """What a clause of the claim speaks of, an act or its words, and who else speaks of it."""

    def __init__(self, case: Case, clause: Clause, act: str, tokens: range) -> None:
        claim = case.claim
        self._act = act
        self._around = case.around
        inside = range(clause.first, clause.past)
        self.stems = {claim.stems[index] for index in inside if index in claim.stems} - {
            claim.stems[index] for index in clause.cues if index in claim.stems
        }
        self.tokens = tokens
        said = {claim.words[index].lower for index in clause.cues}
        self.is_to_come = clause.stages == _NO or (bool(act) and bool(said & _TO_COME) and not said & _SENT)
        self._is_again = any(claim.words[index].lower in _AGAIN for index in inside)

    def speaking(self, case: Case) -> Iterable[Reading]:
        """All sentences of the note that may speak of it."""
        names = {f"={self._act}"} if self._act else self.stems
        spoken = {id(reading): reading for name in names for reading in case.around.holding.get(name, ())}
        return spoken.values()

    def within(self, reading: Reading, *, is_wide: bool = True) -> list[Clause]:
        """The clauses of a text that speak of it; where it is done again, those that say so too.

        `is_wide`: also those that speak of a wider thing, where none names the thing itself.
        """
        found = [clause for clause in reading.qualifiers.clauses if self._is_in(reading, clause)]
        if not found and is_wide and self._act:
            wider = concepts.broader(self._act)
            found = [clause for clause in reading.qualifiers.clauses if not clause.acts.isdisjoint(wider)]
        if self._is_again:
            return [c for c in found if any(w.lower in _AGAIN for w in reading.words[c.first : c.past])]
        return found

    def _is_in(self, reading: Reading, clause: Clause) -> bool:
        if self._act:
            return any(self._act in concepts.broader(name) for name in clause.acts)
        inside = range(clause.first, clause.past)
        shared = self.stems & {reading.stems[index] for index in inside if index in reading.stems}
        if len(shared) == 1 and len(self.stems) <= _ENOUGH:
            return all(len(word) >= _LONG and self._around.frequency[word] <= _RARE for word in shared)
        return len(shared) >= max(_ENOUGH, _HALF * len(self.stems))


def _wanted(case: Case, clause: Clause) -> list[_Wanted]:
    """The acts that a clause of the claim names; its words, where the sources name none of them.

    A bare result ("normal") tells of a known act only, a verb ("underwent") of any thing.
    """
    acts = []
    for mention in case.claim.concepts:
        name, kind = mention.concept
        if clause.first <= mention.first < clause.past and kind in _ACTS and name not in _places():
            acts.append(_Wanted(case, clause, name, range(mention.first, mention.past)))
    acts = [wanted for wanted in acts if clause.stages == _NO or not _is_denied(case, wanted)]
    if any(wanted.within(source) for wanted in acts for source in case.sources):
        return acts
    words = _Wanted(case, clause, "", range(clause.first, clause.past))
    is_told = clause.stages == _DONE and not clause.is_result and len(words.stems) >= _ENOUGH
    return [words] if is_told and not _is_denied(case, words) else []


@cache
def _places() -> frozenset[str]:
    return frozenset(lexicon("acts")["places"]["concepts"])


def _is_denied(case: Case, wanted: _Wanted) -> bool:
    """Tell whether the claim denies the act itself, in other words than of refusal."""
    return any(case.claim.senses.of[index] & Sense.NEGATED for index in wanted.tokens)


def _stages(reading: Reading, clause: Clause) -> frozenset[Stage]:
    """The stages of a clause; without a word of them, an order under "Plan", and any elsewhere."""
    if clause.stages:
        return clause.stages
    inside = range(clause.first, clause.past)
    if any(reading.words[index].lower in _BY_NOW for index in inside):
        return _EVERY
    count = sum(index in reading.stems for index in inside)
    is_order = count <= _BARE and section_kind(reading.section) in _OF_ORDERS
    return frozenset({Stage.ORDERED}) if is_order else _EVERY


def _flag(claim: Reading, clause: Clause, source: Reading, other: Clause) -> Flag:
    return Flag(
        "status",
        Severity.WARNING,
        f"Done or not: the claim says {quoted(_text(claim, clause))}; sentence {source.number} says "
        f"{quoted(_text(source, other))}.",
        clause.cues,
    )


def _text(reading: Reading, clause: Clause) -> str:
    return reading.text[reading.words[clause.first].start : reading.words[clause.past - 1].end]
