"""Words that say how a thing is (how bad, which way, since when), each bound to the thing that it describes.

In "mild headache and severe nausea" the headache belongs to "mild": a thing belongs to the closest word that
answers the same question (`dimensions`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from inference.checking.concepts import broader
from inference.checking.dimensions import Dimension, dimensions, plain_stems, table_of
from inference.checking.scopes import Sense
from inference.checking.stages import Clause, clauses

if TYPE_CHECKING:
    from inference.checking.reading import Reading


class Qualifier(NamedTuple):
    """A value, or several, given at tokens[first:past], half-open; `is_denied`: "not severe"."""

    dimension: str
    values: frozenset[str]
    first: int
    past: int
    is_denied: bool


_NOT = frozenset({"not", "never", "non"})
_REACH = 5  # content words from a qualifier within which it may describe
_TOKENS = 20  # and tokens of any kind
_BACK = 3  # content words that going back counts for where the words lead
_CONTRASTS = frozenset(
    {"but", "however", "although", "though", "whereas", "while", "better", "worse", "then"}
)
_NEAR_DENIAL = 3  # tokens between a denial and the word that it turns round: "without any improvement"
_NOW = frozenset({"now", "currently", "still", "presently"})
_COPULAS = frozenset({"is", "are", "was", "were", "be", "been", "has", "have", "had", "being"})
_CLOSES = frozenset(".;,)!")
_JOINS = frozenset({"and", "but", "with", "while", "however", "although"})
_MOST = 50  # qualifiers of one list in a text that are compared: more stand in no sentence
_STRONG = frozenset(".;!•·")
# So many content words do these count for.
_BREAKS = {
    **dict.fromkeys(",/()-–—", 2),
    **dict.fromkeys(("and", "or", "which", "then"), 2),
    **dict.fromkeys(("with", ":"), 1),
    **dict.fromkeys(("but", "however", "although", "though", "whereas", "while", "otherwise"), 3),
}


class Qualifiers:
    """The qualifiers of one text, found when first asked for."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._of_list: dict[str, list[Qualifier]] = {}
        self._bound: dict[str, dict[Qualifier, dict[str, int]]] = {}

    @cached_property
    def clauses(self) -> list[Clause]:
        """The clauses of the text with how far acts have come in them."""
        return clauses(self._reading)

    def of(self, list_name: str) -> list[Qualifier]:
        """Those of one list, in the order of the text; parts of a thing's own name are none."""
        if list_name not in self._of_list:
            self._of_list[list_name] = self._find(list_name)
        return self._of_list[list_name]

    def bound(self, dimension: Dimension) -> dict[Qualifier, dict[str, int]]:
        """Those of one dimension, each with what it describes: names, and the content words between them."""
        if dimension.name not in self._bound:
            self._bound[dimension.name] = self._bind(dimension)
        return self._bound[dimension.name]

    def _find(self, list_name: str) -> list[Qualifier]:
        reading = self._reading
        found = []
        for values, first, past in table_of(list_name).find(reading.words)[:_MOST]:
            is_part = self._inside.get(first, 0) > past - first
            is_denied = bool(reading.senses.of[first] & Sense.NEGATED) and first in reading.senses.negated_by
            is_denied = is_denied or (first > 0 and reading.words[first - 1].lower in _NOT)
            for name, meant in values:
                dimension = dimensions()[name]
                if "neither" in meant or (is_part and not (dimension.alone or dimension.inside)):
                    continue
                if not _counts(name, meant, reading, first, past):
                    continue
                if is_denied and first - reading.senses.negated_by.get(first, first - 1) <= _NEAR_DENIAL:
                    turned = frozenset(dimension.denied.get(value, "") for value in meant) - {""}
                    if turned:
                        found.append(Qualifier(name, turned, first, past, is_denied=False))
                        continue
                found.append(Qualifier(name, meant, first, past, is_denied))
        if list_name == "directions":
            found += _weights(reading)
        return _joined(reading, found)

    @cached_property
    def _inside(self) -> dict[int, int]:
        """The length of the thing's name that a token is part of."""
        named = [(mention.first, mention.past) for mention in self._reading.concepts]
        named += [(drug.first, drug.past) for drug in self._reading.drugs]
        return {
            index: past - first
            for first, past in named
            if past - first > 1 and not _is_plain(self._reading, first, past)
            for index in range(first, past)
        }

    def _bind(self, dimension: Dimension) -> dict[Qualifier, dict[str, int]]:
        found = {
            qualifier: self._triggers(qualifier)
            if dimension.name == "modifier"
            else self._nearby(qualifier, back=_BACK if dimension.leads else 0)
            for qualifier in self.of(dimension.list)
            if qualifier.dimension == dimension.name
        }
        closest: dict[str, int] = {}
        for near in found.values():
            for name, distance in near.items():
                closest[name] = min(distance, closest.get(name, distance))
        return {
            qualifier: {name: distance for name, distance in near.items() if distance == closest[name]}
            for qualifier, near in found.items()
        }

    def _triggers(self, at: Qualifier) -> dict[str, int]:
        """What makes a thing better or worse: the words behind, plain ones too ("worse with standing")."""
        reading = self._reading
        found: dict[str, int] = {}
        for index in range(at.past, min(len(reading.words), at.past + _TOKENS)):
            lower = reading.words[index].lower
            if lower in _STRONG or lower in ",()" or lower in _CONTRASTS:
                break
            if index in reading.stems:
                found.setdefault(reading.stems[index], 0)
        return found

    def _nearby(self, at: Qualifier, *, back: int) -> dict[str, int]:
        reading, names = self._reading, self._names
        found: dict[str, int] = {}
        last = min(len(reading.words), at.past + _TOKENS)
        before = [reading.words[index].lower for index in range(max(0, at.first - 2), at.first)]
        if {"in", "(", "of", "with"}.intersection(before):
            back = 0
        is_behind, is_ahead = self._sides(at)
        for path, distance in (
            (range(at.first - 1, max(-1, at.first - 1 - _TOKENS), -1) if is_behind else range(0), back),
            (range(at.past, last) if is_ahead else range(0), 0),
        ):
            for index in path:
                lower = reading.words[index].lower
                if lower in _STRONG or distance > _REACH:
                    break
                distance += _BREAKS.get(lower, 0)
                for name in names.get(index, ()):
                    found[name] = min(distance, found.get(name, distance))
                distance += index in reading.stems
        return found

    def _sides(self, at: Qualifier) -> tuple[bool, bool]:
        """Where a qualifier's thing can stand, before and behind it: "the low sodium" and "BP low;".

        Words of time behind a comma ("finished in May, now well") look ahead only.
        """
        dimension = dimensions()[at.dimension]
        if dimension.list not in ("severity", "directions", "timing") or dimension.leads:
            return True, True
        reading = self._reading
        before = reading.words[at.first - 1].lower if at.first else ","
        after = reading.words[at.past].lower if at.past < len(reading.words) else "."
        if dimension.list == "timing":
            is_now = reading.words[at.first].lower in _NOW and at.past - at.first == 1
            return not (is_now and before in ",;(" and after[0].isalpha()), True
        is_noun_before = at.first - 1 in reading.stems or before[0].isdecimal()
        is_noun_behind = at.past in reading.stems and not _is_plain(reading, at.past, at.past + 1)
        if is_noun_behind and not is_noun_before and before not in _COPULAS:
            return False, True
        if is_noun_before and (after in _CLOSES or after in _JOINS):
            return True, False
        return True, True

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        """The names of what stands at each token; of a claim's concepts their own, not the wider ones."""
        reading = self._reading
        is_claim = not reading.number
        named = {f"={mention.concept.name}" for mention in reading.concepts} if is_claim else frozenset()
        complaints = {
            mention.first for mention in reading.concepts if mention.concept.kind in ("symptom", "condition")
        }
        names: dict[int, list[str]] = {}
        for mention in reading.concepts:  # "pain" in the note may be the claim's "toe pain"
            own = broader(mention.concept.name) if is_claim else {mention.concept.name}
            if mention.first in complaints:
                for index in range(mention.first, mention.past):
                    names.setdefault(index, []).extend(f"^{name}" for name in own)
        for name, spans in reading.places.items():
            if name in plain_stems() or (is_claim and name[0] == "=" and name not in named):
                continue
            for first, past in spans:
                if name[0] == "=" and first not in complaints and _is_plain(reading, first, past):
                    continue
                for index in range(first, past):
                    names.setdefault(index, []).append(name)
        return names


