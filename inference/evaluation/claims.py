"""Claims written by hand on real notes, true and false, and what the checker says of them.

One claim a line in `claims/*.jsonl`: its note, text, category, assertion, evidence (or none),
`true`, and `kind`: how a true one is written (condensed, expanded, synonym ...), or what is false about it.
Files named "tuning_" served to improve the checker; files named "reporting_" only to measure it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from inference.checking import Checker, Flag
from inference.engines.base import DraftClaim
from inference.evaluation.open_notes import read_open_note
from inference.vocabulary import Assertion, Category, Severity


@dataclass(frozen=True, slots=True)
class WrittenClaim:
    """One hand-written claim and whether its note bears it out.

    Attributes:
        place: file and line, to find it again.
        note: the reference of its note.
        claim: as a model could have written it.
        is_true: the note says so.
        kind: how it is written, or what is false about it.
    """

    place: str
    note: str
    claim: DraftClaim
    is_true: bool
    kind: str


def written_claims(part: str) -> Iterator[WrittenClaim]:
    """Read the claims of "tuning" or "reporting", in the order of the files.

    Raises:
        ValueError: a line is not a claim; names the place.
    """
    folder = files("inference.evaluation") / "claims"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.startswith(part):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                yield _written_claim(f"{file.name}:{number}", line)


def _written_claim(place: str, line: str) -> WrittenClaim:
    try:
        row = json.loads(line)
        claim = DraftClaim(
            row["text"], Category(row["category"]), Assertion(row["assertion"]), tuple(row["evidence"])
        )
        return WrittenClaim(place, row["note"], claim, bool(row["true"]), str(row["kind"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{place}: not a claim: {error}") from None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker said of a hand-written claim."""

    written: WrittenClaim
    flags: tuple[Flag, ...]

    @property
    def is_flagged(self) -> bool:
        """A note is no doubt: only critical flags and warnings count."""
        return any(flag.severity is not Severity.NOTE for flag in self.flags)

    @property
    def is_right(self) -> bool:
        return self.is_flagged is not self.written.is_true


def judge(claims: Iterable[WrittenClaim]) -> list[Verdict]:
    """Check every claim against its note; where it cites nothing, against the sentences that fit best."""
    checkers: dict[str, Checker] = {}
    verdicts = []
    for written in claims:
        if written.note not in checkers:
            checkers[written.note] = Checker(read_open_note(written.note))
        _, flags = checkers[written.note].find_and_check(written.claim)
        verdicts.append(Verdict(written, flags))
    return verdicts
