"""How fast a note's sentences, facts, symptoms and all checks are on one core, and whether they stay linear.

    python -m bench checking               some minutes
    python -m bench checking --rounds 5

A note has 3,400 characters and 20 claims: rewritten statements of the note itself, a third of them citing
nothing, so that their sentences must be found. Notes are ACI-Bench's training notes where the open data lies
beside the project, else the invented demo notes. Nothing read of a note is kept between rounds. The time is
CPU time of one process held to one core. The yardstick, run in the same minutes, is RapidFuzz alone on 30
by 76 sentences: compare ratios, not milliseconds, between two machines or two busy hours.
"""

import argparse
import json
import os
import random
import resource
import statistics
import time
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process

from bench.pipeline import CHARACTERS, note_texts
from inference.checking import Checker
from inference.checking.case import NoteReading
from inference.checking.facts import find_facts, find_symptoms
from inference.engines.base import DraftClaim
from inference.evaluation.corpus import Part, rows, visit_files
from inference.evaluation.open_notes import MissingData
from inference.evaluation.paraphrases import rewritten
from inference.evaluation.statements import Surroundings, assertion_of, category_of
from inference.text import Note, normalise, read_note

CLAIMS = 20
TARGET_MS, GOAL_MS = 30.0, 10.0
MEMORY_MB = 150.0
LENGTHS = (3_400, 10_000, 25_000, 50_000, 100_000, 200_000)
_WITHOUT_EVIDENCE = 3  # every third claim cites nothing
_SEED = 4


def texts() -> tuple[str, list[str]]:
    """Name the source of the notes, and cut or repeat each to 3,400 characters."""
    try:
        notes = [normalise(row["note"]) for file in visit_files(Part.TUNING) for row in rows(file)]
    except MissingData:
        return "demo notes", note_texts()
    return "ACI-Bench train", [_of_length(notes[at:] + notes[:at], CHARACTERS) for at in range(40)]


def _of_length(notes: Sequence[str], characters: int) -> str:
    """Put notes one after the other until there is enough, and cut at a line's end."""
    text = ""
    place = 0
    while len(text) < characters + 1:
        text += notes[place % len(notes)] + "\n\n"
        place += 1
    return text[: text.rfind("\n", 0, characters + 1)].rstrip()


def claims_of(note: Note) -> list[DraftClaim]:
    """Rewrite 20 statements of a note, drawn; every third cites no sentence."""
    chance = random.Random(_SEED)
    statements = Surroundings(note).statements
    drawn = chance.sample(statements, min(CLAIMS, len(statements)))
    return [
        DraftClaim(
            rewritten(statement.text, chance),
            category_of(statement.section),
            assertion_of(statement.text, statement.section),
            () if place % _WITHOUT_EVIDENCE == 0 else statement.evidence,
        )
        for place, statement in enumerate(drawn)
    ]


def everything(text: str, claims: Sequence[DraftClaim]) -> None:
    """All that the checker does for one draft."""
    note = read_note(text)
    reading = NoteReading(note)
    find_facts(note, reading)
    find_symptoms(note, reading)
    checker = Checker(note)
    for claim in claims:
        checker.find_and_check(claim)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def _parts(text: str, claims: Sequence[DraftClaim]) -> dict[str, float]:
    note = read_note(text)

    def check() -> None:
        checker = Checker(note)
        for claim in claims:
            checker.find_and_check(claim)

    return {
        "sentences": _milliseconds(lambda: read_note(text)),
        "facts": _milliseconds(lambda: find_facts(note)),
        "symptoms": _milliseconds(lambda: find_symptoms(note)),
        "checks": _milliseconds(check),
    }


def _yardstick(sample: Sequence[str]) -> float:
    ours, theirs = list(sample[:30]), list(sample[30:106])
    return _milliseconds(
        lambda: [process.extract(one, theirs, scorer=fuzz.token_set_ratio, limit=None) for one in ours]
    )


def main(arguments: Sequence[str] = ()) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench checking")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(arguments).rounds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    source, notes = texts()
    work = [(text, claims_of(read_note(text))) for text in notes]
    sample = [claim.text for _, claims in work for claim in claims]
    everything(*work[0])  # reads the lexicons
    taken, yardstick, parts = [], [], []
    for _ in range(rounds):
        for text, claims in work:
            taken.append(_milliseconds(lambda text=text, claims=claims: everything(text, claims)))
            yardstick.append(_yardstick(sample))
        parts += [_parts(text, claims) for text, claims in work]
    growth = [_growth(notes, length, work[0][1]) for length in LENGTHS]
    median = statistics.median(taken)
    print(
        json.dumps(
            {
                "what": f"sentences, facts, symptoms and checks of {CLAIMS} claims, one core; {source}",
                "characters_per_note": round(statistics.mean(map(len, notes))),
                "median_ms": round(median, 2),
                "p95_ms": round(statistics.quantiles(taken, n=20)[-1], 2),
                "median_ms_of_parts": {
                    name: round(statistics.median(part[name] for part in parts), 2) for name in parts[0]
                },
                "yardstick_ms": round(statistics.median(yardstick), 2),
                "yardsticks_per_note": round(median / statistics.median(yardstick), 1),
                "target_ms": TARGET_MS,
                "goal_ms": GOAL_MS,
                "by_length": growth,
                "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "memory_limit_mb": MEMORY_MB,
            },
            indent=2,
        )
    )


def _growth(notes: Sequence[str], length: int, claims: Sequence[DraftClaim]) -> dict[str, float]:
    """Time a note of a length with the same 20 claims; those that cite sentences cite its first ones."""
    text = _of_length(notes, length)
    best = min(_milliseconds(lambda: everything(text, claims)) for _ in range(3))
    return {
        "characters": len(text),
        "ms": round(best, 1),
        "ms_per_1000_characters": round(best / len(text) * 1000, 3),
    }


if __name__ == "__main__":
    main()
