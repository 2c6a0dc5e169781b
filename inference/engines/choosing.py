"""Whether the extractive engine must carry a sentence, under which category, and how it is meant."""

import re
from enum import IntEnum
from typing import NamedTuple

from inference.checking.medications import doses
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.statuses import Status, listed_status, status_of
from inference.vocabulary import Assertion, Category

MOST_OF_IT = 0.6  # share of a sentence's content words that must carry a sense before the claim does


class Weight(IntEnum):
    """How badly a sentence is wanted."""

    NEVER = 0
    RANKED = 1  # the best ones fill what room is left
    SHOULD = 2  # carried as far as there is room
    MUST = 3  # always carried


class Choice(NamedTuple):
    """What to do with a sentence."""

    weight: Weight
    category: Category


_NEVER = Choice(Weight.NEVER, Category.OTHER)
_FIXED = {
    SectionKind.ALLERGIES: Choice(Weight.MUST, Category.ALLERGY),
    SectionKind.STOPPED: Choice(Weight.MUST, Category.MEDICATION),
    SectionKind.PENDING: Choice(Weight.MUST, Category.FOLLOW_UP),
    SectionKind.FOLLOW_UP: Choice(Weight.MUST, Category.FOLLOW_UP),
    SectionKind.WARNINGS: Choice(Weight.SHOULD, Category.FOLLOW_UP),
    SectionKind.FAMILY: Choice(Weight.SHOULD, Category.PROBLEM),
    SectionKind.PROCEDURES: Choice(Weight.SHOULD, Category.PROCEDURE),
    SectionKind.ASSESSMENT: Choice(Weight.MUST, Category.ASSESSMENT),
}
_FIRST_OF_REASON = 2  # sentences of a presenting complaint that are the reason; the rest is history


def choose(
    section: SectionKind, cues: frozenset[str], reading: Reading, *, place: int, is_item: bool
) -> Choice:
    """Weigh one sentence.

    Args:
        section: what its section is about.
        cues: what its words are about (`topics.toml`).
        reading: the sentence.
        place: how many sentences of its section stand before it.
        is_item: it is a bullet or a table row.
    """
    is_task = is_item and section in {SectionKind.PLAN, SectionKind.FOLLOW_UP}  # "3. GP: U&E in 2 weeks"
    if (
        ("administrative" in cues and not is_task)
        or not reading.stem_set
        or _is_a_name(section, cues, reading)
    ):
        return _NEVER
    choice = _weigh(section, cues, reading, place=place, is_item=is_item)
    if "safety" in cues and choice.weight < Weight.MUST and section is not SectionKind.SOCIAL:
        return Choice(Weight.MUST, Category.FOLLOW_UP if choice.category in _LOOSE else choice.category)
    if choice.weight < Weight.MUST and _CRITICAL.search(reading.text):
        return Choice(Weight.MUST, choice.category)
    return choice


_CRITICAL = re.compile(r"\bCRITICAL\b|\(critical\b|\bcritical (?:value|result|high|low)\b")
_LOOSE = frozenset({Category.OTHER, Category.SYMPTOM})


def _weigh(
    section: SectionKind, cues: frozenset[str], reading: Reading, *, place: int, is_item: bool
) -> Choice:
    if "resuscitation" in cues:
        return Choice(Weight.MUST, Category.PLAN)
    if section is SectionKind.RESUSCITATION:
        return Choice(Weight.MUST if place == 0 else Weight.RANKED, Category.PLAN)
    is_order = _is_order(reading)
    if (
        "allergy" in cues
        and not is_order
        and (reading.drugs or section in _ANY_PROSE or len(reading.words) < 12)
    ):
        return Choice(Weight.MUST, Category.ALLERGY)
    if section is SectionKind.ALLERGIES and is_order:
        return Choice(Weight.MUST, Category.MEDICATION)
    if section in _FIXED:
        if section is SectionKind.STOPPED and not is_order and "safety" in cues:
            return Choice(Weight.MUST, Category.FOLLOW_UP)  # a warning below the list is no stopped drug
        return _fixed(section, cues, reading)
    if section in {SectionKind.MEDICATIONS, SectionKind.HOME_MEDICATIONS}:
        return _medication(section, reading, is_item)
    if section is SectionKind.PROBLEMS:
        return Choice(Weight.MUST if is_item or place < 3 else Weight.SHOULD, Category.PROBLEM)
    if section is SectionKind.REASON and place < _FIRST_OF_REASON:
        return Choice(Weight.MUST, Category.REASON)
    if section is SectionKind.PLAN:
        must = is_item or place == 0 or bool(cues & {"follow_up", "warning", "pending"} or reading.drugs)
        return Choice(Weight.MUST if must else Weight.SHOULD, _plan_category(cues))
    if section is SectionKind.PAST_HISTORY:
        return _past_history(cues, reading, is_item)
    if section is SectionKind.SOCIAL:
        return Choice(Weight.SHOULD if "social" in cues else Weight.RANKED, Category.OTHER)
    if section is SectionKind.REVIEW_OF_SYSTEMS:
        return Choice(Weight.RANKED, Category.SYMPTOM)
    is_marked = has_mark(reading.text)
    if is_item and (is_marked or "(ref " in reading.text) and not cues & {"imaging", "pending"}:
        return Choice(Weight.MUST if is_marked else Weight.RANKED, Category.VITAL_OR_LAB)
    if section in {SectionKind.RESULTS, SectionKind.VITALS, SectionKind.EXAMINATION}:
        return _finding(section, cues, reading)
    return _prose(section, cues, reading, place, is_item)


