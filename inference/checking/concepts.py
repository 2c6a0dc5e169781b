"""What a text is about: symptoms, conditions, places of the body, tests, procedures, by any of their names.

The lists are data (`lexicons/concepts_*.toml`). Names are matched by their folded words ("headaches" is
"headache", "tumour" is "tumor"), past hyphens and articles ("pain in the chest" is "pain in chest"), the
longest first. They serve to tell whether two texts speak of one thing.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from inference.checking.lexicons import lexicon
from inference.checking.tokens import Token, stem, tokens


class Concept(NamedTuple):
    """A thing with one name, whatever is written; `kind` is the file's name behind "concepts_"."""

    name: str
    kind: str


class Mention(NamedTuple):
    """A concept named at tokens[first:past], half-open."""

    concept: Concept
    first: int
    past: int


def find_concepts(words: Sequence[Token], text: str = "") -> list[Mention]:
    """Find the concepts that are named, from left to right, the longest at each place.

    Mentions do not overlap, but a short form of several things ("N+V") gives one for each, at one place.

    Args:
        words: the tokens of the text.
        text: what they were cut from. With it, short forms that count in one writing only are read too: "MS"
            is multiple sclerosis and "ms" is not. A text all in capitals tells nothing by them.

    Returns:
        The mentions in reading order.
    """
    read = [index for index, word in enumerate(words) if word.lower not in _SKIPPED]
    folded = tuple(fold(words[index].lower) for index in read)
    written = _written_forms() if text and (len(words) < _FEW or text != text.upper()) else {}
    found: list[Mention] = []
    free = 0  # words before this one belong to a mention already
    for at in range(len(folded)):
        if at < free:
            continue
        hit = _longest(folded, at)
        if hit is not None and not (hit[0] == at + 1 and _is_plain(words[read[at]].lower)):
            free, meant = hit
            found += [Mention(concept, read[at], read[free - 1] + 1) for concept in meant]
        elif written:
            word = words[read[at]]
            concept = written.get(text[word.start : word.end])
            if concept and not (at and folded[at - 1][0].isdecimal()):  # "5 Mg" is an amount
                found.append(Mention(concept, read[at], read[at] + 1))
    return found


def _longest(folded: tuple[str, ...], at: int) -> tuple[int, tuple[Concept, ...]] | None:
    """Find the longest name at a place: where it ends, and what it names."""
    by_second = _table().get(folded[at])
    if by_second is None:
        return None
    for phrase, meant in by_second.get(folded[at + 1], ()) if at + 1 < len(folded) else ():
        past = at + len(phrase)
        if len(phrase) == 2 or folded[at:past] == phrase:
            return past, meant
    single = by_second.get("")
    return (at + 1, single[0][1]) if single else None


@cache
def _is_plain(word: str) -> bool:
    """Tell whether a plain word only looks like a form of a name: "does" is no DOE, "well" no Wells."""
    return word in _plain_words() and word not in _single_names()


@cache
def _plain_words() -> frozenset[str]:
    lists = lexicon("words")
    return frozenset(word for key in ("stop", "weak", "frame", "general") for word in lists[key].split())


@cache
def _single_names() -> frozenset[str]:
    rows = (row for kind in concept_kinds() for row in lexicon(f"concepts_{kind}")["concepts"])
    return frozenset(name for row in rows for name in row if " " not in name)


def fold(word: str) -> str:
    """Reduce a lower-case word to what its forms and spellings share, for looking up names.

    Coarser than `stem`: "wheezing" is "wheeze", "rashes" are "rash", "tumour" is "tumor". Names and texts go
    through it once.
    """
    folded = stem(word)
    if len(folded) > 4:
        folded = folded.removesuffix("e")
        for british, american in _SPELLING:
            if british in folded:
                folded = folded.replace(british, american)
    return folded


_FEW = 8  # words; so few are often short forms alone
_SPELLING = (("our", "or"), ("isation", "ization"), ("leuc", "leuk"), ("sulph", "sulf"), ("disk", "disc"))
_SKIPPED = frozenset(["-", "–", "'", "the", "his", "her", "their", "my", "your", "our", "its"])


@cache
def broader(name: str) -> frozenset[str]:
    """Name every concept that a concept is a kind of, itself included: "pneumonia" is a "chest infection"."""
    known = {name}
    waiting = [name]
    while waiting:
        for above in _above().get(waiting.pop(), ()):
            if above not in known:
                known.add(above)
                waiting.append(above)
    return frozenset(known)


@cache
def whole_names() -> tuple[str, ...]:
    """Names in which a cue only helps to name the thing: "cannot sleep" says that insomnia is there."""
    return tuple(name for kind in concept_kinds() for name in lexicon(f"concepts_{kind}").get("whole", ()))


@cache
def concept_kinds() -> tuple[str, ...]:
    """The kinds there are, one for each file."""
    names = (entry.name for entry in files("inference.checking.lexicons").iterdir())
    return tuple(
        sorted(
            name.removeprefix("concepts_").removesuffix(".toml")
            for name in names
            if name.startswith("concepts_") and name.endswith(".toml")
        )
    )


def phrase_of(name: str) -> tuple[str, ...]:
    """Fold a name as texts are folded: two names with one phrase are one to the checker."""
    return tuple(fold(token.lower) for token in tokens(name.lower()) if token.lower not in _SKIPPED)


_Entry = tuple[tuple[str, ...], tuple[Concept, ...]]


@cache
def _table() -> dict[str, dict[str, list[_Entry]]]:
    """Phrases and what they name by their first two words ("" for a phrase of one), the longest first."""
    by_name = _named()
    meant: dict[tuple[str, ...], tuple[Concept, ...]] = {
        phrase_of(name): (concept,) for name, concept in by_name.items()
    }
    for kind in concept_kinds():
        for short, names in lexicon(f"concepts_{kind}").get("together", {}).items():
            meant[phrase_of(short)] = tuple(by_name[name] for name in names if name in by_name)
    table: dict[str, dict[str, list[_Entry]]] = {}
    for phrase, concepts in sorted(meant.items(), key=lambda entry: -len(entry[0])):
        second = phrase[1] if len(phrase) > 1 else ""
        table.setdefault(phrase[0], {}).setdefault(second, []).append((phrase, concepts))
    return table


@cache
def _named() -> dict[str, Concept]:
    """Every name with its concept."""
    return {
        name: Concept(names[0], kind)
        for kind in concept_kinds()
        for names in lexicon(f"concepts_{kind}")["concepts"]
        for name in names
    }


@cache
def _written_forms() -> dict[str, Concept]:
    by_name = _named()
    return {
        written: by_name[name]
        for kind in concept_kinds()
        for written, name in lexicon(f"concepts_{kind}").get("capitals", {}).items()
        if name in by_name
    }


@cache
def _above() -> dict[str, tuple[str, ...]]:
    return {
        narrow: tuple(wide)
        for kind in concept_kinds()
        for narrow, wide in lexicon(f"concepts_{kind}").get("broader", {}).items()
    }
