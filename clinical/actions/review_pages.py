"""What a summary looks like now: its claims with every decision folded in, beside the numbered source."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

from clinical.access import may_sign
from clinical.actions.cautions import Caution, cautions
from clinical.actions.details import Details, in_words, lapse
from clinical.actions.drafts import newer_than
from clinical.actions.patients import has_namesake
from clinical.actions.prompts import PromptPage, Section, asked
from clinical.actions.sections import Uncited, headings, uncited
from clinical.models import (
    Addendum,
    Claim,
    Decision,
    Document,
    Note,
    Patient,
    Review,
    Signature,
    Summary,
    User,
    Withdrawal,
)
from inference.checking.injection import Suspicion, suspicious
from inference.text import Sentence, from_layout
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


@dataclass(frozen=True)
class ReviewPage:
    """Everything a clinician sees of a summary.

    Attributes:
        claims: gravest flags first, then the engine's order, then added ones; deciding moves nothing.
        version: what a save must send back; an older one is refused.
        namesake: another patient the clinician can see has the same name.
        newer_notes: notes that supersede a source.
        withdrawals: sources entered in error.
        cautions: identity that was confirmed against the document; an allergy that another note records.
        newer: a newer ready summary of the same note and kind, or None.
        asked: the prompt, as it was stored; None of a summary made before prompts were kept.
        uncited: sections of the source that no standing claim rests on; told only of a note read in parts.
    """

    summary: Summary
    patient: Patient
    note: Note
    document: Document
    sentences: tuple[Sentence, ...]
    claims: tuple[ReviewedClaim, ...]
    version: int
    signature: Signature | None
    addenda: tuple[Addendum, ...]
    namesake: bool
    newer_notes: tuple[Note, ...]
    withdrawals: tuple[Withdrawal, ...]
    cautions: tuple[Caution, ...]
    newer: Summary | None
    may_sign: bool
    asked: PromptPage | None
    uncited: tuple[Uncited, ...]

    @property
    def is_streaming(self) -> bool:
        return self.summary.status == Summary.Status.STREAMING

    @property
    def is_ready(self) -> bool:
        return self.summary.status == Summary.Status.READY

    @property
    def is_generated(self) -> bool:
        return self.summary.model_version.is_generative

    @property
    def is_open(self) -> bool:
        """Decisions may be taken: complete, not signed, not entered in error."""
        return self.is_ready and self.signature is None and not self.withdrawals

    @property
    def is_hidden(self) -> bool:
        """Nothing of an abandoned draft is shown, nor of an unsigned one whose note was entered in error."""
        is_withdrawn = bool(self.withdrawals) and self.signature is None
        return is_withdrawn or self.summary.status == Summary.Status.ABANDONED

    @cached_property
    def suspicions(self) -> dict[int, Suspicion]:
        """Sentences of the source that read like instructions to a computer, by number."""
        found = suspicious(from_layout(self.note.text, self.note.layout))
        return {suspicion.number: suspicion for suspicion in found}

    @property
    def draft_label(self) -> str:
        """What stands on every screen and print until it is signed; "" once it is."""
        if self.signature:
            return ""
        return "AI draft, not signed" if self.is_generated else "Extracted, not generated – not signed"

    @property
    def blockers(self) -> tuple[ReviewedClaim, ...]:
        return tuple(claim for claim in self.claims if claim.blocks_signing)

    @property
    def undecided(self) -> tuple[ReviewedClaim, ...]:
        return tuple(claim for claim in self.claims if not claim.is_decided)

    @property
    def kind(self) -> str:
        """What kind of summary this is, as its prompt called it then."""
        return self.asked.title if self.asked else "Summary"

    @property
    def headings(self) -> tuple[Section, ...]:
        """Every heading that a claim may stand under, in the prompt's order."""
        return headings(self.asked)

    @property
    def by_section(self) -> list[tuple[Section, list[ReviewedClaim]]]:
        """Claims that stand, under the prompt's headings; one that takes no claim is there for its carry."""
        standing = sorted((c for c in self.claims if not c.is_rejected), key=lambda c: c.position)
        placed = [(s, [c for c in standing if c.category in s.categories]) for s in self.headings]
        return [(section, claims) for section, claims in placed if claims or not section.categories]


def engine_claims(summary: Summary, *, after: int = 0) -> list[ReviewedClaim]:
    """Read the engine's claims after a position, in order, without decisions."""
    rows = (
        summary.claims.filter(position__gt=after).prefetch_related("evidence", "flags").order_by("position")
    )
    return [_as_written(claim) for claim in rows]


def _as_written(claim: Claim) -> ReviewedClaim:
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

    Args:
        claims: as the engine wrote them.
        decisions: in the order they were taken, `by` loaded.
    """
    written = {claim.target: claim for claim in claims}
    now = dict(written)
    position = max((claim.position for claim in written.values()), default=0)
    for decision in decisions:
        target = decision.target
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


def current_claims(summary: Summary, review: Review | None) -> list[ReviewedClaim]:
    """Read a summary's claims with all decisions folded in: gravest first, added ones last."""
    written = engine_claims(summary)
    decisions = review.decisions.select_related("by").order_by("number") if review else ()
    return sorted(fold(written, decisions), key=lambda claim: (claim.first_rank, claim.position))


def build(summary: Summary, *, by: User) -> ReviewPage:
    """Assemble the page of a summary the person may see."""
    review = Review.objects.filter(summary=summary).first()
    signature = (
        Signature.objects.select_related("signed_by").filter(review=review).first() if review else None
    )
    # Without the deferral every opening would load the document's bytes, up to 20 MB.
    sources = Note.objects.select_related("document").defer("document__content_sealed")
    note = sources.get(summary_sources__summary=summary)
    read = from_layout(note.text, note.layout)
    claims = tuple(current_claims(summary, review))
    cited = {number for c in claims if not c.is_rejected for number in c.evidence}
    allergies = [c.text for c in claims if c.category == Category.ALLERGY and not c.is_rejected]
    return ReviewPage(
        summary=summary,
        patient=summary.patient,
        note=note,
        document=note.document,
        sentences=read.sentences,
        claims=claims,
        version=review.version if review else 0,
        signature=signature,
        addenda=tuple(signature.addenda.select_related("by")) if signature else (),
        namesake=has_namesake(summary.patient, by=by),
        newer_notes=tuple(note.superseded_by.filter(document__withdrawal=None).defer("text_sealed")),
        withdrawals=tuple(Withdrawal.objects.filter(document=note.document).select_related("by")),
        cautions=cautions(summary, note, allergies),
        newer=newer_than(summary, note.pk),
        may_sign=may_sign(by, summary) is None,
        asked=asked(summary.model_version),
        uncited=uncited(read, cited) if summary.parts > 1 else (),
    )
