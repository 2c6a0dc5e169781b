"""Negation, doubt, time and person: a claim must mean its words as the evidence means them.

Words are aligned by stem; for each word that both have, the sense in the claim (its text, and its
assertion) is compared with the senses in the evidence. A word that the evidence uses in both senses
raises no doubt.
"""

from collections.abc import Sequence
from typing import NamedTuple

from inference.checking.alignment import align
from inference.checking.case import Case
from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.tokens import STOP_WORDS
from inference.vocabulary import Assertion, Severity

_ALL_OF_IT = 0.5  # share of the aligned words that must carry a cue before the claim as a whole is doubted

_WEAK = STOP_WORDS | frozenset(lexicon("words")["weak"].split())
_RELATIVES = frozenset(lexicon("words")["relatives"].split())
_NORMAL = frozenset(lexicon("words")["normal"].split())


class _Aligned(NamedTuple):
    token: int  # first token of the claim
    past: int
    word: str
    ours: int
    kind: str  # of a concept, "drug", or ""
    theirs: tuple[tuple[Reading, int, int], ...]  # where the evidence has it: source, token, sense


def check(case: Case) -> list[Flag]:
    """Flag a claim that turns the evidence round, drops its doubt, or moves it in time or to another person.

    At most one flag: the gravest difference explains the others.
    """
    claim, assertion = case.claim, case.assertion
    aligned = _align(claim, case.sources)
    if not aligned:
        return []
    for test in (_negation, _family):
        if (flag := test(claim, aligned, assertion)) is not None:
            return [flag]
    flag = _certainty(case, aligned)
    return [] if flag is None else [flag]


def _align(claim: Reading, sources: Sequence[Reading]) -> list[_Aligned]:
    aligned = []
    for pair in align(claim, sources):
        if pair.word in _WEAK:
            continue
        theirs = []
        for source, first, _, sense in pair.places:
            about_family = Sense.FAMILY if is_family_title(source.section) else Sense.PLAIN
            theirs.append((source, first, sense | about_family))
        aligned.append(_Aligned(pair.first, pair.past, pair.word, pair.sense, pair.kind, tuple(theirs)))
    return aligned


def is_family_title(title: str) -> bool:
    """Tell whether a section is about relatives."""
    words = title.lower().split()
    return "family" in words or words in (["fh"], ["fhx"])


def _negation(claim: Reading, aligned: list[_Aligned], assertion: Assertion) -> Flag | None:
    says_no = any(word.ours & Sense.NEGATED for word in aligned)
    is_absent = assertion is Assertion.ABSENT
    if is_absent and not says_no and _is_said_otherwise(claim):
        return None
    if is_absent and not says_no and _NORMAL.intersection(token.lower for token in claim.words):
        return None  # "Chest clear" as absent: nothing is denied that the words do not deny
    opposed: list[tuple[_Aligned, bool]] = []
    for word in aligned:
        denied = bool(word.ours & Sense.NEGATED) or (is_absent and not says_no)
        theirs = {bool(sense & Sense.NEGATED) for _, _, sense in word.theirs}
        if not denied and word.ours & _DOUBT:
            continue  # "to exclude blockages" does not say that there are any
        if denied and any(sense & Sense.ENDED for _, _, sense in word.theirs):
            continue  # "no tennis" where it is to be avoided or has ended
        if denied and all(_is_cleared(source, sense) for source, _, sense in word.theirs):
            continue  # "not cancer" of a potential cancer that was benign
        if is_absent and not says_no and any(sense & Sense.POSSIBLE for _, _, sense in word.theirs):
            continue
        if theirs == {not denied} and not _is_settled_otherwise(claim, word, aligned, denied):
            opposed.append((word, denied))
    opposed = _telling(claim, opposed, aligned)
    if not opposed:
        return None
    word, denied = opposed[0]
    source, index, _ = word.theirs[0]
    said = quoted(_around(claim, word.token))
    says = quoted(_around(source, index))
    state = "absent" if denied else "present"
    return Flag(
        "negation",
        Severity.CRITICAL,
        f"Negation: the claim gives {said} as {state}; sentence {source.number} says {says}.",
        frozenset(index for other, _ in opposed for index in range(other.token, other.past)),
    )


def _is_cleared(source: Reading, sense: int) -> bool:
    return bool(sense & Sense.POSSIBLE) and any(token.lower in _CLEARING for token in source.words)


_CLEARING = frozenset({"benign", "negative", "normal", "unremarkable", "excluded", "clear", "however", "but"})


def _is_said_otherwise(claim: Reading) -> bool:
    """Tell whether a claim marked as absent denies by its verb, or says more than a bare name."""
    if any(word.lower in _REFUSING for word in claim.words):
        return True
    clinical = {index for mention in claim.concepts for index in range(mention.first, mention.past)}
    clinical |= {index for mention in claim.drugs for index in range(mention.first, mention.past)}
    return len(set(claim.stems) - clinical) > _OTHER_WORDS


