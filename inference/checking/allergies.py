"""An allergy must be one that the note gives, with its own reaction, and none only where it gives none."""

import re
from collections.abc import Sequence
from functools import cache

from inference.checking.allergy_statements import (
    ALLERGY_TITLE,
    DENIAL,
    DENIAL_OF_ALL,
    SPEAKS_OF_ALLERGY,
    Allergen,
    Statement,
    is_of_allergies,
    named_substances,
    reaction_table,
    read_statement,
)
from inference.checking.case import Case
from inference.checking.drugs import classes_of, names_within
from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.vocabulary import Assertion, Category, Severity

_DRUGS_ONLY = re.compile(r"\bnkda\b|\b(?:drug|medication|medicine)s?\b", re.IGNORECASE)
_SEVERE = re.compile(r"\bsevere(?:ly)?\b|\blife-threatening\b|\bserious\b|\banaphyla", re.IGNORECASE)
_MILD = re.compile(r"\bmild(?:ly)?\b|\bminor\b", re.IGNORECASE)
_INTOLERANCE = re.compile(r"\bintoleran|\bside[- ]effect|\bsensitiv", re.IGNORECASE)
_ALLERGY = re.compile(r"\ballerg", re.IGNORECASE)


def check(case: Case) -> tuple[list[Flag], frozenset[int]]:
    """Compare the allergies of a claim with those of its evidence and of the note.

    Returns:
        The flags, and the tokens of the claim whose negation is settled here: "No known drug allergies" for
        "NKDA" denies what the note denies.
    """
    is_about = case.category is Category.ALLERGY or SPEAKS_OF_ALLERGY.search(case.claim.text) is not None
    is_about = is_about or (
        len(named_substances(case.claim)) == 1 and all(is_of_allergies(source) for source in case.sources)
    )
    if not is_about:
        return [], frozenset()
    ours = read_statement(case.claim, is_allergy=True)
    cited_ones = [read_statement(source, is_allergy=is_of_allergies(source)) for source in case.sources]
    around = [
        read_statement(reading, is_allergy=True)
        for reading in case.around.sentences
        if is_of_allergies(reading)
    ]
    flags: list[Flag] = []
    settled: set[int] = set()
    claim = case.claim
    if ours.denies_all is not None:
        places = _tokens(claim, *ours.denies_all.span())
        flag = _denies_wrongly(case, ours, [*cited_ones, *around], places)
        flags += [flag] if flag is not None else []
        if flag is not None or any(s.denies_all for s in (*cited_ones, *around)):
            settled |= places | _words_of_allergy(claim)
    for allergen in ours.allergens:
        found, is_settled = _check_allergen(case, allergen, cited_ones, around)
        flags += found
        if is_settled or found:
            settled.update(range(allergen.first, allergen.past))
            settled |= _words_of_allergy(claim)
    return flags, frozenset(settled)


def _words_of_allergy(claim: Reading) -> set[int]:
    return {
        index
        for index, word in enumerate(claim.words)
        if word.lower.startswith(("allerg", "intoleran", "nkd", "nka"))
    }


def _tokens(reading: Reading, start: int, end: int) -> set[int]:
    return {index for index, word in enumerate(reading.words) if start <= word.start < end}


def _is_same(one: str, other: str) -> bool:
    return one in names_within(other) or other in names_within(one) or one in classes_of(other)


def _denies_wrongly(
    case: Case, ours: Statement, statements: Sequence[Statement], places: set[int]
) -> Flag | None:
    """Flag "no known allergies" where the note gives one of the patient's."""
    others = _other_substances()
    if ours.denies_all is None or any(a.is_denied or a.name not in others for a in ours.allergens):
        return None
    said = ours.denies_all[0]
    only_drugs = _DRUGS_ONLY.search(said) is not None
    for statement in statements:
        for allergen in statement.allergens:
            if allergen.is_denied or allergen.is_family or _is_only_named(statement, allergen):
                continue
            if _INTOLERANCE.search(statement.source.text) and not _ALLERGY.search(statement.source.text):
                continue
            is_drug = allergen.name not in _other_substances()
            if (only_drugs and not is_drug) or (statement.denies_all and not only_drugs and not is_drug):
                continue
            source = statement.source
            says = source.text[source.words[allergen.first].start : source.words[allergen.past - 1].end]
            message = (
                f"Allergy: the claim says {quoted(said)}; sentence {source.number} names {quoted(says)}."
            )
            return Flag("allergy", Severity.CRITICAL, message, frozenset(places))
    return None


