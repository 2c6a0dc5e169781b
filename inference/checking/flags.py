"""The checker's verdict on one doubtful thing in a claim."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from inference.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class Flag:
    """One doubt, for a clinician to settle.

    Attributes:
        kind: which check raised it, lower case with underscores ("dose", "negation").
        severity: critical needs a decision of its own before signing.
        message: names the words in doubt and what the source says, in a clinician's words.
        places: tokens of the claim that are in doubt, so that one cause is told once; empty where the doubt
            is about the claim as a whole.
    """

    kind: str
    severity: Severity
    message: str
    places: frozenset[int] = field(default=frozenset(), compare=False, repr=False)

    def as_row(self) -> dict[str, str]:
        """What is stored and shown of it, as JSON values."""
        return {"kind": self.kind, "severity": self.severity.value, "message": self.message}


_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def most_severe_first(flags: list[Flag]) -> tuple[Flag, ...]:
    """Order flags by severity; equals keep the order in which the checks ran."""
    return tuple(sorted(flags, key=lambda flag: _ORDER[flag.severity]))


def one_a_cause(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Keep, of flags about the same words of a claim, the most severe one; among equals the first."""
    kept: list[Flag] = []
    for flag in most_severe_first(list(flags)):
        if not any(flag.places & other.places for other in kept) and flag not in kept:
            kept.append(flag)
    return tuple(kept)


def quoted(text: str, *, limit: int = 90) -> str:
    """Put words in quotation marks on one line, cut with an ellipsis where they are long."""
    folded = " ".join(text.split())
    return f"“{folded if len(folded) <= limit else folded[: limit - 1].rstrip() + '…'}”"
