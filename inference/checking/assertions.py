"""Negation, doubt and person: a claim must mean its words as the evidence means them.

Words are aligned by stem; for each word that both have, the sense in the claim (its text, and its
assertion) is compared with the senses in the evidence. A word that the evidence uses in both senses
raises no doubt.
"""

from inference.checking.case import Case
from inference.checking.flags import Flag, quoted
from inference.checking.flips import flipped
from inference.checking.lexicons import lexicon
from inference.checking.meanings import (
    DOUBT,
    SUSPECTED,
    Aligned,
    aligned_words,
    around,
    elsewhere,
    is_cleared,
    is_family_title,
)
from inference.checking.negation import GENERAL, negation
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.vocabulary import Assertion, Severity

_ALL_OF_IT = 0.5  # share of the aligned words that must carry a cue before the claim as a whole is doubted
_RELATIVES = frozenset(lexicon("words")["relatives"].split())
_CONDITIONS = frozenset(lexicon("assertions")["words"]["conditions"])


def check(case: Case) -> list[Flag]:
    """Flag a claim that turns the evidence round, drops its doubt, or moves it in time or to another person.

    At most one flag: the gravest difference explains the others.
    """
    claim, assertion = case.claim, case.assertion
    aligned = aligned_words(claim, case.sources)
    if not aligned:
        return []
    flag = (
        negation(claim, aligned, assertion)
        or _copy_turned_round(case)
        or _family(case, aligned)
        or _certainty(case, aligned)
    )
    return [] if flag is None else [flag]


def _copy_turned_round(case: Case) -> Flag | None:
    claim = case.claim
    if case.assertion is Assertion.ABSENT and not claim.senses.present & Sense.NEGATED:
        return None  # a bare name, marked as absent
    for source in case.sources:
        if (found := flipped(claim, source)) is not None:
            ours, theirs = found
            return Flag(
                "negation",
                Severity.CRITICAL,
                f"Negation: the claim says {quoted(around(claim, ours))}; "
                f"sentence {source.number} says {quoted(around(source, theirs))}.",
                frozenset({ours}),
            )
    return None


def _share(aligned: list[Aligned], sense: int) -> tuple[float, Aligned | None]:
    """The share of aligned words that the evidence always means so and the claim's text does not."""
    lost = [
        word
        for word in aligned
        if not word.ours & sense and all(theirs & sense for _, _, theirs in word.theirs)
    ]
    return (len(lost) / len(aligned), lost[0]) if lost else (0.0, None)


def _family(case: Case, aligned: list[Aligned]) -> Flag | None:
    claim, assertion = case.claim, case.assertion
    if any(token.lower == "both" for token in claim.words):
        return None  # "both he and his father"
    share, word = _share([other for other in aligned if not other.ours & Sense.NEGATED], Sense.FAMILY)
    is_ours = assertion is Assertion.FAMILY
    if share < _ALL_OF_IT or claim.senses.present & Sense.FAMILY:
        word = next((other for other in aligned if _is_only_of_others(case, other)), None)
    if word is not None and not is_ours and not _is_beside_relative(claim, word):
        source, index, _ = word.theirs[0]
        return Flag(
            "person",
            Severity.CRITICAL,
            f"Person: the claim gives {quoted(around(claim, word.token))} to the patient; "
            f"sentence {source.number} speaks of somebody else: {quoted(around(source, index))}.",
            frozenset(range(word.token, word.past)),
        )
    of_relative = [
        word
        for word in aligned
        if word.kind in SUSPECTED
        and word.ours & Sense.FAMILY
        and not word.ours & Sense.NEGATED
        and not any(
            sense & Sense.FAMILY or _names_a_relative(case, source) for source, _, sense in word.theirs
        )
    ]
    told = {source.number: source for word in aligned for source, _, _ in word.theirs}
    nobody = not any(sense & Sense.FAMILY for word in aligned for _, _, sense in word.theirs)
    nobody = nobody and is_ours and not any(_names_a_relative(case, source) for source in told.values())
    if of_relative or nobody:
        word = (of_relative or aligned)[0]
        source, index, _ = word.theirs[0]
        return Flag(
            "person",
            Severity.CRITICAL,
            f"Person: the claim speaks of a relative; sentence {source.number} names none: "
            f"{quoted(around(source, index))}.",
            frozenset(range(word.token, word.past)),
        )
    return None


