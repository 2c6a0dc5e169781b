"""What the templates of the review page are given: claims and facts as cards in groups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clinical.access import Refusal
from clinical.actions.ledger import ReviewedFact
from clinical.actions.review_pages import ReviewPage
from clinical.actions.reviewed_claims import ADDED, ReviewedClaim, ShownFlag
from clinical.models import Summary
from inference.vocabulary import Assertion, Category, Severity

OPEN_FLAGS = 3
REASONS = (
    "Does not matter for this summary",
    "Another claim says it",
    "No longer current",
    "The rule has misread the note",
)
"""Why a critical fact may be left out, to pick from instead of typing."""
CHOICES: dict[str, Any] = {
    "categories": [(c.value, c.label) for c in Category],
    "assertions": [(a.value, a.label) for a in Assertion],
}


@dataclass(frozen=True)
class Held:
    """A form that was refused and stays on the page with what was typed.

    Attributes:
        form: the form's id.
        typed: what was typed; empty where the browser itself still holds it.
        refusal: why it was not saved.
    """

    form: str
    typed: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Card:
    """A claim as the page shows it.

    Attributes:
        quotes: its evidence, as the source's sentences.
        held: its refused form, if it has one.
    """

    claim: ReviewedClaim
    quotes: tuple[Any, ...]
    held: Held | None = None

    @property
    def tone(self) -> str:
        """The gravest severity, or "plain": what colours the card."""
        ranks = {0: Severity.CRITICAL.value, 1: Severity.WARNING.value, 2: Severity.NOTE.value}
        return ranks.get(self.claim.rank, "plain")

    @property
    def numbers(self) -> str:
        """The numbers of its sentences, as a person types them."""
        return ", ".join(str(number) for number in self.claim.evidence)

    @property
    def edit_id(self) -> str:
        return f"edit-{self.claim.target}"

    @property
    def act_id(self) -> str:
        return f"act-{self.claim.target}"

    @property
    def holds_edit(self) -> bool:
        return bool(self.held and self.held.form == self.edit_id)

    @property
    def holds_act(self) -> bool:
        return bool(self.held and self.held.form == self.act_id)

    @property
    def asks_reason(self) -> bool:
        """The edit form asks why: a critical doubt stands, or what was typed raised one."""
        refusal = self.held.refusal if self.held and self.holds_edit else None
        return self.claim.is_critical or (refusal is not None and refusal.code == "needs_reason")

    @property
    def shown_flags(self) -> tuple[ShownFlag, ...]:
        """The three most serious; a critical one is never folded away."""
        critical = sum(flag.severity == Severity.CRITICAL for flag in self.claim.flags)
        return self.claim.flags[: max(OPEN_FLAGS, critical)]

    @property
    def folded_flags(self) -> tuple[ShownFlag, ...]:
        return self.claim.flags[len(self.shown_flags) :]

    @property
    def fields(self) -> Mapping[str, str]:
        """What the edit form shows: what was typed, else the claim as it stands."""
        if self.holds_edit and self.held and self.held.typed:
            return self.held.typed
        claim = self.claim
        return {
            "text": claim.text,
            "category": claim.category,
            "assertion": claim.assertion,
            "evidence": self.numbers,
            "reason": claim.reason,
        }


@dataclass(frozen=True)
class Group:
    """Claims under one heading.

    Attributes:
        instruction: what the reader does there; only of a heading that no claim can stand under.
        is_one_category: the heading says what category its claims are.
        is_bare: one of the prompt's headings for which the draft has no claim at all.
    """

    key: str
    title: str
    cards: tuple[Card, ...]
    instruction: str = ""
    is_one_category: bool = False
    is_bare: bool = False


@dataclass(frozen=True)
class FactCard:
    """A fact as the page shows it.

    Attributes:
        quotes: the sentences that state it.
        claims: the claims that carry it.
        held: its refused form, if it has one.
    """

    fact: ReviewedFact
    quotes: tuple[Any, ...]
    claims: tuple[ReviewedClaim, ...]
    held: Held | None = None

    @property
    def add_id(self) -> str:
        return f"add-{self.fact.target}"

    @property
    def out_id(self) -> str:
        return f"out-{self.fact.target}"

    @property
    def asks_reason(self) -> bool:
        """The checker doubts its words gravely, so that adding them needs a reason."""
        refusal = self.held.refusal if self.held and self.held.form == self.add_id else None
        return refusal is not None and refusal.code == "needs_reason"

    @property
    def numbers(self) -> str:
        """The numbers of its sentences, as a person types them."""
        return ", ".join(str(number) for number in self.fact.numbers)

    @property
    def tone(self) -> str:
        return Severity.CRITICAL.value if self.fact.is_critical else "plain"

    @property
    def typed_reason(self) -> str:
        return self.held.typed.get("reason", "") if self.held else ""


def fact_cards(page: ReviewPage, facts: Iterable[ReviewedFact], held: Held | None = None) -> list[FactCard]:
    """Pair facts with the sentences that state them and the claims that carry them."""
    claims = {claim.target: claim for claim in page.claims}
    return [
        FactCard(
            fact,
            tuple(page.sentences[n - 1] for n in fact.numbers if 0 < n <= len(page.sentences)),
            tuple(claims[target] for target in fact.used_by if target in claims),
            held if held and held.form in {f"add-{fact.target}", f"out-{fact.target}"} else None,
        )
        for fact in facts
    ]


def cards(page: ReviewPage, held: Held | None = None) -> list[Card]:
    """Pair the page's claims, in its order, with the sentences they rest on."""
    return [card(page, claim, held) for claim in page.claims]


