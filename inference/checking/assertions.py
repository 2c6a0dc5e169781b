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
from inference.checking.tokens import STOP_WORDS, stem
from inference.vocabulary import Assertion, Severity

_ALL_OF_IT = 0.5  # share of the aligned words that must carry a cue before the claim as a whole is doubted

_WEAK = STOP_WORDS | frozenset(lexicon("words")["weak"].split())
_RELATIVES = frozenset(lexicon("words")["relatives"].split())
_NORMAL = frozenset(lexicon("words")["normal"].split())
_GENERAL = frozenset(stem(word) for key in ("general", "frame") for word in lexicon("words")[key].split())
_SETTLING = lexicon("assertions")["words"]
_REFUSING = frozenset(_SETTLING["refusing"])
_GONE = frozenset(_SETTLING["gone"])
_EFFECTS = frozenset(_SETTLING["effects"])
_WEIGHED = frozenset(_SETTLING["weighed"])
_CLEARING = frozenset(_SETTLING["clearing"])
_CONDITIONS = frozenset(_SETTLING["conditions"])
_FIRST = frozenset(_SETTLING["first"])


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
    flag = _negation(claim, aligned, assertion) or _family(case, aligned) or _certainty(case, aligned)
    return [] if flag is None else [flag]


def _align(claim: Reading, sources: Sequence[Reading]) -> list[_Aligned]:
    aligned = []
    for pair in align(claim, sources):
        if pair.word in _WEAK:
            continue
        theirs = []
        for source, first, _, sense in pair.places[:_MANY]:
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
        if (
            not denied
            and word.kind == ""
            and all(_is_in_name(source, index) for source, index, _ in word.theirs)
        ):
            continue  # "no enlarged lymph nodes" does not deny lymph nodes
        theirs = {bool(sense & Sense.NEGATED) for _, _, sense in word.theirs}
        if not denied and word.ours & (_DOUBT | Sense.SOUGHT | Sense.ENDED):
            continue  # "to exclude blockages" does not say that there are any, nor "gone since May"
        if denied and any(sense & Sense.ENDED for _, _, sense in word.theirs):
            continue  # "no tennis" where it is to be avoided or has ended
        if denied and all(_is_cleared(*place) for place in word.theirs):
            continue  # "not cancer" of a potential cancer that was benign
        if is_absent and not says_no and any(sense & Sense.POSSIBLE for _, _, sense in word.theirs):
            continue
        if theirs == {not denied} and not _is_settled_otherwise(claim, word, aligned, denied):
            opposed.append((word, denied))
        if len(opposed) > _MANY:
            break
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


def _is_in_name(source: Reading, index: int) -> bool:
    """Tell whether a word is only part of a longer thing's name."""
    return any(m.past - m.first > 1 and m.first <= index < m.past for m in source.concepts)


def _is_cleared(source: Reading, index: int, sense: int) -> bool:
    return bool(sense & Sense.POSSIBLE) and any(token.lower in _CLEARING for token in source.words[index:])


def _is_said_otherwise(claim: Reading) -> bool:
    """Tell whether a claim marked as absent denies by its verb, or says more than a bare name."""
    if any(word.lower in _REFUSING for word in claim.words):
        return True
    clinical = {index for mention in claim.concepts for index in range(mention.first, mention.past)}
    clinical |= {index for mention in claim.drugs for index in range(mention.first, mention.past)}
    return len(set(claim.stems) - clinical) > _OTHER_WORDS


_OTHER_WORDS = 3  # content words of a bare statement beside what it is about


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
    if (
        not denied
        and lowers & _FIRST
        and all(_is_of_the_past(source, index) for source, index, _ in word.theirs)
    ):
        return True
    if denied and _is_complement(claim, word.token):
        return True
    if not denied and all(
        _is_complement(source, index) or _is_narrower(source, index, word) for source, index, _ in word.theirs
    ):
        return True
    if word.kind in ("drug", "procedure") and lowers & _EFFECTS:
        return True
    if word.kind == "" and denied and _is_effect(claim, word.token):
        return True
    is_drug = word.kind == "drug"
    if is_drug and not denied and all(_is_dose(source, index) for source, index, _ in word.theirs):
        return True
    if word.kind not in _REFUSABLE or not denied:
        return False
    return any(token.lower in _WEIGHED for source, _, _ in word.theirs for token in source.words)


