"""A claim that answers a question about a thing in another way than its sources answer it.

It is doubted only where both speak of one thing: "severe headache" against "mild headache and severe nausea".
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from inference.checking.case import Case
from inference.checking.concepts import broader
from inference.checking.dimensions import Dimension, dimensions
from inference.checking.flags import Flag, quoted
from inference.checking.qualifiers import Qualifier, phrase
from inference.checking.quantities import is_same
from inference.checking.reading import Reading
from inference.checking.tokens import stem
from inference.checking.trends import aim
from inference.vocabulary import Severity


class Match(NamedTuple):
    """A qualifier of a source that describes the same thing: `score` is higher the closer it is bound."""

    source: Reading
    qualifier: Qualifier
    score: float


def contradictions(case: Case, list_name: str, *, but: frozenset[int] = frozenset()) -> list[Flag]:
    """Flag each qualifier of the claim, `but` those tokens, whose thing has another value in its sources."""
    flags: list[Flag] = []
    found = case.claim.qualifiers.of(list_name)
    if not found or any(source.text == case.claim.text for source in case.sources):
        return flags
    for ours in found:
        dimension = dimensions()[ours.dimension]
        if (
            ours.is_denied
            or (ours.first in but and not dimension.no_drugs)
            or (dimension.doubted and _written(case.claim, ours) not in dimension.doubted)
        ):
            continue
        same, other = _best(case, ours, dimension)
        sure = _SURE / 2 if dimension.anywhere else _SURE
        if other is not None and (same is None or same.score < sure * other.score):
            if other.score < _TOUCH or _has_another_aim(case.claim, ours, other, dimension):
                continue
            flags.append(_contradiction(case, ours, other, dimension))
        elif other is None and same is None and _lacks(case, ours, dimension):
            flags.append(_unsupported(case, ours, dimension))
    return flags


_TOUCH = 0.2  # least closeness of a source's qualifier to the shared thing, from which it can contradict
_SURE = 0.6  # share of that closeness at which the claim's own value, found in the source, settles the matter


def _best(case: Case, ours: Qualifier, dimension: Dimension) -> tuple[Match | None, Match | None]:
    """The closest qualifier of the sources that agrees, and the closest that does not."""
    near = case.claim.qualifiers.bound(dimension)[ours]
    if dimension.no_drugs:
        near = {name: near[name] for name in near.keys() - _drug_names(case.claim)}
    if dimension.kinds:
        near = {name: near[name] for name in near.keys() & _things(case.claim, dimension.kinds)}
    same, other = _closest(case.sources, ours, near, dimension)
    if same is None and other is None and dimension.no_drugs and not near:
        same, other = _of_the_next_words(case, ours, dimension)
    if same is None and other is None and dimension.lone:
        same, other = _of_the_only_thing(case, ours, near, dimension)
    if (
        other is not None
        and dimension.named
        and any(
            theirs.dimension == dimension.name and dimension.agrees(ours.values, theirs.values)
            for source in case.sources
            for theirs in source.qualifiers.of(dimension.list)
        )
    ):
        return None, None
    if other is None or not dimension.anywhere or (same is not None and same.score >= _SURE * other.score):
        return same, other
    cited = {source.number for source in case.sources}
    elsewhere = {
        reading.number: reading
        for name in near
        for reading in case.around.holding.get(name, ())
        if reading.number not in cited
    }
    so, _ = _closest(elsewhere.values(), ours, near, dimension)
    return max((match for match in (same, so) if match is not None), key=_score, default=None), other


def _of_the_only_thing(
    case: Case, ours: Qualifier, near: Mapping[str, int], dimension: Dimension
) -> tuple[Match | None, Match | None]:
    """As `_closest`, of a source that says it once, however far from the only complaint that it speaks of.

    A source that names no complaint ("it has worsened since") goes on about that of the sentence before it.
    """
    same: Match | None = None
    other: Match | None = None
    names = _complaints(case.claim)
    for source in _with_afterthoughts(case):
        told = [found for found in source.qualifiers.of(dimension.list) if found.dimension == dimension.name]
        if len({found.values for found in told}) != 1:
            continue
        about = _complaints(source)
        if not about and source.number > 1 and _is_short(source):
            about = _complaints(case.around.sentence(source.number - 1))
        elif not about and _PRONOUNS.intersection(word.lower for word in source.words[: told[0].first]):
            about = _complaints(case.around.sentence(source.number - 1)) if source.number > 1 else about
        if (names or case.claim.concepts) and (
            len(about) != 1 or near.keys().isdisjoint((f"={about[0]}", f"^{about[0]}"))
        ):
            continue
        match = Match(source, told[0], _LONE)
        if told[0].is_denied or dimension.agrees(ours.values, told[0].values):
            same = match
        else:
            other = match
    return same, other


def _of_the_next_words(
    case: Case, ours: Qualifier, dimension: Dimension
) -> tuple[Match | None, Match | None]:
    """As `_closest`, of words that name no thing: "stop her current regimen" for "continue" it."""
    same: Match | None = None
    other: Match | None = None
    behind = _next_stems(case.claim, ours)
    for source in case.sources:
        for theirs in source.qualifiers.of(dimension.list):
            if theirs.dimension != dimension.name or not behind & _next_stems(source, theirs):
                continue
            if dimension.agrees(ours.values, theirs.values):
                same = Match(source, theirs, 1.0)
            else:
                other = Match(source, theirs, 1.0)
    return same, other


def _next_stems(reading: Reading, qualifier: Qualifier) -> frozenset[str]:
    inside = range(qualifier.first, min(qualifier.past + _NEXT, len(reading.words)))
    return frozenset(reading.stems[index] for index in inside if index in reading.stems) - _GOING


_NEXT = 4  # tokens
_GOING = frozenset(
    map(stem, ("continue", "continuing", "discontinue", "stop", "stopped", "start", "longer", "patient"))
)


def _with_afterthoughts(case: Case) -> list[Reading]:
    """The sources, and a few words behind each that go on about it: "Vomiting for a week. Now settled."."""
    found = list(case.sources)
    numbers = {source.number for source in found}
    for number in sorted(numbers):
        if number + 1 not in numbers and number < len(case.around.note.sentences):
            following = case.around.sentence(number + 1)
            if following.section == case.around.sentence(number).section and _is_short(following):
                found.append(following)
    return found


def _is_short(source: Reading) -> bool:
    return len(source.words) <= _AFTERTHOUGHT and not _complaints(source)


_AFTERTHOUGHT = 4  # tokens
_LONE = 0.3
_PRONOUNS = frozenset({"it", "they", "this", "these", "symptoms", "symptom", "which"})


def _complaints(reading: Reading) -> list[str]:
    """The symptoms and conditions that a text names, each once, without the wider names of others."""
    names = {
        found.concept.name for found in reading.concepts if found.concept.kind in ("symptom", "condition")
    }
    wider = {above for name in names for above in broader(name) if above != name}
    return sorted(names - wider)


def _score(match: Match) -> float:
    return match.score


def _closest(
    sources: Iterable[Reading], ours: Qualifier, near: Mapping[str, int], dimension: Dimension
) -> tuple[Match | None, Match | None]:
    same: Match | None = None
    other: Match | None = None
    for source in sources:
        for theirs, around in source.qualifiers.bound(dimension).items():
            score = sum(1 / (1 + near[name] + around[name]) for name in near.keys() & around.keys())
            if dimension.alone:
                score = 1.0
            agrees = dimension.agrees(ours.values, theirs.values)
            if not score or (agrees and theirs.is_denied):
                continue  # "not severe" beside "severe" is a matter of negation
            match = Match(source, theirs, score)
            if agrees or theirs.is_denied:  # "no hypokalaemia" says nothing against "hyperkalaemia"
                same = match if same is None or score > same.score else same
            else:
                other = match if other is None or score > other.score else other
    return same, other


def _drug_names(claim: Reading) -> frozenset[str]:
    words = {
        claim.stems[index]
        for drug in claim.drugs
        for index in range(drug.first, drug.past)
        if index in claim.stems
    }
    return frozenset(f"drug:{drug.name}" for drug in claim.drugs) | words


def _things(claim: Reading, kinds: frozenset[str]) -> frozenset[str]:
    """The names of a claim's things of these kinds."""
    drugs = (f"drug:{drug.name}" for drug in claim.drugs if "drug" in kinds)
    return frozenset(
        [*drugs, *(f"={found.concept.name}" for found in claim.concepts if found.concept.kind in kinds)]
    )


