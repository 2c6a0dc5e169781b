"""Whether the patient is for resuscitation: a claim must not turn that round."""

import re
from collections.abc import Sequence

from inference.checking.flags import Flag, quoted
from inference.checking.reading import Reading
from inference.vocabulary import Assertion, Severity

_NOT_FOR = re.compile(
    r"(?<![\w-])(?:(?P<undone>no|not|without|nil|no valid|never)\s+(?:a\s+)?)?"
    r"(?:u?dnacpr|dnar|dnr(?:/dni)?|not?\s+(?:for\s+)?(?:active\s+)?(?:cpr|resus(?:citation)?)"
    r"|not\s+for\s+(?:full\s+)?(?:attempted\s+|cardiopulmonary\s+)?resus(?:citation)?|no\s+code"
    r"|do\s+not\s+(?:attempt\s+)?(?:resuscitate|resuscitation|cpr|attempt))(?![\w-])",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"(?<!not )(?<!not a )(?<!no )(?<![\w-])(?:full\s+code|(?:for\s+)?full\s+resus(?:citation)?"
    r"|for\s+(?:attempted\s+)?(?:cpr|resus(?:citation)?))(?![\w-])",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(?:rescinded|revoked|suspended|withdrawn|cancelled|canceled|reversed|lifted)\b", re.IGNORECASE
)
_DONE_AGAIN = re.compile(r"\b(?:reinstated|renewed|back in place)\b", re.IGNORECASE)


def check(claim: Reading, sources: Sequence[Reading], assertion: Assertion) -> Flag | None:
    """Flag a claim that gives one code status where every cited sentence with one gives the other."""
    ours = _is_for(claim.text)
    if ours is None:
        return None
    if assertion is Assertion.ABSENT and not ours[0]:
        ours = (True, ours[1])
    given = [(source, status) for source in sources if (status := _is_for(source.text)) is not None]
    if not given or any(status[0] == ours[0] for _, status in given):
        return None
    source, theirs = given[0]
    return Flag(
        "code_status",
        Severity.CRITICAL,
        f"Code status: the claim says {quoted(ours[1])}; sentence {source.number} says {quoted(theirs[1])}.",
    )


def _is_for(text: str) -> tuple[bool, str] | None:
    """Whether a text is for resuscitation, and its words; None where it says neither or both."""
    against, favour = _NOT_FOR.search(text), _FOR.search(text)
    if against is not None and favour is None:
        is_undone = bool(against["undone"])
        if _UNDONE.search(text) and not _DONE_AGAIN.search(text):
            return None
        return is_undone, against[0]
    if favour is not None and against is None:
        return True, favour[0]
    return None
