"""Drugs that a summary must carry: on the current list, started, changed, held or stopped."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from inference.checking.doses import doses
from inference.checking.drugs import Mention
from inference.checking.facts.drug_verbs import LISTS, NOT_GIVEN, SHORT_TITLE, drug_verbs, what_becomes
from inference.checking.facts.fact import Found
from inference.checking.facts.lines import Clause, Line, trimmed
from inference.checking.facts.lists import word_list
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found as Hit
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.vocabulary import FactKind

_GOES_ON = FactKind.MEDICATION
_STARTED = FactKind.MEDICATION_STARTED
_CHANGED = FactKind.MEDICATION_CHANGED
_STOPPED = FactKind.MEDICATION_STOPPED
_DECISIONS = frozenset(
    {
        SectionKind.PLAN,
        SectionKind.FOLLOW_UP,
        SectionKind.ASSESSMENT,
        SectionKind.PROBLEMS,
        SectionKind.STOPPED,
    }
)
_NEVER = frozenset({SectionKind.FAMILY, SectionKind.WARNINGS, SectionKind.SOCIAL, SectionKind.ALLERGIES})


@cache
def _high_risk() -> tuple[frozenset[str], tuple[str, ...]]:
    listed = lexicon("red_flags")["high_risk"]
    return frozenset(listed["drugs"]), tuple(listed["classes"])


def is_high_risk(name: str) -> bool:
    """Tell whether a mistake with a drug, by generic name, is likely to harm."""
    names, beginnings = _high_risk()
    return name in names or name.startswith(beginnings) or not names.isdisjoint(name.split("/"))


LONG_AGO = re.compile(
    r"\b(?:years?|yrs?|months?) ago\b|\b(?:in|since|last \w{1,12}) (?:19\d\d|20[01]\d|202[0-3])\b"
    r"|\bas a child\b|\bpreviously\b",
    re.IGNORECASE,
)


class _Mentioned(NamedTuple):
    line: Line
    mention: Mention
    kind: FactKind | None  # None: named, and nothing said of it
    is_listed: bool  # in a list of drugs, or in a plan
    text: str


def find_drug_facts(lines: list[Line]) -> Iterator[Found]:
    """Find one fact for each drug and what becomes of it.

    Where a note has a list of the drugs to take, that list tells what is current: the drugs of the home
    list are not current by themselves, and what a course started and does not list is over.
    """
    named = [one for line in lines for one in _mentions(line)]
    has_list = any(one.line.section is SectionKind.MEDICATIONS for one in named)
    listed = {one.mention.name for one in named if one.is_listed}
    at_home = {one.mention.name for one in named if one.line.section is SectionKind.HOME_MEDICATIONS}
    current = {
        one.mention.name
        for one in named
        if one.line.section is SectionKind.MEDICATIONS and one.kind is not _STOPPED
    }
    begun = {one.mention.name for one in named if one.kind is _STARTED and not one.is_listed}
    changed = {one.mention.name for one in named if one.kind in (_STARTED, _CHANGED) and one.is_listed}
    for one in sorted(named, key=_authority):
        name, section = one.mention.name, one.line.section
        kind = one.kind
        if kind is None:
            if section is SectionKind.MEDICATIONS or (
                section is SectionKind.HOME_MEDICATIONS and not has_list
            ):
                kind = _GOES_ON
            elif section in _DECISIONS and doses(one.line.reading, one.mention):
                kind = _STARTED if at_home and name not in at_home and one.is_listed else _GOES_ON
            else:
                continue
        elif section is SectionKind.HOME_MEDICATIONS and has_list and kind is _GOES_ON:
            continue
        if not one.is_listed and (has_list or kind is _STARTED):
            is_over = kind is not _STOPPED and name not in listed
            was_short = kind is _STOPPED and name not in at_home and (name in begun or bool(at_home))
            if (is_over and has_list) or was_short or (kind is _STOPPED and name in current):
                continue
        if kind is _GOES_ON and name in changed:
            continue
        is_now = one.is_listed or section is SectionKind.UNKNOWN or "course" in one.line.title
        is_now = is_now and LONG_AGO.search(one.text) is None
        critical = kind is not _GOES_ON and is_now and (kind is _STOPPED or is_high_risk(name))
        text = _titled(one) if kind is _STOPPED else one.text
        yield Found(kind, (name,), text, one.line.number, critical)


def _authority(one: _Mentioned) -> int:
    """Lists before plans before prose: of equal facts the first lends its words."""
    return 0 if one.line.section in LISTS else 1 if one.is_listed else 2


def _titled(one: _Mentioned) -> str:
    """The words of a stopped drug, behind its list's title where they do not themselves say so."""
    said = {word.strip(".,;:()-").lower() for word in one.text.split()}
    if said & word_list("drug_frames", "ending") or one.line.section is not SectionKind.STOPPED:
        return one.text
    title = " ".join(one.line.sentence.section.split()).rstrip(":")
    return f"{title}: {one.text}" if title and len(title.split()) <= SHORT_TITLE else f"Stopped: {one.text}"