_OTHER_WORDS = 3  # content words of a bare statement beside what it is about
_REFUSING = frozenset(
    {
        *("turned", "declined", "declines", "refused", "refuses", "deferred", "defers", "nothing", "free"),
        *("avoid", "avoids", "avoiding", "stopped", "off", "unable", "pending", "awaited", "outstanding"),
        *("withheld", "held", "cancelled", "canceled", "lacks", "lacking", "instead", "rather", "against"),
    }
)


def _is_settled_otherwise(claim: Reading, word: _Aligned, aligned: list[_Aligned], denied: bool) -> bool:
    """Tell whether the two do not gainsay each other although one denies the word.

    The claim says both ("febrile at first, afebrile since"), or that it has gone ("snoring controlled");
    only something of it is denied ("no blood in the vomit", "neither gave relief"); or a drug is denied that
    the source only weighs ("discussed, he would like to think about it").
    """
    if any(other.word == word.word and (other.ours ^ word.ours) & Sense.NEGATED for other in aligned):
        return True
    lowers = {token.lower for token in claim.words}
    if not denied and lowers & _GONE:
        return True
    if denied and _is_complement(claim, word.token):
        return True
    if not denied and all(
        _is_complement(source, index) or _is_narrower(source, index, word) for source, index, _ in word.theirs
    ):
        return True
    if word.kind in ("drug", "procedure") and lowers & _EFFECTS:
        return True
    if word.kind != "drug" or not denied:
        return False
    return any(token.lower in _WEIGHED for source, _, _ in word.theirs for token in source.words)


def _is_narrower(source: Reading, index: int, word: _Aligned) -> bool:
    """Tell whether the source names only a kind of it: no metastases are not no malignancy."""
    named = [mention.concept.name for mention in source.concepts if mention.first <= index < mention.past]
    return bool(named) and word.kind not in ("", "drug") and word.word not in named


def _is_complement(reading: Reading, index: int) -> bool:
    """Tell whether a denied word stands behind a preposition and another: "no blood in the vomit"."""
    cue = reading.senses.negated_by.get(index)
    if cue is None or cue > index:
        return False
    before = index - 1
    while before > cue and reading.words[before].lower in _DETERMINERS:
        before -= 1
    return reading.words[before].lower in _PREPOSITIONS and any(
        cue < other < before for other in reading.stems
    )


_DETERMINERS = frozenset({"the", "a", "an", "his", "her", "their", "any", "either", "both", "or", "and"})
_PREPOSITIONS = frozenset({"in", "from", "after", "during", "since", "on", "at", "over", "through"})
_GONE = frozenset(
    {
        "controlled",
        "settled",
        "resolved",
        "gone",
        "cleared",
        "free",
        "stopped",
        "ceased",
        "abated",
        "outstanding",
        "pending",
        "awaited",
        "excluded",
    }
)
_EFFECTS = frozenset(
    {
        "benefit",
        "relief",
        "help",
        "helped",
        "effective",
        "effect",
        "response",
        "improvement",
        "respond",
        "worked",
    }
)
_WEIGHED = frozenset(
    {
        *("discussed", "offered", "considered", "consider", "considering", "declined", "declines", "refused"),
        *("think", "deferred", "defer", "suggested", "completed", "finished", "stopped", "avoid"),
    }
)


def _telling(
    claim: Reading, opposed: list[tuple[_Aligned, bool]], aligned: list[_Aligned]
) -> list[tuple[_Aligned, bool]]:
    """Of the words that one side denies, those that tell.

    "No fracture on X-ray" denies no X-ray, "went home without oxygen" no home: what can be there or not tells
    first, then any clinical word, and mere words only where the claim has none of these and they are many.
    """
    for kinds in (_DENIABLE, _CLINICAL):
        if any(word.kind in kinds for word in aligned):
            return [
                entry for entry in opposed if entry[0].kind in kinds or _is_denied_itself(claim, entry[0])
            ]
    return opposed if len(opposed) >= _ALL_OF_IT * len(aligned) else []


def _is_denied_itself(claim: Reading, word: _Aligned) -> bool:
    """Tell whether a word is the first of those that a cue denies: "no improvement in her cough"."""
    return word.kind == "" and any(
        cue < index and not any(cue < other < index for other in reading.stems)
        for reading, index in [(claim, word.token), *((source, place) for source, place, _ in word.theirs)]
        if (cue := reading.senses.negated_by.get(index)) is not None
    )


_DENIABLE = frozenset({"symptom", "condition", "finding", "drug"})
_CLINICAL = _DENIABLE | {"test", "procedure"}


