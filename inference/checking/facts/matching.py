"""Which claims carry a fact: those that say what it says, in whatever words, and do not say otherwise."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from inference.checking.abbreviations import expansions
from inference.checking.concepts import broader
from inference.checking.doses import doses
from inference.checking.drugs import names_within
from inference.checking.facts.ends import is_ended, is_unchanged
from inference.checking.facts.fact import Fact
from inference.checking.facts.lines import Line
from inference.checking.facts.lists import flag_list, phrase_list, word_list
from inference.checking.facts.plans import FULL_TREATMENT, is_pending
from inference.checking.facts.red_flags import flags_of
from inference.checking.facts.values import values
from inference.checking.quantities import Quantity, is_among
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.tokens import stem
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
    if fact.kind is FactKind.CODE_STATUS:
        return _carries_code_status(claim, own, is_cited)
    if _turns_round(claim, fact, own) or _is_of_another_time_or_person(claim, fact, own):
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
    if fact.kind is FactKind.FOLLOW_UP and is_cited and given and all(given):
        return bool(claim.line.find(phrase_list("follow_up", "appointment")))
    return _share(own, claim) >= (_ENOUGH_CITED if is_cited else _ENOUGH)


def _carries_code_status(claim: _Claimed, own: _Said, is_cited: bool) -> bool:
    """Tell whether both are for resuscitation or both limit it: "not DNR" is for it."""
    ours, theirs = _ways(own), _ways(claim)
    if claim.draft.assertion is Assertion.ABSENT and not claim.reading.senses.present & Sense.NEGATED:
        theirs = frozenset(not way for way in theirs)
    if ours and theirs:
        return ours == theirs
    return _share(own, claim) >= (_ENOUGH_CITED if is_cited else _ENOUGH)


def _ways(said: _Said) -> frozenset[bool]:
    """What a text says of resuscitation: True for it, False against it or for a limit."""
    text, senses = said.reading.text, said.reading.senses.of
    limits = said.line.find(flag_list("limits", "phrases"))
    found = {
        bool(senses[hit.first] & Sense.NEGATED) and not hit.value.startswith(("do not", "not ", "no "))
        for hit in limits
    }
    for match in FULL_TREATMENT.finditer(text):
        place = next(index for index, word in enumerate(said.reading.words) if word.end > match.start())
        if not any(hit.first <= place < hit.past for hit in limits):
            found.add(not senses[place] & Sense.NEGATED)
    return frozenset(found)


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
    denies = _denies(claim, own) or claim.draft.assertion is Assertion.ABSENT
    if fact.kind is FactKind.PERTINENT_NEGATIVE:
        return not denies
    if fact.kind is FactKind.PENDING_RESULT and is_pending(claim.reading.text):
        return False  # "not yet back"
    if fact.kind in _DRUGS or (fact.kind is FactKind.ALLERGY and _knows_none(own)):
        return False  # what becomes of a drug is told by denials too, and so is that no allergy is known
    return denies and not _denies(own, own)


def _denies(said: _Said, own: _Said) -> bool:
    """Tell whether a text denies most of the words that it shares with a fact."""
    shared = _shared_places(said, own)
    denied = [index for index in shared if said.line.sense(index, index + 1) & Sense.NEGATED]
    return bool(shared) and 2 * len(denied) > len(shared)


def _shared_places(said: _Said, own: _Said) -> list[int]:
    """Where a text has a word or a concept of a fact, as tokens."""
    reading = said.reading
    shared = [index for index, word in reading.stems.items() if word in own.stems]
    return shared + [mention.first for mention in reading.concepts if mention.concept.name in own.wider]


_NOW = frozenset({FactKind.VITAL_SIGN, FactKind.LABORATORY, FactKind.RED_FLAG})
_PAST = re.compile(
    r"\b(?:last (?:week|month|year)|(?:weeks?|months?|years?) ago|previously|in the past|historically)\b",
    re.IGNORECASE,
)
_TO_PAST = 24  # characters between a thing and the words that put it into the past


def _is_of_another_time_or_person(claim: _Claimed, fact: Fact, own: _Said) -> bool:
    """Tell whether a claim leaves to a relative, or to the past, what a fact tells of the patient now."""
    shared = _shared_places(claim, own)
    if not shared:
        return False
    sense = claim.line.sense(shared[0], shared[0] + 1)
    if sense & Sense.FAMILY and not own.line.sense(0, 1) & Sense.FAMILY:
        return True
    if fact.kind not in _NOW or _PAST.search(own.reading.text) or own.reading.senses.present & _OVER:
        return False
    if claim.draft.assertion is Assertion.HISTORICAL or sense & _OVER:
        return True
    text, words = claim.reading.text, claim.reading.words
    last = max(shared)
    ends = [q.end for q in claim.reading.quantities if is_among(q, own.reading.quantities)]
    end = max([words[last].end, *ends])
    past = _PAST.search(text, end, end + _TO_PAST)
    return past is not None and _parted(text[end : past.start()])


def _parted(between: str) -> bool:
    return not any(mark in f" {between} " for mark in (",", ".", ";", " from ", " than "))


_OVER = Sense.HISTORICAL | Sense.ENDED


def _knows_none(own: _Said) -> bool:
    """Tell whether a fact of allergies says that none is known."""
    lowers = {word.lower for word in own.reading.words}
    return bool({"nkda", "nka", "nkfa"} & lowers) or (bool({"no", "none", "nil"} & lowers) and not own.drugs)


def _carries_drug(claim: _Claimed, fact: Fact, own: _Said, is_cited: bool) -> bool:
    if not own.drugs or not own.drugs & claim.drugs:
        return False
    is_historical = claim.draft.assertion in {Assertion.HISTORICAL, Assertion.ABSENT}
    for drug in own.reading.drugs:
        theirs = [
            other for other in claim.reading.drugs if names_within(other.name) & names_within(drug.name)
        ]
        if not theirs:
            continue
        ended = is_historical or any(is_ended(claim.line, other) for other in theirs)
        if fact.kind is FactKind.MEDICATION_STOPPED:
            if not ended:
                continue
            return True
        if ended and not is_ended(own.line, drug):
            continue
        if fact.kind is FactKind.MEDICATION_CHANGED and (
            _goes_the_other_way(own, claim) or any(is_unchanged(claim.line, other) for other in theirs)
        ):
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
        {"allergy", "allergic", "intolerance", "intolerant", "nkda", "anaphylaxis", "reaction", "nka"}
        & (claim.reading.stem_set | {word.lower for word in claim.reading.words})
    )
    if not speaks:
        return False
    if _knows_none(own):
        theirs = {word.lower for word in claim.reading.words}
        is_absent = claim.draft.assertion is Assertion.ABSENT
        return bool({"nkda", "nka", "nkfa"} & theirs) or (
            (is_absent or bool({"no", "none", "nil", "denies", "without"} & theirs)) and not claim.drugs
        )
    if own.drugs:
        named = {stem(name) for name in own.drugs}
        return bool(own.drugs & claim.drugs) or not named.isdisjoint(claim.reading.stem_set)
    return _share(own, claim) >= (_ENOUGH_CITED if is_cited else _ENOUGH)


def _carries_value(claim: _Claimed, own: _Said, is_cited: bool) -> bool:
    ours, theirs = values(own.line), values(claim.line)
    told = [quantity for quantity in own.reading.quantities if quantity.values]
    if is_cited and told and not theirs and is_among(told[0], _stated(claim.reading)):
        return True  # "Hypotensive at 82/40": the number says which measure it is of
    stated = _stated(claim.reading)
    for value in ours:
        same = [other for other in theirs if other.measure == value.measure]
        if value.quantity is not None and any(
            other.quantity in stated and is_among(other.quantity, own.reading.quantities)
            for other in same
            if other.quantity is not None
        ):
            return True
    if ours and theirs:
        return False
    return is_cited and _share(own, claim) >= _ENOUGH_CITED


def _stated(reading: Reading) -> list[Quantity]:
    """The quantities that a text does not deny: not that of "was not 6.9"."""
    starts = [word.start for word in reading.words]
    return [
        quantity
        for quantity in reading.quantities
        if not reading.senses.of[max(0, bisect_right(starts, quantity.start) - 1)] & Sense.NEGATED
    ]
