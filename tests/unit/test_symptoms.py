"""Symptoms are found where a note names them. Every note here is invented."""

import pytest

from inference.checking.facts import Symptom, find_symptoms
from inference.text import normalise, read_note
from inference.vocabulary import SymptomState


def _symptoms(text: str) -> tuple[Symptom, ...]:
    return find_symptoms(read_note(normalise(text)))


def _states(text: str) -> dict[str, str]:
    return {symptom.name: symptom.state.value for symptom in _symptoms(text)}


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("Cough and fever.", {"cough": "present", "fever": "present"}),
        ("Denies cough or wheeze.", {"cough": "absent", "wheeze": "absent"}),
        ("Nil vomiting.", {"vomiting": "absent"}),
        ("No fever but still coughing.", {"fever": "absent", "cough": "present"}),
        ("Previous headaches.", {"headache": "historical"}),
        ("3/7 hx of diarrhoea.", {"diarrhoea": "present"}),
        ("A two-week history of cough.", {"cough": "present"}),
        (
            "Otherwise negative, including fever and weight loss.",
            {"fever": "absent", "weight loss": "absent"},
        ),
        ("Denies urgency, pain, or incontinence.", {"pain": "absent", "urinary incontinence": "absent"}),
        ("Fever (-), cough (+).", {"fever": "absent", "cough": "present"}),
        ("Feels warm (not measured), haemoptysis twice.", {"haemoptysis": "present"}),
        ("Seizure unlikely.", {"seizure": "absent"}),
        ("Denies cough and has fever.", {"cough": "absent", "fever": "present"}),
        ("No further seizures.", {"seizure": "historical"}),
        ("Hx of tinnitus for 6 weeks.", {"tinnitus": "present"}),
        ("Visual aura prior to headache.", {"headache": "present"}),
        ("Denies SI/HI.", {"suicidal thoughts": "absent", "homicidal ideation": "absent"}),
        ("LLQ pain - crampy, nil radiation.", {"left lower quadrant pain": "present"}),
        ("Past medical history:\n- Headaches in 2010\n", {"headache": "historical"}),
    ],
)
def test_a_symptom_is_present_absent_or_historical_as_the_note_has_it(
    text: str, states: dict[str, str]
) -> None:
    found = _states(text)
    assert {name: found.get(name) for name in states} == states


@pytest.mark.parametrize(
    "text",
    [
        "Family history:\nMother: headaches\n",
        "Wife and children also have diarrhoea.",
        "Return if she develops chest pain.",
        "Allergies: penicillin (rash)",
        "Plan:\n- Review in 5 days, or earlier if fever or vomiting\n",
        "Morphine 5 mg as needed if pain.",
        "Ibuprofen 400 mg every 6 hours as needed for pain.",
        "Plan:\n- Call back if short of breath\n- Watch for rash\n- Counselled on signs of calf pain\n",
        "Told to report any bleeding or black stools.",
        "Warned about facial droop.",
        "The risks include pain, swelling and numbness.",
        "Clarithromycin - vomiting (intolerance).",
        "Her brother has epilepsy and headaches.",
    ],
)
def test_what_is_not_the_patients_or_not_yet_so_is_no_symptom(text: str) -> None:
    assert not [symptom for symptom in _symptoms(text) if symptom.state is SymptomState.PRESENT]


@pytest.mark.parametrize(
    "text",
    [
        "Blood glucose HI on meter.",
        "Knee clicks online. Heart: no rubs, murmurs or clicks.",
        "Halo sign on ultrasound.",
        "Weight by home scales.",
        "Migraine with aura.",
        "A fall in Hb to 92. Falling CRP. Fall allergies. He will fall asleep.",
        "Salbutamol 2 puffs. Ran out of tablets.",
        "ACL tear. Poorly controlled diabetes. Red blood cells normal. Felt low risk.",
        "Blunted CP angle. NWB left leg. Petechial haemorrhage on CT.",
        "Wire was withdrawn. Stress echocardiogram booked.",
    ],
)
def test_a_word_that_is_only_written_like_a_symptom_is_none(text: str) -> None:
    assert not _symptoms(text)


@pytest.mark.parametrize(
    ("text", "name", "duration", "severity"),
    [
        ("Headache for two weeks, 7/10.", "headache", "for two weeks", "7/10"),
        ("3/7 hx of severe headache.", "headache", "3/7 hx", "severe"),
        ("Mild cough since Monday.", "cough", "since Monday", "Mild"),
        ("She has had a cough for about 5 weeks.", "cough", "for about 5 weeks", ""),
        ("Cough. Ibuprofen for two weeks.", "cough", "", ""),
        ("No headache for 3 days.", "headache", "", ""),
        ("A 62-year-old man with chest pain.", "chest pain", "", ""),
        ("Headache; paracetamol every 6 hours, twice a day.", "headache", "", ""),
        ("PMH significant for gout, now back pain.", "back pain", "", ""),
        ("Constipation and severe diarrhoea.", "constipation", "", ""),
        ("Constipation and severe diarrhoea.", "diarrhoea", "", "severe"),
        ("Fever 2/7, rigors last night.", "rigors", "last night", ""),
        ("Melaena since the previous evening.", "melaena", "since the previous evening", ""),
        ("Shortness of breath with mild exercise.", "shortness of breath", "", ""),
        ("Knee pain was moderate.", "knee pain", "", "moderate"),
    ],
)
def test_duration_and_severity_are_those_of_the_same_statement(
    text: str, name: str, duration: str, severity: str
) -> None:
    symptom = next(symptom for symptom in _symptoms(text) if symptom.name == name)
    assert (symptom.duration, symptom.severity) == (duration, severity)


def test_a_duration_belongs_to_the_symptom_it_stands_with() -> None:
    text = "Cough for 3 days and headache for 2 weeks."
    assert [(s.name, s.duration) for s in _symptoms(text)] == [
        ("cough", "for 3 days"),
        ("headache", "for 2 weeks"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "History:\n\n  -  Sore   throat,\n     worse at night\n  2) No fever\n",
        "| Symptom | Since | Note |\n|---|---|---|\n| Cough | 3 days | dry |\n| Fever | 1 day | 38.5 |\n",
        "PC: cough. O/E: wheeze. ’Flu-like’ symptoms; chest pain.",
        "Café-au-lait. İstanbul 2019: headache. Ǆ cough",
    ],
)
def test_a_place_is_where_the_words_stand_in_the_note(text: str) -> None:
    note = read_note(normalise(text))
    found = find_symptoms(note)
    assert found
    for symptom in found:
        sentence = note.sentences[symptom.sentence - 1]
        assert sentence.start <= symptom.start < symptom.end <= sentence.end
        words = note.text[symptom.start : symptom.end]
        assert words == words.strip()
        assert words[:3].lower() in {"sor", "fev", "cou", "whe", "flu", "che", "hea"}


def test_symptoms_come_in_reading_order() -> None:
    found = _symptoms("Cough, fever. Headache and rash; then vomiting.\nNo wheeze.")
    assert [symptom.start for symptom in found] == sorted(symptom.start for symptom in found)
    assert len(found) == 6
