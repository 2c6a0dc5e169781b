"""What the templates of the review page are given: claims as cards in groups, the source as passages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clinical.access import Refusal
from clinical.actions.review_pages import ReviewPage
from clinical.actions.reviewed_claims import ADDED, ReviewedClaim, ShownFlag
from clinical.models import Summary
from inference.vocabulary import Assertion, Category, SentenceKind, Severity

OPEN_FLAGS = 3
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
        return self.claim.flags[:OPEN_FLAGS]

    @property
    def folded_flags(self) -> tuple[ShownFlag, ...]:
        return self.claim.flags[OPEN_FLAGS:]

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
class Piece:
    """A sentence with the white space before it; a table's row comes in cells."""

    gap: str
    sentence: Any
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Sentences on the same lines.

    Attributes:
        kind: text, bullet, row or header.
        is_spaced: a blank line stands before it.
        is_title: it has words to be a heading; a ruled line has none.
    """

    kind: str
    pieces: tuple[Piece, ...]
    is_spaced: bool

    @property
    def is_title(self) -> bool:
        words = any(letter.isalnum() for letter in self.pieces[0].sentence.text)
        return self.kind == SentenceKind.HEADER and words


@dataclass(frozen=True)
class Passage:
    """Blocks laid out together: "prose", "columns" (aligned by blanks) or "cells" (divided by pipes)."""

    layout: str
    blocks: tuple[Block, ...]


def source(page: ReviewPage) -> list[Passage]:
    """Lay the note out as it was written: its lines, indents and tables, each sentence by its number."""
    found: list[Passage] = []
    for block in _blocks(page):
        layout = _layout(block, page)
        if found and found[-1].layout == layout and not (layout != "prose" and block.is_spaced):
            found[-1] = Passage(layout, (*found[-1].blocks, block))
        else:
            found.append(Passage(layout, (block,)))
    return found


def _blocks(page: ReviewPage) -> Iterator[Block]:
    last, pieces, is_spaced = 0, list[Piece](), False
    for sentence in page.sentences:
        gap = page.note.text[last : sentence.start]
        if "\n" in gap and pieces:
            yield Block(pieces[0].sentence.kind.value, tuple(pieces), is_spaced)
            pieces = []
        if not pieces:
            is_spaced = gap.count("\n") > 1
            gap = gap.rpartition("\n")[2]
        pieces.append(Piece(gap, sentence, _cells(sentence.text)))
        last = sentence.end
    if pieces:
        yield Block(pieces[0].sentence.kind.value, tuple(pieces), is_spaced)


def _layout(block: Block, page: ReviewPage) -> str:
    """Tell a table's lines from prose; its header row is known by the rows that point at it."""
    sentence = block.pieces[0].sentence
    follower = page.sentences[sentence.number] if sentence.number < len(page.sentences) else None
    heads = follower is not None and follower.header is not None and follower.header.start == sentence.start
    if block.kind != SentenceKind.ROW and not heads:
        return "prose"
    return "cells" if len(block.pieces[0].cells) > 1 else "columns"


def _cells(text: str) -> tuple[str, ...]:
    lines = [line for line in text.splitlines() if not re.fullmatch(r"[|\s:=+-]*", line)]
    line = lines[0].strip() if lines else text.strip()
    if "|" in line:
        return tuple(cell.strip() for cell in line.strip("|").split("|"))
    return tuple(cell.strip() for cell in line.split("\t")) if "\t" in line else ()


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
        "counts": counts(page),
        "held": held,
        "added_form": added_form,
        "part": part_of(page.summary),
        "after": max((claim.position for claim in page.claims), default=0),
        **CHOICES,
    }
