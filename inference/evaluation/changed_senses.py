"""False statements by a changed sense: denied or not, side, person, time, status, severity, condition."""

import random
import re
from collections.abc import Iterator
from functools import cache

from inference.evaluation.statements import (
    NEGATIVE,
    RELATIVE,
    Statement,
    Surroundings,
    table,
    with_case_of,
)

_SAME = (
    r"(?!longer|more\b|other|change|changes|need|problem|question|doubt|matter|one\b|such|further|known|new\b"
    r"|better)"
)
_DENIED = (
    (re.compile(rf"\b(denies|denied)\b (?:any |having (?:any )?)?{_SAME}(?=\w)", re.I), None),
    (re.compile(rf"\b(there (?:is|are|was|were)) no {_SAME}(?:evidence of )?(?=\w)", re.I), r"\1 "),
    (re.compile(r"\bno (?=evidence of\b)", re.I), ""),
    (re.compile(r"\bnegative for\b", re.I), "positive for"),
    (
        re.compile(
            r"\b(is|are|was|were|does|do|did|will|could|can) not (?!only|sure|certain|limited)(?=\w)", re.I
        ),
        r"\1 ",
    ),
    (re.compile(rf"\bhas no {_SAME}(?=\w)", re.I), "has "),
    (re.compile(r"\bhas (?:not|never) (?=\w+(?:ed|en|ad)\b)", re.I), "has "),
    (re.compile(rf"^(?:no|nil) {_SAME}(?!.{{0,30}} of note\b)(?=\w)", re.I), ""),
    (re.compile(r"\bwithout (?=\w+)", re.I), "with "),
    (re.compile(r"\bnon-?(?=tender\b|productive\b|distended\b)", re.I), ""),
)
_AFFIRMED = (
    (re.compile(r"\b(reports|endorses|complains of|admits to) (?!that\b)(?=\w)", re.I), "denies "),
    (re.compile(r"\b(there (?:is|are|was|were)) (?:an? |some )?(?=\w)", re.I), r"\1 no "),
    (re.compile(r"\b(has|had) (?:an? )?(?=(?:past medical |significant )?history of\b)", re.I), r"\1 no "),
    (re.compile(r"\bpositive (?=for\b)", re.I), "negative "),
    (
        re.compile(
            r"\b(shows?|showed|demonstrates?|demonstrated|reveals?|revealed) (?:an? |some )?(?=\w)", re.I
        ),
        r"\1 no ",
    ),
    (re.compile(r"\b(is|was) (?=able to\b)", re.I), r"\1 un"),
    (re.compile(r"\b(is|are) present\b", re.I), r"\1 absent"),
    (re.compile(r"^positive (?=for\b)", re.I), "negative "),
)


