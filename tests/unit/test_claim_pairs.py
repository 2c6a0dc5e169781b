"""Claim beside claim: what two drafts of one note share, and what never passes for the same. All invented."""

import random
from typing import Any
from uuid import UUID, uuid5

import pytest

from clinical.actions.comparisons import Pair, compare_claims, compare_words, differences, groups
from clinical.actions.prompts import Section
from clinical.actions.reviewed_claims import ReviewedClaim, ShownFlag

SPACE = UUID(int=7)
DOUBT = ShownFlag("number", "critical", "Invented doubt.")


def claim(text: str, position: int = 1, **fields: Any) -> ReviewedClaim:
    """One claim as an engine wrote it."""
    wanted = {"category": "problem", "assertion": "present", "evidence": (position,), "flags": (), **fields}
    return ReviewedClaim(target=uuid5(SPACE, f"{position}{text}"), position=position, text=text, **wanted)


def told(pairs: list[Pair]) -> list[tuple[str, str, str]]:
    """Each pair as (outcome, older text, newer text)."""
    return [(p.outcome, p.older.text if p.older else "", p.newer.text if p.newer else "") for p in pairs]


def labels(older: str, newer: str, **fields: Any) -> list[str]:
    """What differs gravely between two wordings."""
    found = differences(claim(older, **fields), claim(newer, **fields))
    return [difference.label for difference in found if difference.is_grave]


def test_equal_words_are_the_same_whatever_their_case_and_spacing() -> None:
    [pair] = compare_claims([claim("Type 2  diabetes")], [claim("type 2 Diabetes")])

    assert pair.outcome == "same"
    assert not any(piece.is_changed for piece in (*pair.older_words, *pair.newer_words))


@pytest.mark.parametrize(
    ("older", "newer", "label"),
    [
        ("Metoprolol 50 mg twice daily", "Metoprolol 100 mg twice daily", "Number or dose"),
        ("Digoxin 125 mcg daily", "Digoxin 125 mg daily", "Number or dose"),
        ("Bisoprolol 2.5 mg daily", "Bisoprolol 25 mg daily", "Number or dose"),
        ("Metoprolol 50 mg once daily", "Metoprolol 50 mg twice daily", "Number or dose"),
        ("Disc prolapse at L4", "Disc prolapse at L5", "Number or dose"),
        ("Warfarin 5 mg daily", "Apixaban 5 mg daily", "Drug"),
        ("No chest pain", "Chest pain", "Denial"),
        ("Denies chest pain", "Reports chest pain", "Denial"),
        ("Doesn't smoke", "Does smoke", "Denial"),
        ("Swollen left knee", "Swollen right knee", "Side"),
        ("Swollen L knee", "Swollen R knee", "Side"),
        ("Swollen knee", "Swollen left knee", "Side"),
        ("Warfarin started", "Warfarin stopped", "Status"),
        ("Stop warfarin", "Continue warfarin", "Status"),
        ("Warfarin", "Warfarin stopped", "Status"),
        ("Malignant breast lesion", "Benign breast lesion", "Opposite"),
        ("Severe hyperkalaemia", "Severe hypokalaemia", "Opposite"),
        ("Potassium high", "Potassium low", "Opposite"),
        ("Irregular pulse", "Regular pulse", "Opposite"),
        ("Metronidazole 400 mg po", "Metronidazole 400 mg iv", "Route"),
        ("Unable to stand", "Able to stand", "Denial"),
        ("Rule out PE", "Cannot rule out PE", "Denial"),
    ],
)
def test_a_number_a_denial_a_side_or_a_drug_never_passes_for_the_same(
    older: str, newer: str, label: str
) -> None:
    [pair] = compare_claims([claim(older)], [claim(newer)])

    assert pair.outcome == "changed"
    assert pair.is_grave
    assert label in labels(older, newer)
    assert any(piece.is_changed for piece in (*pair.older_words, *pair.newer_words))


def test_a_medication_that_no_lexicon_knows_is_told_apart_by_its_name() -> None:
    assert labels("Zorbitane 5 mg", "Klimptane 5 mg", category="medication") == ["Drug"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("Metoprolol 50 mg twice daily", "Metoprolol 50mg BD"),
        ("Denies chest pain", "No chest pain"),
        ("Swollen lt knee", "Swollen left knee"),
        ("Chest pain on exertion", "Exertional chest pain"),
        ("Metronidazole 400 mg by mouth", "Metronidazole 400 mg orally"),
        ("Warfarin has been stopped", "Stopped warfarin"),
        ("Cough with green sputum", "Cough with yellow sputum"),
    ],
)
def test_another_wording_of_the_same_is_changed_but_not_gravely(older: str, newer: str) -> None:
    [pair] = compare_claims([claim(older)], [claim(newer)])

    assert pair.outcome == "changed"
    assert [difference.label for difference in pair.differences] == ["Wording"]


@pytest.mark.parametrize(
    ("fields", "label", "is_grave"),
    [
        ({"assertion": "absent"}, "Assertion", True),
        ({"lapsed": "stopped"}, "Stopped or held", True),
        ({"category": "symptom"}, "Category", False),
        ({"evidence": (1, 2)}, "Sentences", False),
        ({"flags": (DOUBT,)}, "Doubts", False),
    ],
)
def test_equal_words_with_another_meaning_are_changed(
    fields: dict[str, Any], label: str, is_grave: bool
) -> None:
    [pair] = compare_claims([claim("Diabetes")], [claim("Diabetes", **fields)])

    assert pair.outcome == "changed"
    assert [(d.label, d.is_grave) for d in pair.differences] == [(label, is_grave)]


