"""The evaluation as one object of JSON values, and as Markdown for people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from inference.evaluation.checker_version import checker_digest
from inference.evaluation.corpus import Part
from inference.evaluation.extraction import PUBLISHED, overlap
from inference.evaluation.highlights import REPORTING_DAYS, TUNING_DAYS, highlight_recall
from inference.evaluation.measurement import (
    agreement,
    claim_rates,
    dialogue_alarms,
    judge_made,
    perturbation_rates,
)
from inference.evaluation.metrics import Correlation, Rouge, Share

LABELS = {
    "dose": "changed doses",
    "number": "changed numbers",
    "unit": "changed units",
    "drug": "exchanged drugs",
    "frequency": "changed frequencies",
    "negation": "flipped negations",
    "laterality": "exchanged sides",
    "subject": "wrong persons",
    "time": "wrong times",
    "status": "wrong statuses",
    "severity": "changed severities",
    "binding": "values of something else",
    "list": "drugs of another list",
    "allergy": "wrong allergies",
    "hypothetical": "conditions told as facts",
    "certainty": "suspicions told as certain",
    "fabricated": "inventions",
    "site": "wrong sites of the body",
    "bundle": "false second halves",
    "direction": "wrong directions",
    "other_patient": "sentences of another patient",
    "other patient": "sentences of another patient",
    "dropped clause": "dropped conditions",
}
TARGETS = {
    "number": 0.98,
    "unit": 0.98,
    "dose": 0.98,
    "drug": 0.98,
    "negation": 0.95,
    "laterality": 0.95,
    "subject": 0.85,
    "status": 0.80,
    "time": 0.80,
    "severity": 0.80,
    "binding": 0.80,
    "fabricated": 0.95,
    "other patient": 0.95,
}
MOST_FALSE_ALARMS = {"verbatim": 0.005, "paraphrased": 0.05}
_DAYS = {Part.TUNING: TUNING_DAYS, Part.REPORTING: REPORTING_DAYS}


def claims_section(part: Part) -> dict[str, Any]:
    """Rates on the claims written by hand."""
    measured = claim_rates(part)
    return {
        "true": _flagged(measured.true),
        "false": _flagged(measured.false),
        "kinds": _kinds(measured.kinds),
        "styles": {style: _flagged(share) for style, share in measured.styles.items()},
    }


def perturbations_section(part: Part, *, most_notes: int | None = None) -> dict[str, Any]:
    """Rates on what rules make of the open notes; `most_notes` only to try the command."""
    measured = perturbation_rates(judge_made(part, most_notes=most_notes))
    return {
        "verbatim": _flagged(measured.verbatim),
        "paraphrased": _flagged(measured.paraphrased),
        "kinds": _kinds(measured.caught),
        "kinds_of_paraphrases": _kinds(measured.caught_of_paraphrases),
    }


def others_section(part: Part) -> dict[str, Any]:
    """What people wrote and scored: summaries of dialogues, highlights, notes of visits."""
    alarms, _ = dialogue_alarms(part)
    scores = agreement(part)
    recall = highlight_recall(_DAYS[part])
    words = overlap(part)
    return {
        "reference_against_dialogue": _flagged(alarms),
        "agreement": {
            "hallucination": _correlation(scores.hallucination),
            "omission": _correlation(scores.omission),
        }
        if scores is not None
        else None,
        "highlights": {
            "facts": _flagged(Share(recall.by_facts, recall.highlights)),
            "symptoms": _flagged(Share(recall.by_symptoms, recall.highlights)),
            "extract": _flagged(Share(recall.by_extract, recall.highlights)),
            "any": _flagged(Share(recall.by_any, recall.highlights)),
        },
        "rouge": {
            "visits": words.visits,
            "of_dialogue": _rouge(words.of_dialogue),
            "of_note": _rouge(words.of_note),
        },
    }


def evaluation(
    part: Part, *, claims: bool, perturbations: bool, others: bool, most_notes: int | None = None
) -> dict[str, Any]:
    """Measure what is asked for.

    Raises:
        MissingData: the open data is not on this machine.
    """
    content: dict[str, Any] = {
        "part": part.value,
        "date": datetime.now(UTC).date().isoformat(),
        "checker": checker_digest(),
    }
    if claims:
        content["claims"] = claims_section(part)
    if perturbations:
        content["perturbations"] = perturbations_section(part, most_notes=most_notes)
    if others:
        content["others"] = others_section(part)
    return content


def shipped_rates(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What `rates.json` holds: the rates on claims written by hand, and the checker they are of."""
    return {
        "checker": checker_digest(),
        "claims": {"true": claims["true"], "false": claims["false"]},
        "kinds": claims["kinds"],
    }


def _flagged(share: Share) -> dict[str, Any]:
    return {"n": share.n, "flagged": share.count, "interval": [round(end, 4) for end in share.interval]}


def _kinds(shares: Mapping[str, Share]) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "label": LABELS.get(kind, kind),
            "n": share.n,
            "caught": share.count,
            "interval": [round(end, 4) for end in share.interval],
        }
        for kind, share in shares.items()
        if share.n
    ]


