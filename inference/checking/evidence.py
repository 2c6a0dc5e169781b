"""Does the evidence exist, and does it speak of the claim? What it says otherwise is judged elsewhere."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from rapidfuzz import fuzz, process

from inference.checking.abbreviations import expansions
from inference.checking.case import Case, NoteReading
from inference.checking.concepts import broader, concept_kinds, find_concepts
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.quantities import UNITS
from inference.checking.reading import Reading
from inference.checking.tokens import Token, is_content, stem, tokens
from inference.text import Note
from inference.vocabulary import Severity

# Shares of a claim's content words that its sentences hold, in their stems, abbreviations or spelling.
SUPPORTED = 0.5  # below: check this
RELATED = 0.2  # below: the sentences are about something else
_ALIKE = 84.0  # RapidFuzz ratio, 0 to 100, from which two long words count as one misspelt or inflected
_LONG = 5  # letters
_SHORT_FORM = 4  # letters of a word's beginning that can stand for it: "echo", "atorva", "irreg"

_FRAME = frozenset(stem(word) for key in ("frame", "general") for word in lexicon("words")[key].split())


class Asked(NamedTuple):
    """Something a claim says that must be found: tokens[first:past], as a stem or as "=concept"."""

    word: str
    first: int
    past: int
    kind: str  # of a concept, "drug", or "" for a mere word
    weight: int
    parts: tuple[str, ...]  # stems of a concept's own words

    @property
    def is_concept(self) -> bool:
        return self.kind not in ("", "drug")


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


def support(case: Case) -> Flag | None:
    """Flag a claim whose words its sentences hardly hold, or that names what the note nowhere names.

    A low share is no proof: a good paraphrase can have it too. So the message asks for a look and says which
    words are missing; where another sentence holds the claim better, it says which.
    """
    claim, sources = case.claim, case.sources
    if any(claim.stem_set <= source.stem_set for source in sources):
        return None
    asked, absent = asked_and_absent(claim, sources)
    if not asked:
        return None
    if all(item.kind == "drug" for item in absent):  # drugs have their own check
        return None
    around = case.around.vocabulary
    far = not_near(absent, sources)
    beside = frozenset[str]().union(*(case.around.vocabulary_beside(source.number) for source in sources))
    off = [item for item in far if not _is_known(item, beside)]
    nowhere = [item for item in far if not _is_known(item, around)]
    whole = sum(item.weight for item in asked)
    share = 1 - sum(item.weight for item in absent) / whole
    share_of_place = 1 - sum(item.weight for item in off) / whole
    share_of_note = 1 - sum(item.weight for item in nowhere) / whole
    concepts = [item for item in nowhere if _tells(item, case)]
    places = frozenset(index for item in absent for index in range(item.first, item.past))
    if (
        share_of_place < RELATED
        and whole > 1
        and (share_of_note < SUPPORTED or not _is_touched(claim, sources))
    ):
        return Flag("support", Severity.CRITICAL, _may_not_say(case, absent), places)
    if concepts or share_of_note < SUPPORTED:
        doubted = concepts or nowhere
        places = frozenset(index for item in doubted for index in range(item.first, item.past))
        return Flag("support", Severity.WARNING, _not_in_note(case, doubted), places)
    if share < SUPPORTED:
        return Flag("support", Severity.NOTE, _may_not_say(case, absent), places)
    return None


def asked_and_absent(claim: Reading, sources: Sequence[Reading]) -> tuple[list[Asked], list[Asked]]:
    """List what a claim says that must be found, in its order, and what of it no source says."""
    asked = _asked(claim)
    known = _known(sources)
    spelt = _spelt_or_shortened(claim, sources)
    return asked, [item for item in asked if not _is_known(item, known) and item.first not in spelt]


def not_near(items: Sequence[Asked], sources: Sequence[Reading]) -> list[Asked]:
    """Leave out what a paraphrase may say for something that the sources name."""
    known = _known(sources)
    return [item for item in items if not _is_near(item, known)]


def _known(sources: Sequence[Reading]) -> frozenset[str]:
    """All that the sources name, with the words of every name of their concepts."""
    named = frozenset[str]().union(*(source.vocabulary for source in sources))
    return named | {
        word for source in sources for mention in source.concepts for word in _words_of(mention.concept.name)
    }


def _tells(item: "Asked", case: Case) -> bool:
    """Tell whether it is a doubt that the note nowhere names a thing.

    A disease, a complaint or a treatment does, and a place of the body where the sentences name another.
    Tests and signs have so many names that they only count among the share that is missing.
    """
    if item.kind == "site":
        ours = {mention.concept.name for mention in case.claim.concepts if mention.concept.kind == "site"}
        named = {m.concept.name for s in case.sources for m in s.concepts if m.concept.kind == "site"}
        return bool(named - ours)
    return item.kind in ("condition", "symptom", "procedure")


def _asked(claim: Reading) -> list[Asked]:
    items: list[Asked] = []
    taken: set[int] = set()
    drugs = {index for drug in claim.drugs for index in range(drug.first, drug.past)}
    for mention in claim.concepts:
        inside = range(mention.first, mention.past)
        if not drugs.isdisjoint(inside):
            continue
        parts = tuple(claim.stems[index] for index in inside if index in claim.stems)
        if not all(part in _FRAME for part in parts) and not all(
            claim.senses.is_cue[index] for index in inside
        ):
            name = f"={mention.concept.name}"
            items.append(Asked(name, mention.first, mention.past, mention.concept.kind, 2, parts))
        taken.update(inside)
    for drug in claim.drugs:
        if drug.first not in taken:  # doubted by its own check alone, but it counts among what is found
            items.append(Asked(stem(drug.name), drug.first, drug.past, "drug", 2, ()))
        taken.update(range(drug.first, drug.past))
    for index, word in claim.stems.items():
        if index not in taken and not claim.senses.is_cue[index] and _must_be_found(claim, index, word):
            items.append(Asked(word, index, index + 1, "", 1, ()))
    return sorted(items, key=lambda item: item.first)


def _must_be_found(claim: Reading, index: int, word: str) -> bool:
    """Units and the words that only frame a claim need not be found."""
    return word not in _FRAME and len(word) > 1 and claim.words[index].lower not in UNITS


def _is_known(item: Asked, known: frozenset[str]) -> bool:
    if item.word in known:
        return True
    if item.kind == "test" and any(f"={name}" in known for name in broader(item.word[1:])):
        return True  # "systolic 104" of a blood pressure
    if item.is_concept:
        return all(
            _is_known_word(part, known) or _is_known_by_name(part, known) for part in item.parts
        ) or any(
            all(_is_known_word(part, known) for part in writing)
            for writing in _writings().get(item.word[1:], ())
        )
    return _is_known_word(item.word, known)


@cache
def _writings() -> dict[str, list[frozenset[str]]]:
    """The stems of every name of a concept, by its usual name; names of general words apart."""
    found: dict[str, list[frozenset[str]]] = {}
    for kind in concept_kinds():
        for row in lexicon(f"concepts_{kind}")["concepts"]:
            named = (
                frozenset(stem(word.lower) for word in tokens(name) if is_content(word.lower)) for name in row
            )
            found[row[0]] = [writing for writing in named if not writing <= _FRAME]
    return found


def _words_of(name: str) -> frozenset[str]:
    return frozenset[str]().union(*_writings().get(name, ()))


def _spelt_or_shortened(claim: Reading, sources: Sequence[Reading]) -> frozenset[int]:
    """Find the claim's words that stand in a source by their initials, or by what its initials stand for.

    "MMR" of a "major molecular response", "large vessel occlusion" of an "LVO".
    """
    found: set[int] = set()
    ours = _initials(claim)
    theirs = ["".join(_initials(source)) for source in sources]
    for index, word in enumerate(claim.words):
        short = _short_form(claim, word)
        if short and any(short in initials for initials in theirs):
            found.add(index)
    shorts = {_short_form(source, word) for source in sources for word in source.words} - {""}
    run = "".join(ours)
    for short in shorts:
        if (at := run.find(short)) >= 0:
            found.update(range(at, at + len(short)))
    return frozenset(found)


def _initials(reading: Reading) -> list[str]:
    """One letter for each token, "." where it is no word."""
    return [word.lower[0] if word.lower[0].isalpha() else "." for word in reading.words]


def _short_form(reading: Reading, word: Token) -> str:
    """Two to six capitals as they are written, in lower case; else ""."""
    written = reading.text[word.start : word.end]
    is_short = _INITIALS[0] <= len(written) <= _INITIALS[1] and written.isalpha() and written.isupper()
    return written.lower() if is_short and reading.text != reading.text.upper() else ""


_INITIALS = (2, 6)  # letters of an abbreviation


def _is_touched(claim: Reading, sources: Sequence[Reading]) -> bool:
    """Tell whether a claim shares two words or numbers of any kind with a sentence."""
    ours = {*claim.stem_set, *(word.lower for word in claim.words if word.lower[0].isdigit())}
    return any(
        len(ours & {*source.stem_set, *(word.lower for word in source.words if word.lower[0].isdigit())}) > 1
        for source in sources
    )


def _is_known_by_name(part: str, known: frozenset[str]) -> bool:
    """Tell whether one word of a longer name is itself a known concept: "swelling" of "both ankles"."""
    return any(f"={mention.concept.name}" in known for mention in find_concepts(tokens(part)))


def _is_near(item: Asked, known: frozenset[str]) -> bool:
    """Tell whether the sources name something for which a paraphrase may say this."""
    return any(name <= known for name in _names_near(item.word))


def _names_near(word: str) -> Iterator[frozenset[str]]:
    return (name for row in _related().get(word, ()) for name in row)


@cache
def _related() -> dict[str, list[list[frozenset[str]]]]:
    """The rows of `related.toml` by each thing in them, by the names of `Reading.places`.

    A row is a list of names, each the set of what must be known of it: a concept, or every word of it.
    """
    rows: dict[str, list[list[frozenset[str]]]] = {}
    for row in lexicon("related")["related"]["rows"]:
        names = [_known_as(Reading(name)) for name in row]
        for name in names:
            if len(name) == 1:
                rows.setdefault(next(iter(name)), []).append(names)
    return rows


def _known_as(name: Reading) -> frozenset[str]:
    if len(name.concepts) == 1 and name.concepts[0].past - name.concepts[0].first == len(name.words):
        return frozenset({f"={name.concepts[0].concept.name}"})
    return frozenset(stem(word.lower) for word in name.words)


def _is_known_word(word: str, known: frozenset[str]) -> bool:
    if word in known or word in _FRAME:
        return True
    if any(word[:size] in known for size in range(_SHORT_FORM, len(word))):  # "irregular" for "irreg"
        return True
    if (expansion := expansions().get(word)) and 2 * len(expansion & known) >= len(expansion):
        return True
    return (
        len(word) >= _LONG
        and process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=_ALIKE) is not None
    )


def _written(case: Case, items: Sequence[Asked]) -> str:
    claim = case.claim
    words = [claim.text[claim.words[item.first].start : claim.words[item.past - 1].end] for item in items]
    return quoted(", ".join(dict.fromkeys(words)), limit=60)


def _not_in_note(case: Case, items: Sequence[Asked]) -> str:
    return f"Source: the note nowhere names {_written(case, items)}; {cited(case.sources)} may not say this."


def _may_not_say(case: Case, items: Sequence[Asked]) -> str:
    message = f"Source: {cited(case.sources)} may not say this; look for {_written(case, items)}."
    own = {source.number for source in case.sources}
    closer = next((n for n in best_sentences(case.claim, case.around) if n not in own), None)
    return message if closer is None else f"{message} Sentence {closer} looks closer."


def cited(sources: Sequence[Reading]) -> str:
    """Name the cited sentences: "sentence 4", "sentences 4 and 7"."""
    numbers = [str(source.number) for source in sources]
    if len(numbers) == 1:
        return f"sentence {numbers[0]}"
    return f"sentences {', '.join(numbers[:-1])} and {numbers[-1]}"


def find_evidence(text: str, note: Note, *, limit: int = 3) -> tuple[int, ...]:
    """Find the sentences that best support a statement: for claims that a clinician types.

    Args:
        text: the statement; may be blank.
        note: where to look.
        limit: how many sentences at most, from 1.

    Returns:
        Sentence numbers, best first, possibly none.
    """
    return best_sentences(Reading(text), NoteReading(note), limit=limit)


def best_sentences(claim: Reading, around: NoteReading, *, limit: int = 3) -> tuple[int, ...]:
    """Find the sentences that together say most of a claim: first the best one, then what it leaves open.

    What is asked counts by its rarity in the note (inverse sentence frequency), numbers too; headings are
    passed over. A further sentence must bring a good share of what is still missing.
    """
    own = {f"={mention.concept.name}" for mention in claim.concepts}
    asked = frozenset(term for term in claim.terms if term in own or not term.startswith("="))
    found = _best(asked, around, limit)
    if found:
        return found
    return _best(
        frozenset(next(iter(n)) for t in asked for n in _names_near(t) if len(n) == 1), around, limit
    )


def _best(asked: frozenset[str], around: NoteReading, limit: int) -> tuple[int, ...]:
    if not asked:
        return ()
    frequency = around.frequency
    count = len(around.sentences)
    weight = {term: math.log(1 + count / frequency[term]) for term in asked if term in frequency}
    held = [(source.number, asked & source.terms) for source in around.sentences]
    lengths = {source.number: len(source.terms) for source in around.sentences}
    held = [(number, terms) for number, terms in held if terms]
    chosen: list[int] = []
    missing_terms = frozenset(weight)
    least = 0.0
    while held and len(chosen) < limit and missing_terms:
        scores = [
            (
                sum(weight[t] for t in terms & missing_terms) / math.sqrt(len(asked) + 0.2 * lengths[n]),
                -n,
                terms,
            )
            for n, terms in held
        ]
        score, number, terms = max(scores, key=lambda entry: entry[:2])
        if score <= least:
            break
        least = least or score * _FURTHER
        chosen.append(-number)
        missing_terms -= terms
    return tuple(chosen)


_FURTHER = 0.3  # of the first sentence's score, which a further one must bring in new words
