"""What the checks need to know about one text, read once: words, numbers, drugs, senses."""

from copy import copy
from functools import cached_property, lru_cache

from inference.checking import concepts
from inference.checking.abbreviations import expansions
from inference.checking.drugs import Mention, class_words, find_drugs
from inference.checking.frequencies import Frequency, bind, frequencies
from inference.checking.lexicons import lexicon
from inference.checking.measures import Owner, owners
from inference.checking.qualifiers import Qualifiers
from inference.checking.quantities import UNITS, Quantity, quantities
from inference.checking.scopes import Senses, senses
from inference.checking.tokens import Token, is_content, stem, tokens
from inference.rows import cells_with_headers
from inference.text import Note, Sentence
from inference.vocabulary import SentenceKind


class Reading:
    """A text and what is in it. Parts are read when first asked for; nothing outlives the reading."""

    def __init__(self, text: str, *, number: int = 0, section: str = "", is_row: bool = False) -> None:
        self.text = " ".join(text.split())
        self.number = number  # of the sentence in its note; 0 for a claim
        self.section = section  # title, "" for a claim
        self.is_row = is_row
        self.is_below_list = False  # prose under a list's title that is not of the list
        self.doses: dict[Mention, list[Quantity]] = {}  # of each drug, as far as asked for (`doses.doses`)
        self.old_doses: dict[int, bool] = {}  # by where a quantity starts (`drug_lists.is_old_dose`)

    @cached_property
    def words(self) -> list[Token]:
        return tokens(self.text)

    @cached_property
    def stems(self) -> dict[int, str]:
        """Content words by token index, as stems."""
        return {index: stem(word.lower) for index, word in enumerate(self.words) if is_content(word.lower)}

    @cached_property
    def stem_set(self) -> frozenset[str]:
        return frozenset(self.stems.values())

    @cached_property
    def quantities(self) -> list[Quantity]:
        return quantities(self.text)

    @cached_property
    def owners(self) -> list[Owner]:
        """What each quantity belongs to."""
        if not self.quantities:
            return []
        return owners(self.words, self.quantities, self.stems, self.concepts, is_row=self.is_row)

    @cached_property
    def drugs(self) -> list[Mention]:
        return find_drugs(self.words)

    @cached_property
    def concepts(self) -> list[concepts.Mention]:
        found = concepts.find_concepts(self.words, self.text)
        denials = lexicon("cues")["denials"]
        named = {index for mention in found for index in range(mention.first, mention.past)}
        for index, word in enumerate(self.words):
            if index not in named and (name := denials.get(word.lower)) is not None:
                found.append(concepts.Mention(concepts.Concept(name, "symptom"), index, index + 1))
        return found

    @cached_property
    def frequencies(self) -> list[Frequency]:
        return frequencies(self.text)

    @cached_property
    def frequencies_of(self) -> dict[Mention, tuple[Frequency, ...]]:
        """The frequencies that belong to each drug."""
        return bind(self.text, self.words, self.drugs, self.frequencies) if self.drugs else {}

    @cached_property
    def senses(self) -> Senses:
        return senses(self.words, self.text)

    @cached_property
    def qualifiers(self) -> Qualifiers:
        """The words that say how things are: how bad, which way, since when."""
        return Qualifiers(self)

    @cached_property
    def places(self) -> dict[str, list[tuple[int, int]]]:
        """Where each thing is named, as tokens [first, past): content words by stem and by what they stand
        for, concepts as "=usual name" with every wider one, drugs as "drug:generic name"; cues apart."""
        found: dict[str, list[tuple[int, int]]] = {}
        for index, word in self.stems.items():
            if not self.senses.is_cue[index]:
                for name in (word, *expansions().get(word, ())):
                    found.setdefault(name, []).append((index, index + 1))
        for mention in self.concepts:
            for name in concepts.broader(mention.concept.name):
                found.setdefault(f"={name}", []).append((mention.first, mention.past))
        for drug in self.drugs:
            found.setdefault(f"drug:{drug.name}", []).append((drug.first, drug.past))
        return found

    @property
    def title(self) -> "Reading":
        """The section's title, read."""
        return _read_title(self.section)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All that the text and its section's title name: as `places`, with cues and drugs."""
        drugs = {stem(drug.name) for drug in self.drugs}.union(*(class_words(d.name) for d in self.drugs))
        own = frozenset({*self.places, *self.stem_set, *drugs})
        return own | self.title.vocabulary if self.section else own

    @cached_property
    def terms(self) -> frozenset[str]:
        """The vocabulary and the numbers, as they serve to find a text."""
        numbers = {word.lower for word in self.words if word.lower[0].isdigit()}
        return self.vocabulary | numbers

    def as_claim(self) -> "Reading":
        """The same words as a claim about the note: a verbatim claim need not be read a second time."""
        _ = self.stem_set, self.quantities, self.frequencies_of, self.senses  # read now, for the copy
        claim = copy(self)
        claim.number, claim.section, claim.is_row, claim.is_below_list = 0, "", False, False
        return claim

    def sense_of(self, index: int) -> int:
        return self.senses.of[index]

    def written(self, mention: Mention) -> str:
        """The words with which a drug is named."""
        return self.text[self.words[mention.first].start : self.words[mention.past - 1].end]


