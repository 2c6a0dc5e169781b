"""One claim beside the sentences it rests on: what every check is given."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from inference.checking.reading import Reading, read_sentence
from inference.engines.base import DraftClaim
from inference.text import Note
from inference.vocabulary import Assertion, Category, SentenceKind


class NoteReading:
    """A note whose sentences are read when first asked for, once: share it between the claims of a note."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self._readings: dict[int, Reading] = {}
        self.instructions: dict[int, str | None] = {}  # what was found at a sentence that reads like an order

    def sentence(self, number: int) -> Reading:
        """The reading of sentence `number`, from 1.

        Raises:
            IndexError: the note has no such sentence.
        """
        if not 1 <= number <= len(self.note.sentences):
            raise IndexError(number)
        if number not in self._readings:
            self._readings[number] = read_sentence(self.note, self.note.sentences[number - 1])
        return self._readings[number]

    @cached_property
    def sentences(self) -> list[Reading]:
        """Every sentence but the headers, in reading order."""
        kinds = self.note.sentences
        return [self.sentence(s.number) for s in kinds if s.kind is not SentenceKind.HEADER]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All that the note names anywhere, as `Reading.vocabulary`."""
        return frozenset[str]().union(*(reading.vocabulary for reading in self.sentences))

    def vocabulary_beside(self, number: int) -> frozenset[str]:
        """All that the sentences just before and just after sentence `number` name."""
        beside = [n for n in (number - 1, number + 1) if 1 <= n <= len(self.note.sentences)]
        return frozenset[str]().union(*(self.sentence(n).vocabulary for n in beside))

    @cached_property
    def frequency(self) -> Counter[str]:
        """In how many sentences each term stands."""
        return Counter(term for reading in self.sentences for term in reading.terms)

    @cached_property
    def word_counts(self) -> Counter[str]:
        """How often each word stands in the note, lower case."""
        return Counter(word.lower for reading in self.sentences for word in reading.words)

    @cached_property
    def holding(self) -> dict[str, list[Reading]]:
        """The sentences that name a thing, by the names of `Reading.places`."""
        found: dict[str, list[Reading]] = {}
        for reading in self.sentences:
            for name in reading.places:
                found.setdefault(name, []).append(reading)
        return found


class Case:
    """A claim, the sentences it cites, and the note around them.

    Attributes:
        draft: the claim as an engine or a clinician wrote it.
        claim: its text, read.
        sources: the cited sentences, read, in the order of the citation.
        around: the whole note, for what stands elsewhere in it.
    """

    def __init__(self, draft: DraftClaim, around: NoteReading) -> None:
        self.draft = draft
        self.around = around
        self.sources: Sequence[Reading] = [around.sentence(number) for number in draft.evidence]
        self.claim = _read_claim(draft.text, self.sources)

    @property
    def assertion(self) -> Assertion:
        """In what sense the claim says that it holds."""
        return self.draft.assertion

    @property
    def category(self) -> Category:
        """What kind of statement the claim says that it is."""
        return self.draft.category


def _read_claim(text: str, sources: Sequence[Reading]) -> Reading:
    reading = Reading(text)
    for source in sources:
        if source.text == reading.text:
            return source.as_claim()
    return reading
