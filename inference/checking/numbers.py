"""Every number of a claim must stand in its evidence, with a unit that means the same."""

import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Sequence

from inference.checking.abbreviations import expansions
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.quantities import Quantity, is_among, is_same, quantities
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_ALIKE = 2  # likeness from which a number of the source is named as the right one
_MOST = 3  # flags per claim; further wrong numbers hide behind the first ones


def check(claim: Reading, sources: Sequence[Reading], explained: Collection[int]) -> list[Flag]:
    """Flag numbers that the evidence does not hold, and values that stand there for something else.

    Args:
        claim: the claim's text.
        sources: the cited sentences.
        explained: starts of quantities that another check has flagged already.
    """
    given = [(source, quantity) for source in sources for quantity in source.quantities]
    flags: list[Flag] = []
    for quantity in claim.quantities:
        if quantity.start in explained or _is_spelt_otherwise(claim, quantity, sources):
            continue
        if is_among(quantity, [other for _, other in given]):
            flag = _misplaced(claim, quantity, sources) or _beside_a_gap(claim, quantity, given)
        elif any(is_among(quantity, quantities(source.section)) for source in sources):
            flag = None
        else:
            flag = _absent(claim, quantity, sources, given)
        if flag is not None:
            flags.append(flag)
    return flags[:_MOST]


def _is_spelt_otherwise(claim: Reading, quantity: Quantity, sources: Sequence[Reading]) -> bool:
    """Tell whether the evidence can hold a number inside a word: "type 2" as T2DM, "three times" as TDS."""
    following = claim.text[quantity.end :].lstrip(" -").lower()
    if quantity.is_word and following.startswith("time"):
        return True
    if quantity.unit or len(quantity.values) != 1 or not 0 < quantity.values[0] < 10:
        return False
    index = _first_token(claim, quantity)
    if index == 0:
        return False
    short = f"{claim.words[index - 1].lower[0]}{quantity.values[0]}"
    return any(word.lower.startswith(short) for source in sources for word in source.words)


def _absent(
    claim: Reading, quantity: Quantity, sources: Sequence[Reading], given: Sequence[tuple[Reading, Quantity]]
) -> Flag | None:
    severity = Severity.WARNING if quantity.is_word else Severity.CRITICAL
    label = _label(claim, quantity)
    rivals = [
        (_likeness(quantity, label, source, other), -index, source, other)
        for index, (source, other) in enumerate(given)
        if not is_same(quantity, other) and not any(is_same(other, own) for own in claim.quantities)
    ]
    if len(rivals) > 1 or quantity.is_word:
        rivals = [rival for rival in rivals if rival[0] >= _ALIKE]
    said = _in_context(claim, quantity)
    if not rivals:
        return Flag(
            "number",
            severity,
            f"Number: the claim says {quoted(said)}; {cited(sources)} gives no such number.",
        )
    _, _, source, other = max(rivals, key=lambda rival: rival[:2])
    kind = "unit" if quantity.values and other.values == quantity.values else "number"
    what = "Date" if quantity.dates and not quantity.values else kind.capitalize()
    says = quoted(_in_context(source, other))
    message = f"{what}: the claim says {quoted(said)}; sentence {source.number} says {says}."
    return Flag(kind, severity, message)


def _misplaced(claim: Reading, quantity: Quantity, sources: Sequence[Reading]) -> Flag | None:
    """Flag "Na 5.2" where the sentence has "Na 131, K 5.2": the number is there, but behind another word."""
    label = _label(claim, quantity)
    if not label or not quantity.values:
        return None
    behind = [
        (source, other) for source in sources for other in source.quantities if _label(source, other) == label
    ]
    if not behind or any(is_same(quantity, other) for _, other in behind):
        return None
    owners = [
        _label(source, other) for source in sources for other in source.quantities if is_same(quantity, other)
    ]
    if not all(owners) or any(source.is_row for source in sources):
        return None
    source, other = behind[0]
    return Flag(
        "number",
        Severity.CRITICAL,
        f"Number: the claim says {quoted(_in_context(claim, quantity))}; sentence {source.number} says "
        f"{quoted(_in_context(source, other))}.",
    )


def _beside_a_gap(
    claim: Reading, quantity: Quantity, given: Sequence[tuple[Reading, Quantity]]
) -> Flag | None:
    """Flag a number that stands in the source only beside a character nobody could read: "50 \ufffdg"."""
    found = [(source, other) for source, other in given if is_same(quantity, other)]
    if not found or not all(_has_gap(source.text, other) for source, other in found):
        return None
    source = found[0][0]
    return Flag(
        "unreadable",
        Severity.WARNING,
        f"Unreadable: right beside {quoted(_in_context(claim, quantity))}, sentence {source.number} has a "
        f"character that could not be read; look at the document.",
    )


def _has_gap(text: str, quantity: Quantity) -> bool:
    beside = text[: quantity.start].rstrip()[-1:] + text[quantity.end :].lstrip()[:1]
    return any(mark == "\ufffd" or unicodedata.category(mark) in {"Co", "Cn"} for mark in beside)


_LINKS = frozenset({":", "=", "is", "was", "of", "at", "~", "≈", "dose"})


def _label(reading: Reading, quantity: Quantity) -> str:
    """The content word right before a number (over ":", "is", "was"), as a stem; "" if there is none."""
    index = _first_token(reading, quantity) - 1
    while index >= 0 and reading.words[index].lower in _LINKS:
        index -= 1
    word = reading.stems.get(index, "")
    meant = expansions().get(word, frozenset())
    return min(meant) if len(meant) == 1 else word  # "K" and "potassium" are one label


def _first_token(reading: Reading, quantity: Quantity) -> int:
    return bisect_left(reading.words, quantity.start, key=lambda word: word.start)


def _in_context(reading: Reading, quantity: Quantity) -> str:
    """A number with the one or two words before it, as written."""
    index = _first_token(reading, quantity)
    start = quantity.start
    for word in reversed(reading.words[max(0, index - 2) : index]):
        if not (word.lower[0].isalpha() or word.lower in _LINKS):
            break
        start = word.start
    return reading.text[start : quantity.end].lstrip(":=~≈ ")


def _likeness(quantity: Quantity, label: str, source: Reading, other: Quantity) -> int:
    """How likely a number of the source is the one that the claim has got wrong; 0: unlikely."""
    score = 0
    if label and _label(source, other) == label:
        score += 4
    if quantity.unit and quantity.unit == other.unit:
        score += 3
    if quantity.values and quantity.values == other.values:
        score += 3
    if bool(quantity.dates and not quantity.values) and bool(other.dates):
        score += 2
    if len(quantity.values) == len(other.values) == 2:
        score += 2
    if (
        not score
        and quantity.values
        and len(quantity.values) == len(other.values)
        and quantity.unit == other.unit
    ):
        score += 1
    return score
