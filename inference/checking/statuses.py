"""Whether a drug goes on or has ended, where a list says so behind it, before it or in its title."""

import re
from enum import StrEnum

from inference.checking.drugs import Mention
from inference.checking.reading import Reading
from inference.checking.scopes import Sense

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


def is_stopped_title(title: str) -> bool:
    """Tell whether a section lists drugs that were stopped or held."""
    if len(title.split()) > _LONGEST_TITLE or _MIXED_TITLES.search(title):
        return False
    return _ENDED_TITLES.search(title) is not None


_LONGEST_TITLE = 4
_MIXED_TITLES = re.compile(r"\b(?:new|start|started|changed?|changes|continued?|not)\b", re.IGNORECASE)
