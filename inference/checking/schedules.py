"""A drug in a claim must be taken as often as its evidence says."""

import re
from collections.abc import Sequence

from inference.checking.drugs import Mention
from inference.checking.flags import Flag, quoted
from inference.checking.frequencies import Frequency, frequencies
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_END = re.compile(r"[.;](?=\s)")
_FORMER = re.compile(
    r"\b(?:from|had been|previously|instead of|was)\s+(?:[\d.,]+\s?[^\W\d]*\s*)?$", re.IGNORECASE
)
_FORMER_HEADS = ("before", "previous", "prior", "pre-", "home", "old")
_SPEAKS_OF_FORMER = frozenset(
    {"from", "before", "previous", "previously", "prior", "was", "had", "home", "until"}
)


def check(
    claim: Reading, mention: Mention, given: Sequence[tuple[Reading, Mention]]
) -> tuple[Flag | None, set[int]]:
    """Flag a frequency that the evidence does not give for this drug.

    Args:
        claim: the claim's text.
        mention: a drug that it names.
        given: where the evidence names that drug.

    Returns:
        At most one flag, and the starts of the claim's quantities that are of a frequency ("every 6 hours").
    """
    claimed = _in_its_sentence(claim, mention)
    if not claimed:
        return None, set()
    explained = {
        quantity.start
        for frequency in claimed
        for quantity in claim.quantities
        if frequency.start <= quantity.start < frequency.end
    }
    known = [(source, f) for source, other in given for f in source.frequencies_of.get(other, ())]
    wrong = next((ours for ours in claimed if not _is_among(ours, known, claim)), None)
    if wrong is None:
        return None, explained
    said = quoted(_with_drug(claim, mention, wrong))
    if known:
        source = known[0][0]
        theirs = ", ".join(dict.fromkeys(frequency.text for owner, frequency in known if owner is source))
        message = f"Frequency: the claim says {said}; sentence {source.number} says {quoted(theirs)}."
        return Flag("frequency", Severity.CRITICAL, message), explained
    sources = {id(source): source for source, _ in given}.values()
    if any(_agree(wrong, other) for source in sources for other in _of_no_drug(source)):
        return None, explained
    message = f"Frequency: the claim says {said}; sentence {given[0][0].number} gives no frequency for it."
    return Flag("frequency", Severity.WARNING, message), explained


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
