"""`lexicons`: the checker's word lists with their versions, or what is wrong with them."""

import argparse
from collections.abc import Mapping

from inference.checking.lexicons import lexicon, lexicon_versions, site_folder
from inference.checking.lexicons.faults import lexicon_errors
from inference.commands.files import Unreadable

WHAT = "word lists in order"


def describe(command: argparse.ArgumentParser) -> None:
    """Add no option: all lists are checked."""


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Check the lists that ship and the site's; returns what to print.

    Raises:
        Unreadable: at least one fault, each on a line.
    """
    if errors := lexicon_errors():
        count = "1 fault" if len(errors) == 1 else f"{len(errors)} faults"
        raise Unreadable("\n".join([count, *errors]))
    added = f", with additions from {folder}" if (folder := site_folder()) is not None else ""
    versions = lexicon_versions()
    reviewed = sum(lexicon(name)["about"]["reviewed"] for name in versions)
    lines = [f"{len(versions)} word lists{added}; {reviewed} of them clinically reviewed."]
    width = max(map(len, versions.values()))
    for name, version in versions.items():
        lines.append(f"  {name:<20} {version:<{width}} {lexicon(name)['about']['scope'][:60]}")
    return "\n".join(lines)
