"""Two drafts of one note, claim beside claim. The comparing itself is plain functions without a database."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple
from uuid import UUID

from rapidfuzz.distance import Indel

from clinical.access import NOT_FOUND, Refusal, Refused
from clinical.actions import contrasts
from clinical.actions.audit import audited
from clinical.actions.finding import find
from clinical.actions.prompts import Section
from clinical.actions.review_pages import ReviewPage, build
from clinical.actions.reviewed_claims import ReviewedClaim
from clinical.models import AuditType, Summary, User
from inference.checking.drugs import find_drugs
from inference.checking.frequencies import frequencies
from inference.checking.quantities import quantities
from inference.checking.tokens import tokens
from inference.vocabulary import Category

TOKEN = re.compile(r"(\d+(?:[.,/:]\d+)*|[^\W\d_]+|[^\w\s]|_)(\s*)")
DENIALS = re.compile(
    r"\b(?:no|not|nil|none|never|nor|neither|nka|nkda|den(?:ies|ied|y|ying)|without|negative|absent|free"
    r"|cannot|unable|ruled out|excluded)\b"
    r"|n['’]t\b|\bnon-?",
    re.IGNORECASE,
)
SIDES = re.compile(
    r"(?i:\b(?:left|right|lt|rt|bilateral(?:ly)?|bilat|both)\b)|(?<![\d.] )\b[LR](?= [^\W\d_])"
)
SIDE_NAMES = {"l": "left", "lt": "left", "r": "right", "rt": "right"}

ALIKE_ANYWHERE = 0.7
"""Share of words two claims of one category must have in common to be paired across different sentences."""
ALIKE_ON_A_SENTENCE = 0.3
"""The same where they rest on a common sentence."""

MISSED = {
    Category.ALLERGY.value: ("allergy", "allergies"),
    Category.MEDICATION.value: ("medication", "medications"),
}
"""What must not be overlooked where only one draft has it, in words for one and for more."""


class Piece(NamedTuple):
    """Words of a claim that stand together: `is_changed` where the other draft has others; `gap` follows."""

    text: str
    gap: str
    is_changed: bool


class Difference(NamedTuple):
    """One way in which two claims differ; a grave one can change what is done to a patient."""

    label: str
    is_grave: bool


@dataclass(frozen=True)
class Pair:
    """A claim of either draft, or the two that say the same thing or nearly so.

    Attributes:
        older, newer: as they stand with their reviewer's decisions; one may be None.
        older_words, newer_words: their texts in pieces, changed ones marked.
        differences: gravest first; empty for the same, and where one side is missing.
    """

    older: ReviewedClaim | None
    newer: ReviewedClaim | None
    older_words: tuple[Piece, ...] = ()
    newer_words: tuple[Piece, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def outcome(self) -> str:
        """older, newer (it stands in that one only), changed or same."""
        if self.newer is None:
            return "older"
        if self.older is None:
            return "newer"
        return "changed" if self.differences else "same"

    @property
    def is_missed(self) -> bool:
        """An allergy or a medication that only one draft states; one that its reviewer rejected is none."""
        alone = self.older if self.newer is None else self.newer if self.older is None else None
        return alone is not None and alone.category in MISSED and not alone.is_rejected

    @property
    def is_grave(self) -> bool:
        return self.is_missed or any(difference.is_grave for difference in self.differences)

    @property
    def category(self) -> str:
        """Where it stands: the newer draft's category, else the older's."""
        claim = self.newer or self.older
        return claim.category if claim else ""


def folded(text: str) -> str:
    """Fold white space and case: texts that are equal so are the same, no others."""
    return " ".join(text.split()).casefold()


def compare_words(older: str, newer: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Mark what two texts do not share: numbers, words and marks are compared one by one."""
    left, right = TOKEN.findall(older), TOKEN.findall(newer)
    matcher = SequenceMatcher(
        None, [word.casefold() for word, _ in left], [word.casefold() for word, _ in right], autojunk=False
    )
    before, after = list[Piece](), list[Piece]()
    for tag, first, past, start, end in matcher.get_opcodes():
        for pieces, run in ((before, left[first:past]), (after, right[start:end])):
            if run:
                text = "".join(word + gap for word, gap in run)
                pieces.append(Piece(text.rstrip(), run[-1][1], tag != "equal"))
    return tuple(before), tuple(after)


def differences(older: ReviewedClaim, newer: ReviewedClaim) -> tuple[Difference, ...]:
    """Say in what two claims differ, gravest first; nothing only where they are the same."""
    return tuple(_differences(older, newer))


