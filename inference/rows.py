"""Table rows: the cells of a row sentence and the column heads they stand under."""

import re
from typing import NamedTuple

from inference.text import Note, Sentence

_ALIGNED = re.compile(
    r"\S+(?: \S+)*"
)  # cells of a table drawn with spaces: two or more of them part two cells
_NEAR = 3  # columns by which a cell may miss its head


class _Cell(NamedTuple):
    text: str
    start: int  # column in its line
    end: int


def split_cells(line: str) -> tuple[str, ...]:
    """Split a table line at pipes, else at tabs, else at runs of two or more spaces. Cells are stripped.

    Empty cells between pipes or tabs are kept, so that later cells stay under their heads.
    """
    line = line.strip()
    if "|" in line:
        return tuple(cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|"))
    if "\t" in line:
        return tuple(cell.strip() for cell in line.split("\t"))
    return tuple(_ALIGNED.findall(line))


def cells_with_headers(note: Note, row: Sentence) -> tuple[tuple[str, str], ...]:
    """Pair each non-empty cell of a row with its column head ("" where there is none).

    As many cells as heads are paired one by one. Otherwise a table drawn with spaces is paired by
    columns, and one drawn with pipes gets no heads: a value under the wrong head would be worse than a
    value without one.
    """
    cells = split_cells(row.text)
    if row.header is None:
        return tuple(("", cell) for cell in cells if cell)
    heads = split_cells(note.text[row.header.start : row.header.end].split("\n")[0])
    if len(heads) == len(cells):
        return tuple((head, cell) for head, cell in zip(heads, cells, strict=True) if cell)
    if "|" in row.text or "\t" in row.text:
        return tuple(("", cell) for cell in cells if cell)
    return _by_columns(_aligned(note, row.header.start), _aligned(note, row.start))


def _aligned(note: Note, start: int) -> list[_Cell]:
    """The cells of the line that holds code point `start`, with their columns."""
    first = note.text.rfind("\n", 0, start) + 1
    last = note.text.find("\n", start)
    line = note.text[first : last if last >= 0 else len(note.text)]
    return [_Cell(match[0], match.start(), match.end()) for match in _ALIGNED.finditer(line)]


def _by_columns(heads: list[_Cell], cells: list[_Cell]) -> tuple[tuple[str, str], ...]:
    """Pair cells with the heads they stand under; the first names the row, neighbours may share a head."""
    pairs: list[tuple[str, str]] = []
    for index, cell in enumerate(cells):
        head = "" if index == 0 else _head_over(cell, heads)
        if head and pairs and pairs[-1][0] == head:
            pairs[-1] = (head, f"{pairs[-1][1]} {cell.text}")
        else:
            pairs.append((head, cell.text))
    return tuple(pairs)


def _head_over(cell: _Cell, heads: list[_Cell]) -> str:
    for head in heads:
        if cell.start < head.end and head.start < cell.end:
            return head.text
    near = [head for head in heads if min(abs(cell.start - head.start), abs(cell.end - head.end)) <= _NEAR]
    return near[0].text if near else ""
