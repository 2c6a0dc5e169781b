"""Does the evidence exist, and does it speak of the claim? What it says otherwise is judged elsewhere."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache

from rapidfuzz import fuzz, process

from inference.checking.drugs import find_drugs
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.quantities import UNITS
from inference.checking.reading import Reading, plain_text, read_sentence
from inference.checking.tokens import STOP_WORDS, is_content, stem, tokens
from inference.text import Note
from inference.vocabulary import SentenceKind, Severity

# Shares of a claim's content words that its sentences hold, in their stems, abbreviations or spelling.
SUPPORTED = 0.5  # below: check this
RELATED = 0.2  # below: the sentences are about something else
_ALIKE = 84.0  # RapidFuzz ratio, 0 to 100, from which two long words count as one misspelt or inflected
_LONG = 5  # letters
_SHORT_FORM = 4  # letters of a word's beginning that can stand for it: "echo", "atorva", "irreg"
_CLOSER = 0.75  # share from which another sentence is worth naming as the closer one

_FRAME = frozenset(stem(word) for word in lexicon("words")["frame"].split())


@cache
def expansions() -> dict[str, frozenset[str]]:
    """Stem of an abbreviation -> stems of the words that it stands for."""
    return {
        stem(short): frozenset(stem(token.lower) for token in tokens(words) if is_content(token.lower))
        for short, words in lexicon("abbreviations")["expansions"].items()
    }


def missing(numbers: Sequence[int], note: Note) -> Flag | None:
    """Flag a claim that cites nothing, or a sentence that this note does not have."""
    if not numbers:
        return Flag("no_evidence", Severity.CRITICAL, "Source: the claim cites no sentence of the note.")
    count = len(note.sentences)
    unknown = [str(number) for number in numbers if not 1 <= number <= count]
    if unknown:
        which = "sentence " + unknown[0] if len(unknown) == 1 else "sentences " + ", ".join(unknown)
        return Flag("no_evidence", Severity.CRITICAL, f"Source: this note has no {which}.")
    return None


def support(claim: Reading, sources: Sequence[Reading], note: Note) -> Flag | None:
    """Flag a claim whose words its sentences hardly hold.

    A low share is no proof: a good paraphrase can have it too. So the message asks for a look and says which
    words are missing; where another sentence holds the claim better, it says which.
    """
    if any(claim.stem_set <= source.stem_set for source in sources):
        return None
    known = _known(sources)
    asked = [(index, word) for index, word in claim.stems.items() if _is_asked(claim, index, word)]
    if not asked:
        return None
    absent = [index for index, word in asked if not _is_known(word, known)]
    share = 1 - len(absent) / len(asked)
    if share >= SUPPORTED:
        return None
    is_unrelated = share < RELATED and len(asked) > 1
    words = " ".join(
        dict.fromkeys(claim.text[claim.words[index].start : claim.words[index].end] for index in absent)
    )
    message = f"Source: {cited(sources)} may not say this; look for {quoted(words, limit=60)}."
    closer = _closer(claim, sources, note)
    if closer is not None:
        message += f" Sentence {closer} looks closer."
    return Flag("support", Severity.CRITICAL if is_unrelated else Severity.WARNING, message)


def cited(sources: Sequence[Reading]) -> str:
    """Name the cited sentences: "sentence 4", "sentences 4 and 7"."""
    numbers = [str(source.number) for source in sources]
    if len(numbers) == 1:
        return f"sentence {numbers[0]}"
    return f"sentences {', '.join(numbers[:-1])} and {numbers[-1]}"


def _known(sources: Sequence[Reading]) -> set[str]:
    known: set[str] = set()
    for source in sources:
        known |= source.stem_set
        known.update(stem(token.lower) for token in tokens(source.section))
        for drug in source.drugs:
            known.add(stem(drug.name))
    for word in tuple(known):
        known |= expansions().get(word, frozenset())
    return known


def _is_asked(claim: Reading, index: int, word: str) -> bool:
    """Tell whether a word must be found: units and the words that only frame a claim need not."""
    return word not in _FRAME and claim.words[index].lower not in UNITS


def _is_known(word: str, known: set[str]) -> bool:
    if word in known:
        return True
    if any(word[:size] in known for size in range(_SHORT_FORM, len(word))):  # "irregular" for "irreg"
        return True
    if (expansion := expansions().get(word)) and expansion & known:
        return True
    named = [mention.name for mention in find_drugs(tokens(word))]
    if named and stem(named[0]) in known:
        return True
    return (
        len(word) >= _LONG
        and process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=_ALIKE) is not None
    )


def _closer(claim: Reading, sources: Sequence[Reading], note: Note) -> int | None:
    own = {source.number for source in sources}
    for number in find_evidence(claim.text, note, limit=1):
        if number not in own:
            candidate = read_sentence(note, note.sentences[number - 1])
            known = _known([candidate])
            asked = [word for index, word in claim.stems.items() if _is_asked(claim, index, word)]
            if asked and sum(_is_known(word, known) for word in asked) / len(asked) >= _CLOSER:
                return number
    return None


def find_evidence(text: str, note: Note, *, limit: int = 3) -> tuple[int, ...]:
    """Find the sentences that best support a statement, best first: for claims that a clinician types.

    Words count by their rarity in the note (inverse sentence frequency); numbers count as words; headings are
    passed over. Sentences with less than half of the best score are left out.

    Args:
        text: the statement; may be blank.
        note: where to look.
        limit: how many sentences at most, from 1.

    Returns:
        Sentence numbers, possibly none.
    """
    asked = _terms(text)
    if not asked:
        return ()
    held = {
        sentence.number: _terms(plain_text(note, sentence))
        for sentence in note.sentences
        if sentence.kind is not SentenceKind.HEADER
    }
    frequency = Counter(term for terms in held.values() for term in terms)
    scores: list[tuple[float, int]] = []
    for number, terms in held.items():
        shared = asked & terms
        if shared:
            weight = sum(math.log(1 + len(held) / frequency[term]) for term in shared)
            scores.append((weight / math.sqrt(len(asked) + 0.2 * len(terms)), -number))
    scores.sort(reverse=True)
    return tuple(-number for score, number in scores[:limit] if score >= scores[0][0] / 2)


def _terms(text: str) -> frozenset[str]:
    words = tokens(text)
    terms = {stem(word.lower) for word in words if is_content(word.lower)}
    terms |= {word.lower for word in words if word.lower[0].isdigit()}
    terms |= {f"drug:{mention.name}" for mention in find_drugs(words)}
    for term in tuple(terms):
        terms |= expansions().get(term, frozenset())
    return frozenset(terms - STOP_WORDS)
