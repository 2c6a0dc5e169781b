"""The deterministic checker: no model, only rules, on every claim against the sentences it cites.

One module per check. A check reads the claim and its sources (`Case`) and returns flags; it never
changes a claim. An unflagged claim is one about which no rule found a doubt: that is all it says.
"""

from dataclasses import replace

from inference.checking import (
    acts,
    allergies,
    assertions,
    bundles,
    details,
    directions,
    evidence,
    injection,
    laterality,
    medications,
    moments,
    numbers,
    reasons,
    resuscitation,
    severity,
    sites,
    subject,
    timing,
)
from inference.checking.case import Case, NoteReading
from inference.checking.evidence import best_sentences, find_evidence
from inference.checking.flags import Flag, one_a_cause
from inference.checking.reading import Reading
from inference.engines.base import DraftClaim
from inference.text import Note
from inference.vocabulary import Severity

__all__ = ["Checker", "Flag", "check_claim", "find_evidence"]


class Checker:
    """Tests the claims about one note; what it reads of the note it reads once."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self._reading = NoteReading(note)

    def check(self, claim: DraftClaim) -> tuple[Flag, ...]:
        """Test a claim against the sentences it cites.

        A cause raises one flag: a claim without evidence, or with evidence about something else, is not also
        told that its numbers are missing there; a wrong dose is not also a wrong number.

        Args:
            claim: an engine's claim, or one that a clinician typed. Linear in the length of the claim and its
                sentences; only where these hardly support it is the whole note searched for better ones.

        Returns:
            Flags, most severe first; empty where no rule found a doubt.
        """
        if (flag := evidence.missing(claim.evidence, self.note)) is not None:
            return (flag,)
        return one_a_cause(_doubts(Case(claim, self._reading)))

    def find_and_check(self, claim: DraftClaim) -> tuple[tuple[int, ...], tuple[Flag, ...]]:
        """As `check`; a claim that cites nothing is tested against the sentences that support it best.

        Returns:
            The sentence numbers, given or found, and the flags.
        """
        evidence = claim.evidence or best_sentences(Reading(claim.text), self._reading)
        return evidence, self.check(replace(claim, evidence=evidence))


def check_claim(claim: DraftClaim, note: Note) -> tuple[Flag, ...]:
    """Test one claim of a note; for several of the same note, keep a `Checker`."""
    return Checker(note).check(claim)


def _doubts(case: Case) -> list[Flag]:
    reading, sources = case.claim, case.sources
    suspicious = injection.check(case)
    flags = [suspicious] if suspicious is not None else []
    unsupported = evidence.support(case)
    code_status = resuscitation.check(reading, sources, case.assertion)
    if any(source.text == reading.text for source in sources):
        return [*flags, *_doubts_of_a_copy(case)]
    if code_status is None and unsupported is not None and unsupported.severity is Severity.CRITICAL:
        return [*flags, unsupported]
    drug_flags, explained, settled = medications.check(case)
    allergy_flags, settled_allergies = allergies.check(case)
    drug_flags = [*drug_flags, *allergy_flags]
    typed = [*drug_flags, *numbers.check(case, explained)]
    typed.extend(laterality.check(case))
    if code_status is not None:
        return [*flags, *typed, code_status]
    if not any(flag.kind == "medication_status" for flag in drug_flags):
        senses = [flag for flag in assertions.check(case) if not flag.places & settled]
        typed.extend(f for f in senses if f.kind != "negation" or not f.places & settled_allergies)
    for check in (reasons, severity, directions, timing, moments, acts, subject, sites):
        typed.extend(check.check(case))
    typed.extend(details.check(case, frozenset(flag.kind for flag in typed)))
    if unsupported is not None and not typed:
        typed.append(unsupported)
    if unsupported is None and (bundle := bundles.check(case)) is not None:
        typed.append(bundle)
    return [*flags, *typed]


def _doubts_of_a_copy(case: Case) -> list[Flag]:
    """What can be wrong with a copied sentence: how it is marked, its parts, what nobody could read."""
    code_status = resuscitation.check(case.claim, case.sources, case.assertion)
    flags = [*numbers.check(case, frozenset()), *assertions.check(case)]
    flags += details.check(case, frozenset(flag.kind for flag in flags))
    return flags if code_status is None else [*flags, code_status]
