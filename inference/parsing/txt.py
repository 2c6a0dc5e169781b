"""Plain text and Markdown: find the encoding, refuse what is no text."""

import codecs
import re

from inference.parsing.refusals import refusal

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JUNK = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_MAX_JUNK = 0.005
_MAX_FOREIGN = 0.3


def read(data: bytes) -> tuple[str, int | None, list[str]]:
    """Decode text: by its byte-order mark, as UTF-8, else as Windows-1252 with a warning.

    Returns:
        The text as decoded, no page count, and the warning codes ("guessed_encoding").

    Raises:
        ParseRefused: mismatch when the bytes are no text, broken when they break off or fit no encoding.
    """
    warnings: list[str] = []
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise refusal("broken") from None
            break
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = _guess(data)
            warnings.append("guessed_encoding")
    _refuse_junk(text)
    return text, None, warnings


def _guess(data: bytes) -> str:
    """Read as Windows-1252, unless so many letters are foreign that it must be another encoding."""
    text = data.decode("cp1252", errors="replace")
    _refuse_junk(text)
    letters = sum(map(str.isalpha, text))
    foreign = sum(character > "\x7f" for character in text)
    if foreign > _MAX_FOREIGN * (letters + foreign):
        raise refusal("broken")
    return text


def _refuse_junk(text: str) -> None:
    if len(_JUNK.findall(text)) > max(2, len(text) * _MAX_JUNK):
        raise refusal("mismatch")
