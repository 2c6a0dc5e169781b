"""`facts`: what a summary of a note must carry, and the symptoms that the note names."""

import argparse
import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inference.checking.case import NoteReading
from inference.checking.facts import Fact, Symptom, find_facts, find_symptoms
from inference.commands.files import note_in
from inference.text import Note

WHAT = "facts"


def describe(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.add_argument("note", type=Path, metavar="NOTE.txt", help="plain text, UTF-8")
    command.add_argument("--json", action="store_true", help="print facts and symptoms as JSON")


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Find the facts; returns what to print.

    Raises:
        Unreadable: the note is no good.
    """
    note = note_in(options.note)
    reading = NoteReading(note)
    facts, symptoms = find_facts(note, reading), find_symptoms(note, reading)
    if options.json:
        return json.dumps(as_json(note, facts, symptoms), ensure_ascii=False, indent=2)
    return as_text(note, facts, symptoms)


def as_json(note: Note, facts: Sequence[Fact], symptoms: Sequence[Symptom]) -> dict[str, Any]:
    """Facts and symptoms as JSON values; a symptom's start and end count code points of the note's text."""
    return {
        "facts": [
            {
                "kind": fact.kind.value,
                "text": fact.text,
                "sentences": list(fact.sentences),
                "critical": fact.is_critical,
            }
            for fact in facts
        ],
        "symptoms": [
            {
                "name": symptom.name,
                "text": note.text[symptom.start : symptom.end],
                "sentence": symptom.sentence,
                "start": symptom.start,
                "end": symptom.end,
                "state": symptom.state.value,
                "duration": symptom.duration,
                "severity": symptom.severity,
            }
            for symptom in symptoms
        ],
    }


def as_text(note: Note, facts: Sequence[Fact], symptoms: Sequence[Symptom]) -> str:
    """Facts and symptoms for reading in a terminal: in reading order, with sentence numbers."""
    critical = sum(fact.is_critical for fact in facts)
    lines = [
        f"{len(facts)} facts, {critical} of them critical (!!), from {len(note.sentences)} sentences.",
        "",
    ]
    for fact in facts:
        numbers = ", ".join(map(str, fact.sentences))
        entry = f"{fact.kind.label}: {fact.text} [{numbers}]"
        mark = "!!" if fact.is_critical else "  "
        lines += textwrap.wrap(entry, 100, initial_indent=f"  {mark} ", subsequent_indent="       ")
    lines += ["", "SYMPTOMS"]
    for symptom in symptoms:
        details = "; ".join(
            [symptom.state.value, *(words for words in (symptom.duration, symptom.severity) if words)]
        )
        lines += textwrap.wrap(
            f"{symptom.name} ({details}) [{symptom.sentence}]",
            100,
            initial_indent="     ",
            subsequent_indent="       ",
        )
    return "\n".join(lines)
