"""Claims that bundle statements: is one of them left without a word in the sentences cited?

A bundle is no falsehood, and engines cite carelessly, so this is only worth a look: a note.
"""

import re

from inference.checking.case import Case
from inference.checking.evidence import Asked, asked_and_absent, best_sentences, cited, not_near
from inference.checking.flags import Flag, quoted
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_JOINT = re.compile(
    r";|,(?! ?\d)|\.\s|\b(?:and|with|but|because|so|which|due to|after|while)\b", re.IGNORECASE
)
_LEAST = 2  # weight of a part that states something of its own: a concept, or two words


def check(case: Case) -> Flag | None:
    """Note a part of a claim of which the cited sentences hold nothing, while they hold another part."""
    joints = [match.start() for match in _JOINT.finditer(case.claim.text)]
    if not joints:
        return None
    asked, absent = asked_and_absent(case.claim, case.sources)
    parts = _parts(case.claim, asked, joints)
    missing = set(not_near(absent, case.sources))
    empty = [
        part for part in parts if missing.issuperset(part) and sum(item.weight for item in part) >= _LEAST
    ]
    if not empty or len(empty) == len(parts):
        return None
    part = empty[0]
    words = case.claim.words
    text = case.claim.text[words[part[0].first].start : words[part[-1].past - 1].end]
    own = {source.number for source in case.sources}
    closer = next((n for n in best_sentences(Reading(text), case.around) if n not in own), None)
    where = "" if closer is None else f" Sentence {closer} may."
    return Flag(
        "bundle",
        Severity.NOTE,
        f"Several statements: {cited(case.sources)} may not say {quoted(text, limit=60)}.{where}",
        frozenset(index for item in part for index in range(item.first, item.past)),
    )


def _parts(claim: Reading, asked: list[Asked], joints: list[int]) -> list[list[Asked]]:
    parts: dict[int, list[Asked]] = {}
    place = 0
    for item in asked:
        while place < len(joints) and joints[place] <= claim.words[item.first].start:
            place += 1
        parts.setdefault(place, []).append(item)
    return list(parts.values())
