"""The deterministic checker: no model, only rules, on every claim against the sentences it cites.

One module per check. A check reads the claim and its sources (`Reading`) and returns flags; it never
changes a claim. An unflagged claim is one about which no rule found a doubt: that is all it says.
"""

from inference.checking import (
    assertions,
    details,
    evidence,
    injection,
    laterality,
    medications,
    numbers,
    resuscitation,
)
from inference.checking.evidence import find_evidence
from inference.checking.flags import Flag, most_severe_first
from inference.checking.reading import Reading, read_sentence
from inference.engines.base import DraftClaim
from inference.text import Note
from inference.vocabulary import Severity

__all__ = ["Flag", "check_claim", "find_evidence"]


def check_claim(claim: DraftClaim, note: Note) -> tuple[Flag, ...]:
    """Test a claim against the sentences it cites.

    A cause raises one flag: a claim without evidence, or with evidence about something else, is not also told
    that its numbers are missing there; a wrong dose is not also a wrong number.

    Args:
        claim: an engine's claim, or one that a clinician typed.
        note: the note that it cites. Linear in the length of the claim and its sentences; only where the
            sentences hardly support the claim is the whole note searched for better ones.

    Returns:
        Flags, most severe first; empty where no rule found a doubt.
    """
    if (flag := evidence.missing(claim.evidence, note)) is not None:
        return (flag,)
    sources = [read_sentence(note, note.sentences[number - 1]) for number in claim.evidence]
    reading = _read_claim(claim.text, sources)
    suspicious = injection.check(reading, sources, note)
    flags = [suspicious] if suspicious is not None else []
    unsupported = evidence.support(reading, sources, note)
    code_status = resuscitation.check(reading, sources, claim.assertion)
    if code_status is None and unsupported is not None and unsupported.severity is Severity.CRITICAL:
        return most_severe_first([*flags, unsupported])
    drug_flags, explained = medications.check(reading, sources, claim.assertion)
    typed = [*drug_flags, *numbers.check(reading, sources, explained)]
    if (side := laterality.check(reading, sources)) is not None:
        typed.append(side)
    if code_status is not None:
        return most_severe_first([*flags, *typed, code_status])
    if not any(flag.kind == "medication_status" for flag in drug_flags):
        typed.extend(assertions.check(reading, sources, claim.assertion))
    typed.extend(details.check(claim, sources, frozenset(flag.kind for flag in typed)))
    if unsupported is not None and not typed:
        typed.append(unsupported)
    return most_severe_first([*flags, *typed])


def _read_claim(text: str, sources: list[Reading]) -> Reading:
    reading = Reading(text)
    for source in sources:
        if source.text == reading.text:
            return source.as_claim()
    return reading
