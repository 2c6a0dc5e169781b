"""Words and marks of a text with their places: the one tokeniser that every check shares."""

import re
from functools import lru_cache
from typing import NamedTuple

from inference.checking.lexicons import lexicon

_TOKEN = re.compile(r"[^\W\d_][^\W_]*(?:['’][^\W\d_]+)?|\d+(?:[.,]\d+)*|[^\w\s]|_")

STOP_WORDS = frozenset(lexicon("words")["stop"].split())

_IRREGULAR: dict[str, str] = lexicon("words")["irregular"]
_SPELLING = (("oe", "e"), ("ae", "e"))


class Token(NamedTuple):
    """One word, number or mark: `text[start:end]` in code points; `lower` is its lower-case form."""

    lower: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Split a text into words (with inner digits: "L5", "HbA1c"), numbers and single marks. Linear time."""
    plain = text.replace("’", "'")
    return [Token(match[0].lower(), *match.span()) for match in _TOKEN.finditer(plain)]


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """Strip a lower-case word to what its plural, tense and British or American spelling share.

    Crude on purpose: it serves to align two texts about one thing, never to judge.
    """
    word = word.removesuffix("'s")
    if (regular := _IRREGULAR.get(word)) is not None:
        return regular
    for british, american in _SPELLING:
        if british in word and len(word) > 4:
            word = word.replace(british, american)
    length = len(word)
    if length > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if length > 5 and word.endswith(("ing", "sed", "ses", "ted")):
        return word[:-3] if word.endswith("ing") else word[:-2]
    if length > 4 and word.endswith("ed"):
        return word[:-2]
    if length > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def is_content(word: str) -> bool:
    """Tell whether a lower-case token is a word that says something about the patient."""
    return word[0].isalpha() and word not in STOP_WORDS
