"""Allergies, intolerances and their reactions; that none is known is a fact too."""

import re
from collections.abc import Iterator

from inference.checking.doses import doses
from inference.checking.facts.fact import Found
from inference.checking.facts.lines import NOT_HERE, Clause, Line, trimmed
from inference.checking.facts.lists import flag_list, phrase_list, word_list
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.tokens import stem
from inference.vocabulary import FactKind

_NONE = re.compile(
    r"\b(?:nkda|nkfa|nka|no (?:known )?(?:drug |medication |food |other )*allerg\w+|none known|nil known"
    r"|no known|not known to have any allerg\w+|denies (?:any |known |drug |medication )*allerg\w+)\b"
    r"|^(?:(?:drug )?allerg\w+|all|adrs?)\W{1,3}(?:none|nil|no)\b|^(?:none|nil)\b",
    re.IGNORECASE,
)
_ALLERGIC = re.compile(
    r"\ballergic (?:reaction )?to\b|\ballerg(?:y|ies)\b|\bintoleran(?:t|ce)\b"
    r"|\banaphyla\w+ (?:to|with|after)\b",
    re.IGNORECASE,
)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:heat|cold|exercise|glucose|activity|orthostatic) intoleran"
    r"|\ballerg(?:y|ies) (?:clinic|test|card|status|referral|specialist|opinion|history|list)"
    r"|\b(?:seasonal|environmental|contact|fall|spring) allerg"
    r"|intolerance (?:of|to) (?:heat|cold|exercise|activity)",
    re.IGNORECASE,
)
_JOIN = re.compile(r",\s+(?:and\s+)?|\s+and\s+|\s*&\s*")
_NONE_KEY = ("none",)


def find_allergies(lines: list[Line]) -> Iterator[Found]:
    """Find what the patient reacts to, one substance a fact, and the statement that nothing is known."""
    for line in lines:
        is_list = line.section is SectionKind.ALLERGIES
        if line.section is SectionKind.FAMILY or not (is_list or "allergy" in line.topics):
            continue
        for clause in line.clauses:
            yield from _of_clause(line, clause, is_list)


def _of_clause(line: Line, clause: Clause, is_list: bool) -> Iterator[Found]:
    text = line.words_of(clause)
    drugs = [drug for drug in line.reading.drugs if clause.first <= drug.first < clause.past]
    excepted = _EXCEPT.search(text)
    is_struck_off = is_list and bool(drugs) and "(" in text  # "Penicillin - NO allergy (de-labelled 2023)"
    if _NONE.search(text) is not None and excepted is None and not is_struck_off:
        if not drugs and _OTHERWISE.search(text) is None and _OF_SOMETHING_ELSE.search(text) is None:
            yield Found(FactKind.ALLERGY, _NONE_KEY, text, line.number, False)
        return  # "Aspirin - none", "no other": nothing to carry
    reach = (
        clause.first + 1 if is_list else clause.past
    )  # a list's "parents reported a rash" is of the patient
    if line.sense(clause.first, reach) & (Sense.FAMILY | Sense.HYPOTHETICAL):
        return
    if _is_plainly_denied(line, clause, text, excepted is not None):
        return
    if not is_list:
        allergic = _ALLERGIC.search(text)
        if (allergic is None and excepted is None) or _OF_SOMETHING_ELSE.search(text) is not None:
            return
        if not drugs and len(text) > _LONG:
            return  # "discussed her allergies at length": no substance
        yield _allergy(line, clause.first, clause.past, text, text)
        return
    if len(text) > 2 * _LONG and not line.is_item and "allergy" not in line.topics and "(" not in text:
        return  # prose below the list
    label = line.label if clause.first == 0 else ""
    if label and not _is_label_of_allergies(line, label):
        if not drugs and "allergy" not in line.topics:
            return  # "Ex: no facial asymmetry" below the list
        label = ""
    if line.is_item and drugs and _is_order(line, clause, text):
        return
    parts = _substances(line, clause, label)
    for start, end in parts:
        past_label = start if not (label and start == clause.start) else start + len(label)
        own = trimmed(line.reading.text[past_label:end])
        if not own:
            continue
        words = [index for index, word in enumerate(line.reading.words) if past_label <= word.start < end]
        said = f"{label.strip()} {own}" if label else own
        if words and any(line.reading.words[index].lower[0].isalpha() for index in words):
            yield _allergy(line, words[0], words[-1] + 1, own, said)


