"""The names of things: what is one, what is not, and what is a kind of what. Everything here is invented."""

import hashlib
import time
from importlib.resources import files
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.checking.concepts import broader, concept_kinds, find_concepts
from inference.checking.lexicons import lexicon, lexicon_names, lexicon_versions
from inference.checking.lexicons.faults import lexicon_errors
from inference.checking.reading import Reading
from inference.checking.tokens import tokens


def names(text: str) -> list[str]:
    return [mention.concept.name for mention in find_concepts(tokens(text), text)]


@pytest.mark.parametrize(
    "alike",
    [
        [
            "dyspnoea",
            "shortness of breath",
            "SOB",
            "short of breath",
            "breathlessness",
            "difficulty breathing",
        ],
        ["chest pain", "CP", "pain in the chest", "pain in his chest", "chest discomfort"],
        ["fever", "febrile", "pyrexia", "feverish"],
        ["vomiting", "emesis", "throwing up", "vomited"],
        ["swelling of both ankles", "ankle oedema", "ankle swelling", "swollen ankles"],
        ["haematuria", "hematuria", "blood in the urine"],
        ["pruritus", "itching", "itchy"],
        ["insomnia", "can't sleep", "trouble sleeping"],
        ["dysphagia", "difficulty swallowing"],
        ["palpitations", "heart racing"],
        ["tired all the time", "TATT", "fatigue"],
        ["hypertension", "HTN", "hypertensive", "high blood pressure"],
        ["type 2 diabetes", "T2DM", "diabetes mellitus type 2"],
        ["COPD exac", "exacerbation of COPD", "AECOPD"],
        ["NSTEMI", "non-ST elevation MI"],
        ["AKI", "acute kidney injury"],
        ["PNA", "pneumonia"],
        ["obese", "obesity"],
        ["anaemic", "anemia"],
        ["constipated", "constipation"],
        ["asthmatic", "asthma"],
        ["right iliac fossa", "RIF", "RLQ"],
        ["chest x-ray", "CXR", "chest radiograph", "x ray of the chest"],
        ["TTE", "echo", "echocardiogram"],
        ["FBC", "CBC", "full blood count"],
        ["EGD", "OGD", "gastroscopy", "upper endoscopy"],
        ["CABG", "coronary artery bypass grafting"],
        ["I&D", "incision and drainage"],
        ["physiotherapy", "physical therapy"],
        ["SNF", "skilled nursing facility"],
        ["CTAB", "lungs clear", "clear to auscultation bilaterally"],
        ["A&Ox3", "alert and oriented"],
    ],
)
def test_one_thing_has_one_name_in_any_writing(alike: list[str]) -> None:
    for one, other in combinations(alike, 2):
        assert len(names(one)) == 1, one
        assert names(one) == names(other)


@pytest.mark.parametrize(
    "apart",
    [
        ["angina", "myocardial infarction"],
        ["NSTEMI", "STEMI"],
        ["type 1 diabetes", "type 2 diabetes", "gestational diabetes", "prediabetes"],
        ["TIA", "stroke"],
        ["hypokalaemia", "hyperkalaemia"],
        ["hypothyroidism", "hyperthyroidism"],
        ["hypertension", "hypotension"],
        ["tachycardia", "bradycardia"],
        ["dizziness", "vertigo"],
        ["haematuria", "haematemesis", "haemoptysis"],
        ["CKD", "AKI"],
        ["osteoarthritis", "rheumatoid arthritis", "osteoporosis"],
        ["Crohn's disease", "ulcerative colitis"],
        ["DVT", "pulmonary embolism"],
        ["systolic heart failure", "diastolic heart failure"],
        ["mitral regurgitation", "mitral stenosis"],
        ["gastric ulcer", "duodenal ulcer"],
        ["first degree heart block", "complete heart block"],
        ["ALT", "AST"],
        ["CT head", "MRI head"],
        ["OGD", "colonoscopy"],
        ["total knee replacement", "total hip replacement"],
        ["right upper quadrant", "right lower quadrant", "left upper quadrant"],
        ["cystocele", "rectocele"],
        ["displaced", "undisplaced"],
        ["union", "nonunion"],
    ],
)
def test_different_things_have_different_names(apart: list[str]) -> None:
    for one, other in combinations(apart, 2):
        assert names(one) != names(other)


def test_the_longest_name_counts_and_mentions_do_not_overlap() -> None:
    assert names("heart failure clinic") == ["heart failure clinic"]


def test_a_short_form_of_several_things_names_each() -> None:
    assert names("N+V since Monday, no D&V") == ["nausea", "vomiting", "diarrhoea", "vomiting"]


def test_some_short_forms_count_in_one_writing_only() -> None:
    assert names("Diagnosed with MS in 2010") == ["multiple sclerosis"]
    assert names("Seen by Ms Smith") == []
    assert names("Mg 0.6, replaced") == ["magnesium"]
    assert names("given 5 mg") == []
    assert names("K 5.4") == ["potassium"]
    assert "potassium" not in names("WBC 11.2 K/uL")


@pytest.mark.parametrize("text", ["cannot sleep at night", "a non-ST elevation MI", "NPO, nil by mouth"])
def test_a_cue_inside_a_name_denies_nothing(text: str) -> None:
    reading = Reading(text)
    assert all(reading.sense_of(index) == 0 for index in range(len(reading.words)))


def test_a_narrow_thing_is_a_wide_one_and_never_the_reverse() -> None:
    assert "chest infection" in broader("pneumonia")
    assert "cardiovascular disease" in broader("nstemi")
    assert "pneumonia" not in broader("chest infection")


def test_there_are_names_enough() -> None:
    rows = {kind: len(lexicon(f"concepts_{kind}")["concepts"]) for kind in concept_kinds()}
    assert rows["symptom"] + rows["finding"] >= 350
    assert rows["condition"] >= 600
    assert rows["site"] >= 150
    assert rows["test"] >= 250
    assert rows["procedure"] >= 250


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    words = tokens(text)
    for mention in find_concepts(words, text):
        assert 0 <= mention.first < mention.past <= len(words)


@pytest.mark.parametrize("text", ["no ", "pain in ", "1", "the the ", "right upper "])
def test_reading_takes_time_in_proportion_to_the_text(text: str) -> None:
    words = tokens(text * 20_000)
    find_concepts(words[:10], text)
    started = time.process_time()
    find_concepts(words, text)
    assert time.process_time() - started < 2


def test_the_lists_have_no_faults() -> None:
    assert lexicon_errors() == []


def test_every_list_has_a_version_with_the_digest_of_its_file() -> None:
    versions = lexicon_versions()
    assert set(versions) == set(lexicon_names())
    for name, version in versions.items():
        content = (files("inference.checking.lexicons") / f"{name}.toml").read_bytes()
        assert version.split()[1] == hashlib.sha256(content).hexdigest()[:12]
