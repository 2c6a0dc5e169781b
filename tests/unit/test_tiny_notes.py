"""The lessons of the tiny test model: what it is taught is what the reader of answers accepts."""

import json
import random

import pytest

from inference.prompts import load_prompt, prompt_names
from inference.schema import parse_claims
from inference.training.tiny_details import details
from inference.training.tiny_notes import ORDER, lesson
from inference.vocabulary import Category


@pytest.mark.parametrize("name", prompt_names())
def test_a_lesson_is_an_answer_that_the_reader_takes(name: str) -> None:
    rng = random.Random(3)
    categories = load_prompt(name).categories
    for _ in range(40):
        item = lesson(rng, sentences=12, categories=categories)

        claims = list(parse_claims([item.answer], item.part, categories))

        assert 1 <= len(claims) <= len(ORDER)
        assert claims[-1].category is [category for category in ORDER if category in categories][-1]
        assert item.answer == json.dumps(json.loads(item.answer), ensure_ascii=False, separators=(",", ":"))


def test_lessons_show_whole_notes_and_parts_with_large_numbers() -> None:
    rng = random.Random(5)
    parts = [lesson(rng, sentences=8).part for _ in range(60)]

    assert {part.of > 1 for part in parts} == {True, False}
    assert any(part.context for part in parts)
    assert max(part.numbers[0] for part in parts) > 1_000


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("Ramipril 5 mg od", "Ramipril 5 mg od - held", ("Ramipril", "5 mg", "", "od", "held")),
        ("continue codeine 1 g PO", "continue codeine 1 g PO", ("codeine", "1 g", "PO", "", "continued")),
        ("Digoxin increased to 10 mg", "", ("Digoxin", "10 mg", "", "", "unstated")),
    ],
)
def test_a_drug_line_is_taken_apart(text: str, line: str, expected: tuple[str, ...]) -> None:
    assert tuple(details(Category.MEDICATION, text, line)["medication"].values()) == expected


def test_an_allergy_line_is_taken_apart() -> None:
    found = details(Category.ALLERGY, "Penicillin (rash)", "Penicillin (rash)")

    assert found == {"allergy": {"substance": "Penicillin", "reaction": "rash"}}


def test_a_category_that_is_not_taken_apart_has_no_details() -> None:
    assert details(Category.PLAN, "continue codeine 1 g", "") == {}
