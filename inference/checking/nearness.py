"""What a sentence says of one drug, not of another one or of something else: the words near its name."""

import re

from inference.checking.drugs import Mention
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.vocabulary import DrugStatus

# A full stop behind "od." or "b.d." ends no clause.
_CLAUSE_END = re.compile(r"(?<=[a-z0-9)]{3})\.\s+(?=[A-Z])|;")
# "Levothyroxine 125 micrograms. Increased.": a clause that begins with the verb goes on about the drug.
_GOES_ON = re.compile(
    r"[.;]\s*(?:re)?(?:started|stopped|increased|reduced|decreased|changed|held|paused|resumed|doubled)\b",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[,;]|\b(?:and|then|plus|with)\b")
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|nil|without|nor|cannot|neither)|n't)\s+"
    r"(?:(?:yet|been|be|to|being|any|has|have|was|were|drugs?|medications?|medicines?|meds|tablets?)\s+)*$",
    re.IGNORECASE,
)
_CUES = {
    DrugStatus.STARTED: r"\b(?:re)?(?:start|commenc|initiat|began|begin|prescri|resum|add(?:ed)?\b)",
    DrugStatus.STOPPED: r"\b(?:stop|discontinu|d/c|ceas|withdr[ae]w|no longer|off\b|complet)",
    DrugStatus.CHANGED: (
        r"\b(?:chang|increas|decreas|reduc|titrat|switch|doubl|halv|up to|down to|raised|lowered|adjust)|→|->"
    ),
    DrugStatus.HELD: r"\b(?:hold|held|withh|paus|suspend|omit)",
}
_OF_DRUGS = (
    r"(?:oral|iv|po|regular|medications?|medicines?|meds|drugs?|tablets?|antibiotics?|inhalers?"
    r"|prescriptions?)"
)
# "New" is said of coughs too: it counts right before the drug, as a mark behind it, or in a list's title.
_NEW_BEFORE = re.compile(rf"\bnew(?:ly)?(?:\s+{_OF_DRUGS})*[\s:–-]*$", re.IGNORECASE)
_NEW_BEHIND = re.compile(
    rf"\bnew\b(?=\W*$|\s*[),.;:|]|\s+(?:{_OF_DRUGS}|this|today|since|on|for|from)\b)", re.IGNORECASE
)
_NEW_TITLE = re.compile(rf"\bnew(?:ly)?\b(?:\W*$|\s+{_OF_DRUGS}\b)", re.IGNORECASE)
_ROUTES = {
    writing: route
    for route, writings in lexicon("routes")["routes"].items()
    for writing in [route, *writings]
}
_ROUTE = re.compile(
    rf"(?<!\w)({'|'.join(re.escape(writing) for writing in sorted(_ROUTES, key=len, reverse=True))})(?!\w)"
)
_LINE_BEFORE = re.compile(r"\b(?:cannulas?|lines?|access|venflon|drip|site)\s+$")
_LINE_BEHIND = re.compile(r"\s+(?:cannulas?|lines?|access|venflon|drip|site|fluids?|removed)\b")


def tells_status(status: DrugStatus, name: str, source: Reading) -> bool:
    """Whether a sentence, or its section's title, says in so many words that a drug has a status.

    A sentence without any drug is taken to speak of the one that the claim is about ("Both were stopped").
    """
    cue = re.compile(_CUES[status], re.IGNORECASE)
    is_started = status is DrugStatus.STARTED
    if _said(cue, source.section) or (is_started and _said(_NEW_TITLE, source.section)):
        return True
    places = _places(name, source)
    if not places:
        return not source.drugs and _said(cue, source.text)
    for place in places:
        leading, before, behind = _around(source, *place)
        if any(_said(cue, words) for words in (leading, before, behind)):
            return True
        if is_started and (_said(_NEW_BEFORE, leading + before) or _said(_NEW_BEHIND, behind)):
            return True
    return False


def gives_route(route: str, name: str, source: Reading) -> bool:
    """Whether a sentence gives a route for a drug: near its name, or before a list of which it is one."""
    folded = " ".join(route.lower().strip(". ").split())
    wanted = _ROUTES.get(folded, folded)
    places = _places(name, source)
    if not places:
        return not source.drugs and wanted in _routes(source.text)
    for place in places:
        leading, before, behind = _around(source, *place)
        own = _routes(before) + _routes(behind)
        if wanted in (own or _routes(leading)):
            return True
        if wanted not in _ROUTES.values() and wanted in (before + behind).lower():
            return True
    return False


def routes_of(reading: Reading, mention: Mention) -> frozenset[str]:
    """The routes that a text gives for a drug, near its name or before the list of which it is one."""
    leading, before, behind = _around(reading, *_span(reading, mention))
    return frozenset(_routes(before) + _routes(behind) or _routes(leading))


def _said(cue: re.Pattern[str], text: str) -> bool:
    return any(not _DENIED.search(text[: match.start()]) for match in cue.finditer(text))


def _routes(text: str) -> list[str]:
    lower = text.lower()
    return [
        _ROUTES[match[1]]
        for match in _ROUTE.finditer(lower)
        if not _DENIED.search(lower[: match.start()])
        and not _LINE_BEFORE.search(lower[: match.start()])
        and not _LINE_BEHIND.match(lower, match.end())
    ]


def _places(name: str, source: Reading) -> list[tuple[int, int]]:
    """Where a drug is named: by any of its names, or in the very words where no lexicon knows it."""
    wanted = {mention.name for mention in Reading(name).drugs}
    if wanted:
        return [_span(source, mention) for mention in source.drugs if mention.name in wanted]
    words = " ".join(name.lower().split())
    return (
        [match.span() for match in re.finditer(rf"\b{re.escape(words)}", source.text.lower())]
        if words
        else []
    )


def _span(source: Reading, mention: Mention) -> tuple[int, int]:
    return source.words[mention.first].start, source.words[mention.past - 1].end


def _around(source: Reading, start: int, end: int) -> tuple[str, str, str]:
    """The words of a drug's clause that lead its list, stand right before it, and stand behind it.

    Between two drugs the words belong to the first one up to the last comma or "and", then to the second:
    "ceftriaxone 1 g iv and oral doxycycline".
    """
    text = source.text
    ends = [match.start() for match in _CLAUSE_END.finditer(text)]
    first = max((edge for edge in ends if edge < start), default=0)
    past = min((edge for edge in ends if edge >= end), default=len(text))
    spans = [_span(source, mention) for mention in source.drugs]
    earlier = [span for span in spans if first <= span[0] < start]
    later = min((begin for begin, _ in spans if end <= begin < past), default=None)
    behind = text[end : later or past]
    tail = min((edge for edge in ends if edge > past), default=len(text))
    if later is None and _GOES_ON.match(text, past) and not any(past <= begin < tail for begin, _ in spans):
        behind = text[end:tail]
    if later is not None and (breaks := list(_BREAK.finditer(behind))):
        behind = behind[: breaks[-1].start()]
    if not earlier:
        return "", text[first:start], behind
    between = text[earlier[-1][1] : start]
    return text[first : earlier[0][0]], _BREAK.split(between)[-1], behind
