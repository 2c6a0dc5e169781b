"""Symptoms where a note names them: there, not there or past, with how long and how bad where it says so."""

import re
from collections.abc import Iterator

from inference.checking.concepts import Mention
from inference.checking.facts.fact import Symptom
from inference.checking.facts.homonyms import is_something_else
from inference.checking.facts.lines import Clause, Line
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.tokens import tokens
from inference.vocabulary import SymptomState

_NO_SYMPTOMS = frozenset(
    {
        SectionKind.FAMILY,
        SectionKind.WARNINGS,
        SectionKind.ALLERGIES,
        SectionKind.MEDICATIONS,
        SectionKind.HOME_MEDICATIONS,
        SectionKind.STOPPED,
    }
)
_COUNT = (
    r"(?:\d{1,3}(?:\.\d)?(?:\s?(?:-|–|to)\s?\d{1,3})?\+?|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|twelve|several|few|many|couple of)"
)
_UNITS = r"(?:minute|min|hour|hr|day|night|week|wk|month|mth|year|yr|decade)s?\b"
_NOT_OLD = r"(?![\s-]old\b|[\s-]?y/?o\b)"
_LEAD = (
    r"(?:(?:for|over|during|x|within|in(?=\s(?:the\s)?(?:past|last))|past|last|the|about|approximately|around"
    r"|at least|almost|nearly)\s){0,5}"
)
_DURATION = re.compile(
    r"(?<!\bon )(?<!tried )(?<!from )(?<!until )(?<!started )(?<![\d/])"
    r"\b\d{1,2}(?:\s?-\s?\d{1,2})?/(?:7|52|12|24)(?![\d/])(?:\s(?:hx|history|ago))?"
    rf"|(?<!every )(?<!each )(?<!\bin )(?<!q)(?<!-)\b{_LEAD}\b{_COUNT}[\s-]{_UNITS}{_NOT_OLD}"
    r"(?:\sago|\shistory|\sof\b)?"
    rf"|\b(?:for|over|past|last|x) (?:the past |the last |about |over )?(?:an?|a few|a couple of) {_UNITS}"
    rf"|\b(?:an?|a few|a couple of) {_UNITS} (?:ago|history)"
    r"|\bsince\s(?:(?:the|last|this|early|late|previous|yesterday|around|about)\s){0,3}"
    r"(?!these\b|those\b|that\b|it\b|he\b|she\b|they\b|we\b|his\b|her\b|who\b|and\b|there\b|then\b|the\b)"
    r"[A-Za-z0-9/]{1,14}"
    r"|\b(?:overnight|all day|all night|this morning|last night|yesterday"
    r"|for (?:years|months|weeks|days)|lifelong)\b",
    re.IGNORECASE,
)
_OFTEN = re.compile(
    r"(?:\b(?:every|each|times|once|twice|thrice|per|q)|\dx|/)[\s-]{0,2}(?:an?\s)?$", re.IGNORECASE
)
_SCORE = r"\b(?:10|\d)(?:\s?-\s?\d{1,2})?\s?(?:/|out of)\s?10\b"
_SEVERITY = re.compile(
    rf"(?P<score>{_SCORE})"
    r"|\b(?:very severe|severe|mild to moderate|moderate to severe|mild|moderate|slight|excruciating|intense"
    r"|unbearable|debilitating|terrible|worst|bad|significant|marked|extreme|minor|massive|crushing|profuse"
    r"|heavy)\b(?!\s(?:asthma|copd|for\b|at one point|exercise|exertion|activity|physical))",
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    r"(?:\b(?:is|was|are|were|be|been|being|as|severity|becoming|became|quite|very|more|less|too|still|rated)"
    r"|[:(–—-]|,)\s{0,2}$",
    re.IGNORECASE,
)


def symptoms_of(line: Line) -> Iterator[Symptom]:
    """Find the symptoms of one sentence, from left to right."""
    if line.section in _NO_SYMPTOMS:
        return
    if not any(_is_symptom(mention) for mention in line.reading.concepts):
        return
    if line.section in {SectionKind.PLAN, SectionKind.FOLLOW_UP} and (
        "warning" in line.topics or _TO_COME.search(line.reading.text)
    ):
        return
    raw = tokens(line.sentence.text)
    reading = line.reading
    shift = len(raw) - len(reading.words)
    if shift < 0 or [word.lower for word in raw[shift:]] != [word.lower for word in reading.words]:
        # The cells of a row stand in another order in its reading: read it as it is written.
        line = Line(line.sentence, Reading(line.sentence.text, number=line.number), line.section)
        reading, shift = line.reading, 0
        if len(raw) != len(reading.words):
            return
    base = line.sentence.start
    known = [
        mention
        for mention in reading.concepts
        if _is_symptom(mention) and not is_something_else(line, mention) and not _is_reaction(line, mention)
    ]
    for index, mention in enumerate(known):
        state = _state(line, mention)
        if state is None:
            continue
        clause = line.clause_at(mention.first)
        duration, severity = ("", "")
        if state is not SymptomState.ABSENT:
            duration = _nearest(reading, _DURATION, mention, known, index, clause)
            severity = _nearest(reading, _SEVERITY, mention, known, index, clause)
        yield Symptom(
            name=mention.concept.name,
            sentence=line.number,
            start=base + raw[mention.first + shift].start,
            end=base + raw[mention.past - 1 + shift].end,
            state=state,
            duration=duration,
            severity=severity,
        )


