"""What kind of section a title names: generic titles, as data in `lexicons/section_titles.toml`."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache

from inference.checking.lexicons import lexicon
from inference.text import Note, Sentence
from inference.vocabulary import SentenceKind


class SectionKind(StrEnum):
    """What a section is about."""

    REASON = "reason"
    HISTORY = "history"
    REVIEW_OF_SYSTEMS = "review_of_systems"
    PAST_HISTORY = "past_history"
    FAMILY = "family"
    SOCIAL = "social"
    ALLERGIES = "allergies"
    MEDICATIONS = "medications"
    HOME_MEDICATIONS = "home_medications"
    STOPPED = "stopped"
    VITALS = "vitals"
    EXAMINATION = "examination"
    RESULTS = "results"
    PROCEDURES = "procedures"
    PROBLEMS = "problems"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    FOLLOW_UP = "follow_up"
    WARNINGS = "warnings"
    PENDING = "pending"
    RESUSCITATION = "resuscitation"
    UNKNOWN = "unknown"


@cache
def _rules() -> tuple[tuple[SectionKind, frozenset[str], re.Pattern[str] | None], ...]:
    rules = []
    for rule in lexicon("section_titles")["kind"]:
        held = "|".join(re.escape(phrase) for phrase in rule["has"])
        pattern = re.compile(rf"(?<![\w-])(?:{held})(?![\w-])") if held else None
        rules.append((SectionKind(rule["name"]), frozenset(rule["is"]), pattern))
    return tuple(rules)


def section_kind(title: str) -> SectionKind:
    """Read a section's title. Unknown titles, letterheads and the text before the first title are UNKNOWN."""
    folded = " ".join(title.lower().split())
    for kind, whole, held in _rules():
        if folded in whole or (held is not None and held.search(folded)):
            return kind
    return SectionKind.UNKNOWN


def section_kinds(note: Note) -> Iterator[tuple[Sentence, SectionKind]]:
    """Say for every sentence what its section is about.

    A list under a title ends where prose begins after a blank line: the body of a letter under "Diagnoses" is
    no diagnosis. From there to the next title it is read as history.
    """
    kinds: dict[str, SectionKind] = {}
    previous: Sentence | None = None
    is_body = False
    for sentence in note.sentences:
        if sentence.section not in kinds:
            kinds[sentence.section] = section_kind(sentence.section)
        kind = kinds[sentence.section]
        if previous is None or previous.section != sentence.section:
            is_body = False
        elif (
            kind in _LISTS and sentence.kind is SentenceKind.TEXT and previous.kind is not SentenceKind.HEADER
        ):
            is_body = is_body or note.text.count("\n", previous.end, sentence.start) > 1
        yield sentence, SectionKind.HISTORY if is_body else kind
        previous = sentence


_LISTS = frozenset(
    {
        SectionKind.PROBLEMS,
        SectionKind.MEDICATIONS,
        SectionKind.HOME_MEDICATIONS,
        SectionKind.STOPPED,
        SectionKind.ALLERGIES,
        SectionKind.FAMILY,
        SectionKind.PENDING,
        SectionKind.FOLLOW_UP,
        SectionKind.REASON,
    }
)
