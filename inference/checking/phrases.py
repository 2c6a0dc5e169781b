"""Finding listed phrases (drug names, cues) in a row of tokens: longest first, in linear time."""

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from inference.checking.tokens import Token, tokens

Value = TypeVar("Value")


class Found(NamedTuple, Generic[Value]):
    """A phrase at tokens[first:past], half-open, with what the table says about it."""

    value: Value
    first: int
    past: int


class PhraseTable(Generic[Value]):
    """Phrases by their first token. A look-up takes time in proportion to the tokens of the text."""

    def __init__(self, entries: Iterable[tuple[str, Value]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Value]]] = {}
        for phrase, value in entries:
            words = tuple(token.lower for token in tokens(phrase))
            self._by_first.setdefault(words[0], []).append((words, value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, words: Sequence[Token]) -> list[Found[Value]]:
        """Find phrases from left to right, the longest at each place, never overlapping."""
        lowers = [word.lower for word in words]
        if self._by_first.keys().isdisjoint(lowers):
            return []
        found: list[Found[Value]] = []
        free = 0  # tokens before this one belong to a phrase already
        for index, lower in enumerate(lowers):
            if index < free:
                continue
            for phrase, value in self._by_first.get(lower, ()):
                past = index + len(phrase)
                if len(phrase) == 1 or tuple(lowers[index:past]) == phrase:
                    found.append(Found(value, index, past))
                    free = past
                    break
        return found