def _share(aligned: list[_Aligned], sense: int) -> tuple[float, _Aligned | None]:
    """The share of aligned words that the evidence always means so and the claim's text does not."""
    lost = [
        word
        for word in aligned
        if not word.ours & sense and all(theirs & sense for _, _, theirs in word.theirs)
    ]
    return (len(lost) / len(aligned), lost[0]) if lost else (0.0, None)


def _family(claim: Reading, aligned: list[_Aligned], assertion: Assertion) -> Flag | None:
    if any(token.lower == "both" for token in claim.words):
        return None  # "both he and his father"
    share, word = _share(aligned, Sense.FAMILY)
    is_ours = assertion is Assertion.FAMILY or bool(claim.senses.present & Sense.FAMILY)
    if word is not None and share >= _ALL_OF_IT and not is_ours:
        source, index, _ = word.theirs[0]
        return Flag(
            "person",
            Severity.CRITICAL,
            f"Person: the claim gives {quoted(_around(claim, word.token))} to the patient; "
            f"sentence {source.number} speaks of a relative: {quoted(_around(source, index))}.",
        )
    nobody = not any(sense & Sense.FAMILY for word in aligned for _, _, sense in word.theirs)
    of_relative = [word for word in aligned if word.kind in _SUSPECTED and word.ours & Sense.FAMILY]
    if nobody and (assertion is Assertion.FAMILY or of_relative):
        named = {token.lower for word in aligned for source, _, _ in word.theirs for token in source.words}
        if named & _RELATIVES:
            return None
        word = (of_relative or aligned)[0]
        source, index, _ = word.theirs[0]
        return Flag(
            "person",
            Severity.CRITICAL,
            f"Person: the claim speaks of a relative; sentence {source.number} names none: "
            f"{quoted(_around(source, index))}.",
            frozenset(range(word.token, word.past)),
        )
    return None


def _certainty(case: Case, aligned: list[_Aligned]) -> Flag | None:
    """Flag what the evidence only suspects, fears or makes a condition, and the claim states as fact."""
    claim = case.claim
    if case.assertion in {Assertion.POSSIBLE, Assertion.HYPOTHETICAL} or claim.senses.present & _DOUBT:
        return None
    if any(token.lower in _CONDITIONS for token in claim.words):
        return None
    share, word = _share(aligned, _DOUBT)
    suspected = next((other for other in aligned if _is_only_suspected(case, other)), None)
    word = suspected if suspected is not None else word
    if word is None or (suspected is None and share < _ALL_OF_IT):
        return None
    source, index, sense = word.theirs[0]
    is_unlikely = any(token.lower == "unlikely" for token in source.words)
    how = "unlikely" if is_unlikely else "possible" if sense & Sense.POSSIBLE else "a condition or a risk"
    return Flag(
        "certainty",
        Severity.CRITICAL if is_unlikely else Severity.WARNING,
        f"Certainty: the claim states {quoted(_around(claim, word.token))} as fact; sentence {source.number} "
        f"gives it as {how}: {quoted(_around(source, index))}.",
        frozenset(range(word.token, word.past)),
    )


def _is_only_suspected(case: Case, word: _Aligned) -> bool:
    """Tell whether a symptom, finding or condition is nowhere in the note stated as so."""
    if word.kind not in _SUSPECTED or word.ours & (_DOUBT | Sense.NEGATED):
        return False
    if not all(sense & _DOUBT for _, _, sense in word.theirs):
        return False
    named = case.around.holding.get(f"={word.word}", [])[:_MANY]
    senses = [reading.senses.of[first] for reading in named for first, _ in reading.places[f"={word.word}"]]
    return all(sense & (_DOUBT | Sense.NEGATED) for sense in senses)


_DOUBT = Sense.POSSIBLE | Sense.HYPOTHETICAL
_SUSPECTED = frozenset({"symptom", "condition", "finding"})
_MANY = 20  # sentences
_CONDITIONS = frozenset(
    {"until", "unless", "once", "when", "provided", "should", "would", "could", "perhaps"}
)


def _around(reading: Reading, index: int) -> str:
    """A word with its neighbours: from the cue that denies it if that is near, else from two words before."""
    cue = reading.senses.negated_by.get(index, index)
    first = cue if 0 < index - cue <= 6 or cue == index else index
    if first == index:
        first = max(0, index - 2)
        while first < index and not reading.words[first].lower[0].isalnum():
            first += 1
    last = min(len(reading.words) - 1, index + 1)
    if not reading.words[last].lower[0].isalnum():
        last = index
    if cue > index:
        last = min(len(reading.words) - 1, cue + 1)
    return reading.text[reading.words[first].start : reading.words[last].end]
