"""The checker's verdict on one doubtful thing in a claim."""

from dataclasses import dataclass

from inference.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Flag:
    """One doubt, for a clinician to settle.

    Attributes:
        kind: which check raised it, lower case with underscores ("dose", "negation").
        severity: critical needs a decision of its own before signing.
        message: names the words in doubt and what the source says, in a clinician's words.
    """

    kind: str
    severity: Severity
    message: str


_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def most_severe_first(flags: list[Flag]) -> tuple[Flag, ...]:
    """Order flags by severity; equals keep the order in which the checks ran."""
    return tuple(sorted(flags, key=lambda flag: _ORDER[flag.severity]))


def quoted(text: str, *, limit: int = 90) -> str:
    """Put words in quotation marks on one line, cut with an ellipsis where they are long."""
    folded = " ".join(text.split())
    return f"“{folded if len(folded) <= limit else folded[: limit - 1].rstrip() + '…'}”"