def _differences(older: ReviewedClaim, newer: ReviewedClaim) -> Iterable[Difference]:
    before, after = older.text, newer.text
    is_worded = folded(before) != folded(after)
    if is_worded:
        is_drug = Category.MEDICATION in {older.category, newer.category}
        yield from (
            Difference(label, is_grave=True)
            for label, differs in (
                ("Drug", _drugs(before, is_drug) != _drugs(after, is_drug)),
                ("Number or dose", _numbers(before) != _numbers(after)),
                ("Denial", len(DENIALS.findall(before)) != len(DENIALS.findall(after))),
                ("Side", _sides(before) != _sides(after)),
                ("Opposite", contrasts.has_opposites(before, after)),
                ("Status", contrasts.statuses(before) != contrasts.statuses(after)),
                ("Route", _is_other_route(before, after)),
            )
            if differs
        )
    if older.assertion != newer.assertion:
        yield Difference("Assertion", is_grave=True)
    if older.lapsed != newer.lapsed:
        yield Difference("Stopped or held", is_grave=True)
    if _details(older) != _details(newer):
        is_both = bool(older.details and newer.details)
        yield Difference("Details" if is_both else "Details in one only", is_grave=is_both)
    if is_worded:
        yield Difference("Wording", is_grave=False)
    if older.category != newer.category:
        yield Difference("Category", is_grave=False)
    if set(older.evidence) != set(newer.evidence):
        yield Difference("Sentences", is_grave=False)
    if _doubts(older) != _doubts(newer):
        yield Difference("Doubts", is_grave=False)


def _drugs(text: str, is_medication: bool) -> frozenset[str]:
    """Name the drugs; a medication whose drug the lexicon does not know goes by its first word."""
    named = frozenset(mention.name for mention in find_drugs(tokens(text)))
    if named or not is_medication:
        return named
    first = re.search(r"[^\W\d_]+", text)
    return frozenset({first[0].casefold()}) if first else named


def _numbers(text: str) -> tuple[object, ...]:
    """Read what is counted: quantities with units, frequencies, and the digits inside words ("L5")."""
    found = quantities(text)
    rest = list(text)
    for quantity in found:
        rest[quantity.start : quantity.end] = " " * (quantity.end - quantity.start)
    often = [(str(f.per_day), f.moment) for f in frequencies(text)]
    return (
        Counter((quantity.values, quantity.unit, quantity.dates) for quantity in found),
        Counter(re.findall(r"\d+", "".join(rest))),
        Counter(often),
    )


def _sides(text: str) -> Counter[str]:
    words = (word.lower() for word in SIDES.findall(text))
    return Counter(SIDE_NAMES.get(word, word) for word in words)


def _is_other_route(before: str, after: str) -> bool:
    """Whether both name a route and not the same; one that only one of them names is another wording."""
    ours, theirs = contrasts.routes(before), contrasts.routes(after)
    return bool(ours and theirs and ours != theirs)


def _details(claim: ReviewedClaim) -> set[tuple[str, str]]:
    return {(label, folded(value)) for label, value in claim.details}


def _doubts(claim: ReviewedClaim) -> Counter[tuple[str, str]]:
    return Counter((flag.kind, flag.severity) for flag in claim.flags)


def compare_claims(older: Iterable[ReviewedClaim], newer: Iterable[ReviewedClaim]) -> list[Pair]:
    """Pair the claims of two drafts of one note.

    Each claim stands in exactly one pair. Two belong together by equal words, or by category, sentences and
    likeness of words; the likest pairs are made first. Deterministic.

    Returns:
        Pairs in the newer draft's order; what stands only in the older follows what it followed there.
    """
    left = sorted(older, key=lambda claim: claim.position)
    right = sorted(newer, key=lambda claim: claim.position)
    partner = _partners(left, right)
    taken = set(partner.values())
    placed = [((place, 0, 0), Pair(None, claim)) for place, claim in enumerate(right) if place not in taken]
    anchor = -1
    for place, claim in enumerate(left):
        if place not in partner:
            placed.append(((anchor, 1, place), Pair(claim, None)))
            continue
        anchor = partner[place]
        other = right[anchor]
        words = compare_words(claim.text, other.text)
        placed.append(((anchor, 0, 0), Pair(claim, other, *words, differences(claim, other))))
    return [pair for _, pair in sorted(placed, key=lambda entry: entry[0])]


def _partners(left: Sequence[ReviewedClaim], right: Sequence[ReviewedClaim]) -> dict[int, int]:
    """Pair places of two lists, the likest first."""
    ours = [_words(claim) for claim in left]
    theirs = [_words(claim) for claim in right]
    scored = []
    for one, other in _candidates(left, right):
        score = _likeness(left[one], right[other], ours[one], theirs[other])
        if score is not None:
            scored.append((-score, one, other))
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, one, other in sorted(scored):
        if one not in partner and other not in taken:
            partner[one] = other
            taken.add(other)
    return partner


def _candidates(left: Sequence[ReviewedClaim], right: Sequence[ReviewedClaim]) -> set[tuple[int, int]]:
    """Find pairs of places worth a look: they share a category, a sentence or the whole text."""
    places: defaultdict[object, list[int]] = defaultdict(list)
    for place, claim in enumerate(right):
        for mark in _marks(claim):
            places[mark].append(place)
    return {
        (place, other) for place, claim in enumerate(left) for mark in _marks(claim) for other in places[mark]
    }


