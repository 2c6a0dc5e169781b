"""Who it is about: an illness stays with the relative that has it, and the patient keeps one sex."""

from functools import cache

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.vocabulary import Assertion, Severity

_TIMES = 4  # as often as the other sex must a note name one to tell the patient's
_ENOUGH = 2  # times


def check(case: Case) -> list[Flag]:
    """Flag a thing given to another relative than in the sources, and a patient of the other sex."""
    flags = contradictions(case, "people")
    names_others = any(q.dimension == "relative" for q in case.claim.qualifiers.of("people"))
    if not names_others and case.assertion is not Assertion.FAMILY and (flag := _other_sex(case)) is not None:
        flags.append(flag)
    return flags


def _other_sex(case: Case) -> Flag | None:
    sexes = _sexes()
    places = {
        sex: [index for index, word in enumerate(case.claim.words) if word.lower in words]
        for sex, words in sexes.items()
    }
    claimed = [sex for sex, found in places.items() if found]
    if len(claimed) != 1:
        return None
    ours = claimed[0]
    other = next(sex for sex in sexes if sex != ours)
    cited = {word.lower for source in case.sources for word in source.words}
    if cited & sexes[ours]:
        return None
    counts = case.around.word_counts
    told = sum(counts[word] for word in sexes[other])
    if told < _ENOUGH or told < _TIMES * sum(counts[word] for word in sexes[ours]):
        return None
    word = case.claim.words[places[ours][0]]
    return Flag(
        "person",
        Severity.WARNING,
        f"Person: the claim says {quoted(case.claim.text[word.start : word.end])}; "
        f"the note speaks of a {other} patient.",
        frozenset(places[ours]),
    )


@cache
def _sexes() -> dict[str, frozenset[str]]:
    return {sex: frozenset(words) for sex, words in lexicon("people")["sexes"].items()}
