"""The process that reads a document: its limits and its walls."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference.text import normalise
from tests.uploads import PDF, PROSE, TXT, pdf, read, refused


def test_too_little_time_is_a_limit() -> None:
    assert refused(pdf(PROSE), PDF, timeout_s=0.02) == "limit"


def test_too_little_memory_is_a_limit() -> None:
    data = b"word " * 3_000_000
    assert refused(data, TXT, memory_bytes=80 * 2**20) == "limit"


def child(code: str) -> str:
    """What a parser that misbehaves gets, once the child's limits lie on it."""
    script = "import inference.parsing.__main__ as child; child._limit(memory_bytes=2**30, cpu_s=5)\n" + code
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False
    )
    return done.stderr.strip().split("\n")[-1]


@pytest.mark.parametrize(
    "code",
    [
        "open('/tmp/epitome-leak', 'w')",
        "import socket; socket.socket()",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.fork()",
        "import os; os.system('true')",
    ],
)
def test_the_child_cannot_write_connect_or_start_anything(code: str) -> None:
    assert child(code).startswith("PermissionError")
    assert not Path("/tmp/epitome-leak").exists()


def test_the_child_sees_no_secret_of_its_parent(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("EPITOME_MASTER_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    assert read(b"Plan: rest.", TXT).text == "Plan: rest."
    refused(b"%PDF-1.4 Sentinelword garbage", PDF)
    assert capfd.readouterr() == ("", "")


def test_parsed_text_is_normalised() -> None:
    text = read("war\u00adfarin\r\ncafe\u0301".encode(), TXT).text
    assert text == normalise(text) == "warfarin\ncafé"


def test_plain_text_is_read_quickly() -> None:
    spent = []
    for _ in range(3):
        begun = time.perf_counter()
        read(b"Plan: rest.", TXT)
        spent.append(time.perf_counter() - begun)
    assert min(spent) < 2
