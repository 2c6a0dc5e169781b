"""Work on notes from the shell, without a database: `python -m inference summarize NOTE.txt --json`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from inference.checking.lexicons import site_faults
from inference.commands import check, evaluate, facts, lexicons, summarize
from inference.commands.files import Unreadable

_COMMANDS = {
    "summarize": (summarize, "summarise one note"),
    "facts": (facts, "list what a summary of a note must carry, and its symptoms"),
    "check": (check, "check claims against a note"),
    "lexicons": (lexicons, "check the word lists, and tell their versions"),
    "evaluate": (evaluate, "measure the checker on the open data"),
}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command line; returns the exit status: 0, 1 (nothing done, and why) or 2 (wrong usage)."""
    options = _parser().parse_args(arguments)
    command = _COMMANDS[options.command][0]
    try:
        if command is not lexicons and site_faults():
            raise Unreadable("the site's word lists have faults. `python -m inference lexicons` tells them.")
        print(command.run(options, environ))
    except Unreadable as error:
        print(f"No {command.WHAT}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inference", description="Work on clinical notes, on site."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, (command, purpose) in _COMMANDS.items():
        command.describe(commands.add_parser(name, help=purpose))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
