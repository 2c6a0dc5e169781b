"""Notes to measure on: the open data beside the project, and the invented notes of this folder.

A note is named by a reference: "aci-bench/train.csv#D2N001", "mts-dialog/MTS-Dialog-TrainingSet.csv#17"
(the row's ID), "primock57/FILE.json", "phlox-demo#3" (from 1), "notes/FILE.txt" (invented, in this folder).
"""

import csv
import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from inference.text import Note, normalise, read_note

OPEN_DATA = Path(os.environ.get("EPITOME_OPEN_DATA", Path(__file__).parents[3] / "shared" / "data"))


class MissingData(Exception):
    """The open data is not on this machine."""


@cache
def read_open_note(reference: str) -> Note:
    """Read the note that a reference names.

    Raises:
        MissingData: its file is not there.
        KeyError: the file holds no such note.
    """
    return read_note(normalise(_text(reference)))


def _text(reference: str) -> str:
    file, _, entry = reference.partition("#")
    if file.startswith("notes/"):
        return (files("inference.evaluation") / file).read_text(encoding="utf-8")
    try:
        if file == "phlox-demo":
            return _phlox(int(entry))
        if file.startswith("primock57/"):
            path = OPEN_DATA / "primock57" / "notes" / file.removeprefix("primock57/")
            return str(json.loads(path.read_text(encoding="utf-8"))["note"])
        key, column = ("encounter_id", "note") if file.startswith("aci-bench/") else ("ID", "section_text")
        return _rows(file, key)[entry][column]
    except FileNotFoundError:
        raise MissingData(file) from None


@cache
def _rows(file: str, key: str) -> Mapping[str, Mapping[str, str]]:
    with (OPEN_DATA / file).open(encoding="utf-8", newline="") as lines:
        return {row[key]: row for row in csv.DictReader(lines)}


@cache
def _phlox(place: int) -> str:
    content = json.loads((OPEN_DATA / "phlox-demo" / "example_patients.json").read_text(encoding="utf-8"))
    patient = content["patients"][place - 1]
    return "\n\n".join(f"{title}\n{patient[field]}" for field, title in _PHLOX if patient[field])


_PHLOX = (
    ("primary_history", "History"),
    ("oahp", "Other active health problems"),
    ("investigations", "Investigations"),
    ("clinical_history", "Clinical history"),
    ("impression", "Impression"),
    ("plan", "Plan"),
)