@cache
def _other_substances() -> frozenset[str]:
    return frozenset(entry[0] for entry in lexicon("allergies")["substances"]["names"])


def _is_only_named(statement: Statement, allergen: Allergen) -> bool:
    """Tell whether a text names a substance beside "NKDA" or a word of allergies that is not about it."""
    source = statement.source
    if ALLERGY_TITLE.search(source.section):
        return statement.denies_all is not None and not allergen.reactions
    first = max(0, allergen.first - 8)
    near = " ".join(word.lower for word in source.words[first : allergen.past + 4])
    return (
        not re.search(r"allerg(?!ies: (?:none|nil))|intoleran|anaphyla", near)
        or statement.denies_all is not None
    )


def _check_allergen(
    case: Case, ours: Allergen, cited_ones: Sequence[Statement], around: Sequence[Statement]
) -> tuple[list[Flag], bool]:
    claim = case.claim
    places = frozenset(range(ours.first, ours.past))
    said = claim.text[claim.words[ours.first].start : claim.words[ours.past - 1].end]
    is_absent = ours.is_denied or (case.assertion is Assertion.ABSENT and not _denial_elsewhere(claim))
    given = [(s, a) for s in cited_ones for a in s.allergens if _is_same(ours.name, a.name)]
    if not given:
        given = [(s, a) for s in around for a in s.allergens if _is_same(ours.name, a.name)]
        given = [(s, a) for s, a in given if not _is_only_named(s, a)]
    if not given:
        return _not_an_allergen(case, ours, is_absent, cited_ones, said, places)
    source = given[0][0].source
    if (
        all(a.is_denied for _, a in given) is not is_absent
        and any(a.is_denied for _, a in given) is not is_absent
    ):
        state = "no allergy" if is_absent else "an allergy"
        says = "an allergy" if is_absent else "none, or that it is tolerated"
        message = (
            f"Allergy: the claim gives {quoted(said)} as {state}; sentence {source.number} gives {says}."
        )
        return [Flag("allergy", Severity.CRITICAL, message, places)], True
    if is_absent:
        return [], True
    if all(a.is_family for _, a in given) and not ours.is_family and case.assertion is not Assertion.FAMILY:
        message = (
            f"Person: the claim gives the allergy {quoted(said)} to the patient; sentence {source.number} "
            "to a relative."
        )
        return [Flag("person", Severity.CRITICAL, message, places)], True
    flag = _other_reaction(case, ours, given, [*cited_ones, *around], said)
    if flag is None and _SEVERE.search(claim.text) and len(claim.drugs) <= 1:
        texts = " ".join(s.source.text for s, _ in given)
        if _MILD.search(texts) and not _SEVERE.search(texts):
            message = f"Severity: the claim calls the allergy severe; sentence {source.number} calls it mild."
            flag = Flag("severity", Severity.WARNING, message, places)
    if flag is None and _ALLERGY.search(claim.text):
        both = [s.source.text + s.source.section for s, _ in given]
        if all(_INTOLERANCE.search(text) and not _ALLERGY.search(text) for text in both):
            message = (
                f"Allergy: sentence {source.number} gives {quoted(said)} as an intolerance, not an allergy."
            )
            flag = Flag("allergy", Severity.NOTE, message, places)
    return ([flag] if flag is not None else []), True


def _denial_elsewhere(claim: Reading) -> bool:
    return DENIAL_OF_ALL.search(claim.text) is not None or DENIAL.search(claim.text) is not None


