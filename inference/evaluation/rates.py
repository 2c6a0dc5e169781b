"""The checker's own error rates on the hand-written claims, as they ship with this version."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FILE = "rates.json"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many, with a 95 % interval of the share.

    Attributes:
        label: what was counted, as a reader says it: "changed numbers".
        n: how many there were, at least one.
        count: how many of them the checker flagged, critical or warning.
        low, high: ends of the interval, 0 to 1.
    """

    label: str
    n: int
    count: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured.

    Attributes:
        checker: digest of the checker that was measured.
        true: correct claims, of which each flagged one is a false alarm.
        false: claims with one falsehood each, of which each flagged one is caught.
        kinds: false claims by what was changed in them.
    """

    checker: str
    true: Rate
    false: Rate
    kinds: tuple[Rate, ...]


@cache
def rates() -> Rates | None:
    """Read the rates that ship with this version; None where it was not measured."""
    file = files("inference.evaluation") / FILE
    return read_rates(file.read_text(encoding="utf-8")) if file.is_file() else None


def read_rates(text: str) -> Rates:
    """Read `rates.json`.

    Raises:
        ValueError, KeyError: it does not have the form.
    """
    content = json.loads(text)
    true, false = content["claims"]["true"], content["claims"]["false"]
    return Rates(
        checker=content["checker"],
        true=Rate("correct claims", true["n"], true["flagged"], *true["interval"]),
        false=Rate("false claims", false["n"], false["flagged"], *false["interval"]),
        kinds=tuple(
            Rate(kind["label"], kind["n"], kind["caught"], *kind["interval"]) for kind in content["kinds"]
        ),
    )
