"""What the checks need to know about one text, read once: words, numbers, drugs, senses."""

from functools import cached_property

from inference.checking.drugs import Mention, find_drugs
from inference.checking.quantities import Quantity, quantities
from inference.checking.scopes import Sense, Senses, senses
from inference.checking.tokens import Token, is_content, stem, tokens
from inference.rows import cells_with_headers
from inference.text import Note, Sentence
from inference.vocabulary import SentenceKind


class Reading:
    """A text and what is in it. Parts are read when first asked for; nothing outlives the reading."""

    def __init__(self, text: str, *, number: int = 0, section: str = "") -> None:
        self.text = " ".join(text.split())
        self.number = number  # of the sentence in its note; 0 for a claim
        self.section = section

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
    def drugs(self) -> list[Mention]:
        return find_drugs(self.words)

    @cached_property
    def senses(self) -> Senses:
        return senses(self.words, self.text)

    def sense_of(self, index: int) -> Sense:
        return self.senses.of[index]

    def written(self, mention: Mention) -> str:
        """The words with which a drug is named."""
        return self.text[self.words[mention.first].start : self.words[mention.past - 1].end]


def read_sentence(note: Note, sentence: Sentence) -> Reading:
    """Read a sentence as evidence: a table row with the head of each column, a bullet without its mark."""
    return Reading(plain_text(note, sentence), number=sentence.number, section=sentence.section)


def plain_text(note: Note, sentence: Sentence) -> str:
    """The words of a sentence as a claim would carry them: one line, no bullet mark, cells with their heads.

    "Sodium; 12/05: 131 L; Range: 133-146": the first cell names the row and stands without its head.
    """
    if sentence.kind is not SentenceKind.ROW:
        return without_mark(sentence.text)
    pairs = cells_with_headers(note, sentence)
    cells = [f"{head}: {cell}" if head and index else cell for index, (head, cell) in enumerate(pairs)]
    return " ".join("; ".join(cells).split())


def without_mark(text: str) -> str:
    """Fold white space and strip a leading bullet mark or list number."""
    folded = " ".join(text.split())
    head, _, rest = folded.partition(" ")
    is_mark = head in _BULLETS or (len(head) <= 4 and head[:-1].strip("(").isdecimal() and head[-1] in ".)")
    return rest if is_mark and rest else folded.lstrip("•·▪◦‣") or folded


_BULLETS = frozenset({"-", "*", "•", "·", "–", "—", "+", ">", "▪", "◦", "‣", "o", "#", "##", "###"})
