"""Symptoms where a note names them: there, not there or past, with how long and how bad where it says so."""

import re
from collections.abc import Iterator

from inference.checking.concepts import Mention
from inference.checking.facts.fact import Symptom
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
    r"(?:\d{1,3}(?:\.\d)?(?:\s?(?:-|–|to)\s?\d{1,3})?\+?|one|two|three|four|five|six|seven|eight|nine|ten|twelve"
    r"|several|few|many|an?|couple of)"
)
_UNITS = r"(?:minute|min|hour|hr|day|night|week|wk|month|mth|year|yr|decade)s?"
_DURATION = re.compile(
    rf"\b\d{{1,2}}(?:\s?-\s?\d{{1,2}})?/(?:7|52|12|24)(?![\d/])(?:\s(?:hx|history|ago))?"
    r"|(?:\b(?:for|over|in|during|past|last|x)\s)?"
    r"(?:\b(?:the|about|approximately|around|past|last|at least|almost|nearly)\s){0,3}"
    rf"\b{_COUNT}[\s-]{_UNITS}(?:\sago|\shistory|\sof\b)?"
    r"|\bsince\s(?:the\s|last\s|this\s|early\s|late\s)?[A-Za-z0-9/]{1,14}"
    r"|\b(?:overnight|all day|all night|this morning|last night|yesterday"
    r"|for (?:years|months|weeks|days)|lifelong)\b",
    re.IGNORECASE,
)
_SEVERITY = re.compile(
    r"\b(?:10|\d)(?:\s?-\s?\d{1,2})?\s?(?:/|out of)\s?10\b"
    r"|\b(?:very severe|severe|mild to moderate|moderate to severe|mild|moderate|slight|excruciating|intense"
    r"|unbearable|debilitating|terrible|worst|bad|significant|marked|extreme|minor|massive|crushing|profuse"
    r"|heavy)\b(?!\s(?:asthma|copd))",
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
    known = [mention for mention in reading.concepts if _is_symptom(mention)]
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
    found = [
        match for match in pattern.finditer(reading.text, left, min(right, end + _REACH)) if match[0].strip()
    ]
    if not found:
        return ""
    best = min(found, key=lambda match: max(match.start() - end, start - match.end(), 0))
    return best[0].strip() if start - best.end() <= _REACH else ""


_REACH = 90  # characters between a symptom and what is said of it
_FURTHEST = 200  # characters before a symptom that are searched at all
