"""The ledger's word lists (`lexicons/ledger.toml`, `lexicons/red_flags.toml`), ready to look up."""

from functools import cache

from inference.checking.concepts import fold
from inference.checking.lexicons import lexicon
from inference.checking.phrases import PhraseTable
from inference.checking.tokens import tokens


@cache
def word_list(group: str, name: str) -> frozenset[str]:
    """Words of `ledger.toml`, as they are written."""
    return frozenset(lexicon("ledger")[group][name].split())


@cache
def phrase_list(group: str, name: str) -> PhraseTable[str]:
    """Phrases of `ledger.toml`, for `Line.find`."""
    phrases = " ".join(lexicon("ledger")[group][name].split()).split(",")
    return PhraseTable((folded(phrase), phrase.strip()) for phrase in phrases if phrase.strip())


@cache
def flag_list(group: str, name: str) -> PhraseTable[str]:
    """Names of `red_flags.toml`, for `Line.find`."""
    return PhraseTable((folded(phrase), phrase) for phrase in lexicon("red_flags")[group][name])


def folded(name: str) -> str:
    """A name in the form in which names are looked up: number, tense, spelling and hyphens do not count."""
    return " ".join(fold(word.lower) for word in tokens(name) if word.lower != "-")
