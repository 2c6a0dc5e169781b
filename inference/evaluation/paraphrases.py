"""True statements in other words, by rule: short forms, synonyms, person and tense, numbers, joining.

The words are a table of its own (`rewritings.toml`). What comes out is no language model's writing:
sentences are not condensed by sense, nothing is inferred, and each rule is foreseeable. It bounds false
alarms from below; the claims written by hand are the measure.
"""

import random
import re
from collections.abc import Callable, Iterator
from functools import cache

from inference.evaluation.statements import NEGATIVE, Statement, Surroundings, table, with_case_of

_MOST_CHANGES = 4
_LONGEST_JOINED = 220  # code points


def paraphrases(around: Surroundings, seed: str) -> Iterator[Statement]:
    """Say each statement of a note otherwise where a rule applies; some join two that stand together."""
    chance = random.Random(seed)
    previous: Statement | None = None
    for statement in around.statements:
        text = rewritten(statement.text, chance)
        if previous is not None and _fit_together(previous, statement) and chance.random() < _JOINED:
            second = text[:1].lower() + text[1:] if _may_be_small(text) else text
            text = f"{previous.text.rstrip('. ')}; {second}"
            yield Statement(text, (*previous.evidence, *statement.evidence), statement.section, True)
            previous = None
            continue
        if text != statement.text:
            yield Statement(text, statement.evidence, statement.section, True)
        previous = statement


_JOINED = 0.2


def _fit_together(first: Statement, second: Statement) -> bool:
    return (
        first.section == second.section
        and first.evidence[0] + 1 == second.evidence[0]
        and len(first.text) + len(second.text) <= _LONGEST_JOINED
        and bool(NEGATIVE.search(first.text)) == bool(NEGATIVE.search(second.text))
    )


def _may_be_small(text: str) -> bool:
    first = text.split(maxsplit=1)[0]
    return first.lower() in {"the", "she", "he", "there", "patient", "no", "has", "her", "his", "this", "it"}


def rewritten(text: str, chance: random.Random) -> str:
    """Apply up to four rewritings, drawn; the text as it is where none applies."""
    for pattern, replacement in _voice():
        if found := pattern.search(text):
            text = _capitalised(text[: found.start()] + found.expand(replacement) + text[found.end() :])
            break
    rules = list(_substitutions())
    chance.shuffle(rules)
    changes = 0
    spent: set[str] = set()  # what a rule has put is not put back by another
    for pattern, put in rules:
        if changes == _MOST_CHANGES:
            break
        found = pattern.search(text)
        if found is None or found[0].lower() in spent:
            continue
        new = put(found)
        spent.add(new.lower())
        text = text[: found.start()] + new + text[found.end() :]
        changes += 1
    return text


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _voice() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(old), new) for old, new in table("rewritings")["voice"]["pairs"])


@cache
def _substitutions() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
    words = table("rewritings")
    rules: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = []
    for short, long in words["abbreviations"]["pairs"]:
        rules.append((_whole(short, is_exact=True), _put(long)))
        rules.append((_whole(long), _put(short, keeps_case=False)))
    for old, new in words["synonyms"]["pairs"]:
        rules.append((re.compile(rf"(?<![\w/-])(?:{old})(?![\w/-])", re.I), _put(new)))
    for old, new in words["numbers"]["spans"]:
        rules.append((re.compile(rf"(?<![\w./-])(?<!\bto )(?<!\bor ){old}(?!\w)", re.I), _put(new)))
    numbers = words["numbers"]["words"]
    for value, word in enumerate(numbers):
        if value > 1:
            followed = r"(?= (?:days?|weeks?|months?|years?|times|hours?|children|siblings|tablets|puffs))"
            rules.append(
                (re.compile(rf"(?<![\w./-])(?<!\bto )(?<!\bor ){word}{followed}", re.I), _put(str(value)))
            )
            rules.append((re.compile(rf"(?<![\w./:,-])(?<!\bto )(?<!\bor ){value}{followed}"), _put(word)))
    return tuple(rules)


def _whole(words: str, *, is_exact: bool = False) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/-]){re.escape(words)}(?![\w/-])", 0 if is_exact else re.I)


def _put(new: str, *, keeps_case: bool = True) -> Callable[[re.Match[str]], str]:
    def put(found: re.Match[str]) -> str:
        is_first = found.start() == 0
        return with_case_of(found[0], new) if keeps_case and is_first else new

    return put