_REFUSABLE = frozenset({"drug", "procedure", "test"})


def _is_effect(claim: Reading, index: int) -> bool:
    """Tell whether what is denied is the effect: "neither injections nor massage brought benefit"."""
    cue = claim.senses.negated_by.get(index, index)
    effects = [place for place in range(cue, len(claim.words)) if claim.words[place].lower in _EFFECTS]
    return bool(effects) and index not in effects


def _is_of_the_past(source: Reading, index: int) -> bool:
    """Tell whether a denial speaks of the time before: "never had a seizure before"."""
    cue = source.senses.negated_by.get(index)
    if cue is None:
        return False
    words = {word.lower for word in source.words[cue : index + _NEAR]}
    return bool(
        words & {"never", "before", "previous", "previously", "prior", "history", "earlier", "similar"}
    )


def _is_dose(source: Reading, index: int) -> bool:
    """Tell whether only a dose of it is denied: "not on the higher dose of"."""
    cue = source.senses.negated_by.get(index, index)
    return any(word.lower in ("dose", "doses", "dosage") for word in source.words[cue:index])


_NEAR = 8  # tokens


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
                entry
                for entry in opposed
                if entry[0].kind in kinds
                or (_is_denied_itself(claim, entry[0]) and _is_told_of(claim, entry[0]))
            ]
    if len(opposed) < _ALL_OF_IT * len(aligned):
        return []
    return [
        (word, denied)
        for word, denied in opposed
        if word.kind != "site" and (word.word not in _GENERAL or _is_told_of(claim, word))
    ]


def _is_denied_itself(claim: Reading, word: _Aligned) -> bool:
    """Tell whether a word is the first of those that a cue denies: "no improvement in her cough"."""
    return word.kind in ("", "test", "procedure") and any(
        cue < index and not any(cue < other < index for other in reading.stems)
        for reading, index in [(claim, word.token), *((source, place) for source, place, _ in word.theirs)]
        if (cue := reading.senses.negated_by.get(index)) is not None
    )


def _is_told_of(claim: Reading, word: _Aligned) -> bool:
    """Tell whether a mere word is said of one thing on both sides.

    "CPAP was tolerated" and "did not tolerate CPAP" are; "will not work" and "during the working week" are not.
    A general word must stand beside a clinical thing that both name, any other beside any word.
    """
    ours = _beside(claim, word.token)
    for source, index, _ in word.theirs:
        shared = (ours & _beside(source, index)) - {word.word}
        if any(name[0] == "=" or name.startswith("drug:") for name in shared):
            return True
        if len(shared) >= (_MANY_SHARED if word.word in _GENERAL else 1):
            return True
    return False


_MANY_SHARED = 3  # names
_BESIDE = 14  # tokens


def _beside(reading: Reading, index: int) -> set[str]:
    """The names of what stands within a few tokens of a token in its sentence."""
    first, past = max(0, index - _BESIDE), index + _BESIDE
    for place in range(index, first, -1):
        if reading.words[place].lower in ".;":
            first = place
            break
    for place in range(index + 1, min(past, len(reading.words))):
        if reading.words[place].lower in ".;":
            past = place
            break
    return {
        name
        for name, spans in reading.places.items()
        if name not in _WEAK and any(first <= at < past and at != index for at, _ in spans)
    }


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


