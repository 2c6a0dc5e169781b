"""Refuse what no file may hold: addresses of package indexes, paths of one machine, too many lines."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_LINES = 400
COUNTED = {".py", ".html", ".css", ".js", ".sh"}
VAGUE_NAME = re.compile(r"(util|helper|manager|service)s?|common|misc")
# Written so that none of them matches its own line.
FORBIDDEN = {
    "an address of a package index": r"pypi\W(org|python)|\bpythonhosted\W|registry\W(npm|yarn)",
    "an index option": r"--(extra-)?index[-]url|(extra_)?index[_]url",
    "a path of one machine": r"(?<![\w.~$}])/(work|root|home/\w+|Users/\w+|opt/(wheels|pypi))/",
}
LOCK_FORBIDDEN = {"a resolved address": r'"resolved"\s*:', "a link option": r"^\s*(-f|--find[-]links)\b"}


def files() -> Iterator[Path]:
    """Tracked files and those about to be, without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0"):
        path = Path(name)
        if name and path.is_file() and not path.is_symlink():
            yield path


def faults(path: Path) -> Iterator[str]:
    if path.parts[0] in {"clinical", "inference"} and VAGUE_NAME.fullmatch(path.stem):
        yield f"{path}: a vague name; name it for what it holds"
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError:
        return
    is_lock = path.parts[0] in {"requirements", "package-lock.json", ".npmrc"}
    is_generated = "migrations" in path.parts
    if path.suffix in COUNTED and not is_generated and len(lines) > MAX_LINES:
        yield f"{path}: {len(lines)} lines, more than {MAX_LINES}; split it by noun"
    for what, pattern in (FORBIDDEN | (LOCK_FORBIDDEN if is_lock else {})).items():
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line):
                yield f"{path}:{number}: {what}"


def main() -> int:
    found = [fault for path in files() for fault in faults(path)]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
