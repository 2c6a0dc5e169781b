"""Whom a document says it is about, compared with the patient it was uploaded for.

Reads labelled fields and letter conventions at the document's head only ("Re: Mrs Jane DOE, DOB 03/02/1961");
a mother's birth date, the GP's name or a signature are about someone else. A false alarm stops a clinician's
work, a missed one puts a note into the wrong record: so every way of writing the same thing counts as
agreement, and what is left is a real disagreement.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from inference.parsing.birth_dates import DATE, readings
from inference.reading.words import word_set

HEAD_LINES = 40
_TITLES = word_set(
    "mr mrs ms miss mx master dr prof professor sir dame lady lord rev revd sr jr ii iii md phd"
)
_PROFESSIONALS = (
    r"(?:gp|g\.p|pcp|doctor|consultant|clinician|physician|surgeon|nurse|author|dictated|typed|signed|referr\w+"
    r"|attending|provider|practitioner|interpreter|witness|staff)"
)
_RELATIVES = (
    r"(?:next of kin|n\.?o\.?k|carer|contact|relative|mother|mum|mom|father|dad|parent|guardian|husband|wife"
    r"|spouse|partner|son|daughter|brother|sister|sibling|aunt|uncle|grand\w+|donor)"
)
_PROFESSIONAL = re.compile(rf"\b{_PROFESSIONALS}\b", re.IGNORECASE)
_RELATIVE = re.compile(rf"\b{_RELATIVES}\b", re.IGNORECASE)
_OTHERS_BLOCK = re.compile(
    rf"[#*_\s]*[\w' ]{{0,20}}\b(?:{_PROFESSIONALS}|{_RELATIVES})\b[\w' ]{{0,20}}:?[*_\s]*", re.IGNORECASE
)
_OWN_FIELD = re.compile(r"\b(?:patient|pt|re|name)\b\s*:", re.IGNORECASE)
_PATIENT = re.compile(r"\b(?:patient|pt|re|mrn|hospital n\w+)\b\s*[:#]", re.IGNORECASE)
_SEGMENT = re.compile(r"\t+|\s{2,}|\s*\|\s*|\s*;\s*")
_GAP = r"[\s:#=*_|.]{0,30}[-–]?\s{0,3}"
_MRN_LABEL = (
    r"(?P<label>mrn|m\.r\.n\.?|medical record(?: (?:number|no))?|hosp(?:ital|\.)? ?(?:number|no|id|ref)"
    r"|unit (?:number|no)|patient (?:number|no|id(?:entifier)?)|ur ?(?:number|no)|urn|chi(?: (?:number|no))?"
    r"|case(?: ?note)? (?:number|no)|chart (?:number|no)|record (?:number|no)|nhi|nhs(?: (?:number|no))?)"
)
# "RX 123 456" in groups, or one run of letters, digits, hyphens and slashes.
_NUMBER = (
    r"(?P<value>(?:[a-z]{1,4} )?\d{3} \d{3,4}(?: \d{2,4})?(?![\d/.-])"
    r"|(?:[a-z]{1,4} )?[a-z0-9][a-z0-9/-]{2,19}(?![a-z0-9]))"
)
_MRN = re.compile(r"(?<![\w'])" + _MRN_LABEL + r"(?![\w'])" + _GAP + _NUMBER, re.IGNORECASE)
_BORN = re.compile(
    r"(?<![\w'])(?:d\.?o\.?b\.?|date of birth|birth ?date|born(?: on)?)(?![\w'])" + _GAP + DATE, re.IGNORECASE
)
_NAME_LABEL = re.compile(
    r"[\s>*_#-]*(?P<label>(?:patient|client)(?:'s)?(?: (?:full )?name)?|pt|(?:full )?name|re|regarding"
    r"|concerning)[*_]*\s*[:|][*_:]*\s*(?P<value>\S.*)",
    re.IGNORECASE,
)
_PART_LABEL = re.compile(
    r"[\s*_]*(?:(?P<family>surname|family name|last name)|forenames?|first names?|given names?)"
    r"[*_]*\s*[:|][*_:]*\s*(?P<value>\S.*)",
    re.IGNORECASE,
)
_NAME_END = re.compile(
    r"[(\[|;\t]|\s{2,}|,?\s*\b[a-z]{1,4}-?\d|\d|\s[-–]\s"
    r"|[,.]?\s*\b(?:d\.?o\.?b|date of birth|born|mrn|nhs|hosp\w*|aged?|sex|gender|male|female|of"
    r"|address|ward|bed|unit|consultant|clinic)\b",
    re.IGNORECASE,
)
_PLACES = word_set(
    "hospital clinic ward department dept centre center medical general surgery emergency unit record "
    "records note summary admission service services team health nhs trust care letter report page date"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’`.-][^\W\d_]+)*\.?")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document's labelled fields say about its patient; empty where they say nothing.

    Attributes:
        mrns: numbers as written, in order; NHS numbers among them.
        names: as written, titles included.
        birth_dates: every reading of an ambiguous day and month.
    """

    mrns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    birth_dates: tuple[date, ...] = ()


