"""The omission ledger as it stands now: each must-carry fact is used by claims, left out, or decided on."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from clinical.actions.reviewed_claims import ReviewedClaim, engine_claims
from clinical.models import Decision, Fact, Signature, Summary
from inference.checking import facts as rules
from inference.checking.reading import read_sentence
from inference.checking.sections import section_kinds
from inference.engines.base import DraftClaim
from inference.engines.choosing import assertion_of
from inference.text import Note
from inference.vocabulary import Assertion, Category, FactKind

CLOSED = "closed"
"""How a signature keeps a fact that nobody decided on: closed with the others, in one group."""

CATEGORIES = {
    FactKind.ALLERGY: Category.ALLERGY,
    FactKind.MEDICATION: Category.MEDICATION,
    FactKind.MEDICATION_STARTED: Category.MEDICATION,
    FactKind.MEDICATION_CHANGED: Category.MEDICATION,
    FactKind.MEDICATION_STOPPED: Category.MEDICATION,
    FactKind.VITAL_SIGN: Category.VITAL_OR_LAB,
    FactKind.LABORATORY: Category.VITAL_OR_LAB,
    FactKind.RED_FLAG: Category.SYMPTOM,
    FactKind.DIAGNOSIS: Category.PROBLEM,
    FactKind.PROCEDURE: Category.PROCEDURE,
    FactKind.PENDING_RESULT: Category.FOLLOW_UP,
    FactKind.FOLLOW_UP: Category.FOLLOW_UP,
    FactKind.CODE_STATUS: Category.PLAN,
    FactKind.PERTINENT_NEGATIVE: Category.SYMPTOM,
}
"""As what kind of claim a fact is added."""


@dataclass(frozen=True)
class ReviewedFact:
    """A fact as it stands.

    Attributes:
        numbers: of the sentences that state it.
        used_by: the claims that carry it now, in the page's order; a rejected claim carries nothing, nor
            does one that is gravely doubted and not decided on.
        added_as: the claim that was added for it and still has its words, or None.
        verb: not_needed, closed (with the signature), or "" while nobody has decided.
        group: how many facts were closed in the same act; 1 where it was decided on by itself.
    """

    target: UUID
    position: int
    kind: str
    text: str
    is_critical: bool
    spans: tuple[tuple[int, int, int], ...]
    used_by: tuple[UUID, ...] = ()
    added_as: UUID | None = None
    verb: str = ""
    by: str = ""
    at: datetime.datetime | None = None
    reason: str = ""
    group: int = 1

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(number for number, _, _ in self.spans)

    @property
    def kind_label(self) -> str:
        return FactKind(self.kind).label

    @property
    def is_used(self) -> bool:
        return bool(self.used_by)

    @property
    def is_listed(self) -> bool:
        """It stands in the list of what the draft leaves out; one that was added keeps its place there."""
        return not self.is_used or self.used_by == (self.added_as,)

    @property
    def is_closed(self) -> bool:
        return bool(self.verb) and not self.is_used

    @property
    def is_open(self) -> bool:
        """Left out, and nobody has decided."""
        return not self.is_used and not self.verb

    @property
    def blocks_signing(self) -> bool:
        return self.is_critical and self.is_open


@dataclass(frozen=True)
class Ledger:
    """All facts of a summary.

    Attributes:
        facts: in the note's order.
        is_known: facts were looked for; not of a draft from before the ledger.
    """

    facts: tuple[ReviewedFact, ...] = ()
    is_known: bool = False

    @property
    def critical(self) -> list[ReviewedFact]:
        """What the draft leaves out and a clinician must decide on, decided or not."""
        return [fact for fact in self.facts if fact.is_listed and fact.is_critical]

    @property
    def others(self) -> list[ReviewedFact]:
        """What else the draft leaves out."""
        return [fact for fact in self.facts if fact.is_listed and not fact.is_critical]

    @property
    def used(self) -> list[ReviewedFact]:
        return [fact for fact in self.facts if not fact.is_listed]

    @property
    def blockers(self) -> list[ReviewedFact]:
        return [fact for fact in self.facts if fact.blocks_signing]

    @property
    def open_others(self) -> list[ReviewedFact]:
        return [fact for fact in self.facts if fact.is_open and not fact.is_critical]

    @property
    def overruled(self) -> list[ReviewedFact]:
        """Critical ones that somebody decided to leave out."""
        return [fact for fact in self.facts if fact.is_critical and fact.is_closed]

    def get(self, target: UUID) -> ReviewedFact | None:
        return next((fact for fact in self.facts if fact.target == target), None)


def ledger(
    summary: Summary, note: Note, claims: Sequence[ReviewedClaim], decisions: Sequence[Decision]
) -> Ledger:
    """Match a summary's facts to its claims as they stand, and fold the decisions on them in.

    Args:
        note: the source, read.
        claims: with every decision folded in.
        decisions: in the order they were taken, `by` loaded.
    """
    if summary.fact_count is None:
        return Ledger()
    rows = list(summary.facts.order_by("position"))
    standing = [claim for claim in claims if not (claim.is_rejected or claim.blocks_signing)]
    places = rules.used_by([_as_found(row) for row in rows], [_as_draft(claim) for claim in standing], note)
    users = [[standing[place].target for place in found] for found in places]
    unedited = {claim.target for claim in standing if claim.is_added}
    added = _added(decisions)
    acts = _newest(decisions)
    found = []
    for row, using in zip(rows, users, strict=True):
        claim = added.get(row.pk)
        as_claim = claim if claim in unedited else None
        if as_claim and as_claim not in using:
            using.append(as_claim)
        found.append(_reviewed(row, tuple(using), as_claim, acts.get(row.pk)))
    return Ledger(tuple(found), is_known=True)


def _reviewed(
    row: Fact, used_by: tuple[UUID, ...], added_as: UUID | None, act: Decision | None
) -> ReviewedFact:
    fact = ReviewedFact(
        target=row.pk,
        position=row.position,
        kind=row.kind,
        text=row.text,
        is_critical=row.is_critical,
        spans=tuple((number, start, end) for number, start, end in row.spans),
        used_by=used_by,
        added_as=added_as,
    )
    if act is None:
        return fact
    group = (act.content or {}).get("group", 1)
    return replace(fact, verb=act.verb, by=act.by.full_name, at=act.at, reason=act.reason or "", group=group)


def _as_found(row: Fact) -> rules.Fact:
    return rules.Fact(FactKind(row.kind), row.text, row.numbers, row.is_critical)


def _as_draft(claim: ReviewedClaim) -> DraftClaim:
    return DraftClaim(claim.text, Category(claim.category), Assertion(claim.assertion), claim.evidence)


def _added(decisions: Iterable[Decision]) -> dict[UUID, UUID]:
    """Tell which claim was added for which fact, and not taken away again."""
    added: dict[UUID, UUID] = {}
    for decision in decisions:
        if decision.verb == Decision.Verb.ADD and decision.fact_id:
            added[decision.fact_id] = decision.target
        elif decision.verb == Decision.Verb.UNDO:
            added = {fact: claim for fact, claim in added.items() if claim != decision.target}
    return added


def _newest(decisions: Iterable[Decision]) -> dict[UUID, Decision]:
    """Pick the newest decision on each fact that leaves it out; undo takes it back."""
    newest: dict[UUID, Decision] = {}
    for decision in decisions:
        if decision.verb == Decision.Verb.NOT_NEEDED:
            newest[decision.target] = decision
        elif decision.verb == Decision.Verb.UNDO:
            newest.pop(decision.target, None)
    return newest


def as_claim(fact: ReviewedFact, note: Note) -> dict[str, Any]:
    """Write a fact as a claim: its words, its sentences, what they are about and how they are meant."""
    category = CATEGORIES[FactKind(fact.kind)]
    first = note.sentences[fact.numbers[0] - 1]
    section = next(kind for sentence, kind in section_kinds(note) if sentence.number == first.number)
    assertion = assertion_of(read_sentence(note, first), section, category)
    return {
        "text": fact.text,
        "category": category.value,
        "assertion": assertion.value,
        "evidence": fact.numbers,
    }


def as_signed(fact: ReviewedFact) -> dict[str, Any]:
    """Write a fact as a signature keeps it; one that nobody decided on is closed with the signature."""
    status = "used" if fact.is_used else fact.verb or CLOSED
    return {
        "target": str(fact.target),
        "kind": fact.kind,
        "text": fact.text,
        "is_critical": fact.is_critical,
        "spans": [list(span) for span in fact.spans],
        "status": status,
        "used_by": [str(target) for target in fact.used_by],
        "added_as": str(fact.added_as) if fact.added_as else None,
        "by": "" if fact.is_used else fact.by,
        "at": fact.at.isoformat() if fact.at and not fact.is_used else None,
        "reason": "" if fact.is_used else fact.reason,
        "group": 1 if fact.is_used else fact.group,
    }


def signed_ledger(signature: Signature) -> Ledger:
    """Read the ledger that was signed: later rules change nothing in it."""
    kept: Sequence[Mapping[str, Any]] | None = signature.content.get("facts")
    if kept is None:
        return Ledger()
    facts = tuple(
        ReviewedFact(
            target=UUID(fact["target"]),
            position=position,
            kind=fact["kind"],
            text=fact["text"],
            is_critical=fact["is_critical"],
            spans=tuple((number, start, end) for number, start, end in fact["spans"]),
            used_by=tuple(UUID(target) for target in fact["used_by"]),
            added_as=UUID(fact["added_as"]) if fact["added_as"] else None,
            verb="" if fact["status"] == "used" else fact["status"],
            by=fact["by"],
            at=datetime.datetime.fromisoformat(fact["at"]) if fact["at"] else None,
            reason=fact["reason"],
            group=fact.get("group", 1),
        )
        for position, fact in enumerate(kept, start=1)
    )
    return Ledger(facts, is_known=True)


def find(summary: Summary, note_id: UUID, note: Note) -> tuple[list[Fact], int]:
    """Find the facts of a note, not yet stored, and count the critical ones that no claim uses."""
    found = rules.find_facts(note)
    standing = [claim for claim in engine_claims(summary) if not claim.blocks_signing]
    used = rules.used_by(found, [_as_draft(claim) for claim in standing], note)
    rows = [
        Fact(
            summary=summary,
            note_id=note_id,
            position=position,
            kind=fact.kind,
            is_critical=fact.is_critical,
            spans=[[n, note.sentences[n - 1].start, note.sentences[n - 1].end] for n in fact.sentences],
            text=fact.text,
        )
        for position, fact in enumerate(found, start=1)
    ]
    return rows, sum(fact.is_critical and not places for fact, places in zip(found, used, strict=True))
