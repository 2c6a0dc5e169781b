"""The symbol fonts of a PDF page, with a map to Unicode where the file has none: µ must not be read as m."""

from collections.abc import Mapping
from typing import Any

import pypdf
from pypdf.generic import DecodedStreamObject, NameObject

from inference.parsing.symbols import shown_as, table_of

_MAX_FONTS = 200


def read_symbol_fonts(page: pypdf.PageObject) -> tuple[str, ...]:
    """Name the symbol fonts of a page, and give each without a map of its own the one of its family.

    A simple font with /Differences names its glyphs, and one with /ToUnicode says what they are: both stay.
    """
    found = []
    try:
        fonts = page.get("/Resources", {}).get_object().get("/Font", {}).get_object()
        for reference in list(fonts.values())[:_MAX_FONTS]:
            font = reference.get_object()
            name = str(font.get("/BaseFont", ""))
            if (table := table_of(name)) is None:
                continue
            found.append(name)
            if not _is_mapped(font):
                font[NameObject("/ToUnicode")] = _unicode_map(table)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return tuple(found)


def _is_mapped(font: Any) -> bool:
    encoding = font.get("/Encoding")
    has_names = encoding is not None and "/Differences" in (encoding.get_object() or ())
    return font.get("/Subtype") == "/Type0" or "/ToUnicode" in font or has_names


def _unicode_map(table: Mapping[int, str]) -> DecodedStreamObject:
    """Write a CMap (ISO 32000-2, 9.10.3) of a font's codes."""
    codes = range(0x20, 0x100)
    lines = [f"<{code:02X}> <{ord(shown_as(code, table)):04X}>" for code in codes]
    blocks = [lines[first : first + 100] for first in range(0, len(lines), 100)]
    stream = DecodedStreamObject()
    body = "".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar\n" for block in blocks)
    stream.set_data(
        f"begincmap\n1 begincodespacerange\n<00> <FF>\nendcodespacerange\n{body}endcmap\n".encode("ascii")
    )
    return stream
