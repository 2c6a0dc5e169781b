"""What a number belongs to: the measure before it, the words around it, and the part it plays.

"Goal INR 2-3, today 1.8": 2-3 is the INR's goal, 1.8 its current value. A number's words reach to the next
comma, "and" or number on either side. The words that matter are data (`lexicons/measures.toml`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from inference.checking.abbreviations import expansions
from inference.checking.concepts import Mention, broader
from inference.checking.lexicons import lexicon
from inference.checking.quantities import UNITS, Quantity
from inference.checking.tokens import Token

ROLES = {word: role for role, words in lexicon("measures")["roles"].items() for word in words.split()}
_LINKS, _HARD, _SOFT, _PARTS, _NO_NAMES, _COMPARED = (
    frozenset(lexicon("measures")["words"][key].split())
    for key in ("links", "hard", "soft", "parts", "unnamed", "compared")
)
_OCCASIONS = frozenset({"admission", "discharge"})
_OF_SOMEBODY = frozenset({"his", "her", "their", "your", "my", "patient's"})
_VISITS = frozenset({"visit", "appointment", "review", "consultation", "time", "check", "clinic", "seen"})
_UPS = frozenset({"up", "down", "increased", "decreased", "risen", "fallen", "improved", "rising", "falling"})
_ON_WITH = frozenset({",", ">", "→"})  # "Hb 118 pre-op, 79 post-op": 79 is of the Hb too
_WORD = 3  # letters from which a word before a full stop ends a sentence
_RUN = 6  # tokens between numbers of one run
_BACK = 8  # tokens before a number in which its part may be told
_ON = 4  # tokens behind it
_TO_MEASURE = 6  # tokens between a measure and its value


class Owner(NamedTuple):
    """What a number belongs to.

    Attributes:
        quantity: the number.
        first: its first token.
        past: one past its last token.
        label: names of the word right before it, over "is", "of" and the like; empty if there is none.
        near: names of the words around it, up to a comma, "and" or another number.
        role: "goal", "baseline", "current", …; "" where nothing tells.
    """

    quantity: Quantity
    first: int
    past: int
    label: frozenset[str]
    near: frozenset[str]
    role: str


def are_of_one(some: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether names speak of one thing, or of a kind of it: systolic pressure is a blood pressure."""
    if not some or not others:
        return False
    return not some.isdisjoint(others) or not (
        _wider(some).isdisjoint(others) and some.isdisjoint(_wider(others))
    )


def _wider(names: frozenset[str]) -> frozenset[str]:
    return frozenset[str]().union(*(_above(name[1:]) for name in names if name[0] == "="))


@cache
def _above(name: str) -> frozenset[str]:
    return frozenset(f"={wide}" for wide in broader(name))


def _names(stems: Mapping[int, str], concepts: Sequence[Mention]) -> dict[int, set[str]]:
    """Names of each token: its stem and what it stands for; of a test's words only the test's."""
    names: dict[int, set[str]] = {}
    for index, word in stems.items():
        if word not in _NO_NAMES and word not in ROLES and word not in UNITS:
            names[index] = {word, *expansions().get(word, ())}
    for mention in concepts:
        if mention.concept.name in _OCCASIONS:  # "134 at d/c" is no discharge
            for index in range(mention.first, mention.past):
                names.pop(index, None)
            continue
        own = f"={mention.concept.name}"
        for index in range(mention.first, mention.past):
            if mention.concept.kind == "test" and mention.past - mention.first > 1:
                names[index] = {own}  # "rate" is no name of the heart rate
            else:
                names.setdefault(index, set()).add(own)
    return names


def owners(
    words: Sequence[Token],
    found: Sequence[Quantity],
    stems: Mapping[int, str],
    concepts: Sequence[Mention],
    *,
    is_row: bool = False,
) -> list[Owner]:
    """Tell of each number what it belongs to. Linear in the words.

    Args:
        words: the text's tokens.
        found: its quantities, from left to right.
        stems: its content words by token.
        concepts: the concepts that it names.
        is_row: a table's row, whose first cell names what all its numbers belong to.
    """
    if not found:
        return []
    names = _names(stems, concepts)
    parts = {
        index
        for mention in concepts
        if mention.past - mention.first > 1 and mention.concept.kind == "test"
        for index in range(mention.first, mention.past)
    }
    words = [_plain(words, index, index in parts) for index in range(len(words))]
    starts = [word.start for word in words]
    edges = [(max(bisect_right(starts, q.start) - 1, 0), bisect_left(starts, q.end)) for q in found]
    row = _row_name(words, names) if is_row else frozenset[str]()
    ends = [0, *(past for _, past in edges)]
    labels = [
        row or _label(words, names, low, first) for low, (first, _) in zip(ends[:-1], edges, strict=True)
    ]
    result: list[Owner] = []
    group = 0  # where the run of numbers began that share a label: "Na 131, 135", "from 12 to 16 units"
    taken = 0  # one past the last word that tells the part of the number before
    for place, (quantity, (first, past)) in enumerate(zip(found, edges, strict=True)):
        low = ends[place]
        high = edges[place + 1][0] if place + 1 < len(edges) else len(words)
        if place and not _goes_on(words, low, first):
            _share(result, group)
            group = place
        label = labels[place]
        if not label and place and (group < place or words[first - 1].lower in _ON_WITH):
            label = result[-1].label
        near = (
            _near(words, names, low, first, past, high) | row | (label if not labels[place] else frozenset())
        )
        if label and place + 1 < len(labels):  # "HR 88 RR 16": the rate of breathing is not 88's
            near = (near - labels[place + 1]) | label
        role, taken = _role(words, max(low, taken), first, past, high)
        result.append(Owner(quantity, first, past, label, near, role))
    _share(result, group)
    return result


