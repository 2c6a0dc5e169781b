"""A dose in a claim must be the one that the note gives for that drug in that list, not the former one."""

import re
from collections.abc import Sequence
from decimal import Decimal

from inference.checking.amounts import FORMS, compare, doses, is_dose, steps
from inference.checking.case import Case
from inference.checking.drug_events import Event, events_of
from inference.checking.drug_lists import DrugList, claimed_list, is_old_dose, list_of
from inference.checking.drugs import Mention
from inference.checking.flags import Flag, quoted
from inference.checking.quantities import Quantity, is_among, is_same
from inference.checking.reading import Reading
from inference.checking.tokens import tokens
from inference.checking.units import dimension
from inference.vocabulary import Assertion, Severity

__all__ = ["check", "compare", "doses", "multiple_flag", "steps"]

Given = Sequence[tuple[Reading, Mention]]

_DOUBLED = re.compile(r"\bdoubl(?:e|ed|ing)\b|\btwice the dose\b", re.IGNORECASE)
_HALVED = re.compile(r"\bhalv(?:e|ed|ing)\b|\bhalf the dose\b", re.IGNORECASE)


def check(
    case: Case, claim: Reading, mention: Mention, given: Given, elsewhere: Given
) -> tuple[list[Flag], set[int]]:
    """Check the doses that a claim gives for a drug.

    Args:
        case: the claim and its note.
        claim: the claim's text, or its parts as a text.
        mention: the drug.
        given: where the cited sentences name it.
        elsewhere: where the rest of the note names it.

    Returns:
        At most one flag, and the starts of the claim's quantities that need no other look.
    """
    claimed = [q for q in doses(claim, mention) if q.unit or _is_adjacent(claim, mention, q)]
    if not claimed:
        return [], set()
    tests = (_wrong, _turned_round, _old, _of_another_list, _since_changed)
    for test in tests:
        found = test(case, claim, mention, claimed, given, elsewhere)
        if found is not None:
            return [found[0]], found[1]
    known = [quantity for source, other in given for quantity in doses(source, other)]
    return [], {q.start for q in claimed if known and not is_among(q, known)}


def _flag(claim: Reading, mention: Mention, quantity: Quantity, message: str) -> tuple[Flag, set[int]]:
    places = {
        index
        for index, word in enumerate(claim.words)
        if mention.first <= index < mention.past or quantity.start <= word.start < quantity.end
    }
    return Flag("dose", Severity.CRITICAL, message, frozenset(places)), {quantity.start}


def _with_drug(claim: Reading, mention: Mention, quantity: Quantity) -> str:
    start = min(claim.words[mention.first].start, quantity.start)
    return quoted(claim.text[start : max(quantity.end, claim.words[mention.past - 1].end)])


def _wrong(
    case: Case, claim: Reading, mention: Mention, claimed: list[Quantity], given: Given, elsewhere: Given
) -> tuple[Flag, set[int]] | None:
    """Flag a dose that the evidence does not give for this drug, or gives for another one."""
    known = [(source, quantity) for source, other in given for quantity in doses(source, other)]
    amounts = [quantity for _, quantity in known]
    loose = _unowned(case.sources)
    wrong = [q for q in claimed if not is_among(q, amounts) and not is_among(q, loose)]
    wrong = [q for q in wrong if not _is_worked_out(claim, mention, q, given)]
    wrong = [q for q in wrong if not _is_step_elsewhere(claim, mention, q, amounts, elsewhere)]
    if not wrong:
        return None
    if not known:
        owned = [
            (source, other, quantity)
            for source in case.sources
            for other in source.drugs
            for quantity in doses(source, other)
        ]
        theirs = next(((s, o, q) for s, o, q in owned if is_same(wrong[0], q)), None)
        around = [quantity for source, other in elsewhere for quantity in doses(source, other)]
        if is_among(wrong[0], around) or (theirs is None and not around):
            return None
        if theirs is None:
            source, quantity = next((s, q) for s, o in elsewhere for q in doses(s, o))
            says = f"sentence {source.number} says {quoted(quantity.text)}"
        else:
            source, other, quantity = theirs
            says = f"sentence {source.number} gives that for {quoted(source.written(other))}"
        said = _with_drug(claim, mention, wrong[0])
        return _flag(claim, mention, wrong[0], f"Dose: the claim says {said}; {says}.")
    source = known[0][0]
    theirs_text = ", ".join(dict.fromkeys(quantity.text for owner, quantity in known if owner is source))
    said = quoted(claim.text[claim.words[mention.first].start : wrong[0].end])
    if wrong[0].start < claim.words[mention.first].start:
        said = _with_drug(claim, mention, wrong[0])
    flag, starts = _flag(
        claim,
        mention,
        wrong[0],
        f"Dose: the claim says {said}; sentence {source.number} says {quoted(theirs_text)}.",
    )
    return flag, starts | {quantity.start for quantity in wrong}


