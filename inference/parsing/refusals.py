"""Why a document is refused: a code for the program, a sentence for the clinician: why, and what to do."""

from inference.vocabulary import DocumentFormat

CODES = (
    "empty",
    "too_large",
    "wrong_type",
    "mismatch",
    "encrypted",
    "scan",
    "broken",
    "no_sentence",
    "limit",
)

_SENTENCES = {
    "empty": "This file is empty. Choose the document again.",
    "too_large": "This file is larger than 20 MB. Upload the pages that matter, or paste the text.",
    "wrong_type": (
        "Epitome reads .txt, .md, .pdf, .docx and .rtf files. Save the document as one of these and "
        "upload it again, or paste the text."
    ),
    "mismatch": (
        "The content of this file is not what its name says. Check that it is the right file, save it "
        "again in the program that made it and upload that."
    ),
    "encrypted": "This document is protected by a password. Save it without a password and upload it again.",
    "scan": (
        "This document holds pictures of pages, no text (a scan). Paste the text, or upload the original "
        "document."
    ),
    "broken": (
        "This file is damaged or incomplete. Save it again in the program that made it, or paste the text."
    ),
    "no_sentence": (
        "No readable sentence was found in this document. Check that it is the right file, or paste the text."
    ),
    "limit": (
        "This document is too long or too complicated to read safely. Upload the pages that matter, or "
        "paste the text."
    ),
}
_SPECIAL = {
    ("encrypted", DocumentFormat.PDF): (
        "This PDF is protected by a password. Save it without a password and upload it again."
    ),
    ("encrypted", DocumentFormat.DOCX): (
        "This Word document is protected by a password. Save it without a password and upload it again."
    ),
    ("scan", DocumentFormat.PDF): (
        "This PDF holds pictures of pages, no text (a scan). Paste the text, or upload the original document."
    ),
    ("broken", DocumentFormat.PDF): "This PDF is damaged or incomplete. Save it again, or paste the text.",
}


class ParseRefused(Exception):
    """A document cannot be read. Its message is the code alone, so that a log holds nothing of the document.

    Attributes:
        code: one of `CODES`.
        sentence: tells a clinician why, and what to do.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


def refusal(code: str, document_format: DocumentFormat | None = None) -> ParseRefused:
    """Make the refusal for a code, in the words that fit the format best."""
    sentence = _SENTENCES[code]
    if document_format is not None:
        sentence = _SPECIAL.get((code, document_format), sentence)
    return ParseRefused(code, sentence)
