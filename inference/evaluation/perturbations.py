"""False statements made by rule from true ones, a kind at a time, and the true ones they are made from.

What each kind of change does stands in `changed_values` and `changed_senses`; what another patient's note
or nobody's says is taken here. A rule that cannot be sure to make a falsehood makes nothing. The machine's
falsehoods are cruder than a language model's: the claims written by hand are the measure.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from inference.engines.base import DraftClaim
from inference.evaluation import changed_senses, changed_values
from inference.evaluation.paraphrases import paraphrases
from inference.evaluation.statements import (
    Statement,
    Surroundings,
    assertion_of,
    category_of,
    table,
)
from inference.vocabulary import Assertion

Change = Callable[[Statement, Surroundings, random.Random], Iterator[str]]

CHANGES: dict[str, Change] = {
    "number": changed_values.number,
    "unit": changed_values.unit,
    "dose": changed_values.dose,
    "drug": changed_values.drug,
    "negation": changed_senses.negation,
    "laterality": changed_senses.laterality,
    "subject": changed_senses.subject,
    "time": changed_senses.time,
    "status": changed_senses.status,
    "direction": changed_senses.direction,
    "severity": changed_senses.severity,
    "binding": changed_values.bound_dose,
    "dropped clause": changed_senses.dropped,
}
KINDS = (*CHANGES, "other patient", "fabricated")
MOST_OF_A_KIND = 3  # in one note, so that no long note decides


@dataclass(frozen=True, slots=True)
class Made:
    """A claim that was made by rule.

    Attributes:
        note: reference of its note.
        claim: as an engine would hand it in.
        kind: one of `KINDS`, or "" where it is true.
        is_paraphrase: made from a rewritten statement, not from the note's words.
    """

    note: str
    claim: DraftClaim
    kind: str
    is_paraphrase: bool


def true_claims(reference: str, around: Surroundings) -> Iterator[Made]:
    """Every statement of a note word for word, and those that rules can rewrite."""
    for statement in around.statements:
        yield Made(reference, _claim(statement, statement.text), "", is_paraphrase=False)
    for statement in paraphrases(around, reference):
        yield Made(reference, _claim(statement, statement.text), "", is_paraphrase=True)


def false_claims(reference: str, around: Surroundings, others: Sequence[Surroundings]) -> Iterator[Made]:
    """Up to three falsehoods of each kind from a note.

    Args:
        reference: names the note.
        around: the note.
        others: notes of other patients, from which a sentence may be taken.
    """
    bases = [*around.statements, *paraphrases(around, reference)]
    for kind, change in CHANGES.items():
        chance = random.Random(f"{reference} {kind}")
        made = 0
        for statement in chance.sample(bases, len(bases)):
            texts = [text for text in change(statement, around, chance) if text != statement.text]
            if texts:
                text = chance.choice(texts)
                yield Made(reference, _claim(statement, text, kind), kind, statement.is_paraphrase)
                made += 1
                if made == MOST_OF_A_KIND:
                    break
    chance = random.Random(f"{reference} strangers")
    for kind, strange in (
        ("other patient", _of_others(around, others, chance)),
        ("fabricated", _fabricated(around, chance)),
    ):
        for text, section in islice(strange, MOST_OF_A_KIND):
            claim = DraftClaim(text, category_of(section), assertion_of(text, section), ())
            yield Made(reference, claim, kind, is_paraphrase=False)


def _claim(statement: Statement, text: str, kind: str = "") -> DraftClaim:
    section = "" if kind == "subject" else statement.section
    assertion = assertion_of(text, section)
    if kind == "subject" and text.startswith(
        ("Her mother", "His father", "The patient's brother", "A sister")
    ):
        assertion = Assertion.FAMILY
    return DraftClaim(text, category_of(statement.section), assertion, statement.evidence)


def _of_others(
    around: Surroundings, others: Sequence[Surroundings], chance: random.Random
) -> Iterator[tuple[str, str]]:
    """Sentences of other notes of which this one lacks most of the telling words."""
    for _ in range(_TRIES):
        other = chance.choice(others)
        if other is around or not other.statements:
            continue
        statement = chance.choice(other.statements)
        telling = {word for word in re.findall(r"[a-z]{5,}", statement.text.lower()) if word not in _COMMON}
        missing = [word for word in telling if word[:6] not in around.lower]
        if len(telling) >= _TELLING and len(missing) >= len(telling) * _MISSING:
            yield statement.text, statement.section


_TRIES = 30
_TELLING = 4
_MISSING = 0.7
_COMMON = frozenset(
    [
        "patient",
        "reports",
        "denies",
        "today",
        "years",
        "months",
        "weeks",
        "which",
        "there",
        "there's",
        "would",
        "should",
    ]
)


def _fabricated(around: Surroundings, chance: random.Random) -> Iterator[tuple[str, str]]:
    entries = table("falsehoods")["fabricated"]
    for entry in chance.sample(entries, len(entries)):
        if not any(key in around.lower for key in entry["keys"]):
            yield entry["text"], ""
