"""What is wrong with the word lists: the ones that ship, and the ones that a site adds."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from inference.checking.concepts import broader, concept_kinds, phrase_of
from inference.checking.lexicons import lexicon, lexicon_names, site_faults, site_folder

_ABOUT = {"scope": str, "sources": str, "version": str, "reviewed": bool}


def lexicon_errors() -> list[str]:
    """List the faults of all word lists, each with its file and entry; none where all is well."""
    errors = site_faults() or list(_of_files())
    return errors or [*_of_names(), *_of_concepts(), *_of_drugs()]


def _of_files() -> Iterator[str]:
    """Files that do not say what they are."""
    shipped = [(f"{name}.toml", files(__package__) / f"{name}.toml") for name in lexicon_names()]
    folder = site_folder()
    added = sorted(folder.glob("*.toml")) if folder is not None else []
    for where, file in [*shipped, *((str(path), path) for path in added)]:
        about = tomllib.loads(file.read_text(encoding="utf-8")).get("about")
        if not isinstance(about, dict):
            yield f"{where}: there is no [about]"
            continue
        for key, kind in _ABOUT.items():
            if not isinstance(about.get(key), kind) or about[key] == "":
                yield f"{where}: [about] says no {key}"


def _of_names() -> Iterator[str]:
    """Names of concepts that are empty, in capitals, or stand for two things."""
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    for kind in concept_kinds():
        where = f"concepts_{kind}.toml"
        for row in lexicon(f"concepts_{kind}")["concepts"]:
            if not row:
                yield f"{where}: a row without a name"
                continue
            for name in row:
                phrase = phrase_of(name)
                if not phrase:
                    yield f"{where}: {row[0]!r} has an empty name"
                    continue
                if name != name.lower():
                    yield f"{where}: {name!r} of {row[0]!r} is not in lower case"
                other, place = seen.setdefault(phrase, (row[0], where))
                if other != row[0]:
                    yield f"{where}: {name!r} of {row[0]!r} is a name of {other!r} in {place} too"


def _of_concepts() -> Iterator[str]:
    """Tables that name what is no concept, and circles of what is wider than what."""
    known = {row[0] for kind in concept_kinds() for row in lexicon(f"concepts_{kind}")["concepts"] if row}
    for kind in concept_kinds():
        content = lexicon(f"concepts_{kind}")
        where = f"concepts_{kind}.toml"
        for table in ("broader", "together", "capitals"):
            for entry, named in content.get(table, {}).items():
                names = [named] if isinstance(named, str) else list(named)
                if table == "broader":
                    names.append(entry)
                for name in names:
                    if name not in known:
                        yield f"{where}: [{table}] {entry!r} names {name!r}, which is no usual name"
        for narrow, wide in content.get("broader", {}).items():
            if any(narrow in broader(name) for name in wide):
                yield f"{where}: [broader] {narrow!r} is wider than itself"
        listed = {name for row in content["concepts"] for name in row}
        for name in content.get("whole", ()):
            if name not in listed:
                yield f"{where}: whole names {name!r}, which is no name"
    for word, name in _denials().items():
        if name not in known:
            yield f"cues.toml: [denials] {word!r} names {name!r}, which is no usual name"


def _denials() -> dict[str, Any]:
    denials: dict[str, Any] = lexicon("cues").get("denials", {})
    return denials


def _of_drugs() -> Iterator[str]:
    """Names that stand for two drugs."""
    seen: dict[str, str] = {}
    for group, content in lexicon("drugs").items():
        for entry in content.get("names", ()):
            for name in entry:
                if name != name.lower():
                    yield f"drugs.toml: [{group}] {name!r} is not in lower case"
                if seen.setdefault(name, entry[0]) != entry[0]:
                    yield f"drugs.toml: [{group}] {name!r} of {entry[0]!r} is a name of {seen[name]!r} too"
