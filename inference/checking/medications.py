"""A drug in a claim must be named in its evidence, with that dose, and not be one that was stopped there."""

from collections.abc import Sequence

from inference.checking import schedules
from inference.checking.drugs import Mention, names_within
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.quantities import UNITS, Quantity, is_among
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.statuses import Status, status_of
from inference.checking.tokens import tokens
from inference.vocabulary import Assertion, Severity

_DOSE_DIMENSIONS = frozenset(
    {
        "mass",
        "activity",
        "volume",
        "dose_form",
        "puffs",
        "drops",
        "amount",
        "equivalent",
        "mass_rate",
        "mass_per_mass",
    }
)
_NEAR = 3  # tokens between a dose and the drug that follows it: "5 mg of bisoprolol"


def check(claim: Reading, sources: Sequence[Reading], assertion: Assertion) -> tuple[list[Flag], set[int]]:
    """Check drugs, doses, frequencies and stopped drugs.

    Returns:
        The flags, and the starts of the claim's quantities that they account for.
    """
    flags: list[Flag] = []
    explained: set[int] = set()
    for mention in claim.drugs:
        given = [(source, other) for source in sources for other in source.drugs if _is_given(mention, other)]
        if not given:
            if not _stands_in_a_title(mention, sources):
                flags.append(_unknown_drug(claim, mention, sources))
                explained.update(dose.start for dose in doses(claim, mention))
            continue
        wrong = _wrong_dose(claim, mention, given) or _old_dose(claim, mention, given, assertion)
        if wrong is not None:
            flags.append(wrong[0])
            explained |= wrong[1]
        often, of_frequencies = schedules.check(claim, mention, given)
        explained |= of_frequencies
        if often is not None:
            flags.append(often)
        stopped = _wrong_status(claim, mention, given, assertion)
        if stopped is not None:
            flags.append(stopped)
    return flags, explained


def _is_given(claimed: Mention, given: Mention) -> bool:
    return claimed.name in names_within(given.name) or given.name in names_within(claimed.name)


def _stands_in_a_title(mention: Mention, sources: Sequence[Reading]) -> bool:
    return any(_is_given(mention, other) for source in sources for other in Reading(source.section).drugs)


def _unknown_drug(claim: Reading, mention: Mention, sources: Sequence[Reading]) -> Flag:
    named = next(((source, source.drugs[0]) for source in sources if source.drugs), None)
    said = quoted(claim.written(mention))
    if named is None:
        message = f"Drug: the claim names {said}; {cited(sources)} names no such drug."
    else:
        source, other = named
        message = (
            f"Drug: the claim names {said}; sentence {source.number} names {quoted(source.written(other))}."
        )
    return Flag("drug", Severity.CRITICAL, message)


def doses(reading: Reading, mention: Mention) -> list[Quantity]:
    """The quantities that belong to a drug: those after it up to the next drug, or one right before it.

    "Ramipril 5 mg od, bisoprolol 2.5 mg": 5 mg is ramipril's. "5 mg of bisoprolol": its own. Dates, clock
    times and spans of time are no doses.
    """
    index = reading.drugs.index(mention)
    words = reading.words
    past = words[mention.past - 1].end
    following = reading.drugs[index + 1] if index + 1 < len(reading.drugs) else None
    until = words[following.first].start if following else len(reading.text)
    after = [q for q in reading.quantities if past <= q.start < until and _is_dose(q)]
    if following is not None:
        after = [q for q in after if not _leads_to(reading, q, following)]
    before = [
        q
        for q in reading.quantities
        if q.end <= words[mention.first].start and _leads_to(reading, q, mention)
    ]
    return before + after


def _leads_to(reading: Reading, quantity: Quantity, mention: Mention) -> bool:
    """Tell whether a dose stands right before a drug and is its own: "5 mg bisoprolol", "5 mg of it"."""
    between = reading.text[quantity.end : reading.words[mention.first].start]
    gap = tokens(between)
    return bool(
        _is_dose(quantity)
        and quantity.unit
        and len(gap) <= _NEAR
        and all(word.lower in {"of", "oral", "iv", "po", "daily", "nightly"} for word in gap)
    )


def _is_dose(quantity: Quantity) -> bool:
    if not quantity.values or quantity.unit == "clock" or quantity.is_word:
        return False
    if quantity.dates and not quantity.unit:  # "STOPPED 16/05"
        return False
    if quantity.unit:
        return quantity.unit in UNITS and UNITS[quantity.unit][0] in _DOSE_DIMENSIONS
    return not 1900 <= quantity.values[0] <= 2100


