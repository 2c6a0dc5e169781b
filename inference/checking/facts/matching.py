"""Which claims carry a fact: those that say what it says, in whatever words, and do not say otherwise."""

from collections.abc import Sequence
from functools import cached_property

from inference.checking.abbreviations import expansions
from inference.checking.concepts import broader
from inference.checking.doses import doses
from inference.checking.drugs import names_within
from inference.checking.facts.fact import Fact
from inference.checking.facts.lines import Line
from inference.checking.facts.lists import word_list
from inference.checking.facts.red_flags import flags_of
from inference.checking.facts.values import values
from inference.checking.quantities import is_among
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.statuses import Status, status_of
from inference.engines.base import DraftClaim
from inference.text import Note, Sentence
from inference.vocabulary import Assertion, Category, FactKind, SentenceKind

_DRUGS = frozenset(
    {
        FactKind.MEDICATION,
        FactKind.MEDICATION_STARTED,
        FactKind.MEDICATION_CHANGED,
        FactKind.MEDICATION_STOPPED,
    }
)
_VALUES = frozenset({FactKind.VITAL_SIGN, FactKind.LABORATORY})
_ENOUGH_CITED = 0.5  # share of a fact's words that a claim on its sentence must carry
_ENOUGH = 0.75  # share for a claim that rests on other sentences


class _Said:
    """A text of a fact or of a claim, with the parts that the comparison needs."""

    def __init__(self, text: str) -> None:
        self.reading = Reading(text)
        sentence = Sentence(1, 0, len(text), text, "", SentenceKind.TEXT)
        self.line = Line(sentence, self.reading, SectionKind.UNKNOWN)
        self.folded = " ".join(word.lower for word in self.reading.words)

    @cached_property
    def drugs(self) -> frozenset[str]:
        return frozenset(name for drug in self.reading.drugs for name in names_within(drug.name))

    @cached_property
    def concepts(self) -> frozenset[str]:
        return frozenset(mention.concept.name for mention in self.reading.concepts)

    @cached_property
    def wider(self) -> frozenset[str]:
        return frozenset(name for concept in self.concepts for name in broader(concept))

    @cached_property
    def stems(self) -> frozenset[str]:
        known = set(self.reading.stem_set)
        for word in tuple(known):
            known |= expansions().get(word, frozenset())
        return frozenset(known)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(
            word
            for word in self.reading.stem_set
            if word not in word_list("matching", "weak") and len(word) > 1
        )


class _Claimed(_Said):
    def __init__(self, draft: DraftClaim) -> None:
        super().__init__(draft.text)
        self.draft = draft
        self.evidence = frozenset(draft.evidence)


def match(facts: Sequence[Fact], claims: Sequence[DraftClaim], note: Note) -> tuple[tuple[int, ...], ...]:
    """For each fact the places (from 0) of the claims that carry it."""
    said = [_Claimed(claim) for claim in claims]
    matched = []
    for fact in facts:
        own = _Said(fact.text)
        matched.append(tuple(place for place, claim in enumerate(said) if _carries(claim, fact, own)))
    return tuple(matched)


def _carries(claim: _Claimed, fact: Fact, own: _Said) -> bool:
    is_cited = not claim.evidence.isdisjoint(fact.sentences)
    if claim.draft.assertion is Assertion.FAMILY:
        return False
    if _turns_round(claim, fact, own):
        return False
    if own.folded and f" {own.folded} " in f" {claim.folded} " and fact.kind not in _DRUGS:
        return True
    if fact.kind in _DRUGS:
        return _carries_drug(claim, fact, own, is_cited)
    if fact.kind is FactKind.ALLERGY:
        return _carries_allergy(claim, own, is_cited)
    if fact.kind in _VALUES:
        return _carries_value(claim, own, is_cited)
    if fact.kind is FactKind.RED_FLAG:
        ours = {hit.value for hit in flags_of(own.line)}
        if ours & {hit.value for hit in flags_of(claim.line)}:
            return True
    if fact.kind in {FactKind.DIAGNOSIS, FactKind.RED_FLAG, FactKind.PROCEDURE, FactKind.PERTINENT_NEGATIVE}:
        shared = own.concepts & claim.wider
        if own.concepts and len(shared) >= (len(own.concepts) + 1) // 2:
            return True
    dated = [quantity for quantity in own.reading.quantities if quantity.values or quantity.dates]
    given = [is_among(quantity, claim.reading.quantities) for quantity in dated]
    if given and claim.reading.quantities and not any(given):
        return False
    if not is_cited and not all(given):
        return False
    return _share(own, claim) >= (_ENOUGH_CITED if is_cited else _ENOUGH)


