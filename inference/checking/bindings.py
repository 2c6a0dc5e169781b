"""A number that stands in the evidence, but for something else, as a goal, or the other way round."""

from collections.abc import Sequence

from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.measures import ROLES, Owner, are_of_one
from inference.checking.quantities import Quantity, is_same
from inference.checking.reading import Reading
from inference.checking.shapes import are_comparable, is_year, shapes_of
from inference.checking.trends import changes, last_direction
from inference.vocabulary import Severity

Given = Sequence[tuple[Reading, Owner]]

# Parts that a value keeps: one of these in the source is not the measure's present value.
_NOT_NOW = frozenset({"goal", "baseline", "previous", "reference", "best"})
_EXCLUSIVE = (
    frozenset({"admission", "initial"}),
    frozenset({"discharge"}),
    frozenset({"current"}),
    frozenset({"goal"}),
    frozenset({"baseline"}),
    frozenset({"previous"}),
    frozenset({"highest"}),
    frozenset({"lowest"}),
    frozenset({"best"}),
)
_MOST_READ = 30  # numbers of a claim
_OF_A_GOAL = frozenset(
    {
        "within",
        "range",
        "therapeutic",
        "recommended",
        *(word for word, role in ROLES.items() if role == "goal"),
    }
)
_SPEAKS_OF_PAST = frozenset(lexicon("measures")["words"]["past"].split())


def misbound(claim: Reading, owner: Owner, given: Given) -> Flag | None:
    """Flag a number that the sources have only for another thing or in another part.

    Args:
        claim: the claim.
        owner: one of its numbers, which the sources hold.
        given: all numbers of the sources.
    """
    same = [(source, other) for source, other in given if is_same(owner.quantity, other.quantity)]
    if not same:
        return None
    others = [(source, other) for source, other in given if not is_same(owner.quantity, other.quantity)]
    for find in (
        _other_measure,
        _other_side,
        _other_role,
        _other_bound,
        _other_words,
        _other_day,
        _other_drug,
        _other_age,
    ):
        rival = find(claim, owner, same, others)
        if rival is not None:
            return _flag(claim, owner, *rival)
    return None


def is_rival(owner: Owner, other: Owner) -> bool:
    """Tell whether a number of the source stands for what the claim's number is about."""
    if are_of_one(owner.label, other.label):
        return are_comparable(owner.quantity, other.quantity)
    is_near = are_of_one(owner.near, other.near) or not owner.near
    return is_near and not shapes_of(owner.quantity).isdisjoint(shapes_of(other.quantity))


def turned(claim: Reading, sources: Sequence[Reading]) -> list[Flag]:
    """Flag a change told the other way round: "rose from 1.2 to 1.8" for "down from 1.8 to 1.2"."""
    given = [(source, change) for source in sources for change in changes(source.text, source.quantities)]
    flags = []
    for ours in changes(claim.text, claim.quantities[:_MOST_READ]):
        start, end = ours.start.values[0], ours.end.values[0]
        against = [
            (source, theirs)
            for source, theirs in given
            if is_same(ours.start, theirs.end) and is_same(ours.end, theirs.start)
        ]
        with_us = any(is_same(ours.start, t.start) and is_same(ours.end, t.end) for _, t in given)
        if against and not with_us:
            source, theirs = against[0]
            flags.append(_direction_flag(claim, ours.start, ours.end, source, theirs.start, theirs.end))
        elif (
            ours.is_up is (start > end) and start != end and not any(t.is_up is ours.is_up for _, t in given)
        ):
            flags.append(_direction_flag(claim, ours.start, ours.end, None, None, None))
    if flags:
        return flags
    for quantity in claim.quantities[:_MOST_READ]:
        is_up = last_direction(claim.text, quantity.start)
        if is_up is None or len(quantity.values) != 1:
            continue
        for source, theirs in given:
            first, last = theirs.start.values[0], theirs.end.values[0]
            is_end = is_same(quantity, theirs.end) and "from" not in claim.text[: quantity.start][-6:]
            if is_end and first != last and (last > first) != is_up:
                flags.append(_direction_flag(claim, quantity, quantity, source, theirs.start, theirs.end))
                break
    return flags


def _direction_flag(
    claim: Reading,
    start: Quantity,
    end: Quantity,
    source: Reading | None,
    first: Quantity | None,
    last: Quantity | None,
) -> Flag:
    low, high = min(start.start, end.start), max(start.end, end.end)
    places = frozenset(i for i, word in enumerate(claim.words) if low <= word.start < high)
    said = quoted(claim.text[max(0, claim.text.rfind(" ", 0, max(low - 12, 0))) : high].strip())
    if source is None or first is None or last is None:
        message = f"Direction: the claim says {said}; its numbers go the other way."
    else:
        given = source.text[min(first.start, last.start) : max(first.end, last.end)]
        message = f"Direction: the claim says {said}; sentence {source.number} says {quoted(given)}."
    return Flag("direction", Severity.CRITICAL, message, places)


