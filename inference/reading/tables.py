"""Tables drawn with pipes, tabs or columns of blanks: which lines are rows, and which row heads them."""

import re

from inference.reading.headers import is_inline_label
from inference.reading.lines import Line, LineKind
from inference.reading.words import COLUMN_NAMES

_COLUMNS = re.compile(r"\t[ \t]*| {2,}[ \t]*|\u00a0{2,}")
_SEPARATOR = frozenset("|+:=-─━ \t")
_AFTER_PROSE = ".!?:;,"
# A day, a time or a numbered day: columns of results are headed by when they were taken.
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_WHEN = re.compile(
    rf"(?<!\S){_DAY}[/.-]{_DAY}(?:[/.-]\d{{2,4}})?(?!\S)|(?<!\S)\d{{1,2}}:\d{{2}}(?!\S)"
    r"|\b[Dd]ay \d{1,2}\b|\b[DT]\d{1,2}\b|\b(?:19|20)\d\d\b"
    rf"|\b{_DAY} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
)
_DIGIT = re.compile(r"\d")
_MAX_ROW = 2000


def find_tables(lines: list[Line]) -> None:
    """Mark rows, header rows and ruled lines of every table; rows get the place of their header row.

    A table's header row, with the ruled line under it, becomes one HEADER line that opens no section.
    """
    index = 0
    while index < len(lines):
        stop = max(_pipe_run(lines, index), _column_run(lines, index))
        if stop > index:
            _mark_table(lines, index, stop)
        index = max(stop, index + 1)


def cells_of(line: Line) -> list[str]:
    """The cells of a row, without the blanks around them."""
    content = line.content
    if "|" in content:
        return [cell.strip() for cell in content.strip("|").split("|")]
    return [cell for cell in _COLUMNS.split(content) if cell]


def _pipe_run(lines: list[Line], index: int) -> int:
    """Where a run of pipe rows that begins at `index` ends; `index` if none does."""
    stop = index
    while stop < len(lines) and _has_pipes(lines[stop]) and (stop == index or not lines[stop].is_after_blank):
        stop += 1
    if stop - index == 1:
        content = lines[index].content
        is_row = content.count("|") >= 2 and lines[index].kind is LineKind.TEXT
        return stop if is_row else index
    return stop


def _has_pipes(line: Line) -> bool:
    if line.kind is LineKind.RULE:
        return "|" in line.content or "+" in line.content
    if line.kind is LineKind.BULLET and not line.content[0].isdigit():
        return False
    return "|" in line.content[:_MAX_ROW] and not line.content.strip("|").isspace()


def _column_run(lines: list[Line], index: int) -> int:
    """Where a run of lines set in columns that begins at `index` ends; `index` if none does."""
    columns = _columns(lines[index])
    if len(columns) < 2:
        return index
    tabbed = "\t" in lines[index].content
    stop = index + 1
    while stop < len(lines) and not lines[stop].is_after_blank:
        line = lines[stop]
        if line.kind is LineKind.RULE:
            stop += 1
            continue
        others = _columns(line)
        if len(others) < 2 or ("\t" in line.content) != tabbed:
            break
        if not tabbed and not _aligned(columns, others):
            break
        columns = others
        stop += 1
    while stop > index and lines[stop - 1].kind is LineKind.RULE:
        stop -= 1
    rows = sum(lines[at].kind is not LineKind.RULE for at in range(index, stop))
    if rows >= 2 or (tabbed and len(columns) >= 3):
        return stop
    return index


def _columns(line: Line) -> list[int]:
    """Columns at which the cells of a line begin; empty when the line is prose or a bullet."""
    content = line.content
    if line.kind is not LineKind.TEXT or len(content) > _MAX_ROW:
        return []
    cells = cells_of(line)
    if len(cells) == 2 and (cells[0].endswith(":") or is_inline_label(cells[0], cells[1])):
        return []
    starts = [line.indent]
    for gap in _COLUMNS.finditer(content):
        before = content[gap.start() - 1]
        if "\t" not in gap[0] and before in _AFTER_PROSE and not content[max(0, gap.start() - 2)].isdigit():
            return []
        starts.append(line.indent + gap.end())
    return starts


def _aligned(columns: list[int], others: list[int]) -> bool:
    """Whether at least one further column, and half of the fewer, begin within two places of each other."""
    near = sum(any(abs(column - other) <= 2 for other in others[1:]) for column in columns[1:])
    return near * 2 >= min(len(columns), len(others)) - 1 and near >= 1


def _mark_table(lines: list[Line], index: int, stop: int) -> None:
    rows: list[Line] = []
    rule_after_first = False
    for line in lines[index:stop]:
        line.marker = 0
        if line.kind is LineKind.RULE or _SEPARATOR.issuperset(line.content):
            line.kind = LineKind.RULE
            rule_after_first = rule_after_first or len(rows) == 1
        else:
            line.kind = LineKind.ROW
            rows.append(line)
    if len(rows) < 2 or not (rule_after_first or _heads(rows)):
        return
    head = rows[0]
    head.kind = LineKind.HEADER
    for row in rows[1:]:
        row.header = (head.start, head.end)


def _heads(rows: list[Line]) -> bool:
    """Whether the first row reads like a header: names without digits, over rows of another kind."""
    first = [cell for cell in cells_of(rows[0]) if cell]
    if len(first) < 2 or any(len(cell) > 40 for cell in first):
        return False
    with_digits = sum(_DIGIT.search(row.content) is not None for row in rows[1:])
    undated = [_WHEN.sub("", cell) for cell in first]
    if any(_DIGIT.search(cell) for cell in undated):
        return False
    if undated != first:
        return with_digits * 2 > len(rows) - 1
    words = {word.strip("()*:").lower() for cell in first for word in cell.split()}
    if len(words & COLUMN_NAMES) >= (2 if len(first) == 2 else 1):
        return True
    return len(first) >= 3 and with_digits * 2 > len(rows) - 1