def _share(own: _Said, claim: _Said) -> float:
    """The share of a fact's content words that a claim carries, as words, short forms, drugs or concepts."""
    words = own.words
    if not words:
        return 0.0
    covered = {
        own.reading.stems[index]
        for mention in own.reading.concepts
        if mention.concept.name in claim.wider
        for index in range(mention.first, mention.past)
        if index in own.reading.stems
    }
    covered |= {
        own.reading.stems[index]
        for drug in own.reading.drugs
        if drug.name in claim.drugs
        for index in range(drug.first, drug.past)
        if index in own.reading.stems
    }
    known = claim.stems
    carried = [
        word
        for word in words
        if word in known or word in covered or expansions().get(word, frozenset()) & known
    ]
    return len(carried) / len(words)


def _turns_round(claim: _Claimed, fact: Fact, own: _Said) -> bool:
    """Tell whether a claim denies what a fact states, or states what it denies."""
    denies = _denies(claim.reading, own) or claim.draft.assertion is Assertion.ABSENT
    if fact.kind is FactKind.PERTINENT_NEGATIVE:
        return not denies
    if fact.kind is FactKind.MEDICATION_STOPPED or (fact.kind is FactKind.ALLERGY and not own.drugs):
        return False  # a stop is told by denials too, and so is that no allergy is known
    return denies and not _denies(own.reading, own)


def _denies(reading: Reading, own: _Said) -> bool:
    """Tell whether a text denies most of the words that it shares with a fact."""
    shared = [index for index, word in reading.stems.items() if word in own.stems]
    shared += [m.first for m in reading.concepts if m.concept.name in own.wider]
    denied = [index for index in shared if reading.senses.of[index] & Sense.NEGATED]
    return bool(shared) and 2 * len(denied) > len(shared)


def _carries_drug(claim: _Claimed, fact: Fact, own: _Said, is_cited: bool) -> bool:
    if not own.drugs or not own.drugs & claim.drugs:
        return False
    for drug in own.reading.drugs:
        theirs = [
            other for other in claim.reading.drugs if names_within(other.name) & names_within(drug.name)
        ]
        if not theirs:
            continue
        ended = any(status_of(claim.reading, other) is Status.ENDED for other in theirs)
        ended = ended or claim.draft.assertion in {Assertion.HISTORICAL, Assertion.ABSENT}
        ended = ended or any(word.lower in word_list("drug_frames", "ending") for word in claim.reading.words)
        if fact.kind is FactKind.MEDICATION_STOPPED:
            if not ended:
                continue
            return True
        if ended and fact.kind in {FactKind.MEDICATION_STARTED, FactKind.MEDICATION_CHANGED}:
            continue
        if ended and fact.kind is FactKind.MEDICATION and not claim.reading.quantities:
            continue
        if fact.kind is FactKind.MEDICATION_CHANGED and _goes_the_other_way(own, claim):
            continue
        given = doses(own.reading, drug)
        said = [dose for other in theirs for dose in doses(claim.reading, other)]
        if given and said and not any(is_among(dose, given) for dose in said):
            continue
        if is_cited or not given or said:
            return True
    return False


def _goes_the_other_way(own: _Said, claim: _Said) -> bool:
    """Tell whether one text only raises a dose and the other only lowers it."""
    ways = []
    for said in (own, claim):
        words = {word.lower for word in said.reading.words}
        ways.append(tuple(bool(words & word_list("drug_frames", way)) for way in ("up", "down")))
    return sorted(ways) == [(False, True), (True, False)]


def _carries_allergy(claim: _Claimed, own: _Said, is_cited: bool) -> bool:
    speaks = claim.draft.category is Category.ALLERGY or bool(
        {"allergy", "allergic", "intolerance", "intolerant", "nkda", "anaphylaxi", "reaction", "nka"}
        & (claim.reading.stem_set | {word.lower for word in claim.reading.words})
    )
    if not speaks:
        return False
    lowers = {word.lower for word in own.reading.words}
    knows_none = bool({"nkda", "nka", "nkfa"} & lowers) or (
        bool({"no", "none", "nil"} & lowers) and not own.drugs
    )
    if knows_none:
        theirs = {word.lower for word in claim.reading.words}
        return bool({"nkda", "nka", "nkfa"} & theirs) or (
            bool({"no", "none", "nil", "denies", "without"} & theirs) and not claim.drugs
        )
    if own.drugs:
        return bool(own.drugs & claim.drugs)
    return _share(own, claim) >= (_ENOUGH_CITED if is_cited else _ENOUGH)


def _carries_value(claim: _Claimed, own: _Said, is_cited: bool) -> bool:
    ours, theirs = values(own.line), values(claim.line)
    for value in ours:
        same = [other for other in theirs if other.measure == value.measure]
        if value.quantity is not None and any(
            other.quantity is not None and is_among(other.quantity, own.reading.quantities) for other in same
        ):
            return True
    if ours and theirs:
        return False
    return is_cited and _share(own, claim) >= _ENOUGH_CITED
