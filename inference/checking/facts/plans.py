"""Diagnoses, procedures, pending results, follow-up and code status."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache

from inference.checking.facts.fact import Found
from inference.checking.facts.lines import NOT_HERE, Clause, Line
from inference.checking.facts.lists import flag_list, phrase_list, word_list
from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.checking.tokens import stem
from inference.vocabulary import FactKind

_DIAGNOSED = re.compile(
    r"\bdiagnosed (?:with|as having)\b|\b(?:newly|recently) diagnosed\b|\bnew diagnos[ie]s of\b"
    r"|\bnew[- ]onset\b|\b(?:final|working|principal|primary|discharge) diagnosis\b"
    r"|^(?:imp|impression|dx|diagnosis)\b"
    r"|\bdiagnosis (?:is|was|of)\b|\bconfirmed (?:a |an |the )?(?:diagnosis|new)\b",
    re.IGNORECASE,
)
_PROBLEM_WORDS = 14  # tokens of an item that is a diagnosis and not a discussion of one
_DATED = re.compile(
    r"\b\d{1,2}(?:\s?(?:-|–|to)\s?\d{1,2})?\s?(?:/(?:7|52|12)\b|-?(?:d|w|wk|wks|m|day|week|month|year)s?\b)"
    r"|\b(?:one|two|three|four|five|six|eight|ten|twelve|a|few|couple of)[ -](?:day|week|month|year)s?\b",
    re.IGNORECASE,
)


def _has(line: Line, clause: Clause, table: PhraseTable[str]) -> bool:
    return any(clause.first <= hit.first < clause.past for hit in line.find(table))


def _key(words: str) -> tuple[str, ...]:
    return tuple(sorted({stem(word.strip(".,;:()").lower()) for word in words.split()}))


def find_diagnoses(lines: list[Line]) -> Iterator[Found]:
    """Find what was diagnosed: items of a diagnosis, impression or assessment, and "diagnosed with"."""
    for line in lines:
        if line.section in {SectionKind.FAMILY, SectionKind.WARNINGS, SectionKind.ALLERGIES}:
            continue
        is_list = line.section in {SectionKind.ASSESSMENT, SectionKind.PROBLEMS} or (
            not line.title.isdisjoint({"assessment", "impression", "diagnosis", "diagnoses"})
        )
        for clause in line.clauses:
            named = [
                mention
                for mention in line.reading.concepts
                if clause.first <= mention.first < clause.past
                and mention.concept.kind in _DIAGNOSES
                and not line.sense(mention.first, mention.past) & NOT_HERE
            ]
            words = line.words_of(clause)
            said = _DIAGNOSED.search(words)
            told = said is not None and bool(named) and not _is_denied(line, clause, said)
            if told and line.section in {SectionKind.PAST_HISTORY, SectionKind.HOME_MEDICATIONS}:
                told = "new" in words.lower()
            if not told and not (is_list and _is_problem(line, clause, bool(named))):
                continue
            if line.sense(clause.first, clause.past) & Sense.FAMILY:
                continue
            key = tuple(sorted({mention.concept.name for mention in named})) or _key(words)
            yield Found(FactKind.DIAGNOSIS, key, words, line.number, False)


def _is_denied(line: Line, clause: Clause, said: re.Match[str]) -> bool:
    """Tell whether a diagnosis was never made: "denies he has ever been diagnosed with hepatitis"."""
    starts = [word.start for word in line.reading.words]
    index = bisect_left(starts, min(clause.start + said.end(), clause.end) - 1) - 1
    return bool(line.reading.senses.of[max(index, clause.first)] & Sense.NEGATED)


_DIAGNOSES = frozenset({"condition", "symptom", "diagnosis"})


def _is_problem(line: Line, clause: Clause, is_named: bool) -> bool:
    """Tell whether an item names a problem and does not discuss one."""
    words = [word.lower for word in line.reading.words[clause.first : clause.past]]
    count = sum(1 for word in words if word[0].isalpha())
    if count > _PROBLEM_WORDS or not count or not word_list("problems", "planned").isdisjoint(words):
        return False
    if not word_list("problems", "told").isdisjoint(words) or words[:2] == ["need", "to"]:
        return False
    if line.sense(clause.first, clause.past) & (Sense.HYPOTHETICAL | Sense.NEGATED):
        return False
    return is_named or (line.section is SectionKind.PROBLEMS and clause.first == 0 and line.is_item)


def find_procedures(lines: list[Line]) -> Iterator[Found]:
    """Find what was done to the patient in this episode."""
    for line in lines:
        if line.section in _NO_PROCEDURES:
            continue
        in_list = line.section is SectionKind.PROCEDURES
        for clause in line.clauses:
            words = line.words_of(clause)
            done = [
                mention
                for mention in line.reading.concepts
                if mention.concept.kind == "procedure"
                and clause.first <= mention.first < clause.past
                and mention.concept.name not in _care()
            ]
            is_told = bool(done) or ("procedure" in line.topics and len(line.clauses) == 1)
            if not in_list and not (
                is_told and _has(line, clause, _done()) and not _has(line, clause, _to_come())
            ):
                continue
            if in_list and (not is_told or _has(line, clause, _to_come())):
                continue
            first = done[0].first if done else clause.first
            if line.sense(first, first + 1) & (NOT_HERE | Sense.HISTORICAL | Sense.POSSIBLE):
                continue
            key = tuple(sorted({mention.concept.name for mention in done})) or _key(words)
            yield Found(FactKind.PROCEDURE, key, words, line.number, False)


@cache
def _care() -> frozenset[str]:
    return frozenset(lexicon("ledger")["procedures"]["care"])


def _done() -> PhraseTable[str]:
    return phrase_list("procedures", "done")


def _to_come() -> PhraseTable[str]:
    return phrase_list("procedures", "to_come")


_NO_PROCEDURES = frozenset(
    {
        SectionKind.FAMILY,
        SectionKind.WARNINGS,
        SectionKind.ALLERGIES,
        SectionKind.PAST_HISTORY,
        SectionKind.SOCIAL,
        SectionKind.PLAN,
        SectionKind.FOLLOW_UP,
        SectionKind.PENDING,
        SectionKind.MEDICATIONS,
        SectionKind.HOME_MEDICATIONS,
        SectionKind.EXAMINATION,
        SectionKind.REVIEW_OF_SYSTEMS,
    }
)
_PENDING = re.compile(
    r"\b(?:pending|awaited|awaiting|await|not yet (?:back|available|reported)|results? to follow|outstanding"
    r"|to be reported|not back|will chase|please chase|to chase)\b",
    re.IGNORECASE,
)
_NOT_A_RESULT = re.compile(
    r"\bawait\w* (?:appointment|bed|transfer|transport|discharge|placement|review)\b"
    r"|\bpending (?:discussion|review|decision|appointment|transfer|placement|approval)\b"
    r"|\b(?:schedul|plan|order|arrang|book)\w*\b[^.;]{0,60}\bpending (?:the|lab|mri|ct|his|her|results?)\b"
    r"|\bnot (?:needed|required|indicated)\b|\bnot on the pending\b"
    r"|\b(?:held|hold|withheld|depending|deferred|delayed|stopped) pending\b"
    r"|\b(?:no|nothing|none)\b[^.;]{0,30}\b(?:pending|outstanding|awaited)"
    r"|\b(?:was|were|had been) (?:pending|outstanding|awaited)\b",
    re.IGNORECASE,
)


def find_pending(lines: list[Line]) -> Iterator[Found]:
    """Find results that were still to come; each needs a decision where it is left out."""
    for line in lines:
        is_list = line.section is SectionKind.PENDING
        if not (is_list or "pending" in line.topics):
            continue
        for clause in line.clauses:
            words = line.words_of(clause)
            if line.sense(clause.first, clause.past) & (Sense.HYPOTHETICAL | Sense.FAMILY):
                continue
            if is_list:
                if _NOTHING.match(words) or _NOT_A_RESULT.search(words):
                    continue
                if _names_a_test(line, clause) or (line.is_item and clause.first == 0):
                    yield Found(FactKind.PENDING_RESULT, _key(words), words, line.number, clause.first == 0)
            elif is_pending(words):
                is_told = len(words.split()) > 1
                yield Found(FactKind.PENDING_RESULT, _key(words), words, line.number, is_told)


def is_pending(text: str) -> bool:
    """Tell whether a text says of a result that it is still to come."""
    return _PENDING.search(text) is not None and _NOT_A_RESULT.search(text) is None


_NOTHING = re.compile(r"(?:none|nil|no|nothing)\b", re.IGNORECASE)


def _names_a_test(line: Line, clause: Clause) -> bool:
    return any(
        mention.concept.kind in {"test", "procedure"} and clause.first <= mention.first < clause.past
        for mention in line.reading.concepts
    )


_TOLD = re.compile(
    r"\b(?:presents?|presented|presenting|after reviewing"
    r"|(?:was|were|been|is|are) (?:obtained|reviewed|seen|noted|elevated)|we reviewed|and review in|today was"
    r"|was (?:slightly |still )?elevated|saw (?:his|her|the|him)|was \d|had|no need"
    r"|showed|suggests?|ago|last check|here for|came)\b|\btoday (?:in|was)\b|\byears?-old\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:will|should|shall|please|to be|needs?|return|repeat|recheck|rpt|due|book|booked|arrange|would like"
    r"|want|next|follow(?:-| )?up (?:in|with)|advised|due|see (?:him|her|them|you))\b",
    re.IGNORECASE,
)


def find_follow_up(lines: list[Line]) -> Iterator[Found]:
    """Find follow-up with a date or an interval."""
    for line in lines:
        in_list = line.section is SectionKind.FOLLOW_UP
        if line.section in {SectionKind.FAMILY, SectionKind.WARNINGS, SectionKind.PAST_HISTORY}:
            continue
        if not (in_list or line.section is SectionKind.PLAN or "follow_up" in line.topics):
            continue
        for clause in line.clauses:
            words = line.words_of(clause)
            has_date = any(
                quantity.dates and clause.start <= quantity.start < clause.end
                for quantity in line.reading.quantities
            )
            is_dated = (
                has_date or _DATED.search(words) or _has(line, clause, phrase_list("follow_up", "when"))
            )
            if not is_dated or not _has(line, clause, phrase_list("follow_up", "appointment")):
                continue
            if not in_list and _TOLD.search(words) and not _AHEAD.search(words):
                continue
            if line.reading.drugs and not in_list and "follow_up" not in line.topics:
                continue  # "Ramipril 5 mg, review in ..." is; "Amoxicillin 500 mg for 5 days" is not
            if words.lower().startswith(("if ", "return if", "call if")) or "red flag" in words.lower():
                continue
            is_critical = (has_date or in_list) and _has(line, clause, flag_list("serious", "words"))
            yield Found(FactKind.FOLLOW_UP, _key(words), words, line.number, is_critical)


FULL_TREATMENT = re.compile(r"full (?:code|resus|esc|active)|(?<!not )for (?:cpr|resus)", re.IGNORECASE)


def find_code_status(lines: list[Line]) -> Iterator[Found]:
    """Find whether the patient is for resuscitation, and what else limits treatment.

    Sentences that follow each other are one fact: "DNACPR in place. For ward-based care. Not for ITU."
    """
    run: list[tuple[Line, str, bool]] = []
    opened = ""
    for line in lines:
        in_list = line.section is SectionKind.RESUSCITATION
        if line.section is SectionKind.FAMILY or not (in_list or "resuscitation" in line.topics):
            continue
        is_first = in_list and line.sentence.section != opened
        opened = line.sentence.section
        for clause in line.clauses:
            is_limit = _has(line, clause, flag_list("limits", "phrases"))
            is_full = FULL_TREATMENT.search(line.words_of(clause)) is not None
            if not (is_limit or is_full or (is_first and clause.first == 0)):
                continue
            if line.sense(clause.first, clause.first + 1) & (Sense.HYPOTHETICAL | Sense.FAMILY):
                continue
            if run and (line.number - run[-1][0].number > 1 or len(run) >= _TOGETHER):
                yield _code_status(run)
                run = []
            run.append((line, line.words_of(clause), is_limit and not is_full))
    if run:
        yield _code_status(run)


_TOGETHER = 4  # statements


def _code_status(run: list[tuple[Line, str, bool]]) -> Found:
    words = " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for _, text, _ in run)
    numbers = tuple(line.number for line, _, _ in run)
    is_critical = any(limits for _, _, limits in run)
    return Found(FactKind.CODE_STATUS, _key(words), words, numbers[0], is_critical, numbers[1:])
