"""The engine without a model: a note's own sentences, chosen by rules. Extracted, not generated.

What must be carried (allergies, drugs, diagnoses, plan, follow-up, pending results) is carried whole.
Only inside history, course and examination are sentences ranked against each other, because ranking a
whole note loses the allergies and every discharge drug. The text of a claim is its sentence, word for
word; only the bullet mark goes and a table row carries its column heads.
"""

import math
import time
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from inference.checking.reading import Reading, read_sentence
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind, section_kinds
from inference.checking.topics import find_topics
from inference.engines.base import Completion, DraftClaim, EngineRequest, EngineVersion
from inference.engines.choosing import MOST_OF_IT, Choice, Weight, assertion_of, choose, share
from inference.prompts import Prompt
from inference.text import Note, Sentence
from inference.vocabulary import Category, SentenceKind

RULES_VERSION = "3"

_FIRST_CLAIMS = 8  # of the budget, whatever the length of the note
_CHARACTERS_PER_CLAIM = 220
_LONG = 20_000  # characters of a note in which every section is to be heard
_ALWAYS_SOME = {Weight.SHOULD: 5, Weight.RANKED: 2}  # however much must be carried
_CUE_SCORES = {
    "abnormal": 1.5,
    "change": 1.0,
    "procedure": 0.8,
    "measure": 0.6,
    "reason": 1.5,
    "important": 2.5,
}
_ORDER = (
    Category.REASON,
    Category.PROBLEM,
    Category.ALLERGY,
    Category.MEDICATION,
    Category.ASSESSMENT,
    Category.SYMPTOM,
    Category.VITAL_OR_LAB,
    Category.PROCEDURE,
    Category.PLAN,
    Category.FOLLOW_UP,
    Category.OTHER,
)


class _Candidate(NamedTuple):
    sentence: Sentence
    reading: Reading
    choice: Choice
    score: float
    section: SectionKind


class ExtractiveEngine:
    """Chooses verbatim sentences per section. Deterministic, embedded, needs no weights and no network."""

    name = "extractive"

    def fits(self, request: EngineRequest) -> bool:
        """Any note fits: sentences are chosen where they stand."""
        return True

    def probe(self) -> None:
        """It is part of this process, so it answers."""

    def silent_s(self) -> float | None:
        """It has no tokens."""
        return None

    def version(self) -> EngineVersion:
        """Say which rules choose."""
        return EngineVersion(
            engine=self.name,
            model="extractive rules",
            weights_digest="",
            adapter_digest="",
            settings={"rules_version": RULES_VERSION},
            is_generative=False,
        )

    def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
        """Yield the chosen sentences, what matters first. Never fails; a blank note has no claims."""
        started = time.monotonic()
        first: float | None = None
        for claim in _as_wanted(extract(request.note), request.prompt):
            if first is None:
                first = time.monotonic() - started
            yield claim
        yield Completion("stop", None, None, first, time.monotonic() - started)


def extract(note: Note) -> list[DraftClaim]:
    """Choose a note's sentences and order them: reason, problems, allergies, medication, findings, plan."""
    candidates = _candidates(note)
    budget = _FIRST_CLAIMS + len(note.text) // _CHARACTERS_PER_CLAIM
    chosen = _distinct([candidate for candidate in candidates if candidate.choice.weight is Weight.MUST])
    for weight in (Weight.SHOULD, Weight.RANKED):
        ranked = sorted(
            (candidate for candidate in candidates if candidate.choice.weight is weight),
            key=lambda candidate: (-candidate.score, candidate.sentence.number),
        )
        chosen = _distinct([*chosen, *ranked[: max(budget - len(chosen), _ALWAYS_SOME[weight])]])
    if len(note.text) > _LONG:
        chosen += _of_silent_sections(note, candidates, chosen)
    chosen.sort(key=lambda candidate: (_ORDER.index(candidate.choice.category), candidate.sentence.number))
    return [
        DraftClaim(
            text=candidate.reading.text,
            category=candidate.choice.category,
            assertion=assertion_of(candidate.reading, candidate.section, candidate.choice.category),
            evidence=(candidate.sentence.number,),
        )
        for candidate in chosen
    ]