def _family(case: Case, aligned: list[_Aligned]) -> Flag | None:
    claim, assertion = case.claim, case.assertion
    if any(token.lower == "both" for token in claim.words):
        return None  # "both he and his father"
    share, word = _share(aligned, Sense.FAMILY)
    is_ours = assertion is Assertion.FAMILY
    if share < _ALL_OF_IT or claim.senses.present & Sense.FAMILY:
        word = next((other for other in aligned if _is_only_of_others(case, other)), None)
    if word is not None and not is_ours:
        source, index, _ = word.theirs[0]
        return Flag(
            "person",
            Severity.CRITICAL,
            f"Person: the claim gives {quoted(_around(claim, word.token))} to the patient; "
            f"sentence {source.number} speaks of somebody else: {quoted(_around(source, index))}.",
            frozenset(range(word.token, word.past)),
        )
    of_relative = [
        word
        for word in aligned
        if word.kind in _SUSPECTED
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
            f"{quoted(_around(source, index))}.",
            frozenset(range(word.token, word.past)),
        )
    return None


def _names_a_relative(case: Case, source: Reading) -> bool:
    """Tell whether a sentence or the one before it names one: "Her father was a chef. He died at 60."."""
    near = [source, case.around.sentence(source.number - 1)] if source.number > 1 else [source]
    return any(token.lower in _RELATIVES for reading in near for token in reading.words)


def _is_only_of_others(case: Case, word: _Aligned) -> bool:
    """Tell whether a symptom, finding or condition is nowhere in the note the patient's own."""
    if word.kind not in _SUSPECTED or word.ours & (Sense.FAMILY | Sense.NEGATED):
        return False
    if not all(sense & Sense.FAMILY and _is_next_to_person(source, at) for source, at, sense in word.theirs):
        return False
    return all(
        sense & (Sense.FAMILY | Sense.NEGATED) or is_family_title(reading.section)
        for reading, sense in _elsewhere(case, word)
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


def _elsewhere(case: Case, word: _Aligned) -> list[tuple[Reading, int]]:
    """How the note means a thing, in the first sentences that name it."""
    name = f"drug:{word.word}" if word.kind == "drug" else f"={word.word}"
    named = case.around.holding.get(name, [])[:_MANY]
    return [(reading, reading.senses.of[first]) for reading in named for first, _ in reading.places[name]]


def _certainty(case: Case, aligned: list[_Aligned]) -> Flag | None:
    """Flag what the evidence only suspects, fears or makes a condition, and the claim states as fact."""
    claim = case.claim
    if case.assertion in {Assertion.POSSIBLE, Assertion.HYPOTHETICAL}:
        return None
    hedged = _hedged(claim)
    stated = [other for other in aligned if other.token not in hedged]
    word = next((other for other in stated if _is_only_suspected(case, other)), None)
    if word is None and not hedged:
        share, word = _share([other for other in aligned if other.word not in _GENERAL], _DOUBT)
        word = word if share >= _ALL_OF_IT else None
    if word is None or all(_is_cleared(*place) for place in word.theirs):
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


def _hedged(claim: Reading) -> set[int]:
    """The tokens of those parts, up to a full stop or semicolon, that doubt or condition what they say."""
    found: set[int] = set()
    first = 0
    doubt = _DOUBT | Sense.SOUGHT
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


def _is_only_suspected(case: Case, word: _Aligned) -> bool:
    """Tell whether a symptom, finding or condition is nowhere in the note stated as so."""
    if word.kind not in _SUSPECTED or word.ours & Sense.NEGATED:
        return False
    doubt = _DOUBT | Sense.SOUGHT if word.kind == "condition" else _DOUBT
    if not all(sense & doubt for _, _, sense in word.theirs):
        return False
    return all(sense & (doubt | Sense.NEGATED | Sense.FAMILY) for _, sense in _elsewhere(case, word))


_DOUBT = Sense.POSSIBLE | Sense.HYPOTHETICAL
_SUSPECTED = frozenset({"symptom", "condition", "finding"})
_MANY = 20  # sentences


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