_REACTIONS = frozenset(
    {
        *(
            "rash",
            "hives",
            "urticaria",
            "anaphylaxis",
            "anaphylactic",
            "angioedema",
            "swelling",
            "itch",
            "itching",
        ),
        *("wheeze", "vomiting", "nausea", "reaction", "reactions", "intolerance", "intolerant", "allergic"),
        *("flushing", "causes", "caused", "avoid"),
    }
)


def _is_order(reading: Reading) -> bool:
    """Tell whether a line gives a drug to be taken: a dose and no reaction ("Amoxicillin 2 g before …")."""
    if not reading.drugs or not doses(reading, reading.drugs[0]):
        return False
    return _REACTIONS.isdisjoint(word.lower for word in reading.words)


_TITLES = frozenset({"dr", "prof", "professor", "mr", "mrs", "ms", "sr", "nurse", "signed", "consultant"})
_OF_LETTERHEADS = frozenset(
    {
        *("hospital", "clinic", "department", "ward", "trust", "centre", "center", "practice", "bleep", "bl"),
        *(
            "gmc",
            "md",
            "frcp",
            "mrcp",
            "rn",
            "fy1",
            "fy2",
            "st3",
            "st4",
            "st5",
            "spr",
            "registrar",
            "physician",
        ),
    }
)
_LONGEST_NAME = 16  # tokens
_SHORTEST_STATEMENT = 3  # tokens: "Millpond Surgery" and "22 April 2025" state nothing


def _is_a_name(section: SectionKind, cues: frozenset[str], reading: Reading) -> bool:
    """Tell whether a line only names people or places: "Dr A. Nobody, Consultant", "Heart Failure Clinic"."""
    words = [word.lower for word in reading.words]
    if len(words) > _LONGEST_NAME or reading.drugs:
        return False
    if len(words) <= _SHORTEST_STATEMENT and (words[-1] == "surgery" or _is_a_date(reading)):
        return True
    if _ADDRESS.search(reading.text) and cues <= {"procedure", "follow_up"}:
        return True
    if _SIGNED.match(reading.text) and not reading.quantities and not cues & {"follow_up", "pending"}:
        return True
    is_plan = section in {SectionKind.PLAN, SectionKind.FOLLOW_UP, SectionKind.PENDING}
    if cues or (is_plan and any(quantity.dates for quantity in reading.quantities)):
        return False  # "EP clinic, 05/22/2025"
    return words[0] in _TITLES or not _OF_LETTERHEADS.isdisjoint(words)


_SIGNED = re.compile(r"(?:(?:Dr|Prof|Mr|Mrs|Ms|Sr)\.? )?[A-Z]\.? [A-Z][\w'’-]+,? (?:[A-Z]{2,4}\d?\b|/|\W*$)")
_ADDRESS = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"  # a British postcode
    r"|\b\d{1,4}[A-Za-z]? (?:[A-Z][\w'’]+ ){1,3}(?:Road|Street|Lane|Avenue|Drive|Close|Rd|St|Ave)\b"
    r"|^(?:To: |cc: |GP: )?(?:Drs?|Doctor)\.? [^;:]*? (?:[A-Z][\w'’]+ )+(?:Surgery|Practice|Medical Centre"
    r"|Health Centre|Medical Center)\b\W*(?:[A-Z][\w'’]*\W*){0,4}$"
)


def _is_a_date(reading: Reading) -> bool:
    return any(quantity.dates and quantity.text == reading.text for quantity in reading.quantities)


_MANY_VALUES = 3  # numbers in one sentence that make it a line of results
_ANY_PROSE = frozenset(
    {SectionKind.UNKNOWN, SectionKind.HISTORY, SectionKind.MEDICATIONS, SectionKind.PAST_HISTORY}
)


