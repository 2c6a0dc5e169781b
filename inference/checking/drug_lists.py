"""Which list of a note a drug stands in: what was taken before admission, or what goes on now."""

import re
from enum import StrEnum

from inference.checking.drugs import Mention
from inference.checking.quantities import Quantity
from inference.checking.reading import Reading


class DrugList(StrEnum):
    """A list of drugs; the value is how a message names it."""

    HOME = "before admission"
    CURRENT = "at discharge"
    UNSAID = ""


_HOME = re.compile(
    r"\b(?:home (?:med|dose|drug|list|regimen)\w*|at home\b"
    r"|(?:before|prior to|pre|on|at)[- ](?:this |the )?(?:admission|hospitali[sz]ation|transfer)|pta"
    r"|admission (?:meds|medications?|medicines|drugs)|drug history|dhx?"
    r"|previous(?:ly)?|prior dose|usual dose"
    r"|was (?:taking|on)|had been (?:taking|on)|used to (?:take|be on)|formerly)\b|^home\b",
    re.IGNORECASE,
)
_CURRENT = re.compile(
    r"\b(?:(?:at|on|upon|for) discharge|discharged? (?:on|with|home on|med\w*|drugs?|list|dose)"
    r"|tt[oa]s?|currently|current (?:med\w*|dose|drugs?)|now (?:on|takes|taking)|continu(?:e|es|ing)"
    r"|go(?:es|ing)? home on"
    r"|(?:drugs?|medications?|medicines) on discharge|remains? (?:on|at)|stays? (?:on|at)|unchanged"
    r"|takes|is (?:on|taking))\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[^:.;]{1,60}:")
_CLAUSE = re.compile(r"[;]|\.\s+(?=[A-Z])")


def claimed_list(claim: Reading) -> DrugList:
    """Tell of which list a claim speaks; of both lists, of neither."""
    is_home, is_current = _HOME.search(claim.text) is not None, _CURRENT.search(claim.text) is not None
    if is_home is is_current:
        return DrugList.UNSAID
    return DrugList.HOME if is_home else DrugList.CURRENT


def list_of(reading: Reading, mention: Mention) -> DrugList:
    """Tell in which list a drug stands: by a label before it, its section, or the words of its clause."""
    start = reading.words[mention.first].start
    label = _LABEL.match(reading.text[:start])
    for words in (label[0] if label else "", reading.section):
        if found := _titled(words):
            return found
    if reading.is_row:
        return DrugList.UNSAID
    first = max((match.end() for match in _CLAUSE.finditer(reading.text, 0, start)), default=0)
    ending = _CLAUSE.search(reading.text, start)
    clause = reading.text[first : ending.start() if ending else len(reading.text)]
    is_home, is_current = _HOME.search(clause) is not None, _IN_NOTE.search(clause) is not None
    if is_home is is_current:
        return DrugList.UNSAID
    return DrugList.HOME if is_home else DrugList.CURRENT


_IN_NOTE = re.compile(
    r"\b(?:(?:at|on|upon) discharge|discharged (?:on|with|home on)|tt[oa]s?)\b", re.IGNORECASE
)
_HOME_TITLE = re.compile(
    r"\bhome\b|\b(?:before|prior to|pre|on)[- ]?admission|\bpta\b|^admission (?:med|drug)|\bdrug history\b"
    r"|^dhx?\b",
    re.IGNORECASE,
)
_CURRENT_TITLE = re.compile(
    r"\bdischarge\b|\btt[oa]s?\b|^(?:new|changed?|continued?|unchanged|increased|reduced)\b|on leaving",
    re.IGNORECASE,
)


def _titled(title: str) -> DrugList:
    if not title or len(title) > 60:
        return DrugList.UNSAID
    is_home = _HOME_TITLE.search(title) is not None
    if is_home is (_CURRENT_TITLE.search(title) is not None):
        return DrugList.UNSAID
    return DrugList.HOME if is_home else DrugList.CURRENT


_OLD_HEAD = re.compile(
    r"^\W*(?:before|previous|prior|pre-|pta\b|home|old|on admission|admission|usual|at home)", re.IGNORECASE
)
_OLD_BEFORE = re.compile(
    r"(?:\b(?:from|had been|been|previously|formerly|instead of|used to be|used to take|was|were"
    r"|prior dose(?: of)?"
    r"|up from|down from|old dose(?: of)?|home dose(?: of)?|usual dose(?: of)?|at home|before)[:\s]*"
    r"(?:at |taking |on |a dose of |\()*)$",
    re.IGNORECASE,
)
_THEN_OTHER = re.compile(
    r"^\s*(?:[a-z/.]{1,12}\s*){0,4}(?:->|→|=>|>|(?:up |down )?to\s+(?:a dose of )?\d)", re.IGNORECASE
)


def is_old_dose(reading: Reading, quantity: Quantity) -> bool:
    """Tell whether a text gives a dose as the earlier one.

    It stands behind "from", "was" or "previously", before an arrow or "to 10 mg", or in a row under "Before
    admission". Worked out once for each reading.
    """
    if quantity.start not in reading.old_doses:
        reading.old_doses[quantity.start] = _is_old_dose(reading, quantity)
    return reading.old_doses[quantity.start]


def _is_old_dose(reading: Reading, quantity: Quantity) -> bool:
    before = reading.text[max(0, quantity.start - 60) : quantity.start]
    if reading.is_row and _OLD_HEAD.search(before.rpartition(", ")[2]):
        return True
    if _OLD_BEFORE.search(before):
        return True
    if reading.is_row:
        return False
    behind = reading.text[quantity.end : quantity.end + 60]
    return _THEN_OTHER.search(behind) is not None
