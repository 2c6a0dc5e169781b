"""Whether a text says of one drug, of all that it names, that it has ended, is not given, or is as before."""

import re

from inference.checking.drugs import Mention
from inference.checking.facts.drug_verbs import NOT_GIVEN, drug_verbs, next_drug, what_becomes
from inference.checking.facts.lines import Line
from inference.checking.facts.lists import word_list
from inference.checking.scopes import Sense
from inference.checking.statuses import Status, listed_status
from inference.vocabulary import FactKind

_NOT = r"\b(?:not|never|no longer|n't)\s(?:(?:yet|been|to|be|being|currently|actually)\s){0,3}"
_NOT_CHANGED = re.compile(
    rf"[^,;.]{{0,40}}?{_NOT}(?:increased|reduced|decreased|changed|raised|lowered|titrated|uptitrated|weaned|adjusted)\b",
    re.IGNORECASE,
)
_NOT_ENDED = re.compile(
    rf"[^,;.]{{0,40}}?{_NOT}(?:stopped|held|withheld|discontinued|paused|suspended|ceased)\b", re.IGNORECASE
)
_AVOIDED = re.compile(r"[^,;.]{0,24}?\b(?:be|was|were|is) (?:avoided|declined|refused)\b", re.IGNORECASE)
_BEFORE = 3  # tokens before a drug: "off metformin", "no longer takes metformin"


def is_ended(line: Line, mention: Mention) -> bool:
    """Tell whether a text ends a drug or denies that it is given: "stopped", "held", "never taken", "off"."""
    until = _until(line, mention)
    text = line.reading.text
    behind = line.reading.words[mention.past - 1].end
    if _NOT_ENDED.match(text, behind, until):
        return False
    if NOT_GIVEN.match(text, behind, until) or _AVOIDED.match(text, behind, until):
        return True
    if listed_status(line.reading, mention) is Status.ENDED:
        return True
    kind = what_becomes(line, mention, drug_verbs().find(line.reading.words))
    if kind is not None:
        return kind is FactKind.MEDICATION_STOPPED
    before = {word.lower for word in line.reading.words[max(0, mention.first - _BEFORE) : mention.first]}
    if before & {"stop", "hold", "stopped", "held", "stopping", "holding"} and before & {
        "not",
        "never",
        "don't",
    }:
        return False
    if not before.isdisjoint(word_list("drug_frames", "without")):
        return True
    sense = line.sense(mention.first, mention.past)
    is_denied = (
        line.reading.senses.negated_by.get(mention.first, -1) < mention.first
    )  # not "after X was excluded"
    return bool(sense & Sense.ENDED) or (bool(sense & Sense.NEGATED) and is_denied)


def is_unchanged(line: Line, mention: Mention) -> bool:
    """Tell whether a text says that a drug's dose was not changed."""
    behind = line.reading.words[mention.past - 1].end
    return _NOT_CHANGED.match(line.reading.text, behind, _until(line, mention)) is not None


def _until(line: Line, mention: Mention) -> int:
    following = next_drug(line, mention)
    return line.reading.words[following.first].start if following else len(line.reading.text)