def _fixed(section: SectionKind, cues: frozenset[str], reading: Reading) -> Choice:
    choice = _FIXED[section]
    if section is SectionKind.PROCEDURES and "procedure" in cues:
        return Choice(Weight.MUST, Category.PROCEDURE)
    if section is SectionKind.ASSESSMENT:
        if "warning" in cues or "follow_up" in cues or "pending" in cues:
            return Choice(Weight.MUST, Category.FOLLOW_UP)
        if reading.drugs and "change" in cues:
            return Choice(Weight.MUST, Category.PLAN)
    return choice


def _medication(section: SectionKind, reading: Reading, is_item: bool) -> Choice:
    is_drug_line = bool(reading.drugs) or (is_item and bool(reading.quantities))
    if section is SectionKind.HOME_MEDICATIONS:
        return Choice(Weight.SHOULD, Category.MEDICATION)
    return Choice(Weight.MUST if is_drug_line else Weight.SHOULD, Category.MEDICATION)


def _plan_category(cues: frozenset[str]) -> Category:
    is_later = cues & {"follow_up", "warning", "pending"}
    return Category.FOLLOW_UP if is_later else Category.PLAN


def _past_history(cues: frozenset[str], reading: Reading, is_item: bool) -> Choice:
    is_operation = "procedure" in cues and share(reading, Sense.NEGATED) < MOST_OF_IT
    is_denied = share(reading, Sense.NEGATED) >= MOST_OF_IT
    weight = Weight.RANKED if is_denied else Weight.MUST if is_item else Weight.SHOULD
    return Choice(weight, Category.PROCEDURE if is_operation and is_item else Category.PROBLEM)


def _finding(section: SectionKind, cues: frozenset[str], reading: Reading) -> Choice:
    """Weigh a result or a sign: abnormal ones and the line of vital signs are wanted, normal ones are not."""
    is_abnormal = "abnormal" in cues or has_mark(reading.text)
    is_denied = share(reading, Sense.NEGATED) >= MOST_OF_IT
    is_measure = "measure" in cues and bool(reading.quantities)
    if "pending" in cues:
        return Choice(Weight.MUST, Category.FOLLOW_UP)
    if ("imaging" in cues and not is_measure) or ("imaging" in cues and section is SectionKind.RESULTS):
        return Choice(Weight.RANKED if is_denied else Weight.SHOULD, Category.PROCEDURE)
    if is_measure or section is not SectionKind.EXAMINATION:
        wanted = (
            Weight.SHOULD if is_abnormal or section is SectionKind.VITALS or is_measure else Weight.RANKED
        )
        if has_mark(reading.text) and section is SectionKind.RESULTS:
            return Choice(Weight.MUST, Category.VITAL_OR_LAB)
        return Choice(Weight.RANKED if is_denied else wanted, Category.VITAL_OR_LAB)
    return Choice(Weight.RANKED, Category.SYMPTOM)


def has_mark(text: str) -> bool:
    """Tell whether a result carries a laboratory's mark of an abnormal value: "131 L", "14.8 (H)"."""
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return any(word in {"H", "L", "HH", "LL", "*"} for word in words[1:])


def _prose(section: SectionKind, cues: frozenset[str], reading: Reading, place: int, is_item: bool) -> Choice:
    """Weigh a sentence of history, of a course, of a letter, or of a section with an unknown title."""
    if "pending" in cues:
        return Choice(Weight.MUST, Category.FOLLOW_UP)
    if share(reading, Sense.FAMILY) >= MOST_OF_IT:
        return Choice(Weight.RANKED, Category.PROBLEM)
    if "warning" in cues or "follow_up" in cues:
        is_dated = "follow_up" in cues and any(quantity.dates for quantity in reading.quantities)
        must = is_dated or "important" in cues or "warning" in cues
        return Choice(Weight.MUST if must else Weight.SHOULD, Category.FOLLOW_UP)
    if "reason" in cues and place < 4:
        return Choice(Weight.MUST if place < 2 else Weight.SHOULD, Category.REASON)
    if "measure" in cues and len(reading.quantities) >= _MANY_VALUES:
        is_marked = section is SectionKind.UNKNOWN and has_mark(reading.text)
        return Choice(Weight.MUST if is_marked else Weight.SHOULD, Category.VITAL_OR_LAB)
    if "important" in cues and share(reading, Sense.NEGATED) < MOST_OF_IT:
        return Choice(Weight.SHOULD, _plan_category(cues) if is_item else Category.ASSESSMENT)
    if reading.drugs and ("change" in cues or reading.quantities or len(reading.drugs) > 2):
        return Choice(Weight.SHOULD, Category.MEDICATION)
    if "procedure" in cues and share(reading, Sense.NEGATED) < MOST_OF_IT:
        return Choice(Weight.SHOULD if section is SectionKind.HISTORY else Weight.RANKED, Category.PROCEDURE)
    if "imaging" in cues:
        is_denied = share(reading, Sense.NEGATED) >= MOST_OF_IT
        return Choice(Weight.RANKED if is_denied else Weight.SHOULD, Category.PROCEDURE)
    if "measure" in cues and reading.quantities:
        return Choice(Weight.RANKED, Category.VITAL_OR_LAB)
    return Choice(Weight.RANKED, Category.SYMPTOM if section is not SectionKind.UNKNOWN else Category.OTHER)


