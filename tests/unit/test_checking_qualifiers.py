"""How bad, which way, when, how far, whose, where: one changed word is found, a paraphrase passes.

Every sentence is invented.
"""

import time
from importlib.resources import files

import pytest

from inference.checking import acts, directions, laterality, severity, sites, subject, timing
from inference.checking.case import Case, NoteReading
from inference.checking.dimensions import LISTS, dimensions
from inference.checking.flags import Flag
from inference.checking.lexicons import lexicon
from inference.engines.base import DraftClaim
from inference.text import normalise, read_note
from inference.vocabulary import Assertion, Category, Severity

CHECKS = (severity, directions, timing, acts, subject, laterality, sites)

# The note's only sentence (or sentences), a claim that changes it, and the kind of the flag.
WRONG = [
    ("Mild headache and severe nausea since Monday.", "Severe headache.", "severity"),
    ("Trace oedema at both ankles.", "Marked ankle oedema on both sides.", "severity"),
    ("Asthma is poorly controlled on the inhaler.", "Her asthma is well controlled.", "severity"),
    ("The cramps come and go.", "Constant cramps.", "severity"),
    ("Small pericardial effusion on echo.", "Echo: large pericardial effusion.", "severity"),
    ("She has chest pain when walking.", "Severe chest pain on walking.", "severity"),
    ("His cough has improved since Friday.", "Cough getting worse.", "directions"),
    ("Rash unchanged.", "The rash has worsened.", "directions"),
    ("We will increase bisoprolol.", "Bisoprolol to be reduced.", "directions"),
    ("Ferritin was low, folate normal.", "Low folate with a normal ferritin.", "directions"),
    ("TSH raised.", "TSH was normal.", "directions"),
    ("Potassium: hypokalaemia on admission.", "Hyperkalaemia was found on admission.", "directions"),
    ("Fracture of the distal radius.", "Proximal radius fracture.", "directions"),
    ("Tender over the lateral malleolus.", "Medial malleolus tenderness.", "directions"),
    ("Pain is worse with standing.", "The pain is better on standing.", "directions"),
    ("Urine culture negative.", "Positive urine culture.", "directions"),
    ("Former smoker, quit in 2010.", "He smokes.", "timing"),
    ("Ex-smoker.", "Never smoked.", "timing"),
    ("Previous treatment with methotrexate.", "Currently on methotrexate.", "timing"),
    ("Longstanding back pain.", "New-onset back pain.", "timing"),
    ("He collapsed yesterday.", "Collapse last year.", "timing"),
    ("I will order a CT of the chest.", "Chest CT showed no nodules.", "status"),
    ("Colonoscopy was offered but she declined.", "She underwent colonoscopy.", "status"),
    ("Consider referral to neurology if tremor persists.", "Referred to neurology.", "status"),
    ("Impression: ?gout.", "Gout was confirmed.", "certainty"),
    ("FH: father - stroke, mother - glaucoma.", "Mother had a stroke.", "person"),
    ("She is 40. She reports a cough. Her chest is clear.", "He has a cough.", "person"),
    ("Left knee effusion.", "Effusion of the right knee.", "side"),
    ("RUQ tenderness.", "Tender in the left upper quadrant.", "side"),
    ("Crackles at the left base.", "Bilateral basal crackles, both bases.", "side"),
    ("Swelling of the wrist after a fall.", "Ankle swelling after falling.", "site"),
    ("Previous lumbar fusion.", "Had a cervical fusion.", "site"),
]