def card(page: ReviewPage, claim: ReviewedClaim, held: Held | None = None) -> Card:
    """Pair one claim with the sentences it rests on; numbers run from 1 without gaps."""
    quotes = tuple(page.sentences[n - 1] for n in claim.evidence if 0 < n <= len(page.sentences))
    is_held = held is not None and held.form.endswith(str(claim.target))
    return Card(claim, quotes, held if is_held else None)


def groups(page: ReviewPage, held: Held | None = None) -> list[Group]:
    """Group claims by how grave they stood at first, the unflagged ones under their prompt's headings."""
    shown = cards(page, held)
    if page.is_streaming:
        in_order = sorted(shown, key=lambda card: card.claim.position)
        return [Group("streaming", "Claims so far", tuple(in_order))]
    titles = ("Doubted gravely", "Doubted") if page.signature else ("Needs your decision", "Check these")
    found = [
        Group("critical", titles[0], tuple(c for c in shown if c.claim.first_rank == 0)),
        Group("warning", titles[1], tuple(c for c in shown if c.claim.first_rank == 1)),
    ]
    rest = [c for c in shown if c.claim.first_rank in {2, 3}]
    own = page.asked.sections if page.asked else ()
    drafted = {c.claim.category for c in shown if c.claim.first_rank != ADDED}
    for number, section in enumerate(page.headings, start=1):
        members = tuple(c for c in rest if c.claim.category in section.categories)
        instruction = "" if section.categories else section.carry
        is_one = len(section.categories) == 1
        is_bare = section in own and bool(section.categories) and drafted.isdisjoint(section.categories)
        found.append(Group(f"section-{number}", section.title, members, instruction, is_one, is_bare))
    return [group for group in found if group.cards or group.instruction or group.is_bare]


def added_cards(page: ReviewPage, held: Held | None = None) -> list[Card]:
    """Pick the claims that a clinician added, in order."""
    return [c for c in cards(page, held) if c.claim.first_rank == ADDED]


@dataclass(frozen=True)
class Counts:
    """How far a review has come."""

    claims: int
    accepted: int
    edited: int
    rejected: int
    added: int
    undecided: int
    blockers: int
    left_out: int

    @property
    def blocking(self) -> int:
        """How many decisions stand before a signature: on claims and on left-out facts."""
        return self.blockers + self.left_out


def counts(page: ReviewPage) -> Counts:
    """Count a page's claims by what was decided."""
    verbs = [claim.verb for claim in page.claims]
    return Counts(
        claims=len(verbs),
        accepted=verbs.count("accept"),
        edited=verbs.count("edit"),
        rejected=verbs.count("reject"),
        added=verbs.count("add"),
        undecided=verbs.count(""),
        blockers=len(page.blockers),
        left_out=len(page.left_out),
    )


def part_of(summary: Summary) -> int:
    """Say which part of a long note is being read, from 1."""
    return min(summary.parts_read + 1, summary.parts)


def context(page: ReviewPage, held: Held | None = None) -> dict[str, Any]:
    """Gather what every template of the review needs."""
    added_form = held if held and held.form == "add-form" else None
    return {
        "page": page,
        "groups": groups(page, held),
        "added": added_cards(page, held),
        "left_out_critical": fact_cards(page, page.ledger.critical, held),
        "left_out_others": fact_cards(page, page.ledger.others, held),
        "used_facts": fact_cards(page, page.ledger.used),
        "reasons": REASONS,
        "counts": counts(page),
        "held": held,
        "added_form": added_form,
        "part": part_of(page.summary),
        "after": max((claim.position for claim in page.claims), default=0),
        **CHOICES,
    }
