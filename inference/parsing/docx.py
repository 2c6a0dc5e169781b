"""DOCX by python-docx: paragraphs and tables in the order of the page, page headers first, footers last."""

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.exceptions import PackageNotFoundError
from lxml import etree

from inference.parsing.archive import check_archive
from inference.parsing.docx_lists import Numbering
from inference.parsing.docx_unseen import Unseen
from inference.parsing.refusals import refusal
from inference.parsing.symbols import shown_as, table_of
from inference.vocabulary import DocumentFormat

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHOICE_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT_BOX = _W + "txbxContent"
_LEFT_OUT = frozenset({_W + "del", _W + "moveFrom", _CHOICE_FALLBACK, _W + "pPr", _W + "rPr"})
_SYMBOL_FIELD = re.compile(
    r'^\s*SYMBOL\s+(\d{1,5})\s.*?\\f\s*"?((?:Symbol|Wingdings)[ \w-]{0,20}?)"?\s*(?:\\|$)'
)
_SHORT = 60
_LONG_CELL = 400
_MAX_DEPTH = 8
_LETTER = re.compile(r"[^\W\d_]")


def read(data: bytes) -> tuple[str, int | None, list[str]]:
    """Extract a DOCX document's text.

    List items begin with "- " or their number, headings with "## ", table rows read "a | b | c". Tracked
    insertions count, tracked deletions do not. Hidden text is kept and counted.

    Returns:
        The text, no page count, and the warning codes ("text_not_shown:N": N characters that the page does
        not show, "comments_left_out", "embedded_left_out").

    Raises:
        ParseRefused: mismatch, encrypted, broken, scan or limit.
    """
    check_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
        page = _Page(document)
        text = page.read()
    except (KeyError, ValueError, AttributeError, TypeError, PackageNotFoundError, etree.LxmlError):
        raise refusal("broken", DocumentFormat.DOCX) from None
    except RecursionError:
        raise refusal("limit", DocumentFormat.DOCX) from None
    if not _LETTER.search(text) and page.has_picture():
        raise refusal("scan", DocumentFormat.DOCX)
    return text, None, sorted(page.warnings)


