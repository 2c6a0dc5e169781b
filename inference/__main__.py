"""Summarise one note from the shell, without a database: `python -m inference summarize NOTE.txt --json`."""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inference.engines import engine_from_environment
from inference.engines.base import Engine, EngineError
from inference.pipeline import CheckedClaim, gathered, summarize
from inference.prompts import load_prompt, prompt_names
from inference.text import Note, normalise, read_note

_MARKS = {"critical": "!!", "warning": "! ", "note": "  "}
_SETTINGS_OF_OTHER_ENGINES = {
    "extractive": ("EPITOME_ENGINE_URL", "EPITOME_ENGINE_SCRIPT"),
    "vllm": ("EPITOME_ENGINE_SCRIPT",),
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command line; returns the exit status: 0, 1 (no summary, and why) or 2 (wrong usage)."""
    options = _parser().parse_args(arguments)
    try:
        engine = _engine(options.engine, environ)
        note = _read(options.note)
        claims, completion = gathered(summarize(note, prompt=load_prompt(options.prompt), engine=engine))
    except _Unreadable as error:
        return _fail(str(error))
    except EngineError as error:
        return _fail(error.operator_sentence + (f" [{error.detail}]" if error.detail else ""))
    if options.json:
        print(json.dumps(as_json(note, claims), ensure_ascii=False, indent=2))
    else:
        print(as_text(note, claims, parts=completion.parts, is_generative=engine.version().is_generative))
    return 0


class _Unreadable(Exception):
    pass


def _fail(sentence: str) -> int:
    print(f"No summary: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference", description="Summarise clinical notes, on site."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("summarize", help="summarise one note")
    command.add_argument("note", type=Path, metavar="NOTE.txt", help="plain text, UTF-8")
    command.add_argument(
        "--engine",
        choices=("extractive", "vllm"),
        help="default: vllm where EPITOME_ENGINE_URL is set, else extractive",
    )
    command.add_argument("--prompt", choices=prompt_names(), default="problem_oriented")
    command.add_argument("--json", action="store_true", help="print sentences and claims as JSON")
    return parser


def _engine(name: str | None, environ: Mapping[str, str]) -> Engine:
    if name == "vllm" and not environ.get("EPITOME_ENGINE_URL"):
        raise _Unreadable("set EPITOME_ENGINE_URL to the address of the engine.")
    others = _SETTINGS_OF_OTHER_ENGINES.get(name or "", ())
    return engine_from_environment({key: value for key, value in environ.items() if key not in others})


def _read(path: Path) -> Note:
    try:
        raw = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _Unreadable(f"there is no file {path}.") from None
    except OSError as error:
        raise _Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise _Unreadable(f"{path} is not plain text in UTF-8.") from None
    note = read_note(normalise(raw))
    if not note.sentences:
        raise _Unreadable(f"{path} holds no readable sentence.")
    return note


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
                "flags": [
                    {"kind": flag.kind, "severity": flag.severity.value, "message": flag.message}
                    for flag in claim.flags
                ],
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
            mark = _MARKS[flag.severity.value]
            lines += textwrap.wrap(
                flag.message, 100, initial_indent=f"    {mark} ", subsequent_indent="       "
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
