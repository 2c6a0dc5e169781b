"""Where sentences of clinical prose end: full stops that do not belong to an abbreviation, a dose or a name.

Every decision looks at a bounded stretch around one mark, so the time is linear in the text's length.
"""

import re
from collections.abc import Iterator

from inference.reading.words import BEFORE_LETTER, SENTENCE_STARTERS, SHORTENED, TITLES

_MARK = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+|(?<![。！？])[。！？]++[」』”）]*+")
_DOTTED = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]{1,2}\.){2,6}\Z")
_LAST_WORD = re.compile(r"[^\W_][\w'’/-]*\Z")
_SHORT_NUMBER = re.compile(r"\d{1,2}(?!\d)")
_WORD = re.compile(r"[^\W\d_]+")


def split_prose(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split one block of prose into sentences; newlines inside it count as blanks.

    A stretch without a letter or digit ("***", "!!") belongs to the sentence before it.

    Args:
        text: the note.
        start: first code point of the block, not blank.
        end: one past its last code point, not blank.

    Yields:
        Half-open spans, ordered and disjoint, that cover every code point of the block that is not blank.
    """
    begin = last = start
    for one, other in _split(text, start, end):
        if last > begin and any(map(str.isalnum, text[one:other])):
            yield begin, last
            begin = one
        last = other
    if last > begin:
        yield begin, last


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    expected = 1
    for match in _MARK.finditer(text, start, end):
        stop = match.end()
        if stop >= end:
            break
        at = match.start()
        follows = _next_visible(text, stop, end)
        if follows is None:
            break
        if match[0] == "." and _is_enumerator(text, begin, at, expected) and follows > stop:
            token = _digits_before(text, begin, at)
            if token > begin:
                last = _last_visible(text, begin, token)
                if expected > 1 and last > begin:
                    yield begin, last
                    begin = token
            expected += 1
            continue
        if _ends_sentence(text, begin, at, stop, follows):
            yield begin, stop
            begin = follows
    if begin < end:
        yield begin, end


def ends_with_title(content: str) -> bool:
    """Whether a line ends in an abbreviation that wants a name or number after it ("seen by Dr.")."""
    if not content.endswith("."):
        return False
    word = _LAST_WORD.search(content, max(0, len(content) - 12), len(content) - 1)
    return word is not None and word[0].lower() in TITLES and word[0].lower() != "no"


def _ends_sentence(text: str, begin: int, at: int, stop: int, follows: int) -> bool:
    if text[at] in "。！？":
        return True
    nearby = text[follows : follows + 24]
    if follows == stop:
        return _is_glued_end(text, begin, at, stop, nearby)
    if text[at] != ".":
        is_question_before_word = text[at] == "?" and at > begin and text[at - 1].isspace()
        return not is_question_before_word and not nearby[0].islower()
    if text.startswith("..", at):
        return not nearby[0].islower()
    before = text[max(begin, at - 40) : at]
    if text[stop - 1] in "\"'”’»)]":
        return not nearby[0].islower()
    return _ends_after_word(before, nearby)


def _ends_after_word(before: str, nearby: str) -> bool:
    """Judge a full stop by the word before it and the characters after it."""
    first_word = _WORD.match(nearby)
    next_word = first_word[0].lower() if first_word else ""
    goes_on_low = nearby[0].islower()
    if _DOTTED.search(before + "."):
        if before.lower().endswith(("e.g", "i.e", "u.s", "u.k", "y.o", "s.p", "h.o")):
            return False
        return nearby[0].isupper()
    found = _LAST_WORD.search(before)
    word = found[0] if found else ""
    low = word.lower()
    if len(word) == 1 and word.isalpha() and word.isupper():
        previous = before[: -len(word)].split()
        # "Hepatitis C." and "18 U." end; "J." and "S." begin a name.
        if previous and (previous[-1].lower() in BEFORE_LETTER or previous[-1][-1].isdigit()):
            return not goes_on_low
        return next_word in SENTENCE_STARTERS and not goes_on_low
    # "Mr." is a title, "MR." mitral regurgitation.
    if low in TITLES and not (word.isupper() and low not in ("dr", "no", "nos")):
        if low in ("no", "nos"):
            return not nearby[0].isdigit()
        if low in ("tab", "tabs", "cap", "caps", "inj", "syr", "susp"):
            return word[0].islower() and nearby[0].isupper()
        return False
    if low in SHORTENED:
        return nearby[0].isupper()
    if goes_on_low:
        return len(word) >= 4 or word.isdigit() or (len(word) > 1 and word.isupper())
    # "37. 2" is one number, "pain 3. 0350 heparin" two.
    return not (word.isdigit() and len(word) <= 2 and _SHORT_NUMBER.match(nearby))


def _is_glued_end(text: str, begin: int, at: int, stop: int, nearby: str) -> bool:
    """ "fever.No cough": an end without a blank, only between plain words."""
    if text[at:stop] != "." or len(nearby) < 2 or not (nearby[0].isupper() and nearby[1].islower()):
        return False
    before = text[max(begin, at - 4) : at]
    return len(before) >= 4 and before.isalpha() and before[1:].islower()


def _is_enumerator(text: str, begin: int, at: int, expected: int) -> bool:
    """Whether the number before a full stop counts items: "Plan: 1. Aspirin 2. Statin"."""
    token = _digits_before(text, begin, at)
    if token == at or at - token > 2 or int(text[token:at]) != expected:
        return False
    if token == begin:
        return True
    if not text[token - 1].isspace():
        return False
    last = text[_last_visible(text, begin, token) - 1]
    return last in ":.;,-–)" if expected == 1 else last in ".;,)" or last.isalnum()


def _digits_before(text: str, begin: int, at: int) -> int:
    token = at
    while token > begin and at - token < 3 and "0" <= text[token - 1] <= "9":
        token -= 1
    return token


def _next_visible(text: str, at: int, end: int) -> int | None:
    while at < end and text[at].isspace():
        at += 1
    return at if at < end else None


def _last_visible(text: str, begin: int, at: int) -> int:
    """One past the last character before `at` that is not blank."""
    while at > begin and text[at - 1].isspace():
        at -= 1
    return at
