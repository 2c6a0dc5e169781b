"""Words that say how a thing is (how bad, which way, since when), each bound to the thing that it describes.

A dimension ("Severity") has values that exclude one another ("mild", "severe"), each with its phrases, as
data (`lexicons/severity.toml` and its like). A claim is doubted only where it and its sources speak of one
thing and give it another value: "severe headache" against "mild headache and severe nausea".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from inference.checking.case import Case
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.tokens import stem
from inference.vocabulary import Severity

LISTS = ("severity", "directions", "timing", "acts")


class Dimension(NamedTuple):
    """A question with answers that exclude one another.

    Attributes:
        label: how a message names it.
        severity: of a contradiction.
        alone: its words are things themselves and need no thing beside them.
        alike: pairs of values that one thing can have at once.
        kinds: of the things that it can describe ("test", "drug"); empty for any.
        anywhere: the claim's value counts wherever in the note it stands: a test can be ordered in one
            sentence and reported in another.
        doubted: phrases of a claim that are compared; empty for all.
        needs: phrases that a claim may use only where the note grades that thing so.
    """

    name: str
    list: str
    label: str
    severity: Severity
    alone: bool
    alike: frozenset[frozenset[str]]
    kinds: frozenset[str]
    anywhere: bool
    doubted: frozenset[str]
    needs: frozenset[str]

    def agrees(self, one: Iterable[str], other: Iterable[str]) -> bool:
        """Tell whether some value of one side can stand beside some value of the other."""
        return any(a == b or frozenset((a, b)) in self.alike for a in one for b in other)


class Qualifier(NamedTuple):
    """A value, or several, given at tokens[first:past], half-open; `is_denied`: "not severe"."""

    dimension: str
    values: frozenset[str]
    first: int
    past: int
    is_denied: bool


class Match(NamedTuple):
    """A qualifier of a source that describes the same thing: `score` is higher the closer it is bound."""

    source: Reading
    qualifier: Qualifier
    score: float


def find_qualifiers(reading: Reading, list_name: str) -> list[Qualifier]:
    """Find the qualifiers of one list in a text, in its order; parts of a thing's own name are none."""
    named = [(mention.first, mention.past) for mention in reading.concepts]
    named += [(drug.first, drug.past) for drug in reading.drugs]
    inside = {
        index: past - first
        for first, past in named
        if past - first > 1 and not _is_plain(reading, first, past)
        for index in range(first, past)
    }
    dimensions = _dimensions()
    found = []
    for values, first, past in _table(list_name).find(reading.words):
        is_part = inside.get(first, 0) > past - first
        is_denied = bool(reading.senses.of[first] & Sense.NEGATED) and first in reading.senses.negated_by
        is_denied = is_denied or (first > 0 and reading.words[first - 1].lower in _NOT)
        for name, meant in values:
            if "neither" in meant or (is_part and not dimensions[name].alone):
                continue
            chosen = _in_context(name, meant, reading, first, past)
            if chosen is not None:
                found.append(Qualifier(chosen, meant, first, past, is_denied))
    return found


def contradictions(case: Case, list_name: str) -> list[Flag]:
    """Flag each qualifier of the claim that its sources give another value for the same thing."""
    flags = []
    for ours in find_qualifiers(case.claim, list_name):
        dimension = _dimensions()[ours.dimension]
        if ours.is_denied or (dimension.doubted and _written(case.claim, ours) not in dimension.doubted):
            continue
        same, other = _best(case, ours, dimension)
        if other is not None and (same is None or same.score < _SURE * other.score):
            if other.score < _TOUCH:
                continue
            flags.append(_contradiction(case, ours, other, dimension))
        elif other is None and same is None and _lacks(case, ours, dimension):
            flags.append(_unsupported(case, ours, dimension))
    return flags


