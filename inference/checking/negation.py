"""Negation: a claim must not say that a thing is there where its sources deny it, nor the other way round."""

from inference.checking.flags import Flag, quoted
from inference.checking.lexicons import lexicon
from inference.checking.meanings import DOUBT, MANY, SUSPECTED, WEAK, Aligned, around, is_cleared
from inference.checking.reading import Reading
from inference.checking.scopes import Sense
from inference.checking.tokens import stem
from inference.vocabulary import Assertion, Severity

_HALF = 0.5  # share of the aligned words that must be opposed where none of them is clinical
_NORMAL = frozenset(lexicon("words")["normal"].split())
GENERAL = frozenset(stem(word) for key in ("general", "frame") for word in lexicon("words")[key].split())
_SETTLING = lexicon("assertions")["words"]
_REFUSING = frozenset(_SETTLING["refusing"])
_GONE = frozenset(_SETTLING["gone"])
_EFFECTS = frozenset(_SETTLING["effects"])
_WEIGHED = frozenset(_SETTLING["weighed"])
_FIRST = frozenset(_SETTLING["first"])
_ONGOING = frozenset(_SETTLING["ongoing"])


def negation(claim: Reading, aligned: list[Aligned], assertion: Assertion) -> Flag | None:
    """Flag what one side denies and the other states, or says goes on where it has ended."""
    says_no = any(word.ours & Sense.NEGATED for word in aligned)
    is_absent = assertion is Assertion.ABSENT
    if is_absent and not says_no and _is_said_otherwise(claim):
        return None
    if is_absent and not says_no and _NORMAL.intersection(token.lower for token in claim.words):
        return None  # "Chest clear" as absent: nothing is denied that the words do not deny
    opposed: list[tuple[Aligned, bool]] = []
    for word in aligned:
        denied = bool(word.ours & Sense.NEGATED) or (is_absent and not says_no)
        if (
            not denied
            and word.kind == ""
            and all(_is_in_name(claim, source, index) for source, index, _ in word.theirs)
        ):
            continue  # "no enlarged lymph nodes" does not deny lymph nodes
        if not word.ours & Sense.FAMILY and all(sense & Sense.FAMILY for _, _, sense in word.theirs):
            continue  # what a relative has or not
        if word.kind in ("procedure", "test") and word.word in GENERAL:
            continue  # "any medicine"
        if not denied and _is_over(claim, word):
            opposed.append((word, denied))
            continue
        theirs = {bool(sense & Sense.NEGATED) for _, _, sense in word.theirs}
        if not denied and word.ours & (DOUBT | Sense.SOUGHT | Sense.ENDED):
            continue  # "to exclude blockages" does not say that there are any, nor "gone since May"
        if denied and any(sense & Sense.ENDED for _, _, sense in word.theirs):
            continue  # "no tennis" where it is to be avoided or has ended
        if denied and all(is_cleared(*place) for place in word.theirs):
            continue  # "not cancer" of a potential cancer that was benign
        if is_absent and not says_no and any(sense & Sense.POSSIBLE for _, _, sense in word.theirs):
            continue
        if theirs == {not denied} and not _is_settled_otherwise(claim, word, aligned, denied):
            opposed.append((word, denied))
        if len(opposed) > MANY:
            break
    opposed = _telling(claim, opposed, aligned)
    if not opposed:
        return None
    word, denied = opposed[0]
    source, index, _ = word.theirs[0]
    said = quoted(around(claim, word.token))
    says = quoted(around(source, index))
    state = "absent" if denied else "present"
    return Flag(
        "negation",
        Severity.CRITICAL,
        f"Negation: the claim gives {said} as {state}; sentence {source.number} says {says}.",
        frozenset(index for other, _ in opposed for index in range(other.token, other.past)),
    )


def _is_in_name(claim: Reading, source: Reading, index: int) -> bool:
    """Tell whether a word is but part of a longer name of which the claim lacks or denies another part."""
    for mention in source.concepts:
        if mention.past - mention.first > 1 and mention.first <= index < mention.past:
            parts = {source.stems[at] for at in range(mention.first, mention.past) if at in source.stems}
            denied = {stem for at, stem in claim.stems.items() if claim.senses.of[at] & Sense.NEGATED}
            return not parts <= claim.stem_set or bool(parts & denied)
    return False


def _is_over(claim: Reading, word: Aligned) -> bool:
    """Tell whether a claim says that a thing goes on of which its sources say that it has ended."""
    if word.kind not in SUSPECTED or not all(sense & Sense.ENDED for _, _, sense in word.theirs):
        return False
    near = claim.words[max(0, word.token - _NEXT) : word.past + _NEXT]
    return any(other.lower in _ONGOING for other in near)


_NEXT = 2  # tokens