def _marks(claim: ReviewedClaim) -> list[object]:
    return [claim.category, ("text", folded(claim.text)), *claim.evidence]


class _Words(NamedTuple):
    folded: str
    tokens: list[str]
    drugs: frozenset[str]


def _words(claim: ReviewedClaim) -> _Words:
    words = [word.casefold() for word, _ in TOKEN.findall(claim.text)]
    return _Words(folded(claim.text), words, _drugs(claim.text, claim.category == Category.MEDICATION))


def _likeness(one: ReviewedClaim, other: ReviewedClaim, ours: _Words, theirs: _Words) -> float | None:
    """Score how surely two claims are about one thing, or None where they are not taken for it."""
    union = set(one.evidence) | set(other.evidence)
    overlap = len(set(one.evidence) & set(other.evidence)) / len(union) if union else 0.0
    closeness = overlap + (one.category == other.category) * 0.5 + (one.assertion == other.assertion) * 0.1
    if ours.folded == theirs.folded:
        return 10 + closeness
    words = Indel.normalized_similarity(ours.tokens, theirs.tokens)
    if words < (ALIKE_ON_A_SENTENCE if overlap else ALIKE_ANYWHERE):
        return None
    is_other_drug = bool(ours.drugs and theirs.drugs and not ours.drugs & theirs.drugs)
    if is_other_drug and not overlap:
        return None
    return 2 * words + closeness - is_other_drug


@dataclass(frozen=True)
class Group:
    """Pairs under one heading."""

    title: str
    pairs: tuple[Pair, ...]


def groups(pairs: Sequence[Pair], headings: Iterable[Section]) -> tuple[Group, ...]:
    """Group pairs under headings, in their order; a heading without a pair is left out."""
    found = (Group(h.title, tuple(p for p in pairs if p.category in h.categories)) for h in headings)
    return tuple(group for group in found if group.pairs)


@dataclass(frozen=True)
class Comparison:
    """Two drafts of one note beside each other; the one that was ready first is the older."""

    older: ReviewPage
    newer: ReviewPage
    groups: tuple[Group, ...]
    counts: dict[str, int]

    @property
    def grave_count(self) -> int:
        return sum(pair.is_grave for group in self.groups for pair in group.pairs)

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """Which draft lacks allergies and medications of the other: ("newer", "2 allergies")."""
        found = Counter(
            ("newer" if pair.newer is None else "older", pair.category)
            for group in self.groups
            for pair in group.pairs
            if pair.is_missed
        )
        counted = (
            (side, [(found[side, name], words) for name, words in MISSED.items() if found[side, name]])
            for side in ("newer", "older")
        )
        return tuple(
            (side, ", ".join(f"{count} {words[count > 1]}" for count, words in counts))
            for side, counts in counted
            if counts
        )

    @property
    def sides(self) -> tuple[tuple[str, ReviewPage], ...]:
        return (("older", self.older), ("newer", self.newer))

    @property
    def is_generated(self) -> bool:
        """A model wrote one of them at least."""
        return self.older.is_generated or self.newer.is_generated


def compare(*, by: User, summary_id: UUID, other_id: UUID) -> Comparison:
    """Lay two drafts of one note side by side.

    Raises:
        Refused: 404, they are not of one note, or it is one draft twice; 409, one is not complete, or the
            note was entered in error.
    """
    with audited(AuditType.SUMMARIES_COMPARED, by=by) as entry:
        rows = Summary.objects.select_related("model_version")
        entry.thing = one = find(rows, summary_id, by=by)
        entry.patient_id = one.patient_id
        other: Summary = find(rows, other_id, by=by)
        entry.detail["summaries"] = [str(one.pk), str(other.pk)]
        notes = {pk: set(s.sources.values_list("note", flat=True)) for pk, s in ((1, one), (2, other))}
        if one.pk == other.pk or notes[1] != notes[2]:
            raise Refused(NOT_FOUND, thing=other)
        for summary in (one, other):
            if summary.status != Summary.Status.READY:
                raise Refused(
                    Refusal("incomplete", "One of these drafts is not complete.", 409), thing=summary
                )
        older, newer = sorted((one, other), key=lambda summary: (summary.ended_at, summary.pk))
        pages = build(older, by=by), build(newer, by=by)
        if pages[0].withdrawals:
            sentence = "The note was entered in error; its drafts cannot be compared."
            raise Refused(Refusal("withdrawn", sentence, 409), thing=newer)
        pairs = compare_claims(pages[0].claims, pages[1].claims)
        outcomes = Counter(pair.outcome for pair in pairs)
        counts = {name: outcomes[name] for name in ("same", "changed", "older", "newer")}
        grouped = groups(pairs, pages[1].headings)
    return Comparison(*pages, grouped, counts)
