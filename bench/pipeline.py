"""How fast the extractive pipeline is on one core, beside a yardstick run in the same minutes.

    python -m bench.pipeline            the demo notes, each repeated to 3,400 characters
    python -m bench.pipeline --seconds 20

A note is 3,400 characters; the time covers numbering the sentences, choosing the claims and checking
each. The yardstick is a plain regular-expression split of the same text into words: its speed moves with
the machine, so compare ratios, not notes per second, between two machines or two busy hours. CPU seconds
are counted, not the clock, so that a busy neighbour shows up less.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from inference.engines.base import Completion
from inference.engines.extractive import ExtractiveEngine
from inference.pipeline import summarize
from inference.prompts import load_prompt
from inference.text import normalise, read_note

CHARACTERS = 3_400
TARGET_PER_S = 100
_WORD = re.compile(r"\w+|[^\w\s]")


def note_texts() -> list[str]:
    """The invented demo notes, cut or repeated at line ends to about 3,400 characters each."""
    texts = []
    for path in sorted((Path(__file__).parents[1] / "demo" / "notes").iterdir()):
        text = normalise(path.read_text(encoding="utf-8"))
        while len(text) < CHARACTERS:
            text += "\n\n" + text
        texts.append(text[: text.rfind("\n", 0, CHARACTERS)])
    return texts


def per_second(work: Callable[[str], object], texts: list[str], seconds: float) -> list[float]:
    """Run rounds over all texts for about `seconds` of CPU time; return each round's notes per CPU second."""
    rates: list[float] = []
    spent = 0.0
    while spent < seconds or len(rates) < 3:
        started = time.process_time()
        for text in texts:
            work(text)
        took = time.process_time() - started
        rates.append(len(texts) / took)
        spent += took
    return rates


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6.0)
    seconds = parser.parse_args().seconds
    engine, prompt, texts = ExtractiveEngine(), load_prompt("problem_oriented"), note_texts()
    claims: list[int] = []

    def pipeline(text: str) -> None:
        items = list(summarize(read_note(text), prompt=prompt, engine=engine))
        claims.append(sum(1 for item in items if not isinstance(item, Completion)))

    pipeline(texts[0])  # reads the lexicons
    half = seconds / 4
    yardstick = per_second(_WORD.findall, texts, half)
    rates = per_second(pipeline, texts, seconds / 2)
    yardstick += per_second(_WORD.findall, texts, half)
    median = statistics.median(rates)
    print(
        json.dumps(
            {
                "what": "extractive pipeline alone, one core",
                "characters_per_note": round(statistics.mean(map(len, texts))),
                "claims_per_note": round(statistics.mean(claims), 1),
                "notes_per_cpu_s": round(median, 1),
                "slowest_round": round(min(rates), 1),
                "fastest_round": round(max(rates), 1),
                "target_per_s": TARGET_PER_S,
                "yardstick_word_splits_per_cpu_s": round(statistics.median(yardstick)),
                "yardstick_per_note": round(statistics.median(yardstick) / median, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