def find_identity(text: str) -> Identity:
    """Find labelled identity in the first `HEAD_LINES` lines that are not blank.

    Args:
        text: a document's normalised text.
    """
    head = list(_head(text))
    mrns: list[str] = []
    births: list[date] = []
    for line in head:
        mrns += [
            match["value"].strip()
            for match in _MRN.finditer(line)
            if not _is_others(line, match.start()) and _is_number(match["value"], match["label"])
        ]
        for match in _BORN.finditer(line):
            if not _is_others(line, match.start()):
                births.extend(readings(match["date"]))
    return Identity(_once(mrns), _once(_names(head)), tuple(dict.fromkeys(births)))


def disagreements(identity: Identity, *, mrn: str, name: str, birth_date: date) -> tuple[str, ...]:
    """Name what in a document disagrees with a patient.

    A field disagrees when the document states it and no statement fits. An NHS number is compared only with
    an MRN that is one itself; a number of another shape (another hospital's) is let pass when name and birth
    date both fit. A name fits in any order, with or without middle names, initials, titles, accents or a slip
    of one letter; a shared surname alone does not fit, as twins and namesakes share it, unless the MRN fits.

    Returns:
        A subset of ("mrn", "name", "birth_date"), in this order.
    """
    wanted = _fold_number(mrn)
    numbers = [_fold_number(found) for found in identity.mrns]
    if not _is_nhs_number(wanted):
        numbers = [number for number in numbers if not _is_nhs_number(number)]
    mrn_fits = any(_same_number(number, wanted) for number in numbers)
    enough = 1 if mrn_fits else 2
    name_fits = any(_same_name(found, name, enough) for found in identity.names)
    birth_fits = birth_date in identity.birth_dates
    if not (name_fits and birth_fits):
        foreign = numbers
    else:
        foreign = [number for number in numbers if _shape(number) == _shape(wanted)]
    found = []
    if wanted and foreign and not mrn_fits:
        found.append("mrn")
    if name.strip() and identity.names and not name_fits:
        found.append("name")
    if identity.birth_dates and not birth_fits:
        found.append("birth_date")
    return tuple(found)


def _head(text: str) -> Iterator[str]:
    """The first lines that are not blank, without blocks about someone else ("Next of kin", then a name)."""
    lines = 0
    about_others = False
    for match in re.finditer(r"[^\n]*\n?", text):
        line = match[0][:400].rstrip("\n")
        if not line.strip() or _PATIENT.search(line):
            about_others = False
        if not line.strip():
            if not match[0]:
                return
            continue
        if _OTHERS_BLOCK.fullmatch(line):
            about_others = True
        elif not about_others:
            yield line
        lines += 1
        if lines == HEAD_LINES:
            return


def _is_others(line: str, at: int) -> bool:
    """Whether a field is about someone else: "Mother: Jane   DOB …", but not "Consultant: Dr X   MRN …"."""
    before = line[:at]
    own = max((match.end() for match in _OWN_FIELD.finditer(before)), default=0)
    segment = max((gap.end() for gap in _SEGMENT.finditer(before)), default=0)
    return bool(_RELATIVE.search(before, own) or _PROFESSIONAL.search(before, max(own, segment)))


def _is_number(value: str, label: str) -> bool:
    digits = sum(map(str.isdigit, value))
    if label.lower().startswith("nhs"):
        return _is_nhs_number(_fold_number(value))
    return digits >= 3


def _names(head: list[str]) -> Iterator[str]:
    parts: dict[str, str] = {}
    for index, line in enumerate(head):
        for segment_start, segment in _segments(line):
            if part := _PART_LABEL.match(segment):
                if cleaned := _clean(part["value"]):
                    parts.setdefault("family" if part["family"] else "given", cleaned)
                continue
            labelled = _NAME_LABEL.match(line[segment_start:])
            if labelled is not None and _may_name(labelled, line, head[index + 1 : index + 4]):
                if cleaned := _clean(labelled["value"]):
                    yield cleaned
            elif segment_start == 0 and labelled is None and (_MRN.search(line) or _BORN.search(line)):
                cleaned = _clean(line)
                if cleaned and _looks_filed(cleaned, line):
                    yield cleaned
    if len(parts) == 2:
        yield f"{parts['given']} {parts['family']}"


