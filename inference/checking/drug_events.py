"""What a text says becomes of each drug: started, raised, held, considered, declined, switched."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache

from inference.checking.drugs import Mention
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found, PhraseTable
from inference.checking.reading import Reading


class Event(StrEnum):
    """What becomes of a drug; values are the keys of `lexicons/drug_events.toml`."""

    STARTED = "started"
    GIVEN = "given"
    CONTINUED = "continued"
    SAME = "same"
    RESUMED = "resumed"
    RAISED = "raised"
    LOWERED = "lowered"
    CHANGED = "changed"
    STOPPED = "stopped"
    HELD = "held"
    FINISHED = "finished"
    WEIGHED = "weighed"
    REFUSED = "refused"
    LATER = "later"
    TAKEN = "taken"
    PAST = "past"


Events = frozenset[Event]
ON: Events = frozenset(
    {
        Event.STARTED,
        Event.GIVEN,
        Event.CONTINUED,
        Event.SAME,
        Event.RESUMED,
        Event.RAISED,
        Event.LOWERED,
        Event.CHANGED,
        Event.TAKEN,
    }
)
OFF: Events = frozenset({Event.STOPPED, Event.HELD, Event.FINISHED})
OPEN: Events = frozenset({Event.WEIGHED, Event.LATER})

_SWITCH, _BACK = "switch", "back"  # "switched from A to B"; "B in place of A"
_Cue = Found[tuple[str, ...]]
_END = re.compile(r"(?<=[a-z0-9)%]{2})\.\s+(?=[A-Z\d])|;")
_WORDS: dict[str, str] = lexicon("drug_events")["words"]
_LINKS = frozenset(_WORDS["links"].split())
_AUXILIARIES = frozenset(_WORDS["auxiliaries"].split())
_PASSIVES = frozenset(_WORDS["passives"].split())
_SUBJECTS = frozenset(_WORDS["subjects"].split())
_BREAKS = frozenset(_WORDS["breaks"].split())
_DENIALS = frozenset(_WORDS["denials"].split())
_DOUBTS = frozenset(_WORDS["doubts"].split())
_MAY = frozenset({"may", "might", "could"})
_WISHES: Events = frozenset({Event.CONTINUED, Event.TAKEN})
_CONDITIONS = frozenset(_WORDS["conditions"].split())
_NOT_PROVIDED = frozenset(_WORDS["not_provided"].split())
_OF_FREQUENCY = frozenset(_WORDS["of_frequency"].split())
_NEAR = 4  # tokens before a verb within which "not" or "consider" belongs to it
_FAR = 25  # tokens behind a verb within which its condition stands


@cache
def _table() -> PhraseTable[tuple[str, ...]]:
    content = lexicon("drug_events")
    roles: dict[str, list[str]] = {}
    for name, phrases in content["events"].items():
        for phrase in phrases:
            roles.setdefault(phrase, []).append(Event(name))
    for phrase in content["switch"]["forward"]:
        roles.setdefault(phrase, []).append(_SWITCH)
    for phrase in content["switch"]["backward"]:
        roles.setdefault(phrase, []).append(_BACK)
    for phrase in content["nothing"]["phrases"]:
        roles.setdefault(phrase, [])
    return PhraseTable((phrase, tuple(found)) for phrase, found in roles.items())


def events_of(reading: Reading, drugs: Sequence[Mention]) -> dict[Mention, Events]:
    """Read what becomes of each drug. Linear in the text.

    A verb belongs to the drugs that follow it ("started aspirin and ramipril") or, in the passive or behind
    a dose, to those before it ("aspirin and ramipril were stopped"). "If" and "consider" make it no fact.

    Args:
        reading: the text.
        drugs: the drugs and classes that it names, from left to right.

    Returns:
        Events by drug; where the words say nothing, those of the section's title.
    """
    found: dict[Mention, set[Event]] = {drug: set() for drug in drugs}
    if not drugs:
        return {}
    cues = [cue for cue in _table().find(reading.words) if cue.value]
    for first, past in _segments(reading):
        own = [drug for drug in drugs if first <= drug.first < past]
        inside = [cue for cue in cues if first <= cue.first < past]
        if own:
            _read_segment(reading, own, inside, (first, past), found)
    _read_label(reading, drugs, cues, found)
    titled = _of_title(reading.section) if not reading.is_below_list else frozenset()
    return {drug: frozenset(events) or titled for drug, events in found.items()}


def _segments(reading: Reading) -> list[tuple[int, int]]:
    edges = [match.end() for match in _END.finditer(reading.text)]
    segments, first, place = [], 0, 0
    for index, word in enumerate(reading.words):
        if place < len(edges) and word.start >= edges[place]:
            segments.append((first, index))
            first = index
            while place < len(edges) and word.start >= edges[place]:
                place += 1
    segments.append((first, len(reading.words)))
    return segments


def _read_label(
    reading: Reading, drugs: Sequence[Mention], cues: Sequence[_Cue], found: dict[Mention, set[Event]]
) -> None:
    """ "STOP: metformin; aspirin" is said of every drug behind the colon that has no verb of its own."""
    label = next((cue for cue in cues if cue.first <= 2 and cue.past < len(reading.words)), None)
    if label is None or not any(word.lower == ":" for word in reading.words[label.past : label.past + 3]):
        return
    for drug in drugs:
        if drug.first >= label.past and found[drug] <= OPEN:
            found[drug].update(Event(role) for role in label.value if role in Event._value2member_map_)


def _read_segment(
    reading: Reading,
    drugs: list[Mention],
    cues: list[_Cue],
    bounds: tuple[int, int],
    found: dict[Mention, set[Event]],
) -> None:
    lowers = [word.lower for word in reading.words[bounds[0] : bounds[1]]]
    shift = bounds[0]
    starts = [cue.first for cue in cues if cue.value != (Event.TAKEN,)]
    forward: list[tuple[_Cue, set[Event], int]] = []
    place = 0  # among the drugs: the first that stands behind the cue
    starts_behind = 0
    verb_past = -9
    for cue in cues:
        while place < len(drugs) and drugs[place].first < cue.past:
            place += 1
        before = drugs[place - 1] if place else None
        after = drugs[place] if place < len(drugs) else None
        if _switches(cue, before, after, drugs, place, lowers, shift, found):
            continue
        while starts_behind < len(starts) and starts[starts_behind] <= cue.first:
            starts_behind += 1
        limit = starts[starts_behind] if starts_behind < len(starts) else bounds[1]
        if _is_reason(cue, before, verb_past, lowers, shift):
            continue
        events = _as_meant(cue, lowers, shift, limit)
        if not events:
            continue
        is_free = events <= {Event.TAKEN} and (after is None or after.first - cue.past > 2)
        if is_free or (
            events <= {Event.TAKEN}
            and lowers[cue.past - 1 - shift] != "on"
            and 0 < cue.first - verb_past <= 3
        ):  # "stop the use of"
            continue
        verb_past = cue.past
        if before is not None and not _leads(cue, before, after, lowers, shift):
            for drug in _listed_before(drugs, place - 1, lowers, shift, starts):
                found[drug] |= events
        elif after is not None:
            forward.append((cue, events, place))
    for _, events, place in forward:
        for step, drug in enumerate(drugs[place:]):
            if step:
                previous = drugs[place + step - 1]
                gap = lowers[previous.past - shift : drug.first - shift]
                has_verb = any(previous.past <= start < drug.first for start in starts)
                if has_verb or found[drug] or len(gap) > 14 or not _LINKS.intersection(gap):
                    break
            found[drug] |= events


def _is_reason(cue: _Cue, before: Mention | None, verb_past: int, lowers: list[str], shift: int) -> bool:
    """Tell whether "given" only gives a reason: "stopped bendroflumethiazide given hyponatraemia"."""
    if lowers[cue.first - shift] != "given" or before is None or verb_past < 0:
        return False
    return not _PASSIVES.intersection(lowers[before.past - shift : cue.first - shift])


def _leads(cue: _Cue, before: Mention, after: Mention | None, lowers: list[str], shift: int) -> bool:
    """Tell whether a verb between two drugs belongs to the one behind it."""
    if after is None:
        return False
    gap = lowers[before.past - shift : cue.first - shift]
    end = len(gap)
    while end and gap[end - 1] in _AUXILIARIES:
        end -= 1
    helpers = gap[end:]
    if _PASSIVES.intersection(helpers) and not _SUBJECTS.intersection(helpers):
        return False
    if "to" in helpers and not _BREAKS.intersection(gap[max(0, end - 1) : end]):
        return False
    following = lowers[cue.past - shift] if cue.past - shift < len(lowers) else ""
    if end and gap[end - 1] in _BREAKS:
        return following not in {",", ")", "because", "due", "as", "for", "from", "on", "until", "by"}
    if end and (gap[end - 1] in _SUBJECTS or any(word in {"we", "i"} for word in gap[-3:])):
        return True
    return cue.past == after.first and not (end and gap[end - 1] in {"-", "–", "(", ":", "—"})


def _listed_before(
    drugs: list[Mention], place: int, lowers: list[str], shift: int, starts: list[int]
) -> list[Mention]:
    """The drug before a verb, with those joined to it: "aspirin, ramipril and metformin were held"."""
    targets = [drugs[place]]
    is_joined = False
    for index in range(place - 1, -1, -1):
        earlier, later = drugs[index], drugs[index + 1]
        gap = lowers[earlier.past - shift : later.first - shift]
        is_joined = is_joined or bool({"and", "&", "/"}.intersection(gap))
        has_verb = any(earlier.past <= start < later.first for start in starts)
        if not is_joined or has_verb or len(gap) > 10 or not _LINKS.intersection(gap):
            break
        targets.append(earlier)
    return targets


def _switches(
    cue: _Cue,
    before: Mention | None,
    after: Mention | None,
    drugs: list[Mention],
    place: int,
    lowers: list[str],
    shift: int,
    found: dict[Mention, set[Event]],
) -> bool:
    """Read "switched from A to B", "A was replaced by B", "B in place of A"; tell whether it is one."""
    if after is None or not {_SWITCH, _BACK}.intersection(cue.value):
        return False
    second = drugs[place + 1] if place + 1 < len(drugs) else None
    gap = lowers[cue.past - shift : after.first - shift]
    is_active = lowers[cue.past - 1 - shift] == "replaced" and before is not None
    if _BACK in cue.value or (is_active and not {"to", "with", "by", "for"}.intersection(gap)):
        if before is not None:
            found[before].add(Event.STARTED)
        found[after].add(Event.STOPPED)
        return True
    if second is not None and second.name != after.name and not {"to", "with", "by", "for"}.intersection(gap):
        between = lowers[after.past - shift : second.first - shift]
        if {"to", "with", "by", "for", "→", ">"}.intersection(between) and len(between) <= 14:
            found[after].add(Event.STOPPED)
            found[second].add(Event.STARTED)
            return True
    if len(gap) <= 4 and {"to", "with", "by", "for"}.intersection(gap):
        if before is not None and before.name != after.name:
            found[before].add(Event.STOPPED)
        found[after].add(Event.STARTED)
        return True
    return False


def _as_meant(cue: _Cue, lowers: list[str], shift: int, limit: int) -> set[Event]:
    """What a verb says in its place: "not started", "consider starting", "resume if potassium is below 5"."""
    events = {Event(role) for role in cue.value if role in Event._value2member_map_}
    if not events:
        return events
    first, past = cue.first - shift, cue.past - shift
    leading = lowers[max(0, first - _NEAR) : first]
    for index in range(len(leading) - 1, -1, -1):
        if leading[index] in {",", "but", ":", "("}:
            leading = leading[index + 1 :]
            break
    if _DENIALS.intersection(leading):
        return _denied(events)
    if "then" in leading[-2:] and lowers[past - 1] in {"stop", "hold", "discontinue", "cease"}:
        return set()  # "until 5 March, then stop"
    if _DOUBTS.intersection(leading) and not (events <= _WISHES and _MAY.intersection(leading)):
        return {Event.WEIGHED} if events & ON else set()
    behind = lowers[past : min(past + _FAR, limit - shift)]
    is_past = lowers[past - 1].endswith(("ed", "eld", "un", "an"))
    for index, word in enumerate(behind):
        following = behind[index + 1] if index + 1 < len(behind) else ""
        if word == "should" or (word == "once" and following in _OF_FREQUENCY):
            continue
        if word in {"if", "when", "as"} and following in {"needed", "required", "necessary"}:
            continue
        if word in {"when", "once"} and is_past:
            continue
        if word == "provided" and (not following or following in _NOT_PROVIDED):
            continue
        if word in _CONDITIONS and not _is_of_another(behind[:index]):
            return _conditional(events)
    before = lowers[max(0, first - _FAR) : first]
    if {"if", "unless"}.intersection(before) and not is_past:
        return _conditional(events)
    return events


def _is_of_another(words: list[str]) -> bool:
    """Tell whether a condition is led by something else: "to 4 puffs, chest X-ray if no better"."""
    if "," not in words and ";" not in words:
        return False
    place = max(index for index, word in enumerate(words) if word in (",", ";"))
    return any(word[0].isalpha() and word not in _LEAD_CONDITIONS for word in words[place + 1 :])


_LEAD_CONDITIONS = frozenset(
    {"but", "only", "and", "then", "or", "to", "be", "even", "especially", "particularly", "at", "least"}
)


def _conditional(events: set[Event]) -> set[Event]:
    if events <= {Event.TAKEN, Event.CONTINUED, Event.SAME, Event.PAST}:
        return {Event.LATER} if events == {Event.TAKEN} else events
    return {Event.LATER} if events & ON else events & {Event.WEIGHED, Event.REFUSED, Event.PAST}


def _denied(events: set[Event]) -> set[Event]:
    if events & {Event.STOPPED, Event.HELD}:
        return {Event.CONTINUED}
    if events & {Event.CHANGED, Event.RAISED, Event.LOWERED}:
        return {Event.SAME} if Event.CHANGED in events else set()
    if Event.CONTINUED in events:
        return {Event.STOPPED}
    if events & {Event.STARTED, Event.GIVEN, Event.RESUMED, Event.WEIGHED}:
        return {Event.REFUSED}
    return set()


_MOST = 4  # words of a title that is said of each drug below it


@cache
def _of_title(title: str) -> Events:
    if not title or len(title.split()) > _MOST:
        return frozenset()
    words = Reading(title).words
    roles = {role for cue in _table().find(words) for role in cue.value if role in Event._value2member_map_}
    events = frozenset(Event(role) for role in roles) - {Event.TAKEN, Event.GIVEN, Event.PAST}
    return events if len(events) == 1 else frozenset()
