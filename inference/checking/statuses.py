"""Whether a drug goes on or has ended, and whether a claim says of it what its evidence says."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from inference.checking.case import Case
from inference.checking.drug_events import OFF, ON, OPEN, Event, Events
from inference.checking.drugs import Mention
from inference.checking.flags import Flag, quoted
from inference.checking.quantities import is_same
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.trends import aim
from inference.vocabulary import Assertion, Category, Severity

_ENDED = r"stop(?:ped)?|hold|held|on\s+hold|withh(?:eld|old)|discontinued?|d/c'?d|paused?|suspended|ceased"
_GOES_ON = (
    r"continu(?:e|es|ed|ing)|same|unchanged|no\s+change|new|start(?:ed)?|restart(?:ed)?|resumed?|ongoing"
    r"|commenced|increased?|reduced?|decreased?|changed"
)
_MARK = r"(?:\s[-–—]+>?\s*|\s*[:(|→]\s*|\bstatus:?\s*|,\s*)(?:status:?\s*)?"
_CLOSE = r"(?=\W*$|\s*[),.;:|*]|\s+(?:\d|until|today|on|for|from|as|due|because|at|this|to|in|it|dose)\b)"
_TRAILING = re.compile(
    rf"{_MARK}(?:(?P<ended>{_ENDED})|(?P<goes_on>{_GOES_ON}))(?![\w-]){_CLOSE}", re.IGNORECASE
)
_LAST = re.compile(r"(?<!to )(?<!then )(?<!and )(?<!not )\b(?:STOP|HOLD)\W{0,3}$")
_LEADING = re.compile(
    r"(?:continue|continues|continued|start|started|restart|restarted|resume|resumed|new)\b[\s:,-]*$"
)
_ENDED_TITLES = re.compile(
    r"\b(?:stop|stopped|stopping|on hold|hold|held|withheld|discontinued?|discontinued)\b", re.IGNORECASE
)


class Status(StrEnum):
    """What a text says becomes of a drug."""

    ENDED = "stopped or held"
    GOES_ON = "current"
    UNSAID = "no such thing"


def status_of(reading: Reading, mention: Mention) -> Status:
    """Read a drug's status: behind it ("- STOP", "Status: held"), else before it, else in the title.

    A condition is no status ("hold if systolic below 100"), nor is "then stop".
    """
    if (listed := listed_status(reading, mention)) is not Status.UNSAID:
        return listed
    if any(reading.sense_of(index) & Sense.ENDED for index in range(mention.first, mention.past)):
        return Status.ENDED
    start = reading.words[mention.first].start
    if _LEADING.search(reading.text[max(0, start - 14) : start].lower()):
        return Status.GOES_ON
    if is_stopped_title(reading.section) and not reading.is_below_list:
        return Status.ENDED
    return Status.UNSAID


def listed_status(reading: Reading, mention: Mention) -> Status:
    """Read the status that a list gives behind a drug: "Glipizide 5 mg - STOP"."""
    following = next((other for other in reading.drugs if other.first >= mention.past), None)
    past = reading.words[mention.past - 1].end
    until = reading.words[following.first].start if following else len(reading.text)
    if following is not None:
        until = max(past, reading.text.rfind(" ", past, until))
    behind = _TRAILING.search(reading.text, past, until)
    if behind is not None:
        return Status.ENDED if behind["ended"] else Status.GOES_ON
    if following is None and _LAST.search(reading.text, past):
        return Status.ENDED
    return Status.UNSAID


def _listed(reading: Reading, mention: Mention) -> Status:
    """The status behind a drug, else in the title: not one that some other word of the sentence has."""
    if (status := listed_status(reading, mention)) is not Status.UNSAID:
        return status
    is_under_title = is_stopped_title(reading.section) and not reading.is_below_list
    return Status.ENDED if is_under_title else Status.UNSAID


def is_stopped_title(title: str) -> bool:
    """Tell whether a section lists drugs that were stopped or held."""
    if len(title.split()) > _LONGEST_TITLE or _MIXED_TITLES.search(title):
        return False
    return _ENDED_TITLES.search(title) is not None


_LONGEST_TITLE = 4
_MIXED_TITLES = re.compile(r"\b(?:new|start|started|changed?|changes|continued?|not)\b", re.IGNORECASE)


def check(
    case: Case,
    claim: Reading,
    mention: Mention,
    ours: Events,
    given: Sequence[tuple[Reading, Mention, Events]],
    rest: Callable[[], Events],
) -> tuple[Flag | None, bool]:
    """Compare what the claim says becomes of a drug with what its evidence says.

    Args:
        case: the claim and its note.
        claim: the claim's text.
        mention: a drug, or a class of drugs, that it names.
        ours: what the claim says becomes of it.
        given: where the evidence names it, and what becomes of it there.
        rest: reads what the rest of the note says becomes of it.

    Returns:
        At most one flag, and whether both sides say what becomes of it: then its negation is settled too.
    """
    ours = _told(claim, mention, ours)
    theirs: Events = frozenset().union(*(_told(*found) for found in given))
    source = given[0][0]

    def flag(said: str, says: str, severity: Severity) -> tuple[Flag, bool]:
        name = quoted(claim.written(mention))
        message = f"Status: the claim gives {name} as {said}; sentence {source.number} says {says}."
        return Flag(
            "medication_status", severity, message, frozenset(range(mention.first, mention.past))
        ), True

    listed = [_listed(reading, other) for reading, other, _ in given]
    # "Finished his course of": the course was given.
    is_over = theirs & OFF and not theirs & (ON - {Event.GIVEN} if Event.FINISHED in theirs else ON)
    if not theirs and all(status is Status.ENDED for status in listed):
        is_over = True
    if ours & OFF and not ours & ON:
        if _NEARLY.search(claim.text) or any(_WILL_END.search(reading.text) for reading, _, _ in given):
            return None, True
        if theirs <= {Event.CHANGED} and any(_all(reading) & Sense.NEGATED for reading, _, _ in given):
            return None, False
        if theirs & _GOING and not theirs & (OFF | OPEN | _NO):
            return flag(_named(ours & OFF), _named(theirs & ON), Severity.CRITICAL)
        if not theirs and not is_over:
            if Event.PAST in ours or case.assertion is Assertion.ABSENT or rest() & OFF:
                return None, False
            if any(_all(reading) & Sense.NEGATED for reading, _, _ in given):
                return None, False
            return flag(_named(ours & OFF), str(Status.UNSAID), Severity.CRITICAL)
        if theirs <= {Event.TAKEN} and theirs:
            return flag(_named(ours & OFF), _named(theirs), Severity.CRITICAL)
        texts = [reading.text for reading, _, _ in given] if Event.STOPPED in theirs else [claim.text]
        is_brief = any(_BRIEF.search(text) for text in texts)
        return _held_or_stopped(ours, theirs, is_brief, flag) if theirs & OFF else (None, bool(theirs & _NO))
    if ours & _NO and not ours & ON:
        if theirs & _GOING and not theirs & (OFF | OPEN | _NO | {Event.PAST}):
            return flag(_named(ours & _NO), _named(theirs & ON), Severity.CRITICAL)
        return None, bool(theirs & (_NO | OPEN))
    if ours & OPEN and not ours & ON:
        if theirs & {Event.STARTED, Event.GIVEN, Event.CONTINUED} and not theirs & (OFF | OPEN | _NO):
            return flag(_named(ours & OPEN), _named(theirs & ON), Severity.WARNING)
        return None, bool(theirs & OPEN)
    is_current = ours & ON or (case.assertion is Assertion.PRESENT and case.category in _OF_DRUGS)
    if not is_current or Event.PAST in ours or case.assertion in {Assertion.HISTORICAL, Assertion.FAMILY}:
        return None, False
    if is_over and not any(_resumes(reading) for reading, _, _ in given) and not ours & OFF:
        if Event.FINISHED in theirs and not ours & (_GOING - {Event.GIVEN}):
            return None, True
        return flag(_named(ours & ON) or str(Status.GOES_ON), _named(theirs & OFF), Severity.CRITICAL)
    if case.assertion is not Assertion.PRESENT:
        return None, bool(theirs & ON)
    if theirs & (OPEN | _NO) and not theirs & (OFF | _GOING) and not ours & (OPEN | _NO | OFF):
        return flag(_named(ours & ON) or str(Status.GOES_ON), _named(theirs & (OPEN | _NO)), Severity.WARNING)
    if theirs == {Event.PAST} and ours & {Event.TAKEN, Event.CONTINUED} and not ours & OFF:
        return flag(_named(ours & ON), _named(theirs), Severity.WARNING)
    if any(_is_step(claim, mention, reading, other) for reading, other, _ in given):
        return None, True
    if not theirs & (_GOING | OFF | OPEN | _NO) and ours & (_TURNS | _STILL):
        return _of_the_rest(ours, rest(), flag)
    is_stepped = any(" then " in f" {reading.text} " for reading, _, _ in given)
    return _another_change(ours, theirs, is_stepped, flag)


def _told(reading: Reading, mention: Mention, events: Events) -> Events:
    """The events of a drug without the "taking" and "on" of "stop taking" and "stop the patient on"."""
    if not events & OFF or Event.TAKEN not in events:
        return events
    start = reading.words[mention.first].start
    return events - {Event.TAKEN} if _ENDING.search(reading.text[max(0, start - 60) : start]) else events


_ENDING = re.compile(
    r"\b(?:stop\w*|discontinu\w+|hold|held|cease\w*|quit)\s(?:the\spatient|him|her|them|pt)?\s?(?:taking|using|on)"
    r"(?:\s(?:the|his|her|their|a|an|daily|any|all))*\s?$",
    re.IGNORECASE,
)


def _is_step(claim: Reading, mention: Mention, source: Reading, other: Mention) -> bool:
    """Tell whether two changes are two steps: up to 2 mg for some days of a dose brought down to 1 mg."""
    mine = aim(claim, max(0, mention.first - _VERB))
    theirs = aim(source, max(0, other.first - _VERB))
    if mine is None or theirs is None or is_same(mine, theirs):
        return False
    return any(is_same(mine, quantity) for quantity in source.quantities)


_VERB = 8  # tokens before a drug among which its verb stands


class _Raise(Protocol):
    def __call__(self, said: str, says: str, severity: Severity) -> tuple[Flag, bool]: ...


_BRIEF = re.compile(
    r"\bfor (?:an?|one|two|three|\d+) (?:days?|weeks?)|\bprior to\b|\bbefore\b|\bday of\b|\buntil\b"
    r"|\btemporar|\bwhil(?:e|st)\b"
    r"|\bre-?start|\bresum|\bdays (?:pre|prior)",
    re.IGNORECASE,
)


def _held_or_stopped(ours: Events, theirs: Events, is_brief: bool, flag: _Raise) -> tuple[Flag | None, bool]:
    if is_brief:
        return None, True
    if (
        Event.HELD in theirs
        and Event.STOPPED not in theirs
        and Event.STOPPED in ours
        and Event.HELD not in ours
    ):
        return flag(_named(ours & OFF), _named(theirs & OFF), Severity.WARNING)
    if theirs & OFF == {Event.STOPPED} and ours & OFF == {Event.HELD} and not theirs & (OPEN | ON):
        return flag(_named(ours & OFF), _named(theirs & OFF), Severity.WARNING)
    return None, True


def _another_change(ours: Events, theirs: Events, is_stepped: bool, flag: _Raise) -> tuple[Flag | None, bool]:
    """Compare two drugs that both go on: raised or lowered, started or continued."""
    for one, other in ((Event.RAISED, Event.LOWERED), (Event.LOWERED, Event.RAISED)):
        if one in ours and other in theirs and one not in theirs and other not in ours:
            return flag(_named({one}), _named({other}), Severity.CRITICAL)
    moved = {Event.RAISED, Event.LOWERED}
    still = {Event.CONTINUED, Event.SAME}
    if (
        ours & moved
        and theirs & still
        and not theirs & (moved | {Event.CHANGED, Event.STARTED, Event.RESUMED})
    ):
        return flag(_named(ours & moved), _named(theirs & still), Severity.WARNING)
    if Event.SAME in ours and theirs & moved and not theirs & still:
        return flag(_named({Event.SAME}), _named(theirs & moved), Severity.WARNING)
    fresh = {Event.STARTED}
    if ours & fresh and not ours & still and theirs & still and not theirs & (_BEGUN | moved):
        return flag(_named(fresh), _named(theirs & still), Severity.WARNING)
    if (
        ours & still
        and not ours & (fresh | {Event.RESUMED})
        and theirs & fresh
        and not theirs & (still | moved)
    ):
        return flag(_named(ours & still), _named(fresh), Severity.WARNING)
    if ours & fresh and theirs & moved and not theirs & _BEGUN:
        return flag(_named(fresh), _named(theirs & moved), Severity.WARNING)
    if (
        ours & moved
        and not ours & fresh
        and not is_stepped
        and theirs & fresh
        and not theirs & (moved | {Event.CHANGED})
    ):
        return flag(_named(ours & moved), _named(fresh), Severity.WARNING)
    return None, bool(ours & ON and theirs & ON)


def _of_the_rest(ours: Events, rest: Events, flag: _Raise) -> tuple[Flag | None, bool]:
    """Compare a change, or that a drug goes on, of which the cited sentences say nothing, with all others."""
    for one, other in ((Event.RAISED, Event.LOWERED), (Event.LOWERED, Event.RAISED)):
        if one in ours and other in rest and one not in rest and other not in ours:
            return flag(_named({one}), f"{_named({other})} elsewhere", Severity.CRITICAL)
    if ours & _TURNS and not rest & (_TURNS | {Event.CHANGED}):
        return flag(_named(ours & _TURNS), str(Status.UNSAID), Severity.WARNING)
    if ours & _STILL and not ours & _TURNS and rest & OFF and not rest & _GOING - {Event.CHANGED}:
        return flag(_named(ours & _STILL), f"{_named(rest & OFF)} elsewhere", Severity.CRITICAL)
    return None, False


_TURNS: Events = frozenset({Event.RAISED, Event.LOWERED})
_STILL: Events = frozenset({Event.CONTINUED, Event.SAME})
_NEARLY = re.compile(r"\b(?:nearly|almost|about to)\s(?:run out|finish|stop|complet)", re.IGNORECASE)
_WILL_END = re.compile(r"\bthen (?:stop|cease|off|discontinue)\b|\buntil\s\d", re.IGNORECASE)
_NO: Events = frozenset({Event.REFUSED})
_GOING: Events = ON - {Event.TAKEN}
_BEGUN: Events = frozenset({Event.STARTED, Event.GIVEN, Event.RESUMED, Event.CHANGED})
_OF_DRUGS = frozenset({Category.MEDICATION, Category.PLAN, Category.OTHER})
_NAMES = {
    Event.GIVEN: "given",
    Event.SAME: "unchanged",
    Event.HELD: "held",
    Event.FINISHED: "completed",
    Event.WEIGHED: "only considered",
    Event.REFUSED: "declined or not started",
    Event.LATER: "only under a condition",
    Event.TAKEN: "current",
    Event.PAST: "past",
}


def _named(events: Iterable[Event]) -> str:
    return " and ".join(_NAMES.get(event, event.value) for event in sorted(events))


def _resumes(reading: Reading) -> bool:
    return any(word.lower in _RESUMING for word in reading.words)


_RESUMING = frozenset({"restarted", "resumed", "again", "reintroduced", "back", "since"})


def _all(reading: Reading) -> int:
    return reading.senses.present