def _weights(reading: Reading) -> list[Qualifier]:
    """Weight put on or lost, told by its amount: "lost two stone"."""
    words = reading.words[: _TOKENS * _MOST]
    found = []
    for index, word in enumerate(words):
        if (value := _WEIGHING.get(word.lower)) is None:
            continue
        if word.lower in ("up", "down", "put") and not _MOVES.intersection(
            other.lower for other in words[max(0, index - 2) : index + 2] if other is not word
        ):
            continue
        if any(other.lower in _MASSES for other in words[index + 1 : index + 1 + _AMOUNT]):
            found.append(Qualifier("weight", frozenset({value}), index, index + 1, is_denied=False))
    return found


_WEIGHING = {
    **dict.fromkeys(("gained", "gaining", "gain", "regained", "put", "up"), "gain"),
    **dict.fromkeys(("lost", "losing", "lose", "shed", "down"), "loss"),
}
_MOVES = frozenset({"weight", "wt", "on", "is"})
_MASSES = frozenset({"lb", "lbs", "pound", "pounds", "kg", "kgs", "kilos", "kilograms", "stone", "stones"})
_AMOUNT = 7  # tokens: "between 15 and 18 pounds"


def _joined(reading: Reading, found: list[Qualifier]) -> list[Qualifier]:
    """Give both their values to two that are told as one: "active and passive", "upper/lower"."""
    joined = list(found)
    last: dict[str, int] = {}
    for at, qualifier in enumerate(found):
        before = last.get(qualifier.dimension)
        last[qualifier.dimension] = at
        if before is None:
            continue
        between = reading.words[found[before].past : qualifier.first]
        if len(between) == 1 and between[0].lower in _BOTH and not qualifier.is_denied:
            values = joined[before].values | qualifier.values
            joined[before] = joined[before]._replace(values=values)
            joined[at] = qualifier._replace(values=values)
    return joined


