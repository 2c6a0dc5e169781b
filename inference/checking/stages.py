"""How far an act has come in each clause of a text: done, ordered, weighed or refused.

"CT chest showed no nodules; MRI to be arranged if the pain persists" has two clauses, one with a thing done
and one with a thing only weighed. The words are data (`[stages]` of `lexicons/acts.toml`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import Token

if TYPE_CHECKING:
    from inference.checking.reading import Reading


class Stage(StrEnum):
    """How far an act has come; values are keys of `[stages]`."""

    DONE = "done"
    TAKEN = "taken"  # a sample, with no word of its result
    ORDERED = "ordered"
    WEIGHED = "weighed"
    REFUSED = "refused"


class Clause(NamedTuple):
    """Part of a text, tokens[first:past] half-open, with the stages that its words give and their tokens."""

    first: int
    past: int
    stages: frozenset[Stage]
    cues: frozenset[int]
    is_result: bool  # said to be done by its result alone: "normal"
    is_open: bool  # holds a condition: "if it persists"
    acts: frozenset[str] = frozenset()  # tests and procedures that it names


_RESULT, _CONDITION, _UNDONE = "result", "condition", "undone"
_LABEL = 4  # tokens before a colon
_MOST = 1500  # tokens of a text that are read: more stand in no sentence
_ACTS = frozenset({"test", "procedure"})
_ENDS = frozenset(".;•·!")
_TURNS = frozenset(
    {"but", "however", "although", "though", "whereas", "while", "whilst", "then", "therefore"}
)
_JOINTS = frozenset({",", "and", "&", "which", "with", "plus"})
_TO_BE = frozenset({"be", "get", "gets", "getting", "being"})
_WHETHER = frozenset({"see", "determine", "check", "know", "ask", "asked", "sure", "assess", "even", "as"})


@cache
def _table() -> PhraseTable[tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for stage, phrases in lexicon("acts")["stages"].items():
        for phrase in phrases:
            found.setdefault(phrase, []).append(stage)
    return PhraseTable((phrase, tuple(stages)) for phrase, stages in found.items())


@cache
def _orders() -> frozenset[str]:
    return frozenset(lexicon("acts")["orders"]["words"])


def clauses(reading: Reading) -> list[Clause]:
    """Cut a text where the stage changes: at marks, at "but", and at "and" between two things said.

    A part that says nothing of a stage goes with the part before it, and at the start of a sentence with the
    one behind it. Linear time.
    """
    words = reading.words[:_MOST]
    cues: dict[int, tuple[tuple[str, ...], int]] = {
        found.first: (found.value, found.past)
        for found in _table().find(words)
        if "neither" not in found.value
    }
    found: list[Clause] = []
    inner = _inner(reading)
    for first, past in _sentences(reading, inner):
        found += _merged([_read(reading, cues, *part) for part in _parts(reading, inner, first, past)])
    return _with_acts(reading, found)


def _with_acts(reading: Reading, found: list[Clause]) -> list[Clause]:
    acts: dict[int, set[str]] = {}
    starts = [clause.first for clause in found]
    for mention in reading.concepts:
        at = bisect_right(starts, mention.first) - 1
        if mention.concept.kind in _ACTS and at >= 0 and mention.first < found[at].past:
            acts.setdefault(at, set()).add(mention.concept.name)
    return [clause._replace(acts=frozenset(acts.get(at, ()))) for at, clause in enumerate(found)]


def _sentences(reading: Reading, inner: frozenset[int]) -> list[tuple[int, int]]:
    words = reading.words[:_MOST]
    spans, first = [], 0
    for index, word in enumerate(words):
        is_initial = word.lower == "." and index > 0 and words[index - 1].end - words[index - 1].start == 1
        if index not in inner and not is_initial and (word.lower in _ENDS or word.lower in _TURNS):
            spans.append((first, index))
            first = index + 1
    spans.append((first, len(words)))
    return [(start, end) for start, end in spans if start < end]


def _inner(reading: Reading) -> frozenset[int]:
    """Tokens within names, at which no clause ends: "U&E", "H. pylori"."""
    return frozenset(
        index for mention in reading.concepts for index in range(mention.first + 1, mention.past)
    )


def _parts(reading: Reading, inner: frozenset[int], first: int, past: int) -> list[tuple[int, int]]:
    parts, start = [], first
    for index in range(first, past):
        if index not in inner and reading.words[index].lower in _JOINTS and index > start:
            parts.append((start, index))
            start = index + 1
    parts.append((start, past))
    return [part for part in parts if part[0] < part[1]]


def _read(reading: Reading, cues: dict[int, tuple[tuple[str, ...], int]], first: int, past: int) -> Clause:
    words = reading.words
    said: set[str] = set()
    places: set[int] = set()
    index = first
    while index < past:
        if (cue := cues.get(index)) is None or cue[1] > past:
            index += 1
            continue
        before = words[index - 1].lower if index else ""
        following = words[cue[1]].lower if cue[1] < past else ""
        is_part = cue[0] == (_RESULT,) and following == "-"  # "low-salt"
        is_label = following == ":" and index == first  # "Plan: "
        if not is_part and not is_label and not (words[index].lower == "if" and before in _WHETHER):
            said.update((Stage.ORDERED,) if before in _TO_BE and Stage.DONE in cue[0] else cue[0])
            places.update(range(index, cue[1]))
        index = cue[1]
    start = next((at + 1 for at in range(first, min(first + _LABEL, past)) if words[at].lower == ":"), first)
    while start < past and not words[start].lower[0].isalpha():
        start += 1
    if not said & {Stage.DONE, Stage.TAKEN} and _is_to_come(words[first:past]):
        said.add(Stage.ORDERED)
        places.add(first)
    if start < past and words[start].lower in _orders() and _is_order(words[start].lower, said):
        said.add(Stage.ORDERED)
        places.add(start)
    is_open = _CONDITION in said
    if _UNDONE in said:
        said = {Stage.REFUSED, Stage.ORDERED}
    elif Stage.REFUSED in said:
        said = {Stage.REFUSED}
    elif is_open:
        said = said - {_CONDITION, _RESULT, Stage.ORDERED, Stage.DONE} | {Stage.WEIGHED}
    said.discard(_CONDITION)
    is_result = _RESULT in said and not said - {_RESULT}
    stages = {Stage.DONE if word == _RESULT else Stage(word) for word in said}
    return Clause(first, past, frozenset(stages), frozenset(places), is_result, is_open)


def _is_to_come(words: Sequence[Token]) -> bool:
    """Tell whether a clause speaks of a time ahead: "suture removal in 7-10 days"."""
    for index, word in enumerate(words):
        if word.lower == "in" and index + 1 < len(words) and words[index + 1].lower[0].isdecimal():
            behind = [other.lower for other in words[index + 2 : index + 6]]
            if _SPANS.intersection(behind) or (behind[:1] == ["/"] and behind[1:2] and behind[1] in _SHORT):
                return True
    return False


_SPANS = frozenset({"day", "days", "week", "weeks", "wk", "wks", "month", "months", "year", "years"})
_SHORT = frozenset({"7", "52", "12"})


def _is_order(word: str, said: set[str]) -> bool:
    """Tell whether a clause's first word orders: "Repeat the ECG", not "Repeat ECG was normal"."""
    return said <= {_CONDITION} or (word != "repeat" and said <= {_RESULT, _CONDITION})


def _merged(parts: list[Clause]) -> list[Clause]:
    found: list[Clause] = []
    for part in parts:
        last = found[-1] if found else None
        if last is not None and last.is_open and Stage.ORDERED in part.stages:
            part = part._replace(stages=frozenset({Stage.WEIGHED}))  # "if it persists, order an MRI"
        if last is not None and (not part.stages or not last.stages or part.stages == last.stages):
            found[-1] = Clause(
                last.first,
                part.past,
                last.stages | part.stages,
                last.cues | part.cues,
                (last.is_result or not last.stages) and (part.is_result or not part.stages),
                last.is_open or part.is_open,
            )
        else:
            found.append(part)
    return found