def negation(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Deny what is affirmed, or affirm what is denied, unless another sentence says so of the same thing."""
    text = statement.text
    for pattern, replacement in _DENIED:
        if (found := pattern.search(text)) is None or _has_inner_doubt(text):
            continue
        put = replacement if replacement is not None else _reporting(found[1])
        changed = with_case_of(text, text[: found.start()] + found.expand(put) + text[found.end() :])
        if not _is_said_elsewhere(text[found.end() :], statement, around, denied=False):
            yield re.sub(r"\bor\b", "and", changed) if " or " in changed else changed
    if NEGATIVE.search(text):
        return
    for pattern, put in _AFFIRMED:
        if (found := pattern.search(text)) is not None:
            changed = with_case_of(text, text[: found.start()] + found.expand(put) + text[found.end() :])
            if not _is_said_elsewhere(text[found.end() :], statement, around, denied=True):
                yield changed


def _reporting(verb: str) -> str:
    return with_case_of(verb, "reports " if verb.lower() == "denies" else "reported ")


def _has_inner_doubt(text: str) -> bool:
    return bool(re.search(r"\b(?:but|except|other than|unless|not (?:only|sure))\b", text, re.I))


def _is_said_elsewhere(object_: str, statement: Statement, around: Surroundings, *, denied: bool) -> bool:
    """Tell whether another sentence denies (or affirms) the first thing that the changed words speak of."""
    word = next((w for w in re.findall(r"[a-z]{4,}", object_.lower()) if w not in _LIGHT), "")
    if not word:
        return True
    return any(bool(NEGATIVE.search(other)) is denied for other in around.others_with(word[:6], statement))


_LIGHT = frozenset(
    [
        "that",
        "this",
        "with",
        "have",
        "having",
        "been",
        "past",
        "medical",
        "history",
        "significant",
        "some",
        "evidence",
        "acute",
        "known",
    ]
)


_SIDE = re.compile(
    r"(?<!\ball )(?<!['’]s )\b(left|right)\b"
    r"(?!,| (?:now|away|after|before|there|here|for|the|her|his|a|out|without|to|in|at|from|on|with|and|thing"
    r"|way|track|direction|decision)\b)"
    r"|\b(left|right)(?=-(?:sided|handed|hand)\b)|\b([LR])(?=[UL]Q\b)",
    re.I,
)
_OPPOSITE = {"left": "right", "right": "left", "l": "R", "r": "L"}


def laterality(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Exchange left and right, unless the note says that of the other side too."""
    for found in _SIDE.finditer(statement.text):
        old = found[1] or found[2] or found[3]
        new = with_case_of(old, _OPPOSITE[old.lower()])
        behind = re.match(r"[- ]?\w*", statement.text[found.end() :])
        following = behind[0] if behind else ""
        if "bilateral" in around.lower or around.says(new + following):
            continue
        yield statement.text[: found.start()] + new + statement.text[found.end() :]


_OF_FAMILY = (
    (
        re.compile(
            rf"^(?:{RELATIVE.pattern})\s*(?::|-|–|had|has|with|died of|died from|suffers from)\s*(?=\w)", re.I
        ),
        "The patient has ",
    ),
    (
        re.compile(r"\bfamily history (?:is )?(?:significant for|positive for|includes|of)\b", re.I),
        "personal history of",
    ),
    (
        re.compile(r"\b(?:her|his|the patient['’]s) (?:mother|father|brother|sister) (?:has|had)\b", re.I),
        "the patient has",
    ),
)
_OF_PATIENT = (
    (
        re.compile(
            r"^(?:the patient|she|he|pt|patient) (?:also )?(?:has|had) "
            r"(?=(?:a )?(?:history|diagnosis|hx) of\b)",
            re.I,
        ),
        "{} has ",
    ),
    (re.compile(r"^(?:past medical )?history of ", re.I), "{} has a history of "),
    (
        re.compile(
            r"^(?:the patient|she|he) (?:reports|complains of|endorses) "
            r"(?!that|she|he|this|these|\w+ing\b)(?=\w)",
            re.I,
        ),
        "{} has ",
    ),
)


def subject(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Make a relative's disease the patient's, or the patient's a relative's."""
    text = statement.text
    if not NEGATIVE.search(text):
        for pattern, put in _OF_FAMILY:
            if (found := pattern.search(text)) is not None and not _is_the_patients(
                text[found.end() :], around
            ):
                changed = with_case_of(text, text[: found.start()] + put + text[found.end() :])
                if not RELATIVE.search(changed):
                    yield changed
    if NEGATIVE.search(text) or RELATIVE.search(text):
        return
    for pattern, put in _OF_PATIENT:
        if (found := pattern.search(text)) is not None:
            word = next(
                (w for w in re.findall(r"[a-z]{4,}", text[found.end() :].lower()) if w not in _LIGHT), ""
            )
            if word and not any(RELATIVE.search(other) for other in around.others_with(word[:6], statement)):
                relative = chance.choice(("Her mother", "His father", "The patient's brother", "A sister"))
                yield put.format(relative) + text[found.end() :]


def _is_the_patients(disease: str, around: Surroundings) -> bool:
    """Tell whether a sentence that names no relative names the disease."""
    words = [word for word in re.findall(r"[a-z]{4,}", disease.lower()) if word not in _LIGHT]
    if not words:
        return True
    texts = [s.text.lower() for s in around.note.sentences if not RELATIVE.search(s.text)]
    return any(word[:6] in text for word in words[:3] for text in texts)


def status(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Turn what became of something: started and stopped, planned and done, current and former."""
    yield from _exchanged("status", statement, around)


def direction(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Turn better and worse, up and down, normal and abnormal."""
    yield from _exchanged("direction", statement, around)


def severity(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Turn mild and severe."""
    yield from _exchanged("severity", statement, around)


def time(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Move to another time: old and new, long ago and now."""
    yield from _exchanged("time", statement, around)


def _exchanged(kind: str, statement: Statement, around: Surroundings) -> Iterator[str]:
    text = statement.text
    for pattern, put in _pairs(kind):
        for found in pattern.finditer(text):
            if re.search(
                r"\b(?:no|not|without|denies|denied|if|any|nor|never|nothing)\s(?:\w+\s){0,5}$",
                text[: found.start()],
                re.I,
            ):
                continue  # "no severe pain" made "no mild pain" denies more, but is often true as well
            new = with_case_of(found[0], found.expand(put))
            behind = re.match(r"(?:\W+\w+)?", text[found.end() :])
            if not around.says(new + (behind[0] if behind else "")):
                yield _with_article(text[: found.start()], new) + new + text[found.end() :]


def _with_article(before: str, new: str) -> str:
    """End what stands before with "an" where a vowel follows, else with "a"."""
    article = re.search(r"\b(an?) $", before, re.I)
    if article is None:
        return before
    return before[: article.start()] + article[1][0] + ("n " if new[0].lower() in "aeiou" else " ")


@cache
def _pairs(kind: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(rf"(?<![\w-])(?:{old})(?![\w-])", re.I), new)
        for old, new in table("falsehoods")["pairs"][kind]
    )


def dropped(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Leave out the words that limit a statement: the condition, the exception, the doubt."""
    for pattern in _limits():
        found = pattern.search(statement.text)
        if found is None or NEGATIVE.search(statement.text):
            continue
        if re.match(r"\.\S", statement.text[found.end() :]):
            continue  # the clause goes on behind "a.m." or "101.4"
        text = statement.text[: found.start()] + statement.text[found.end() :]
        if len(text.split()) >= _SHORTEST:
            yield with_case_of(statement.text, text)


_SHORTEST = 3  # words


@cache
def _limits() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(clause, re.I) for clause in table("falsehoods")["dropped"]["clauses"])