@lru_cache(maxsize=256)
def _read_title(title: str) -> Reading:
    return Reading(title)


def read_sentence(note: Note, sentence: Sentence) -> Reading:
    """Read a sentence as evidence: a table row with the head of each column, a bullet without its mark."""
    reading = Reading(
        plain_text(note, sentence),
        number=sentence.number,
        section=sentence.section,
        is_row=sentence.kind is SentenceKind.ROW,
    )
    reading.is_below_list = sentence.kind is SentenceKind.TEXT and _is_below_list(note, sentence)
    return reading


def _is_below_list(note: Note, sentence: Sentence) -> bool:
    """Tell whether a blank line parts a sentence from the list under its section's title."""
    later = sentence
    for index in range(sentence.number - 2, max(-1, sentence.number - 2 - _FURTHEST), -1):
        earlier = note.sentences[index]
        if earlier.section != sentence.section or earlier.kind is SentenceKind.HEADER:
            return False
        if note.text.count("\n", earlier.end, later.start) > 1:
            return True
        later = earlier
    return False


_FURTHEST = 20  # sentences


def plain_text(note: Note, sentence: Sentence) -> str:
    """The words of a sentence as a claim carries them: one line, no bullet mark, cells with their heads.

    The first cell names the row. Values under a date or under "Result" follow it, with the date in
    brackets, then unit and reference: "Sodium: 131 L (12/05), 135 (15/05) mmol/L (ref 133-146)". Other
    cells carry their head: "Ramipril, Before admission: 5 mg OD, Status: STOPPED".
    """
    if sentence.kind is not SentenceKind.ROW:
        return without_mark(sentence.text)
    pairs = cells_with_headers(note, sentence)
    if not pairs:
        return without_mark(sentence.text)
    values, others, units, references = [], [], [], []
    for head, cell in pairs[1:]:
        folded = head.lower().strip(":. ")
        if folded in _UNIT_HEADS or (not head and "".join(cell.lower().split()) in UNITS):
            units.append(cell)
        elif folded in _REFERENCE_HEADS:
            references.append(f"(ref {cell})")
        elif folded in _RESULT_HEADS:
            values.append(cell)
        elif any(character.isdigit() for character in head):
            values.append(f"{cell} ({head})")
        else:
            others.append(f"{head}: {cell}" if head else cell)
    name = pairs[0][1]
    if values:
        name = f"{name}: {' '.join([', '.join(values), *units, *references])}"
        units, references = [], []
    return " ".join(", ".join([name, *others, *units, *references]).split())


_UNIT_HEADS = frozenset({"unit", "units"})
_REFERENCE_HEADS = frozenset(
    {"ref", "range", "reference", "reference range", "ref range", "normal", "normal range"}
)
_RESULT_HEADS = frozenset({"result", "results", "value", "values", "reading", "level"})


def without_mark(text: str) -> str:
    """Fold white space and strip a leading bullet mark or list number."""
    folded = " ".join(text.split())
    head, _, rest = folded.partition(" ")
    is_mark = head in _BULLETS or (len(head) <= 4 and head[:-1].strip("(").isdecimal() and head[-1] in ".)")
    return rest if is_mark and rest else folded.lstrip("•·▪◦‣") or folded


_BULLETS = frozenset({"-", "*", "•", "·", "–", "—", "+", ">", "▪", "◦", "‣", "o", "#", "##", "###"})
