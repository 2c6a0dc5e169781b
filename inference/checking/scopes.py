"""In what sense each word of a text is meant: negated, possible, past, hypothetical, about a relative.

After ConText (Harkema, Dowling, Thornblade and Chapman, J Biomed Inform 2009;42:839-51), with the
project's own cues (`lexicons/cues.toml`). A cue governs the words before or after it up to a boundary; a
full stop, a semicolon and the end of the text are boundaries, and so are the listed words ("but",
"however"). One pass over the tokens.
"""

from bisect import bisect_left
from functools import cache
from typing import NamedTuple

from inference.checking.concepts import whole_names
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found, PhraseTable
from inference.checking.tokens import Token, is_content


class Sense:
    """How a word is meant, as bits of a plain int: IntFlag's arithmetic cost a tenth of the checker's time.

    None of the bits: stated as so, now, about the patient.
    """

    PLAIN = 0
    NEGATED = 1
    POSSIBLE = 2
    HYPOTHETICAL = 4
    ENDED = 8  # stopped, resolved
    HISTORICAL = 16  # "history of", "previous": often still so
    FAMILY = 32
    SOUGHT = 64  # what a test looks for: a condition so named is not yet there, a symptom may be


class Senses(NamedTuple):
    """The sense of each token, which tokens are themselves cues, and the cue that negates each token."""

    of: list[int]
    is_cue: list[bool]
    negated_by: dict[int, int]  # token -> first token of the cue that negates it
    cue_sense: dict[int, int]  # first token of a cue -> its senses
    present: int  # every sense that some cue of the text has, even if it governs no word


_MARKS = frozenset(".;!\n•·")


_SENSES = {
    "negated": Sense.NEGATED,
    "possible": Sense.POSSIBLE,
    "hypothetical": Sense.HYPOTHETICAL,
    "ended": Sense.ENDED,
    "historical": Sense.HISTORICAL,
    "family": Sense.FAMILY,
    "contact": Sense.FAMILY,
    "sought": Sense.SOUGHT,
}


class _Role(NamedTuple):
    sense: int
    is_before: bool
    is_short: bool = False  # ends at a comma too


@cache
def _cues() -> PhraseTable[tuple[_Role, ...]]:
    roles: dict[str, list[_Role]] = {}
    content = lexicon("cues")
    for name, sense in _SENSES.items():
        group = content[name]
        for direction in ("before", "after"):
            for phrase in group[direction]:
                roles.setdefault(phrase, []).append(_Role(sense, direction == "before", name == "contact"))
    others = content["others"]
    for person in others["people"]:
        for verb in others["verbs"]:
            joined = (f"{person} {verb}", f"{person}, {verb}") if verb[:3] == "who" else (f"{person} {verb}",)
            for phrase in joined:
                roles.setdefault(phrase, []).append(_Role(Sense.FAMILY, True))
        for verb in others["observes"]:
            roles.setdefault(f"{person} {verb}", [])
    for phrase in (*content["neutral"]["phrases"], *content["boundary"]["phrases"], *whole_names()):
        roles.setdefault(phrase, [])
    return PhraseTable((phrase, tuple(found)) for phrase, found in roles.items())


@cache
def _boundaries() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in lexicon("cues")["boundary"]["phrases"])


@cache
def _reporting() -> tuple[frozenset[str], frozenset[str]]:
    group = lexicon("cues")["reporting"]
    return frozenset(group["verbs"]), frozenset(group["companions"])


@cache
def _attending() -> frozenset[str]:
    return frozenset(lexicon("assertions")["words"]["attends"])


@cache
def _single_words() -> tuple[frozenset[str], frozenset[str]]:
    """Words that deny a thing by themselves, and cues that govern the next word alone."""
    content = lexicon("cues")
    return frozenset(content["denials"]), frozenset(content["near"]["phrases"])


def _free_of(words: list[Token], index: int) -> int | None:
    """The word that "free" behind it denies: "pain-free", not "free of pain"."""
    if index + 1 < len(words) and words[index + 1].lower in ("of", "from", "t4", "t3"):
        return None
    before = index - 2 if index > 1 and words[index - 1].lower == "-" else index - 1
    return before if before >= 0 and words[before].lower[0].isalpha() else None


def _next_word(words: list[Token], index: int) -> int | None:
    following = range(index + 1, min(index + 3, len(words)))
    return next((other for other in following if words[other].lower[0].isalpha()), None)


def _denied_subjects(words: list[Token]) -> list[int]:
    """Find each "not" that denies what stands before it: "pulses could not be felt"."""
    verbs, between = _subject_verbs(), ("yet", "been", "be", "currently", "clearly", "being", "reliably")
    found = []
    for index, word in enumerate(words):
        if word.lower != "not" and not word.lower.endswith("n't"):
            continue
        place = index + 1
        while place < len(words) and place - index < _FURTHEST_VERB and words[place].lower in between:
            place += 1
        if place < len(words) and words[place].lower in verbs:
            after = words[place + 1].lower if place + 1 < len(words) else "."
            if not after[0].isalpha() or after in _CLAUSE_WORDS:
                found.append(index)
    return found


