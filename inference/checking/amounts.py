"""The quantities of a text that are doses, the drug each belongs to, and the steps from one to another."""

from inference.checking.drug_lists import is_old_dose
from inference.checking.drugs import Mention
from inference.checking.quantities import Quantity, is_same
from inference.checking.reading import Reading
from inference.checking.tokens import tokens
from inference.checking.units import UNITS, dimension

FORMS = frozenset({"dose_form", "puffs", "drops"})
_DOSE_DIMENSIONS = FORMS | {
    "mass",
    "activity",
    "volume",
    "amount",
    "equivalent",
    "mass_rate",
    "mass_per_mass",
}
_NEAR = 3  # tokens between a dose and the drug that follows it: "5 mg of bisoprolol"
_LEADING = frozenset({"of", "oral", "iv", "po", "daily", "nightly", "the", "home", "her", "his", "im", "sc"})


def doses(reading: Reading, mention: Mention) -> list[Quantity]:
    """The quantities that belong to a drug: those after it up to the next drug, or one right before it.

    "Ramipril 5 mg od, bisoprolol 2.5 mg": 5 mg is ramipril's. "5 mg of bisoprolol": its own. Dates, clock
    times and spans of time are no doses. Worked out once for each reading.
    """
    if mention not in reading.doses:
        reading.doses[mention] = _doses(reading, mention)
    return reading.doses[mention]


def _doses(reading: Reading, mention: Mention) -> list[Quantity]:
    index = reading.drugs.index(mention)
    words = reading.words
    past = words[mention.past - 1].end
    following = reading.drugs[index + 1] if index + 1 < len(reading.drugs) else None
    until = words[following.first].start if following else len(reading.text)
    after = [q for q in reading.quantities if past <= q.start < until and is_dose(q)]
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
    start = reading.words[mention.first].start
    if start - quantity.end > 40:
        return False
    gap = tokens(reading.text[quantity.end : start])
    return bool(
        is_dose(quantity)
        and quantity.unit
        and len(gap) <= _NEAR
        and all(word.lower in _LEADING for word in gap)
    )


def is_dose(quantity: Quantity) -> bool:
    if not quantity.values or quantity.unit == "clock" or quantity.is_word:
        return False
    if quantity.dates and not quantity.unit:  # "STOPPED 16/05"
        return False
    if quantity.unit:
        return dimension(quantity.unit) in _DOSE_DIMENSIONS
    return not 1900 <= quantity.values[0] <= 2100


def steps(reading: Reading, mention: Mention) -> list[tuple[Quantity, Quantity]]:
    """The changes of a drug's dose that a text tells, as pairs of the old dose and the new one."""
    own = [q for q in doses(reading, mention) if len(q.values) == 1]
    old = [q for q in own if is_old_dose(reading, q)]
    new = [q for q in own if q not in old and (not q.unit or dimension(q.unit) not in FORMS)]
    return [(old[0], new[0])] if len(old) == 1 and new and not is_same(old[0], new[0]) else []


def compare(old: Quantity, new: Quantity) -> int:
    """1 where a dose rises, -1 where it falls, 0 where the two do not compare."""
    unit, other = old.unit or new.unit, new.unit or old.unit
    if unit != other and (unit not in UNITS or other not in UNITS or dimension(unit) != dimension(other)):
        return 0
    before = old.values[0] * (UNITS[unit][1] if unit in UNITS else 1)
    after = new.values[0] * (UNITS[other][1] if other in UNITS else 1)
    return (after > before) - (after < before)
