"""RTF by striprtf, with its page headers kept and its tracked deletions left out."""

import re

from striprtf.striprtf import rtf_to_text

from inference.parsing.refusals import refusal
from inference.parsing.rtf_symbols import with_symbols
from inference.parsing.rtf_unseen import count_unseen
from inference.vocabulary import DocumentFormat

# Pictures are hexadecimal runs; striprtf would walk through them character by character.
_HEX = re.compile(r"[0-9a-fA-F\r\n]{512,}")
# striprtf drops page headers and footers, which often hold the MRN.
_PAGE_PARTS = re.compile(r"(?<!\\)\\(?:header|footer)[lrf]?(?![a-z])")
_DELETED = re.compile(r"(?<!\\)\\deleted(?![a-z0-9])")
_ROW = re.compile(r"^[^\n|]*\|[^\n]*\|[ \t]*$", re.MULTILINE)


def read(data: bytes) -> tuple[str, int | None, list[str]]:
    """Extract an RTF document's text; table rows become "a | b | c".

    Returns:
        The text, no page count, and the warning codes ("deleted_text_may_show",
        "text_not_shown:N": N characters that the page does not show).

    Raises:
        ParseRefused: mismatch or broken.
    """
    source = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").strip(" \t\r\n\x00\x1a")
    if not source.startswith("{\\rtf"):
        raise refusal("mismatch", DocumentFormat.RTF)
    if not source.endswith("}"):
        raise refusal("broken", DocumentFormat.RTF)
    warnings: list[str] = []
    source = _HEX.sub("", source)
    source = _PAGE_PARTS.sub(r"\\par ", source)
    # "\*" makes striprtf ignore the rest of the group, which is what a deleted run is.
    if _DELETED.search(source):
        if "\\deleted0" in source:
            warnings.append("deleted_text_may_show")
        source = _DELETED.sub(r"\\*", source) if "\\deleted0" not in source else source
    if unseen := count_unseen(source):
        warnings.append(f"text_not_shown:{unseen}")
    source = with_symbols(source)
    try:
        text = rtf_to_text(source, encoding="cp1252", errors="replace")  # type: ignore[no-untyped-call]
    except MemoryError:
        raise
    # striprtf has no error class of its own; a malformed file raises whatever it trips over.
    except Exception:
        raise refusal("broken", DocumentFormat.RTF) from None
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _ROW.sub(_tidy_row, text), None, warnings


def _tidy_row(match: re.Match[str]) -> str:
    return " | ".join(cell.strip() for cell in match[0].rstrip().removesuffix("|").split("|"))
