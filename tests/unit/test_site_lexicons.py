"""What a site adds to the word lists: used as it stands, or refused with its place. All is invented."""

import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from inference.checking.lexicons import lexicon_names, site_faults
from inference.checking.lexicons.shapes import misfits

ABOUT = '[about]\nscope = "ours"\nsources = "ours"\nversion = "1"\nreviewed = false\n'

MEASURE = (
    f"{ABOUT}[[measure]]\nname = 'oops'\nkind = 'vital_sign'\nnames = ['oops']\n"
    "ranges = [{ units = ['bpm'], low = 1, high = 2, least = 1, most = 2 }]\n"
)


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={"EPITOME_LEXICONS": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_site_adds_names_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "concepts_symptom.toml").write_text(f'concepts = [["headache", "sair heid"]]\n{ABOUT}')
    code = (
        "from inference.checking.concepts import find_concepts as f;"
        "from inference.checking.tokens import tokens as t;"
        "print(f(t('a sair heid'))[0].concept.name, f(t('cephalgia'))[0].concept.name)"
    )
    assert command(tmp_path, "-c", code).stdout == "headache headache\n"
    listed = command(tmp_path, "-m", "inference", "lexicons")
    assert listed.returncode == 0, listed.stderr
    assert str(tmp_path) in listed.stdout


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        ("concepts_symptom.toml", 'concepts = [["collywobbles", "stroke"]]\n' + ABOUT, "'stroke'"),
        ("concepts_symptom.toml", 'concepts = [["Collywobbles"]]\n' + ABOUT, "not in lower case"),
        ("concepts_symptom.toml", 'concepts = [["collywobbles", ""]]\n' + ABOUT, "empty name"),
        ("concepts_symptom.toml", ABOUT + '[broader]\ncough = ["ahem"]\n', "'ahem'"),
        ("concepts_symptom.toml", ABOUT + '[broader]\ncough = ["dry cough"]\n', "wider than itself"),
        ("concepts_symptom.toml", ABOUT + '[capitals]\nXQ = "ahem"\n', "'ahem'"),
        ("concepts_symptom.toml", 'concepts = [["collywobbles"]]\n', "there is no [about]"),
        ("concepts_symptom.toml", "concepts = [[", "no TOML"),
        ("concepts_moods.toml", ABOUT, "no such list"),
        ("drugs.toml", ABOUT + '[ours]\nnames = "oops"\n', "ours: names is text, a list belongs there"),
        ("drugs.toml", ABOUT + '[ours]\nnames = ["oops"]\n', "names, row 1 ('oops') is text, a list"),
        ("drugs.toml", ABOUT + '[ours]\nnames = [["oops"], []]\n', "names, row 2 is empty"),
        ("drugs.toml", ABOUT + '[ours]\nname = [["oops"]]\n', "ours says no names"),
        ("drugs.toml", "about = 3\n", "there is no [about]"),
        (
            "lab_ranges.toml",
            MEASURE.replace("low = 1", 'low = "abc"'),
            "measure, row 1 ('oops'): ranges, row 1: low is text, a number belongs there",
        ),
        ("lab_ranges.toml", MEASURE.replace("names", "called"), "measure, row 1 ('oops') says no names"),
        ("lab_ranges.toml", MEASURE.replace("vital_sign", "sign"), "kind is none of laboratory, vital_sign"),
        ("lab_ranges.toml", MEASURE.replace("[[measure]]", "[measure]"), "measure is a table, a list"),
        ("units.toml", ABOUT + '[units]\nrows = [["mass", "heavy", "t"]]\n', "row 1 ('mass') has not the"),
        ("units.toml", ABOUT + '[units]\nrows = [["mass", "1000"]]\n', "row 1 ('mass') has not the columns"),
        ("severity.toml", ABOUT + '[dimensions.ours]\nlabel = "x"\n', "ours says no severity"),
        ("severity.toml", ABOUT + '[dimensions.size]\nseverity = "dire"\n', "severity is none of"),
        ("timing.toml", ABOUT + '[dimensions.when]\nalike = [["now"]]\n', "alike has a row that is no pair"),
        ("drugs.toml", ABOUT + '[ours]\nnames = [["aspirin", "warfarin"]]\n', "is a name of"),
    ],
)
def test_a_fault_of_a_site_is_told_with_its_place(
    tmp_path: Path, file: str, content: str, fault: str
) -> None:
    (tmp_path / file).write_text(content)
    told = command(tmp_path, "-m", "inference", "lexicons")
    assert told.returncode == 1
    assert fault in told.stderr
    assert file in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("words", [["lexicons"], ["facts", "NOTE"]])
def test_a_folder_that_is_not_there_is_refused_and_says_what_to_do(tmp_path: Path, words: list[str]) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Plan: rest.")
    told = command(tmp_path / "none", "-m", "inference", *[w.replace("NOTE", str(note)) for w in words])
    assert told.returncode == 1
    assert "lexicons" in told.stderr.lower()
    assert "Traceback" not in told.stderr


def test_what_keeps_a_sites_folder_from_use_is_told_and_nothing_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "units.toml").mkdir()
    (tmp_path / "drugs.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "words.toml").write_text("a = " + "[" * 5000)
    monkeypatch.setenv("EPITOME_LEXICONS", str(tmp_path))
    drugs, units, words = site_faults()
    assert "drugs.toml: no TOML" in drugs
    assert "units.toml cannot be read: Is a directory" in units
    assert "words.toml: no TOML" in words

    monkeypatch.setenv("EPITOME_LEXICONS", str(tmp_path / "units.toml" / "none"))
    (fault,) = site_faults()
    assert fault.startswith("EPITOME_LEXICONS names no folder: ")
    assert fault.endswith("(make it, or take the setting away)")


def test_every_list_that_ships_has_its_own_shape() -> None:
    for name in lexicon_names():
        content = tomllib.loads((files("inference.checking.lexicons") / f"{name}.toml").read_text("utf-8"))
        assert list(misfits(content, content)) == [], name
