"""`check`: claims that someone else wrote, tested against a note."""

import argparse
import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inference.checking import Checker, Flag
from inference.commands.files import Unreadable, json_in, note_in
from inference.commands.summarize import MARKS
from inference.engines.base import DraftClaim
from inference.text import normalise
from inference.vocabulary import Assertion, Category

WHAT = "check"
MAX_CLAIM = 4000  # characters


def describe(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.add_argument("--note", type=Path, required=True, metavar="NOTE.txt", help="plain text, UTF-8")
    command.add_argument(
        "--claims",
        type=Path,
        required=True,
        metavar="CLAIMS.json",
        help='a list of {"text", "category", "assertion", "evidence": [numbers]}; all but the text may miss',
    )
    command.add_argument("--json", action="store_true", help="print claims with evidence and flags as JSON")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Check the claims; returns what to print.

    Raises:
        Unreadable: the note or the claims are no good.
    """
    checker = Checker(note_in(options.note))
    claims = [read_claim(row, place) for place, row in enumerate(_rows(options.claims), start=1)]
    checked = [
        (claim, *checker.find_and_check(replace(claim, text=normalise(claim.text)))) for claim in claims
    ]
    if options.json:
        return json.dumps(as_json(checked), ensure_ascii=False, indent=2)
    return as_text(checked)


def _rows(path: Path) -> list[object]:
    content = json_in(path)
    if isinstance(content, dict) and isinstance(content.get("claims"), list):
        content = content["claims"]
    if not isinstance(content, list):
        raise Unreadable(f"{path} holds no list of claims.")
    return content


def read_claim(row: object, place: int) -> DraftClaim:
    """Read one entry of the list; `place` counts from 1. Keys that no claim has are passed over.

    Raises:
        Unreadable: the entry is no claim. Nothing of its text is quoted.
    """
    if not isinstance(row, dict):
        raise Unreadable(f"claim {place} is not an object.")
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Unreadable(f"claim {place} has no text.")
    if len(text) > MAX_CLAIM:
        raise Unreadable(f"claim {place} is longer than {MAX_CLAIM} characters.")
    return DraftClaim(
        text=text,
        category=Category(_one_of("category", row.get("category"), Category.OTHER, list(Category), place)),
        assertion=Assertion(
            _one_of("assertion", row.get("assertion"), Assertion.PRESENT, list(Assertion), place)
        ),
        evidence=_evidence(row.get("evidence"), place),
    )


def _one_of(key: str, value: object, default: str, known: Sequence[str], place: int) -> str:
    if value is None:
        return default
    if value not in known:
        raise Unreadable(f"claim {place}: unknown {key}; known are {', '.join(known)}.")
    return str(value)


def _evidence(value: object, place: int) -> tuple[int, ...]:
    """Sentence numbers without repeats. One that the note does not have is the checker's business."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(n, int) and not isinstance(n, bool) for n in value):
        raise Unreadable(f"claim {place}: evidence is not a list of sentence numbers.")
    return tuple(dict.fromkeys(value))


_Checked = tuple[DraftClaim, tuple[int, ...], tuple[Flag, ...]]


def as_json(checked: Sequence[_Checked]) -> dict[str, Any]:
    """The claims in the order given, with the evidence given or found, as JSON values."""
    return {
        "claims": [
            {"text": claim.text, "evidence": list(evidence), "flags": [flag.as_row() for flag in flags]}
            for claim, evidence, flags in checked
        ]
    }


def as_text(checked: Sequence[_Checked]) -> str:
    """The claims for reading in a terminal, each with sentence numbers and doubts."""
    doubted = sum(bool(flags) for _, _, flags in checked)
    lines = [f"{len(checked)} claims, {doubted} with a doubt.", ""]
    for claim, evidence, flags in checked:
        numbers = ", ".join(map(str, evidence)) or "no sentence"
        entry = f"{' '.join(claim.text.split())} [{numbers}]"
        lines += textwrap.wrap(entry, 100, initial_indent="  - ", subsequent_indent="    ")
        for flag in flags:
            mark = MARKS[flag.severity.value]
            lines += textwrap.wrap(
                flag.message, 100, initial_indent=f"    {mark} ", subsequent_indent="       "
            )
    return "\n".join(lines)
