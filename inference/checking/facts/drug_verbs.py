"""What the verbs of a line say becomes of a drug: it begins, goes on, is changed, or ends."""

import re
from bisect import bisect_left
from functools import cache

from inference.checking.drugs import Mention
from inference.checking.facts.lines import Clause, Line
from inference.checking.facts.lists import word_list
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found as Hit
from inference.checking.phrases import PhraseTable
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.statuses import Status, listed_status
from inference.vocabulary import FactKind

_GOES_ON = FactKind.MEDICATION
_STARTED = FactKind.MEDICATION_STARTED
_CHANGED = FactKind.MEDICATION_CHANGED
_STOPPED = FactKind.MEDICATION_STOPPED
_VERBS = ("medication_started", "medication_changed", "medication_stopped", "medication")
LISTS = frozenset({SectionKind.MEDICATIONS, SectionKind.HOME_MEDICATIONS, SectionKind.STOPPED})
SHORT_TITLE = 4  # words
_TO_VERB = 5  # tokens from a drug and its dose to a verb behind it: "ramipril 5 mg was stopped"
_FROM_VERB = 14  # tokens from a verb to its last drug
_NOT = r"\b(?:not|never|no longer|n't)\s(?:(?:yet|been|to|be|being|currently|actually)\s){0,3}"
NOT_GIVEN = re.compile(
    rf"[^;.]{{0,60}}?{_NOT}(?:taken|taking|takes?|started|given|prescribed|used|using|continued|commenced|restarted"
    r"|resumed|administered|needed|required|indicated|filled|collected|picked up)\b",
    re.IGNORECASE,
)


@cache
def drug_verbs() -> PhraseTable[FactKind]:
    """The verbs that say what becomes of a drug."""
    verbs = lexicon("ledger")["drug_verbs"]
    return PhraseTable(
        (" ".join(phrase.split()), FactKind(kind)) for kind in _VERBS for phrase in verbs[kind].split(",")
    )


def next_drug(line: Line, mention: Mention) -> Mention | None:
    """The drug that a line names next, if any."""
    drugs = line.reading.drugs
    place = bisect_left(drugs, mention.past, key=lambda drug: drug.first)
    return drugs[place] if place < len(drugs) else None


def what_becomes(line: Line, mention: Mention, verbs: list[Hit[FactKind]]) -> FactKind | None:
    """Read what a line says becomes of a drug, from the verbs of the line; None where it says nothing."""
    reading = line.reading
    behind = _verb_behind(line, mention, verbs)
    if behind is not None:
        return behind
    clause = line.clause_at(mention.first)
    if (exchanged := _exchanged(line, clause, mention)) is not None:
        return exchanged
    before = [
        verb
        for verb in verbs
        if clause.first <= verb.first < mention.first and not _ends_a_course(line, verb)
    ]
    behind_it = next((verb.first for verb in verbs if verb.first >= mention.past), clause.past)
    if before and _is_conditional(line, mention.past, min(clause.past, behind_it)):
        return None  # "stop eplerenone if K > 6"
    if before and mention.first - before[-1].past <= _FROM_VERB:
        verb = before[-1]
        sense = line.reading.senses.of[verb.first]
        between = {word.lower for word in reading.words[verb.past : mention.first]}
        sense |= Sense.HYPOTHETICAL if _is_asked(line, verb) else Sense.PLAIN
        if not sense & (Sense.NEGATED | Sense.HYPOTHETICAL) and between.isdisjoint(
            word_list("drug_frames", "breaks")
        ):
            return verb.value
    status = listed_status(reading, mention)
    if "instead" in {word.lower for word in reading.words[mention.past : mention.past + _TO_VERB + 4]}:
        return _STARTED
    if status is Status.ENDED:
        return _STOPPED
    if line.section is SectionKind.STOPPED:
        return None if status is Status.GOES_ON else _STOPPED
    if line.section is SectionKind.MEDICATIONS and len(line.title) <= SHORT_TITLE:
        of_title = _of_title(line.title)
        if of_title is not None:
            return of_title
    return _of_columns(line) if reading.is_row else None


_COLUMNS = re.compile(
    r"\b(?:pre[- ]?adm\w*|before(?: admission)?|prior|pta|home|on admission): (?P<old>[^,]*), "
    r"[a-z ]{2,24}: (?P<new>[^,]*)",
    re.IGNORECASE,
)


def _of_columns(line: Line) -> FactKind | None:
    """Read "Pre-adm: 20 mg ON, Discharge: 80 mg ON" of a table: the dose before and the dose now."""
    columns = _COLUMNS.search(line.reading.text)
    if columns is None:
        return None
    old, new = (" ".join(columns[name].lower().split()) for name in ("old", "new"))
    had, has = (any(character.isdigit() for character in dose) for dose in (old, new))
    if had and has:
        return _GOES_ON if old == new else _CHANGED
    return _STARTED if has and old in {"", "-", "–", "—", "nil", "none", "no", "n/a"} else None


def _of_title(title: frozenset[str]) -> FactKind | None:
    """Read "New medicines", "Changed": a title of both says nothing of each."""
    kinds = {
        kind
        for words, kind in (
            ({"new", "started", "start"}, _STARTED),
            ({"changed", "change", "increased", "reduced"}, _CHANGED),
            ({"continue", "continued", "unchanged"}, _GOES_ON),
        )
        if not title.isdisjoint(words)
    }
    return kinds.pop() if len(kinds) == 1 else None