def _plain(words: Sequence[Token], index: int, is_of_name: bool) -> Token:
    """A word as it tells of a number: a stop behind "Dr." ends nothing, the "peak" of a flow is no part."""
    word = words[index]
    before = words[index - 1].lower if index else ""
    following = words[index + 1].lower if index + 1 < len(words) else ""
    if is_of_name and word.lower in ROLES:
        return word._replace(lower="_")
    if word.lower == "normal" and before in _OF_SOMEBODY:
        return word._replace(lower="usual")
    if word.lower == "last" and following in _VISITS:
        return word._replace(lower="previous")
    if word.lower == "from" and before in _UPS:
        return word._replace(lower="formerly")
    if word.lower == "/" and before == "d" and following == "c":
        return word._replace(lower="discharge")
    if (
        word.lower == "."
        and index
        and len(words[index - 1].lower) < _WORD
        and words[index - 1].lower.isalpha()
    ):
        return word._replace(lower="_")
    return word


def _goes_on(words: Sequence[Token], low: int, first: int) -> bool:
    """Tell whether nothing between two numbers names another thing."""
    between = words[low:first]
    return len(between) <= _RUN and all(w.lower in _LINKS or w.lower in ROLES for w in between)


def _share(found: list[Owner], group: int) -> None:
    """Give the numbers of a run, from `group` on, each other's words."""
    if len(found) - group > 1:
        near = frozenset[str]().union(*(owner.near for owner in found[group:]))
        found[group:] = [owner._replace(near=near) for owner in found[group:]]


def _row_name(words: Sequence[Token], names: dict[int, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    for index, word in enumerate(words):
        if word.lower in (":", ","):
            break
        found |= names.get(index, set())
    return frozenset(found)


def _label(words: Sequence[Token], names: dict[int, set[str]], low: int, first: int) -> frozenset[str]:
    for index in range(first - 1, max(low, first - _TO_MEASURE) - 1, -1):
        if index in names and words[index].lower not in _LINKS:
            return frozenset(names[index])
        lower = words[index].lower
        if lower in _HARD or lower in (",", ")") or (lower not in _LINKS and lower not in ROLES):
            break
    return frozenset()


def _near(
    words: Sequence[Token], names: dict[int, set[str]], low: int, first: int, past: int, high: int
) -> frozenset[str]:
    found: set[str] = set()
    for index in range(past, high):
        if words[index].lower in _HARD or words[index].lower in _SOFT or words[index].lower == ":":
            break
        found |= names.get(index, set())
    for index in range(first - 1, low - 1, -1):
        lower = words[index].lower
        if lower in _HARD or (found and (lower in _SOFT or lower == ":")):
            break
        found |= names.get(index, set())
    return frozenset(found)


def _is_compared(words: Sequence[Token], index: int) -> bool:
    """Tell whether a value is only set beside such a part: "near baseline at 88", "3 over the admission"."""
    return index > 0 and words[index - 1].lower in _COMPARED


def _role(words: Sequence[Token], low: int, first: int, past: int, high: int) -> tuple[str, int]:
    """The part that one of the few words behind a number tells, or the nearest before it.

    Returns:
        The part, "" where nothing tells, and one past the last word behind the number that it took.
    """
    for index in range(past, min(high, past + _ON)):
        lower = words[index].lower
        if lower in _HARD or lower in _SOFT or lower in _PARTS:
            break
        if index + 1 < len(words) and words[index + 1].lower in (":", "="):
            break  # "03/02 Discharged: 09/02"
        if lower in ROLES and not _is_compared(words, index):
            return ROLES[lower], index + 1
    for index in range(first - 1, max(low, first - _BACK) - 1, -1):
        lower = words[index].lower
        if lower in _HARD:
            break
        if lower in ROLES and not _is_compared(words, index):
            return ROLES[lower], past
        if lower == "was" and index and words[index - 1].lower == "(":  # "Hb 71 (was 139)"
            return "previous", past
    return "", past
