"""What a sentence is about, by its words: cues as data in `cues.toml`, found in one pass over the tokens."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from inference.checking.phrases import PhraseTable
from inference.checking.tokens import Token

_SHORTEST_WITH_ENDING = 7


@cache
def _content() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("inference.engines") / "cues.toml").read_text(encoding="utf-8"))


@cache
def _table() -> PhraseTable[frozenset[str]]:
    cues: dict[str, set[str]] = {}
    for cue, lists in _content().items():
        for phrase in (*lists.get("phrases", ()), *lists.get("anywhere", ())):
            cues.setdefault(phrase, set()).add(cue)
    return PhraseTable((phrase, frozenset(found)) for phrase, found in cues.items())


@cache
def _starts() -> PhraseTable[str]:
    return PhraseTable((phrase, phrase) for phrase in _content()["administrative"]["starts"])


@cache
def _endings() -> tuple[str, ...]:
    return tuple(_content()["procedure"]["endings"])


def find_cues(words: list[Token]) -> frozenset[str]:
    """Name the cues (the tables of `cues.toml`) that a sentence holds.

    "administrative" also holds where the sentence begins like a form field ("MRN: …").
    """
    found: set[str] = set()
    for hit in _table().find(words):
        found |= hit.value
    if any(len(word.lower) >= _SHORTEST_WITH_ENDING and word.lower.endswith(_endings()) for word in words):
        found.add("procedure")
    start = next((hit for hit in _starts().find(words[:4]) if hit.first == 0), None)
    if start is not None and start.past < len(words) and words[start.past].lower == ":":
        found.add("administrative")
    return frozenset(found)
