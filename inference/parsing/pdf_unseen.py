"""How much of a PDF page's text the page does not show: white on white, tiny, invisible mode, off the page.

It follows the drawing operators as ISO 32000-2 has them (8.4 graphics state, 9.3 text state) and keeps boxes
of what was painted, so that white words on a blue bar count as shown. An invisible layer over a picture is
what text recognition leaves behind, and counts as shown too. Not followed: clipping, layers that are switched
off, text that something is painted over.
"""

from dataclasses import dataclass, replace
from typing import Any

import pypdf
from pypdf.generic import ContentStream

TINY_PT = 2.0
_NEAR = 0.08
_MAX_STEPS = 2_000_000
_MAX_FORMS = 3
_OUTSIDE_PT = 2.0

_Matrix = tuple[float, float, float, float, float, float]
_Colour = tuple[float, float, float]
_Box = tuple[float, float, float, float]
_IDENTITY: _Matrix = (1, 0, 0, 1, 0, 0)
_WHITE: _Colour = (1, 1, 1)
_BLACK: _Colour = (0, 0, 0)


def count_unseen(page: pypdf.PageObject, *, with_forms: bool) -> int:
    """Count the characters of a page that it holds but does not show, without blanks.

    Args:
        page: the page as pypdf read it.
        with_forms: whether text in form objects was read too; what they paint counts in any case.
    """
    contents = page.get_contents()
    if contents is None:
        return 0
    view = page.cropbox
    canvas = _Canvas(page.pdf, (float(view.left), float(view.bottom), float(view.right), float(view.top)))
    canvas.draw(contents, page.get("/Resources"), _State(), is_read=True, with_forms=with_forms)
    return canvas.unseen()


@dataclass
class _State:
    """The graphics state, as far as it decides what is seen. A colour of None is a pattern or unknown."""

    matrix: _Matrix = _IDENTITY
    colour: _Colour | None = _BLACK
    space: int | None = 1  # components of the fill colour space; None where they do not tell the colour
    alpha: float = 1
    mode: int = 0
    size: float = 0
    leading: float = 0
    is_wide: bool = False
    is_type3: bool = False


class _Canvas:
    """What was painted so far on one page."""

    def __init__(self, pdf: Any, view: _Box) -> None:
        self._pdf = pdf
        self._view = view
        self._painted: list[tuple[_Box, _Colour | None]] = []
        self._unseen = 0
        self._invisible: list[tuple[float, float, int]] = []
        self._steps = 0

    def unseen(self) -> int:
        """The count, once everything is drawn: an invisible layer may come before its picture."""
        pictures = [box for box, colour in self._painted if colour is None]
        return self._unseen + sum(
            count for x, y, count in self._invisible if not any(_holds(box, x, y) for box in pictures[:50])
        )

    def draw(
        self, stream: Any, resources: Any, state: _State, *, is_read: bool, with_forms: bool, depth: int = 0
    ) -> None:
        resources = resources.get_object() if resources is not None else {}
        text, line = _IDENTITY, _IDENTITY
        stack: list[_State] = []
        path: list[tuple[float, float]] = []
        for operands, operator in ContentStream(stream, self._pdf).operations:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                return
            match operator:
                case b"q":
                    stack.append(replace(state))
                case b"Q":
                    state = stack.pop() if stack else state
                case b"cm":
                    state.matrix = _times(_matrix(operands), state.matrix)
                case b"re":
                    x, y, width, height = (float(value) for value in operands[:4])
                    rectangle = ((x, y), (x + width, y), (x, y + height), (x + width, y + height))
                    path.extend(_at(state.matrix, *corner) for corner in rectangle)
                case b"m" | b"l" | b"c" | b"v" | b"y":
                    path.append(_at(state.matrix, float(operands[-2]), float(operands[-1])))
                case b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*":
                    if path and state.alpha > 0.5:
                        self._painted.append((_around(path), state.colour))
                    path = []
                case b"n" | b"S" | b"s":
                    path = []
                case b"sh" | b"INLINE IMAGE":
                    corners = [_at(state.matrix, *corner) for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]
                    self._painted.append((self._view if operator == b"sh" else _around(corners), None))
                case b"Do":
                    self._do(operands[0], resources, state, is_read and with_forms, with_forms, depth)
                case b"BT":
                    text = line = _IDENTITY
                case b"Td" | b"TD" | b"T*" | b"'" | b'"' | b"Tm":
                    if operator == b"Tm":
                        line = _matrix(operands)
                    elif operator in (b"Td", b"TD"):
                        if operator == b"TD":
                            state.leading = -float(operands[1])
                        line = _times((1, 0, 0, 1, float(operands[0]), float(operands[1])), line)
                    else:
                        line = _times((1, 0, 0, 1, 0, -state.leading), line)
                    text = line
                    if operator in (b"'", b'"'):
                        text = self._show([operands[-1]], text, state, is_read)
                case b"Tj":
                    text = self._show(operands[:1], text, state, is_read)
                case b"TJ":
                    text = self._show(operands[0], text, state, is_read)
                case _:
                    _set(state, operator, operands, resources)

    def _do(
        self, name: Any, resources: Any, state: _State, is_read: bool, with_forms: bool, depth: int
    ) -> None:
        drawn = resources["/XObject"].get_object()[name].get_object()
        if drawn.get("/Subtype") == "/Form" and depth < _MAX_FORMS:
            inner = replace(state, matrix=_times(_matrix(drawn.get("/Matrix", _IDENTITY)), state.matrix))
            own = drawn.get("/Resources", resources)
            self.draw(drawn, own, inner, is_read=is_read, with_forms=with_forms, depth=depth + 1)
            return
        corners = [_at(state.matrix, *corner) for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]
        self._painted.append((_around(corners), None))

    def _show(self, pieces: Any, text: _Matrix, state: _State, is_read: bool) -> _Matrix:
        """Judge one run of text; return the text matrix after it, taking letters for half an em wide."""
        codes, shift = 0, 0.0
        letters = 0
        for piece in pieces:
            if isinstance(piece, str | bytes):
                raw = piece if isinstance(piece, bytes) else _raw(piece)
                codes += len(raw) // 2 if state.is_wide else len(raw)
                letters += len(raw) // 2 if state.is_wide else len(raw) - raw.count(b" ")
            else:
                shift -= float(piece) / 1000 * state.size
        after = _times((1, 0, 0, 1, codes * 0.5 * state.size + shift, 0), text)
        if is_read and letters:
            device = _times(text, state.matrix)
            start = _at(device, 0.2 * state.size, 0.2 * state.size)
            self._judge(letters, state, device, start, _at(_times(after, state.matrix), 0, 0))
        return after

    def _judge(
        self,
        letters: int,
        state: _State,
        device: _Matrix,
        start: tuple[float, float],
        end: tuple[float, float],
    ) -> None:
        size = abs(state.size) * abs(device[0] * device[3] - device[1] * device[2]) ** 0.5
        left, bottom, right, top = self._view
        (x0, y0), (x1, y1) = start, end
        is_off = max(x0, x1) < left - _OUTSIDE_PT or min(x0, x1) > right + _OUTSIDE_PT
        is_off = is_off or max(y0, y1) < bottom - size - _OUTSIDE_PT or min(y0, y1) > top + _OUTSIDE_PT
        if state.mode == 3 and not is_off:
            self._invisible.append((x0, y0, letters))
        elif (
            is_off
            or (size < TINY_PT and not state.is_type3)
            or state.alpha < _NEAR
            or self._is_background(state.colour, x0, y0)
        ):
            self._unseen += letters

    def _is_background(self, colour: _Colour | None, x: float, y: float) -> bool:
        if colour is None:
            return False
        for box, painted in reversed(self._painted):
            self._steps += 1
            if _holds(box, x, y):
                return painted is not None and _is_near(colour, painted)
            # A page of endless boxes: what is white stays doubted.
            if self._steps > _MAX_STEPS:
                break
        return _is_near(colour, _WHITE)


