"""What the symbol fonts of office documents show: their private characters, as the real ones.

Symbol and the Wingdings draw a µ, a ≥ or a ticked box from a letter or from a character that Unicode leaves
to private use (U+F020 to U+F0FF), which no reader of the text alone can tell. After Adobe's Symbol encoding
and the glyph tables of Wingdings, as far as clinical documents use them. What is in no table is U+FFFD or
stays private; the model is shown U+FFFD for either, and the checker doubts a number beside it.
"""

import re
from collections.abc import Iterable, Mapping

_PRIVATE = re.compile("[\uf020-\uf0ff]")
_ITEM_MARK = re.compile(
    "^([ \t]*)[\x7f\uf0b7\uf0a7\uf0d8\uf076\uf077\uf06c\uf06e\uf09f\uf02d](?=\\s)", re.MULTILINE
)
_SUBSET = re.compile(r"^/?(?:[A-Z]{6}\+)?")


def _table(*runs: tuple[int, str]) -> dict[int, str]:
    return {first + place: character for first, shown in runs for place, character in enumerate(shown)}


_SYMBOL = _table(
    (0x20, " !∀#∃%&∋()∗+,−./0123456789:;<=>?"),
    (0x40, "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"),
    (0x61, "αβχδεφγηιϕκλµνοπθρστυϖωξψζ{|}~"),
    (0xA0, "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…"),
    (0xD5, "∏√·¬∧∨⇔⇐⇑⇒⇓◊"),
)
_WINGDINGS = _table(
    (0x20, " "), (0x4A, "☺"), (0x4C, "☹"), (0x6C, "●"), (0x6E, "■☐☐☐☐"), (0x75, "◆❖"), (0x78, "☒"),
    (0x9E, "·•"), (0xA0, "▪○"), (0xA7, "▪☐"), (0xAB, "★"), (0xD8, "➢"), (0xDF, "←→↑↓"), (0xE7, "←→↑↓"),
    (0xEF, "⇦⇨⇧⇩"), (0xFB, "✗✓☒☑"),
)  # fmt: skip
_WINGDINGS_2 = _table((0x20, " "), (0x4F, "✗✓☒☑☒"), (0x52, "☑"), (0xA3, "☐"))
_WINGDINGS_3 = _table((0x20, " ←→↑↓"), (0x70, "▲▼"))
_FONTS: Mapping[str, Mapping[int, str]] = {
    "symbol": _SYMBOL,
    "symbolmt": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdingsregular": _WINGDINGS,
    "wingdings2": _WINGDINGS_2,
    "wingdings3": _WINGDINGS_3,
}
# Without the font, only codes of which one of the two readings is no mark of a clinical document.
_SURE_SYMBOLS = (
    *b"\x20\x44\x57\x61\x62\x64\x67\x6d\xa3\xa5",
    *range(0xAB, 0xB2),
    *b"\xb3\xb4\xb7\xb8\xb9\xbb\xd6",
)
_SURE_WINGDINGS = (*b"\x6f\x71\xa7\xa8\xd8\xe0\xe8", *range(0xFB, 0xFF))
_SURE = {code: _SYMBOL[code] for code in _SURE_SYMBOLS} | {code: _WINGDINGS[code] for code in _SURE_WINGDINGS}
_SURE[0x52] = _WINGDINGS_2[0x52]


def table_of(font: str) -> Mapping[int, str] | None:
    """Return what a symbol font shows for each code, or None for a font of ordinary letters."""
    return _FONTS.get(re.sub(r"[\s,-]", "", _SUBSET.sub("", font)).lower())


def shown_as(code: int, table: Mapping[int, str]) -> str:
    """Return the real character for a code of a symbol font, or U+FFFD where the table has none.

    Args:
        code: 0 to 255, or a private-use code that stands for one; others stay as they are.
        table: what `table_of` gave.
    """
    low = code - 0xF000 if 0xF000 <= code <= 0xF0FF else code
    if 0x20 <= low <= 0xFF:
        return table.get(low, "\ufffd")
    return chr(code) if 0xFF < code <= 0x10FFFF else "\ufffd"


def readable(text: str, fonts: Iterable[str] = ()) -> str:
    """Write the private characters of a text as what the page shows.

    Args:
        text: as a parser got it.
        fonts: names of the fonts that the page uses, where that is known. With one symbol font among them
            its table holds, and what it lacks is U+FFFD; with several, or none, only what is hardly ever
            anything else is read, and the rest stays private.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    text = _ITEM_MARK.sub(r"\1•", text)
    tables = {id(table): table for font in fonts if (table := table_of(font)) is not None}
    if len(tables) == 1:
        [table] = tables.values()
        return _PRIVATE.sub(lambda match: shown_as(ord(match[0]), table), text)
    return _PRIVATE.sub(lambda match: _SURE.get(ord(match[0]) - 0xF000, match[0]), text)