def _other_measure(
    claim: Reading, owner: Owner, same: Given, others: Given
) -> tuple[Reading, Owner, str] | None:
    """ "Na 5.2" where the sentence has "Na 131, K 5.2"; "ALT 39" where it has "AST 39"."""
    if not owner.label or not all(other.label for _, other in same):
        return None
    if any(are_of_one(owner.label, other.label) or owner.label & other.near for _, other in same):
        return None
    is_test = _tests(claim, owner)
    if is_test and _is_named_beside(owner, same):
        return None
    behind = next(((s, o) for s, o in others if are_of_one(o.label, owner.label)), None)
    if behind is not None:
        return (*behind, "number") if are_comparable(owner.quantity, behind[1].quantity) else None
    if is_test and all(_tests(source, other) for source, other in same):
        return (*same[0], "number")
    return None


def _tests(reading: Reading, owner: Owner) -> bool:
    """Whether the word before a number names a test or a vital sign."""
    known = {f"={mention.concept.name}" for mention in reading.concepts if mention.concept.kind == "test"}
    return bool(known & owner.label)


def _is_named_beside(owner: Owner, same: Given) -> bool:
    """Tell whether a value stands behind no test where its own is named: "Hb 92, after 2 units 104"."""
    return any(
        not _tests(source, other) and not source.is_row and not owner.label.isdisjoint(source.places)
        for source, other in same
    )


def _other_side(
    claim: Reading, owner: Owner, same: Given, others: Given
) -> tuple[Reading, Owner, str] | None:
    """ "ABI 0.62 on the right" where the sentence has "L ABI 0.62, R ABI 0.91"."""
    ours = _side(claim, owner)
    if not ours:
        return None
    theirs = [_side(source, other) for source, other in same]
    if not all(theirs) or any(ours & side for side in theirs):
        return None
    for source, other in others:
        if _side(source, other) == ours and are_comparable(owner.quantity, other.quantity):
            return source, other, "side"
    return None


def _side(reading: Reading, owner: Owner) -> frozenset[str]:
    """The side that a number is of: that named before it, back to the next mark or number, else behind it."""
    found = {q.first: q.values for q in reading.qualifiers.of("sides") if q.dimension == "side"}
    if not found:
        return frozenset()
    words = reading.words
    for path in (
        range(owner.first - 1, max(-1, owner.first - 1 - _TO_SIDE), -1),
        range(owner.past, min(len(words), owner.past + _TO_SIDE)),
    ):
        for index in path:
            if index in found:
                return found[index]
            lower = words[index].lower
            if lower in _PARTS_SIDES or lower[0].isdigit():
                break
    return frozenset()


_TO_SIDE = 6  # tokens between a side and its number
_PARTS_SIDES = frozenset({",", ";", ".", "(", ")", "and", "but", "vs", "versus", "|", "while", "with"})


def _other_role(
    claim: Reading, owner: Owner, same: Given, others: Given
) -> tuple[Reading, Owner, str] | None:
    """The baseline as the current value, the goal as the result, the value on admission as at discharge."""
    roles = {other.role for _, other in same}
    if owner.role in roles:
        return None
    if owner.role:
        wanted = next((group for group in _EXCLUSIVE if owner.role in group), frozenset[str]())
        for source, other in others:
            if other.role in wanted and _are_alike(owner, other, same):
                return source, other, "number"
        parts = {owner.role, *roles}
        is_other = bool(wanted) and all(role and role not in wanted for role in roles)
        return (*same[0], "number") if is_other and not _can_be_one(parts) else None
    is_told = owner.quantity.bound or any(word.lower in _OF_A_GOAL for word in claim.words)
    if roles == {"goal"}:
        return None if is_told else (*same[0], "number")
    named = {
        index
        for mention in claim.concepts
        if mention.past - mention.first > 1
        for index in range(mention.first, mention.past)
    }
    if roles <= _NOT_NOW and not any(
        word.lower in _SPEAKS_OF_PAST or (word.lower in ROLES and index not in named)
        for index, word in enumerate(claim.words)
    ):
        for source, other in others:
            if other.role not in _NOT_NOW and _are_alike(owner, other, same):
                return source, other, "number"
    return None


def _can_be_one(parts: set[str]) -> bool:
    """Tell whether one value can play several parts: the present one, or the highest, may be the first."""
    if parts <= _EARLIER:
        return True
    return not parts & _NOT_NOW and bool(parts & {"current", "highest", "lowest"})


_EARLIER = frozenset({"previous", "admission", "initial", "highest", "lowest"})


def _are_alike(owner: Owner, other: Owner, same: Given) -> bool:
    """Whether a rival measures what the claimed value measures in the source."""
    if other.label and owner.label and not are_of_one(other.label | other.near, owner.label):
        return False
    return any(are_comparable(theirs.quantity, other.quantity) for _, theirs in same)