class _Page:
    """One document on its way to text; holds its list counters and what had to be left out."""

    def __init__(self, document: Any) -> None:
        self._part = document.part
        self._body = document.element.body
        self._numbering = Numbering(document)
        self._unseen = Unseen(document)
        self._unseen_characters = 0
        self._is_symbol_field = False
        self.warnings: set[str] = set()

    def read(self) -> str:
        """The whole text: page headers, body, footnotes, page footers; what repeats stands once."""
        headers = self._side_parts(RT.HEADER)
        body = self._blocks(self._body, 0)
        notes = self._side_parts(RT.FOOTNOTES) + self._side_parts(RT.ENDNOTES)
        footers = self._side_parts(RT.FOOTER)
        if any("/comments" in rel.reltype for rel in self._part.rels.values()):
            self.warnings.add("comments_left_out")
        if self._unseen_characters:
            self.warnings.add(f"text_not_shown:{self._unseen_characters}")
        return "\n\n".join(text for text in (*headers, _lay_out(body), *notes, *footers) if text.strip())

    def has_picture(self) -> bool:
        """Whether the body shows a picture."""
        return any(rel.reltype == RT.IMAGE for rel in self._part.rels.values())

    def _side_parts(self, reltype: str) -> list[str]:
        texts: list[str] = []
        for relation in self._part.rels.values():
            if relation.is_external or relation.reltype != reltype:
                continue
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            root = etree.fromstring(relation.target_part.blob, parser)
            text = _lay_out(self._blocks(root, 0)).strip()
            if text and text not in texts:
                texts.append(text)
        return texts

    def _blocks(self, parent: Any, depth: int) -> list[tuple[str, str]]:
        """(kind, text) of each block; kind is "prose", "heading", "item" or "row"."""
        if depth > _MAX_DEPTH:
            raise refusal("limit", DocumentFormat.DOCX)
        blocks: list[tuple[str, str]] = []
        for child in parent:
            if child.tag == _W + "p":
                blocks.extend(self._paragraph(child, depth))
            elif child.tag == _W + "tbl":
                blocks.extend(self._table(child, depth))
            elif child.tag == _W + "altChunk":
                self.warnings.add("embedded_left_out")
            elif isinstance(child.tag, str) and child.tag not in _LEFT_OUT:
                # Content controls, insertions, custom XML, footnotes: only a wrapping.
                blocks.extend(self._blocks(child, depth + (child.tag == _W + "sdt")))
        return blocks

    def _paragraph(self, paragraph: Any, depth: int) -> Iterator[tuple[str, str]]:
        boxes: list[Any] = []
        self._is_symbol_field = False
        text = "".join(self._runs(paragraph, boxes)).strip(" \n")
        if text.strip():
            kind, prefix = self._numbering.mark(paragraph)
            # Shift-Enter inside a list item stays inside it.
            yield (
                kind,
                prefix + (text.replace("\n", "\n" + " " * max(2, len(prefix))) if kind == "item" else text),
            )
        else:
            yield "prose", ""
        for box in boxes:
            yield from self._blocks(box, depth + 1)

    def _runs(self, element: Any, boxes: list[Any]) -> Iterator[str]:
        for child in element:
            tag = child.tag
            if not isinstance(tag, str) or tag in _LEFT_OUT:
                continue
            if tag == _TEXT_BOX:
                boxes.append(child)
            elif tag == _W + "instrText":
                yield self._field(child.text or "")
            elif tag == _W + "fldChar":
                self._is_symbol_field &= child.get(_W + "fldCharType") != "end"
            elif tag == _W + "t":
                yield "" if self._is_symbol_field else _written(element, child.text or "")
            elif tag in (_W + "tab", _W + "ptab"):
                yield "\t"
            elif tag in (_W + "br", _W + "cr"):
                yield "\n"
            elif tag == _W + "noBreakHyphen":
                yield "-"
            elif tag == _W + "sym":
                yield _symbol(child.get(_W + "font") or "", child.get(_W + "char") or "")
            else:
                if tag == _W + "r" and self._unseen.hides(child):
                    words = "".join(text.text or "" for text in child.iterchildren(_W + "t"))
                    self._unseen_characters += sum(not character.isspace() for character in words)
                yield from self._runs(child, boxes)

    def _field(self, instruction: str) -> str:
        """Read a field that is a symbol; what Word keeps as its result is the same, or nothing."""
        match = _SYMBOL_FIELD.match(instruction)
        table = table_of(match[2]) if match else None
        if match is None or table is None:
            return ""
        self._is_symbol_field = True
        return shown_as(int(match[1]), table)

    def _table(self, table: Any, depth: int) -> Iterator[tuple[str, str]]:
        rows = [row for row in _rows(table) if row.find(f"{_W}trPr/{_W}del") is None]
        grid = [[(cell, self._blocks(cell, depth + 1)) for cell in _cells(row)] for row in rows]
        is_frame = all(len(row) == 1 for row in grid)
        for row in grid:
            texts = [_flat(blocks, is_continued=_is_continued(cell)) for cell, blocks in row]
            if is_frame or any(len(text) > _LONG_CELL for text in texts):
                # A table that only frames the page: its cells hold paragraphs, not values.
                for _, blocks in row:
                    yield from blocks
            elif any(texts):
                yield "row", " | ".join(texts)
        yield "prose", ""


def _written(run: Any, text: str) -> str:
    """A run's text as its font shows it: in Symbol, the letter m is a µ."""
    fonts = run.find(f"{_W}rPr/{_W}rFonts")
    table = table_of(fonts.get(_W + "ascii") or "") if fonts is not None else None
    if table is None:
        return text
    return "".join(shown_as(ord(letter), table) if letter > " " else letter for letter in text)


def _symbol(font: str, code: str) -> str:
    """The character of a `w:sym`: never nothing, because something stands there."""
    try:
        number = int(code, 16)
    except ValueError:
        return "\ufffd"
    table = table_of(font)
    return chr(number) if table is None and 0xF020 <= number <= 0xF0FF else shown_as(number, table or {})


def _lay_out(blocks: list[tuple[str, str]]) -> str:
    """Put blocks under one another: lists, rows and short lines close together, paragraphs apart."""
    text = ""
    before = ("prose", "")
    for kind, block in blocks:
        if block:
            is_close = (kind == before[0] != "prose") or (0 < len(before[1]) < _SHORT)
            text += ("\n" if is_close and text else "\n\n" if text else "") + block
        before = (kind, block)
    return text


def _flat(blocks: list[tuple[str, str]], *, is_continued: bool) -> str:
    if is_continued:
        return ""
    lines = [line.strip() for _, block in blocks for line in block.split("\n") if line.strip()]
    return "; ".join(lines).replace("|", "/").replace("\t", " ")


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == _W + "tr":
            yield child
        elif child.tag in (_W + "sdt", _W + "sdtContent", _W + "ins", _W + "customXml"):
            yield from _rows(child)


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == _W + "tc":
            yield child
        elif child.tag in (_W + "sdt", _W + "sdtContent", _W + "customXml"):
            yield from _cells(child)


def _is_continued(cell: Any) -> bool:
    """Whether a cell is the lower part of a vertically merged one, whose text stands above."""
    merge = cell.find(f"{_W}tcPr/{_W}vMerge")
    return merge is not None and merge.get(_W + "val", "continue") == "continue"
