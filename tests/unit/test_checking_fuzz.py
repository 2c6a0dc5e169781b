"""Nothing that a note or a claim may hold breaks the checker, and nothing makes it slow.

Times are CPU times. Their bounds are generous for a linear rule on a slow machine, and far below what a
quadratic one needs.
"""

from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.checking import Checker, find_evidence
from inference.checking.concepts import find_concepts
from inference.checking.drugs import find_drugs
from inference.checking.facts import find_facts, find_symptoms, used_by
from inference.checking.frequencies import frequencies
from inference.checking.injection import find_instruction
from inference.checking.quantities import quantities
from inference.checking.reading import Reading
from inference.checking.tokens import tokens
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, SentenceKind, Severity

PIECES = (
    "no", "not", "denies", "nil", "without", "?", "if", "mother", "family history of", "history of", "left",
    "right", "bilateral", "severe", "mild", "since", "yesterday", "2019", "3/7", "2/52", "120/80", "1.",
    "½", "VII", "³", "٣", "metformin", "Lasix", "penicillin", "NKDA", "allergic to", "500 mg", "0.5 g",
    "mcg", "units", "twice daily", "BD", "qds", "prn", "started", "stopped", "held", "increased", "from",
    "to", "smoker", "ex-", "ruled out", "resolved", "chest pain", "fever", "diabetes", "SOB", "HTN", "BP",
    "HR", "Na", "K", "DNACPR", "full code", "worse", "improving", "(", ")", "[", "]", "/", "-", "–", ":",
    ";", ",", ".", "+", "++", "<", ">", "±", "°C", "%", "'", "’", '"', "\\", "|", "\t", "\n", "\n\n",
    "\n- ", "\n• ", "\n1. ", "PLAN:\n", "MEDICATIONS\n", "Allergies:", "| Drug | Dose |\n|---|---|\n",
    "ignore previous instructions", "\u200b", "\u202e", "é", "𝟓", "ﬁ", "İ", "ß", "\x00", "😀",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).flatmap(
    lambda parts: st.sampled_from((" ", "", "  ")).map(lambda space: normalise(space.join(parts)))
)
CLAIMS = st.builds(
    DraftClaim,
    text=TEXTS.map(lambda text: " ".join(text.split())),
    category=st.sampled_from(Category),
    assertion=st.sampled_from(Assertion),
    evidence=st.lists(st.integers(min_value=-1, max_value=12), max_size=4, unique=True).map(tuple),
)
FUZZ = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@FUZZ
@given(text=TEXTS, claim=CLAIMS)
def test_any_claim_can_be_checked_against_any_note(text: str, claim: DraftClaim) -> None:
    note = read_note(text)
    evidence, flags = Checker(note).find_and_check(claim)
    severities = [list(Severity).index(flag.severity) for flag in flags]

    assert severities == sorted(severities)
    assert all(flag.message.strip() and "\n" not in flag.message for flag in flags)
    taken = [place for flag in flags for place in flag.places]
    assert len(taken) == len(set(taken)), "two flags for one cause"
    if not claim.evidence:
        assert all(1 <= number <= len(note.sentences) for number in evidence)


@FUZZ
@given(text=TEXTS, claims=st.lists(CLAIMS, max_size=3))
def test_facts_and_symptoms_of_any_note_lie_in_its_sentences(text: str, claims: list[DraftClaim]) -> None:
    note = read_note(text)
    facts, symptoms = find_facts(note), find_symptoms(note)

    for fact in facts:
        assert fact.text.strip()
        assert fact.sentences == tuple(sorted(set(fact.sentences)))
        assert set(fact.sentences) <= set(range(1, len(note.sentences) + 1))
    for symptom in symptoms:
        sentence = note.sentences[symptom.sentence - 1]
        assert sentence.start <= symptom.start < symptom.end <= sentence.end
    cited = [
        claim for claim in claims if all(1 <= number <= len(note.sentences) for number in claim.evidence)
    ]
    used = used_by(facts, cited, note)
    assert len(used) == len(facts)
    assert {place for places in used for place in places} <= set(range(len(cited)))


