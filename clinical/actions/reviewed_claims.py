"""Claims as they stand now: what the engine wrote with every decision folded in."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from clinical.actions.details import Details, in_words, lapse
from clinical.models import Claim, Decision, Summary
from inference.vocabulary import Assertion, Category, Severity

DENIAL = re.compile(r"\W*(?:no|not|nil|none|never|nka|nkda|den(?:ies|ied)|without|negative)\b", re.IGNORECASE)
"""A text that begins so says by itself that something is absent."""

RANK = {Severity.CRITICAL.value: 0, Severity.WARNING.value: 1, Severity.NOTE.value: 2}
ADDED = 4
"""The rank at which claims stand that a clinician added: after the engine's."""


@dataclass(frozen=True)
class ShownFlag:
    """What the checker doubts."""

    kind: str
    severity: str
    message: str


def _rank(flags: Iterable[ShownFlag]) -> int:
    return min((RANK[flag.severity] for flag in flags), default=3)


@dataclass(frozen=True)
class ReviewedClaim:
    """A claim as it stands: the engine's, or as a clinician edited or added it.

    Attributes:
        target: the claim's id, or the id of the decision that added it.
        position: the engine's order; added claims follow.
        evidence: sentence numbers of the source.
        verb: accept, edit, reject or add; "" while nobody has decided.
        original: the engine's wording where a clinician edited it, else "".
        first_rank: the rank it first had; it decides where the claim stands, so that nothing moves in review.
        details: the stated parts of a medication or allergy; none once a clinician has edited or rejected it.
        lapsed: "stopped" or "held" where the text does not say so itself; likewise.
    """

    target: UUID
    position: int
    text: str
    category: str
    assertion: str
    evidence: tuple[int, ...]
    flags: tuple[ShownFlag, ...]
    verb: str = ""
    by: str = ""
    at: datetime.datetime | None = None
    reason: str = ""
    original: str = ""
    first_rank: int = 3
    details: Details = ()
    lapsed: str = ""

    @property
    def category_label(self) -> str:
        return Category(self.category).label

    @property
    def assertion_label(self) -> str:
        return Assertion(self.assertion).label

    @property
    def is_decided(self) -> bool:
        return bool(self.verb)

    @property
    def is_rejected(self) -> bool:
        return self.verb == Decision.Verb.REJECT

    @property
    def is_added(self) -> bool:
        return self.verb == Decision.Verb.ADD

    @property
    def is_critical(self) -> bool:
        return any(flag.severity == Severity.CRITICAL for flag in self.flags)

    @property
    def blocks_signing(self) -> bool:
        """A critical flag needs an own decision."""
        return self.is_critical and not self.is_decided

    @property
    def rank(self) -> int:
        """Gravest flag first: 0 critical, 1 warning, 2 note, 3 none."""
        return _rank(self.flags)

    @property
    def said_assertion(self) -> str:
        """The assertion in words; "" where it is present, or where the text itself begins with the denial."""
        is_denial = self.assertion == Assertion.ABSENT and DENIAL.match(self.text)
        return "" if self.assertion in {Assertion.PRESENT.value, ""} or is_denial else self.assertion_label

    @property
    def spoken(self) -> str:
        """The text with its assertion and its lapse in words, as every copy, export and print has it."""
        said = ", ".join(word for word in (self.said_assertion.lower(), self.lapsed) if word)
        return f"{said}: {self.text}" if said else self.text


def engine_claims(summary: Summary, *, after: int = 0) -> list[ReviewedClaim]:
    """Read the engine's claims after a position, in order, without decisions."""
    rows = (
        summary.claims.filter(position__gt=after).prefetch_related("evidence", "flags").order_by("position")
    )
    return [as_written(claim) for claim in rows]


def as_written(claim: Claim) -> ReviewedClaim:
    flags = tuple(ShownFlag(f.kind, f.severity, f.message) for f in claim.flags.all())
    return ReviewedClaim(
        target=claim.pk,
        position=claim.position,
        text=claim.text,
        category=claim.category,
        assertion=claim.assertion,
        evidence=tuple(e.number for e in claim.evidence.all()),
        flags=flags,
        first_rank=_rank(flags),
        details=in_words(claim.details, claim.text),
        lapsed=lapse(claim.details, claim.text),
    )


def fold(claims: Iterable[ReviewedClaim], decisions: Iterable[Decision]) -> list[ReviewedClaim]:
    """Fold decisions into claims: the newest on each target holds, and undo leaves it undecided.

    Decisions that leave a fact out touch no claim.

    Args:
        claims: as the engine wrote them.
        decisions: in the order they were taken, `by` loaded.
    """
    written = {claim.target: claim for claim in claims}
    now = dict(written)
    position = max((claim.position for claim in written.values()), default=0)
    for decision in decisions:
        target = decision.target
        if decision.verb == Decision.Verb.NOT_NEEDED:
            continue
        if decision.verb == Decision.Verb.UNDO:
            if target in written:
                now[target] = written[target]
            else:
                now.pop(target, None)
            continue
        if target not in now:
            position += 1
        added = ReviewedClaim(target, position, "", "", "", (), (), first_rank=ADDED)
        base = written.get(target) or now.get(target, added)
        kept = now.get(target, base) if decision.verb == Decision.Verb.REJECT else base
        if content := decision.content:
            kept = replace(
                kept,
                text=content["text"],
                category=content["category"],
                assertion=content["assertion"],
                evidence=tuple(content["evidence"]),
                flags=tuple(ShownFlag(**flag) for flag in content["flags"]),
                original=written[target].text if target in written else "",
                details=(),
                lapsed="",
            )
        if decision.verb == Decision.Verb.REJECT:
            kept = replace(kept, details=(), lapsed="")
        now[target] = replace(
            kept, verb=decision.verb, by=decision.by.full_name, at=decision.at, reason=decision.reason or ""
        )
    return list(now.values())


def current_claims(summary: Summary, decisions: Iterable[Decision]) -> list[ReviewedClaim]:
    """Read a summary's claims with all decisions folded in: gravest first, added ones last."""
    written = engine_claims(summary)
    return sorted(fold(written, decisions), key=lambda claim: (claim.first_rank, claim.position))
