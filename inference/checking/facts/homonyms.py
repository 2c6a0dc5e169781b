"""Words written like a symptom that name none: "felt low risk", "scales" to weigh on, "HI" on a meter."""

from functools import cache
from typing import NamedTuple

from inference.checking.concepts import Mention
from inference.checking.facts.lines import Line
from inference.checking.lexicons import lexicon

_NEXT = 2  # tokens on either side that `before` and `after` look at
_NEAR = 8


class _Rule(NamedTuple):
    """When words written like a symptom name none; empty lists say nothing."""

    written: frozenset[str]  # the rule is for these words alone
    before: frozenset[str]
    after: frozenset[str]
    next: frozenset[str]
    near: frozenset[str]
    needs: frozenset[str]  # it is a symptom only with one of these near it
    is_always: bool


_KEYS = ("written", "before", "after", "next", "near", "needs")


@cache
def _rules() -> dict[str, list[_Rule]]:
    rules: dict[str, list[_Rule]] = {}
    for row in lexicon("ledger")["homonym"]:
        words = {key: frozenset(row.get(key, "").split()) for key in _KEYS}
        rule = _Rule(**words, is_always=row.get("always", False))
        rules.setdefault(row["name"], []).append(rule)
    return rules


def is_something_else(line: Line, mention: Mention) -> bool:
    """Tell whether the words around a mention show that it is not the symptom that it is written like."""
    return any(_fits(line, mention, rule) for rule in _rules().get(mention.concept.name, ()))


def _fits(line: Line, mention: Mention, rule: _Rule) -> bool:
    words = [word.lower for word in line.reading.words[max(0, mention.first - _NEAR) : mention.past + _NEAR]]
    first = min(mention.first, _NEAR)
    past = first + mention.past - mention.first
    own, earlier, later = words[first:past], words[:first], words[past:]
    if rule.written and rule.written.isdisjoint(own):
        return False
    if rule.is_always:
        return True
    if rule.needs:
        return rule.needs.isdisjoint(words)
    return not (
        rule.before.isdisjoint(earlier[-_NEXT:])
        and rule.after.isdisjoint(later[:_NEXT])
        and rule.next.isdisjoint(later[:1])
        and rule.near.isdisjoint(earlier + later)
    )
