"""Sentences of a note that talk to a model instead of about a patient: never silently a claim."""

import re
from collections.abc import Sequence

from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_INSTRUCTION = re.compile(
    "|".join(f"(?:{pattern})" for pattern in lexicon("instructions")["patterns"]), re.IGNORECASE
)


def find_instruction(text: str) -> str | None:
    """Return the words of a text that look like an instruction to a model, or None."""
    match = _INSTRUCTION.search(text)
    return match[0] if match else None


def check(claim: Reading, sources: Sequence[Reading]) -> Flag | None:
    """Flag a claim whose evidence, or whose own text, gives orders to whoever summarises the note."""
    for source in sources:
        if (words := find_instruction(source.text)) is not None:
            return Flag(
                "suspicious_source",
                Severity.CRITICAL,
                f"Suspicious source: sentence {source.number} reads like an instruction to a computer, "
                f"not like a clinical statement: {quoted(words)}.",
            )
    if (words := find_instruction(claim.text)) is not None:
        return Flag(
            "suspicious_source",
            Severity.CRITICAL,
            f"Suspicious claim: it reads like an instruction to a computer, not like a clinical statement: "
            f"{quoted(words)}.",
        )
    return None