def _has_another_aim(claim: Reading, ours: Qualifier, other: Match, dimension: Dimension) -> bool:
    """Tell whether "up to 2 mg" and "down to 1 mg" are two steps: the source tells of 2 mg as well."""
    if dimension.name != "amount":
        return False
    mine, theirs = aim(claim, ours.first), aim(other.source, other.qualifier.first)
    if mine is None or theirs is None or is_same(mine, theirs):
        return False
    return any(is_same(mine, quantity) for quantity in other.source.quantities)


def _written(claim: Reading, ours: Qualifier) -> str:
    words = claim.words[ours.first : ours.past]
    return claim.text[words[0].start : words[-1].end].lower()


def _lacks(case: Case, ours: Qualifier, dimension: Dimension) -> bool:
    """Tell whether the note nowhere says so of the thing, though the words are such as must be said."""
    if _written(case.claim, ours) not in dimension.needs:
        return False
    holding = case.around.holding
    near = case.claim.qualifiers.bound(dimension)[ours]
    spoken = {id(reading): reading for name in near for reading in holding.get(name, ())}
    if not near or not spoken:
        return False
    return not any(
        theirs.dimension == ours.dimension and dimension.agrees(ours.values, theirs.values)
        for reading in (*spoken.values(), *case.sources)
        for theirs in reading.qualifiers.of(dimension.list)
    )


def _contradiction(case: Case, ours: Qualifier, other: Match, dimension: Dimension) -> Flag:
    claim, source = case.claim, other.source
    places = set(range(ours.first, ours.past))
    if dimension.kinds:  # the thing is in doubt, and may be so for other checks too
        for name in claim.qualifiers.bound(dimension)[ours].keys() & _things(claim, dimension.kinds):
            places.update(index for first, past in claim.places[name] for index in range(first, past))
    return Flag(
        dimension.kind,
        dimension.severity,
        f"{dimension.label}: the claim says {quoted(phrase(claim, ours.first, ours.past))}; "
        f"sentence {source.number} says "
        f"{quoted(phrase(source, other.qualifier.first, other.qualifier.past))}.",
        frozenset(places),
    )


def _unsupported(case: Case, ours: Qualifier, dimension: Dimension) -> Flag:
    return Flag(
        dimension.kind,
        Severity.WARNING,
        f"{dimension.label}: the claim says {quoted(phrase(case.claim, ours.first, ours.past))}; "
        "the note does not put it so.",
        frozenset(range(ours.first, ours.past)),
    )
