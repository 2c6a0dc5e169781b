"""The checker on paraphrases: claims about the demo notes, written by hand, with a verdict each.

The rules were tuned on these claims, so the figures are a floor against regressions, not a measure of the
checker.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inference.checking import check_claim
from inference.engines.base import DraftClaim
from inference.text import Note, normalise, read_note
from inference.vocabulary import Assertion, Category

NOTES = Path(__file__).parents[2] / "demo" / "notes"
CLAIMS = tomllib.loads(Path(__file__).with_name("checking_claims.toml").read_text(encoding="utf-8"))["claim"]


@cache
def note_named(name: str) -> Note:
    return read_note(normalise((NOTES / name).read_text(encoding="utf-8")))


def is_flagged(row: dict[str, Any]) -> bool:
    note = note_named(row["note"])
    evidence = [
        next(sentence.number for sentence in note.sentences if words in sentence.text) for words in row["in"]
    ]
    claim = DraftClaim(row["text"], Category.OTHER, Assertion(row["assertion"]), tuple(evidence))
    return bool(check_claim(claim, note))


@pytest.mark.parametrize(("verdict", "least", "most"), [("faithful", 0.0, 0.02), ("wrong", 0.8, 1.0)])
def test_paraphrases_pass_and_errors_are_caught(verdict: str, least: float, most: float) -> None:
    rows = [row for row in CLAIMS if row["verdict"] == verdict]
    flagged = [row["text"] for row in rows if is_flagged(row)]
    assert least * len(rows) <= len(flagged) <= most * len(rows), flagged