def _mentions(line: Line) -> Iterator[_Mentioned]:
    if line.section in _NEVER or not line.reading.drugs or "allergy" in line.topics:
        return
    verbs = drug_verbs().find(line.reading.words)
    is_listed = line.section in LISTS or line.section in _DECISIONS
    drugs = line.reading.drugs
    kinds = [what_becomes(line, mention, verbs) for mention in drugs]
    for index, mention in enumerate(drugs):
        sense = line.sense(mention.first, mention.past)
        if sense & (Sense.NEGATED | Sense.HYPOTHETICAL | Sense.FAMILY):
            continue
        clause = line.clause_at(mention.first)
        if _is_undecided(line, clause, mention) or _is_aside(line, clause, mention):
            continue
        following = drugs[index + 1].first if index + 1 < len(drugs) else clause.past
        until = min(line.reading.words[min(following, clause.past) - 1].end, clause.end)
        if kinds[index] is not _STOPPED and NOT_GIVEN.match(
            line.reading.text, line.reading.words[mention.past - 1].end, until
        ):
            continue
        kind = kinds[index]
        if (
            kind is None
            and index + 1 < len(kinds)
            and _is_joined(line, mention, line.reading.drugs[index + 1], verbs)
        ):
            kind = kinds[index + 1]
        yield _Mentioned(line, mention, kind, is_listed, _words(line, mention, clause, kind))


def _is_undecided(line: Line, clause: Clause, mention: Mention) -> bool:
    low = max(clause.first, mention.first - 8)
    undecided = word_list("drug_frames", "undecided")
    return any(word.lower in undecided for word in line.reading.words[low : mention.first])


def _is_aside(line: Line, clause: Clause, mention: Mention) -> bool:
    """Tell whether a drug stands in brackets behind another: "all NSAIDs (ibuprofen, naproxen)"."""
    words = line.reading.words
    first = next(drug for drug in line.reading.drugs if drug.first >= clause.first)
    if first.first == mention.first or line.reading.is_row:
        return False
    depth = 0
    for word in words[first.past : mention.first]:
        depth += (word.lower == "(") - (word.lower == ")")
    return depth > 0


def _is_joined(line: Line, mention: Mention, following: Mention, verbs: list[Hit[FactKind]]) -> bool:
    """Tell whether what is said of the next drug holds for this one too: "aspirin and ticagrelor were"."""
    if any(mention.past <= verb.first < following.first for verb in verbs):
        return False  # "Norvasc and start hydrochlorothiazide"
    gap = line.reading.words[mention.past : following.first]
    return len(gap) <= _TO_JOIN and any(word.lower in {"and", "&", "+"} for word in gap)


_TO_JOIN = 5  # tokens


def _words(line: Line, mention: Mention, clause: Clause, kind: FactKind | None) -> str:
    """One drug's words: the statement where it names one drug, else its stretch with the verb before."""
    reading = line.reading
    inside = [drug for drug in reading.drugs if clause.first <= drug.first < clause.past]
    same = [drug for drug in inside if drug.name == mention.name]
    if len(inside) == len(same) or reading.is_row:
        text = line.words_of(clause) if not reading.is_row else trimmed(reading.text)
        if len(text) <= _WHOLE or line.section not in LISTS:
            return _without_label(line, clause, text)
    place = inside.index(mention)
    start = reading.words[mention.first].start
    own = doses(reading, mention)
    if own and own[0].start < start:
        start = own[0].start
    end = clause.end
    if place + 1 < len(inside):
        following = inside[place + 1]
        end = reading.words[following.first].start
        leading = [dose for dose in doses(reading, following) if dose.start < end]
        if leading:
            end = leading[0].start
        end = min(end, _joint(line, mention, following))
    text = trimmed(reading.text[start:end])
    if kind in (_STARTED, _CHANGED, _STOPPED) and line.section not in LISTS:
        verbs = [hit for hit in drug_verbs().find(reading.words) if clause.first <= hit.first < clause.past]
        before = [hit for hit in verbs if hit.past <= mention.first and hit.value is kind]
        own_verb = [hit for hit in verbs if mention.past <= hit.first and reading.words[hit.first].end <= end]
        if not own_verb and before:
            verb = reading.text[
                reading.words[before[-1].first].start : reading.words[before[-1].past - 1].end
            ]
            return f"{verb} {text}"
        if not own_verb:
            return line.words_of(clause)
    return text


def _joint(line: Line, mention: Mention, following: Mention) -> int:
    """Where the words of the next drug begin: at the "and" before its own verb."""
    words = line.reading.words
    verb = next((hit for hit in drug_verbs().find(words[mention.past : following.first])), None)
    if verb is not None:
        for index in range(mention.past + verb.first - 1, mention.past - 1, -1):
            if words[index].lower in {"and", ",", ";"}:
                return words[index].start
    return words[following.first].start


_WHOLE = 160  # characters of a list's line that are taken as they stand


def _without_label(line: Line, clause: Clause, text: str) -> str:
    label = line.label
    is_title = label and clause.first == 0 and label.strip(": ").lower() == line.sentence.section.lower()
    return trimmed(text.removeprefix(label)) if is_title and line.section in LISTS else text
