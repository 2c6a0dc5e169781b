"""What a text says of allergies: whether it denies any, which it names, each with its own reactions."""

import re
from functools import cache
from typing import NamedTuple

from inference.checking.drugs import find_classes
from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.reading import Reading
from inference.checking.scopes import Sense

SPEAKS_OF_ALLERGY = re.compile(
    r"\ballerg|\bnkd?f?m?a\b|\bnk[fm]a\b|\bintoleran|\banaphyla|\badrs?\b|\badverse (?:drug )?reactions?\b"
    r"|\bsensitivit(?:y|ies) to\b|\btolerat(?:es|ed|ing)\b",
    re.IGNORECASE,
)
ALLERGY_TITLE = re.compile(r"\ballerg|\badrs?\b|\bintoleran|\badverse\b|^all$|\bsensitivit", re.IGNORECASE)
_ANY = (
    r"(?:(?:known|any|documented|reported|recorded|stated|current|other|food|drug|medication|medicine"
    r"|environmental|significant)[\s,/]+(?:or |and )?){0,5}"
)
DENIAL_OF_ALL = re.compile(
    r"\b(?:nkd?a|nkf?a|nkdfa|nkma|nil known)\b"
    rf"|\b(?:no|nil|without|denies|denied|not aware of)\s+{_ANY}allerg(?:y|ies)\b"
    r"(?! to\b(?! (?:any |known )?(?:medic|drug|food))| test)"
    r"|\bnot (?:known to be )?allergic to (?:any|anything|medic)"
    r"|\bnot (?:known to be )?allergic\b(?=\W*$|[.,;])"
    r"|\ballerg(?:y|ies)(?: status)?\s*(?:[:=–-]+|are|is)?\s*"
    r"(?:none|nil|no\b(?! known \w+ (?:but|except))|nkda|nka|denie[sd]|negative|not known)(?! to\b)",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"\b(?:not|no|never|denies|isn't|wasn't|without)\s+"
    r"(?:known\s+|longer\s+|an?\s+|any\s+|history of\s+|truly\s+|to be\s+|be\s+"
    r"|that\s+|he\s+|she\s+|they\s+|is\s+|has\s+|having\s+|being\s+|ever\s+){0,5}(?:\w+\s+){0,2}allerg"
    r"|\bno (?:known )?allerg\w+ to\b|[-–:(,]\s*no\b\s+allerg|\btolerat(?:es|ed|ing|e)\b"
    r"|\bde-?label|\blabel (?:was |has been )?removed|\bnot allergic|\bok\b",
    re.IGNORECASE,
)
_LINKS = frozenset({"to", "with", "w", "from", "after", "on", "by", "following"})
_CLAUSE = re.compile(
    r"(?<=[a-z0-9)]{2})\.\s+(?=[A-Z])|[;|]|\bbut\b|\bthough\b|\balthough\b|\bhowever\b", re.IGNORECASE
)


class Allergen(NamedTuple):
    """A substance that a text names in an allergy statement.

    Attributes:
        name: generic name, class, or usual name of another substance.
        first: first token.
        past: one past the last.
        reactions: usual names of the reactions that belong to it.
        is_denied: the text says that the patient is not allergic to it.
        is_family: it is a relative's.
    """

    name: str
    first: int
    past: int
    reactions: frozenset[str]
    is_denied: bool
    is_family: bool


class Statement(NamedTuple):
    """What a text says of allergies: whether it denies any, and which it names."""

    source: Reading
    denies_all: re.Match[str] | None
    allergens: tuple[Allergen, ...]


def is_of_allergies(reading: Reading) -> bool:
    """Tell whether a sentence stands under allergies or speaks of them."""
    return (
        ALLERGY_TITLE.search(reading.section) is not None
        or SPEAKS_OF_ALLERGY.search(reading.text) is not None
        or _has_reaction_in_brackets(reading)
    )


def _has_reaction_in_brackets(reading: Reading) -> bool:
    """Tell whether a reaction follows a substance in brackets: "Penicillin (rash)"."""
    if "(" not in reading.text:
        return False
    reactions = {hit.first for hit in reaction_table().find(reading.words)}
    return any(
        past < len(reading.words) and reading.words[past].lower == "(" and {past + 1, past + 2} & reactions
        for _, _, past in named_substances(reading)
    )


@cache
def _substances() -> PhraseTable[str]:
    return PhraseTable(
        (name, entry[0]) for entry in lexicon("allergies")["substances"]["names"] for name in entry
    )


@cache
def reaction_table() -> PhraseTable[str]:
    """Every name of a reaction, with its usual name."""
    return PhraseTable(
        (name, entry[0]) for entry in lexicon("allergies")["reactions"]["names"] for name in entry
    )


def read_statement(reading: Reading, *, is_allergy: bool) -> Statement:
    """Read the allergens of a text, each with its own reactions.

    "Penicillin (rash), latex (wheeze)": a reaction belongs to the substance before it, or to the one behind
    it where "to", "with" or "from" leads there ("rash with penicillin").

    Args:
        reading: the text.
        is_allergy: it stands under allergies or speaks of them; else the substances are not read.
    """
    denies_all = DENIAL_OF_ALL.search(reading.text)
    if not is_allergy:
        return Statement(reading, denies_all, ())
    named = named_substances(reading)
    owned: dict[int, set[str]] = {index: set() for index in range(len(named))}
    taken = {token for _, first, past in named for token in range(first, past)}
    place = -1
    for hit in reaction_table().find(reading.words):
        if hit.first in taken:
            continue
        while place + 1 < len(named) and named[place + 1][1] < hit.first:
            place += 1
        owner = place
        if place + 1 < len(named):
            gap = [word.lower for word in reading.words[hit.past : named[place + 1][1]]]
            if len(gap) <= 4 and _LINKS.intersection(gap) and not {",", ";", "and"}.intersection(gap):
                owner = place + 1
        if owner < 0 and named:
            owner = 0
        if owner >= 0:
            owned[owner].add(hit.value)
    clauses = [0, *(match.end() for match in _CLAUSE.finditer(reading.text)), len(reading.text) + 1]
    allergens = []
    edge = 0
    is_all_family = "family" in reading.section.lower()
    for index, (name, first, past) in enumerate(named):
        start = reading.words[first].start
        while edge + 1 < len(clauses) - 1 and clauses[edge + 1] <= start:
            edge += 1
        clause = reading.text[clauses[edge] : clauses[edge + 1]]
        is_family = is_all_family or bool(reading.senses.of[first] & Sense.FAMILY)
        is_denied = DENIAL.search(clause) is not None
        allergens.append(Allergen(name, first, past, frozenset(owned[index]), is_denied, is_family))
    return Statement(reading, denies_all, tuple(allergens))


def named_substances(reading: Reading) -> list[tuple[str, int, int]]:
    """The drugs, classes and other substances of a text: name, first token, one past the last."""
    named = [(drug.name, drug.first, drug.past) for drug in reading.drugs]
    taken = {token for _, first, past in named for token in range(first, past)}
    for found in (find_classes(reading.words), _substances().find(reading.words)):
        for hit in found:
            name = hit[0]
            if taken.isdisjoint(range(hit.first, hit.past)):
                named.append((str(name), hit.first, hit.past))
                taken.update(range(hit.first, hit.past))
    return sorted(named, key=lambda entry: entry[1])
