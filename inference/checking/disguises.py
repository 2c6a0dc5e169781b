"""What a text reads as once its disguise is taken off: look-alikes, digits for letters, encodings.

Only what is cheap and bounded: every fold is one pass, and what is decoded is not decoded again.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

MOST_DECODED = 8
"""How many encoded runs of one text are decoded."""

_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Latin, Greek and Cyrillic accents only: in other scripts combining marks are letters.
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0670]")
_LONG_RUN = re.compile(r"([^\w\s])\1{8,}")
_MARKUP = re.compile(r"[\s|*_~#>`\"“”«»()\[\]{}]+")
_ALIKE = {
    ord(letter): plain
    for plain, letters in {
        "a": "аɑα",
        "c": "сϲ",
        "d": "ԁ",
        "e": "еєҽ",
        "g": "ɡց",
        "h": "һհ",
        "i": "іιıӏɩ",
        "j": "јϳ",
        "k": "кκ",
        "l": "ⅼ",
        "m": "м",
        "n": "пոη",
        "o": "оοօσ",
        "p": "рρ",
        "q": "ԛ",
        "r": "гᴦ",
        "s": "ѕꜱ",
        "t": "тτ",
        "u": "υս",
        "v": "νѵ",
        "w": "ԝω",
        "x": "хχ",
        "y": "уγ",
    }.items()
    for letter in letters
}
_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_L = str.maketrans("013457@$!", "oleastasl")
_MIXED_LEET = re.compile(r"\b(?=\w{0,20}[a-z])(?=\w{0,20}[0-9])[a-z0-9]{4,20}\b|[a-z][@$!][a-z]")
# A letter is no underscore here: were it one, a line of underscores could be read in exponentially many ways.
_SPACED = re.compile(r"(?<!\w)(?:[^\W_][ .\-_*]{1,3}){7,400}[^\W_](?!\w)")
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/_-]{20,2000}={0,2}")
_HEX = re.compile(r"(?<![\w])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ ,:]?){12,1000}(?![\w])")
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4}){4,300}")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_BACKWARDS_WORDS = ("instruction", "ignore", "previous", "summary", "disregard", "assistant", "allerg")
_READABLE = re.compile(r"[a-z]{2,}(?:[ ,.:;'-]{1,3}[a-z]{1,}){2,}", re.IGNORECASE)


def _rot13(text: str) -> str:
    return text.translate(_ROT13)


_ROT13 = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM",
)
_TURNED = re.compile("|".join(word[::-1] for word in _BACKWARDS_WORDS))
_ROTATED = re.compile("|".join(_rot13(word) for word in _BACKWARDS_WORDS))


def bare(text: str) -> str:
    """Lower a text's case and undo what hides its marks: invisible letters, wide forms, HTML escapes.

    A ruled line of one mark is cut to eight of them, which is as many as any pattern asks for.
    """
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", _IGNORABLE.sub("", text))
        text = unicodedata.normalize("NFC", _ARABIC_MARKS.sub("", _ACCENTS.sub("", text)))
    return _LONG_RUN.sub(lambda run: run[1] * 8, text).lower()


def words(text: str) -> str:
    """Fold a bare text for the search of phrases: one blank for white space and mark-up."""
    return _MARKUP.sub(" ", text).strip()


def unmasked(text: str) -> Iterator[str]:
    """Yield what a bare text reads as with other letters: look-alikes, digits, letters apart, reversed."""
    if not text.isascii() and (alike := text.translate(_ALIKE)) != text:
        yield words(alike)
    if _MIXED_LEET.search(text):
        yield words(text.translate(_LEET))
        yield words(text.translate(_LEET_L))
    for match in _SPACED.finditer(text):
        yield re.sub(r"[ .\-_*]{2,}", " ", re.sub(r"(?<=\w)[ .\-_*](?=\w)", "", match[0]))
    if _TURNED.search(text):
        yield words(text[::-1])
    if _ROTATED.search(text):
        yield words(_rot13(text))


def decoded(text: str) -> Iterator[str]:
    """Yield the readable texts that a text holds in base64, hexadecimal, percent or backslash form."""
    found = 0
    for pattern, decode in ((_BASE64, _from_base64), (_HEX, _from_hex), (_ESCAPED, _from_escapes)):
        for match in pattern.finditer(text):
            if found == MOST_DECODED:
                return
            found += 1
            plain = decode(match[0])
            if plain and _READABLE.search(plain):
                yield plain
    if len(_PERCENT.findall(text[:2000])) >= 4:
        yield unquote(text, errors="replace")


def _from_base64(run: str) -> str:
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _from_hex(run: str) -> str:
    try:
        return bytes.fromhex(re.sub(r"0x|\\x|[ ,:]", "", run)).decode("utf-8")
    except (ValueError, UnicodeDecodeError):
        return ""


def _from_escapes(run: str) -> str:
    return "".join(chr(int(code, 16)) for code in run.split("\\u")[1:])
