"""`evaluate`: how often the checker catches what is false, and doubts what is true, on the open data."""

import argparse
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from inference.commands.files import Unreadable
from inference.evaluation.corpus import Part
from inference.evaluation.open_notes import MissingData
from inference.evaluation.rates import FILE
from inference.evaluation.report import as_markdown, claims_section, evaluation, shipped_rates

WHAT = "evaluation"


def describe(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.add_argument(
        "--part",
        choices=[part.value for part in Part],
        default=Part.TUNING.value,
        help="tuning (default), or reporting: never tune on what that shows",
    )
    command.add_argument("--claims", action="store_true", help="only the claims written by hand")
    command.add_argument("--perturbations", action="store_true", help="only the claims made by rule")
    command.add_argument("--notes", type=int, metavar="N", help="make claims of the first N notes only")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write the report there, not here")
    command.add_argument(
        "--write-rates", action="store_true", help="measure the reporting claims and ship their rates"
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Measure; returns what to print.

    Raises:
        Unreadable: the open data is not on this machine.
    """
    try:
        if options.write_rates:
            return _write_rates()
        is_all = not (options.claims or options.perturbations)
        content = evaluation(
            Part(options.part),
            claims=options.claims or is_all,
            perturbations=options.perturbations or is_all,
            others=is_all,
            most_notes=options.notes,
        )
    except MissingData as error:
        raise Unreadable(
            f"the open data is not here ({error}); EPITOME_OPEN_DATA names its folder."
        ) from None
    if options.json:
        options.json.write_text(_text(content), encoding="utf-8")
    report = as_markdown(content)
    if options.markdown:
        options.markdown.write_text(report, encoding="utf-8")
        return f"Written to {options.markdown}."
    return report


def _write_rates() -> str:
    path = Path(str(files("inference.evaluation") / FILE))
    path.write_text(_text(shipped_rates(claims_section(Part.REPORTING))), encoding="utf-8")
    return f"Written to {FILE} of inference/evaluation."


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
