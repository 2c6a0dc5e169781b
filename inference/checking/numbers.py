"""Every number of a claim must stand in its evidence, for the same thing, with a unit that means the same."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from decimal import ROUND_HALF_UP

from inference.checking import bindings, codes, rhythms, spans
from inference.checking.case import Case
from inference.checking.drug_events import Event, events_of
from inference.checking.drug_lists import is_old_dose
from inference.checking.drugs import classes_of, find_classes, names_within
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.measures import Owner, are_of_one
from inference.checking.quantities import Quantity, as_span, implied, is_among, is_same, quantities
from inference.checking.reading import Reading
from inference.checking.units import TIMES, dimension
from inference.vocabulary import Severity

_ALIKE = 2  # likeness from which a number of the source is named as the right one
_MOST = 3  # flags per claim; further wrong numbers hide behind the first ones
_MOST_READ = 30  # numbers of a claim: past them it is no claim, and would cost too much
_MOST_GIVEN = 500  # numbers of the sources that are looked through for the one that is meant
_NEARLY = 10  # percent by which "over 38" may round 38.5

Given = Sequence[tuple[Reading, Owner]]


def check(case: Case, explained: Collection[int]) -> list[Flag]:
    """Flag numbers that the evidence does not hold, and values that stand there for something else.

    Args:
        case: the claim and its sources.
        explained: starts of quantities that another check has flagged already.
    """
    return doubts(case.claim, case.sources, explained, case.around.sentences)


def doubts(
    claim: Reading,
    sources: Sequence[Reading],
    explained: Collection[int] = (),
    around: Sequence[Reading] = (),
) -> list[Flag]:
    """As `check`, for any words beside any sentences.

    Args:
        claim: the words that are tested.
        sources: the cited sentences.
        explained: starts of quantities that another check has flagged already.
        around: every sentence of the note: a number may stand in one that is not cited.
    """
    if any(source.text == claim.text for source in sources):
        return [flag for flag in (_gap(claim, owner, sources) for owner in claim.owners) if flag is not None]
    given = [(source, owner) for source in sources for owner in source.owners]
    flags: list[Flag] = []
    for owner in claim.owners[:_MOST_READ]:
        if len(flags) == _MOST:
            break
        if owner.quantity.start in explained or _is_of_a_name(claim, owner):
            continue
        flag = _gap(claim, owner, sources) or _doubt(claim, owner, sources, given, around)
        if flag is not None:
            flags.append(flag)
    flags += bindings.turned(claim, sources)
    flags += codes.check(claim, sources)
    flags += rhythms.check(claim, sources)
    return flags[:_MOST]


def _doubt(
    claim: Reading, owner: Owner, sources: Sequence[Reading], given: Given, around: Sequence[Reading]
) -> Flag | None:
    quantity = owner.quantity
    if any(_is_in_thousands(owner, other) for _, other in given):
        return None
    if is_among(quantity, [other.quantity for _, other in given]):
        return bindings.misbound(claim, owner, given[:_MOST_GIVEN])
    if _is_implied(claim, owner, sources, given):
        return None
    if quantity.unit in TIMES and _STAY.search(claim.text):
        days = [other.quantity for sentence in around for other in sentence.owners if other.quantity.dates]
        if spans.is_between_dates(quantity, days):
            return None
    is_age = bindings.is_age(claim, owner)
    rivals = [
        (source, other)
        for source, other in given
        if bindings.is_rival(owner, other) and is_age == bindings.is_age(source, other)
    ]
    if not rivals and quantity.is_word and not quantity.unit:  # a list counted: "three tablets for pressure"
        return None
    has_time = any(as_span(o.quantity).unit in TIMES and not bindings.is_age(s, o) for s, o in given)
    if not rivals and (elsewhere := _elsewhere(claim, owner, around, has_time=has_time)) is not None:
        return _stands_elsewhere(claim, owner, elsewhere)
    if (named := _of_its_drug(claim, owner, around)) is not None:
        return _stands_elsewhere(claim, owner, named)
    return _absent(claim, owner, sources, given)


_STAY = re.compile(
    r"\b(?:stay|stayed|admission|admitted|inpatient|in hospital|hospitali[sz]ed)\b", re.IGNORECASE
)


def _of_its_drug(claim: Reading, owner: Owner, around: Sequence[Reading]) -> Reading | None:
    """A sentence that has the number with the same drug or its class, where the claim tells of a change."""
    before = [mention for mention in claim.drugs if mention.past <= owner.first]
    if not before or not (
        is_old_dose(claim, owner.quantity) or events_of(claim, claim.drugs)[before[-1]] & _MOVES
    ):
        return None
    names = classes_of(before[-1].name) | names_within(before[-1].name)
    for sentence in around:
        named = {*(drug.name for drug in sentence.drugs), *(c.name for c in find_classes(sentence.words))}
        if not names.isdisjoint(named) and is_among(owner.quantity, sentence.quantities):
            return sentence
    return None


_MOVES = frozenset({Event.RAISED, Event.LOWERED, Event.CHANGED})


def _is_of_a_name(claim: Reading, owner: Owner) -> bool:
    """Tell whether a number belongs to a name ("PHQ-9", "COVID-19", "12-lead") or counts nothing."""
    names = lexicon("units")["names"]
    quantity = owner.quantity
    if quantity.unit or len(quantity.values) != 1:
        return False
    before = claim.text[max(0, quantity.start - 12) : quantity.start].lower().rstrip(" -")
    if any(
        before.endswith(name) and not before[-len(name) - 1 : -len(name)].isalpha()
        for name in names["before"]
    ):
        return True
    following = claim.words[owner.past : owner.past + 2]
    return any(word.lower in names["behind"] for word in following)


def _is_implied(claim: Reading, owner: Owner, sources: Sequence[Reading], given: Given) -> bool:
    """Tell whether the evidence bears a number out without writing it: "type 2" as T2DM, 3 times as TDS."""
    quantity = owner.quantity
    hidden = [other for source in sources for other in implied(source.section)]
    is_doubtful = not quantity.unit and any(bindings.is_rival(owner, other) for _, other in given)
    initial = claim.words[owner.first - 1].lower[0] if owner.first else ""
    hidden += [  # beside another type than 1, "HbA1c" and "a cough" bear no "type 1" out; "T1DM" does
        other
        for source in sources
        for other in implied(source.text)
        if not is_doubtful or (initial and _initial(source.text, other.start) == initial)
    ]
    if is_among(quantity, hidden):
        return True
    if any(is_among(quantity, quantities(source.section)) for source in sources if source.section):
        return True
    if any(
        _satisfies(quantity, other.quantity) or _is_rounded(quantity, other.quantity) for _, other in given
    ):
        return True
    if quantity.unit in TIMES and spans.is_between_dates(quantity, [other.quantity for _, other in given]):
        return True
    if quantity.unit == "%" and _is_share(claim, owner, given):
        return True
    if dimension(quantity.unit) == "pack_years":
        return _are_pack_years(quantity, sources, given)
    if _says_times(claim, owner):
        return any(
            often.per_day == quantity.values[0] for source in sources for often in source.frequencies
        ) or not any(bindings.is_rival(owner, other) for _, other in given)
    # "Day or two" after a unit; "once or twice".
    before = claim.words[owner.first - 1].lower if owner.first else ""
    return quantity.is_word and before == "or"


def _is_share(claim: Reading, owner: Owner, given: Given) -> bool:
    """Tell whether "67% of best" follows from 280 and 420 of one sentence."""
    if owner.past >= len(claim.words) or claim.words[owner.past].lower not in ("of", "best", "predicted"):
        return False
    percent = owner.quantity.values[0]
    plain = [(s, o.quantity.values[0]) for s, o in given[:_MOST_READ] if len(o.quantity.values) == 1]
    return any(
        source is other and whole > part > 0 and abs(part * 100 / whole - percent) < 1
        for source, part in plain
        for other, whole in plain
    )


def _initial(text: str, place: int) -> str:
    """The first letter of the word before `place`, at most three letters back."""
    before = text[max(0, place - 4) : place]
    letters = before[len(before.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) :]
    return letters[:1].lower()


def _says_times(claim: Reading, owner: Owner) -> bool:
    following = claim.words[owner.past].lower if owner.past < len(claim.words) else ""
    return following in ("time", "times", "x") and len(owner.quantity.values) == 1


def _satisfies(claimed: Quantity, given: Quantity) -> bool:
    """Tell whether "over 38" is said of 38.5, or "under 7" of 6.8."""
    if not claimed.bound or given.bound or len(claimed.values) != 1 or len(given.values) != 1:
        return False
    if claimed.unit in TIMES:
        return claimed.bound == "over" and spans.is_longer(claimed, given)
    if claimed.unit and given.unit and dimension(claimed.unit) != dimension(given.unit):
        return False
    limit, value = claimed.values[0], given.values[0]
    slack = limit * _NEARLY / 100
    return limit <= value <= limit + slack if claimed.bound == "over" else limit - slack <= value <= limit


def _is_rounded(claimed: Quantity, given: Quantity) -> bool:
    """Tell whether a large whole number is another without its decimals: a BMI of 31 for 31.2."""
    if len(claimed.values) != 1 or len(given.values) != 1 or claimed.values[0] < _LARGE:
        return False
    ours, theirs = claimed.values[0], given.values[0]
    is_unit = not claimed.unit or not given.unit or claimed.unit == given.unit
    is_whole = ours == ours.to_integral_value() and theirs != theirs.to_integral_value()
    return is_unit and is_whole and ours == theirs.quantize(ours, ROUND_HALF_UP)


_LARGE = 20  # from here on a whole number is at most some percent from the exact one


def _is_in_thousands(owner: Owner, other: Owner) -> bool:
    """Tell whether cells are counted in thousands on one side: a white count of 11.2 for 11,200."""
    if len(owner.quantity.values) != 1 or len(other.quantity.values) != 1:
        return False
    if owner.label.isdisjoint(_CELLS) or other.label.isdisjoint(_CELLS):
        return False
    return owner.quantity.values[0] * 1000 == other.quantity.values[0] or (
        other.quantity.values[0] * 1000 == owner.quantity.values[0]
    )


_CELLS = frozenset({"=white cell count", "=platelets", "=platelet count", "=full blood count"})


def _are_pack_years(claimed: Quantity, sources: Sequence[Reading], given: Given) -> bool:
    """Tell whether years of smoking by packs a day give the pack-years: 20 a day for 25 years are 25."""
    found = [owner.quantity for _, owner in given if len(owner.quantity.values) == 1]
    years = [q.values[0] for q in found if q.unit in TIMES and q.unit.startswith("y")]
    packs = [q.values[0] for q in found if dimension(q.unit) == "packs"]
    packs += [q.values[0] / 20 for q in found if not q.unit or q.hours == 24]
    if any("pack" in word.lower or word.lower == "ppd" for source in sources for word in source.words):
        packs.append(years[0] * 0 + 1 if years else claimed.values[0])
    return any(abs(y * p - claimed.values[0]) <= 1 for y in years for p in packs)


def _elsewhere(claim: Reading, owner: Owner, around: Sequence[Reading], *, has_time: bool) -> Reading | None:
    """A sentence that has a number for the same thing, where the cited ones have no number for it."""
    quantity = owner.quantity
    is_age = quantity.unit == "decade" or bindings.is_age(claim, owner)
    wanted = (owner.near | owner.label) or claim.vocabulary
    is_rare = _is_rare(quantity) or (quantity.unit in TIMES and not is_age and not has_time)
    for sentence in around:
        for other in sentence.owners:
            if is_same(quantity, other.quantity) and (
                is_rare
                or are_of_one(wanted, other.near | other.label)
                or (is_age and other.quantity.unit == "years")
            ):
                return sentence
    return None


def _is_rare(quantity: Quantity) -> bool:
    """Tell whether a number hardly stands in a note twice for different things: 128/72, 12/05/2025, 1.83."""
    if quantity.dates:
        return any(year is not None for year, _, _ in quantity.dates)
    is_row = len(quantity.values) > 1 and not quantity.is_range
    return is_row or len(quantity.values[0].as_tuple().digits) > 2


def _stands_elsewhere(claim: Reading, owner: Owner, sentence: Reading) -> Flag:
    return Flag(
        "number",
        Severity.NOTE,
        f"Number: {quoted(_in_context(claim, owner))} stands in sentence {sentence.number}, which the "
        f"claim does not cite.",
        _places(owner),
    )


def _absent(claim: Reading, owner: Owner, sources: Sequence[Reading], given: Given) -> Flag | None:
    quantity = owner.quantity
    severity = Severity.WARNING if quantity.is_word else Severity.CRITICAL
    ours = [own.quantity for own in claim.owners]
    rivals = [
        (_likeness(owner, other), -index, source, other)
        for index, (source, other) in enumerate(given[:_MOST_GIVEN])
        if not is_same(quantity, other.quantity) and not any(is_same(other.quantity, own) for own in ours)
    ]
    if len(rivals) > 1 or quantity.is_word:
        rivals = [rival for rival in rivals if rival[0] >= _ALIKE]
    said = _in_context(claim, owner)
    if not rivals:
        message = f"Number: the claim says {quoted(said)}; {cited(sources)} gives no such number."
        return Flag("number", severity, message, _places(owner))
    _, _, source, other = max(rivals, key=lambda rival: rival[:2])
    kind = "unit" if quantity.values and other.quantity.values == quantity.values else "number"
    what = "Date" if quantity.dates and not quantity.values else kind.capitalize()
    says = quoted(_in_context(source, other))
    message = f"{what}: the claim says {quoted(said)}; sentence {source.number} says {says}."
    return Flag(kind, severity, message, _places(owner))


def _gap(claim: Reading, owner: Owner, sources: Sequence[Reading]) -> Flag | None:
    """Flag a number that stands in the source only beside a character nobody could read: "50 \ufffdg"."""
    found = [
        (source, other) for source in sources for other in source.quantities if is_same(owner.quantity, other)
    ]
    if not found or not all(_has_gap(source.text, other) for source, other in found):
        return None
    source = found[0][0]
    return Flag(
        "unreadable",
        Severity.WARNING,
        f"Unreadable: right beside {quoted(_in_context(claim, owner))}, sentence {source.number} has a "
        f"character that could not be read; look at the document.",
        _places(owner),
    )


def _has_gap(text: str, quantity: Quantity) -> bool:
    beside = text[: quantity.start].rstrip()[-1:] + text[quantity.end :].lstrip()[:1]
    return any(mark == "\ufffd" or unicodedata.category(mark) in {"Co", "Cn"} for mark in beside)


def _places(owner: Owner) -> frozenset[int]:
    return frozenset(range(owner.first, owner.past))


def _in_context(reading: Reading, owner: Owner) -> str:
    return bindings.in_context(reading, owner)


def _likeness(owner: Owner, other: Owner) -> int:
    """How likely a number of the source is the one that the claim has got wrong; 0: unlikely."""
    quantity, given = owner.quantity, other.quantity
    score = 4 * are_of_one(owner.label, other.label) + 2 * are_of_one(owner.near, other.near)
    if quantity.unit and dimension(quantity.unit) == dimension(given.unit):
        score += 3
    if quantity.values and quantity.values == given.values:
        score += 3
    if bool(quantity.dates and not quantity.values) and bool(given.dates):
        score += 2
    if len(quantity.values) == len(given.values) == 2:
        score += 2
    is_alike = quantity.values and len(quantity.values) == len(given.values) and quantity.unit == given.unit
    return score or int(bool(is_alike))