def _other_bound(
    claim: Reading, owner: Owner, same: Given, others: Given
) -> tuple[Reading, Owner, str] | None:
    """ "Over 5" where the source has "less than 5"."""
    bound = owner.quantity.bound
    if bound and all(other.quantity.bound not in ("", bound) for _, other in same):
        return (*same[0], "number")
    return None


def _other_words(
    claim: Reading, owner: Owner, same: Given, others: Given
) -> tuple[Reading, Owner, str] | None:
    """ "Review in 4 months" where the source has "bloods in 4 months, review in 3 months"."""
    near = owner.near
    if not near or (owner.role and any(other.role == owner.role for _, other in same)):
        return None
    if _tests(claim, owner) and _is_named_beside(owner, same):
        return None
    shapes = frozenset[str]().union(*(shapes_of(other.quantity) for _, other in same))
    held = frozenset[str]().union(*(other.near | other.label for _, other in same))
    if are_of_one(near, held) or not all(other.near for _, other in same):
        return None
    best = None
    for source, rival in others:
        if is_age(source, rival) and not is_age(claim, owner):
            continue
        if not shapes.isdisjoint(shapes_of(rival.quantity)) and len(near & rival.near) > (
            best[2] if best else 0
        ):
            best = (source, rival, len(near & rival.near))
    return (best[0], best[1], "number") if best is not None else None


def _other_day(claim: Reading, owner: Owner, same: Given, others: Given) -> tuple[Reading, Owner, str] | None:
    """ "Sodium 135 on 12/05" where the row has "131 (12/05), 135 (15/05)"."""
    day = _day_behind(claim, owner)
    if day is None:
        return None
    own = [_day_behind(source, other) for source, other in same]
    if any(theirs is not None and is_same(day, theirs) for theirs in own):
        return None
    for source, other in others:
        theirs = _day_behind(source, other)
        if theirs is not None and is_same(day, theirs) and _are_alike(owner, other, same):
            return source, other, "number"
    return None


def _other_drug(
    claim: Reading, owner: Owner, same: Given, others: Given
) -> tuple[Reading, Owner, str] | None:
    """ "Metformin once creatinine < 1.3" where that is said of losartan, and another number of metformin."""
    ours = _drug_before(claim, owner)
    if not ours:
        return None
    theirs = [_drug_before(source, other) for source, other in same]
    if not all(theirs) or ours in theirs:
        return None
    for source, other in others:
        is_alike = not shapes_of(other.quantity).isdisjoint(shapes_of(owner.quantity))
        if _drug_before(source, other) == ours and is_alike:
            return source, other, "number"
    return None


def _other_age(claim: Reading, owner: Owner, same: Given, others: Given) -> tuple[Reading, Owner, str] | None:
    """ "55-year-old" where the source has "62M, father died at 55"."""
    if not is_age(claim, owner) or any(is_age(source, other) for source, other in same):
        return None
    return next(((source, other, "number") for source, other in others if is_age(source, other)), None)


def is_age(reading: Reading, owner: Owner) -> bool:
    """Tell whether a number is written as somebody's age: "58F", "58-year-old", "aged 58"."""
    if owner.quantity.unit not in _YEARS:
        return False
    text = owner.quantity.text.lower()
    following = reading.text[owner.quantity.end :][:6].lstrip(" -").lower()
    return (
        text.isdecimal() or text.endswith(("f", "m", "yo", "old", "y/o", "y")) or following.startswith("old")
    )


_YEARS = frozenset({"year", "years", "yr", "yrs", "y"})


def _drug_before(reading: Reading, owner: Owner) -> str:
    """The last drug named before a number in its sentence; "" if there is none."""
    name = ""
    for mention in reading.drugs:
        if mention.past > owner.first:
            break
        name = mention.name
    return name


def _day_behind(reading: Reading, owner: Owner) -> Quantity | None:
    """The date right behind a value, within two words."""
    if not owner.quantity.values:
        return None
    for other in reading.owners:
        is_behind = 0 <= other.first - owner.past <= 2 and other is not owner
        if is_behind and (other.quantity.dates or is_year(other.quantity)):
            return other.quantity
    return None


def _flag(claim: Reading, owner: Owner, source: Reading, other: Owner, kind: str) -> Flag:
    said, says = quoted(in_context(claim, owner)), quoted(in_context(source, other))
    return Flag(
        kind,
        Severity.CRITICAL,
        f"Number: the claim says {said}; sentence {source.number} says {says}.",
        frozenset(range(owner.first, owner.past)),
    )


_TO_SHOW = 3  # words before a number that a message shows


def in_context(reading: Reading, owner: Owner) -> str:
    """A number with the few words before it, as written."""
    start = owner.quantity.start
    for word in reversed(reading.words[max(0, owner.first - _TO_SHOW) : owner.first]):
        if not (word.lower[0].isalpha() or word.lower in {":", "=", "~", "≈", "<", ">", "≤", "≥"}):
            break
        start = word.start
    return reading.text[start : owner.quantity.end].lstrip(":=~≈ ")
