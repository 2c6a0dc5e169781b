"""A note as the ledger's rules read it: sentences with what their section is about, and their clauses."""

import re
from bisect import bisect_right
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from inference.checking.case import NoteReading
from inference.checking.concepts import fold
from inference.checking.facts.senses import further_senses
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found, PhraseTable, Value
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind, section_kinds
from inference.checking.tokens import Token
from inference.checking.topics import find_topics
from inference.text import Sentence
from inference.vocabulary import SentenceKind

NOT_HERE = Sense.NEGATED | Sense.HYPOTHETICAL | Sense.FAMILY
_LABEL = re.compile(r"[A-Za-z][A-Za-z/&' -]{0,38}:\s")


_DURATION = re.compile(
    r"(?:\d/\d{1,2}|hours?|hrs?|days?|weeks?|wks?|months?|years?|yrs?)[ -](?:hx|history|h/o)\b"
    r"|\b(?:hx|history|h/o) of [^.;]{1,80}?\bfor (?:the (?:past|last) |about |approximately |a |\d|one "
    r"|two |three |several |few |many )|\bprior to\b",
    re.IGNORECASE,
)


class Clause(NamedTuple):
    """A stretch of a reading that says one thing: text[start:end], tokens[first:past], both half-open."""

    start: int
    end: int
    first: int
    past: int


class Line:
    """A sentence that is no header, read."""

    def __init__(self, sentence: Sentence, reading: Reading, section: SectionKind) -> None:
        self.sentence = sentence
        self.reading = reading
        self.section = section
        self._hits: dict[int, list[Found[Any]]] = {}  # tables live as long as the process
        self._words_of: dict[Clause, str] = {}

    @property
    def number(self) -> int:
        return self.sentence.number

    @property
    def is_item(self) -> bool:
        """A bullet or a row of a table."""
        return self.sentence.kind is not SentenceKind.TEXT

    @cached_property
    def topics(self) -> frozenset[str]:
        return find_topics(self.reading.words)

    @cached_property
    def _folded(self) -> tuple[list[Token], list[int]]:
        """The words in the form that names are looked up in, and where each stands among the tokens."""
        words = self.reading.words
        read = [index for index, word in enumerate(words) if word.lower != "-"]
        return [words[index]._replace(lower=fold(words[index].lower)) for index in read], read

    def find(self, table: PhraseTable[Value]) -> list[Found[Value]]:
        """Find the names of a table (of `lists`) whatever their number, tense or spelling."""
        found = self._hits.get(id(table))
        if found is None:
            words, read = self._folded
            found = [Found(hit.value, read[hit.first], read[hit.past - 1] + 1) for hit in table.find(words)]
            self._hits[id(table)] = found
        return found

    @cached_property
    def title(self) -> frozenset[str]:
        """The words of the section's title, lower case."""
        return frozenset(re.findall(r"[a-z]+", self.sentence.section.lower()))

    @cached_property
    def label(self) -> str:
        """The label that the text begins with ("Allergies: "), "" where it has none."""
        match = _LABEL.match(self.reading.text)
        return match[0] if match else ""

    @cached_property
    def clauses(self) -> list[Clause]:
        """The text, cut behind semicolons and full stops."""
        words, text = self.reading.words, self.reading.text
        cuts = [0]
        depth = 0
        for index, word in enumerate(words[:-1]):
            if word.lower in "()":
                depth = depth + 1 if word.lower == "(" else max(0, depth - 1)
            elif depth == 0 and word.lower == ";":
                cuts.append(index + 1)
            elif depth == 0 and word.lower == "." and _ends(text, word.end):
                is_short = index and words[index - 1].lower in _SHORTENED
                cuts += [] if is_short else [index + 1]
        cuts.append(len(words))
        return [
            Clause(words[first].start, words[past - 1].end, first, past)
            for first, past in pairwise(cuts)
            if first < past
        ]

    def clause_at(self, index: int) -> Clause:
        """The clause that holds a token."""
        return self.clauses[bisect_right(self.clauses, index, key=lambda clause: clause.past)]

    def words_of(self, clause: Clause) -> str:
        """A clause as it may stand alone."""
        if clause not in self._words_of:
            self._words_of[clause] = trimmed(self.reading.text[clause.start : clause.end])
        return self._words_of[clause]

    def sense(self, first: int, past: int) -> int:
        """Every sense that some token of tokens[first:past] has."""
        combined = Sense.FAMILY if self.section is SectionKind.FAMILY else Sense.PLAIN
        if self.section is SectionKind.WARNINGS:
            combined |= Sense.HYPOTHETICAL
        if self._is_about_a_relative(first):
            combined |= Sense.FAMILY
        for sense, (more, less) in zip(
            self.reading.senses.of[first:past], self._further[first:past], strict=True
        ):
            combined |= sense & ~less | more
        if combined & Sense.NEGATED and self._is_past_bracket(first):
            combined &= ~Sense.NEGATED
        if combined & Sense.HISTORICAL and self._tells_a_duration:
            combined &= ~Sense.HISTORICAL
        if self.reading.words[first].lower in lexicon("cues").get("denials", ()):
            combined |= Sense.NEGATED
        return combined

    def _is_past_bracket(self, index: int) -> bool:
        """Tell whether the denial of a token stands in brackets before it: "warm (not measured), cough"."""
        cue = self.reading.senses.negated_by.get(index)
        if cue is None or self._further[index][0] & Sense.NEGATED:
            return False
        end = self._bracket_ends.get(cue)
        return end is not None and end < index

    @cached_property
    def _bracket_ends(self) -> dict[int, int]:
        """Where the brackets close in which a token stands; of nested ones, the inner."""
        ends: dict[int, int] = {}
        opened: list[int] = []
        for index, word in enumerate(self.reading.words):
            if word.lower == "(":
                opened.append(index)
            elif word.lower == ")" and opened:
                for inside in range(opened.pop(), index):
                    ends.setdefault(inside, index)
                if opened:
                    opened[-1] = index  # what was inside is done with: no token is gone over twice
        return ends

    @cached_property
    def _further(self) -> list[tuple[int, int]]:
        return further_senses(self.reading.words)

    def _is_about_a_relative(self, index: int) -> bool:
        """Tell whether a token's clause begins with a relative who does not report: "Wife also unwell"."""
        words, clause = self.reading.words, self.clause_at(index)
        is_hers = words[clause.first].lower in _POSSESSIVES  # "his wife took him": about him
        first = clause.first + is_hers
        if first >= len(words) or words[first].lower not in _relatives():
            return False
        after = [word.lower for word in words[first + 1 : first + 3]]
        if after and is_hers and after[0] not in _SUFFERING:
            return after[0] in {"is", "was"} and after[-1] in _OWN_ILLNESS
        if after and after[0] in _reporting():
            return False
        return len(after) < 2 or after[0] not in {"has", "had"} or after[1] not in _TELLING

    @cached_property
    def _tells_a_duration(self) -> bool:
        """ "3/7 hx of cough", "a two-week history of": that history is of now."""
        return _DURATION.search(self.reading.text) is not None