def _not_an_allergen(
    case: Case,
    ours: Allergen,
    is_absent: bool,
    cited_ones: Sequence[Statement],
    said: str,
    places: frozenset[int],
) -> tuple[list[Flag], bool]:
    """Doubt an allergy that the note does not give: it denies any, names others, or only gives the drug."""
    claim = case.claim
    first = max(0, ours.first - 10)
    near = " ".join(word.lower for word in claim.words[first : ours.past + 8])
    is_stated = (
        bool(ours.reactions) or re.search(r"allerg|intoleran|anaphyla|sensitiv|react", near) is not None
    )
    if is_absent or not is_stated or case.assertion is Assertion.FAMILY or ours.is_family:
        return [], False
    if case.category is not Category.ALLERGY and not re.search(r"allerg(?:y|ic|ies) to|allergy\b", near):
        return [], False
    denial = next((s for s in cited_ones if s.denies_all is not None), None)
    if denial is not None and denial.denies_all is not None:
        is_drug = ours.name not in _other_substances()
        if is_drug or not _DRUGS_ONLY.search(denial.denies_all[0]):
            message = (
                f"Allergy: the claim names {quoted(said)}; sentence {denial.source.number} says "
                f"{quoted(denial.denies_all[0])}."
            )
            return [Flag("allergy", Severity.CRITICAL, message, places)], True
    others = [(s, a) for s in cited_ones for a in s.allergens]
    if others:
        source, other = others[0][0].source, others[0][1]
        theirs = source.text[source.words[other.first].start : source.words[other.past - 1].end]
        message = f"Allergy: the claim names {quoted(said)}; sentence {source.number} names {quoted(theirs)}."
        return [Flag("allergy", Severity.CRITICAL, message, places)], True
    if any(_is_same(ours.name, drug.name) for s in cited_ones for drug in s.source.drugs):
        message = f"Allergy: {cited(case.sources)} names {quoted(said)}, but gives no allergy to it."
        return [Flag("allergy", Severity.CRITICAL, message, places)], True
    return [], False


def _other_reaction(
    case: Case,
    ours: Allergen,
    given: Sequence[tuple[Statement, Allergen]],
    statements: Sequence[Statement],
    said: str,
) -> Flag | None:
    """Flag a reaction that the note gives for another allergen, or does not give for this one."""
    theirs = frozenset[str]().union(*(a.reactions for _, a in given))
    theirs |= _told_next(case, given)
    lost = [reaction for reaction in ours.reactions if not _covers(theirs, reaction)]
    if not lost:
        return None
    written = {stem for s, _ in given for stem in s.source.stem_set}
    owner = next(
        (
            (s, a)
            for s in statements
            for a in s.allergens
            if lost[0] in a.reactions and not _is_same(ours.name, a.name)
        ),
        None,
    )
    if owner is not None:
        source, other = owner[0].source, owner[1]
        name = source.text[source.words[other.first].start : source.words[other.past - 1].end]
        says = f"sentence {source.number} gives that for {quoted(name)}"
    elif theirs:
        says = f"sentence {given[0][0].source.number} says {quoted(', '.join(sorted(theirs)))}"
    elif frozenset(Reading(lost[0]).stem_set) & written:
        return None
    else:
        says = f"sentence {given[0][0].source.number} gives no such reaction"
    message = f"Allergy: the claim gives {quoted(lost[0])} for {quoted(said)}; {says}."
    severity = Severity.CRITICAL if owner is not None or theirs else Severity.WARNING
    return Flag("allergy", severity, message, frozenset(range(ours.first, ours.past)))


def _told_next(case: Case, given: Sequence[tuple[Statement, Allergen]]) -> frozenset[str]:
    """The reactions of sentences that name no substance: "Allergic to penicillin. Developed a rash."."""
    found: set[str] = set()
    for source in case.sources:
        if not named_substances(source):
            found.update(hit.value for hit in reaction_table().find(source.words))
    return frozenset(found)


# One reaction that bears out another: what is told may be the wider word.
_WIDER = {
    "hives": {"rash"},
    "stevens-johnson syndrome": {"rash"},
    "contact dermatitis": {"rash"},
    "rash": {"hives", "contact dermatitis"},
    "nausea": {"stomach upset", "vomiting"},
    "vomiting": {"stomach upset"},
    "diarrhoea": {"stomach upset"},
    "wheeze": {"shortness of breath"},
    "angioedema": {"oedema"},
    "oedema": {"angioedema"},
    "syncope": {"hypotension"},
}


def _covers(theirs: frozenset[str], reaction: str) -> bool:
    return reaction in theirs or any(
        reaction in _WIDER.get(other, ()) and reaction != "hives" for other in theirs
    )
