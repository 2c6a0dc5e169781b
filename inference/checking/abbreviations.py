"""What abbreviations stand for, by stems."""

from functools import cache

from inference.checking.lexicons import lexicon
from inference.checking.tokens import is_content, stem, tokens


@cache
def expansions() -> dict[str, frozenset[str]]:
    """Stem of an abbreviation -> stems of the words that it stands for."""
    return {
        stem(short): frozenset(stem(token.lower) for token in tokens(words) if is_content(token.lower))
        for short, words in lexicon("abbreviations")["expansions"].items()
    }
