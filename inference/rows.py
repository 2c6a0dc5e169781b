"""Table rows: the cells of a row sentence and the column heads they stand under."""

import re

from inference.text import Note, Sentence

_RULE = re.compile(r"[|\s:=+-]*")


def split_cells(line: str) -> tuple[str, ...]:
    """Split a table line at pipes, else at tabs, else at runs of two or more spaces. Cells are stripped.

    Empty cells in the middle are kept, so that later cells stay under their heads.
    """
    line = line.strip()
    if "|" in line:
        return tuple(cell.strip() for cell in line.strip("|").split("|"))
    if "\t" in line:
        return tuple(cell.strip() for cell in line.split("\t"))
    return tuple(cell for cell in re.split(r" {2,}", line) if cell)


def is_rule(line: str) -> bool:
    """Tell whether a line only draws a table (`|---|---|`)."""
    return _RULE.fullmatch(line) is not None


def cells_with_headers(note: Note, row: Sentence) -> tuple[tuple[str, str], ...]:
    """Pair each non-empty cell of a row with its column head ("" where there is none).

    Where the row has not as many cells as the header, no head is given: a value under the wrong head would be
    worse than a value without one.
    """
    cells = split_cells(row.text)
    heads: tuple[str, ...] = ()
    if row.header is not None:
        heads = split_cells(note.text[row.header.start : row.header.end])
    if len(heads) != len(cells):
        heads = ("",) * len(cells)
    return tuple((head, cell) for head, cell in zip(heads, cells, strict=True) if cell)
