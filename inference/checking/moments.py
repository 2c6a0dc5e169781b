"""When: a claim must put what happened at the time at which its sources put it.

"Yesterday", "3/7 ago" and "for several years" are spans of days before the note; each belongs to what
happened then: a beginning, a change for the worse, a visit. The pain that "began 30 years ago" and "worsened
a month ago" did not start a month ago.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from inference.checking.case import Case
from inference.checking.drugs import Mention
from inference.checking.flags import Flag, quoted
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_COUNTS = {
    "half a": (0.5, 0.5),
    "a": (1, 1),
    "an": (1, 1),
    **{
        word: (count, count)
        for count, word in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight"])
    },
    **{word: (count, count) for count, word in enumerate(["nine", "ten", "eleven", "twelve"], 9)},
    "fifteen": (15, 15),
    "twenty": (20, 20),
    "thirty": (30, 30),
    "forty": (40, 40),
    "couple of": (2, 3),
    "a couple of": (2, 3),
    "few": (2, 6),
    "a few": (2, 6),
    "several": (3, 11),
    "some": (2, 12),
    "many": (5, 60),
}
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "f": 14.0, "m": 30.4, "y": 365.0}
_SHORT_DAYS = {"7": 1.0, "52": 7.0, "12": 30.4, "24": 1 / 24}
_UNIT = r"(?:hours?|hrs?|days?|weeks?|wks?|fortnights?|months?|mths?|mos?|years?|yrs?|decades?)"
_NUMBER = (
    r"(?:\d{1,3}(?:\.\d)?(?:\s?(?:-|–|to|or)\s?\d{1,3})?"
    r"|(?:a\s)?couple\sof|(?:a\s)?few|half\sa|several|some|many|an?"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty)"
)
_SPAN = re.compile(
    rf"\b(?:(?P<count>{_NUMBER})[\s-](?P<unit>{_UNIT})|(?P<only>\d{{1,3}}(?:\s?-\s?\d{{1,3}})?)\s?/\s?(?P<short>7|52|12|24))\b(?!\s?(?:old|of\sage))"
    rf"(?P<ago>\s(?:ago|back|earlier|previously|prior\b(?!\sto)|before\s(?:admission|presentation)))?",
    re.IGNORECASE,
)
_VAGUE_UNIT = re.compile(
    r"\b(?P<past>(?:the\s)?(?:last|past)|for|over)\s(?P<unit>hours|days|weeks|months|years|decades)\b(?P<ago>\sago)?",
    re.I,
)
_LASTING_BEFORE = re.compile(
    r"\b(?:for|x|over|during|past|last|within|since|lasting|about|approximately|around|nearly|almost|roughly)"
    r"(?:\s(?:the|about|approximately|around|nearly|almost|past|last|over|at|least|more|than|roughly|only)){0,3}\s?$",
    re.IGNORECASE,
)
_NOT_BACK = re.compile(
    r"\b(?:in|within|every|after|until|next|another|further|age|aged|per|each|then|least|once|following|to"
    r"|lasts|lasting|lasted|course\sof|supply\sof)(?:\s(?:the|next|about|a|another|for)){0,2}\s?$",
    re.IGNORECASE,
)
_HISTORY_BEHIND = re.compile(r"\s?(?:hx|history|h/o|of\b|duration)", re.IGNORECASE)
# A year that is part of no date and no amount.
_FREE, _ALONE = r"(?<![\d/.-])", r"(?![\d/%-]|\.\d|\s?(?:ml|mg|mcg|g|kcal|cal|units|hrs?|hours|h|steps|ft)\b)"
_NAMED = (
    (
        r"(?<!presents\s)(?<!here\s)(?<!seen\s)(?<!in\s)(?<!presenting\s)(?<!visit\s)today(?!\s(?:for|with|to)\b)|tonight|this\s(?:morning|afternoon|evening)|just\snow|earlier\stoday",
        0.0,
        1.0,
    ),
    (r"yesterday|last\snight|the\snight\sbefore|the\sday\sbefore", 0.4, 2.0),
    (r"last\sweek|a\sweek\sor\sso\sago", 2.0, 15.0),
    (r"(?:earlier\s|later\s)?this\sweek", 0.0, 7.0),
    (r"this\smonth", 0.0, 31.0),
    (r"this\syear|earlier\sthis\syear", 0.0, 366.0),
    (r"last\smonth", 12.0, 45.0),
    (r"last\syear", 110.0, 730.0),
    (r"recent(?:ly)?|lately|of\slate|new-onset|newly", 0.0, 150.0),
    (
        r"long\sago|in\schildhood|as\sa\s(?:child|teenager|kid)|decades\sago|years\sago|since\schildhood",
        800.0,
        4e4,
    ),
    (
        r"chronic(?!\s(?:obstructive|kidney|renal|liver|lymph|myel|heart|fatigue))|long-?\s?standing|lifelong|for\s(?:many\s)?years",
        320.0,
        4e4,
    ),
    (rf"{_FREE}(?:19\d\d|200\d|201[0-5]){_ALONE}", 1000.0, 3.8e4),
    (rf"{_FREE}201[6-9]{_ALONE}", 40.0, 4e3),
)
_WORDS = [(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), low, high) for words, low, high in _NAMED]
# What happened, by the word that says so; the first kind that a clause names wins.
_EVENTS = (
    (
        "worse",
        r"worsen\w*|worse|deteriorat\w*|flar\w+|exacerbat\w*|progress\w*|increas\w+|relaps\w*|escalat\w*",
    ),
    ("better", r"improv\w*|better|resolv\w*|settl\w+|eased|recover\w*|subsid\w*|gone|cleared"),
    ("ended", r"quit\w*|stopp\w+|gave\sup|given\sup|ceas\w+|discontinu\w*|finish\w+|complet\w+"),
    (
        "seen",
        r"seen|saw|visit\w*|review\w*|appointment|consult\w*|follow-?\s?up|evaluated|present\w*\sto|admi\w+",
    ),
    ("hurt", r"fell|fall\w*|injur\w*|accident|twist\w*|tripp\w*|slipp\w*|crash\w*|collaps\w*|sustain\w*"),
    (
        "done",
        r"surgery|operat\w*|underwent|replac\w+|procedure|removed|repair\w*|stent\w*|biops\w*|scan\w*"
        r"|vaccin\w*|inject\w*|born|birth|baby|deliver\w+|diagnos\w+|treated|died|travel\w*|return\w*|test\w*",
    ),
    (
        "begun",
        r"onset|beg[aiu]n\w*|start\w*|commenc\w*|came\son|come\son|develop\w*|notic\w+|appear\w*|since|first"
        r"|occurr\w+|woke|awoke|initial\w*",
    ),
)
_KINDS = [(name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for name, words in _EVENTS]
_CLAUSE = re.compile(
    r"[;:]|\.\s|,\s(?=(?:but|however|and|which|then|when|with|now)\b)|\band\s(?:has|had|have|is|was|were|now|he|she|they|it)\b|\b(?:but|however|although|then)\b|,\s"
)
_MARGIN = 0.35
_MOST = 12  # times of one text that are read
_SHARE = 0.6  # of the claim's content words in one source, where no event tells what the time is of
_MOST_OF_IT = 0.8  # where other events are told
_LESS = 0.3  # where the same is


class Moment(NamedTuple):
    """A time before the note, from `low` to `high` days ago, at text[start:end].

    Attributes:
        events: what happened then, as far as words tell it.
        is_lasting: since when, not when: "for three weeks".
        is_worded: without a count: the numbers' own check cannot tell it from another.
    """

    low: float
    high: float
    start: int
    end: int
    events: frozenset[str]
    is_lasting: bool
    is_worded: bool

    @property
    def kinds(self) -> frozenset[str]:
        """Its events; what lasts has begun then, where nothing else is told."""
        return self.events or (_BEGUN if self.is_lasting else self.events)


_BEGUN = frozenset({"begun"})


def check(case: Case) -> list[Flag]:
    """Flag a time that the sources give otherwise for the same event, or for most of the same words."""
    flags: list[Flag] = []
    theirs: list[tuple[Reading, Moment]] | None = None
    for ours in moments(case.claim):
        if theirs is None:
            theirs = [(source, moment) for source in case.sources for moment in moments(source)]
        rivals = _rivals(case, ours, theirs)
        if rivals and not any(_meet(ours, moment) for _, moment in rivals):
            source, given = rivals[0]
            claim = case.claim
            flags.append(
                Flag(
                    "timing",
                    Severity.WARNING,
                    f"When: the claim says {quoted(claim.text[ours.start : ours.end])}; "
                    f"sentence {source.number} says {quoted(source.text[given.start : given.end])}.",
                    frozenset(i for i, word in enumerate(claim.words) if ours.start <= word.start < ours.end),
                )
            )
    return flags


def _rivals(case: Case, ours: Moment, theirs: list[tuple[Reading, Moment]]) -> list[tuple[Reading, Moment]]:
    """The times of the sources that the claim's must meet."""
    own = [
        (source, moment)
        for source, moment in theirs
        if moment.kinds & ours.kinds
        and (_share(case.claim, source) >= _LESS or _names_one(case.claim, source))
    ]
    is_met = any(_meet(ours, moment) for _, moment in theirs)
    if own:
        is_plain = not ours.events and not ours.is_worded and not any(moment.is_worded for _, moment in own)
        return [] if is_plain and not is_met else own  # a number that stands nowhere is left to its own check
    if is_met:
        return []
    return [
        (source, moment)
        for source, moment in theirs
        if (ours.is_worded or moment.is_worded)
        and _share(case.claim, source) >= (_SHARE if moment.events == ours.events else _MOST_OF_IT)
    ]