def _correlation(found: Correlation) -> dict[str, Any]:
    return {
        "n": found.n,
        "spearman": round(found.value, 3),
        "interval": [round(found.low, 3), round(found.high, 3)],
    }


def _rouge(score: Rouge) -> dict[str, float]:
    return {name: round(100 * getattr(score, name), 2) for name in ("one", "two", "longest")}


def as_markdown(content: Mapping[str, Any]) -> str:
    """Write the evaluation for reading."""
    lines = [
        f"# Evaluation of the checker, {content['part']} part",
        "",
        f"Measured on {content['date']}, checker `{content['checker'][:12]}`. A flagged claim has a critical "
        "flag or a warning; a note does not count. Intervals are 95 % (Wilson).",
    ]
    if "claims" in content:
        lines += _claims_markdown(content["claims"])
    if "perturbations" in content:
        lines += _perturbations_markdown(content["perturbations"])
    if "others" in content:
        lines += _others_markdown(content["others"])
    return "\n".join(lines) + "\n"


def _claims_markdown(claims: Mapping[str, Any]) -> list[str]:
    return [
        "",
        "## Claims written by hand",
        "",
        "| Claims | Flagged | Share | Interval |",
        "|---|---:|---:|---|",
        _row("correct claims (false alarms)", claims["true"]),
        _row("false claims (caught)", claims["false"]),
        "",
        "| What is false | Caught | Share | Interval |",
        "|---|---:|---:|---|",
        *(_row(kind["label"], kind) for kind in claims["kinds"]),
        "",
        "| How correct ones are written | False alarms | Share | Interval |",
        "|---|---:|---:|---|",
        *(_row(style, share) for style, share in claims["styles"].items()),
    ]


def _perturbations_markdown(made: Mapping[str, Any]) -> list[str]:
    paraphrases = {kind["kind"]: kind for kind in made["kinds_of_paraphrases"]}
    lines = [
        "",
        "## Claims made by rule from open notes",
        "",
        "| True statements | False alarms | Share | Interval | Target |",
        "|---|---:|---:|---|---|",
        *(
            f"{_row(label, made[name])} at most {100 * MOST_FALSE_ALARMS[name]:.1f} % |"
            for name, label in (("verbatim", "word for word"), ("paraphrased", "rewritten by rule"))
        ),
        "",
        "| What was changed | Caught | Share | Interval | Target | Of these from rewritten |",
        "|---|---:|---:|---|---|---:|",
    ]
    for kind in made["kinds"]:
        target = f"{100 * TARGETS[kind['kind']]:.0f} %" if kind["kind"] in TARGETS else "none"
        rewritten = paraphrases.get(kind["kind"])
        of_them = f"{rewritten['caught']} of {rewritten['n']}" if rewritten else ""
        lines.append(f"{_row(kind['label'], kind)} {target} | {of_them} |")
    return lines


def _others_markdown(others: Mapping[str, Any]) -> list[str]:
    words = others["rouge"]
    return [
        "",
        "## Beside what people wrote and scored",
        "",
        "| What | Count | Share | Interval |",
        "|---|---:|---:|---|",
        _row("sentences of human texts flagged against their dialogue", others["reference_against_dialogue"]),
        *(
            _row(f"clinicians' highlights carried by {label}", others["highlights"][name])
            for name, label in (
                ("facts", "facts"),
                ("symptoms", "symptoms"),
                ("extract", "extracts"),
                ("any", "any of them"),
            )
        ),
        "",
        *_agreement_markdown(others["agreement"]),
        f"| Words shared with the human note, {words['visits']} visits | ROUGE-1 | ROUGE-2 | ROUGE-L |",
        "|---|---:|---:|---:|",
        _rouge_row("extracts of the dialogue", words["of_dialogue"]),
        _rouge_row("extracts of the note itself (another task)", words["of_note"]),
        *(
            f"| published: {other.model} | {other.one:.2f} | {other.two:.2f} | {other.longest:.2f} |"
            for other in PUBLISHED
        ),
    ]


def _agreement_markdown(scores: Mapping[str, Any] | None) -> list[str]:
    if scores is None:
        return []
    return [
        "| Rank correlation with people's scores | Spearman | Interval | Summaries |",
        "|---|---:|---|---:|",
        *(
            f"| {label} | {scores[name]['spearman']:.2f} | {scores[name]['interval'][0]:.2f} to "
            f"{scores[name]['interval'][1]:.2f} | {scores[name]['n']} |"
            for name, label in (
                ("hallucination", "share of sentences flagged, with the hallucination rate"),
                ("omission", "share of reference sentences not borne out, with the omission rate"),
            )
        ),
        "",
    ]


def _row(label: str, share: Mapping[str, Any]) -> str:
    count = share.get("flagged", share.get("caught", 0))
    value = f"{100 * count / share['n']:.1f} %" if share["n"] else "-"
    low, high = share["interval"]
    return f"| {label} | {count} of {share['n']} | {value} | {100 * low:.1f} to {100 * high:.1f} % |"


def _rouge_row(label: str, score: Mapping[str, float]) -> str:
    return f"| {label} | {score['one']:.2f} | {score['two']:.2f} | {score['longest']:.2f} |"
