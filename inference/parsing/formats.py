"""What a file is, told by its name and its first bytes: cheap, and safe in the web process."""

from pathlib import PurePath

from inference.parsing.refusals import ParseRefused, refusal
from inference.vocabulary import DocumentFormat

MAX_BYTES = 20 * 2**20

_BY_SUFFIX = {
    ".txt": DocumentFormat.TXT,
    ".text": DocumentFormat.TXT,
    ".md": DocumentFormat.MD,
    ".markdown": DocumentFormat.MD,
    ".pdf": DocumentFormat.PDF,
    ".docx": DocumentFormat.DOCX,
    ".rtf": DocumentFormat.RTF,
}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RTF = b"{\\rtf"
_NOT_TEXT = (
    _ZIP,
    _OLE,
    _RTF,
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\x00",
    b"MM\x00*",
    b"\x1f\x8b",
    b"\x7fELF",
    b"MZ\x90",
)
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HEAD = 4096
# The stream in which Office keeps a document that has a password, as its OLE container names it.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def sniff(data: bytes, filename: str) -> DocumentFormat:
    """Tell a document's format and refuse what no parser should see.

    Looks at the size, the name's ending and the first bytes; unpacks nothing. The parser looks closer.

    Args:
        data: the file as received.
        filename: as the browser sent it; only its ending counts.

    Raises:
        ParseRefused: empty, too_large, wrong_type, mismatch or encrypted.
    """
    if not data:
        raise refusal("empty")
    if len(data) > MAX_BYTES:
        raise refusal("too_large")
    suffix = PurePath(filename.replace("\\", "/")).suffix.lower()
    document_format = _BY_SUFFIX.get(suffix)
    if document_format is None:
        raise _old_word() if suffix in (".doc", ".dot") else refusal("wrong_type")
    if document_format is DocumentFormat.DOCX and data.startswith(_OLE) and _ENCRYPTED_PACKAGE in data:
        raise refusal("encrypted", document_format)
    if not _looks_like(data, document_format):
        raise refusal("mismatch", document_format)
    return document_format


def _looks_like(data: bytes, document_format: DocumentFormat) -> bool:
    head = data[:_HEAD]
    if document_format is DocumentFormat.PDF:
        return b"%PDF-" in head[:1024]
    if document_format is DocumentFormat.DOCX:
        return head.startswith(_ZIP)
    if document_format is DocumentFormat.RTF:
        return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_RTF)
    if head.startswith(_NOT_TEXT):
        return False
    return head.startswith(_TEXT_MARKS) or b"\x00" not in head


def _old_word() -> ParseRefused:
    sentence = "This is an old Word file (.doc). Save it as .docx in Word and upload that, or paste the text."
    return ParseRefused("wrong_type", sentence)
