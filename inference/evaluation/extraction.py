"""What the extractive engine carries, beside what people write: overlap of words."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

from inference.engines.extractive import extract
from inference.evaluation.corpus import Part, rows, visit_files
from inference.evaluation.metrics import Rouge, rouge
from inference.text import normalise, read_note


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of others on ACI-Bench, test set 1, whole note, in percent."""

    model: str
    one: float
    two: float
    longest: float


PUBLISHED = (
    Published("the longest turn of a speaker", 27.84, 9.32, 23.44),
    Published("the whole transcript", 32.84, 12.53, 30.61),
    Published("12 turns of the doctor", 35.88, 12.44, 32.72),
    Published("nearest training note (UMLS)", 43.87, 17.55, 40.47),
    Published("ChatGPT", 47.44, 19.01, 42.47),
    Published("GPT-4", 51.76, 22.58, 45.97),
    Published("BART, fine-tuned, by division", 53.46, 25.08, 48.62),
)
"""Yim, Fu, Ben Abacha, Snider, Lin and Yetisgen, Sci Data 2023;10:586, table 6. How they cut
texts into lines for ROUGE-L, and whether they stemmed, is not said there: do not rank near figures."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Mean ROUGE F1 over the visits of a part.

    Attributes:
        of_dialogue: the engine reads the dialogue; what it takes is compared with the human note, as
            published systems are. The engine was not made for dialogues.
        of_note: the engine reads the human note and its extract is compared with that same note. Its task in
            the product, and another than the published one: every word is the reference's, so this only
            says how much of the note is kept.
        visits: how many.
    """

    of_dialogue: Rouge
    of_note: Rouge
    visits: int


def overlap(part: Part, *, most_visits: int | None = None) -> Overlap:
    """Run the extractive engine over the visits of a part."""
    visits = [row for file in visit_files(part) for row in rows(file)][:most_visits]
    return Overlap(
        _mean(rouge(_extract(row["dialogue"]), row["note"]) for row in visits),
        _mean(rouge(_extract(row["note"]), row["note"]) for row in visits),
        len(visits),
    )


def _extract(text: str) -> str:
    return "\n".join(claim.text for claim in extract(read_note(normalise(text))))


def _mean(scores: Iterable[Rouge]) -> Rouge:
    found = list(scores)
    return Rouge(
        mean(score.one for score in found),
        mean(score.two for score in found),
        mean(score.longest for score in found),
    )