def _segments(line: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for gap in _SEGMENT.finditer(line):
        if line[begin : gap.start()].strip():
            # "Name | Jane Doe": a label keeps the cell behind it.
            label_only = _NAME_LABEL.match(line[begin:]) or _PART_LABEL.match(line[begin:])
            yield begin, line[begin:] if label_only else line[begin : gap.start()]
        begin = gap.end()
    if line[begin:].strip():
        yield begin, line[begin:]


def _may_name(labelled: re.Match[str], line: str, following: list[str]) -> bool:
    """Whether a label is a patient's: "Re: Chest Pain" is not; a title, number or birth date must be near."""
    if not labelled["label"].lower().startswith(("re", "conc")):
        return True
    near = "\n".join([line, *following])
    first = labelled["value"].split()[0].strip(".,").lower()
    return first in _TITLES or _MRN.search(near) is not None or _BORN.search(near) is not None


def _looks_filed(name: str, line: str) -> bool:
    """How a record's head names its patient without a label: "DOE, Jane" or "Jane DOE" before a number."""
    words = [word for word in _WORD.findall(name) if word.strip(".").lower() not in _TITLES]
    if not 2 <= len(words) <= 4 or any(word.lower() in _PLACES for word in words):
        return False
    capitals = [word for word in words if word.isupper() and len(word) > 1]
    is_apart = line.strip("*_ ")[len(name) :].lstrip("*_ ").startswith((",", "|", "("))
    return 0 < len(capitals) < len(words) or "," in name or is_apart


def _clean(value: str) -> str:
    """The name at the start of a field, or "" when what stands there is none."""
    value = value.strip().strip("*_ ")
    end = _NAME_END.search(value)
    value = (value[: end.start()] if end else value).strip(" ,.:*_-–")
    value = re.sub(r"\s+[A-Z]\Z", "", value) if re.search(r"\s{2,}|\d", value) else value
    words = _WORD.findall(value)
    first = words[0].strip(".").lower() if words else ""
    named = [word for word in words if word.strip(".").lower() not in _TITLES]
    if (
        not 1 <= len(named) <= 6
        or first in ("dr", "prof", "professor")
        or re.sub(r"[\s,.'’`-]|[^\W\d_]", "", value)
    ):
        return ""
    if any(word[0].islower() and word.lower() not in _PARTICLES for word in named):
        return ""
    return value


_PARTICLES = word_set(
    "van von de der den del della di da dos du la le el al bin ibn binti ap ter ten zu y e o"
)


def _same_name(found: str, name: str, enough: int) -> bool:
    """Whether two names can be one person's: `enough` words fit, or all of the shorter one."""
    ours, theirs = _name_words(name), _name_words(found)
    if not ours or not theirs:
        return True
    fewer, more = sorted((ours, theirs), key=len)
    left = list(more)
    fitting = whole = 0
    for word in sorted(fewer, key=len, reverse=True):
        match = next((other for other in left if _same_word(word, other)), None)
        if match is not None:
            left.remove(match)
            fitting += 1
            whole += min(len(word), len(match)) > 1
    return whole > 0 and (fitting >= enough or fitting == len(fewer))


def _name_words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    plain = re.sub(r"['’`.]", "", plain)
    words = re.findall(r"[^\W\d_]+", plain)
    return [word for word in words if word not in _TITLES] or words


def _same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) == 1:
        return one[0] == other[0]
    return min(len(one), len(other)) >= 5 and _one_slip(one, other)


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter too many, too few, changed, or two swapped make one word the other."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped


def _fold_number(value: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", value.upper())


def _same_number(one: str, other: str) -> bool:
    """Equal without separators and leading zeros; a prefix of letters may be left out, not changed."""
    if not one or not other:
        return False
    parts = [re.fullmatch(r"([A-Z]*)0*(.*)", value) for value in (one, other)]
    (prefix, number), (other_prefix, other_number) = ((part[1], part[2]) for part in parts if part)
    return number == other_number and (prefix == other_prefix or not prefix or not other_prefix)


def _shape(number: str) -> str:
    return re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", number))


def _is_nhs_number(value: str) -> bool:
    """Ten digits whose last is the check digit (NHS Data Dictionary, NHS NUMBER: modulus 11)."""
    if len(value) != 10 or not value.isascii() or not value.isdigit():
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(value, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(value[9])


def _once(values: Iterator[str] | list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