_BOTH = frozenset({"and", "or", "/", "&"})


def _is_plain(reading: Reading, first: int, past: int) -> bool:
    """Tell whether words only frame or grade: "appears unchanged", "getting worse"."""
    return all(
        index not in reading.stems or reading.stems[index] in plain_stems() for index in range(first, past)
    )


# Behind "worse" and "better" these tell what makes a thing so, not which way it goes.
_AFTER = frozenset(
    {
        *("with", "on", "at", "when", "by", "during", "upon", "while", "if", "after", "in", "lying"),
        *("sitting", "standing", "walking", "moving", "eating", "leaning", "bending", "coughing", "first"),
    }
)


_LEAVERS = frozenset({"he", "she", "they", "who", "patient", "has", "had", "pt"})
_LEFT_WHAT = frozenset(
    {"the", "hospital", "against", "ama", "home", "a", "work", "school", "early", "before"}
)
_SOON = frozenset({"now", "away", "after", "before"})
_HANDED = frozenset({"handed", "dominant", "handedness", "dominance"})


def _is_side(reading: Reading, first: int, past: int) -> bool:
    """Tell a side from "left the hospital", "right away", "4 L", "twice od" and from the dominant hand."""
    words, text = reading.words, reading.text
    word = words[first]
    before = words[first - 1].lower if first else ""
    after = [words[index].lower for index in range(past, min(past + 4, len(words)))]
    following = after[0] if after else ""
    if word.lower in ("l", "r", "os", "od", "ou"):
        if text[word.start : word.end] != word.lower.upper() or before[:1].isdigit():
            return False
        if len(word.lower) == 1:
            return following[:1].isalpha()
        return bool({"=eye", "=vision"} & reading.places.keys())
    if word.lower == "left" and (before in _LEAVERS or following in _LEFT_WHAT):
        return False
    return not (word.lower == "right" and following in _SOON) and _HANDED.isdisjoint(after)


_COMES = frozenset(
    {"came", "come", "comes", "coming", "go", "going", "went", "get", "gets", "got", "getting", "is"}
)
_BACK_TO = frozenset({"to", "in", "for", "on", "from", "by", "up", "and"})
_HAPPENED = frozenset({"improved", "worsened", "deteriorated", "settled", "resolved"})
_EITHER_WAY = frozenset({"better", "worse"})


def _counts(name: str, values: frozenset[str], reading: Reading, first: int, past: int) -> bool:
    """Tell whether a phrase answers a question here: not "history significant for" nor "worse on walking"."""
    words = reading.words
    following = words[past].lower if past < len(words) else ""
    before = words[first - 1].lower if first else ""
    if name in ("trend", "modifier"):
        is_modifier = following in _AFTER and values <= _EITHER_WAY
        if is_modifier and name == "trend" and words[first].lower in _HAPPENED:
            return True
        return is_modifier == (name == "modifier")
    if name == "part" and words[first].lower == "back":
        return before not in _COMES and following not in _BACK_TO
    if name == "side":
        return _is_side(reading, first, past)
    if name == "degree" and following in ("for", "improvement", "better", "improved", "other"):
        return False  # "history significant for", "significantly better"
    return not (before in ("more", "less", "most", "least") and name in ("degree", "oftenness"))


def phrase(reading: Reading, first: int, past: int) -> str:
    """Some words of a text with two neighbours on either side, as written."""
    words = reading.words
    return reading.text[words[max(0, first - 2)].start : words[min(len(words), past + 2) - 1].end]