def _is_step_elsewhere(
    claim: Reading, mention: Mention, quantity: Quantity, amounts: list[Quantity], elsewhere: Given
) -> bool:
    """Tell whether a claim about a change has a dose of another sentence: the old one, or the order."""
    moved = bool(events_of(claim, claim.drugs)[mention] & _MOVED)
    is_old = is_old_dose(claim, quantity)
    if not moved and not is_old and not any(is_among(q, amounts) for q in doses(claim, mention)):
        return False
    return any(
        is_among(quantity, doses(source, other))
        and (
            is_old
            or list_of(source, other) is DrugList.CURRENT
            or bool(events_of(source, source.drugs)[other] & (_MOVED | _ORDERED))
        )
        for source, other in elsewhere
    )


_MOVED = frozenset({Event.RAISED, Event.LOWERED, Event.CHANGED})


def _unowned(sources: Sequence[Reading]) -> list[Quantity]:
    """Doses in sentences that name no drug: "Increase the dose to 20 mg"."""
    return [q for source in sources if not source.drugs for q in source.quantities if q.unit and is_dose(q)]


def _is_worked_out(claim: Reading, mention: Mention, quantity: Quantity, given: Given) -> bool:
    """Tell whether an amount follows: 2 tablets of 5 mg, 40 mg twice a day as 80 mg a day."""
    per_day = _per_day(claim, mention)
    for source, other in given:
        theirs = doses(source, other)
        strengths = [q for q in theirs if len(q.values) == 1 and dimension(q.unit) in {"mass", "activity"}]
        counts = [q.values[0] for q in theirs if dimension(q.unit) in FORMS] + _counts(source)
        for strength in strengths:
            if any(is_same(quantity, _times(strength, count)) for count in counts):
                return True
            often = _per_day(source, other)
            if often is not None and (per_day or Decimal(1)) != often:
                ours = _times(quantity, per_day or Decimal(1))
                if is_same(ours, _times(strength, often)):
                    return True
        if len(strengths) > 1:  # "10 units in the morning and 8 at night" as 18 units a day
            total = sum((q.values[0] for q in strengths), Decimal(0))
            units = {q.unit for q in strengths if q.unit}
            if (
                len(units) == 1
                and quantity.values[:1] == (total,)
                and quantity.unit in units
                and per_day == 1
            ):
                return True
    return False


def _counts(source: Reading) -> list[Decimal]:
    lower = source.text.lower()
    return [Decimal(value) for words, value in _FORM_WORDS if words in lower]


_FORM_WORDS = (
    ("half a tablet", "0.5"),
    ("half tablet", "0.5"),
    ("two tablets", "2"),
    ("two capsules", "2"),
    ("two puffs", "2"),
)


def _times(quantity: Quantity, count: Decimal) -> Quantity:
    return Quantity("", 0, 0, tuple(value * count for value in quantity.values), quantity.unit)


def _per_day(reading: Reading, mention: Mention) -> Decimal | None:
    own = [f for f in reading.frequencies_of.get(mention, ()) if f.per_day is not None]
    if len(own) != 1 or own[0].per_day is None or own[0].per_day < 1:
        return None
    return Decimal(own[0].per_day.numerator) / Decimal(own[0].per_day.denominator)


def _turned_round(
    case: Case, claim: Reading, mention: Mention, claimed: list[Quantity], given: Given, elsewhere: Given
) -> tuple[Flag, set[int]] | None:
    """Flag "from 10 to 5 mg" where the note says from 5 to 10, and "doubled" where it does not double."""
    theirs = [(source, *step) for source, other in given for step in steps(source, other)]
    for old, new in steps(claim, mention):
        for source, their_old, their_new in theirs:
            if is_same(old, their_new) and is_same(new, their_old):
                says = f"{their_old.text} to {their_new.text}"
                return _flag(
                    claim,
                    mention,
                    new,
                    f"Dose: the claim says from {quoted(old.text)} to {quoted(new.text)}; "
                    f"sentence {source.number} says from {quoted(says)}.",
                )
    return None


def multiple_flag(claim: Reading, mention: Mention, given: Given) -> Flag | None:
    """Flag "doubled" or "halved" where the two doses of the note have another ratio."""
    wanted = 2 if _DOUBLED.search(claim.text) else 0
    wanted = -2 if not wanted and _HALVED.search(claim.text) else wanted
    if not wanted or len(claim.drugs) > 1:
        return None
    for source, other in given:
        for old, new in steps(source, other):
            larger, smaller = (new, old) if wanted > 0 else (old, new)
            if compare(old, new) and not is_same(larger, _times(smaller, Decimal(2))):
                word = "doubled" if wanted > 0 else "halved"
                message = (
                    f"Dose: the claim says {quoted(word)}; sentence {source.number} says from "
                    f"{quoted(old.text)} to {quoted(new.text)}."
                )
                return Flag("dose", Severity.WARNING, message, frozenset(range(mention.first, mention.past)))
    return None