_POSSESSIVES = frozenset({"his", "her", "their", "pt's", "patient's", "my", "the"})
_TELLING = frozenset(
    (
        "noticed",
        "noted",
        "reported",
        "seen",
        "said",
        "told",
        "brought",
        "called",
        "given",
        "been",
        "found",
        "to",
    )
)
_SUFFERING = frozenset(
    ("has", "had", "died", "also", "suffers", "suffered", "developed", "with", "diagnosed")
)
_OWN_ILLNESS = frozenset(
    ("diagnosed", "deceased", "treated", "admitted", "ill", "unwell", "affected", "known", "allergic")
)


@cache
def _relatives() -> frozenset[str]:
    return frozenset(lexicon("words")["relatives"].split())


@cache
def _reporting() -> frozenset[str]:
    """What a relative does who speaks about the patient; "wife and children unwell" is about them."""
    return frozenset(lexicon("cues")["reporting"]["verbs"]) - {"and", "is", "was", "at", "will", "present"}


_SHORTENED = frozenset(
    ("dr", "mr", "mrs", "ms", "prof", "st", "incl", "approx", "vs", "no", "e.g", "i.e", "pt")
)


def _ends(text: str, place: int) -> bool:
    """Tell whether a full stop ends a statement: white space and a capital or a digit follow."""
    after = text[place : place + 2]
    return len(after) == 2 and after[0] == " " and (after[1].isupper() or after[1].isdigit())


def read_lines(reading: NoteReading) -> list[Line]:
    """Read every sentence of a note but its headers and what is about the paper, not the patient."""
    lines = [
        Line(sentence, reading.sentence(sentence.number), section)
        for sentence, section in section_kinds(reading.note)
        if sentence.kind is not SentenceKind.HEADER
    ]
    return [line for line in lines if line.reading.words and not _is_about_the_paper(line)]


def _is_about_the_paper(line: Line) -> bool:
    is_task = line.is_item and line.section in {SectionKind.PLAN, SectionKind.FOLLOW_UP}
    return "administrative" in line.topics and not is_task


def trimmed(text: str) -> str:
    """Words without what joins them to their neighbours: "and ramipril 5 mg," is "ramipril 5 mg"."""
    text = text.replace("**", "").strip(_JOINTS)
    for word in ("and ", "or ", "but ", "also ", "plus "):
        if text.lower().startswith(word):
            text = text[len(word) :]
    for word in (" and", " or", " but", " plus", " then", " with"):
        text = text.removesuffix(word)
    text = text.strip(_JOINTS)
    if text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1]
    if text.endswith("(") or (text.count("(") > text.count(")")):
        text = text.rstrip("(") if text.endswith("(") else f"{text})"
    return text.strip(_JOINTS)


_JOINTS = " \t,;+&|/–—-•·"