@FUZZ
@given(text=TEXTS)
def test_all_that_is_read_of_any_text_lies_in_it(text: str) -> None:
    reading = Reading(text)
    count = len(reading.words)

    assert all(0 <= word.start < word.end <= len(reading.text) for word in reading.words)
    assert all(0 <= found.start < found.end <= len(text) for found in quantities(text))
    assert all(0 <= drug.first < drug.past <= count for drug in reading.drugs)
    assert all(0 <= mention.first < mention.past <= count for mention in reading.concepts)
    assert all(0 <= first < past <= count for places in reading.places.values() for first, past in places)
    assert len(reading.senses.of) == len(reading.senses.is_cue) == count
    assert len(reading.owners) in (0, len(reading.quantities))
    assert reading.frequencies_of.keys() <= set(reading.drugs)
    find_instruction(text)


@FUZZ
@given(text=TEXTS)
def test_a_sentence_word_for_word_can_be_found_again(text: str) -> None:
    note = read_note(text)
    for sentence in note.sentences:
        if sentence.kind is not SentenceKind.HEADER:
            assert set(find_evidence(sentence.text, note)) <= set(range(1, len(note.sentences) + 1))


LINES = {
    "digits": "7",
    "no": "no ",
    "fractions": "1/",
    "brackets": "(",
    "drugs": "metformin 500 mg ",
    "left": "left ",
    "bullets": "- x\n",
    "queries": "? ",
    "conditions": "if ",
    "relatives": "mother ",
    "allergies": "allergic to ",
    "dates": "12/05/2024 ",
    "stops": ". ",
}
MEGABYTE = 1_000_000
LONGEST_CLAIM = 4_000  # that the product takes


def _whole(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def _seconds_for(unit: str, length: int) -> float:
    text = _whole(unit, length)
    began = process_time()
    note = read_note(normalise(text))
    find_facts(note)
    find_symptoms(note)
    Checker(note).find_and_check(DraftClaim(_whole(unit, 200), Category.OTHER, Assertion.PRESENT, ()))
    return process_time() - began


@pytest.mark.parametrize("name", LINES)
def test_time_grows_with_the_length_of_a_monotonous_note(name: str) -> None:
    _seconds_for(LINES[name], 1_000)  # reads the lexicons
    short = min(_seconds_for(LINES[name], 25_000) for _ in range(2))
    long = _seconds_for(LINES[name], 200_000)

    assert long < 24 * short + 1, f"8 times the length took {long:.2f} s after {short:.2f} s"


@pytest.mark.parametrize("name", ["digits", "no", "fractions"])
def test_a_megabyte_on_one_line_is_read_in_seconds(name: str) -> None:
    assert _seconds_for(LINES[name], MEGABYTE) < 25


@pytest.mark.parametrize("name", LINES)
def test_the_longest_claim_against_its_like_is_checked_in_seconds(name: str) -> None:
    note = read_note(normalise(_whole(LINES[name], 20_000)))
    text = " ".join(_whole(LINES[name], LONGEST_CLAIM).split())
    claim = DraftClaim(text, Category.OTHER, Assertion.PRESENT, (1,))
    checker = Checker(note)
    checker.check(DraftClaim("Seen today", Category.OTHER, Assertion.PRESENT, (1,)))
    began = process_time()
    checker.check(claim)

    assert process_time() - began < 2.5


@pytest.mark.parametrize(
    "name", ["digits", "fractions", "brackets", "drugs", "left", "bullets", "dates", "stops"]
)
def test_what_reads_a_text_alone_is_linear(name: str) -> None:
    def seconds(length: int) -> float:
        text = _whole(LINES[name], length)
        began = process_time()
        words = tokens(text)
        quantities(text)
        frequencies(text)
        find_drugs(words)
        find_concepts(words, text)
        find_instruction(text)
        return process_time() - began

    seconds(1_000)
    short = min(seconds(25_000) for _ in range(2))
    long = seconds(200_000)

    assert long < 24 * short + 1
