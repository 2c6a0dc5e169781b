"""What stands before a Word paragraph: a list's bullet or number, a heading's mark."""

from collections import defaultdict
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_STYLES = 12


class Numbering:
    """The list definitions of one document and how far each list has counted."""

    def __init__(self, document: Any) -> None:
        self._styles = {
            style.get(_W + "styleId"): style for style in document.styles.element.iter(_W + "style")
        }
        self._levels: dict[str, dict[str, str]] = {}
        self._counts: defaultdict[tuple[str, int], int] = defaultdict(int)
        try:
            numbering = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        abstract = {
            entry.get(_W + "abstractNumId"): {
                level.get(_W + "ilvl"): shape.get(_W + "val")
                for level in entry.iter(_W + "lvl")
                if (shape := level.find(_W + "numFmt")) is not None
            }
            for entry in numbering.iter(_W + "abstractNum")
        }
        for entry in numbering.iter(_W + "num"):
            reference = entry.find(_W + "abstractNumId")
            if reference is not None:
                self._levels[entry.get(_W + "numId")] = abstract.get(reference.get(_W + "val"), {})

    def mark(self, paragraph: Any) -> tuple[str, str]:
        """The paragraph's kind ("prose", "heading" or "item") and what to write before it."""
        properties = paragraph.find(_W + "pPr")
        style = properties.find(_W + "pStyle") if properties is not None else None
        chain = self._style_chain(style.get(_W + "val") if style is not None else None)
        if any(_is_heading(entry) for entry in chain):
            return "heading", "## "
        for holder in (properties, *(entry.find(_W + "pPr") for entry in chain)):
            numbered = holder.find(_W + "numPr") if holder is not None else None
            if numbered is None:
                continue
            number = numbered.find(_W + "numId")
            level = numbered.find(_W + "ilvl")
            number_id = number.get(_W + "val") if number is not None else "0"
            if number_id == "0":
                return "prose", ""
            return "item", self._item(number_id, level.get(_W + "val") if level is not None else "0")
        return "prose", ""

    def _item(self, number_id: str, level: str) -> str:
        depth = min(int(level), 8) if level.isdigit() else 0
        shape = self._levels.get(number_id, {}).get(level, "bullet")
        indent = "  " * depth
        if shape in ("bullet", "none"):
            return f"{indent}- "
        self._counts[number_id, depth] += 1
        for deeper in range(depth + 1, 9):
            self._counts.pop((number_id, deeper), None)
        count = self._counts[number_id, depth]
        if shape in ("lowerLetter", "upperLetter") and count <= 8:
            return f"{indent}{chr(96 + count)}. "
        return f"{indent}{count}. " if count < 100 else f"{indent}{count}) "

    def _style_chain(self, style_id: str | None) -> list[Any]:
        chain: list[Any] = []
        while style_id in self._styles and len(chain) < _MAX_STYLES:
            style = self._styles[style_id]
            chain.append(style)
            base = style.find(_W + "basedOn")
            style_id = base.get(_W + "val") if base is not None else None
        return chain


def _is_heading(style: Any) -> bool:
    name = style.find(_W + "name")
    return name is not None and (name.get(_W + "val") or "").lower().startswith(("heading ", "title"))
