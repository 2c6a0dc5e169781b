"""Uploaded bytes to text, in a subprocess with an empty environment and limits."""

from dataclasses import dataclass

from inference.vocabulary import DocumentFormat

MAX_BYTES = 20 * 2**20


class ParseRefused(Exception):
    """A document cannot be read; `sentence` tells a clinician why and what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The normalised text of an uploaded document."""

    text: str
    format: DocumentFormat
    page_count: int | None
    warnings: tuple[str, ...]


def sniff(data: bytes, filename: str) -> DocumentFormat:
    """Tell a document's format by its name and its first bytes."""
    raise NotImplementedError


def parse(
    data: bytes, format: DocumentFormat, *, timeout_s: float = 30, memory_bytes: int = 768 * 2**20
) -> ParsedDocument:
    """Read a document in a subprocess."""
    raise NotImplementedError
