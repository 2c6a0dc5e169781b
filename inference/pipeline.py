"""From a note to checked claims. Read this first.

1. `inference.text` has split the note into numbered sentences.
2. The engine reads the note under a prompt and writes claims, each citing sentence numbers.
3. `inference.checking` tests each claim against its sentences as soon as it is finished.
4. The checked claim goes out at once; nothing unchecked ever does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from inference.checking import Flag, check_claim
from inference.engines.base import (
    Completion,
    DraftClaim,
    Engine,
    EngineError,
    EngineRequest,
    error_for_finish_reason,
)
from inference.prompts import Prompt
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


def summarize(
    note: Note, *, prompt: Prompt, engine: Engine, priority: int = 0, stream: bool = True
) -> Iterator[CheckedClaim | Completion]:
    """Summarise a note: yield each claim once it is checked, and at the very end the engine's Completion.

    Only an answer that reaches its Completion is a summary. What came before an error is not a shorter
    summary and must be thrown away.

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
    completion: Completion | None = None
    claims = 0
    for item in engine.claims(request):
        if completion is not None:
            raise EngineError("bad_output", detail="claim_after_completion")
        if isinstance(item, Completion):
            completion = item
        else:
            claims += 1
            yield checked(item, note)
    if completion is None:
        raise EngineError("not_finished")
    if error := error_for_finish_reason(completion.finish_reason):
        raise error
    if claims == 0:
        raise EngineError("no_claims")
    yield completion


def checked(claim: DraftClaim, note: Note) -> CheckedClaim:
    """Check one claim, an engine's or one that a clinician typed, against the sentences it cites."""
    sentences = {sentence.number: sentence for sentence in note.sentences}
    return CheckedClaim(
        text=claim.text,
        category=claim.category,
        assertion=claim.assertion,
        evidence=tuple(sentences[number] for number in dict.fromkeys(claim.evidence) if number in sentences),
        flags=check_claim(claim, note),
    )
