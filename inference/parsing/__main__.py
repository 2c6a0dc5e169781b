"""The child process that reads one untrusted document: bytes on stdin, JSON on stdout, nothing else.

Run by `inference.parsing.parse` with an empty environment. It lays limits on itself before it reads a byte:
memory, processor time, no file may grow, few descriptors, no further process; then an audit hook that refuses
sockets, processes and opening files for writing.
"""

import json
import os
import re
import resource
import sys
from collections.abc import Callable

from inference.parsing.refusals import ParseRefused, refusal
from inference.parsing.symbols import readable
from inference.text import count_unseen, normalise
from inference.vocabulary import DocumentFormat

MAX_CHARACTERS = 2**20
_WORD = re.compile(r"[^\W\d_]{2}")
_REFUSED_EVENTS = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "pty.",
    "ctypes.dlopen",
)

Reader = Callable[[bytes], tuple[str, int | None, list[str]]]


def main(arguments: list[str]) -> int:
    """Read one document.

    Args:
        arguments: format, memory limit in bytes, processor time limit in seconds.

    Returns:
        0, with {"text", "page_count", "warnings"} or {"refused": code} on stdout.
    """
    document_format = DocumentFormat(arguments[0])
    _limit(memory_bytes=int(arguments[1]), cpu_s=int(arguments[2]))
    data = sys.stdin.buffer.read()
    try:
        answer = _read(data, document_format)
    except ParseRefused as refused:
        answer = {"refused": refused.code}
    except (MemoryError, RecursionError):
        answer = {"refused": "limit"}
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii"))
    sys.stdout.buffer.flush()
    return 0


def _read(data: bytes, document_format: DocumentFormat) -> dict[str, object]:
    raw, page_count, warnings = _reader(document_format)(data)
    if len(raw) > 2 * MAX_CHARACTERS:
        raise refusal("limit")
    text = normalise(readable(raw))
    if len(text) > MAX_CHARACTERS:
        raise refusal("limit")
    if not _WORD.search(text):
        raise refusal("no_sentence")
    if unseen := count_unseen(raw):
        warnings.append(f"invisible_characters:{unseen}")
    return {"text": text, "page_count": page_count, "warnings": warnings}


def _reader(document_format: DocumentFormat) -> Reader:
    """Import the one parser that is needed: plain text must not pay for pypdf."""
    if document_format is DocumentFormat.PDF:
        from inference.parsing import pdf

        return pdf.read
    if document_format is DocumentFormat.DOCX:
        from inference.parsing import docx

        return docx.read
    if document_format is DocumentFormat.RTF:
        from inference.parsing import rtf

        return rtf.read
    from inference.parsing import txt

    return txt.read


def _limit(*, memory_bytes: int, cpu_s: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(what)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (allowed, allowed))
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_REFUSED_EVENTS):
        raise PermissionError(event)
    if event == "open":
        flags = arguments[2]
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise PermissionError(event)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
