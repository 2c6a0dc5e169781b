"""The open notes in two parts: one to tune the checker on, one only to report.

| Part | ACI-Bench | MTS-Dialog | primock57 | Scored summaries |
|---|---|---|---|---|
| tuning | train | training set | days 1 and 2 | none |
| reporting | validation and test 1 | validation set | day 3 | all |
"""

import csv
import random
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from inference.evaluation.open_notes import OPEN_DATA, MissingData


class Part(StrEnum):
    """Which half of the data."""

    TUNING = "tuning"
    REPORTING = "reporting"


_VISITS = {
    Part.TUNING: ("aci-bench/train.csv",),
    Part.REPORTING: ("aci-bench/valid.csv", "aci-bench/clinicalnlp_taskB_test1.csv"),
}
_SNIPPETS = {
    Part.TUNING: "mts-dialog/MTS-Dialog-TrainingSet.csv",
    Part.REPORTING: "mts-dialog/MTS-Dialog-ValidationSet.csv",
}
_DAYS = {Part.TUNING: ("day1_", "day2_"), Part.REPORTING: ("day3_",)}
_MOST_SNIPPETS = 200  # most are a line or two; more of them would outweigh the whole notes
_SEED = 4


def visit_files(part: Part) -> tuple[str, ...]:
    """Name the files of whole clinic notes with their dialogues."""
    return _VISITS[part]


@cache
def references(part: Part) -> tuple[str, ...]:
    """Name the notes of a part, as `open_notes` does; of the snippets a drawn sample, the same each time.

    Raises:
        MissingData: the open data is not on this machine.
    """
    visits = [f"{file}#{row['encounter_id']}" for file in _VISITS[part] for row in rows(file)]
    snippets = [f"{_SNIPPETS[part]}#{row['ID']}" for row in snippet_rows(part)]
    folder = OPEN_DATA / "primock57" / "notes"
    consultations = sorted(
        f"primock57/{path.name}" for path in folder.glob("*.json") if path.name.startswith(_DAYS[part])
    )
    if not consultations:
        raise MissingData("primock57")
    return (*visits, *consultations, *snippets)


def snippet_rows(part: Part) -> list[Mapping[str, str]]:
    """Draw the rows of MTS-Dialog that serve as notes, or as summaries of their dialogues."""
    usable = [row for row in rows(_SNIPPETS[part]) if len(row["section_text"].split()) >= _FEWEST_WORDS]
    if part is Part.REPORTING:  # a few stand in both sets
        known = {_plain(row[column]) for row in rows(_SNIPPETS[Part.TUNING]) for column in _TEXTS}
        usable = [row for row in usable if not known & {_plain(row[column]) for column in _TEXTS}]
    return random.Random(_SEED).sample(usable, min(_MOST_SNIPPETS, len(usable)))


_FEWEST_WORDS = 6
_TEXTS = ("dialogue", "section_text")


def _plain(text: str) -> str:
    return "".join(text.lower().split())


def scored_rows(part: Part) -> list[Mapping[str, str]]:
    """The machine summaries that people scored: two of each dialogue of the validation set."""
    return rows("mts-dialog/scored-summaries-first-200.csv") if part is Part.REPORTING else []


def rows(file: str) -> list[Mapping[str, str]]:
    """Read a table of the open data.

    Raises:
        MissingData: it is not there.
    """
    try:
        with (OPEN_DATA / file).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except FileNotFoundError:
        raise MissingData(file) from None
