"""What a sentence is about, by its words (`lexicons/topics.toml`), found in one pass over the tokens."""

from functools import cache
from typing import Any

from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import Token

_SHORTEST_WITH_ENDING = 7


@cache
def _content() -> dict[str, dict[str, Any]]:
    return {topic: lists for topic, lists in lexicon("topics").items() if topic != "about"}


@cache
def _table() -> PhraseTable[frozenset[str]]:
    topics: dict[str, set[str]] = {}
    for topic, lists in _content().items():
        for phrase in (*lists.get("phrases", ()), *lists.get("anywhere", ())):
            topics.setdefault(phrase, set()).add(topic)
    return PhraseTable((phrase, frozenset(found)) for phrase, found in topics.items())


@cache
def _starts() -> PhraseTable[str]:
    return PhraseTable((phrase, phrase) for phrase in _content()["administrative"]["starts"])


@cache
def _endings() -> tuple[str, ...]:
    return tuple(_content()["procedure"]["endings"])


def find_topics(words: list[Token]) -> frozenset[str]:
    """Name the topics (the tables of `topics.toml`) that a sentence holds.

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
