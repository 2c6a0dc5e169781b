"""The evaluation counts rightly, and what its rules make is false where it must be and true where it must be.

The notes are invented.
"""

import argparse
import json
import random
from pathlib import Path

import pytest

from inference.checking.drugs import find_drugs
from inference.checking.tokens import tokens
from inference.commands import evaluate
from inference.evaluation import corpus, rates
from inference.evaluation.changed_values import number
from inference.evaluation.checker_version import checker_digest, is_current
from inference.evaluation.claims import written_claims
from inference.evaluation.corpus import Part, references
from inference.evaluation.metrics import Share, rouge, spearman
from inference.evaluation.open_notes import OPEN_DATA, read_open_note
from inference.evaluation.paraphrases import paraphrases, rewritten
from inference.evaluation.perturbations import CHANGES, MOST_OF_A_KIND, false_claims, true_claims
from inference.evaluation.report import LABELS, TARGETS, as_markdown, shipped_rates
from inference.evaluation.statements import Statement, Surroundings, assertion_of, table
from inference.text import normalise, read_note
from inference.vocabulary import Assertion

NOTE = """HISTORY

Ms. Invented is a 54-year-old female who presents with severe right knee pain for two weeks.
She denies any fever or chills.
She reports swelling of the right ankle.
She has a history of gout.
The pain began three months ago.

FAMILY HISTORY
Mother: breast cancer.

MEDICATIONS
- lisinopril 20 mg daily
- Metformin 500 mg twice daily

PLAN
1. We will start omeprazole 40 mg daily.
2. Return for an X-ray if the pain persists.
"""
OTHER = """HISTORY

Mr. Someone underwent emergency appendectomy following perforation and peritonitis.
"""

needs_data = pytest.mark.skipif(not OPEN_DATA.is_dir(), reason="the open data is not here")


@pytest.fixture(scope="module")
def around() -> Surroundings:
    return Surroundings(read_note(normalise(NOTE)))


def changed(kind: str, text: str, around: Surroundings) -> list[str]:
    return list(CHANGES[kind](Statement(text, (3,), "HISTORY"), around, random.Random(1)))


@pytest.mark.parametrize(
    ("kind", "text", "now"),
    [
        ("unit", "The pain began three months ago.", "three"),
        ("negation", "She denies any fever or chills.", "She reports fever and chills."),
        ("negation", "She reports swelling of the right ankle.", "She denies swelling of the right ankle."),
        ("laterality", "She reports swelling of the right ankle.", "She reports swelling of the left ankle."),
        ("subject", "Mother: breast cancer.", "The patient has breast cancer."),
        ("status", "We will start omeprazole 40 mg daily.", "We will stop omeprazole 40 mg daily."),
        ("severity", "She has severe right knee pain.", "She has mild right knee pain."),
        ("time", "The pain began three months ago.", "The pain began yesterday."),
        ("dropped clause", "Return for an X-ray if the pain persists.", "Return for an X-ray."),
    ],
)
def test_a_change_says_what_the_note_does_not(kind: str, text: str, now: str, around: Surroundings) -> None:
    made = changed(kind, text, around)

    assert any(now in one for one in made)
    assert text not in made
    assert not any(around.says(one) for one in made)


def test_a_drug_gets_the_dose_of_another_drug_of_the_note(around: Surroundings) -> None:
    made = {
        text
        for seed in range(20)
        for text in CHANGES["binding"](
            Statement("lisinopril 20 mg daily", (9,), "MEDICATIONS"), around, random.Random(seed)
        )
    }
    assert made == {"lisinopril 40 mg daily", "lisinopril 500 mg daily"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("negation", "She has no other complaints."),
        ("negation", "No change in her weight."),
        ("negation", "She denies ankle swelling."),  # the note has it: then this change would be true
        ("laterality", "She will be seen right away."),
        ("laterality", "She left the clinic."),
        ("number", "Vitamin B12 was given."),
        ("number", "COVID-19 vaccine."),
        ("subject", "She denies gout."),
        ("severity", "She has no severe pain."),
        ("dropped clause", "She was asked if she smokes."),
        ("dropped clause", "Review earlier if worse."),
        ("dose", "Seen on 12/05/2024."),
    ],
)
def test_a_rule_that_is_not_sure_makes_nothing(kind: str, text: str, around: Surroundings) -> None:
    assert changed(kind, text, around) == []


