"""Sentences of a note that talk to a model instead of about a patient: shown with a flag, never left out.

Only what gives itself away by its words or its disguise is found. An order in plain clinical words ("omit the
warfarin") is not: against that stand the checks of each claim and the reader.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inference.checking.case import Case
from inference.checking.disguises import bare, decoded, unmasked, words
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.text import Note, Sentence
from inference.vocabulary import Severity

_LEXICON: dict[str, list[str]] = lexicon("instructions")
_MARKUP = re.compile("|".join(f"(?:{pattern})" for pattern in _LEXICON["markup"]))
_KINDS = ("order", "answer", "reach", "language")


def _any_of(patterns: Mapping[str, Sequence[str]]) -> str:
    return "|".join(
        f"(?P<{kind}>{'|'.join(f'(?:{pattern})' for pattern in own)})"
        for kind, own in patterns.items()
        if own
    )


# Patterns that begin with a word are only tried where one begins; the others are of scripts without blanks
# or letters of ours, so that a text in ASCII need not be searched for them.
_PHRASE = re.compile(
    r"(?<!\w)(?=\w)(?:"
    + _any_of({kind: [p for p in _LEXICON[kind] if p.startswith(r"\b")] for kind in _KINDS})
    + ")"
)
_FOREIGN = re.compile(
    _any_of({kind: [p for p in _LEXICON[kind] if not p.startswith(r"\b")] for kind in _KINDS})
)
_MOST_JOINED = 6
_JOINED_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A sentence that reads like an instruction to a computer.

    Attributes:
        number: of the sentence, from 1.
        kind: order, answer, reach, language (by its words), markup, or encoded (found after decoding).
        words: what gave it away, as it reads with its disguise taken off; bounded by the patterns.
    """

    number: int
    kind: str
    words: str


def suspicious(note: Note) -> tuple[Suspicion, ...]:
    """Find the sentences of a note that read like instructions to a computer.

    Headings and table rows count. An instruction that runs on over sentences is found too, if each is short
    or the two stand side by side; all it runs over are named. Linear in the length of the note.

    Returns:
        At most one suspicion a sentence, in the order of the note.
    """
    found = {s.number: Suspicion(s.number, *hit) for s in note.sentences if (hit := _find(s.text))}
    for members, hit in _runs(note.sentences):
        for sentence in members:
            found.setdefault(sentence.number, Suspicion(sentence.number, *hit))
    return tuple(found[number] for number in sorted(found))


def find_instruction(text: str) -> str | None:
    """Return the words of a text that look like an instruction to a model, or None."""
    hit = _find(text)
    return hit[1] if hit else None


def check(case: Case) -> Flag | None:
    """Flag a claim whose evidence, or whose own text, gives orders to whoever summarises the note."""
    known = case.around.instructions
    for source in case.sources:
        if source.number not in known:
            known[source.number] = _said_at(case.around.note, source.number)
        if (said := known[source.number]) is not None:
            return Flag(
                "suspicious_source",
                Severity.CRITICAL,
                f"Suspicious source: sentence {source.number} reads like an instruction to a computer, "
                f"not like a clinical statement: {quoted(said)}.",
            )
    if (said := find_instruction(case.claim.text)) is not None:
        return Flag(
            "suspicious_source",
            Severity.CRITICAL,
            f"Suspicious claim: it reads like an instruction to a computer, not like a clinical statement: "
            f"{quoted(said)}.",
        )
    return None


def _said_at(note: Note, number: int) -> str | None:
    """The same as `suspicious` says of one sentence, reading only its neighbours."""
    if hit := _find(note.sentences[number - 1].text):
        return hit[1]
    start = max(0, number - _MOST_JOINED)
    near = note.sentences[start : number + _MOST_JOINED]
    for members, (_, said) in _runs(near, number - start):
        if any(sentence.number == number for sentence in members):
            return said
    return None


def _find(text: str) -> tuple[str, str] | None:
    """Return the kind and the words of the first thing in a text that looks like an instruction."""
    shown = bare(text)
    if match := _MARKUP.search(shown):
        return "markup", match[0].strip()
    if hit := _phrase(words(shown)):
        return hit
    for reading in unmasked(shown):
        if hit := _phrase(reading):
            return hit
    for plain in decoded(text):
        hit = _phrase(words(bare(plain)))
        return "encoded", hit[1] if hit else " ".join(plain.split())[:80]
    return None


def _phrase(text: str) -> tuple[str, str] | None:
    match = _first(text)
    return (match.lastgroup or "order", match[0]) if match else None


def _first(text: str) -> re.Match[str] | None:
    match = _PHRASE.search(text)
    other = None if text.isascii() else _FOREIGN.search(text)
    return min((m for m in (match, other) if m is not None), key=re.Match.start, default=None)


def _across(text: str, edge: int) -> re.Match[str] | None:
    """Find a phrase that begins before `edge` and ends beyond it; only words before it are tried."""
    for start in _WORD_START.finditer(text, 0, edge):
        if (match := _PHRASE.match(text, start.start())) and match.end() > edge:
            return match
    foreign = None if text.isascii() else _FOREIGN.search(text)
    return foreign if foreign and foreign.start() < edge < foreign.end() else None


_WORD_START = re.compile(r"(?<!\w)\w")


def _runs(
    sentences: Sequence[Sentence], firsts: int | None = None
) -> Iterator[tuple[list[Sentence], tuple[str, str]]]:
    """Yield runs of sentences that only together read like an instruction, of those beginning in `firsts`.

    From each sentence its followers are joined on while all stays short, so the work is linear.
    """
    folded = [words(bare(sentence.text)).rstrip(" .:;,") for sentence in sentences]
    for first in range(min(len(folded) - 1, len(folded) if firsts is None else firsts)):
        text, ends = folded[first], [len(folded[first])]
        for joined in folded[first + 1 : first + _MOST_JOINED]:
            if len(text) + len(joined) > _JOINED_LENGTH and len(ends) > 1:
                break
            text = f"{text} {joined}"
            ends.append(len(text))
        # What lies in one sentence is not news.
        if (match := _across(text, ends[0])) is not None:
            last = next(i for i, end in enumerate(ends) if match.end() <= end)
            yield list(sentences[first : first + last + 1]), (match.lastgroup or "order", match[0])
