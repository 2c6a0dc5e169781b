"""Whether what a site adds to a word list has the shape of the list that ships, which is the pattern."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import chain

_CHOSEN = frozenset({"severity", "kind"})
"""Entries whose text is one of those that ship: the rules know no other."""
_NEARLY_ALL = 0.9
"""Share of the tables of a list that have an entry which a new table must have too; one may be odd."""
_PAIRS = frozenset({"alike"})
"""Entries whose rows are pairs of words."""


def misfits(added: Mapping[str, object], shipped: Mapping[str, object]) -> Iterator[str]:
    """Tell what of a site's list has another shape than the list that ships, each with its place.

    Args:
        added: the site's file, read. Any part of the list may be absent.
        shipped: the file of that name that ships, read.

    Returns:
        One sentence each, as "measure, row 2 ('potassium'): low is text, a number belongs there".
    """
    lists = [{key: value for key, value in one.items() if key != "about"} for one in (added, shipped)]
    return _of_table(lists[0], lists[1:], "", is_row=False)


def _of(value: object, examples: Sequence[object], place: str) -> Iterator[str]:
    kind, wanted = _kind(value), sorted({_kind(example) for example in examples})
    if wanted and kind not in wanted:
        yield f"{place} is {kind}, {' or '.join(wanted)} belongs there"
    elif isinstance(value, dict):
        yield from _of_table(value, [one for one in examples if isinstance(one, dict)], place, is_row=False)
    elif isinstance(value, list):
        rows = list(chain.from_iterable(one for one in examples if isinstance(one, list)))
        yield from _of_list(value, rows, place)


def _of_list(value: list[object], rows: Sequence[object], place: str) -> Iterator[str]:
    """Hold each row against all rows that ship, and against their columns where these differ in kind."""
    lists = [row for row in rows if isinstance(row, list)]
    columns = _columns(lists)
    for number, row in enumerate(value, start=1):
        where = f"{place}, row {number}{_name_of(row)}"
        if rows and _kind(row) not in (wanted := sorted({_kind(one) for one in rows})):
            yield f"{where} is {_kind(row)}, {' or '.join(wanted)} belongs there"
        elif isinstance(row, dict):
            yield from _of_table(row, [one for one in rows if isinstance(one, dict)], where, is_row=True)
        elif isinstance(row, list):
            if columns and [_column(cell) for cell in row] != columns:
                yield f"{where} has not the columns {', '.join(columns)}"
            elif not row and all(lists):
                yield f"{where} is empty"
            else:
                yield from _of_list(row, list(chain.from_iterable(lists)), where)


def _of_table(
    value: Mapping[str, object], examples: Sequence[Mapping[str, object]], place: str, *, is_row: bool
) -> Iterator[str]:
    """Hold each entry against those of its name; a new name, where one may be, against all its neighbours."""
    if is_row:
        yield from (f"{place} says no {key}" for key in _shared(examples, 1.0) if key not in value)
    for key, entry in value.items():
        where = f"{place}: {key}" if place else key
        named = [one[key] for one in examples if key in one]
        if not named and is_row:
            yield f"{where} is no entry of this list"
            continue
        if not named:
            neighbours = list(chain.from_iterable(one.values() for one in examples))
            tables = [one for one in neighbours if isinstance(one, dict)]
            if isinstance(entry, dict) and tables:
                wanted = _shared(tables, _NEARLY_ALL)
                yield from (f"{where} says no {one}" for one in wanted if one not in entry)
            named = neighbours
        if key in _CHOSEN and isinstance(entry, str) and entry not in named:
            yield f"{where} is none of {', '.join(sorted({str(one) for one in named}))}"
        elif key in _PAIRS and isinstance(entry, list) and any(_width(row) != 2 for row in entry):
            yield f"{where} has a row that is no pair"
        else:
            yield from _of(entry, named, where)


def _shared(tables: Sequence[Mapping[str, object]], share: float) -> list[str]:
    """Name the entries that all tables have, or a share of them."""
    keys = dict.fromkeys(chain.from_iterable(tables))
    return [key for key in keys if sum(key in table for table in tables) >= share * len(tables)]


def _columns(rows: Sequence[list[object]]) -> list[str]:
    """Name what stands in each column; empty where rows are mere lists of words, as long as one likes."""
    columns = [_column(cell) for cell in rows[0]] if rows else []
    is_mixed = len(set(columns)) > 1 and all([_column(cell) for cell in row] == columns for row in rows)
    return columns if is_mixed else []


def _column(cell: object) -> str:
    if not isinstance(cell, str):
        return _kind(cell)
    try:
        return "a number in quotes" if Decimal(cell) > 0 else "text"
    except InvalidOperation:
        return "text"


def _width(row: object) -> int:
    return len(row) if isinstance(row, list) else 0


def _name_of(row: object) -> str:
    """Name a row by its first word, for who looks for it in the file."""
    first = row.get("name") if isinstance(row, dict) else row[0] if isinstance(row, list) and row else row
    return f" ({first[:40]!r})" if isinstance(first, str) else ""


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a date"