def share(reading: Reading, sense: int) -> float:
    """The share of a text's content words, cues apart, that carry a sense; 0 where there are none."""
    senses = reading.senses
    content = [index for index in reading.stems if not senses.is_cue[index]]
    return sum(1 for index in content if senses.of[index] & sense) / len(content) if content else 0.0


def assertion_of(reading: Reading, section: SectionKind, category: Category) -> Assertion:
    """Say how a sentence as a whole is meant. One that holds both findings and denials is present.

    What is planned is present, also where it is to stop something; only a condition makes it hypothetical.
    """
    if category in {Category.PLAN, Category.FOLLOW_UP}:
        is_condition = section is SectionKind.WARNINGS or (
            share(reading, Sense.HYPOTHETICAL) >= MOST_OF_IT and _begins_with_a_condition(reading)
        )
        return Assertion.HYPOTHETICAL if is_condition else Assertion.PRESENT
    if section is SectionKind.FAMILY or share(reading, Sense.FAMILY) >= MOST_OF_IT:
        return Assertion.ABSENT if _is_denial(reading) else Assertion.FAMILY
    if _is_denial(reading):
        return Assertion.ABSENT
    if share(reading, Sense.HYPOTHETICAL) >= MOST_OF_IT:
        return Assertion.HYPOTHETICAL
    if share(reading, Sense.POSSIBLE) >= MOST_OF_IT and not _states_its_head(reading):
        return Assertion.POSSIBLE
    if category is Category.MEDICATION and reading.drugs:
        return _assertion_of_a_drug(reading, section)
    is_over = share(reading, Sense.ENDED) >= MOST_OF_IT and not reading.drugs
    if section is SectionKind.STOPPED or is_over:
        return Assertion.HISTORICAL
    if section is SectionKind.PAST_HISTORY and share(reading, Sense.HISTORICAL) >= MOST_OF_IT:
        return Assertion.HISTORICAL
    return Assertion.PRESENT


def _assertion_of_a_drug(reading: Reading, section: SectionKind) -> Assertion:
    """Say whether the drug that a line is about was stopped or held, and not given again."""
    if not _RESUMED.isdisjoint(word.lower for word in reading.words):
        return Assertion.PRESENT
    status = status_of(reading, reading.drugs[0])
    is_over = (
        section is SectionKind.STOPPED
        or share(reading, Sense.ENDED) >= MOST_OF_IT
        or reading.is_row
        or {listed_status(reading, drug) for drug in reading.drugs} == {Status.ENDED}
    )
    if section is SectionKind.STOPPED and status is not Status.GOES_ON:
        return Assertion.HISTORICAL
    return Assertion.HISTORICAL if is_over and status is Status.ENDED else Assertion.PRESENT


_RESUMED = frozenset({"restart", "restarted", "resumed", "reinstated", "reintroduced"})
_CONDITIONS = frozenset(
    {
        *("if", "when", "should", "unless", "return", "call", "ring", "dial", "seek", "come", "red"),
        *("safety", "watch", "in", "told", "warned"),
    }
)


def _begins_with_a_condition(reading: Reading) -> bool:
    first = next((word.lower for word in reading.words if word.lower[0].isalpha()), "")
    return first in _CONDITIONS


def _states_its_head(reading: Reading) -> bool:
    """Tell whether doubt falls only on what is added, as in "AKI, likely pre-renal".

    "Unlikely" is not "possible": the words themselves say how likely.
    """
    if any(word.lower == "unlikely" for word in reading.words):
        return True
    content = [index for index in reading.stems if not reading.senses.is_cue[index]]
    if not content or reading.senses.of[content[0]] & Sense.POSSIBLE:
        return False
    doubted = [index for index in content if reading.senses.of[index] & Sense.POSSIBLE]
    between = reading.text[reading.words[content[0]].end : reading.words[doubted[0]].start] if doubted else ""
    return any(mark in between for mark in ",–—(")


def _is_denial(reading: Reading) -> bool:
    words = [word.lower for word in reading.words]
    if words[:1] in (["nkda"], ["none"], ["nil"]) or words[-2:] == ["none", "known"]:
        return True
    return share(reading, Sense.NEGATED) >= _NEARLY_ALL


_NEARLY_ALL = 0.85
