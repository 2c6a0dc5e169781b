"""False statements by a changed value: number, unit, dose, drug, or what belongs to another thing."""

import random
import re
from collections.abc import Iterator, Sequence
from functools import cache

from inference.evaluation.statements import Statement, Surroundings, table, with_case_of

_FIGURE = r"\d{1,4}(?:\.\d{1,2})?"
_DOSE_UNIT = r"(?:mg|mcg|micrograms?|milligrams?|grams?|g|units?|ml|puffs?|tablets?)"
_DOSE = re.compile(rf"(?<![\w.,/-])({_FIGURE})(?= ?-?{_DOSE_UNIT}\b(?!/))", re.I)
_NUMBER = re.compile(
    rf"(?<![\w.,/:#'’&-])(?<!\bgrade )(?<!\bstage )(?<!\btype )(?<!\bvitamin )(?<!\bq )({_FIGURE})"
    rf"(?![\d/:]|\.\d|,\d)(?![a-z]{{0,2}} ?o['’]clock)(?! ?-?{_DOSE_UNIT}\b)(?!st\b|nd\b|rd\b|th\b|s\b)",
    re.I,
)
_PRESSURE = re.compile(r"(?<![\w./-])(\d{2,3})(?= ?/ ?\d{2,3}(?![\d/]))")
_WORDED = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten)"
    r"(?=[ -](?:days?|weeks?|months?|years?|hours?|times|children|siblings|tablets|pillows"
    r"|drinks|cigarettes|packs?)\b)",
    re.I,
)
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Change a number that is no dose, to one that the note holds nowhere."""
    for found in _NUMBER.finditer(statement.text):
        steps = _YEARS if _AGE.match(statement.text, found.end()) else None
        if (new := _other_figure(found[1], around, chance, steps)) is not None:
            yield _put(statement.text, found.span(1), new)
    for found in _PRESSURE.finditer(statement.text):
        if (new := _other_figure(found[1], around, chance, _MMHG)) is not None:
            yield _put(statement.text, found.span(1), new)
    for found in _WORDED.finditer(statement.text):
        value = _WORDS.index(found[1].lower()) + 1
        others = [
            word
            for place, word in enumerate(_WORDS, start=1)
            if abs(place - value) > 1
            and place > 1
            and word not in around.words
            and str(place) not in around.words
        ]
        if others and value > 1:
            yield _put(statement.text, found.span(1), with_case_of(found[1], chance.choice(others)))


def dose(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Change the amount of a dose, to one that the note holds nowhere."""
    for found in _DOSE.finditer(statement.text):
        if (new := _other_figure(found[1], around, chance)) is not None:
            yield _put(statement.text, found.span(1), new)


_AGE = re.compile(r"[ -]?(?:year|y/?o|yr)", re.I)
_YEARS = (-9, -6, 5, 8, 11)
_MMHG = (-30, -20, 20, 30, 40)