def _set(state: _State, operator: bytes, operands: Any, resources: Any) -> None:
    """Follow an operator that only changes the state."""
    match operator:
        case b"g":
            state.colour, state.space = _colour(operands, 1), 1
        case b"rg":
            state.colour, state.space = _colour(operands, 3), 3
        case b"k":
            state.colour, state.space = _colour(operands, 4), 4
        case b"cs":
            state.space, state.colour = _components(operands[0], resources), _BLACK
        case b"sc" | b"scn":
            state.colour = _colour(operands, state.space)
        case b"Tr":
            state.mode = int(operands[0])
        case b"TL":
            state.leading = float(operands[0])
        case b"Tf":
            state.size = float(operands[1])
            font = resources.get("/Font", {}).get_object().get(operands[0], {}).get_object()
            state.is_wide = font.get("/Subtype") == "/Type0"
            state.is_type3 = font.get("/Subtype") == "/Type3"
        case b"gs":
            chosen = resources.get("/ExtGState", {}).get_object().get(operands[0], {}).get_object()
            state.alpha = float(chosen.get("/ca", state.alpha))


def _components(name: Any, resources: Any) -> int | None:
    """How many components a colour space has; None where they do not tell the colour (tints, patterns)."""
    known = {"/DeviceGray": 1, "/CalGray": 1, "/DeviceRGB": 3, "/CalRGB": 3, "/DeviceCMYK": 4}
    if name in known:
        return known[name]
    space = resources.get("/ColorSpace", {}).get_object().get(name)
    space = space.get_object() if space is not None else None
    if isinstance(space, list) and space:
        if space[0] == "/ICCBased":
            return int(space[1].get_object()["/N"])
        return known.get(space[0])
    return None


def _colour(operands: Any, components: int | None) -> _Colour | None:
    if components is None or len(operands) != components:
        return None
    values = [min(1.0, max(0.0, float(value))) for value in operands]
    if components == 1:
        return (values[0],) * 3
    if components == 3:
        return values[0], values[1], values[2]
    if components == 4:
        return tuple((1 - value) * (1 - values[3]) for value in values[:3])  # type: ignore[return-value]
    return None


def _raw(piece: Any) -> bytes:
    """The bytes of a string as the file has them; pypdf has decoded it with no font in mind."""
    return bytes(piece.original_bytes)


def _is_near(one: _Colour, other: _Colour) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one, other, strict=True))


def _matrix(values: Any) -> _Matrix:
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def _times(m: _Matrix, n: _Matrix) -> _Matrix:
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def _at(m: _Matrix, x: float, y: float) -> tuple[float, float]:
    return x * m[0] + y * m[2] + m[4], x * m[1] + y * m[3] + m[5]


def _around(points: Any) -> _Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _holds(box: _Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
