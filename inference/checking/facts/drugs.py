"""Drugs that a summary must carry: on the current list, started, changed, held or stopped."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from inference.checking.doses import doses
from inference.checking.drugs import Mention
from inference.checking.facts.fact import Found
from inference.checking.facts.lines import Clause, Line, trimmed
from inference.checking.facts.lists import word_list
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found as Hit
from inference.checking.phrases import PhraseTable
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.statuses import Status, listed_status
from inference.vocabulary import FactKind

_GOES_ON = FactKind.MEDICATION
_STARTED = FactKind.MEDICATION_STARTED
_CHANGED = FactKind.MEDICATION_CHANGED
_STOPPED = FactKind.MEDICATION_STOPPED
_VERBS = ("medication_started", "medication_changed", "medication_stopped", "medication")
_LISTS = frozenset({SectionKind.MEDICATIONS, SectionKind.HOME_MEDICATIONS, SectionKind.STOPPED})
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
_TO_VERB = 5  # tokens from a drug and its dose to a verb behind it: "ramipril 5 mg was stopped"
_FROM_VERB = 14  # tokens from a verb to its last drug


@cache
def _verbs() -> PhraseTable[FactKind]:
    verbs = lexicon("ledger")["drug_verbs"]
    return PhraseTable(
        (" ".join(phrase.split()), FactKind(kind)) for kind in _VERBS for phrase in verbs[kind].split(",")
    )


@cache
def _high_risk() -> tuple[frozenset[str], tuple[str, ...]]:
    listed = lexicon("red_flags")["high_risk"]
    return frozenset(listed["drugs"]), tuple(listed["classes"])


def is_high_risk(name: str) -> bool:
    """Tell whether a mistake with a drug, by generic name, is likely to harm."""
    names, beginnings = _high_risk()
    return name in names or name.startswith(beginnings) or not names.isdisjoint(name.split("/"))


_LONG_AGO = re.compile(
    r"\b(?:years?|yrs?|months?) ago\b|\b(?:in|since) (?:19\d\d|20[01]\d|202[0-3])\b"
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
        is_now = is_now and _LONG_AGO.search(one.text) is None
        critical = kind is not _GOES_ON and is_now and (kind is _STOPPED or is_high_risk(name))
        text = _titled(one) if kind is _STOPPED else one.text
        yield Found(kind, (name,), text, one.line.number, critical)


def _authority(one: _Mentioned) -> int:
    """Lists before plans before prose: of equal facts the first lends its words."""
    return 0 if one.line.section in _LISTS else 1 if one.is_listed else 2


def _titled(one: _Mentioned) -> str:
    """The words of a stopped drug, behind its list's title where they do not themselves say so."""
    said = {word.strip(".,;:()-").lower() for word in one.text.split()}
    if said & word_list("drug_frames", "ending") or one.line.section is not SectionKind.STOPPED:
        return one.text
    title = " ".join(one.line.sentence.section.split()).rstrip(":")
    return f"{title}: {one.text}" if title and len(title.split()) <= _SHORT_TITLE else f"Stopped: {one.text}"


def _mentions(line: Line) -> Iterator[_Mentioned]:
    if line.section in _NEVER or not line.reading.drugs or "allergy" in line.topics:
        return
    verbs = _verbs().find(line.reading.words)
    is_listed = line.section in _LISTS or line.section in _DECISIONS
    drugs = line.reading.drugs
    kinds = [_kind(line, mention, verbs) for mention in drugs]
    for index, mention in enumerate(drugs):
        sense = line.sense(mention.first, mention.past)
        if sense & (Sense.NEGATED | Sense.HYPOTHETICAL | Sense.FAMILY):
            continue
        clause = line.clause_at(mention.first)
        if _is_undecided(line, clause, mention) or _is_aside(line, clause, mention):
            continue
        kind = kinds[index]
        if (
            kind is None
            and index + 1 < len(kinds)
            and _is_joined(line, mention, line.reading.drugs[index + 1])
        ):
            kind = kinds[index + 1]
        yield _Mentioned(line, mention, kind, is_listed, _words(line, mention, clause, kind))


def _kind(line: Line, mention: Mention, verbs: list[Hit[FactKind]]) -> FactKind | None:
    reading = line.reading
    behind = _verb_behind(line, mention, verbs)
    if behind is not None:
        return behind
    clause = line.clause_at(mention.first)
    before = [verb for verb in verbs if clause.first <= verb.first < mention.first]
    if before and mention.first - before[-1].past <= _FROM_VERB:
        verb = before[-1]
        sense = line.reading.senses.of[verb.first]
        between = {word.lower for word in reading.words[verb.past : mention.first]}
        sense |= Sense.HYPOTHETICAL if _is_asked(line, verb) else Sense.PLAIN
        if not sense & (Sense.NEGATED | Sense.HYPOTHETICAL) and between.isdisjoint(
            word_list("drug_frames", "breaks")
        ):
            return verb.value
    status = listed_status(reading, mention)
    if "instead" in {word.lower for word in reading.words[mention.past : mention.past + _TO_VERB + 4]}:
        return _STARTED
    if status is Status.ENDED:
        return _STOPPED
    if line.section is SectionKind.STOPPED:
        return None if status is Status.GOES_ON else _STOPPED
    if line.section is SectionKind.MEDICATIONS and len(line.title) <= _SHORT_TITLE:
        return _of_title(line.title)
    return None


