"""Uploaded bytes to text, each document in a process of its own with an empty environment and limits.

`sniff` is for the web process: it looks at names and first bytes. `parse` is for the worker. The format's own
file (`pdf.py`, `docx.py`, …) runs only in the child process, `python -m inference.parsing`.
"""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from inference.parsing.formats import MAX_BYTES, sniff
from inference.parsing.refusals import CODES, ParseRefused, refusal
from inference.text import normalise
from inference.vocabulary import DocumentFormat

__all__ = ["CODES", "MAX_BYTES", "ParseRefused", "ParsedDocument", "parse", "sniff"]

_ROOT = Path(__file__).resolve().parents[2]
# Isolated mode ignores the caller's directory and variables; the project's root comes in as an argument.
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy;"
    " runpy.run_module('inference.parsing', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The text of a document.

    Attributes:
        text: normalised, at most 2**20 code points, with at least one word.
        format: what it was read as.
        page_count: for formats that have pages, else None.
        warnings: codes: guessed_encoding, pages_without_text, plain_layout, deleted_text_may_show,
            comments_left_out, embedded_left_out; with a number, as in "text_not_shown:14", characters that
            the page does not show (text_not_shown) and that nobody can see and were removed
            (invisible_characters).
    """

    text: str
    format: DocumentFormat
    page_count: int | None
    warnings: tuple[str, ...]


def parse(
    data: bytes,
    format: DocumentFormat,  # noqa: A002 - the word for it here
    *,
    timeout_s: float = 30,
    memory_bytes: int = 768 * 2**20,
) -> ParsedDocument:
    """Read a document in a child process that can reach nothing and ends in time.

    The child gets the bytes on stdin and writes JSON to stdout; its stderr is thrown away, because a parser's
    complaint can quote the document. Nothing touches the disk. Safe in a Celery prefork child.

    Args:
        data: the file as received.
        format: what `sniff` said.
        timeout_s: wall-clock limit; the processor-time limit is the same, rounded up.
        memory_bytes: address space of the child, its interpreter (about 40 MB) included.

    Raises:
        ParseRefused: with any of `CODES`.
    """
    if not data:
        raise refusal("empty")
    if len(data) > MAX_BYTES:
        raise refusal("too_large")
    command = [sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, str(_ROOT)]
    command += [format.value, str(memory_bytes), str(math.ceil(timeout_s))]
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            timeout=timeout_s,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise refusal("limit", format) from None
    # A signal is the kernel's word for a limit; anything else is the parser giving up on the file.
    if done.returncode != 0:
        raise refusal("limit" if done.returncode < 0 else "broken", format)
    return _answer(done.stdout, format)


def _answer(output: bytes, document_format: DocumentFormat) -> ParsedDocument:
    """Check what the child wrote; it has read a hostile file, so its answer is input too."""
    try:
        answer = json.loads(output)
        refused = answer.get("refused")
        if refused is None:
            text, page_count, warnings = answer["text"], answer["page_count"], tuple(answer["warnings"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise refusal("broken", document_format) from None
    if refused is not None:
        raise refusal(refused if refused in CODES else "broken", document_format)
    if not isinstance(text, str) or not isinstance(page_count, int | None):
        raise refusal("broken", document_format)
    return ParsedDocument(normalise(text), document_format, page_count, tuple(str(code) for code in warnings))