def _as_wanted(claims: list[DraftClaim], prompt: Prompt) -> list[DraftClaim]:
    """Keep what the kind of summary is made of; a kind of few claims takes the first of each section."""
    wanted = [claim for claim in claims if claim.category in prompt.categories]
    if prompt.most_claims is None:
        return wanted
    firsts = [
        next((claim for kind in section.categories for claim in wanted if claim.category is kind), None)
        for section in prompt.sections
    ]
    return [claim for claim in firsts if claim is not None][: prompt.most_claims]


def _of_silent_sections(
    note: Note, candidates: list[_Candidate], chosen: list[_Candidate]
) -> list[_Candidate]:
    """Choose the best sentence of each section that has something to say and was passed over.

    In a long note what must be said uses the budget up; a section without a word in the summary would look
    as if it had never been read. A sentence may say again what another said: it lends that one its evidence.
    """
    starts = [section.start for section in note.sections]

    def place(candidate: _Candidate) -> int:
        return bisect_right(starts, candidate.sentence.start)

    heard = {place(candidate) for candidate in chosen}
    best: dict[int, _Candidate] = {}
    for candidate in candidates:
        other = best.get(place(candidate))
        if other is None or _worth(candidate) > _worth(other):
            best[place(candidate)] = candidate
    return [candidate for section, candidate in best.items() if section not in heard]


def _worth(candidate: _Candidate) -> tuple[int, float]:
    return candidate.choice.weight, candidate.score


def _distinct(candidates: list[_Candidate]) -> list[_Candidate]:
    """Drop sentences that say the same words again in a section of the same kind."""
    kept: list[_Candidate] = []
    seen: set[tuple[str, SectionKind]] = set()
    for candidate in candidates:
        words = (" ".join(word.lower for word in candidate.reading.words), candidate.section)
        if words not in seen:
            seen.add(words)
            kept.append(candidate)
    return kept


def _candidates(note: Note) -> list[_Candidate]:
    readings = [
        (sentence, read_sentence(note, sentence), kind)
        for sentence, kind in section_kinds(note)
        if sentence.kind is not SentenceKind.HEADER
    ]
    frequency: dict[str, int] = {}
    for _, reading, _ in readings:
        for word in reading.stem_set:
            frequency[word] = frequency.get(word, 0) + 1
    places: dict[str, int] = {}
    found = []
    for sentence, reading, kind in readings:
        place = places[sentence.section] = places.get(sentence.section, -1) + 1
        cues = find_topics(reading.words)
        choice = choose(kind, cues, reading, place=place, is_item=sentence.kind is not SentenceKind.TEXT)
        if choice.weight is not Weight.NEVER:
            found.append(_Candidate(sentence, reading, choice, _score(reading, cues, place, frequency), kind))
    return _with_reason(found)


def _with_reason(candidates: list[_Candidate]) -> list[_Candidate]:
    """Take the first telling sentence of the story as the reason where the note names none."""
    if any(candidate.choice.category is Category.REASON for candidate in candidates):
        return candidates
    for place, candidate in enumerate(candidates):
        is_story = candidate.section in {SectionKind.HISTORY, SectionKind.UNKNOWN}
        is_plain = candidate.choice.category in {Category.SYMPTOM, Category.OTHER, Category.PROCEDURE}
        is_told = candidate.reading.text.endswith(".") and candidate.sentence.kind is SentenceKind.TEXT
        is_told = is_told and share(candidate.reading, Sense.NEGATED) < MOST_OF_IT
        if is_story and is_plain and is_told and len(candidate.reading.stem_set) > 1:
            reason = candidate._replace(choice=Choice(Weight.MUST, Category.REASON))
            return [*candidates[:place], reason, *candidates[place + 1 :]]
    return candidates


def _score(reading: Reading, cues: frozenset[str], place: int, frequency: dict[str, int]) -> float:
    """Rank a sentence in its note: words the note comes back to, early place, findings before denials."""
    words = reading.stem_set
    if not words:
        return 0.0
    central = sum(min(frequency[word], 5) - 1 for word in words) / math.sqrt(len(words))
    score = (
        central + 2.0 / (1 + place) + min(len(reading.quantities), 3) * 0.4 + min(len(reading.drugs), 2) * 0.6
    )
    score += sum(_CUE_SCORES[cue] for cue in cues if cue in _CUE_SCORES)
    if share(reading, Sense.NEGATED) >= MOST_OF_IT:
        score -= 2.0
    if "normal" in cues and "abnormal" not in cues:
        score -= 2.0
    return score