def test_a_changed_number_stands_nowhere_in_the_note(around: Surroundings) -> None:
    for seed in range(40):
        statement = Statement("She is 54 years old and was seen 3 times.", (3,), "")
        for text in number(statement, around, random.Random(seed)):
            new = next(word for word in text.split() if word.isdigit() and word not in {"54", "3"})
            assert not around.says(new)


def test_an_exchanged_drug_is_none_of_the_notes_drugs_by_any_name() -> None:
    note = Surroundings(read_note(normalise("Takes Lasix 40 mg daily and warfarin.")))
    for seed in range(60):
        for text in CHANGES["drug"](note.statements[0], note, random.Random(seed)):
            assert "furosemide" not in text.lower()


def test_a_note_gives_at_most_three_of_a_kind_and_the_same_each_time(around: Surroundings) -> None:
    other = Surroundings(read_note(normalise(OTHER)))
    made = [list(false_claims("invented", around, [around, other])) for _ in range(2)]
    kinds = [one.kind for one in made[0]]

    assert made[0] == made[1]
    assert all(kinds.count(kind) <= MOST_OF_A_KIND for kind in kinds)
    assert {"number", "unit", "dose", "drug", "negation", "laterality", "other patient", "fabricated"} <= set(
        kinds
    )
    said = {" ".join(sentence.text.split()) for sentence in around.note.sentences}
    assert not said & {one.claim.text for one in made[0]}


def test_another_patients_sentence_cites_nothing(around: Surroundings) -> None:
    other = Surroundings(read_note(normalise(OTHER)))
    strangers = [one for one in false_claims("n", around, [other]) if one.kind == "other patient"]

    assert strangers
    assert all(not one.claim.evidence and "perforation" in one.claim.text for one in strangers)


def test_true_claims_are_the_sentences_and_their_rewritings(around: Surroundings) -> None:
    made = list(true_claims("n", around))
    verbatim = [one.claim.text for one in made if not one.is_paraphrase]

    assert verbatim == [statement.text for statement in around.statements]
    assert all(one.kind == "" and one.claim.evidence for one in made)
    assert any(one.is_paraphrase for one in made)


def test_a_rewriting_says_the_same_in_other_words() -> None:
    chance = random.Random(1)
    assert rewritten("She denies any chest pain.", chance) == "No chest pain."
    assert rewritten("The patient reports wheezing episodes.", chance).startswith(("Has ", "The pt", "Pt"))
    assert rewritten("Seen on Tuesday.", chance) == "Seen on Tuesday."


def test_a_number_in_a_range_is_not_written_in_letters_by_halves() -> None:
    for seed in range(40):
        assert "four days" not in rewritten("For the last 3 to 4 days.", random.Random(seed))


def test_joined_statements_cite_both_sentences(around: Surroundings) -> None:
    joined = [one for seed in range(20) for one in paraphrases(around, str(seed)) if ";" in one.text]

    assert joined
    assert all(len(one.evidence) == 2 for one in joined)


def test_the_exchange_table_names_drugs_that_exist() -> None:
    for names in table("falsehoods")["drugs"].values():
        for name in names:
            assert find_drugs(tokens(name)), name


