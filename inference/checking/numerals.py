"""Numbers in figures, letters and Roman numerals, and what they are worth."""

import re
from decimal import Decimal

_ONES = {
    word: value
    for value, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        start=1,
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_ROMANS = {
    numeral: Decimal(value)
    for value, numeral in enumerate(
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], start=1
    )
}
_ORDINALS = {
    word: Decimal(value)
    for value, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"],
        start=1,
    )
}
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}

_ONE_WORD = "|".join(sorted(_ONES, key=len, reverse=True))
_SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(list(_ONES)[:9])})\b)?|{_ONE_WORD})"
# A number in letters; "half" counts only before a unit.
WORD_PATTERN = (
    rf"(?:(?:{_SMALL}|a)\s(?:hundred|thousand)\b(?:\s(?:and\s)?{_SMALL})?"
    rf"|{_SMALL}\sand\sa\shalf\b|{_SMALL}|a\sdozen|half(?:\san?|\sof\san?)?)"
)
FIGURE_PATTERN = r"(?:(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,12}(?!\d))(?:\.\d{1,9})?[½¼¾]?|[½¼¾])"
ROMAN_PATTERN = r"(?:viii|vii|vi|iv|ix|v|iii|ii|i|xii|xi|x)"
DECADE_PATTERN = rf"(?:{'|'.join(word[:-1] for word in _TENS)})ies"
# What a Roman numeral may follow: "IV" alone is a route.
_ROMAN_CUES = (
    "grade stage class type nyha asa killip mallampati phase category gold fontaine ckd nerve nerves cn"
)
ROMAN_CUE_PATTERN = rf"(?:{'|'.join(_ROMAN_CUES.split())})"
# Words without which a text has no number in letters, by the letters between other marks.
HINTS = frozenset(
    {*_ONES, *_TENS, *(f"{word[:-1]}ies" for word in _TENS), "half", "hundred", "thousand", "dozen"}
    | {*_ROMAN_CUES.split(), "ii", "iii", "vi"}
)


def figure(text: str) -> Decimal:
    """The value of a number in figures: "1,000", "2.5", "1½"."""
    fraction = _FRACTIONS.get(text[-1], Decimal(0))
    digits = text.rstrip("½¼¾").replace(",", "")
    return (Decimal(digits) if digits else Decimal(0)) + fraction


def word_value(text: str) -> Decimal:
    """The value of a number in letters: "one hundred and twenty", "two and a half"."""
    words = text.lower().replace("-", " ").split()
    if words[0] == "half":
        return Decimal("0.5")
    if words[-1] == "dozen":
        return Decimal(12)
    half = Decimal("0.5") if words[-1] == "half" else Decimal(0)
    total = 0
    for word in words:
        if word in ("hundred", "thousand"):
            total = max(total, 1) * (100 if word == "hundred" else 1000)
        else:
            total += _ONES.get(word, 0) + _TENS.get(word, 0)
    return total + half


def number_value(text: str) -> Decimal:
    """The value of a number in figures or letters."""
    return figure(text) if text[0].isdecimal() or text[0] in _FRACTIONS else word_value(text)


def decade_value(text: str) -> Decimal:
    """The first year of "fifties"."""
    return Decimal(_TENS[f"{text.lower()[:-3]}y"])


def roman_value(text: str) -> Decimal:
    """The value of a Roman numeral of at most twelve."""
    return _ROMANS[text.lower()]


# Numbers that a text holds without writing them as such: they can bear a claim's number out.
_IMPLIED = re.compile(
    rf"""
      (?<=[^\W\d_])(?P<inner>\d{{1,4}}(?:\.\d{{1,3}})?)(?P<letter>[dwhym](?![^\W_]))?(?!\d)
    | (?<=x)\s(?P<times>\d{{1,2}})(?!\d)
    | (?<![^\W_])(?:
        (?P<ordinal>{"|".join(_ORDINALS)})
      | (?P<count>once|twice|thrice|single|double|triple|both|bilateral(?:ly)?|pair|couple|one|an?
          |[bt]\.?[id]\.?[ds]?|q\.?[id]\.?[ds]|[bt]ds?|o\.?d|daily|nightly|weekly)
      | (?:past|last|next|per|each|every|this|prior|previous|following|[aq])\s?
          (?P<period>day|week|month|year|hour|night)
      | (?P<span>fortnight|weekly|week-long|yesterday|tomorrow|overnight|annual(?:ly)?|yearly|year|quarterly
          |monthly|month|week|decade|day|hour)
      | q\.?\s?(?P<hourly>\d{{1,2}})\s?h(?:ourly|rs?|ours?)?
      )(?![^\W_])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_COUNTS = {
    "once": 1, "single": 1, "one": 1, "a": 1, "an": 1, "od": 1, "daily": 1, "nightly": 1, "weekly": 1,
    "twice": 2, "double": 2, "both": 2, "bilateral": 2, "bilaterally": 2, "pair": 2, "couple": 2,
    "bd": 2, "bds": 2, "bid": 2, "thrice": 3, "triple": 3, "tds": 3, "tid": 3, "td": 3,
    "qds": 4, "qid": 4,
}  # fmt: skip
_SPANS = {
    "fortnight": (2, "weeks"), "weekly": (1, "week"), "week-long": (1, "week"), "week": (1, "week"),
    "yesterday": (1, "day"), "tomorrow": (1, "day"), "overnight": (1, "day"), "night": (1, "day"),
    "day": (1, "day"), "annual": (1, "year"), "annually": (1, "year"), "yearly": (1, "year"),
    "year": (1, "year"), "quarterly": (3, "months"), "monthly": (1, "month"), "month": (1, "month"),
    "decade": (10, "years"), "hour": (1, "hour"),
}  # fmt: skip
_LETTERS = {"d": "days", "w": "weeks", "h": "hours", "y": "years", "m": "months"}


def implied_numbers(text: str) -> list[tuple[int, int, Decimal, str]]:
    """Numbers that stand inside words or are said in one word: "T2DM", "twice", "TDS", "the past week".

    Returns:
        (start, end, value, unit) from left to right; the unit is "" where none is meant.
    """
    found = []
    for match in _IMPLIED.finditer(text):
        kind, words = match.lastgroup or "", match[0].lower()
        value, unit = Decimal(1), ""
        if kind in ("inner", "letter"):
            value, unit = Decimal(match["inner"]), _LETTERS.get((match["letter"] or "").lower(), "")
        elif kind == "times":
            value = Decimal(match["times"])
        elif kind == "ordinal":
            value = _ORDINALS[words]
        elif kind == "count":
            value = Decimal(_COUNTS.get(words.replace(".", ""), 1))
        elif kind == "hourly":
            found.append((*match.span(), Decimal(match["hourly"]), "hours"))
            value = Decimal(24) / max(int(match["hourly"]), 1)
        else:
            span = _SPANS[(match["period"] or match["span"]).lower()]
            value, unit = Decimal(span[0]), span[1]
        found.append((*match.span(), value, unit))
    return found