def _wrong_dose(
    claim: Reading, mention: Mention, given: Sequence[tuple[Reading, Mention]]
) -> tuple[Flag, set[int]] | None:
    """Flag a dose that the evidence does not give for this drug, where it gives one at all."""
    known = [(source, quantity) for source, other in given for quantity in doses(source, other)]
    claimed = [
        quantity
        for quantity in doses(claim, mention)
        if quantity.unit or _is_adjacent(claim, mention, quantity)
    ]
    wrong = [quantity for quantity in claimed if not is_among(quantity, [other for _, other in known])]
    if not known or not wrong:
        return None
    source = known[0][0]
    said = claim.text[claim.words[mention.first].start : wrong[0].end]
    theirs = ", ".join(dict.fromkeys(quantity.text for owner, quantity in known if owner is source))
    return (
        Flag(
            "dose",
            Severity.CRITICAL,
            f"Dose: the claim says {quoted(said)}; sentence {source.number} says {quoted(theirs)}.",
        ),
        {quantity.start for quantity in wrong},
    )


def _old_dose(
    claim: Reading, mention: Mention, given: Sequence[tuple[Reading, Mention]], assertion: Assertion
) -> tuple[Flag, set[int]] | None:
    """Flag a dose that the evidence gives as the earlier one: "increased from 2.5 mg to 3.75 mg"."""
    if assertion is not Assertion.PRESENT or any(word.lower in _EARLIER for word in claim.words):
        return None
    known = [(source, quantity) for source, other in given for quantity in doses(source, other)]
    old = [(source, quantity) for source, quantity in known if _is_old(source, quantity)]
    current = [(source, quantity) for source, quantity in known if not _is_old(source, quantity)]
    for quantity in doses(claim, mention):
        is_current = is_among(quantity, [other for _, other in current])
        if old and current and not is_current and is_among(quantity, [other for _, other in old]):
            source, later = current[0]
            said = claim.text[claim.words[mention.first].start : quantity.end]
            message = (
                f"Dose: the claim says {quoted(said)}; sentence {source.number} gives that as the earlier "
                f"dose and {quoted(later.text)} as the later one."
            )
            return Flag("dose", Severity.CRITICAL, message), {quantity.start}
    return None


_EARLIER = frozenset(
    {
        "from",
        "before",
        "previous",
        "previously",
        "prior",
        "was",
        "had",
        "home",
        "old",
        "earlier",
        "initially",
        "until",
    }
)


def _is_old(reading: Reading, quantity: Quantity) -> bool:
    """Tell whether a dose stands behind "from" or "had been", or in a row under "Before admission"."""
    before = reading.text[: quantity.start].rstrip()
    if reading.is_row:
        head = before.rpartition(", ")[2].lower().split()
        return bool(_EARLIER.intersection(head)) or "pre-admission:" in head
    return before.lower().endswith((" from", " had been", " previously", " instead of", " used to be"))


def _is_adjacent(reading: Reading, mention: Mention, quantity: Quantity) -> bool:
    return not tokens(reading.text[reading.words[mention.past - 1].end : quantity.start])


def _wrong_status(
    claim: Reading, mention: Mention, given: Sequence[tuple[Reading, Mention]], assertion: Assertion
) -> Flag | None:
    """Flag a drug that the evidence stops and the claim gives as current, or the reverse."""
    ours = status_of(claim, mention)
    theirs = [status_of(source, other) for source, other in given]
    source = given[0][0]
    if all(status is Status.ENDED for status in theirs):
        is_current = ours is Status.GOES_ON or (ours is Status.UNSAID and assertion is Assertion.PRESENT)
        if not is_current or any(_resumes(s) for s, _ in given):
            return None
        said, says = Status.GOES_ON, Status.ENDED
    elif ours is Status.ENDED and Status.ENDED not in theirs:
        if any(_all(s) & Sense.NEGATED for s, _ in given) and Status.GOES_ON not in theirs:
            return None
        said, says = ours, theirs[0]
    else:
        return None
    name = quoted(claim.written(mention))
    return Flag(
        "medication_status",
        Severity.CRITICAL,
        f"Status: the claim gives {name} as {said}; sentence {source.number} says {says}.",
    )


def _resumes(reading: Reading) -> bool:
    return any(word.lower in _RESUMING for word in reading.words)


_RESUMING = frozenset({"restart", "restarted", "resumed", "resume", "since", "again", "reintroduced", "back"})


def _all(reading: Reading) -> int:
    combined = Sense.PLAIN
    for sense in reading.senses.of:
        combined |= sense
    return combined
