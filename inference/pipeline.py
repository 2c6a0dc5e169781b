"""From a note to checked claims. Read this first.

1. `inference.text` has split the note into numbered sentences.
2. `inference.parts` divides a note that is too long for the engine; most are read whole.
3. The engine reads each part under a prompt and writes claims, each citing sentence numbers.
4. `inference.checking` tests each claim against its sentences as soon as it is finished.
5. The checked claim goes out at once; nothing unchecked ever does. A claim that was made before lends its
   evidence to the earlier one.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from inference.checking import Checker, Flag
from inference.engines.base import (
    Allergy,
    Completion,
    DraftClaim,
    Engine,
    EngineError,
    EngineRequest,
    Medication,
    error_for_finish_reason,
)
from inference.parts import Part, split
from inference.prompts import Prompt
from inference.schema import MAX_EVIDENCE
from inference.text import Note, Sentence
from inference.vocabulary import Assertion, Category


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim with the sentences it rests on and what the checker doubts about it."""

    text: str
    category: Category
    assertion: Assertion
    evidence: tuple[Sentence, ...]  # in the order cited; only sentences that the note has
    flags: tuple[Flag, ...]  # most severe first; empty means no doubt was found, not that the claim is right
    medication: Medication | None = None
    allergy: Allergy | None = None


@dataclass(frozen=True, slots=True)
class Repetition:
    """What a claim adds that says again what an earlier one said, without raising a further doubt."""

    position: int  # of the earlier claim, from 1, in the order in which claims went out
    evidence: tuple[Sentence, ...]  # that the earlier claim did not cite; at most 8 with those it did


class _Saying(NamedTuple):
    position: int
    flags: frozenset[Flag]
    cited: set[int]


def summarize(
    note: Note, *, prompt: Prompt, engine: Engine, priority: int = 0, stream: bool = True
) -> Iterator[Part | CheckedClaim | Repetition | Completion]:
    """Summarise a note: yield each claim once it is checked, and at the very end one Completion.

    A note that is read in several parts also yields each Part before its claims. Only an answer that reaches
    its Completion is a summary. What came before an error is not a shorter summary and must be thrown away.

    Args:
        note: what to read.
        prompt: what a generative engine is told; the extractive engine has no use for it.
        engine: who reads.
        priority: lower is served first, by engines that queue.
        stream: whether claims should come one by one (for a person who waits) or may come all at the end.

    Raises:
        EngineError: the engine failed, stopped early, or had not one claim to make about a note with text.
    """
    request = EngineRequest(note=note, prompt=prompt, priority=priority, stream=stream)
    began = time.monotonic()
    first: float | None = None
    said = _Said(note)
    completions: list[Completion] = []
    parts = _parts(request, engine)
    for part in parts:
        if len(parts) > 1:
            yield part
        for item in _read(replace(request, part=part), engine):
            if isinstance(item, Completion):
                completions.append(item)
            elif (new := said.add(item)) is not None:
                if first is None:
                    first = time.monotonic() - began
                yield new
    if not said:
        raise EngineError("no_claims")
    yield Completion(
        finish_reason="stop",
        prompt_tokens=_sum([completion.prompt_tokens for completion in completions]),
        output_tokens=_sum([completion.output_tokens for completion in completions]),
        seconds_to_first_claim=first,
        seconds=time.monotonic() - began,
        parts=len(parts),
    )


def gathered(
    items: Iterable[Part | CheckedClaim | Repetition | Completion],
) -> tuple[list[CheckedClaim], Completion]:
    """Read a summary to its end: the claims with all their evidence and flags, and the completion.

    Raises:
        EngineError: as `summarize`.
    """
    claims: list[CheckedClaim] = []
    completion: Completion | None = None
    for item in items:
        if isinstance(item, CheckedClaim):
            claims.append(item)
        elif isinstance(item, Repetition):
            claim = claims[item.position - 1]
            claims[item.position - 1] = replace(claim, evidence=claim.evidence + item.evidence)
        elif isinstance(item, Completion):
            completion = item
    if completion is None:
        raise EngineError("not_finished")
    return claims, completion


def checked(claim: DraftClaim, checker: Checker) -> CheckedClaim:
    """Check one claim against the sentences it cites; one `Checker` serves all the claims of its note."""
    sentences = checker.note.sentences
    return CheckedClaim(
        text=claim.text,
        category=claim.category,
        assertion=claim.assertion,
        evidence=tuple(
            sentences[number - 1] for number in dict.fromkeys(claim.evidence) if 1 <= number <= len(sentences)
        ),
        flags=checker.check(claim),
        medication=claim.medication,
        allergy=claim.allergy,
    )


def _parts(request: EngineRequest, engine: Engine) -> tuple[Part, ...]:
    """Divide the note as the engine can read it; no note is ever cut short to fit."""
    try:
        return split(request.note, lambda part: engine.fits(replace(request, part=part)))
    except ValueError:
        raise EngineError("too_long", detail="one_sentence") from None


def _read(request: EngineRequest, engine: Engine) -> Iterator[DraftClaim | Completion]:
    """Read one part to its end."""
    completion: Completion | None = None
    for item in engine.claims(request):
        if completion is not None:
            raise EngineError("bad_output", detail="claim_after_completion")
        if isinstance(item, Completion):
            completion = item
        else:
            yield item
    if completion is None:
        raise EngineError("not_finished")
    if error := error_for_finish_reason(completion.finish_reason):
        raise error
    yield completion


class _Said:
    """What a summary has said so far, so that nothing is said twice and no evidence is lost."""

    def __init__(self, note: Note) -> None:
        self._checker = Checker(note)
        self._claims: dict[object, _Saying] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, claim: DraftClaim) -> CheckedClaim | Repetition | None:
        """Take a claim: new, or what it adds to an earlier one, or nothing.

        Only the same words, category, assertion and details are the same claim: another dose is another one.
        A drug is the same only under the same heading: one list may say what was taken, the next what was
        stopped. Each is checked against its own sentences, and a doubt that the earlier one did not raise
        keeps the two apart.
        """
        new = checked(claim, self._checker)
        words = " ".join(claim.text.casefold().rstrip(".; ").split())
        list_of_drugs = self._sections(claim) if claim.category is Category.MEDICATION else None
        key = (words, claim.category, claim.assertion, claim.medication, claim.allergy, list_of_drugs)
        earlier = self._claims.get(key)
        if earlier is None or not earlier.flags.issuperset(new.flags):
            self._count += 1
            self._claims.setdefault(
                key, _Saying(self._count, frozenset(new.flags), {s.number for s in new.evidence})
            )
            return new
        further = tuple(s for s in new.evidence if s.number not in earlier.cited)
        further = further[: max(0, MAX_EVIDENCE - len(earlier.cited))]
        earlier.cited.update(s.number for s in further)
        return Repetition(earlier.position, further) if further else None

    def _sections(self, claim: DraftClaim) -> frozenset[str]:
        known = (number for number in claim.evidence if 0 < number <= len(self._checker.note.sentences))
        return frozenset(self._checker.note.sentences[number - 1].section.casefold() for number in known)


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