_NOT = frozenset({"not", "never", "non"})
_TOUCH = 0.2  # least closeness of a source's qualifier to the shared thing, from which it can contradict
_SURE = 0.6  # share of that closeness at which the claim's own value, found in the source, settles the matter
_REACH = 5  # content words from a qualifier within which it may describe
_STRONG = frozenset(".;!•·")
# So many content words do these count for.
_BREAKS = {
    **dict.fromkeys(",/()-–—", 2),
    **dict.fromkeys(("and", "or", "which", "then"), 2),
    **dict.fromkeys(("with", ":"), 1),
    **dict.fromkeys(("but", "however", "although", "though", "whereas", "while", "otherwise"), 3),
}


def _best(case: Case, ours: Qualifier, dimension: Dimension) -> tuple[Match | None, Match | None]:
    """The closest qualifier of the sources that agrees, and the closest that does not."""
    near = bound(case.claim, dimension)[ours]
    if dimension.kinds:
        near = {name: near[name] for name in near.keys() & _things(case.claim, dimension.kinds)}
    same: Match | None = None
    other: Match | None = None
    cited = {source.number for source in case.sources}
    others = (
        {r.number: r for name in near for r in case.around.holding.get(name, ())}
        if dimension.anywhere
        else {}
    )
    for source in (*case.sources, *(r for number, r in others.items() if number not in cited)):
        for theirs, around in bound(source, dimension).items():
            score = sum(1 / (1 + near[name] + around[name]) for name in near.keys() & around.keys())
            if dimension.alone:
                score = 1.0
            agrees = dimension.agrees(ours.values, theirs.values)
            if not score or (agrees and theirs.is_denied):
                continue  # "not severe" beside "severe" is a matter of negation
            match = Match(source, theirs, score)
            if agrees or theirs.is_denied:  # "no hypokalaemia" says nothing against "hyperkalaemia"
                same = match if same is None or score > same.score else same
            elif source.number in cited:
                other = match if other is None or score > other.score else other
    return same, other


def _things(claim: Reading, kinds: frozenset[str]) -> frozenset[str]:
    """The names of a claim's things of these kinds."""
    drugs = (f"drug:{drug.name}" for drug in claim.drugs if "drug" in kinds)
    return frozenset(
        [*drugs, *(f"={found.concept.name}" for found in claim.concepts if found.concept.kind in kinds)]
    )