def test_stated_parts_are_compared_and_those_of_one_draft_are_told_quietly() -> None:
    older = claim("Metoprolol", details=(("Dose", "50 mg"),))

    assert [d.label for d in differences(older, claim("Metoprolol", details=(("Dose", "100 mg"),)))] == [
        "Details"
    ]
    assert differences(older, claim("Metoprolol", details=(("Dose", "50  MG"),))) == ()
    for pair in compare_claims([older], [claim("Metoprolol")]) + compare_claims(
        [claim("Metoprolol")], [older]
    ):
        assert pair.outcome == "changed"
        assert [(d.label, d.is_grave) for d in pair.differences] == [("Details in one only", False)]


def test_only_the_words_that_differ_are_marked() -> None:
    before, after = compare_words("Metoprolol 50 mg twice daily", "Metoprolol 100 mg twice daily")

    assert [(p.text, p.is_changed) for p in before] == [
        ("Metoprolol", False),
        ("50", True),
        ("mg twice daily", False),
    ]
    assert [p.text for p in after if p.is_changed] == ["100"]


@pytest.mark.parametrize(
    "text", ["BP 120/80, pulse 72.", "a_b – “quoted” 5µg/h", "café 2,500 ml  (x²)", "", "naïve e\u0301"]
)
def test_the_pieces_of_a_text_make_it_up_again(text: str) -> None:
    for pieces in compare_words(text, "Something else, 120/80"):
        assert all(piece.text for piece in pieces)
    before, _ = compare_words(text, "Something else, 120/80")
    assert "".join(piece.text + piece.gap for piece in before) == text


def test_two_drugs_of_one_sentence_find_their_own_partners() -> None:
    older = [
        claim("Aspirin 75 mg daily", 1, category="medication", evidence=(7,)),
        claim("Ramipril 5 mg daily", 2, category="medication", evidence=(7,)),
    ]
    newer = [
        claim("Ramipril 10 mg daily", 1, category="medication", evidence=(7,)),
        claim("Aspirin 75 mg daily", 2, category="medication", evidence=(7,)),
    ]

    assert told(compare_claims(older, newer)) == [
        ("changed", "Ramipril 5 mg daily", "Ramipril 10 mg daily"),
        ("same", "Aspirin 75 mg daily", "Aspirin 75 mg daily"),
    ]


def test_different_drugs_on_different_sentences_are_no_pair() -> None:
    older = [claim("Aspirin 75 mg daily", 1, category="medication", evidence=(7,))]
    newer = [claim("Ramipril 75 mg daily", 1, category="medication", evidence=(8,))]

    assert [outcome for outcome, *_ in told(compare_claims(older, newer))] == ["older", "newer"]


def test_a_claim_of_one_draft_only_stands_where_it_stood() -> None:
    older = [claim("Asthma", 1), claim("Gout", 2), claim("Diabetes", 3)]
    newer = [claim("Asthma", 1), claim("Diabetes", 3), claim("Eczema", 4)]

    assert told(compare_claims(older, newer)) == [
        ("same", "Asthma", "Asthma"),
        ("older", "Gout", ""),
        ("same", "Diabetes", "Diabetes"),
        ("newer", "", "Eczema"),
    ]


def test_every_claim_stands_in_one_pair_and_the_order_they_come_in_does_not_matter() -> None:
    source = random.Random(3)
    words = ["no", "left", "right", "knee", "aspirin", "metoprolol", "5", "10", "mg", "daily", "fall", "gout"]

    def some(first: int) -> list[ReviewedClaim]:
        return [
            claim(
                " ".join(source.choices(words, k=source.randint(1, 6))),
                position,
                category=source.choice(["problem", "medication"]),
                evidence=(source.randint(1, 6),),
            )
            for position in range(first, first + 40)
        ]

    for _ in range(20):
        older, newer = some(1), some(1)
        pairs = compare_claims(older, newer)
        shuffled = compare_claims(source.sample(older, 40), source.sample(newer, 40))
        assert pairs == shuffled
        assert sorted(p.older.position for p in pairs if p.older) == list(range(1, 41))
        assert sorted(p.newer.position for p in pairs if p.newer) == list(range(1, 41))
        for pair in pairs:
            if pair.outcome == "same":
                assert pair.older is not None
                assert pair.newer is not None
                assert pair.older.text == pair.newer.text


def test_pairs_stand_under_the_headings_of_the_newer_draft() -> None:
    pairs = compare_claims(
        [claim("Gout", 1), claim("Aspirin", 2, category="medication")],
        [claim("Gout", 1, category="assessment")],
    )
    headings = [Section("Drugs", ("medication",), ""), Section("View", ("assessment", "problem"), "")]

    found = groups(pairs, [*headings, Section("Empty", ("plan",), "")])

    assert [(group.title, told(list(group.pairs))) for group in found] == [
        ("Drugs", [("older", "Aspirin", "")]),
        ("View", [("changed", "Gout", "Gout")]),
    ]