def _is_said_otherwise(claim: Reading) -> bool:
    """Tell whether a claim marked as absent denies by its verb, or says more than a bare name."""
    if any(word.lower in _REFUSING for word in claim.words):
        return True
    clinical = {index for mention in claim.concepts for index in range(mention.first, mention.past)}
    clinical |= {index for mention in claim.drugs for index in range(mention.first, mention.past)}
    return len(set(claim.stems) - clinical) > _OTHER_WORDS


_OTHER_WORDS = 3  # content words of a bare statement beside what it is about


def _is_settled_otherwise(claim: Reading, word: Aligned, aligned: list[Aligned], denied: bool) -> bool:
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
    if not denied and word.kind == "" and _is_before_denial(claim, word.past):
        return True
    if denied and all(sense & Sense.HYPOTHETICAL for _, _, sense in word.theirs):
        return True
    if word.kind == "symptom" and _is_treated(claim, word.past):
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


def _is_before_denial(claim: Reading, past: int) -> bool:
    """Tell whether the next word denies the verb's object: "has tried neither ice nor heat"."""
    return past < len(claim.words) and claim.words[past].lower in ("neither", "no", "none", "nothing")


def _is_treated(claim: Reading, past: int) -> bool:
    """Tell whether a complaint only says what a treatment is for: "pain medication"."""
    return past < len(claim.words) and claim.words[past].lower in _TREATMENTS


_TREATMENTS = frozenset(_SETTLING["treatments"])


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


def _is_narrower(source: Reading, index: int, word: Aligned) -> bool:
    """Tell whether the source names only a kind of it: no metastases are not no malignancy."""
    named = [mention.concept.name for mention in source.concepts if mention.first <= index < mention.past]
    return bool(named) and word.kind not in ("", "drug") and word.word not in named


def _is_complement(reading: Reading, index: int) -> bool:
    """Tell whether a denied word stands behind a preposition and another: "no blood in the vomit"."""
    cue = reading.senses.negated_by.get(index)
    if cue is None:
        return False
    before = index - 1
    first = cue if cue < index else max(-1, index - _NEAR)
    while before > first and reading.words[before].lower in _DETERMINERS:
        before -= 1
    if before <= first:
        return False
    word = reading.words[before].lower
    if word == "for":
        return reading.words[before - 1].lower not in _EVIDENCE
    return word in _PREPOSITIONS and any(first < other < before for other in reading.stems)


_DETERMINERS = frozenset({"the", "a", "an", "his", "her", "their", "any", "either", "both", "or", "and"})
_PREPOSITIONS = frozenset({"in", "from", "after", "during", "since", "on", "at", "over", "through"})
# Behind these "for" names the very thing that is denied: "no evidence for fracture", "not for surgery".
_EVIDENCE = frozenset(
    {
        "evidence",
        "support",
        "suspicion",
        "need",
        "negative",
        "not",
        "indication",
        "indicated",
        "concern",
        "features",
    }
)


def _telling(
    claim: Reading, opposed: list[tuple[Aligned, bool]], aligned: list[Aligned]
) -> list[tuple[Aligned, bool]]:
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
                or (_is_denied_itself(claim, entry[0]) and (entry[0].kind or _is_told_of(claim, entry[0])))
            ]
    if len(opposed) < _HALF * len(aligned):
        return []
    return [
        (word, denied)
        for word, denied in opposed
        if word.kind != "site" and (word.word not in GENERAL or _is_told_of(claim, word))
    ]


def _is_denied_itself(claim: Reading, word: Aligned) -> bool:
    """Tell whether a word is the first of those that a cue denies: "no improvement in her cough"."""
    return word.kind in ("", "test", "procedure") and any(
        cue < index and not any(cue < other < index for other in reading.stems)
        for reading, index in [(claim, word.token), *((source, place) for source, place, _ in word.theirs)]
        if (cue := reading.senses.negated_by.get(index)) is not None
    )


def _is_told_of(claim: Reading, word: Aligned) -> bool:
    """Tell whether a mere word is said of one thing on both sides.

    "CPAP was tolerated" and "did not tolerate CPAP" are, "will not work" and "during the working week" are
    not. A general word must stand beside a clinical thing that both name, any other beside any word.
    """
    ours = _beside(claim, word.token)
    for source, index, _ in word.theirs:
        shared = (ours & _beside(source, index)) - {word.word}
        if any(name[0] == "=" or name.startswith("drug:") for name in shared):
            return True
        if len(shared) >= (_MANY_SHARED if word.word in GENERAL else 1):
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
        if name not in WEAK and any(first <= at < past and at != index for at, _ in spans)
    }


_DENIABLE = frozenset({"symptom", "condition", "finding", "drug"})
_CLINICAL = _DENIABLE | {"test", "procedure"}