_TO_COME = re.compile(r"\b(?:if|red flags?|worsening|earlier|return|safety.?net\w*|monitor)\b", re.IGNORECASE)


def _is_reaction(line: Line, mention: Mention) -> bool:
    """Tell whether a symptom is what a drug did ("aspirin - rash") or is for ("as needed for pain")."""
    is_entry = line.label.lower().startswith(("all", "adr", "drug"))
    if "allergy" in line.topics and (line.reading.drugs or is_entry):
        return True
    start = line.reading.words[mention.first].start
    before = line.reading.text[max(0, start - _PURPOSE) : start]
    if not line.reading.drugs:
        return False
    is_for_it = mention.concept.name in _RELIEVED and _FOR_IT.search(before) is not None
    return is_for_it or _WHEN_NEEDED.search(before) is not None


_RELIEVED = frozenset(
    (
        "pain",
        "breakthrough pain",
        "swelling",
        "nausea",
        "vomiting",
        "fever",
        "itching",
        "insomnia",
        "constipation",
    )
)
_PURPOSE = 40  # characters before a symptom
_WHEN_NEEDED = re.compile(r"\b(?:prn|as[ -]needed|when required|if required)\b[\w ,]{0,12}$", re.IGNORECASE)
_FOR_IT = re.compile(
    r"\b(?:for|to treat|to help with|to control|to manage)(?: (?:any|the|his|her))?\s$", re.IGNORECASE
)
_NO_COMPLAINTS = frozenset(
    {"symptom", "appetite", "exercise tolerance", "side effects", "injury", "wound", "mole"}
)


def _is_symptom(mention: Mention) -> bool:
    return mention.concept.kind == "symptom" and mention.concept.name not in _NO_COMPLAINTS


def _state(line: Line, mention: Mention) -> SymptomState | None:
    sense = line.sense(mention.first, mention.past)
    if sense & (Sense.HYPOTHETICAL | Sense.FAMILY):
        return None
    if sense & Sense.NEGATED:
        return SymptomState.ABSENT
    if sense & (Sense.HISTORICAL | Sense.ENDED) or line.section is SectionKind.PAST_HISTORY:
        return SymptomState.HISTORICAL
    return SymptomState.PRESENT


def _nearest(
    reading: Reading,
    pattern: re.Pattern[str],
    mention: Mention,
    known: list[Mention],
    index: int,
    clause: Clause,
) -> str:
    """The words of a pattern that stand nearest to a symptom and no nearer to another one, in its clause."""
    start, end = reading.words[mention.first].start, reading.words[mention.past - 1].end
    left = max(clause.start, reading.words[known[index - 1].past - 1].end if index else 0)
    right = clause.end
    if index + 1 < len(known):
        right = min(right, reading.words[known[index + 1].first].start)
    has_next = right < clause.end
    best, nearest = "", _REACH + 1
    for match in pattern.finditer(reading.text, max(left, start - _FURTHEST), min(right, end + _REACH)):
        is_behind = match.start() >= end
        between = reading.text[end : match.start()] if is_behind else reading.text[match.end() : start]
        if not match[0].strip() or not _belongs(reading, match, between, is_behind, has_next):
            continue
        distance = len(between) + _PAST_COMMA * ("," in between)
        if distance < nearest:
            best, nearest = match[0].strip(), distance
    return best


def _belongs(reading: Reading, match: re.Match[str], between: str, is_behind: bool, has_next: bool) -> bool:
    """Tell whether a duration or a severity may be said of a symptom before or behind it.

    A quality stands before its symptom, or behind "is"; behind a comma it is the next symptom's. "Every 6
    hours" and "once a day" are no durations.
    """
    if match.re is _DURATION:
        if _OFTEN.search(reading.text[max(0, match.start() - _TO_OFTEN) : match.start()]):
            return False
        return not (is_behind and has_next and "," in between)
    if match["score"] is not None:
        return not (is_behind and has_next and "," in between)
    return not is_behind or (_PREDICATE.search(between) is not None and not (has_next and "," in between))


_TO_OFTEN = 12  # characters before a duration that make it a frequency
_PAST_COMMA = 30  # a comma between them parts as so many characters do
_REACH = 90  # characters between a symptom and what is said of it
_FURTHEST = 200  # characters before a symptom that are searched at all
