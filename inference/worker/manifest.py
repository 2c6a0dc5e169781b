"""A model folder's manifest: its files with their SHA-256, so that changed weights are never served.

`python -m inference.worker.manifest DIR...` writes the manifest where there is none, verifies it where there
is one (`--renew` writes it anew) and prints the folder's digest. It needs only Python 3.11: the file
can be copied to the machine with the download and run there by its path.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

MANIFEST = "manifest.json"
_NOT_THE_MODEL = frozenset({MANIFEST, "README.md"})


class ManifestError(Exception):
    """A model folder is not what its manifest says. The message names files, nothing else."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, facts: Mapping[str, object]) -> str:
    """Write `manifest.json` over every file in the folder, with facts about how they were made.

    Returns:
        The model's digest, as `verify_manifest` gives it.
    """
    files = {name: file_digest(folder / name) for name in _model_files(folder)}
    content = {"files": files, **facts}
    (folder / MANIFEST).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return _digest_of(files)


def verify_manifest(folder: Path) -> str:
    """Check every file of a model folder against its manifest.

    Returns:
        The model's digest: SHA-256 (hex) over the sorted lines "<sha256>  <name>" of its files, as
        `sha256sum` writes them.

    Raises:
        ManifestError: there is no readable manifest, or a file is missing, changed or not listed.
    """
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        listed = {str(name): str(digest) for name, digest in files.items()}
    except FileNotFoundError:
        raise ManifestError(
            f"{folder} has no {MANIFEST}; make one with: python -m inference.worker.manifest {folder}"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ManifestError(f"{folder / MANIFEST} cannot be read ({type(error).__name__})") from error
    present = set(_model_files(folder))
    wrong = sorted(listed.keys() ^ present)
    wrong += sorted(name for name in present & listed.keys() if file_digest(folder / name) != listed[name])
    if wrong:
        raise ManifestError(f"{folder}: missing, changed or not in the manifest: {', '.join(wrong)}")
    return _digest_of(listed)


def _model_files(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name not in _NOT_THE_MODEL and not name.startswith("."))


def _digest_of(files: Mapping[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Write or verify manifests; returns the exit status: 0, or 1 if a folder differs from its manifest."""
    parser = argparse.ArgumentParser(description="Write or verify a model folder's manifest.json.")
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--renew", action="store_true", help="write it anew over files that changed")
    options = parser.parse_args(arguments)
    for folder in options.folder:
        try:
            if (folder / MANIFEST).exists() and not options.renew:
                digest, how = verify_manifest(folder), "verified"
            else:
                digest, how = write_manifest(folder, {}), "written"
        except (ManifestError, OSError) as error:
            print(f"not done: {error}", file=sys.stderr)  # noqa: T201 - its output
            return 1
        print(f"{digest}  {folder}  ({how})")  # noqa: T201 - its output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
