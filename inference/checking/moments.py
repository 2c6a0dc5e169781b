"""When: words of time that exclude one another, "yesterday" for "seven years ago", "new" for "chronic"."""

import re

from inference.checking.case import Case
from inference.checking.flags import Flag, quoted
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_COUNT = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|many|some|few|couple\sof)"
_NOW = (
    r"today|yesterday|tonight|this\s(?:morning|afternoon|evening|week)|last\snight|just\snow"
    rf"|{_COUNT}\s(?:hours?|days?)\sago"
)
_WORDS = {
    "now": re.compile(rf"\b(?:{_NOW})\b", re.IGNORECASE),
    "recent": re.compile(r"\b(?:recent(?:ly)?|lately|new-onset|newly|of\slate)\b", re.IGNORECASE),
    "past": re.compile(
        rf"\b{_COUNT}\s?(?:years?|decades?|yrs?|y)\sago\b|\b(?:long\sago|in\schildhood|as\sa\s(?:child|teenager)"
        r"|decades\sago|years\sago)\b|\bin\s(?:19\d\d|20[01]\d)\b",
        re.IGNORECASE,
    ),
    "lasting": re.compile(r"\b(?:chronic|long-?\s?standing|lifelong|for\s(?:many\s)?years)\b", re.IGNORECASE),
}
_MOST_OF_IT = 0.6  # share of the claim's content words
_EXCLUDED = {
    "now": frozenset({"past", "lasting"}),
    "recent": frozenset({"past", "lasting"}),
    "past": frozenset({"now", "recent"}),
    "lasting": frozenset({"now", "recent"}),
}


def check(case: Case) -> list[Flag]:
    """Flag a word of time that none of the sentences bears out and that excludes the one they have.

    Judged only where the claim has one such word, its sentences none that goes with it, and one of them holds
    most of the claim's words: two sentences told as one have times of their own.
    """
    ours = _moments(case.claim)
    if len(ours) != 1:
        return []
    kind, match = next(iter(ours.items()))
    theirs = [(source, found) for source in case.sources for found in _moments(source).items()]
    stems = case.claim.stem_set
    if not any(len(stems & source.stem_set) >= _MOST_OF_IT * len(stems) for source, _ in theirs):
        return []
    if not theirs or any(other not in _EXCLUDED[kind] for _, (other, _) in theirs):
        return []
    source, (_, given) = theirs[0]
    claim = case.claim
    places = frozenset(i for i, word in enumerate(claim.words) if match.start() <= word.start < match.end())
    message = (
        f"When: the claim says {quoted(match[0])}; sentence {source.number} says "
        f"{quoted(' '.join(given[0].split()))}."
    )
    return [Flag("timing", Severity.WARNING, message, places)]


def _moments(reading: Reading) -> dict[str, re.Match[str]]:
    return {
        kind: match for kind, pattern in _WORDS.items() if (match := pattern.search(reading.text)) is not None
    }
