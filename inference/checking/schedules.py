"""A drug in a claim must be taken as often as its evidence says."""

import re
from collections.abc import Sequence
from decimal import Decimal

from inference.checking.case import Case
from inference.checking.doses import doses
from inference.checking.drug_lists import DrugList, claimed_list, list_of
from inference.checking.drugs import Mention
from inference.checking.flags import Flag, quoted
from inference.checking.frequencies import Frequency, frequencies
from inference.checking.quantities import Quantity, is_same
from inference.checking.reading import Reading
from inference.checking.units import dimension
from inference.vocabulary import Severity

_END = re.compile(r"[.;](?=\s)")
_FORMER = re.compile(
    r"\b(?:from|had been|previously|instead of|was)\s+(?:[\d.,]+\s?[^\W\d]*\s*)?$", re.IGNORECASE
)
_FORMER_HEADS = ("before", "previous", "prior", "pre-", "home", "old", "pta", "on admission")
_SPEAKS_OF_FORMER = frozenset(
    {"from", "before", "previous", "previously", "prior", "was", "had", "home", "until"}
)


Given = Sequence[tuple[Reading, Mention]]


def check(
    case: Case, claim: Reading, mention: Mention, given: Given, elsewhere: Given
) -> tuple[Flag | None, set[int]]:
    """Flag a frequency that the evidence does not give for this drug.

    Args:
        case: the claim and its note.
        claim: the claim's text, or its parts as a text.
        mention: a drug that it names.
        given: where the evidence names that drug.
        elsewhere: where the rest of the note names it.

    Returns:
        At most one flag, and the starts of the claim's quantities that are of a frequency ("every 6 hours").
    """
    claimed = _in_its_sentence(claim, mention)
    if (flag := _regular(claim, mention, given) or _turned_round(claim, mention, given)) is not None:
        return flag, set()
    if not claimed:
        return None, set()
    explained = {
        quantity.start
        for frequency in claimed
        for quantity in claim.quantities
        if frequency.start <= quantity.start < frequency.end
    }
    known = [(source, f) for source, other in given for f in source.frequencies_of.get(other, ())]
    loose = [(source, f) for source in case.sources for f in _of_no_drug(source)]
    if (flag := _of_another_list(claim, mention, claimed, [*given, *elsewhere])) is not None:
        return flag, explained
    wrong = next((ours for ours in claimed if not _is_among(ours, known, claim)), None)
    if wrong is None or _has_that_total(claim, mention, wrong, [*given, *elsewhere]):
        return None, explained
    places = _places(claim, mention, wrong)
    said = quoted(_with_drug(claim, mention, wrong))
    if known:
        if any(_agree(wrong, other) for source, other in loose if not source.drugs):
            return None, explained
        source = known[0][0]
        theirs = ", ".join(dict.fromkeys(frequency.text for owner, frequency in known if owner is source))
        message = f"Frequency: the claim says {said}; sentence {source.number} says {quoted(theirs)}."
        return Flag("frequency", Severity.CRITICAL, message, places), explained
    if any(_agree(wrong, other) for _, other in loose):
        return None, explained
    around = [(source, f) for source, other in elsewhere for f in source.frequencies_of.get(other, ())]
    if not given or any(_agree(wrong, other) for _, other in around):
        return None, explained
    message = f"Frequency: the claim says {said}; sentence {given[0][0].number} gives no frequency for it."
    if around:
        source, other = around[0]
        message = f"Frequency: the claim says {said}; sentence {source.number} says {quoted(other.text)}."
    return Flag("frequency", Severity.WARNING, message, places), explained


def _of_another_list(
    claim: Reading, mention: Mention, claimed: Sequence[Frequency], places: Given
) -> Flag | None:
    """Flag "twice daily on discharge" where the discharge list has it once a day."""
    said = claimed_list(claim)
    if said is DrugList.UNSAID:
        return None
    right = [
        (source, theirs)
        for source, other in places
        if list_of(source, other) is said
        for theirs in source.frequencies_of.get(other, ())
    ]
    for ours in claimed if right else ():
        if _is_former(claim, ours) or any(_agree(ours, theirs) for _, theirs in right):
            continue
        source, theirs = right[0]
        if not {f.per_day for _, f in right} & {f.per_day for f in claimed}:
            message = (
                f"Frequency: the claim says {quoted(_with_drug(claim, mention, ours))} {said.value}; "
                f"sentence {source.number} says {quoted(theirs.text)} {said.value}."
            )
            if not _has_that_total(claim, mention, ours, places):
                return Flag("frequency", Severity.CRITICAL, message, _places(claim, mention, ours))
    return None


def _regular(claim: Reading, mention: Mention, given: Given) -> Flag | None:
    """Flag a drug told as regular that the evidence gives as needed."""
    if len(claim.drugs) > 1 or not _REGULAR.search(claim.text):
        return None
    for source, other in given:
        own = source.frequencies_of.get(other, ())
        if any(frequency.per_day is None for frequency in own):
            message = (
                f"Frequency: the claim gives {quoted(claim.written(mention))} as regular; sentence "
                f"{source.number} says {quoted(own[-1].text)}."
            )
            return Flag("frequency", Severity.WARNING, message, frozenset(range(mention.first, mention.past)))
    return None