_FURTHEST_VERB = 4  # tokens behind "not"
_CLAUSE_WORDS = frozenset(
    {
        "by",
        "but",
        "and",
        "as",
        "because",
        "due",
        "at",
        "on",
        "in",
        "until",
        "for",
        "or",
        "since",
        "when",
        "yet",
    }
    | {"today", "this", "during", "before", "after", "so", "while", "with", "now", "from", "then", "out"}
)


@cache
def _subject_verbs() -> frozenset[str]:
    return frozenset(lexicon("cues")["denied_subject"]["verbs"].split())


def _answers(words: list[Token]) -> list[int]:
    """Find each "no" that answers the words before a colon or a dash and governs none behind it."""
    return [
        index
        for index, word in enumerate(words)
        if word.lower in _NOES
        and index > 1
        and words[index - 1].lower in _ASKS
        and (index + 1 == len(words) or words[index + 1].lower in _MARKS or words[index + 1].lower == ",")
    ]


_NOES = frozenset({"no", "none", "nil", "negative", "never", "denies", "denied", "absent", "neg", "n"})
_ASKS = frozenset({":", "-", "–", "—", "="})


def _last_mark(words: list[Token], index: int) -> int:
    """The token behind the last mark or comma before `index`."""
    for place in range(index - 1, max(-1, index - 12), -1):
        lower = words[place].lower
        if lower in _MARKS or lower == "," or (lower == ":" and place < index - 1):
            return place + 1
    return max(0, index - 11)


def senses(words: list[Token], text: str) -> Senses:
    """Read the sense of every token of `text`."""
    of = [Sense.PLAIN] * len(words)
    is_cue = [False] * len(words)
    negated_by: dict[int, int] = {}
    cue_sense: dict[int, int] = {}
    present = Sense.PLAIN
    hits = _cues().find(words)
    denials, near = _single_words()
    named = {index for hit in hits if not hit.value for index in range(hit.first, hit.past)}
    for index, word in enumerate(words):
        if index in named:
            continue
        if word.lower in denials:
            of[index] |= Sense.NEGATED
            present |= Sense.NEGATED
        elif word.lower == "free" and (before := _free_of(words, index)) is not None:  # "seizure-free"
            of[before] |= Sense.NEGATED
            negated_by.setdefault(before, index)
            present |= Sense.NEGATED
        elif word.lower in near and (of_next := _next_word(words, index)) is not None:
            of[of_next] |= Sense.NEGATED
            is_cue[index] = True
    for index in _answers(words):  # "Opioid use: no."
        past = index - 1
        for place in range(_last_mark(words, past), past):
            of[place] |= Sense.NEGATED
            negated_by.setdefault(place, index)
    marks = [index for index, word in enumerate(words) if word.lower in _MARKS]
    for index in _denied_subjects(words):
        for place in range(_last_mark(words, index), index):
            of[place] |= Sense.NEGATED
            negated_by.setdefault(place, index)
    starts = _edges(words, hits, marks)
    edges = sorted({*starts, *(index for index, word in enumerate(words) if word.lower == ":")})
    commas = sorted({*edges, *(index for index, word in enumerate(words) if word.lower == ",")})
    pauses = [place for place in commas if words[place].lower not in ("who", "which")]
    people = sorted({*marks, *(index for index, word in enumerate(words) if word.lower in _PATIENT)})
    governed: dict[_Role, int] = {}
    for hit in hits:
        if not hit.value and words[hit.first].lower in _DENIERS:
            _deny_inside(hit, words, of, negated_by)
        for role in hit.value:
            if not _counts(role, hit, words, text):
                continue
            present |= role.sense
            cue_sense[hit.first] = cue_sense.get(hit.first, 0) | role.sense
            for index in range(hit.first, hit.past):
                is_cue[index] = True
            if role.is_before:
                # "If potassium falls, start X" puts X under the condition, "his brother, who takes X" leaves
                # X with the brother: only a full stop ends these two, and the patient the second.
                ends = edges
                if role.is_short:
                    ends = pauses
                elif role.sense == Sense.FAMILY:
                    ends = people
                elif role.sense == Sense.HYPOTHETICAL:
                    ends = marks
                past = hit.past + (hit.past < len(words) and words[hit.past].lower == ":")  # "Denies: cough"
                reach = range(past, _next_edge(ends, past, len(words)))
            elif role.is_short or role.sense == Sense.SOUGHT:  # "for heart failure screening"
                reach = range(max(_last_edge(commas, hit.first), hit.first - _NOUNS), hit.first)
            else:
                reach = range(_last_edge(_behind(words, hit, starts, edges, commas), hit.first), hit.first)
            # What an earlier cue of the same role governs already need not be gone through again.
            done = governed.get(role, 0)
            governed[role] = max(done, reach.stop)
            for index in range(max(done, reach.start), reach.stop):
                if (
                    words[index].lower == "("
                    and hit.past - 1 <= index - 2 <= hit.past
                    and _is_not(words[hit.first])
                ):
                    break  # "not resumed (seizure)": the reason
                of[index] |= role.sense
                if role.sense == Sense.NEGATED:
                    negated_by.setdefault(index, hit.first)
    return Senses(of, is_cue, negated_by, cue_sense, present)