_SHORT_TITLE = 4  # words


def _of_title(title: frozenset[str]) -> FactKind | None:
    """Read "New medicines", "Changed": a title of both says nothing of each."""
    kinds = {
        kind
        for words, kind in (
            ({"new", "started", "start"}, _STARTED),
            ({"changed", "change", "increased", "reduced"}, _CHANGED),
            ({"continue", "continued", "unchanged"}, _GOES_ON),
        )
        if not title.isdisjoint(words)
    }
    return kinds.pop() if len(kinds) == 1 else None


def _verb_behind(line: Line, mention: Mention, verbs: list[Hit[FactKind]]) -> FactKind | None:
    """Read "ramipril 5 mg was stopped", "Ramipril 5 mg OD - STOPPED", a row's "Status: changed"."""
    words = line.reading.words
    following = next((drug for drug in line.reading.drugs if drug.first >= mention.past), None)
    until = following.first if following else len(words)
    clause = line.clause_at(mention.first)
    between = word_list("drug_frames", "between")
    for verb in verbs:
        if not mention.past <= verb.first < until or (verb.first >= clause.past and not line.reading.is_row):
            continue
        gap = [word.lower for word in words[mention.past : verb.first]]
        others = [word for word in gap if word not in between and not word[0].isdigit()]
        is_near = len(others) <= 1 and len(gap) <= _TO_VERB + 4
        if line.reading.senses.of[verb.first] & (Sense.NEGATED | Sense.HYPOTHETICAL):
            return None
        if gap and gap[-1] in word_list("drug_frames", "later"):
            continue
        if is_near or line.reading.is_row or (line.section in _LISTS and line.is_item):
            return _meant_behind(line, verb, until)
        return None
    return None


def _meant_behind(line: Line, verb: Hit[FactKind], until: int) -> FactKind:
    """What a verb says of the drug before it: "held, restarted" goes on, "X, changed from Y" has come."""
    words = line.reading.words
    last = words[verb.past - 1].lower
    if last == "from" and verb.past - verb.first > 1:
        return _CHANGED
    if last == "to" and verb.past - verb.first > 1 and verb.value is _STARTED:
        is_dose = verb.past < len(words) and words[verb.past].lower[0].isdigit()
        return _CHANGED if is_dose else _STOPPED
    if verb.value is _STOPPED:
        after = {word.lower for word in words[verb.past : until]}
        if not after.isdisjoint(word_list("drug_frames", "again")):
            return _GOES_ON
    return verb.value


def _is_asked(line: Line, verb: Hit[FactKind]) -> bool:
    """Tell whether a change is only thought of: "?uptitrate amlodipine"."""
    return verb.first > 0 and line.reading.words[verb.first - 1].lower == "?"


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


def _is_joined(line: Line, mention: Mention, following: Mention) -> bool:
    """Tell whether what is said of the next drug holds for this one too: "aspirin and ticagrelor were"."""
    gap = line.reading.words[mention.past : following.first]
    return len(gap) <= _TO_VERB and any(word.lower in {"and", "&", "+"} for word in gap)


def _words(line: Line, mention: Mention, clause: Clause, kind: FactKind | None) -> str:
    """One drug's words: the statement where it names one drug, else its stretch with the verb before."""
    reading = line.reading
    inside = [drug for drug in reading.drugs if clause.first <= drug.first < clause.past]
    same = [drug for drug in inside if drug.name == mention.name]
    if len(inside) == len(same) or reading.is_row:
        text = line.words_of(clause) if not reading.is_row else trimmed(reading.text)
        if len(text) <= _WHOLE or line.section not in _LISTS:
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
    text = trimmed(reading.text[start:end])
    if kind in (_STARTED, _CHANGED, _STOPPED) and line.section not in _LISTS:
        verbs = [hit for hit in _verbs().find(reading.words) if clause.first <= hit.first < clause.past]
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


_WHOLE = 160  # characters of a list's line that are taken as they stand


def _without_label(line: Line, clause: Clause, text: str) -> str:
    label = line.label
    is_title = label and clause.first == 0 and label.strip(": ").lower() == line.sentence.section.lower()
    return trimmed(text.removeprefix(label)) if is_title and line.section in _LISTS else text
