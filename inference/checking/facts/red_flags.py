"""Red flags that are there, and the negatives that a presenting complaint asks for."""

from collections.abc import Iterator
from functools import cache

from inference.checking.concepts import broader
from inference.checking.facts.drugs import LONG_AGO
from inference.checking.facts.fact import Found
from inference.checking.facts.lines import NOT_HERE, Clause, Line
from inference.checking.facts.lists import folded
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found as Hit
from inference.checking.phrases import PhraseTable
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.vocabulary import FactKind

_APART = 8  # tokens between the two halves of a flag
_STORY = frozenset(
    {
        SectionKind.HISTORY,
        SectionKind.REASON,
        SectionKind.UNKNOWN,
        SectionKind.REVIEW_OF_SYSTEMS,
        SectionKind.EXAMINATION,
        SectionKind.RESULTS,
        SectionKind.ASSESSMENT,
    }
)
_NOT_NOW = frozenset(
    {
        SectionKind.FAMILY,
        SectionKind.WARNINGS,
        SectionKind.ALLERGIES,
        SectionKind.PAST_HISTORY,
        SectionKind.SOCIAL,
        SectionKind.MEDICATIONS,
        SectionKind.HOME_MEDICATIONS,
        SectionKind.PENDING,
        SectionKind.FOLLOW_UP,
        SectionKind.PLAN,
    }
)
_ALWAYS = frozenset({"suicidal ideation", "safeguarding concern", "harm to others"})  # wherever they stand


@cache
def _says() -> PhraseTable[str]:
    return PhraseTable(
        (folded(name), flag["name"]) for flag in lexicon("red_flags")["flag"] for name in flag["says"]
    )


@cache
def _halves() -> PhraseTable[frozenset[tuple[str, int]]]:
    halves: dict[str, set[tuple[str, int]]] = {}
    for flag in lexicon("red_flags")["flag"]:
        for side, names in enumerate(flag.get("both", ())):
            for name in names:
                halves.setdefault(name, set()).add((flag["name"], side))
    return PhraseTable((folded(name), frozenset(flags)) for name, flags in halves.items())


@cache
def _quiet() -> frozenset[str]:
    return frozenset(lexicon("red_flags")["quiet"]["flags"])


@cache
def _topic() -> frozenset[str]:
    return frozenset(lexicon("red_flags")["topic"]["words"])


@cache
def _denials() -> frozenset[str]:
    return frozenset(lexicon("cues")["denials"])


@cache
def _unless() -> dict[str, frozenset[str]]:
    return {flag["name"]: frozenset(flag.get("unless", ())) for flag in lexicon("red_flags")["flag"]}


def flags_of(line: Line) -> list[Hit[str]]:
    """The red flags that a line names, whether it says them to be there or not."""
    found = list(line.find(_says()))
    halves = line.find(_halves())
    for index, hit in enumerate(halves):
        for other in halves[index + 1 : index + 4]:
            if other.first - hit.past > _APART:
                break
            for name, side in hit.value:
                if (name, 1 - side) in other.value:
                    found.append(Hit(name, hit.first, other.past))
    return sorted((hit for hit in found if not _is_else(line, hit)), key=lambda hit: hit.first)


def _is_else(line: Line, hit: Hit[str]) -> bool:
    """Tell whether the words next to a flag show that another thing is meant: "collapse of the left lobe"."""
    words = line.reading.words
    near = (*words[max(0, hit.first - 2) : hit.first], *words[hit.past : hit.past + 6])
    return any(word.lower in _unless()[hit.value] for word in near)


def find_red_flags(lines: list[Line]) -> Iterator[Found]:
    """Find the red flags that are there now, and those that are denied."""
    for line in lines:
        for hit in flags_of(line):
            is_named_so = hit.past - hit.first > 1 and line.reading.words[hit.first].lower in _denials()
            sense = line.sense(hit.first + is_named_so, hit.past)  # "painless haematuria" is one flag
            clause = line.clause_at(hit.first)
            if sense & (Sense.HYPOTHETICAL | Sense.FAMILY) or _is_topic(line, hit):
                continue
            if sense & Sense.NEGATED:
                if line.section in _STORY:
                    words = line.words_of(clause)
                    yield Found(FactKind.PERTINENT_NEGATIVE, (words.lower(),), words, line.number, False)
                continue
            if sense & (Sense.HISTORICAL | Sense.ENDED) or (
                line.section in _NOT_NOW and hit.value not in _ALWAYS
            ):
                continue
            is_sure = not sense & Sense.POSSIBLE and LONG_AGO.search(line.words_of(clause)) is None
            is_critical = is_sure and hit.value not in _quiet()
            yield Found(FactKind.RED_FLAG, (hit.value,), _short(line, hit, clause), line.number, is_critical)


def _is_topic(line: Line, hit: Hit[str]) -> bool:
    words = line.reading.words
    near = (*words[max(0, hit.first - 3) : hit.first], *words[hit.past : hit.past + 2])
    return any(word.lower in _topic() for word in near)


_LONG = 160  # characters of a clause that stand as they are


def _short(line: Line, hit: Hit[str], clause: Clause) -> str:
    """The clause; of a long one, the stretch between commas."""
    words = line.words_of(clause)
    if len(words) <= _LONG:
        return words
    text = line.reading.text
    start, end = line.reading.words[hit.first].start, line.reading.words[hit.past - 1].end
    left = max(
        clause.start, text.rfind(", ", clause.start, start) + 2 if ", " in text[clause.start : start] else 0
    )
    right = text.find(", ", end, clause.end)
    return text[left : right if right >= 0 else clause.end].strip(" ,;")


def find_negatives(lines: list[Line]) -> Iterator[Found]:
    """Find denied symptoms that the complaint asks for, in the story; one fact for each statement."""
    asked = _asked(lines)
    for line in lines:
        if line.section not in _STORY:
            continue
        for mention in line.reading.concepts:
            if mention.concept.kind != "symptom" or mention.concept.name not in asked:
                continue
            sense = line.sense(mention.first, mention.past)
            if sense & Sense.NEGATED and not sense & (NOT_HERE & ~Sense.NEGATED):
                words = line.words_of(line.clause_at(mention.first))
                yield Found(FactKind.PERTINENT_NEGATIVE, (words.lower(),), words, line.number, False)


_FIRST = 3  # lines of a story that tell what it is about


def _asked(lines: list[Line]) -> frozenset[str]:
    """The symptoms that one asks for when hearing what the patient came with."""
    opening = [line for line in lines if line.section is SectionKind.REASON][:_FIRST]
    opening += [
        line
        for line in lines
        if line.section in {SectionKind.HISTORY, SectionKind.UNKNOWN} and line.reading.concepts
    ][:_FIRST]
    complaints: set[str] = set()
    for line in opening:
        for mention in line.reading.concepts:
            if not line.sense(mention.first, mention.past) & NOT_HERE:
                complaints |= broader(mention.concept.name)
    asked: set[str] = set()
    for group in lexicon("red_flags")["presenting"]:
        if not complaints.isdisjoint(group["complaint"]):
            asked.update(group["ask"])
    return frozenset(asked)
