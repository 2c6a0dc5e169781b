"""What kind of section a title names: generic titles of clinical notes, as data in `sections.toml`."""

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files


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
    content = tomllib.loads((files("inference.engines") / "sections.toml").read_text(encoding="utf-8"))
    rules = []
    for rule in content["kind"]:
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
