"""How many of the words that clinicians highlighted in notes a fact, a symptom or an extract carries.

The notes and highlights are primock57's (mock consultations, each with the phrases that clinicians marked as
key). A highlight is recalled where all its content words stand, in any form and with small slips of spelling,
in the sentences of one fact, in the sentence of one symptom, or in one claim of the extractive engine. Days 1
and 2 served for tuning; day 3 is for reporting.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from inference.checking.case import NoteReading
from inference.checking.concepts import fold
from inference.checking.facts import find_facts, find_symptoms
from inference.checking.tokens import is_content, tokens
from inference.engines.extractive import extract
from inference.evaluation.open_notes import OPEN_DATA, MissingData
from inference.text import Note, normalise, read_note

TUNING_DAYS = (1, 2)
REPORTING_DAYS = (3,)
_ALIKE = 84.0  # RapidFuzz ratio, 0 to 100, from which two long words are one misspelt
_LONG = 6  # letters


@dataclass(frozen=True, slots=True)
class HighlightRecall:
    """How many highlights are carried.

    Attributes:
        highlights: how many there are.
        by_facts: of these, in the sentences of a fact.
        by_symptoms: in the sentence of a symptom.
        by_ledger: in a fact or a symptom.
        by_extract: in a claim of the extractive engine.
        by_any: in any of them.
        missed: (file, highlight) of those in none; clinical text of open data, for the developer's eyes.
    """

    highlights: int
    by_facts: int
    by_symptoms: int
    by_ledger: int
    by_extract: int
    by_any: int
    missed: tuple[tuple[str, str], ...]


def highlight_recall(days: Iterable[int]) -> HighlightRecall:
    """Measure on the consultations of these days.

    Raises:
        MissingData: the open data is not on this machine.
    """
    counts: Counter[str] = Counter()
    total = 0
    missed = []
    for name, note, highlights in _marked_notes(days):
        reading = NoteReading(note)
        facts = [
            _words(" ".join(reading.sentence(number).text for number in fact.sentences))
            for fact in find_facts(note, reading)
        ]
        symptoms = [
            _words(reading.sentence(symptom.sentence).text) for symptom in find_symptoms(note, reading)
        ]
        extracts = [_words(claim.text) for claim in extract(note)]
        for highlight in highlights:
            wanted = _words(highlight)
            in_facts, in_symptoms = _is_held(wanted, facts), _is_held(wanted, symptoms)
            in_extract = _is_held(wanted, extracts)
            total += 1
            counts["facts"] += in_facts
            counts["symptoms"] += in_symptoms
            counts["ledger"] += in_facts or in_symptoms
            counts["extract"] += in_extract
            if in_facts or in_symptoms or in_extract:
                counts["any"] += 1
            else:
                missed.append((name, highlight))
    return HighlightRecall(
        highlights=total,
        by_facts=counts["facts"],
        by_symptoms=counts["symptoms"],
        by_ledger=counts["ledger"],
        by_extract=counts["extract"],
        by_any=counts["any"],
        missed=tuple(missed),
    )


def _marked_notes(days: Iterable[int]) -> list[tuple[str, Note, list[str]]]:
    folder = OPEN_DATA / "primock57" / "notes"
    if not folder.is_dir():
        raise MissingData("primock57/notes")
    wanted = set(days)
    found = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["day"] in wanted:
            found.append((path.name, read_note(normalise(content["note"])), content["highlights"]))
    return found


def _words(text: str) -> frozenset[str]:
    words = [token.lower for token in tokens(text)]
    content = frozenset(fold(word) for word in words if is_content(word))
    return content or frozenset(fold(word) for word in words if word[0].isalnum())


def _is_held(wanted: frozenset[str], texts: list[frozenset[str]]) -> bool:
    if not wanted:
        return True
    return any(all(_is_among(word, words) for word in wanted) for words in texts)


def _is_among(word: str, words: frozenset[str]) -> bool:
    if word in words or len(word) < _LONG:
        return word in words
    return process.extractOne(word, words, scorer=fuzz.ratio, score_cutoff=_ALIKE) is not None