def bound(reading: Reading, dimension: Dimension) -> dict[Qualifier, dict[str, int]]:
    """The qualifiers of one dimension, each with what it describes: a thing belongs to the closest one."""
    is_claim = not reading.number
    names = _names(reading, is_claim=is_claim)
    found = {
        qualifier: nearby(reading, qualifier, names)
        for qualifier in find_qualifiers(reading, dimension.list)
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


def nearby(reading: Reading, at: Qualifier, names: Mapping[int, Sequence[str]]) -> dict[str, int]:
    """What a qualifier may describe, by name, with the number of content words between them."""
    found: dict[str, int] = {}
    for path in (range(at.first - 1, -1, -1), range(at.past, len(reading.words))):
        distance = 0
        for index in path:
            lower = reading.words[index].lower
            if lower in _STRONG or distance > _REACH:
                break
            distance += _BREAKS.get(lower, 0)
            for name in names.get(index, ()):
                found[name] = min(distance, found.get(name, distance))
            distance += index in reading.stems
    return found


def _names(reading: Reading, *, is_claim: bool) -> dict[int, list[str]]:
    """The names of what stands at each token; of a claim's concepts only their own, not the wider ones."""
    own = {f"={mention.concept.name}" for mention in reading.concepts} if is_claim else frozenset()
    names: dict[int, list[str]] = {}
    for name, spans in reading.places.items():
        if name in _plain() or (is_claim and name[0] == "=" and name not in own):
            continue
        for first, past in spans:
            if name[0] == "=" and _is_plain(reading, first, past):
                continue
            for index in range(first, past):
                names.setdefault(index, []).append(name)
    return names


def _is_plain(reading: Reading, first: int, past: int) -> bool:
    """Tell whether words only frame or grade: "appears unchanged", "getting worse"."""
    return all(index not in reading.stems or reading.stems[index] in _plain() for index in range(first, past))


def _written(claim: Reading, ours: Qualifier) -> str:
    words = claim.words[ours.first : ours.past]
    return claim.text[words[0].start : words[-1].end].lower()


def _lacks(case: Case, ours: Qualifier, dimension: Dimension) -> bool:
    """Tell whether the note nowhere says so of the thing, though the words are such as must be said."""
    if _written(case.claim, ours) not in dimension.needs:
        return False
    holding = case.around.holding
    near = bound(case.claim, dimension)[ours]
    spoken = {id(reading): reading for name in near for reading in holding.get(name, ())}
    if not near or not spoken:
        return False
    return not any(
        theirs.dimension == ours.dimension and dimension.agrees(ours.values, theirs.values)
        for reading in (*spoken.values(), *case.sources)
        for theirs in find_qualifiers(reading, dimension.list)
    )


def _contradiction(case: Case, ours: Qualifier, other: Match, dimension: Dimension) -> Flag:
    claim, source = case.claim, other.source
    return Flag(
        dimension.list,
        dimension.severity,
        f"{dimension.label}: the claim says {quoted(phrase(claim, ours.first, ours.past))}; "
        f"sentence {source.number} says "
        f"{quoted(phrase(source, other.qualifier.first, other.qualifier.past))}.",
        frozenset(range(ours.first, ours.past)),
    )


def _unsupported(case: Case, ours: Qualifier, dimension: Dimension) -> Flag:
    return Flag(
        dimension.list,
        Severity.WARNING,
        f"{dimension.label}: the claim says {quoted(phrase(case.claim, ours.first, ours.past))}; "
        "the note does not put it so.",
        frozenset(range(ours.first, ours.past)),
    )


def phrase(reading: Reading, first: int, past: int) -> str:
    """Some words of a text with two neighbours on either side, as written."""
    words = reading.words
    return reading.text[words[max(0, first - 2)].start : words[min(len(words), past + 2) - 1].end]


# Behind "worse" and "better" these tell what makes a thing so, not which way it goes.
_AFTER = frozenset(
    {
        *("with", "on", "at", "when", "by", "during", "upon", "while", "if", "after", "in", "lying"),
        *("sitting", "standing", "walking", "moving", "eating", "leaning", "bending", "coughing", "first"),
    }
)


_EITHER_WAY = frozenset({"better", "worse"})


def _in_context(name: str, values: frozenset[str], reading: Reading, first: int, past: int) -> str | None:
    """The dimension that a phrase answers here, None where it answers none."""
    words = reading.words
    following = words[past].lower if past < len(words) else ""
    before = words[first - 1].lower if first else ""
    if name in ("trend", "modifier"):
        is_modifier = following in _AFTER and values <= _EITHER_WAY
        return name if is_modifier == (name == "modifier") else None
    if name == "degree" and following in ("for", "improvement", "better", "improved", "other"):
        return None  # "history significant for", "significantly better"
    if before in ("more", "less", "most", "least") and name in ("degree", "oftenness"):
        return None
    return name


def _hits(phrases: Iterable[str]) -> Iterator[str]:
    for written in phrases:
        yield written
        if "-" in written:
            yield written.replace("-", " ")


@cache
def _dimensions() -> dict[str, Dimension]:
    return {
        name: Dimension(
            name,
            list_name,
            entry["label"],
            Severity(entry["severity"]),
            entry.get("alone", False),
            frozenset(frozenset(pair) for pair in entry.get("alike", ())),
            frozenset(entry.get("kinds", ())),
            entry.get("anywhere", False),
            frozenset(entry.get("doubted", ())),
            frozenset(entry.get("needs", ())),
        )
        for list_name in LISTS
        for name, entry in lexicon(list_name)["dimensions"].items()
    }


@cache
def _table(list_name: str) -> PhraseTable[tuple[tuple[str, frozenset[str]], ...]]:
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
def _plain() -> frozenset[str]:
    """Stems that name no thing: words of framing, grading and time."""
    words = lexicon("words")
    written = {word for key in ("weak", "frame", "general") for word in words[key].split()}
    for list_name in LISTS:
        for entry in lexicon(list_name)["dimensions"].values():
            if not entry.get("alone", False):
                written |= {phrase for phrases in entry["values"].values() for phrase in phrases}
    return frozenset(stem(word) for word in written)
