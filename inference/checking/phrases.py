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
    """Phrases by their first two tokens. A look-up takes time in proportion to the tokens of the text."""

    def __init__(self, entries: Iterable[tuple[str, Value]]) -> None:
        self._single: dict[str, Value] = {}
        self._longer: dict[str, dict[str, list[tuple[tuple[str, ...], Value]]]] = {}
        for phrase, value in entries:
            words = tuple(token.lower for token in tokens(phrase))
            if len(words) == 1:
                self._single.setdefault(words[0], value)
            else:
                self._longer.setdefault(words[0], {}).setdefault(words[1], []).append((words, value))
        for by_second in self._longer.values():
            for candidates in by_second.values():
                candidates.sort(key=lambda candidate: -len(candidate[0]))
        self._first = frozenset({*self._single, *self._longer})

    def find(self, words: Sequence[Token]) -> list[Found[Value]]:
        """Find phrases from left to right, the longest at each place, never overlapping."""
        lowers = [word.lower for word in words]
        if self._first.isdisjoint(lowers):
            return []
        found: list[Found[Value]] = []
        free = 0  # tokens before this one belong to a phrase already
        for index, lower in enumerate(lowers):
            if index >= free and lower in self._first and (hit := self._longest(lowers, index)) is not None:
                found.append(hit)
                free = hit.past
        return found

    def _longest(self, lowers: list[str], index: int) -> Found[Value] | None:
        if index + 1 < len(lowers) and (by_second := self._longer.get(lowers[index])) is not None:
            for phrase, value in by_second.get(lowers[index + 1], ()):
                if len(phrase) == 2 or tuple(lowers[index : index + len(phrase)]) == phrase:
                    return Found(value, index, index + len(phrase))
        if lowers[index] in self._single:
            return Found(self._single[lowers[index]], index, index + 1)
        return None
