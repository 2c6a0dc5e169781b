"""Birth dates as documents write them, in every reading that makes sense."""

import re
from contextlib import suppress
from datetime import date

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
DATE = (
    r"(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?(?:\d{4}|\d{2})(?!\d)"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[\s-]*(?:of )?{_MONTH}[\s,-]*(?:\d{{4}}|\d{{2}}(?!\d))"
    rf"|{_MONTH}\s*\d{{1,2}}(?:st|nd|rd|th)?[\s,]+\d{{4}})"
)


def readings(written: str, *, today: date | None = None) -> list[date]:
    """Read a date in every way it can be meant: day first, month first; two digits of a year in the past.

    Args:
        written: what `DATE` matched.
        today: the last day that a birth date can be; the machine's date unless given.

    Returns:
        One or two dates, the day-first reading first; none when no reading is a date.
    """
    last = today or date.today()  # noqa: DTZ011 - a birth date has no time zone
    word = re.search(r"[a-z]{3,}", written.lower().replace("of ", ""))
    numbers = [int(number) for number in re.findall(r"\d+", written)]
    if word:
        month = _MONTHS.get(word[0][:3], 0)
        triples = [(numbers[1], month, numbers[0])] if len(numbers) == 2 else []
    elif len(numbers) == 3 and re.match(r"\d{4}", written):
        triples = [(numbers[0], numbers[1], numbers[2])]
    elif len(numbers) == 3:
        triples = [(numbers[2], numbers[1], numbers[0]), (numbers[2], numbers[0], numbers[1])]
    else:
        triples = []
    found: list[date] = []
    for year, month, day in triples:
        # Two digits can mean either century; a person over 100 is as real as a baby.
        for full_year in (year,) if year > 99 else (2000 + year, 1900 + year):
            with suppress(ValueError):
                read = date(full_year, month, day)
                if read <= last and read not in found:
                    found.append(read)
    return found