def _is_not(word: Token) -> bool:
    return word.lower == "not" or word.lower.endswith("n't")


def _deny_inside(
    hit: Found[tuple[_Role, ...]], words: list[Token], of: list[int], by: dict[int, int]
) -> None:
    """Deny what a phrase such as "not tolerated" or "no relief from" itself names, and nothing behind it."""
    if " ".join(word.lower for word in words[hit.first : hit.past]) in whole_names():
        return  # "cannot sleep" is a complaint of its own
    for index in range(hit.first + 1, hit.past):
        if is_content(words[index].lower):
            of[index] |= Sense.NEGATED
            by.setdefault(index, hit.first)


def _behind(
    words: list[Token],
    hit: Found[tuple[_Role, ...]],
    starts: list[int],
    edges: list[int],
    commas: list[int],
) -> list[int]:
    """What ends the reach of a cue that stands behind its words.

    "Viral illness: antibiotics not required" and "Cough settled, antibiotics not required" deny the last part
    alone; "Opioids: none", "Fever, chills: none" and "cough, fever and rash not present" all of it.
    """
    if words[hit.first - 1].lower in _ASKS:
        return starts
    if words[hit.first].lower != "not":
        return edges
    first = max(_last_edge(commas, hit.first), hit.first - _LONGEST)
    joined = {word.lower for word in words[first : hit.first]}
    return edges if joined & {"and", "or"} else commas


def _edges(words: list[Token], hits: list[Found[tuple[_Role, ...]]], marks: list[int]) -> list[int]:
    """Tokens at which reaches end, ascending: the marks and the boundary words."""
    edges = set(marks)
    for hit in hits:
        if tuple(word.lower for word in words[hit.first : hit.past]) not in _boundaries():
            continue
        if words[hit.first].lower == "given" and hit.first and words[hit.first - 1].lower in _BEFORE_GIVEN:
            continue  # "was not given the vaccine"; but "no surgery, given her age"
        edges.add(hit.first)
    return sorted(edges)


def _next_edge(edges: list[int], index: int, size: int) -> int:
    place = bisect_left(edges, index)
    return edges[place] if place < len(edges) else size


def _last_edge(edges: list[int], index: int) -> int:
    place = bisect_left(edges, index)
    return edges[place - 1] + 1 if place else 0


_BEFORE_GIVEN = frozenset({"not", "never", "been", "be", "being", "is", "are", "was", "were", "yet"})
_LONGEST = 40  # tokens of a list before "not present"
_NOUNS = 3  # tokens of a name before "screening"
_PATIENT = frozenset({"patient", "pt", "patient's"})
_DENIERS = frozenset({"no", "not", "without", "never", "cannot", "does", "did", "can't"})
_PRONOUNS = frozenset({"him", "her", "them", "patient", "the", "whom", "a", "an", "us", "me", "no"})
_LEANING = frozenset({"possible", "likely", "suspected", "considered"})


def _counts(role: _Role, hit: Found[tuple[_Role, ...]], words: list[Token], text: str) -> bool:
    """Tell whether a cue is meant as one here: not "May" the month, not "her mother reports", not "PE?"."""
    first = words[hit.first]
    if first.lower == "?":
        return text[first.end : first.end + 1].isalnum() or text[first.end : first.end + 2][1:].isalnum()
    if (
        role.sense == Sense.POSSIBLE
        and not role.is_before
        and hit.first
        and words[hit.first - 1].lower == ","
    ):
        return hit.past == len(words) or not words[hit.past].lower[0].isalnum()  # "AKI, likely pre-renal"
    if first.lower == "nil" and not role.is_before and hit.past - hit.first == 1:
        return hit.past == len(words) or not words[hit.past].lower[0].isalnum()  # "cramping, nil radiation"
    if role.sense == Sense.POSSIBLE and not role.is_before and first.lower in _LEANING:
        return hit.past == len(words) or not words[hit.past].lower[0].isalnum()  # not "and possible sarcoid"
    neighbours = [words[index].lower for index in (hit.first - 1, hit.past) if 0 <= index < len(words)]
    if first.lower == "may":
        return not any(word[0].isdigit() for word in neighbours)
    if role.sense == Sense.FAMILY and role.is_before and hit.past - hit.first == 1:
        verbs, companions = _reporting()
        after, next_but_one = (
            words[index].lower if index < len(words) else "" for index in (hit.past, hit.past + 1)
        )
        if after == "with":  # "his father with gout", not "lives with her mother with him"
            return next_but_one not in _PRONOUNS
        before = [words[index].lower for index in range(max(0, hit.first - 2), hit.first)]
        if after in ("is", "was"):
            return next_but_one not in _attending() and not companions.intersection(before)
        return after not in verbs and not companions.intersection(before)
    return True
