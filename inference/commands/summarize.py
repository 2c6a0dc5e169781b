"""`summarize`: one note into claims with evidence and doubts."""

import argparse
import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inference.commands.files import Unreadable, note_in
from inference.engines import engine_from_environment
from inference.engines.base import Engine, EngineError
from inference.pipeline import CheckedClaim, gathered, summarize
from inference.prompts import load_prompt, prompt_names
from inference.text import Note

WHAT = "summary"
MARKS = {"critical": "!!", "warning": "! ", "note": "  "}
_SETTINGS_OF_OTHER_ENGINES = {
    "extractive": ("EPITOME_ENGINE_URL", "EPITOME_ENGINE_SCRIPT"),
    "vllm": ("EPITOME_ENGINE_SCRIPT",),
}


def describe(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.add_argument("note", type=Path, metavar="NOTE.txt", help="plain text, UTF-8")
    command.add_argument(
        "--engine",
        choices=("extractive", "vllm"),
        help="default: vllm where EPITOME_ENGINE_URL is set, else extractive",
    )
    command.add_argument("--prompt", choices=prompt_names(), default="problem_oriented")
    command.add_argument("--json", action="store_true", help="print sentences and claims as JSON")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Summarise the note; returns what to print.

    Raises:
        Unreadable: the note or the settings are no good, or the engine failed.
    """
    engine = _engine(options.engine, environ)
    note = note_in(options.note)
    try:
        claims, completion = gathered(summarize(note, prompt=load_prompt(options.prompt), engine=engine))
    except EngineError as error:
        detail = f" [{error.detail}]" if error.detail else ""
        raise Unreadable(error.operator_sentence + detail) from None
    if options.json:
        return json.dumps(as_json(note, claims), ensure_ascii=False, indent=2)
    return as_text(note, claims, parts=completion.parts, is_generative=engine.version().is_generative)


def _engine(name: str | None, environ: Mapping[str, str]) -> Engine:
    if name == "vllm" and not environ.get("EPITOME_ENGINE_URL"):
        raise Unreadable("set EPITOME_ENGINE_URL to the address of the engine.")
    others = _SETTINGS_OF_OTHER_ENGINES.get(name or "", ())
    try:
        return engine_from_environment({key: value for key, value in environ.items() if key not in others})
    except EngineError as error:
        detail = f" [{error.detail}]" if error.detail else ""
        raise Unreadable(error.operator_sentence + detail) from None


def as_json(note: Note, claims: Sequence[CheckedClaim]) -> dict[str, Any]:
    """The whole of a summary as JSON values: the note's sentences, and the claims with evidence and flags."""
    return {
        "sentences": [
            {
                "n": sentence.number,
                "start": sentence.start,
                "end": sentence.end,
                "section": sentence.section,
                "text": sentence.text,
            }
            for sentence in note.sentences
        ],
        "claims": [
            {
                "text": claim.text,
                "category": claim.category.value,
                "assertion": claim.assertion.value,
                **({"medication": asdict(claim.medication)} if claim.medication else {}),
                **({"allergy": asdict(claim.allergy)} if claim.allergy else {}),
                "evidence": [sentence.number for sentence in claim.evidence],
                "flags": [flag.as_row() for flag in claim.flags],
            }
            for claim in claims
        ],
    }


def as_text(note: Note, claims: Sequence[CheckedClaim], *, parts: int, is_generative: bool) -> str:
    """A summary for reading in a terminal: claims by category, each with sentence numbers and doubts."""
    status = "AI draft, not signed" if is_generative else "Extracted, not generated; not signed"
    lines = [f"{status}. {len(claims)} claims from {len(note.sentences)} sentences."]
    if parts > 1:
        lines.append(
            f"Too long to read at once: read in {parts} parts; what only two of them show may be missing."
        )
    category = None
    for claim in claims:
        if claim.category is not category:
            category = claim.category
            lines += ["", claim.category.label.upper()]
        assertion = "" if claim.assertion.value == "present" else f"{claim.assertion.value}: "
        numbers = ", ".join(str(sentence.number) for sentence in claim.evidence)
        entry = f"{assertion}{claim.text} [{numbers}]"
        lines += textwrap.wrap(entry, 100, initial_indent="  - ", subsequent_indent="    ")
        for flag in claim.flags:
            mark = MARKS[flag.severity.value]
            lines += textwrap.wrap(
                flag.message, 100, initial_indent=f"    {mark} ", subsequent_indent="       "
            )
    return "\n".join(lines)