def _old(
    case: Case, claim: Reading, mention: Mention, claimed: list[Quantity], given: Given, elsewhere: Given
) -> tuple[Flag, set[int]] | None:
    """Flag a dose that the evidence gives as the earlier one: "increased from 2.5 mg to 3.75 mg"."""
    if case.assertion is not Assertion.PRESENT or claimed_list(claim) is DrugList.HOME:
        return None
    known = [(source, q) for source, other in given for q in doses(source, other)]
    old = [(source, q) for source, q in known if is_old_dose(source, q)]
    current = [(source, q) for source, q in known if not is_old_dose(source, q)]
    for quantity in claimed:
        if is_old_dose(claim, quantity) or is_among(quantity, [other for _, other in current]):
            continue
        if old and current and is_among(quantity, [other for _, other in old]):
            later_ones = [entry for entry in current if _is_comparable(quantity, entry[1])]
            if not later_ones:
                continue
            source, later = later_ones[0]
            said = _with_drug(claim, mention, quantity)
            message = (
                f"Dose: the claim says {said}; sentence {source.number} gives that as the earlier "
                f"dose and {quoted(later.text)} as the later one."
            )
            return _flag(claim, mention, quantity, message)
    return None


def _is_comparable(one: Quantity, other: Quantity) -> bool:
    return not one.unit or dimension(one.unit) == dimension(other.unit)


def _of_another_list(
    case: Case, claim: Reading, mention: Mention, claimed: list[Quantity], given: Given, elsewhere: Given
) -> tuple[Flag, set[int]] | None:
    """Flag a home dose that is told as the discharge dose, and the reverse."""
    if case.assertion in {Assertion.HISTORICAL, Assertion.FAMILY}:
        return None
    said_list = claimed_list(claim)
    if said_list is DrugList.UNSAID:
        return None
    is_home = said_list is DrugList.HOME
    places = [*given, *elsewhere]
    right = _amounts(places, is_home)
    wrong = [q for _, q in _amounts(places, not is_home)]
    for quantity in claimed:
        if is_old_dose(claim, quantity) and not is_home:
            continue
        if not right or is_among(quantity, [q for _, q in right]) or not is_among(quantity, wrong):
            continue
        source, theirs = right[0]
        message = (
            f"Dose: the claim says {_with_drug(claim, mention, quantity)} {said_list.value}; "
            f"sentence {source.number} gives {quoted(theirs.text)} {said_list.value}."
        )
        return _flag(claim, mention, quantity, message)
    return None


def _since_changed(
    case: Case, claim: Reading, mention: Mention, claimed: list[Quantity], given: Given, elsewhere: Given
) -> tuple[Flag, set[int]] | None:
    """Flag "stays at 20 mg" where a later sentence orders another dose."""
    if case.assertion is not Assertion.PRESENT or not _STAYS.search(claim.text):
        return None
    last = max(source.number for source, _ in given) if given else 0
    for source, other in elsewhere:
        theirs = (
            [q for q in doses(source, other) if not is_old_dose(source, q)] if source.number > last else []
        )
        if not theirs or not events_of(source, source.drugs)[other] & _ORDERED:
            continue
        wrong = next((q for q in claimed if not is_among(q, theirs)), None)
        if wrong is not None and any(dimension(q.unit) == dimension(wrong.unit) for q in theirs):
            message = (
                f"Dose: the claim says {_with_drug(claim, mention, wrong)}; "
                f"sentence {source.number} then gives {quoted(theirs[0].text)}."
            )
            return _flag(claim, mention, wrong, message)
    return None


_STAYS = re.compile(
    r"\b(?:stays|remains?|continu(?:e|es|ed|ing)|unchanged|maintained|carr(?:y|ies) on)\b", re.IGNORECASE
)
_ORDERED = frozenset({Event.GIVEN, Event.STARTED, Event.RAISED, Event.LOWERED, Event.CHANGED})


def _amounts(places: Given, is_home: bool) -> list[tuple[Reading, Quantity]]:
    """The doses of the home list, or of the discharge list, each with its sentence."""
    found = []
    for source, other in places:
        own = list_of(source, other)
        for quantity in doses(source, other):
            if dimension(quantity.unit) in FORMS:
                continue
            is_old = is_old_dose(source, quantity)
            is_of_home = is_old or own is DrugList.HOME
            is_of_now = not is_old and (
                own is DrugList.CURRENT or (source.is_row and _CURRENT_HEAD.search(_head(source, quantity)))
            )
            if (is_of_home and is_home) or (is_of_now and not is_home):
                found.append((source, quantity))
    return found


_CURRENT_HEAD = re.compile(r"discharge|now|current|new|tt[oa]", re.IGNORECASE)


def _head(source: Reading, quantity: Quantity) -> str:
    return source.text[: quantity.start].rpartition(", ")[2].partition(":")[0]


def _is_adjacent(reading: Reading, mention: Mention, quantity: Quantity) -> bool:
    past = reading.words[mention.past - 1].end
    return quantity.start >= past and not tokens(reading.text[past : quantity.start])
