"""Which lines are headers: a generic pattern first, a list of the usual words as a help.

The pattern asks how a line looks (colon, capitals, Markdown, number, underline, what follows it), so that
"TRAVEL HISTORY" or "## Weight clinic" is found without being listed. Words settle what looks cannot: "Plan"
alone on a line, "PMH: nil", and that "NKDA" or "NO KNOWN ALLERGIES" is a statement in spite of its capitals.
"""

import re

from inference.reading.lines import Line, LineKind
from inference.reading.words import (
    BODY_SYSTEMS,
    EXAMINED,
    HEADER_ABBREVIATIONS,
    HEADER_WORDS,
    JOINING,
    QUALIFIERS,
)

MAX_TITLE = 80
# Alone on a line they divide a list of medicines; a stopped drug must not read as a current one.
_MEDICINE_ACTIONS = frozenset(
    ("new", "start", "stop", "change", "continue", "continue unchanged", "hold", "held", "on hold", "resume")
)
_NEVER = re.compile(
    r"(?:no|not|nil|none|never|nkda|nka|nkfda|denies|negative|normal|allergic|dear|re|yours|kind|regards|mr|mrs|ms|miss|"
    r"dr|prof|professor|sincerely|page|dob|mrn|nhs|tel|fax|signed|dnacpr|dnar|stop|stat|urgent)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:#{1,6}\s+|\*{1,3}|_{1,3}|[=~-]{2,}\s*|\[|\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+)*")
