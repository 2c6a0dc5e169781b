"""What a summary looks like now: its claims with every decision folded in, beside the numbered source."""

from dataclasses import dataclass
from functools import cached_property

from clinical.access import may_sign
from clinical.actions.cautions import Caution, cautions, instructed
from clinical.actions.drafts import newer_than
from clinical.actions.ledger import Ledger, ReviewedFact, ledger, signed_ledger
from clinical.actions.patients import has_namesake
from clinical.actions.prompts import PromptPage, Section, asked
from clinical.actions.reviewed_claims import ReviewedClaim, current_claims
from clinical.actions.sections import Uncited, headings, uncited, uncited_in_words
from clinical.models import (
    Addendum,
    Document,
    Note,
    Patient,
    Review,
    Signature,
    Summary,
    User,
    Withdrawal,
)
from inference.checking.facts import Symptom, find_symptoms
from inference.checking.injection import Suspicion, suspicious
from inference.text import Note as ReadNote
from inference.text import Sentence, from_layout
from inference.vocabulary import Category


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
        ledger: the facts of the source, used or left out; of a signed summary as they were signed.
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
    ledger: Ledger

    @cached_property
    def read(self) -> ReadNote:
        """The source with its sentences, as the rules read it."""
        return from_layout(self.note.text, self.note.layout)

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
        return {suspicion.number: suspicion for suspicion in suspicious(self.read)}

    @cached_property
    def symptoms(self) -> tuple[Symptom, ...]:
        """The symptoms that the source names, in reading order."""
        return find_symptoms(self.read)

    @property
    def written_cautions(self) -> tuple[Caution, ...]:
        """The cautions as paper and copied text have them, which cannot mark a sentence in the source."""
        return (*self.cautions, *([instructed(list(self.suspicions))] if self.suspicions else []))

    @property
    def uncited_words(self) -> str:
        return uncited_in_words(self.uncited)

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
    def left_out(self) -> list[ReviewedFact]:
        """Critical facts that no claim carries and nobody decided on: they too stand before a signature."""
        return self.ledger.blockers

    @property
    def undecided(self) -> tuple[ReviewedClaim, ...]:
        return tuple(claim for claim in self.claims if not claim.is_decided)

    @property
    def standing(self) -> tuple[ReviewedClaim, ...]:
        """The claims that nobody rejected: what a signature would sign."""
        return tuple(claim for claim in self.claims if not claim.is_rejected)

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
        """Claims that stand, under the headings; the prompt's own are all there, so that a gap is seen."""
        own = self.asked.sections if self.asked else ()
        standing = sorted(self.standing, key=lambda c: c.position)
        placed = [(s, [c for c in standing if c.category in s.categories]) for s in self.headings]
        return [(section, claims) for section, claims in placed if claims or section in own]


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
    decisions = list(review.decisions.select_related("by").order_by("number")) if review else []
    claims = tuple(current_claims(summary, decisions))
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
        cautions=cautions(note, allergies),
        newer=newer_than(summary, note.pk),
        may_sign=may_sign(by, summary) is None,
        asked=asked(summary.model_version),
        uncited=uncited(read, cited) if summary.parts > 1 else (),
        ledger=signed_ledger(signature) if signature else ledger(summary, read, claims, decisions),
    )