_REGULAR = re.compile(r"\bregular(?:ly)?\b", re.IGNORECASE)


def _turned_round(claim: Reading, mention: Mention, given: Given) -> Flag | None:
    """Flag "8 units in the morning and 10 at night" where it is 10 in the morning and 8 at night."""
    ours = _by_moment(claim, mention)
    if len(ours) < 2:
        return None
    for source, other in given:
        theirs = _by_moment(source, other)
        if set(theirs) >= set(ours) and any(not is_same(ours[at], theirs[at]) for at in ours):
            said = quoted(", ".join(f"{ours[at].text} {at}" for at in ours))
            says = quoted(", ".join(f"{theirs[at].text} {at}" for at in theirs))
            message = f"Dose: the claim says {said}; sentence {source.number} says {says}."
            return Flag("dose", Severity.CRITICAL, message, frozenset(range(mention.first, mention.past)))
    return None


def _by_moment(reading: Reading, mention: Mention) -> dict[str, Quantity]:
    """The dose at each time of day: "10 units in the morning and 8 at night"."""
    found: dict[str, Quantity] = {}
    waiting = doses(reading, mention)
    for frequency in reading.frequencies_of.get(mention, ()):
        before = [dose for dose in waiting if dose.end <= frequency.start]
        if frequency.moment and before:
            found.setdefault(frequency.moment, before[-1])
    return found


def _has_that_total(claim: Reading, mention: Mention, often: Frequency, places: Given) -> bool:
    """Tell whether the amounts of a day are equal: "80 mg a day" for "40 mg twice daily"."""
    theirs = [dose for source, named in places for dose in doses(source, named)]
    if any(is_same(dose, other) for dose in doses(claim, mention) for other in theirs):
        return False  # "40 mg twice daily" is not the 80 mg a day of "40 mg once, later 80 mg daily"
    ours = _totals(claim, mention, [often])
    return any(
        is_same(one, other)
        for source, named in places
        if {f.per_day for f in source.frequencies_of.get(named, ())} != {often.per_day}
        for other in _totals(source, named, source.frequencies_of.get(named, ()))
        for one in ours
    )


def _totals(reading: Reading, mention: Mention, often: Sequence[Frequency]) -> list[Quantity]:
    if len(often) != 1 or often[0].per_day is None:
        return []
    count = Decimal(often[0].per_day.numerator) / Decimal(often[0].per_day.denominator)
    return [
        Quantity("", 0, 0, (dose.values[0] * count,), dose.unit)
        for dose in doses(reading, mention)
        if len(dose.values) == 1 and dimension(dose.unit) in {"mass", "activity"}
    ]


def _places(claim: Reading, mention: Mention, frequency: Frequency) -> frozenset[int]:
    return frozenset(
        index
        for index, word in enumerate(claim.words)
        if mention.first <= index < mention.past or frequency.start <= word.start < frequency.end
    )


def _in_its_sentence(claim: Reading, mention: Mention) -> list[Frequency]:
    """A drug's frequencies up to a full stop or a semicolon."""
    own = claim.frequencies_of.get(mention, ())
    past = claim.words[mention.past - 1].end
    return [f for f in own if f.start < past or not _END.search(claim.text, past, f.start)]


def _is_among(ours: Frequency, known: Sequence[tuple[Reading, Frequency]], claim: Reading) -> bool:
    alike = [(source, theirs) for source, theirs in known if _agree(ours, theirs)]
    if not alike:
        return False
    if any(not _is_former(source, theirs) for source, theirs in alike):
        return True
    if any(word.lower in _SPEAKS_OF_FORMER for word in claim.words):
        return True
    return all(_is_former(source, theirs) for source, theirs in known)


def _of_no_drug(source: Reading) -> list[Frequency]:
    """The frequencies of a section's title and of a sentence that belong to none of its drugs."""
    owned = {frequency for own in source.frequencies_of.values() for frequency in own}
    return [*frequencies(source.section), *(f for f in source.frequencies if f not in owned)]


def _agree(one: Frequency, other: Frequency) -> bool:
    if one.per_day != other.per_day:
        return False
    return not one.moment or not other.moment or one.moment == other.moment


def _is_former(reading: Reading, frequency: Frequency) -> bool:
    """Tell whether a frequency stands behind "from 5 mg", or in a row under "Before admission"."""
    before = reading.text[: frequency.start]
    if reading.is_row:
        head = before.rpartition(", ")[2].lower()
        return head.startswith(_FORMER_HEADS)
    return _FORMER.search(before[-40:]) is not None


def _with_drug(claim: Reading, mention: Mention, frequency: Frequency) -> str:
    words = claim.words
    start = min(words[mention.first].start, frequency.start)
    return claim.text[start : max(words[mention.past - 1].end, frequency.end)]
