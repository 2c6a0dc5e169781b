"""Takes an invented drug or allergy line apart by pattern.

Every value is found in the claim's own words or is empty, so that it can be copied from a few tokens before.
"""

import re

from inference.vocabulary import Category, DrugStatus

MAX_NAME_WORDS = 3
_DOSE = re.compile(r"\b\d[\d.,/]*\s*(?:mg|mcg|micrograms?|g|ml|mL|units?|%|puffs?|tablets?|mmol)(?!\w)")
_ROUTE = re.compile(
    r"\b(?:orally|oral|po|iv|im|sc|subcut|inhaled|inh|topical|sublingual|nebulised|by mouth)\b",
    re.IGNORECASE,
)
_FREQUENCY = re.compile(
    r"\b(?:(?:once|twice|three times|four times)(?: (?:daily|a day|weekly))?|daily|weekly|od|bd|tds|qds|nocte"
    r"|mane|at night|in the morning|as needed|prn|stat|every \d+ (?:hours|days|weeks)|\d+ hourly)\b",
    re.IGNORECASE,
)
_STATUS = (
    (DrugStatus.STOPPED, re.compile(r"\b(?:stop|discontinue|cease)", re.IGNORECASE)),
    (DrugStatus.HELD, re.compile(r"\b(?:held\b|hold\b|withh|paused?\b)", re.IGNORECASE)),
    (DrugStatus.CHANGED, re.compile(r"\b(?:increas|reduc|decreas|chang|switch|titrat)", re.IGNORECASE)),
    (DrugStatus.STARTED, re.compile(r"\b(?:start|new\b|commenc|begin|began)", re.IGNORECASE)),
    (DrugStatus.CONTINUED, re.compile(r"\b(?:continu|unchanged|regular)", re.IGNORECASE)),
)
_REACTION = re.compile(r"[(:]\s*([^():|;,.]+)")
_NOT_A_NAME = re.compile(
    r"^(?:allergic to|allergy to|intolerant of|started?|continued?|stopped|stop|held|hold|new)\s+",
    re.IGNORECASE,
)


def details(category: Category, text: str, line: str) -> dict[str, dict[str, str]]:
    """Write what a claim of this category carries beside its text: nothing, `medication` or `allergy`.

    Args:
        category: the claim's.
        text: the claim's words.
        line: the whole sentence that it is about; only the status is looked for beyond the claim's words.
    """
    if category is Category.MEDICATION:
        return {
            "medication": {
                "name": _name(text),
                "dose": _first(_DOSE, text),
                "route": _first(_ROUTE, text),
                "frequency": _first(_FREQUENCY, text),
                "status": next(
                    (status for status, sign in _STATUS if sign.search(line)), DrugStatus.UNSTATED
                ).value,
            }
        }
    if category is Category.ALLERGY:
        reaction = _REACTION.search(text)
        return {"allergy": {"substance": _name(text), "reaction": reaction[1].strip() if reaction else ""}}
    return {}


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _name(text: str) -> str:
    """The words before a dose, a route, a bracket or what is said of the drug; at least one of them."""
    words = _NOT_A_NAME.sub("", text).split()
    name: list[str] = []
    for word in words[:MAX_NAME_WORDS]:
        bare = word.strip("():,;.")
        if name and (
            word.startswith("(") or bare[:1].isdigit() or _ROUTE.fullmatch(bare) or _FREQUENCY.fullmatch(bare)
        ):
            break
        if name and any(sign.match(bare) for _, sign in _STATUS):
            break
        name.append(bare)
        if word.endswith((":", ",", ")", ";")):
            break
    return " ".join(word for word in name if word)