def _other_figure(
    written: str, around: Surroundings, chance: random.Random, steps: Sequence[int] | None = None
) -> str | None:
    value = float(written)
    if not value or (written.startswith("0") and "." not in written):
        return None
    if "." in written:
        candidates = [f"{value * factor:.{len(written.split('.')[1])}f}" for factor in (0.5, 1.5, 2, 3)]
    elif steps is not None:
        candidates = [str(int(value) + step) for step in steps]
    elif 1900 <= value <= 2100:
        candidates = [str(int(value) + step) for step in (-7, -4, -3, -2)]
    else:
        whole = int(value)
        candidates = [
            str(new) for new in (whole * 2, whole // 2, whole + 2, whole + 10, whole * 3, whole * 10)
        ]
    usable = [
        new
        for new in candidates
        if float(new) not in (0, 1) and float(new) != value and not _stands(new, around)
    ]
    return chance.choice(usable) if usable else None


def _stands(figure: str, around: Surroundings) -> bool:
    """Tell whether the note holds a figure, in letters or digits, alone or in a date or a pair."""
    if re.search(rf"(?<![\d.])0?{re.escape(figure)}(?:\.0+)?(?![\d]|\.\d)", around.lower):
        return True
    return figure.isdecimal() and 1 <= int(figure) <= len(_WORDS) and _WORDS[int(figure) - 1] in around.words


def unit(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Change the unit behind a number."""
    units = table("falsehoods")["units"]
    for found in _UNIT.finditer(statement.text):
        old = found[3].lower()
        candidates = units.get(old) or [new.rstrip("s") for new in units.get(f"{old}s", [])]
        usable = [new for new in candidates if not around.says(f"{found[1]}{found[2]}{new}")]
        if usable:
            new = chance.choice(usable)
            yield _put(statement.text, found.span(3), new.rstrip("s") if _is_one(found) else new)


_UNIT = re.compile(
    rf"(?<![\w./])({_FIGURE}|one|two|three|four|five|six|seven|eight|nine|ten|several)([ -]?)"
    r"(milligrams?|micrograms?|centimeters?|mg|mcg|ml|units|hours?|days?|weeks?|months?|years?|cm|mm|pounds|lbs|kg)"
    r"(?![\w/]|[ -]old)",
    re.I,
)


def _is_one(found: re.Match[str]) -> bool:
    return found[2] == "-" or not found[3].lower().endswith("s")


def drug(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Exchange a drug for one of another class that the note does not name."""
    classes: dict[str, list[str]] = table("falsehoods")["drugs"]
    for found in _drug_names().finditer(statement.text):
        own = next(group for group, names in classes.items() if found[0].lower() in names)
        usable = [
            name
            for group, names in classes.items()
            if group != own
            for name in names
            if not any(alias in around.lower for alias in _aliases(name))
        ]
        if usable:
            yield _put(statement.text, found.span(), with_case_of(found[0], chance.choice(usable)))


def bound_dose(statement: Statement, around: Surroundings, chance: random.Random) -> Iterator[str]:
    """Give a drug the dose of another drug of the note, or a measure the value of another."""
    for pattern in (_drug_doses(), _measured()):
        everywhere = _values(pattern, around)
        for found in pattern.finditer(statement.text):
            own = {value for name, value in everywhere if name == found[1].lower()}
            others = sorted(
                {value for name, value in everywhere if name != found[1].lower()} - own - {found[2].lower()}
            )
            usable = [value for value in others if _plain(value) not in {_plain(one) for one in own}]
            if usable:
                yield _put(statement.text, found.span(2), chance.choice(usable))


def _plain(value: str) -> str:
    return value.replace(" ", "").replace("-", "")


def _values(pattern: re.Pattern[str], around: Surroundings) -> list[tuple[str, str]]:
    return [(found[1].lower(), found[2].lower()) for found in pattern.finditer(around.lower)]


def _aliases(name: str) -> set[str]:
    return {name}.union(*(group for group in table("falsehoods")["brands"]["names"] if name in group))


@cache
def _drug_names() -> re.Pattern[str]:
    names = [name for group in table("falsehoods")["drugs"].values() for name in group]
    return re.compile(rf"\b(?:{'|'.join(sorted(names, key=len, reverse=True))})\b", re.I)


@cache
def _drug_doses() -> re.Pattern[str]:
    return re.compile(
        rf"({_drug_names().pattern}),? (?:(?:at|to|of|inhaler|tablets?|sodium) ){{0,2}}"
        rf"({_FIGURE}[ -]?(?:mg|milligrams?|mcg|micrograms?|g|units)\b)",
        re.I,
    )


@cache
def _measured() -> re.Pattern[str]:
    names = table("falsehoods")["measures"]["names"]
    written = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"(?<![\w])({written})(?: level)?(?: is| was| of| at|:|,){{0,2}} ({_FIGURE})"
        r"(?![\d/]|\.\d| ?(?:/|-|to))",
        re.I,
    )


def _put(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]