def _share(claim: Reading, source: Reading) -> float:
    """The share of the claim's words that a source has, times and events apart."""
    times = [(moment.start, moment.end) for moment in moments(claim)]
    own = {
        stem
        for index, stem in claim.stems.items()
        if not any(start <= claim.words[index].start < end for start, end in times)
        and not any(pattern.fullmatch(claim.words[index].lower) for _, pattern in _KINDS)
    }
    return len(own & source.stem_set) / len(own) if own else 0.0


def _names_one(claim: Reading, source: Reading) -> bool:
    return any(name[0] == "=" and name in source.places for name in claim.places)


def _meet(one: Moment, other: Moment) -> bool:
    return one.low * (1 - _MARGIN) <= other.high * (1 + _MARGIN) and other.low * (1 - _MARGIN) <= one.high * (
        1 + _MARGIN
    )


def moments(reading: Reading) -> list[Moment]:
    """Find the times before the note that a text tells, in reading order. Linear time."""
    text = reading.text
    found: list[tuple[float, float, int, int, bool, bool]] = []
    for match in _SPAN.finditer(text):
        if (days := _days(match)) is None:
            continue
        before = text[max(0, match.start() - 40) : match.start()]
        is_lasting = match["ago"] is None
        if is_lasting and _NOT_BACK.search(before):
            continue
        if is_lasting and any(_starts(reading, drug) < match.start() for drug in reading.drugs):
            continue  # a course of treatment
        if (
            is_lasting
            and not match["short"]
            and not (_LASTING_BEFORE.search(before) or _HISTORY_BEHIND.match(text, match.end()))
        ):
            continue
        found.append((*days, match.start(), match.end(), is_lasting, _is_vague(match)))
        if len(found) > _MOST:
            break
    for match in _VAGUE_UNIT.finditer(text[:_READ]):
        day = _DAYS[match["unit"][0].lower()]
        found.append((2 * day, 60 * day, match.start(), match.end(), not match["ago"], True))
    for pattern, low, high in _WORDS:
        if (named := pattern.search(text[:_READ])) is not None:
            found.append((low, high, named.start(), named.end(), False, True))
    kept: list[tuple[float, float, int, int, bool, bool]] = []
    for moment in sorted(found, key=lambda entry: (entry[2], -entry[3])):
        if not kept or moment[2] >= kept[-1][3]:
            kept.append(moment)
    edges = [match.start() for match in _CLAUSE.finditer(text[:_READ])]
    return [
        Moment(
            low,
            high,
            start,
            end,
            _events(text, start, end, edges) if high < _EVER else frozenset(),
            is_lasting,
            is_worded,
        )
        for low, high, start, end, is_lasting, is_worded in kept[:_MOST]
    ]