RIGHT = [
    ("Mild headache and severe nausea since Monday.", "Slight headache with marked nausea."),
    ("Severe pain, 9/10.", "Excruciating pain."),
    ("History is significant for asthma.", "Has asthma."),
    ("Asthma not well controlled.", "Suboptimal control of asthma."),
    ("His cough has improved since Friday.", "Cough is easing."),
    ("Pain worse with standing, overall improving.", "Improving pain, aggravated by standing."),
    ("We will increase bisoprolol.", "Bisoprolol to be stepped up."),
    ("Ferritin low, folate normal.", "Ferritin was reduced; folate was within the normal range."),
    ("Low mood since May.", "Depressed mood since May."),
    ("Former smoker, quit in 2010.", "Stopped smoking in 2010."),
    ("77-year-old woman, short of breath now.", "77-year-old woman with breathlessness."),
    ("I will order a CT of the chest. Chest CT today: clear.", "Chest CT showed no nodules."),
    ("Refer to neurology.", "Was referred to neurology."),
    ("Start ramipril 2.5 mg.", "Ramipril was started."),
    ("Repeat echocardiogram in a year.", "Echo to be repeated in twelve months."),
    ("FH: father - stroke, mother - glaucoma.", "Father had a stroke and mother has glaucoma."),
    ("Left knee effusion. Right hip replaced.", "Effusion in the left knee."),
    ("He left the hospital with right knee pain.", "Right knee pain at discharge."),
    ("Right-hand-dominant man with a left wrist sprain.", "Sprained left wrist."),
    ("Tender over L4. Left leg numb.", "Left leg numbness."),
    ("Crackles at both bases.", "Crackles at the left and the right base."),
    ("Swelling of the wrist.", "Wrist is swollen; came back today."),
    ("Chest and tummy pain.", "Pain in the chest and abdomen."),
]


def flags_on(note: str, text: str, assertion: Assertion = Assertion.PRESENT) -> list[Flag]:
    read = NoteReading(read_note(normalise(note)))
    evidence = tuple(sentence.number for sentence in read.note.sentences)
    case = Case(DraftClaim(text, Category.OTHER, assertion, evidence), read)
    return [flag for check in CHECKS for flag in check.check(case)]


@pytest.mark.parametrize(("note", "text", "kind"), WRONG)
def test_one_changed_word_is_found(note: str, text: str, kind: str) -> None:
    found = [flag for flag in flags_on(note, text) if flag.severity is not Severity.NOTE]
    assert kind in {flag.kind for flag in found}, found
    assert all(flag.places for flag in found)


@pytest.mark.parametrize(("note", "text"), RIGHT)
def test_a_paraphrase_passes(note: str, text: str) -> None:
    assert [flag for flag in flags_on(note, text) if flag.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("note", sorted({row[0] for row in (*WRONG, *RIGHT)}))
def test_the_words_of_the_note_pass(note: str) -> None:
    assert flags_on(note, note) == []


def test_one_side_of_two_is_only_a_note() -> None:
    flags = flags_on("Crackles at both bases.", "Crackles at the left base.")
    assert [flag.severity for flag in flags] == [Severity.NOTE]


@pytest.mark.parametrize("text", ["left ", "mild ", "no worse and ", "mother, ", "if ", "ordered the knee "])
def test_repeated_qualifiers_take_no_more_than_linear_time(text: str) -> None:
    def seconds(size: int) -> float:
        note = text * size
        start = time.process_time()
        flags_on(note, "right severe " + note)
        return time.process_time() - start

    seconds(100)
    assert seconds(20_000) < 30 * max(seconds(2_000), 0.02)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_says_what_it_is_and_is_not_yet_reviewed(name: str) -> None:
    about = lexicon(name)["about"]
    assert all(about[key] for key in ("scope", "sources", "version"))
    assert about["reviewed"] is False
    assert files("inference.checking.lexicons").joinpath(f"{name}.toml").is_file()


def test_alike_values_and_special_phrases_are_values_and_phrases_of_their_dimension() -> None:
    for name, dimension in dimensions().items():
        values = lexicon(dimension.list)["dimensions"][name]["values"]
        phrases = {phrase for row in values.values() for phrase in row}
        assert {value for pair in dimension.alike for value in pair} <= values.keys(), name
        assert dimension.doubted | dimension.needs <= phrases, (name, dimension.doubted - phrases)
