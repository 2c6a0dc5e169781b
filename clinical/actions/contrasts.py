"""Words that turn a claim into another one: opposites, what becomes of a drug, the way it is given.

From general knowledge; not clinically reviewed. What is not here is still shown as another wording.
"""

import re

from inference.checking.drugs import find_drugs
from inference.checking.lexicons import lexicon
from inference.checking.tokens import tokens

_GROUPS = (
    "malignant benign", "high low raised reduced normal elevated", "positive negative", "present absent",
    "acute chronic", "improved worsened", "improving worsening deteriorating", "better worse",
    "upper lower", "proximal distal", "anterior posterior", "medial lateral", "superior inferior",
    "internal external", "arterial venous", "systolic diastolic", "viral bacterial fungal",
    "ischaemic haemorrhagic ischemic hemorrhagic", "solid cystic", "sensitive resistant",
    "mild moderate severe",
    "inpatient outpatient", "admitted discharged", "before after", "above below", "more less", "gain loss",
    "gained lost", "alive dead died", "male female man woman", "mother father", "brother sister",
    "son daughter", "maternal paternal", "morning evening night", "current previous former",
    "first second third",
    "agreed declined refused", "accepted declined refused", "likely unlikely", "possible definite probable",
    "primary secondary", "partial complete", "for against", "with without", "can cannot", "all some none",
    "day week month year", "daily weekly monthly", "hourly daily", "once twice thrice", "since until",
)  # fmt: skip
_OPPOSITES = [frozenset(group.split()) for group in _GROUPS]
_PREFIXES = (
    *(("hyper", "hypo"), ("tachy", "brady"), ("pre", "post"), ("macro", "micro"), ("intra", "extra")),
    *((prefix, "") for prefix in ("un", "in", "im", "ir", "ab", "dis", "non")),
)
_REST = 4
_STATUSES = {
    "on": r"(?:re-?)?(?:start|commenc|initiat|resum)\w*|beg[aiu]n\w*",
    "off": r"stop\w*|discontinu\w*|ceas\w*|withdr[ae]w\w*|d/c",
    "held": r"hold|held|withh[eo]ld\w*|paus\w*|suspend\w*|omit\w*",
    "goes_on": r"continu\w*|ongoing",
    "up": r"increas\w*|uptitrat\w*|doubl\w*|rais(?:e|ing)\b",
    "down": r"decreas\w*|reduc(?:e|es|ed|ing)|halv\w*|wean\w*|taper\w*",
    "changed": r"chang\w*|switch\w*",
}
_STATUS = re.compile(
    "|".join(rf"(?P<{name}>\b(?:{words}))" for name, words in _STATUSES.items()), re.IGNORECASE
)
_ROUTES = {
    writing: route
    for route, writings in lexicon("routes")["routes"].items()
    for writing in [route, *writings]
}
_ROUTE = re.compile(
    rf"(?<!\w)({'|'.join(re.escape(writing) for writing in sorted(_ROUTES, key=len, reverse=True))})(?!\w)"
)


def has_opposites(older: str, newer: str) -> bool:
    """Whether one text has a word where the other has its opposite, such as high and low."""
    before, after = ({word.lower for word in tokens(text)} for text in (older, newer))
    gone, come = before - after, after - before
    if any(gone & group and come & group for group in _OPPOSITES):
        return True
    return any(_is_turned(one, come) for one in gone) or any(_is_turned(one, gone) for one in come)


def _is_turned(word: str, others: set[str]) -> bool:
    return any(
        word.startswith(prefix) and len(word) >= len(prefix) + _REST and other + word[len(prefix) :] in others
        for prefix, other in _PREFIXES
    )


def statuses(text: str) -> frozenset[str]:
    """What a text says becomes of something: started, stopped, held, going on, more, less or changed."""
    return frozenset(match.lastgroup or "" for match in _STATUS.finditer(text))


def routes(text: str) -> frozenset[str]:
    """The ways of giving in a text that names a drug; in others "eye" and "oral" are no routes."""
    if not find_drugs(tokens(text)):
        return frozenset()
    return frozenset(_ROUTES[match[1]] for match in _ROUTE.finditer(text.lower()))
