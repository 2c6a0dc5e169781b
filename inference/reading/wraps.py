"""Which lines continue the one before: wrapped prose and wrapped bullets, joined only where that is clear.

A wrapped line breaks because the next word did not fit, so a line that leaves room for the next word was
ended on purpose. On top of that a join needs a sign of mid-sentence; two statements made one would be worse
than one sentence read as two.
"""

import re
from itertools import pairwise

from inference.reading.boundaries import ends_with_title
from inference.reading.lines import Line, LineKind

_ENDED = re.compile(r"[.!?:;。！？][\"'”’)\]]*\Z")
_OPEN_ENDED = re.compile(
    r"(?:,|\(|/|-|–|&|\+|\b(?:a|an|the|of|with|without|to|for|and|or|by|from|in|on|at|as|that|which|who|was|is|were|are"
    r"|be|been|had|has|have|his|her|their|this|than|then|no|not|nor|but|if|when|while|because|after|before|until|since"
    r"|during|due|mild|moderate|severe|left|right|mr|mrs|ms|dr|prof))\Z",
    re.IGNORECASE,
)
_NEW_STATEMENT = re.compile(r"(?:no|nil|not|denies|denied|none|negative|normal|pt|also)\b", re.IGNORECASE)
_TIMED = re.compile(r"\d{1,2}(?:[:.]\d{2}|/\d{1,2}(?:/\d{2,4})?)\b")
# "amlodipine 5 daily [STOP]", "metoprolol succinate 50 mg": each line of a list of drugs is one.
_ORDER = re.compile(
    r"[a-z][\w/-]{3,30}(?: [a-z][\w/-]{1,20}){0,2} \d{1,5}(?:[.,/-]\d{1,5}){0,2} ?"
    r"(?:mg|mcg|micrograms?|g|ml|units?|iu|meq|tabs?|tablets?|caps?|puffs?|drops?|%|daily|nightly|od|bd|bid|tds|tid"
    r"|qds|qid|qd|q\d{1,2}h|qhs|qam|qpm|prn|on|om|nocte|mane|weekly|once|twice|three|every)\b",
    re.IGNORECASE,
)
_MIN_WIDTH = 40
_MIN_PROSE_WIDTH = 60
_SLACK = 0.8


def join_wraps(lines: list[Line]) -> list[tuple[Line, int]]:
    """Group lines into the blocks they were before they were wrapped.

    Returns:
        Every line that begins a block, in order, with the offset at which its last line ends.
    """
    blocks: list[tuple[Line, int]] = []
    index = 0
    while index < len(lines):
        stop = index + 1
        while stop < len(lines) and not lines[stop].is_after_blank:
            stop += 1
        _join_paragraph(lines[index:stop], blocks)
        index = stop
    return blocks


def _join_paragraph(lines: list[Line], blocks: list[tuple[Line, int]]) -> None:
    prose = [line for line in lines if line.kind in (LineKind.TEXT, LineKind.INLINE, LineKind.BULLET)]
    width = max((line.width for line in prose), default=0)
    is_hard_wrapped = (
        width >= _MIN_PROSE_WIDTH
        and len(prose) >= 3
        and any(_flows(one, other, width) for one, other in pairwise(prose))
    )
    first: Line | None = None
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else None
        if (
            first is not None
            and before is not None
            and _continues(first, before, line, width, is_hard_wrapped=is_hard_wrapped)
        ):
            blocks[-1] = (first, line.end)
            continue
        first = line
        blocks.append((line, line.end))


def _continues(first: Line, before: Line, line: Line, width: int, *, is_hard_wrapped: bool) -> bool:
    """Whether `line` belongs to the block of `first`, whose last line so far is `before`."""
    if first.kind is LineKind.HEADER:
        return line.kind is LineKind.RULE and before is first
    if first.kind not in (LineKind.TEXT, LineKind.INLINE, LineKind.BULLET):
        return False
    if first.kind is LineKind.BULLET and first.marker >= first.end - first.start:
        is_first_text = before is first
        if is_first_text and line.kind in (LineKind.TEXT, LineKind.INLINE):
            return True
    if line.kind is LineKind.INLINE:
        return first.kind is LineKind.BULLET and line.indent > first.indent and not line.opens_section
    if line.kind is not LineKind.TEXT:
        return False
    if first.kind is LineKind.BULLET and line.indent > first.indent:
        return True
    if _ENDED.search(before.content, max(0, len(before.content) - 8)) and not ends_with_title(before.content):
        return False
    if _ORDER.match(line.content) and _ORDER.match(before.content):
        return False
    # A log's entries each begin with their time.
    if _TIMED.match(line.content) and _TIMED.match(first.content):
        return False
    has_no_room = _has_no_room(before, line, width, _SLACK)
    is_open_ended = _OPEN_ENDED.search(before.content, max(0, len(before.content) - 16)) is not None
    if width >= _MIN_WIDTH and has_no_room and (is_open_ended or ends_with_title(before.content)):
        return True
    if _flows(before, line, width):
        return True
    return is_hard_wrapped and _has_no_room(before, line, width, 0.88)


def _flows(before: Line, line: Line, width: int) -> bool:
    """A full line without an end, then one that begins like the middle of a sentence."""
    return (
        width >= _MIN_PROSE_WIDTH
        and line.kind is LineKind.TEXT
        and line.content[0].islower()
        and not _NEW_STATEMENT.match(line.content)
        and not _ENDED.search(before.content, max(0, len(before.content) - 8))
        and _has_no_room(before, line, width, _SLACK)
    )


def _has_no_room(before: Line, line: Line, width: int, slack: float) -> bool:
    word = line.content[:40].split(None, 1)[0]
    return before.width + 1 + len(word) > width * slack
