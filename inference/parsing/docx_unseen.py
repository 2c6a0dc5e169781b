"""Which runs of a DOCX document the page does not show: hidden, white on white, or too small to read.

Properties stand on the run, or in the style of the run or its paragraph (ECMA-376 part 1, 17.7.2). What lies
behind white letters is looked for on the run, paragraph, cell, table, text box and page; a table style that
fills anything counts as a fill, because which of its cells it fills depends on where they stand.
"""

from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TINY_HALF_POINTS = 4
_NEAR_WHITE = 0xEB
_MAX_BASES = 10
_DRAWN_FILLS = ("solidFill", "gradFill", "blipFill", "pattFill")


class Unseen:
    """What a document's styles say of what can be seen."""

    def __init__(self, document: Any) -> None:
        styles = document.styles.element
        self._styles = {style.get(_W + "styleId"): style for style in styles.iter(_W + "style")}
        page = document.element.find(_W + "background")
        self._is_dark = page is not None and _is_fill(page.get(_W + "color"))

    def hides(self, run: Any) -> bool:
        """Whether the words of a run are there and are not to be seen."""
        paragraph = next(run.iterancestors(_W + "p"), None)
        if _is_on(self._value(run, paragraph, "vanish")):
            return True
        size = self._value(run, paragraph, "sz")
        half_points = size.get(_W + "val", "") if size is not None else ""
        if half_points.isdecimal() and int(half_points) < TINY_HALF_POINTS:
            return True
        colour = self._value(run, paragraph, "color")
        if colour is None or not _is_white(colour.get(_W + "val")):
            return False
        return not (self._is_dark or self._is_filled(run, paragraph))

    def _value(self, run: Any, paragraph: Any, name: str) -> Any:
        """The property that holds for a run: its own, else its style's, else its paragraph's style's."""
        if (own := run.find(f"{_W}rPr/{_W}{name}")) is not None:
            return own
        chosen = [run.find(f"{_W}rPr/{_W}rStyle")]
        if paragraph is not None:
            chosen.append(paragraph.find(f"{_W}pPr/{_W}pStyle"))
        for reference in chosen:
            for style in self._bases(reference):
                if (found := style.find(f"{_W}rPr/{_W}{name}")) is not None:
                    return found
        return None

    def _bases(self, reference: Any) -> list[Any]:
        """A style and those it is based on, nearest first."""
        found: list[Any] = []
        while reference is not None and len(found) < _MAX_BASES:
            style = self._styles.get(reference.get(_W + "val"))
            if style is None:
                break
            found.append(style)
            reference = style.find(_W + "basedOn")
        return found

    def _is_filled(self, run: Any, paragraph: Any) -> bool:
        highlight = run.find(f"{_W}rPr/{_W}highlight")
        if highlight is not None and highlight.get(_W + "val") not in ("none", "white"):
            return True
        shades = [run.find(f"{_W}rPr/{_W}shd")]
        if paragraph is not None:
            shades.append(paragraph.find(f"{_W}pPr/{_W}shd"))
            styles = self._bases(paragraph.find(f"{_W}pPr/{_W}pStyle"))
            shades.extend(style.find(f"{_W}pPr/{_W}shd") for style in styles)
        styles = self._bases(run.find(f"{_W}rPr/{_W}rStyle"))
        shades.extend(style.find(f"{_W}rPr/{_W}shd") for style in styles)
        shades.extend(cell.find(f"{_W}tcPr/{_W}shd") for cell in run.iterancestors(_W + "tc"))
        for table in run.iterancestors(_W + "tbl"):
            shades.append(table.find(f"{_W}tblPr/{_W}shd"))
            for style in self._bases(table.find(f"{_W}tblPr/{_W}tblStyle")):
                shades.extend(style.iter(_W + "shd"))
        if any(shade is not None and _is_fill(shade.get(_W + "fill")) for shade in shades):
            return True
        return any(
            _is_fill(around.get("fillcolor"))
            or any(child.tag.endswith(_DRAWN_FILLS) for child in around.iter("{*}*"))
            for box in run.iterancestors(_W + "txbxContent")
            for around in _shape(box)
        )


def _shape(box: Any) -> list[Any]:
    """The shape around a text box (VML), or the properties of one (DrawingML)."""
    parent = box.getparent()
    shape = parent.getparent() if parent is not None else None
    if shape is None:
        return []
    return [shape] if shape.get("fillcolor") else [part for part in shape if str(part.tag).endswith("}spPr")]


def _is_on(toggle: Any) -> bool:
    return toggle is not None and toggle.get(_W + "val", "true") not in ("0", "false", "off")


def _channels(colour: str | None) -> tuple[int, ...]:
    try:
        return tuple(bytes.fromhex((colour or "").lstrip("#")))
    except ValueError:
        return ()


def _is_white(colour: str | None) -> bool:
    channels = _channels(colour)
    return len(channels) == 3 and min(channels) >= _NEAR_WHITE


def _is_fill(colour: str | None) -> bool:
    """Whether something other than white is painted; "auto" and nothing are paper."""
    return bool(colour) and colour not in ("auto", "none", "white") and not _is_white(colour)