_EXCEPT = re.compile(r"\b(?:but|except|apart from|other than|aside from|save)\b", re.IGNORECASE)
_OTHERWISE = re.compile(r"\b(?:others?|otherwise|else|further|latex|food)\b", re.IGNORECASE)
_DENIED = re.compile(
    r"^(?:\w{1,12}: )?(?:no\b|nil\b|not\b|denies\b|denied\b|(?:he|she|pt|patient) (?:is not|denies|has no)\b)"
    r"|\b(?:herself|himself|itself) (?:is )?not\b",
    re.IGNORECASE,
)


def _is_plainly_denied(line: Line, clause: Clause, text: str, has_exception: bool) -> bool:
    """Tell whether nothing more is said than that there is no such allergy: "No penicillin allergy"."""
    label = line.label if clause.first == 0 else ""
    own = text[len(label) :]
    return not has_exception and _DENIED.search(own) is not None and _AFTER_ALL.search(own) is None


_AFTER_ALL = re.compile(r",\s(?:but )?(?:is )?allergic to\b", re.IGNORECASE)


def _is_label_of_allergies(line: Line, label: str) -> bool:
    """Tell whether a label is of the list, or names a substance: "Allergies:", "Penicillin:"."""
    lower = label.lower()
    if lower.startswith(("all", "adr", "drug", "intoleran", "sensitiv", "reaction", "known")):
        return True
    first = {word.strip(":&/-") for word in lower.split()}
    is_drug = any(drug.first == 0 for drug in line.reading.drugs)
    return is_drug or not first.isdisjoint(word_list("allergies", "substances"))


_LONG = 60  # characters


def _is_order(line: Line, clause: Clause, text: str) -> bool:
    """Tell whether a line under the title gives a drug to be taken: a dose, and no reaction."""
    drug = next(drug for drug in line.reading.drugs if clause.first <= drug.first < clause.past)
    has_unit = any(dose.unit for dose in doses(line.reading, drug))
    return has_unit and not any(mark in text for mark in ("(", ":", "->", "→", " - ", " rash", " reaction"))


def _substances(line: Line, clause: Clause, label: str) -> list[tuple[int, int]]:
    """Cut "penicillin (rash), codeine (vomiting)" where each piece names a substance of its own."""
    reading = line.reading
    cuts = [clause.start]
    begin = clause.start + (len(label) if label else 0)
    for match in _JOIN.finditer(reading.text, begin, clause.end):
        depth = reading.text.count("(", cuts[-1], match.start()) - reading.text.count(
            ")", cuts[-1], match.start()
        )
        starts_with_drug = any(
            reading.words[drug.first].start == match.end() for drug in reading.drugs if drug.first >= 0
        )
        follows = reading.text[match.end() : match.end() + 24].lower().split(" ")[0].strip(".,:;()")
        if depth <= 0 and (starts_with_drug or follows in word_list("allergies", "substances")):
            cuts.append(match.end())
    return list(zip(cuts, [*cuts[1:], clause.end], strict=True))


def _is_before_allergy(line: Line, past: int) -> bool:
    return past < len(line.reading.words) and line.reading.words[past].lower in {"allergy", "allergies"}


def _allergy(line: Line, first: int, past: int, own: str, said: str) -> Found:
    reading = line.reading
    named = [drug for drug in reading.drugs if first <= drug.first < past]
    before = [drug.name for drug in named if _is_before_allergy(line, drug.past)]
    drugs = before or [drug.name for drug in named]  # "co-trimoxazole used due to penicillin allergy"
    severe = any(first <= hit.first < past for hit in line.find(flag_list("severe", "reactions")))
    tolerated = any(first <= hit.first < past for hit in line.find(flag_list("tolerated", "words")))
    mild = any(first <= hit.first < past for hit in line.find(phrase_list("allergies", "mild")))
    denied = bool(line.sense(first, past) & NOT_HERE)
    is_mild = mild and not severe
    lowers = {word.lower for word in reading.words[first:past]}
    is_drug = bool(drugs) or not lowers.isdisjoint(word_list("allergies", "drug_groups"))
    key = (
        tuple(sorted(set(drugs)))
        or tuple(sorted({stem(word) for word in own.lower().split("(")[0].split() if word.isalpha()}))[:4]
        or (own.lower(),)
    )
    if tolerated or denied:
        return Found(FactKind.ALLERGY, (*key, "tolerated"), said, line.number, False)
    return Found(FactKind.ALLERGY, key, said, line.number, severe or (is_drug and not is_mild))