@pytest.mark.parametrize(
    ("text", "section", "meant"),
    [
        ("No fever", "HPI", Assertion.ABSENT),
        ("She denies chest pain", "HPI", Assertion.ABSENT),
        ("Mother: stroke", "FAMILY HISTORY", Assertion.FAMILY),
        ("If worse, return", "PLAN", Assertion.HYPOTHETICAL),
        ("Knee pain", "HPI", Assertion.PRESENT),
    ],
)
def test_a_claim_is_meant_as_its_words_say(text: str, section: str, meant: Assertion) -> None:
    assert assertion_of(text, section) is meant


def test_intervals_are_those_of_wilson() -> None:
    # Newcombe, Stat Med 1998;17:857-72, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for count, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert Share(count, n).interval == pytest.approx((low, high), abs=1e-4)
    assert Share(0, 0).interval == (0, 1)


def test_rank_correlation_knows_order_and_ties() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 99]).value == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]).value == pytest.approx(-1)
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]).value == pytest.approx(0.9487, abs=1e-4)
    with pytest.raises(ValueError, match="few"):
        spearman([1, 2], [1, 2])


def test_overlap_of_words_is_rouge() -> None:
    # Lin 2004: "police killed the gunman" against "police kill the gunman": L 3 of 4; 1 pair of 3.
    score = rouge("police kill the gunman", "police killed the gunman")
    assert (score.one, score.two, score.longest) == pytest.approx((0.75, 1 / 3, 0.75))
    assert rouge("the gunman kill police", "police killed the gunman").longest == pytest.approx(0.5)
    # Lin 2004, 3.2: w1 w2 w3 w4 w5 against the lines "w1 w2 w6 w7 w8" and "w1 w3 w8 w9 w5": union of 4.
    union = rouge("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5")
    assert union.longest == pytest.approx(2 * 4 / (10 + 5))
    assert rouge("", "x").one == 0


def test_every_target_and_every_kind_of_written_claim_has_a_plain_label() -> None:
    kinds = {written.kind for written in written_claims("tuning") if not written.is_true}
    assert kinds | set(TARGETS) <= set(LABELS)


def test_the_report_and_the_shipped_rates_say_the_same() -> None:
    counted = {"n": 10, "flagged": 1, "interval": [0.02, 0.4]}
    kind = {"kind": "number", "label": "changed numbers", "n": 60, "caught": 58, "interval": [0.89, 0.99]}
    claims = {"true": counted, "false": counted, "kinds": [kind], "styles": {"condensed": counted}}
    content = {"part": "tuning", "date": "2025-01-01", "checker": "0" * 64, "claims": claims}

    read = rates.read_rates(json.dumps(shipped_rates(claims)))
    assert read.checker == checker_digest()
    assert (read.kinds[0].label, read.kinds[0].count, read.kinds[0].n) == ("changed numbers", 58, 60)
    assert "| changed numbers | 58 of 60 | 96.7 % | 89.0 to 99.0 % |" in as_markdown(content)


def test_shipped_rates_are_of_this_checker_or_known_to_be_older() -> None:
    shipped = rates.rates()
    assert is_current() is (shipped is not None and shipped.checker == checker_digest())


@needs_data
def test_no_note_stands_in_both_parts() -> None:
    tuning, reporting = references(Part.TUNING), references(Part.REPORTING)
    assert not set(tuning) & set(reporting)
    texts = [{read_open_note(name).text for name in names} for names in (tuning, reporting)]
    assert not texts[0] & texts[1]
    assert not corpus.scored_rows(Part.TUNING)


@needs_data
def test_the_command_writes_figures_and_a_report(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    evaluate.describe(parser)
    figures, report = tmp_path / "figures.json", tmp_path / "report.md"
    options = parser.parse_args(
        ["--perturbations", "--notes", "3", "--json", str(figures), "--markdown", str(report)]
    )
    evaluate.run(options, {})
    content = json.loads(figures.read_text(encoding="utf-8"))

    assert content["part"] == "tuning"
    assert content["perturbations"]["verbatim"]["n"] > 50
    assert "exchanged drugs" in report.read_text(encoding="utf-8")