def _verb_behind(line: Line, mention: Mention, verbs: list[Hit[FactKind]]) -> FactKind | None:
    """Read "ramipril 5 mg was stopped", "Ramipril 5 mg OD - STOPPED", a row's "Status: changed"."""
    words = line.reading.words
    following = next_drug(line, mention)
    until = following.first if following else len(words)
    clause = line.clause_at(mention.first)
    between = word_list("drug_frames", "between")
    for verb in verbs:
        if not mention.past <= verb.first < until or (verb.first >= clause.past and not line.reading.is_row):
            continue
        gap = [word.lower for word in words[mention.past : verb.first]]
        others = [word for word in gap if word not in between and not word[0].isdigit()]
        is_near = len(others) <= 1 and len(gap) <= _TO_VERB + 4
        if line.reading.senses.of[verb.first] & (Sense.NEGATED | Sense.HYPOTHETICAL):
            return None
        if gap and gap[-1] in word_list("drug_frames", "later"):
            continue
        if _is_of_next(line, verb, gap, following) or _ends_a_course(line, verb):
            continue
        if _is_conditional(line, verb.past, until):
            continue  # "restart when creatinine < 1.3"
        if is_near or line.reading.is_row or (line.section in LISTS and line.is_item):
            return _meant_behind(line, verb, until)
        return None
    return None


def _is_of_next(line: Line, verb: Hit[FactKind], gap: list[str], following: Mention | None) -> bool:
    """Tell whether a verb behind one drug speaks of the next: "stop ibuprofen and start paracetamol"."""
    if following is None or not {"and", ","} & set(gap):
        return False
    between = {word.lower for word in line.reading.words[verb.past : following.first]}
    return gap[-1] not in _PASSIVE and not between & {"and", ",", "."}


_PASSIVE = frozenset(("was", "were", "been", "be", "being", "is", "are", "to"))


def _ends_a_course(line: Line, verb: Hit[FactKind]) -> bool:
    """Tell whether a stop is when a course is over: "until 01/02 then stop", "stop 26.06.26"."""
    words = line.reading.words
    if verb.value is not _STOPPED or words[verb.first].lower not in {"stop", "stopping", "discontinue"}:
        return False
    after = words[verb.past].lower if verb.past < len(words) else "."
    before = words[verb.first - 1].lower if verb.first else ""
    return after[0].isdigit() or after == "after" or before in word_list("drug_frames", "later")


def _is_conditional(line: Line, first: int, past: int) -> bool:
    """Tell whether a condition follows before the next comma: nothing has been done yet."""
    words = line.reading.words
    for index in range(first, min(past, first + _TO_CONDITION)):
        lower = words[index].lower
        if lower in {",", ";", "."}:
            return False
        if lower in _CONDITIONS:
            after = words[index + 1].lower if index + 1 < len(words) else ""
            if after not in _NO_CONDITION:
                return True
    return False


_TO_CONDITION = 14  # tokens
_NO_CONDITION = frozenset(  # "once daily", "if needed"
    (
        "needed",
        "required",
        "necessary",
        "tolerated",
        "able",
        "possible",
        "daily",
        "a",
        "nightly",
        "weekly",
        "per",
    )
) | frozenset(
    ("at", "every", "monthly", "in", "only", "each", "or", "today", "and", "day", "/", "(", ",", ".")
)
_CONDITIONS = frozenset(("if", "when", "once", "unless"))


def _exchanged(line: Line, clause: Clause, mention: Mention) -> FactKind | None:
    """Read "switch atorvastatin to rosuvastatin": the first ends, the second begins."""
    reading = line.reading
    place = bisect_left(reading.drugs, mention.first, key=lambda drug: drug.first)
    for drugs, kind in (
        (reading.drugs[place : place + 2], _STOPPED),
        (reading.drugs[place - 1 : place + 1], _STARTED),
    ):
        if len(drugs) < 2 or drugs[0].name == drugs[1].name:
            continue
        first, second = drugs
        if first.first < clause.first or second.first >= clause.past:
            continue
        gap = [word.lower for word in reading.words[first.past : second.first]]
        before = {
            word.lower for word in reading.words[max(clause.first, first.first - _TO_VERB) : first.first]
        }
        exchange = word_list("drug_frames", "exchange")
        is_exchange = not exchange.isdisjoint(before.union(gap)) and "from" not in before.union(gap)
        if is_exchange and len(gap) <= _TO_VERB + 4 and not {"to", "with", "for", "by"}.isdisjoint(gap[-3:]):
            return kind
    return None


def _meant_behind(line: Line, verb: Hit[FactKind], until: int) -> FactKind:
    """What a verb says of the drug before it: "held, restarted" goes on, "X, changed from Y" has come."""
    words = line.reading.words
    last = words[verb.past - 1].lower
    if last == "from" and verb.past - verb.first > 1:
        return _CHANGED
    if last == "to" and verb.past - verb.first > 1 and verb.value is _STARTED:
        is_dose = verb.past < len(words) and words[verb.past].lower[0].isdigit()
        return _CHANGED if is_dose else _STOPPED
    if verb.value is _STOPPED:
        after = {word.lower for word in words[verb.past : until]}
        if not after.isdisjoint(word_list("drug_frames", "again")):
            return _GOES_ON
    return verb.value


def _is_asked(line: Line, verb: Hit[FactKind]) -> bool:
    """Tell whether a change is only thought of: "?uptitrate amlodipine"."""
    return verb.first > 0 and line.reading.words[verb.first - 1].lower == "?"
