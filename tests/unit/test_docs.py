"""The documents agree with the code: links, settings, the README's tree, decision records, named tests."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "demo").glob("*.md")])
RECORDS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
SETTING = re.compile(r"[\"'](EPITOME_[A-Z_]+|DATABASE_URL|DATABASE_OWNER_URL|REDIS_URL)[\"']")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CONTROLS = 40


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts write them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def known_tests() -> set[str]:
    """The names of all test functions."""
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {found for source in sources for found in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}


def tracked() -> set[str]:
    """Every tracked file and folder at the first two levels."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    parts = [line.split("/") for line in listed.split("\0") if line]
    return {p[0] for p in parts} | {"/".join(p[:2]) for p in parts if len(p) > 1}


def tree() -> dict[str, str]:
    """The paths (or patterns) of the README's tree with their purpose."""
    block = (ROOT / "README.md").read_text().split("## What is where", 1)[1].split("```")[1]
    entries, folder = {}, ""
    for line in filter(None, block.splitlines()):
        names, _, purpose = line.strip().partition("  ")
        if not line.startswith(" "):
            folder = names if names.endswith("/") else ""
        for entry in names.split(" "):
            path = entry if not line.startswith(" ") else folder + entry
            entries[path.rstrip("/")] = purpose.strip()
    return entries


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        assert not link.startswith("http"), f"{link}: a site without internet cannot follow it"
        target, _, anchor = link.partition("#")
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


def test_every_setting_is_in_the_table_and_every_one_in_the_table_is_read() -> None:
    sources = [*(ROOT / "clinical").rglob("*.py"), *(ROOT / "inference").rglob("*.py")]
    sources += (ROOT / "deploy").rglob("*.py")
    read = {setting for path in sources for setting in SETTING.findall(path.read_text())}
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)

    assert len(rows) == len(set(rows))
    assert {setting.removesuffix("_FILE") for setting in read} == set(rows)


def test_every_line_of_the_readmes_tree_is_there_and_says_what_for() -> None:
    for path, purpose in tree().items():
        assert list(ROOT.glob(path)), f"{path}: not there"
        assert purpose, f"{path}: what for?"


def test_everything_at_the_first_two_levels_is_in_the_readmes_tree() -> None:
    listed = tree()
    missing = {
        path
        for path in tracked()
        if (ROOT / path).exists()
        and not path.endswith("__init__.py")
        and not any(fnmatch(path, pattern) for pattern in listed)
    }
    assert not missing


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{n:04}" for n in range(1, len(RECORDS) + 1)]
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert all(f"({record.name})" in index for record in RECORDS)


@pytest.mark.parametrize("record", RECORDS, ids=name)
def test_a_decision_has_its_form_and_fits_a_page(record: Path) -> None:
    text = record.read_text()
    assert text.startswith(f"# {record.name[:4]} ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", prose(page)))
    assert named <= known_tests()


def test_every_control_has_a_status_and_what_is_called_tested_names_its_test() -> None:
    text = (ROOT / "docs" / "controls.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)

    assert [int(number) for number, _, _ in rows] == list(range(1, CONTROLS + 1))
    for number, _, status in rows:
        word = re.match(r"tested: |partly: |not yet", status)
        assert word, f"control {number}: {status}"
        assert word[0] != "tested: " or "`test_" in status, f"control {number} names no test"


def test_every_hazard_says_harm_causes_controls_tests_and_what_is_left() -> None:
    text = (ROOT / "docs" / "hazards.md").read_text()
    hazards = re.split(r"^## ", text, flags=re.MULTILINE)[1:]

    assert len(hazards) >= 7
    for number, hazard in enumerate(hazards, 1):
        assert hazard.startswith(f"H{number} ")
        for part in ("Harm", "Causes", "Controls", "Tests", "Left"):
            assert f"- **{part}:**" in hazard, f"H{number}: {part}"
        assert "`test_" in hazard
