"""PDF by pypdf, in its layout mode: columns stay columns, so that a table's row is a line."""

import io
import re

import pypdf
from pypdf.errors import LimitReachedError

from inference.parsing.pdf_symbols import read_symbol_fonts
from inference.parsing.pdf_unseen import count_unseen
from inference.parsing.refusals import ParseRefused, refusal
from inference.parsing.symbols import readable
from inference.vocabulary import DocumentFormat

MAX_PAGES = 500
MAX_CHARACTERS = 2**20
_MIN_LETTERS = 16
_MAX_FOREIGN = 0.2
_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff]|\\(cid:\\d+\\)")
_ENDED = re.compile(r"[.!?:;]\s*\Z")


def read(data: bytes) -> tuple[str, int | None, list[str]]:
    """Extract a PDF's text page by page.

    Returns:
        The text, pages apart by a blank line unless a sentence runs on; the page count; the warning codes
        ("pages_without_text": some page is a picture only; "plain_layout": columns may be lost on some page;
        "text_not_shown:N": about N characters that the pages hold but do not show).

    Raises:
        ParseRefused: encrypted, scan, broken, limit or no_sentence.
    """
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        # Many PDFs only forbid printing or copying; those open with the empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise refusal("encrypted", DocumentFormat.PDF)
        page_count = len(reader.pages)
        if page_count == 0:
            raise refusal("broken", DocumentFormat.PDF)
        if page_count > MAX_PAGES:
            raise refusal("limit", DocumentFormat.PDF)
        return _read_pages(reader, page_count)
    except (ParseRefused, MemoryError):
        raise
    except (LimitReachedError, RecursionError):
        raise refusal("limit", DocumentFormat.PDF) from None
    # A hostile or damaged file makes pypdf raise nearly anything; all of it means the same to a clinician.
    except Exception:
        raise refusal("broken", DocumentFormat.PDF) from None


def _read_pages(reader: pypdf.PdfReader, page_count: int) -> tuple[str, int | None, list[str]]:
    texts: list[str] = []
    length = 0
    warnings: set[str] = set()
    pictures = unseen = 0
    for page in reader.pages:
        fonts = read_symbol_fonts(page)
        text, with_forms = _read_page(page, warnings)
        unseen += _count_unseen(page, with_forms=with_forms)
        if len(re.findall(r"[^\W\d_]", text)) < _MIN_LETTERS and _has_picture(page):
            pictures += 1
        texts.append(readable(text, fonts))
        length += len(text)
        if length > MAX_CHARACTERS:
            raise refusal("limit", DocumentFormat.PDF)
    joined = _join(texts)
    letters = len(re.findall(r"[^\W\d_]", joined))
    if letters < _MIN_LETTERS * page_count and pictures * 2 >= page_count:
        raise refusal("scan", DocumentFormat.PDF)
    if len(_UNREADABLE.findall(joined)) > _MAX_FOREIGN * max(letters, 1):
        raise refusal("no_sentence", DocumentFormat.PDF)
    if pictures:
        warnings.add("pages_without_text")
    if unseen:
        warnings.add(f"text_not_shown:{unseen}")
    return joined, page_count, sorted(warnings)


def _read_page(page: pypdf.PageObject, warnings: set[str]) -> tuple[str, bool]:
    """Return a page's text, and whether what its form objects hold is in it."""
    try:
        text = page.extract_text(extraction_mode="layout")
    except (MemoryError, LimitReachedError, RecursionError):
        raise
    # The layout mode gives up on some fonts and matrices that the plain mode reads.
    except Exception:
        warnings.add("plain_layout")
        return page.extract_text(), True
    if not text.strip():
        # Rotated text is left out of the layout; a page of nothing else still has its plain text.
        return page.extract_text(), True
    return text, False


def _count_unseen(page: pypdf.PageObject, *, with_forms: bool) -> int:
    try:
        return count_unseen(page, with_forms=with_forms)
    except (MemoryError, LimitReachedError, RecursionError):
        raise
    # Drawing that cannot be followed loses the warning, not the page.
    except Exception:
        return 0


def _has_picture(page: pypdf.PageObject) -> bool:
    try:
        resources = page.get("/Resources", {}).get_object()
        drawn = resources.get("/XObject", {}).get_object()
        return any(drawn[name].get_object().get("/Subtype") in ("/Image", "/Form") for name in drawn)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _join(texts: list[str]) -> str:
    """Join pages so that a sentence that runs on over the break can be joined, and nothing else is."""
    joined = ""
    for text in (text.strip("\n") for text in texts):
        if not text.strip():
            continue
        runs_on = bool(joined) and not _ENDED.search(joined[-8:]) and text.lstrip()[:1].islower()
        joined += ("\n" if runs_on else "\n\n") * bool(joined) + text.rstrip()
    return joined
