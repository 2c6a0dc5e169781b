"""The parts of a medication or allergy claim: each must be in the claim's own words and in its evidence."""

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import replace

from inference.checking import medications, numbers
from inference.checking.case import Case
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.nearness import gives_route, tells_status
from inference.checking.quantities import is_among
from inference.checking.reading import Reading
from inference.checking.statuses import Status, status_of
from inference.engines.base import Allergy, DraftClaim, Medication
from inference.vocabulary import DrugStatus, Severity

_ENDING = frozenset({DrugStatus.STOPPED, DrugStatus.HELD})
_TOLD = _ENDING | {DrugStatus.STARTED, DrugStatus.CHANGED}
_CLAUSE = re.compile(r"(?<=[a-z0-9)]{3})\.\s+(?=[A-Z])|[;\n]")
_ITEM = re.compile(r",\s*|\band\b")
_PAIRED = re.compile(r"\w\s*(?::|\s[-–—]|\()\s*\w")
# How a sentence begins that goes on about the substance of the one before it.
_GOES_ON = re.compile(
    r"\W*(?:the |his |her )?(?:reactions?|this|it|he|she|they|patient|developed|caused|had|gets|gave|came)\b",
    re.IGNORECASE,
)


def check(case: Case, flagged: frozenset[str]) -> list[Flag]:
    """Flag details that the evidence does not bear out, or that say something else than the claim's text.

    Args:
        case: the claim, with its parts, and the cited sentences.
        flagged: kinds of doubt that the claim's text has raised already; a cause raises one flag.
    """
    claim, sources = case.draft, case.sources
    if claim.medication is not None:
        flags = _check_medication(case, claim.medication)
    elif claim.allergy is not None:
        parts = (("substance", claim.allergy.substance), ("reaction", claim.allergy.reaction))
        flags = [flag for what, words in parts if (flag := _absent(what, words, claim, sources))]
        if not flags and (flag := _other_reaction(claim.allergy, sources)) is not None:
            flags = [flag]
    else:
        return []
    return [flag for flag in flags if flag.kind not in flagged]


def _check_medication(case: Case, parts: Medication) -> list[Flag]:
    claim, sources = case.draft, case.sources
    stated = Reading(" ".join(part for part in (parts.name, parts.dose, parts.frequency) if part))
    as_stated = copy(case)
    as_stated.claim = stated
    flags, explained, _ = medications.check(as_stated)
    flags = [flag for flag in flags if flag.kind != "medication_status"]
    flags += numbers.doubts(stated, sources, explained)
    # These places are of the parts, not of the claim's own words.
    flags = [replace(flag, places=frozenset()) for flag in flags]
    if not stated.drugs and (flag := _absent("drug", parts.name, claim, sources)):
        flags.append(flag)
    if (flag := _other_dose(claim.text, parts)) is not None:
        flags.append(flag)
    if (flag := _wrong_route(parts, sources)) is not None:
        flags.append(flag)
    if (flag := _wrong_status(parts, stated, sources)) is not None:
        flags.append(flag)
    return flags


def _absent(what: str, words: str, claim: DraftClaim, sources: Sequence[Reading]) -> Flag | None:
    """Doubt words that stand neither in the evidence nor in its titles."""
    wanted = Reading(words)
    given = {stem for source in sources for stem in source.stem_set | Reading(source.section).stem_set}
    known = {drug.name for source in sources for drug in source.drugs}
    if wanted.stem_set <= given or (wanted.drugs and {drug.name for drug in wanted.drugs} <= known):
        return None
    return Flag(
        "detail",
        Severity.WARNING,
        f"Detail: the {what} {quoted(words)} does not stand in {cited(sources)}.",
    )


def _other_dose(text: str, parts: Medication) -> Flag | None:
    """Doubt a dose that differs from the one in the claim's own text."""
    in_text, stated = Reading(text), Reading(parts.dose)
    doses = [dose for mention in in_text.drugs for dose in medications.doses(in_text, mention)]
    if not doses or all(is_among(dose, doses) for dose in stated.quantities):
        return None
    return Flag(
        "detail",
        Severity.CRITICAL,
        f"Detail: the dose is given as {quoted(parts.dose)}, but the claim says {quoted(text)}.",
    )


def _other_reaction(parts: Allergy, sources: Sequence[Reading]) -> Flag | None:
    """Doubt a reaction that the evidence gives for another substance: "Penicillin: rash. Latex: wheeze."."""
    substance, reaction = Reading(parts.substance), Reading(parts.reaction)
    if not reaction.stem_set or any(source.is_row for source in sources):
        return None
    clauses = [clause for source in sources for clause in _CLAUSE.split(f"{source.section}: {source.text}")]
    for clause in clauses:
        items = _ITEM.split(clause)
        is_paired = sum(_PAIRED.search(item) is not None for item in items) > 1
        for piece in items if is_paired else [clause]:
            given = Reading(piece).stem_set
            if reaction.stem_set <= given and (substance.stem_set <= given or _GOES_ON.match(piece)):
                return None
    return Flag(
        "detail",
        Severity.WARNING,
        f"Detail: {cited(sources)} may not give {quoted(parts.reaction)} for {quoted(parts.substance)}.",
    )


def _wrong_route(parts: Medication, sources: Sequence[Reading]) -> Flag | None:
    if not parts.route.strip() or any(gives_route(parts.route, parts.name, source) for source in sources):
        return None
    return Flag(
        "detail",
        Severity.WARNING,
        f"Detail: the route {quoted(parts.route)} does not stand with the drug in {cited(sources)}.",
    )


def _wrong_status(parts: Medication, stated: Reading, sources: Sequence[Reading]) -> Flag | None:
    """Doubt a status that the evidence contradicts, or one of its own that no word of it tells."""
    status = parts.status
    names = {mention.name for mention in stated.drugs}
    said = {
        status_of(source, mention) for source in sources for mention in source.drugs if mention.name in names
    }
    is_over = status in _ENDING
    if (is_over and said == {Status.GOES_ON}) or (
        not is_over and status is not DrugStatus.UNSTATED and said == {Status.ENDED}
    ):
        return Flag(
            "medication_status",
            Severity.CRITICAL,
            f"Stopped drug: its status is given as “{status.value}”; {cited(sources)} says otherwise.",
        )
    if status not in _TOLD or any(tells_status(status, parts.name, source) for source in sources):
        return None
    return Flag(
        "detail",
        Severity.WARNING,
        f"Detail: the status “{status.value}” is not what {cited(sources)} says in so many words.",
    )
