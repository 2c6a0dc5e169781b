"""The parts of a medication or an allergy claim, as an engine took them apart, in words for the reader."""

import re
from collections.abc import Mapping
from typing import Any

from inference.vocabulary import DrugStatus

Details = tuple[tuple[str, str], ...]

LABELS = {
    "name": "Drug",
    "substance": "Substance",
    "status": "Status",
    "dose": "Dose",
    "route": "Route",
    "frequency": "Frequency",
    "reaction": "Reaction",
}
"""In what order the parts are shown."""

LAPSED = {DrugStatus.STOPPED, DrugStatus.HELD}
SAYS_LAPSED = re.compile(
    r"\b(?:stop|discontinu|ceas|withdr[ae]w|held\b|hold\b|holding\b|on hold|withh[eo]ld|paus|suspend|omit)",
    re.IGNORECASE,
)
"""A text with such a word says by itself that the drug is not taken now."""


def lapse(details: Mapping[str, Any] | None, text: str) -> str:
    """Say that a drug is stopped or held where the claim's text does not: "stopped", "held" or ""."""
    status = (details or {}).get("medication", {}).get("status", "")
    return status if status in LAPSED and not SAYS_LAPSED.search(text) else ""


def in_words(details: Mapping[str, Any] | None, text: str) -> Details:
    """List the stated parts by their labels, such as ("Dose", "100 mg").

    The name of the drug or substance is the text's to say, and listed only where the text lacks it; so is a
    status that `lapse` gives.
    """
    parts: Mapping[str, str] = next(iter((details or {}).values()), {})
    said = {part: value for part, value in parts.items() if value and value != DrugStatus.UNSTATED}
    for part in ("name", "substance"):
        if said.get(part, "").casefold() in text.casefold():
            said.pop(part, None)
    if lapse(details, text):
        del said["status"]
    elif "status" in said:
        said["status"] = DrugStatus(said["status"]).label.lower()
    return tuple((label, said[part]) for part, label in LABELS.items() if part in said)
