"""What the checker says of claims made by rule and by hand, counted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inference.checking import Checker, Flag
from inference.engines.base import DraftClaim
from inference.evaluation.claims import Verdict, judge, written_claims
from inference.evaluation.corpus import Part, references, scored_rows, snippet_rows
from inference.evaluation.metrics import Correlation, Share, spearman
from inference.evaluation.open_notes import read_open_note
from inference.evaluation.perturbations import KINDS, Made, false_claims, true_claims
from inference.evaluation.statements import Surroundings, assertion_of
from inference.text import normalise, read_note
from inference.vocabulary import Category, Severity


def is_flagged(flags: Iterable[Flag]) -> bool:
    """A note is no doubt: only critical flags and warnings count."""
    return any(flag.severity is not Severity.NOTE for flag in flags)


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim made by rule and what the checker said of it."""

    made: Made
    flags: tuple[Flag, ...]

    @property
    def is_flagged(self) -> bool:
        return is_flagged(self.flags)


def judge_made(part: Part, *, most_notes: int | None = None) -> Iterator[Judged]:
    """Make and check the claims of every note of a part.

    Raises:
        MissingData: the open data is not on this machine.
    """
    surroundings = {name: Surroundings(read_open_note(name)) for name in references(part)[:most_notes]}
    others = list(surroundings.values())
    for reference, around in surroundings.items():
        checker = Checker(around.note)
        for made in true_claims(reference, around):
            yield Judged(made, checker.check(made.claim))
        for made in false_claims(reference, around, others):
            yield Judged(made, checker.find_and_check(made.claim)[1])


@dataclass(frozen=True, slots=True)
class PerturbationRates:
    """False alarms on the true ones, and what was caught of the false ones, by kind and base.

    Attributes:
        verbatim, paraphrased: true statements; the count is of those flagged.
        caught: of each kind, all of them.
        caught_of_paraphrases: of each kind, only those made from a rewritten statement.
    """

    verbatim: Share
    paraphrased: Share
    caught: dict[str, Share]
    caught_of_paraphrases: dict[str, Share]


def perturbation_rates(judged: Iterable[Judged]) -> PerturbationRates:
    """Count."""
    counted: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for one in judged:
        counted[one.made.kind, one.made.is_paraphrase].append(one.is_flagged)
    kinds = [kind for kind in KINDS if counted[kind, False] or counted[kind, True]]
    return PerturbationRates(
        verbatim=_share(counted["", False]),
        paraphrased=_share(counted["", True]),
        caught={kind: _share(counted[kind, False] + counted[kind, True]) for kind in kinds},
        caught_of_paraphrases={kind: _share(counted[kind, True]) for kind in kinds},
    )


def _share(flagged: list[bool]) -> Share:
    return Share(sum(flagged), len(flagged))


@dataclass(frozen=True, slots=True)
class ClaimRates:
    """Rates on the claims written by hand.

    Attributes:
        true: the count is of false alarms.
        false: the count is of those caught.
        kinds: false ones by what is false about them.
        styles: true ones by how they are written; the count is of false alarms.
    """

    true: Share
    false: Share
    kinds: dict[str, Share]
    styles: dict[str, Share]


def claim_rates(part: Part) -> ClaimRates:
    """Judge the claims written by hand for a part."""
    verdicts = judge(written_claims(part))
    true = [verdict for verdict in verdicts if verdict.written.is_true]
    false = [verdict for verdict in verdicts if not verdict.written.is_true]
    return ClaimRates(
        _share([one.is_flagged for one in true]),
        _share([one.is_flagged for one in false]),
        _by_kind(false),
        _by_kind(true),
    )


def _by_kind(verdicts: list[Verdict]) -> dict[str, Share]:
    groups: dict[str, list[bool]] = defaultdict(list)
    for one in verdicts:
        groups[one.written.kind].append(one.is_flagged)
    return {kind: _share(groups[kind]) for kind in sorted(groups, key=lambda kind: -len(groups[kind]))}


def dialogue_alarms(part: Part) -> tuple[Share, list[tuple[str, Judged]]]:
    """Check the sentences of human section texts against the dialogue they sum up.

    They are true by and large, and far from the dialogue's words: an upper bound of false alarms, since the
    texts also hold what the dialogue does not say.

    Returns:
        The share of sentences flagged, and each sentence with the identifier of its row.
    """
    judged = []
    for row in snippet_rows(part):
        for claim, flags in against(row["section_text"], row["dialogue"]):
            judged.append((row["ID"], Judged(Made(row["ID"], claim, "", is_paraphrase=True), flags)))
    return _share([one.is_flagged for _, one in judged]), judged


def against(summary: str, source: str) -> list[tuple[DraftClaim, tuple[Flag, ...]]]:
    """Check each sentence of a summary against the sentences of a source that fit it best."""
    checker = Checker(read_note(normalise(source)))
    checked = []
    for statement in Surroundings(read_note(normalise(summary))).statements:
        claim = DraftClaim(
            statement.text, Category.OTHER, assertion_of(statement.text, statement.section), ()
        )
        checked.append((claim, checker.find_and_check(claim)[1]))
    return checked


@dataclass(frozen=True, slots=True)
class Agreement:
    """Rank correlation with what people scored in machine summaries of dialogues.

    Attributes:
        hallucination: share of the summary's sentences flagged, with the people's HallucinationRate.
        omission: share of the reference's sentences flagged against the summary, with OmissionRate.
    """

    hallucination: Correlation
    omission: Correlation


def agreement(part: Part) -> Agreement | None:
    """Compare with the scores of the MTS-Dialog summaries (Ben Abacha et al., EACL 2023:2291-2302).

    Sentences of fewer than three words are not counted. For omission the check is turned about: it counts
    what the reference says and the machine's summary does not bear out.

    Returns:
        None for a part that holds no scored summaries.
    """
    if not scored_rows(part):
        return None
    flagged, hallucinated, uncovered, omitted = [], [], [], []
    for row in scored_rows(part):
        checked = against(row["Automatic Summary"], row["Dialogue"])
        left_out = against(row["Reference Summary"], row["Automatic Summary"])
        if checked:
            flagged.append(_flagged_share(checked))
            hallucinated.append(float(row["HallucinationRate"]))
        if left_out:
            uncovered.append(_flagged_share(left_out))
            omitted.append(float(row["OmissionRate"]))
    return Agreement(spearman(flagged, hallucinated), spearman(uncovered, omitted))


def _flagged_share(checked: list[tuple[DraftClaim, tuple[Flag, ...]]]) -> float:
    return sum(is_flagged(flags) for _, flags in checked) / len(checked)