_EVER = 3.9e4  # days: of what has no start no event is told
_READ = 2000  # code points of a sentence that are read


def _is_vague(match: re.Match[str]) -> bool:
    return match["count"] is not None and " ".join(match["count"].lower().split()) in _VAGUE


_VAGUE = frozenset({"couple of", "a couple of", "few", "a few", "several", "some", "many"})


def _starts(reading: Reading, drug: Mention) -> int:
    return reading.words[drug.first].start


def _days(match: re.Match[str]) -> tuple[float, float] | None:
    if match["short"]:
        counts = [float(number) * _SHORT_DAYS[match["short"]] for number in match["only"].split("-")]
        return min(counts), max(counts)
    unit = match["unit"].lower()
    day = 3650.0 if unit.startswith("decade") else _DAYS[unit[0]]
    written = " ".join(match["count"].lower().split())
    if written[0].isdigit():
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d)?", written)]
        return min(numbers) * day, max(numbers) * day
    low, high = _COUNTS[written]
    return low * day, high * day


def _events(text: str, start: int, end: int, edges: list[int]) -> frozenset[str]:
    """What happened then: the last word for it before the time in its clause; what "when" joins to it; else
    the first word behind it."""
    at = bisect_right(edges, start)
    first = edges[at - 1] if at else 0
    past = edges[at] if at < len(edges) else len(text)
    before, behind = text[max(first, start - 90) : start], text[end : min(past, end + 60)]
    closest = max(((match.start(), name) for name, match in _told(before)), default=None)
    joined = _JOINED.match(text, end)
    if closest is not None or joined is not None:
        found = {closest[1]} if closest is not None else set()
        if joined is not None:
            found.update(name for name, _ in _told(joined[0]))
        return frozenset(found)
    following = min(((match.start(), name) for name, match in _told(behind)), default=None)
    return frozenset() if following is None else frozenset({following[1]})


def _told(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    return ((name, match) for name, pattern in _KINDS for match in pattern.finditer(text))


_JOINED = re.compile(r"\W{0,2}(?:when|after|following|while|whilst)\s.{0,40}", re.IGNORECASE)