_TAIL = re.compile(r"[\s:*_#=~\-–—\]]*\Z")
_MARKDOWN = re.compile(r"#{1,6}\s+\S")
_BOLD = re.compile(r"(\*\*|__)(?=\S)[^*_]{1,80}(?<=\S)\1\s*:?\Z")
_INLINE = re.compile(
    r"(?:[*_!>⚠]{1,3}\s*)?([^\W\d_][^:\n|]{0,48}?)\s*(?::(?:\*\*|__)?(?=\s)|(?:\*\*|__):?(?=\s)|\s[-–—](?=\s))"
)
# What ED shorthand puts straight before its text ("FH nil"); nothing else begins a line like that.
_SHORTHAND = re.compile(
    r"(HPC|HPI|PMHx?|PSHx?|DHx?|FHx?|SHx?|SocHx|ROS|O/E|Imp)(?=[ \t]+\S)"
    r"|([^\W\d_][^:\n|\t]{0,30}?)(?=\t|[ ]{2,}\S)"
)
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_][\w'’&/.-]*|[&/+-]")


def find_headers(lines: list[Line]) -> None:
    """Set the kind, the title's place and whether it opens a section, on every header and inline header.

    Looks at TEXT and BULLET lines only; runs after rules, bullets and tables are known.
    """
    is_shouted = _is_shouted(lines)
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        is_underlined = (
            following is not None
            and following.kind is LineKind.RULE
            and not following.is_after_blank
            and abs(len(following.content) - len(line.content)) <= max(3, len(line.content) // 2)
            and "|" not in following.content
        )
        if line.kind is LineKind.TEXT and len(line.content) <= MAX_TITLE + 20:
            previous = lines[index - 1] if index else None
            _find_header(line, previous, following, is_underlined=is_underlined, is_shouted=is_shouted)
        elif line.kind is LineKind.BULLET and len(line.content) <= MAX_TITLE:
            _find_numbered(line, is_underlined=is_underlined)
        if line.kind is LineKind.TEXT:
            _find_inline(line)
    _markdown_lists(lines)


def is_known(title: str) -> bool:
    """Whether every word of a title is one that headers of clinical notes are made of."""
    low = title.lower().strip()
    if low in HEADER_ABBREVIATIONS:
        return len(low) > 1
    if low in _MEDICINE_ACTIONS:
        return True
    words = [word for word in re.split(r"[\s/&+,()]+", low) if word and word not in JOINING]
    return 0 < len(words) <= 7 and all(word in HEADER_WORDS or word in HEADER_ABBREVIATIONS for word in words)


def inline_label(text: str) -> int:
    """Length of the known label that a sentence opens with ("SH: married" has 2), 0 if it has none."""
    at = text.find(":", 0, 40)
    if at <= 0 or not text[0].isupper() or not text[at + 1 : at + 2].isspace():
        return 0
    title = text[:at]
    return at if is_known(title) and not is_sub_header(title) else 0


def is_sub_header(title: str) -> bool:
    """Whether a title only narrows its section: a body system, or "Surgical" under past history."""
    words = [word for word in re.split(r"[\s/&+,()]+", title.lower()) if word and word not in JOINING]
    if len(words) == 1 and words[0] in QUALIFIERS:
        return True
    return any(word in BODY_SYSTEMS for word in words) and all(
        word in BODY_SYSTEMS or word in EXAMINED for word in words
    )


def _find_header(
    line: Line, previous: Line | None, following: Line | None, *, is_underlined: bool, is_shouted: bool
) -> None:
    content = line.content
    label = _title_span(line)
    if label is None:
        return
    title = content[label[0] - line.start : label[1] - line.start]
    known = is_known(title)
    if _MARKDOWN.match(content):
        if content.endswith((".", ";")) and not known:
            line.kind, line.marker = LineKind.BULLET, len(content) - len(content.lstrip("#").lstrip())
        else:
            _mark(line, label, title)
    elif _BOLD.match(content) or (is_underlined and not content.endswith((".", ";"))):
        _mark(line, label, title)
    elif content.rstrip("*_ ").endswith(":"):
        short = len(title.split()) <= 5 and title[0].isupper() and not _NEVER.match(title)
        is_soap_letter = title in ("S", "O", "A", "P")
        if known or is_soap_letter or (short and not _continues(previous)):
            _mark(line, label, title)
    elif content[-1] not in ".;,!?" and (known or not _NEVER.match(title)):
        by_look = following is not None and _looks_like_title(line, title, following, is_shouted)
        if (known and title[0].isupper()) or (not known and by_look):
            _mark(line, label, title)


def _find_numbered(line: Line, *, is_underlined: bool) -> None:
    """A numbered line is a header when its words say so ("1. Assessment"), else an item of a list."""
    if line.content[0] in "-–—*•●▪◦#[":
        return
    label = _title_span(line)
    if label is None:
        return
    title = line.content[label[0] - line.start : label[1] - line.start]
    if (is_known(title) and title[0].isupper()) or is_underlined:
        _mark(line, label, title)


def _find_inline(line: Line) -> None:
    match = _INLINE.match(line.content[:MAX_TITLE])
    title = match[1] if match else ""
    by_colon = match is not None and (":" in match[0] or match[0].rstrip().endswith(("**", "__")))
    known = is_known(title) or (by_colon and title in ("S", "O", "A", "P"))
    looks_so = by_colon and len(title.split()) <= 5 and title[0].isupper() and "." not in title
    if match is None or not (known or looks_so):
        _find_shorthand(line)
        return
    line.kind = LineKind.INLINE
    line.label = (line.start + match.start(1), line.start + match.end(1))
    line.opens_section = known and not is_sub_header(title)


def _find_shorthand(line: Line) -> None:
    match = _SHORTHAND.match(line.content[:MAX_TITLE])
    if match and (match[1] or is_inline_label(match[2], line.content[match.end() :])):
        line.kind = LineKind.INLINE
        line.label = (line.start, line.start + match.end())
        line.opens_section = not is_sub_header(match[0])


def is_inline_label(title: str, rest: str) -> bool:
    """Whether a title, set apart by blanks only, labels the prose behind it ("DHx   salbutamol prn, …")."""
    return len(rest.split()) >= 3 and is_known(title)


def _looks_like_title(line: Line, title: str, following: Line, is_shouted: bool) -> bool:
    """Judge a line without colon or known words by its letters and by what follows it."""
    if _DIGIT.search(title) or any(
        mark in title for mark in ("|", "@", ",", "\t", "  ", " - ", " – ", ":", "=", ">", "<", "?")
    ):
        return False
    words = _WORD.findall(title)
    letters = sum(map(str.isalpha, title))
    if not line.is_after_blank or letters < 4 or len(words) > 8 or following.kind is LineKind.RULE:
        return False
    if title.isupper():
        follows_body = (
            not following.content.isupper()
            or following.kind is LineKind.BULLET
            or is_known(following.content.rstrip(":"))
        )
        return not is_shouted and follows_body and (letters >= 5 or len(words) > 1)
    if following.is_after_blank or len(words) > 4:
        return False
    is_title_case = all(word[0].isupper() or word.lower() in JOINING for word in words) and title[0].isupper()
    body = following.content
    is_body = following.kind in (LineKind.BULLET, LineKind.ROW) or len(body) >= 40 or is_sub_header(title)
    is_prose = following.kind is LineKind.TEXT and len(body) >= 60 and body[-1] in ".;"
    if not is_title_case:
        return is_prose and len(words) <= 3 and title[0].isupper() and title[1:].islower()
    is_enough = len(words) > 1 or is_sub_header(title) or following.kind is not LineKind.TEXT
    return is_body and (is_enough or (is_prose and letters >= 6))


def _title_span(line: Line) -> tuple[int, int] | None:
    lead = _LEAD.match(line.content)
    begin = lead.end() if lead else 0
    if line.kind is LineKind.BULLET:
        begin = max(begin, line.marker)
    rest = line.content[begin:]
    tail = _TAIL.search(rest, max(0, len(rest) - 12))
    title = rest[: tail.start()] if tail else rest
    skip = len(title) - len(title.lstrip())
    title = title.strip()
    if not title or len(title) > MAX_TITLE or not title[0].isalpha():
        return None
    return line.start + begin + skip, line.start + begin + skip + len(title)


def _mark(line: Line, label: tuple[int, int], title: str) -> None:
    line.kind = LineKind.HEADER
    line.label = label
    line.opens_section = not is_sub_header(title)


def _continues(previous: Line | None) -> bool:
    """Whether the line before breaks off in mid-sentence."""
    return (
        previous is not None
        and previous.kind in (LineKind.TEXT, LineKind.INLINE)
        and previous.end - previous.start >= 50
        and previous.content[-1] not in ".!?:;"
    )


def _is_shouted(lines: list[Line]) -> bool:
    """Whether most of the page is capitals, so that capitals mark nothing."""
    longer = [line.content for line in lines if len(line.content) >= 20]
    return len(longer) >= 4 and sum(map(str.isupper, longer)) * 2 > len(longer)


def _markdown_lists(lines: list[Line]) -> None:
    """Turn neighbouring "# Hypertension" lines into the problem list that they are."""
    marked = [line.kind is LineKind.HEADER and line.content.startswith("# ") for line in lines]
    for index, line in enumerate(lines):
        before = index > 0 and marked[index - 1] and not line.is_after_blank
        after = index + 1 < len(lines) and marked[index + 1] and not lines[index + 1].is_after_blank
        if marked[index] and (before or after):
            line.kind, line.label, line.opens_section, line.marker = LineKind.BULLET, None, False, 2