def _is_beside_relative(claim: Reading, word: Aligned) -> bool:
    """Tell whether the claim itself names a relative shortly before: "lost her son to suicide"."""
    before = claim.words[max(0, word.token - _SHORTLY) : word.token]
    return any(token.lower in _RELATIVES for token in before)


_SHORTLY = 4  # tokens


def _names_a_relative(case: Case, source: Reading) -> bool:
    """Tell whether a sentence or the one before it names one: "Her father was a chef. He died at 60."."""
    near = [source, case.around.sentence(source.number - 1)] if source.number > 1 else [source]
    return any(token.lower in _RELATIVES for reading in near for token in reading.words)


def _is_only_of_others(case: Case, word: Aligned) -> bool:
    """Tell whether a symptom, finding or condition is nowhere in the note the patient's own."""
    if word.kind not in SUSPECTED or word.ours & (Sense.FAMILY | Sense.NEGATED):
        return False
    if not all(sense & Sense.FAMILY and _is_next_to_person(source, at) for source, at, sense in word.theirs):
        return False
    return all(
        sense & (Sense.FAMILY | Sense.NEGATED) or is_family_title(reading.section)
        for reading, sense in elsewhere(case, word)
    )


def _is_next_to_person(source: Reading, index: int) -> bool:
    """Tell whether no comma stands between a thing and whose it is: not "FH of stroke, hypertension"."""
    if is_family_title(source.section):
        return True
    for place in range(index - 1, max(-1, index - _FURTHEST), -1):
        if source.words[place].lower == ",":
            return False
        if source.senses.cue_sense.get(place, 0) & Sense.FAMILY:
            return True
    return True


_FURTHEST = 12  # tokens


def _certainty(case: Case, aligned: list[Aligned]) -> Flag | None:
    """Flag what the evidence only suspects, fears or makes a condition, and the claim states as fact."""
    claim = case.claim
    if case.assertion in {Assertion.POSSIBLE, Assertion.HYPOTHETICAL}:
        return None
    hedged = _hedged(claim)
    stated = [other for other in aligned if other.token not in hedged]
    word = next((other for other in stated if _is_only_suspected(case, other)), None)
    if word is None and not hedged:
        share, word = _share(
            [other for other in aligned if other.word not in GENERAL and other.kind != "site"], DOUBT
        )
        word = word if share >= _ALL_OF_IT else None
    if word is None or all(is_cleared(*place) for place in word.theirs):
        return None
    source, index, sense = word.theirs[0]
    is_unlikely = any(token.lower == "unlikely" for token in source.words)
    how = "unlikely" if is_unlikely else "possible" if sense & Sense.POSSIBLE else "a condition or a risk"
    return Flag(
        "certainty",
        Severity.CRITICAL if is_unlikely else Severity.WARNING,
        f"Certainty: the claim states {quoted(around(claim, word.token))} as fact; sentence {source.number} "
        f"gives it as {how}: {quoted(around(source, index))}.",
        frozenset(range(word.token, word.past)),
    )


def _hedged(claim: Reading) -> set[int]:
    """The tokens of those parts, up to a full stop or semicolon, that doubt or condition what they say."""
    found: set[int] = set()
    first = 0
    doubt = DOUBT | Sense.SOUGHT
    for place in range(len(claim.words) + 1):
        if place < len(claim.words) and claim.words[place].lower not in ".;":
            continue
        if any(
            claim.senses.of[index] & doubt
            or claim.senses.cue_sense.get(index, 0) & doubt
            or claim.words[index].lower in _CONDITIONS
            for index in range(first, place)
        ):
            found.update(range(first, place))
        first = place + 1
    return found


def _is_only_suspected(case: Case, word: Aligned) -> bool:
    """Tell whether a symptom, finding or condition is nowhere in the note stated as so."""
    if word.kind not in SUSPECTED or word.ours & Sense.NEGATED:
        return False
    doubt = DOUBT | Sense.SOUGHT if word.kind == "condition" else DOUBT
    if not all(sense & doubt for _, _, sense in word.theirs):
        return False
    return all(sense & (doubt | Sense.NEGATED | Sense.FAMILY) for _, sense in elsewhere(case, word))
