"""Questions with answers that exclude one another, and the phrases that answer them, as data.

Each list is a file of `lexicons` with its dimensions: severity, directions, timing, acts, sides.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import stem
from inference.vocabulary import Severity

LISTS = ("severity", "directions", "timing", "acts", "sides", "people", "sites")


class Dimension(NamedTuple):
    """A question with answers that exclude one another.

    Attributes:
        label: how a message names it.
        severity: of a contradiction.
        kind: of a flag about it.
        inside: it counts within a thing's own name too ("left ventricular hypertrophy").
        leads: its words stand before what they describe ("mother - asthma"), unless "in" or "(" leads them.
        alone: its words are things themselves and need no thing beside them.
        alike: pairs of values that one thing can have at once.
        kinds: of the things that it can describe ("test", "drug"); empty for any.
        anywhere: the claim's value counts wherever in the note it stands: a test can be ordered in one
            sentence and reported in another.
        named: the claim's value counts wherever in the sources it stands: "chest and abdominal pain".
        doubted: phrases of a claim that are compared; empty for all.
        needs: phrases that a claim may use only where the note grades that thing so.
        lone: what a source says once is of the only complaint that it speaks of, however far.
        no_drugs: it is not asked of drugs, of which another check asks more.
        denied: what a value means where it is denied: "not improved" is "unhelped".
    """

    name: str
    list: str
    kind: str
    label: str
    severity: Severity
    alone: bool
    inside: bool
    leads: bool
    alike: frozenset[frozenset[str]]
    kinds: frozenset[str]
    anywhere: bool
    named: bool
    doubted: frozenset[str]
    needs: frozenset[str]
    denied: Mapping[str, str]
    lone: bool
    no_drugs: bool

    def agrees(self, one: Iterable[str], other: Iterable[str]) -> bool:
        """Tell whether some value of one side can stand beside some value of the other."""
        return any(a == b or frozenset((a, b)) in self.alike for a in one for b in other)


@cache
def dimensions() -> dict[str, Dimension]:
    return {
        name: Dimension(
            name,
            list_name,
            entry.get("kind", list_name),
            entry["label"],
            Severity(entry["severity"]),
            entry.get("alone", False),
            entry.get("inside", False),
            entry.get("leads", False),
            frozenset(frozenset(pair) for pair in entry.get("alike", ())),
            frozenset(entry.get("kinds", ())),
            entry.get("anywhere", False),
            entry.get("named", False),
            frozenset(entry.get("doubted", ())),
            frozenset(entry.get("needs", ())),
            entry.get("denied", {}),
            entry.get("lone", False),
            entry.get("no_drugs", False),
        )
        for list_name in LISTS
        for name, entry in lexicon(list_name)["dimensions"].items()
    }


@cache
def table_of(list_name: str) -> PhraseTable[tuple[tuple[str, frozenset[str]], ...]]:
    meanings: dict[str, dict[str, set[str]]] = {}
    for name, entry in lexicon(list_name)["dimensions"].items():
        for value, phrases in entry["values"].items():
            for written in _hits(phrases):
                meanings.setdefault(written, {}).setdefault(name, set()).add(value)
    return PhraseTable(
        (written, tuple((name, frozenset(values)) for name, values in by_dimension.items()))
        for written, by_dimension in meanings.items()
    )


@cache
def plain_stems() -> frozenset[str]:
    """Stems that name no thing: words of framing, grading and time; places of the body are things."""
    words = lexicon("words")
    written = {word for key in ("weak", "frame", "general") for word in words[key].split()}
    for list_name in LISTS:
        for entry in lexicon(list_name)["dimensions"].values():
            if list_name != "sites" and not entry.get("alone", False):
                written |= {phrase for phrases in entry["values"].values() for phrase in phrases}
    return frozenset(stem(word) for word in written)


def _hits(phrases: Iterable[str]) -> Iterator[str]:
    for written in phrases:
        yield written
        if "-" in written:
            yield written.replace("-", " ")
