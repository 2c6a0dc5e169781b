"""Invented notes with the claims that the tiny test model is to answer with. No medicine is taught here.

The target is made to be learnt by a model of under two million parameters: claims come in the fixed order
of `ORDER` as far as the prompt asks for them, each is the first clause of one sentence of the note, word for
word, and the last is always of the last of these categories. So an answer ends after at most seven claims
whatever the length of the note, as a test fixture must.
"""

import json
import random
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from inference.parts import Part, whole
from inference.text import Sentence, normalise, read_note
from inference.training.tiny_details import details
from inference.vocabulary import Assertion, Category

ORDER = (
    Category.PROBLEM,
    Category.SYMPTOM,
    Category.ALLERGY,
    Category.MEDICATION,
    Category.VITAL_OR_LAB,
    Category.PLAN,
)
MAX_WORDS = 6  # of a claim: short, so that copying always ends
MAX_CHARACTERS = 30  # of a claim: about a dozen tokens
_IDENTITY = ("Patient: Invented Example.", "A 70-year-old man, known to the clinic.", "Seen with his wife.")

_WORDS: dict[str, list[str]] = tomllib.loads(
    (files("inference.training") / "tiny_words.toml").read_text(encoding="utf-8")
)
_HEADERS = {
    None: (
        "Background",
        "Social history",
        "Course",
        "Admission details",
        "Hospital course",
        "Examination",
        "Notes",
    ),
    Category.PROBLEM: (
        "Diagnosis",
        "Problems",
        "Past medical history",
        "Diagnoses this admission",
        "Impression",
    ),
    Category.SYMPTOM: ("Presenting complaint", "History", "Symptoms", "HPI", "Reason for admission"),
    Category.ALLERGY: ("Allergies", "Allergies and adverse reactions", "Drug allergies"),
    Category.MEDICATION: (
        "Medication",
        "Discharge medication",
        "Current medicines",
        "Drugs on discharge",
        "Meds",
    ),
    Category.VITAL_OR_LAB: ("Results", "Investigations", "Observations", "Bloods", "Labs"),
    Category.PLAN: ("Plan", "Follow-up", "Recommendations", "Discharge plan", "Next steps"),
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is shown of one note, with the answer that it should get."""

    part: Part
    answer: str  # JSON without white space, as vLLM's decoder writes it


def lesson(
    rng: random.Random,
    *,
    sentences: int,
    lines: Sequence[str] = (),
    categories: Sequence[Category] = tuple(Category),
) -> Lesson:
    """Invent a note of about `sentences` sentences, or a part of a longer one, with its answer.

    Args:
        rng: the only source of chance.
        sentences: at least 4.
        lines: real-looking lines (invented patients) that half of the notes are padded with and copy from.
        categories: what the prompt asks for.

    Raises:
        ValueError: none of the categories is in `ORDER`.
    """
    taught = [category for category in ORDER if category in categories]
    if not taught:
        raise ValueError("a prompt that asks for nothing that is taught")
    if rng.random() < 0.5:
        lines = ()
    while True:
        written, planned = _invented(rng, sentences, lines, last=taught[-1])
        part = _shown(rng, written)
        if answer := _answer(part, planned, taught):
            return Lesson(part, answer)


def _shown(rng: random.Random, written: str) -> Part:
    """Show a note whole or, now and then, as the end of a longer one, whose first lines may come along."""
    if rng.random() < 0.65:
        return whole(read_note(normalise(written)))
    long_ago = rng.randint(1, 3_000) if rng.random() < 0.2 else rng.randint(1, 400)
    head = [*_IDENTITY, *(f"Day {number}: nothing of note." for number in range(1, long_ago))]
    note = read_note(normalise("\n".join([*head, "", written])))
    begins = note.text.index(normalise(written).strip())
    numbers = tuple(sentence.number for sentence in note.sentences if sentence.start >= begins)
    context = tuple(range(1, 1 + rng.randint(0, len(_IDENTITY))))
    of = rng.randint(2, 9)
    return Part(note, numbers, context, rng.randint(1, of), of)


def _invented(
    rng: random.Random, sentences: int, lines: Sequence[str], *, last: Category
) -> tuple[str, dict[str, tuple[Category, Assertion]]]:
    """Invent a note, and say of which category the sentences are that a claim may be about."""
    planned: dict[str, tuple[Category, Assertion]] = {}
    parts = [category for category in ORDER if category is not last and rng.random() < 0.7]
    parts.append(last)
    if rng.random() < 0.5:
        rng.shuffle(parts)
    per_part = max(1, sentences // (len(parts) + 1))
    blocks = [_block(rng, category, rng.randint(1, per_part), planned, lines) for category in parts]
    for _ in range(max(0, (sentences - sum(len(block) for block in blocks)) // 4)):
        blocks.insert(rng.randint(0, len(blocks)), _noise(rng, lines))
    return "\n".join(line for block in blocks for line in block), planned


def _block(
    rng: random.Random,
    category: Category,
    count: int,
    planned: dict[str, tuple[Category, Assertion]],
    lines: Sequence[str],
) -> list[str]:
    header = rng.choice(_HEADERS[category])
    style = rng.randint(0, 3)
    block = ["", (header.upper(), header + ":", "## " + header, header)[style]]
    mark = rng.choice(("- ", "* ", "", "", "{}. "))
    for number in range(1, count + 1):
        statement, assertion = _statement(rng, category, lines)
        planned[_bare(statement)] = (category, assertion)
        block.append(mark.format(number) + statement + _tail(rng, mark))
    return block


def _tail(rng: random.Random, mark: str) -> str:
    """End a line: nothing, a full stop, or a second clause that a claim must not run into."""
    kind = rng.randint(0, 3)
    if kind == 0 and mark:
        return ""
    if kind == 1:
        return rng.choice((", ", "; ")) + " ".join(rng.choices(_WORDS["filler"], k=rng.randint(2, 8))) + "."
    return "."


def _statement(rng: random.Random, category: Category, lines: Sequence[str]) -> tuple[str, Assertion]:
    if rng.random() < 0.3:  # words the model has never seen teach it to copy rather than to recite
        line = rng.choice(lines) if lines and rng.random() < 0.6 else ""
        if len(_bare(line)) > 3:
            return _MARKER.sub("", line), Assertion.PRESENT
        return _capital(" ".join(_word(rng) for _ in range(rng.randint(2, 14)))), Assertion.PRESENT
    problem, symptom, drug = (
        rng.choice(_WORDS["problems"]),
        rng.choice(_WORDS["symptoms"]),
        rng.choice(_WORDS["drugs"]),
    )
    dose, time = rng.choice(_WORDS["doses"]), rng.choice(_WORDS["times"])
    duration = f"{rng.randint(1, 14)} {rng.choice(('days', 'weeks', 'months'))}"
    present, absent, historical = Assertion.PRESENT, Assertion.ABSENT, Assertion.HISTORICAL
    choices: tuple[tuple[str, Assertion], ...]
    match category:
        case Category.PROBLEM:
            choices = (
                (problem, present),
                (f"known {problem}", present),
                (f"possible {problem}", Assertion.POSSIBLE),
                (f"previous {problem} in {rng.randint(1990, 2024)}", historical),
                (f"no history of {problem}", absent),
                (f"her mother had {problem}", Assertion.FAMILY),
                (f"{problem}, {rng.choice(_WORDS['problems'])}", present),
            )
        case Category.SYMPTOM:
            choices = (
                (f"{symptom} for {duration}", present),
                (f"no {symptom}", absent),
                (f"denies {symptom}", absent),
                (f"he has had {symptom} and {rng.choice(_WORDS['symptoms'])} since {duration}", present),
                (f"worsening {symptom}", present),
                (f"admitted with {symptom}", present),
            )
        case Category.ALLERGY:
            choices = (
                (f"{drug} ({rng.choice(_WORDS['reactions'])})", present),
                (f"allergic to {drug}", present),
                ("no known drug allergies", absent),
                (f"{drug}: {rng.choice(_WORDS['reactions'])}", present),
            )
        case Category.MEDICATION:
            choices = (
                (f"{drug} {dose} {time}", present),
                (f"{drug} {dose} {rng.choice(('oral', 'PO', 'IV', 'inhaled'))} {time}", present),
                (f"continue {drug} {dose}", present),
                (f"{drug} stopped", historical),
                (f"started {drug} {dose} {time}", present),
                (f"{drug} held", historical),
                (f"{drug} increased to {dose} {time}", present),
            )
        case Category.VITAL_OR_LAB:
            value = rng.choice((str(rng.randint(2, 250)), f"{rng.randint(1, 20)}.{rng.randint(0, 9)}"))
            choices = (
                (f"{rng.choice(_WORDS['tests'])} {value} {rng.choice(_WORDS['units'])}", present),
                (f"{rng.choice(_WORDS['tests'])} was {value} {rng.choice(_WORDS['units'])}", present),
                (f"BP {rng.randint(85, 190)}/{rng.randint(45, 110)}", present),
                (f"HR {rng.randint(45, 140)}", present),
                (f"SpO2 {rng.randint(84, 99)}% on air", present),
                (f"temperature {rng.randint(35, 39)}.{value[0]}", present),
            )
        case _:
            person = rng.choice(_WORDS["people"])
            choices = (
                (f"repeat {rng.choice(_WORDS['tests'])} in {duration} with {person}", present),
                (f"review by {person} in {duration}", present),
                (f"refer to {person}", present),
                (f"continue {drug}", present),
                (f"return if {symptom}", Assertion.HYPOTHETICAL),
                (f"{person} to check {rng.choice(_WORDS['tests'])}", present),
            )
    statement, assertion = rng.choice(choices)
    return (_capital(statement) if rng.random() < 0.8 else statement), assertion


def _noise(rng: random.Random, lines: Sequence[str]) -> list[str]:
    """Lines that no claim is about: identity, prose, made-up words, a table, or a run of the lines given."""
    if lines and rng.random() < 0.8:
        first = rng.randrange(len(lines))
        return list(lines[first : first + 4])
    kind = rng.randint(0, 4)
    if kind == 0:
        return [
            f"Patient: {_capital(_word(rng))} {_capital(_word(rng))}",
            f"MRN: EP-{rng.randint(10000, 999999)}",
        ]
    if kind == 1:
        head = "| Test | Result | Range | Units |"
        rows = (
            f"| {rng.choice(_WORDS['tests'])} | {rng.randint(1, 300)} {rng.choice(('H', 'L', ''))} "
            f"| {rng.randint(1, 9)}-{rng.randint(10, 99)} | {rng.choice(_WORDS['units'])} |"
            for _ in range(rng.randint(2, 5))
        )
        return ["", head, "|---|---|---|---|", *rows, ""]
    if kind == 2:
        return [_capital(" ".join(_word(rng) for _ in range(rng.randint(3, 20)))) + "."]
    header = [rng.choice(_HEADERS[None])] if kind == 3 else []
    prose = (
        _capital(" ".join(rng.choices(_WORDS["filler"], k=rng.randint(5, 25)))) + "."
        for _ in range(rng.randint(1, 3))
    )
    return [*header, " ".join(prose)]


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(_WORDS["syllables"], k=rng.randint(1, 3)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_CLAUSE_END = re.compile(r"[,;|]|\.(?=\s|$)|\n")
_MARKER = re.compile(r"^(?:[-*•]|\d+[.)]|#+)\s+")


def _bare(sentence: str) -> str:
    """Cut a sentence to what a claim takes of it: no bullet, first clause, at most `MAX_WORDS` words."""
    clause = _CLAUSE_END.split(_MARKER.sub("", sentence.strip()), maxsplit=1)[0]
    words = clause.split()[:MAX_WORDS]
    while len(words) > 1 and len(" ".join(words)) > MAX_CHARACTERS:
        words.pop()
    return " ".join(words)


def _answer(
    part: Part, planned: dict[str, tuple[Category, Assertion]], taught: Sequence[Category]
) -> str | None:
    """Write the answer; None where the note's padding took the place of the claim that must end it."""
    first: dict[Category, dict[str, object]] = {}
    for number in part.numbers:
        sentence = part.note.sentences[number - 1]
        category, assertion = planned.get(_bare(sentence.text), (None, Assertion.PRESENT))
        if category is not None and category not in first:
            first[category] = _claim(sentence, category, assertion)
    if taught[-1] not in first:
        return None
    claims = [first[category] for category in taught if category in first]
    return json.dumps({"claims": claims}, ensure_ascii=False, separators=(",", ":"))


def _claim(sentence: Sentence, category: Category, assertion: Assertion) -> dict[str, object]:
    text = _bare(sentence.text)
    head = {"text": text, "category": category.value, "assertion": assertion.value}
    return head | details(category, text, sentence.text) | {"evidence": [sentence.number]}
