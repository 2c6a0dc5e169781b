"""The parts of a medication or allergy claim: each must be in the claim's own words and in its evidence."""

import re
from collections.abc import Sequence

from inference.checking import medications, numbers
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.quantities import is_among
from inference.checking.reading import Reading
from inference.checking.statuses import Status, status_of
from inference.engines.base import DraftClaim, Medication
from inference.vocabulary import Assertion, DrugStatus, Severity

_ENDING = frozenset({DrugStatus.STOPPED, DrugStatus.HELD})
_ROUTES = {
    writing: route
    for route, writings in lexicon("routes")["routes"].items()
    for writing in [route, *writings]
}
_STATUS_CUES = {
    DrugStatus.STARTED: r"\b(?:re)?(?:start|commenc|initiat|began|begin|new|prescri|resum|add(?:ed)?\b)",
    DrugStatus.STOPPED: r"\b(?:stop|discontinu|d/c|ceas|withdr[ae]w|no longer|off\b|complet)",
    DrugStatus.CHANGED: (
        r"\b(?:chang|increas|decreas|reduc|titrat|switch|doubl|halv|up to|down to|raised|lowered|adjust)|→|->"
    ),
    DrugStatus.HELD: r"\b(?:hold|held|withh|paus|suspend|omit)",
}


def check(claim: DraftClaim, sources: Sequence[Reading], flagged: frozenset[str]) -> list[Flag]:
    """Flag details that the evidence does not bear out, or that say something else than the claim's text.

    Args:
        claim: the claim, with its parts.
        sources: the cited sentences.
        flagged: kinds of doubt that the claim's text has raised already; a cause raises one flag.
    """
    if claim.medication is not None:
        flags = _check_medication(claim, claim.medication, sources)
    elif claim.allergy is not None:
        parts = (("substance", claim.allergy.substance), ("reaction", claim.allergy.reaction))
        flags = [flag for what, words in parts if (flag := _absent(what, words, claim, sources))]
    else:
        return []
    return [flag for flag in flags if flag.kind not in flagged]


def _check_medication(claim: DraftClaim, parts: Medication, sources: Sequence[Reading]) -> list[Flag]:
    stated = Reading(" ".join(part for part in (parts.name, parts.dose, parts.frequency) if part))
    flags, explained = medications.check(stated, sources, Assertion(claim.assertion))
    flags = [flag for flag in flags if flag.kind != "medication_status"]
    flags += numbers.check(stated, sources, explained)
    if not stated.drugs and (flag := _absent("drug", parts.name, claim, sources)):
        flags.append(flag)
    if (flag := _other_dose(claim.text, parts)) is not None:
        flags.append(flag)
    if (flag := _wrong_route(parts.route, sources)) is not None:
        flags.append(flag)
    if (flag := _wrong_status(parts.status, stated, sources)) is not None:
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


def _wrong_route(route: str, sources: Sequence[Reading]) -> Flag | None:
    if not route.strip():
        return None
    wanted = _ROUTES.get(" ".join(route.lower().strip(". ").split()))
    texts = [source.text.lower() for source in sources]
    if wanted is None:
        is_given = any(route.lower() in text for text in texts)
    else:
        writings = [writing for writing, meaning in _ROUTES.items() if meaning == wanted]
        pattern = re.compile(rf"(?<![\w])(?:{'|'.join(map(re.escape, writings))})(?![\w])")
        is_given = any(pattern.search(text) for text in texts)
    if is_given:
        return None
    return Flag(
        "detail", Severity.WARNING, f"Detail: the route {quoted(route)} does not stand in {cited(sources)}."
    )


def _wrong_status(status: DrugStatus, stated: Reading, sources: Sequence[Reading]) -> Flag | None:
    """Doubt a status that the evidence contradicts, or one of its own that no word of it tells."""
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
    cue = _STATUS_CUES.get(status)
    if cue is None or any(
        re.search(cue, f"{source.section} {source.text}", re.IGNORECASE) for source in sources
    ):
        return None
    return Flag(
        "detail",
        Severity.WARNING,
        f"Detail: the status “{status.value}” is not what {cited(sources)} says in so many words.",
    )
