"""What an engine must emit, as a JSON Schema per note, and the strict reader of what it did emit.

The schema lists the note's own sentence numbers as an enum: a decoder bound by it cannot cite anything else.
The reader trusts no decoder: it checks everything again, yields a claim as soon as its object has closed, and
raises on the first breach. Nothing is ever repaired: what cannot be read as agreed is an error, not an empty
summary. One thing is tidied: a sentence number that a claim cites twice counts once.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.engines.base import Allergy, DraftClaim, EngineError, Medication
from inference.parts import Part
from inference.vocabulary import Assertion, Category, DrugStatus

MAX_EVIDENCE = 8  # sentences per claim
MAX_CLAIMS = 500  # per answer; an 8,192-token answer holds about 200
MAX_CLAIM_JSON = 8_000  # characters of one claim's object


class _Object(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _MedicationObject(_Object):
    name: str
    dose: str
    route: str
    frequency: str
    status: DrugStatus


class _AllergyObject(_Object):
    substance: str
    reaction: str


_Evidence: TypeAlias = Annotated[list[int], Field(min_length=1, max_length=MAX_EVIDENCE)]


class _ClaimObject(_Object):
    text: str
    category: Category
    assertion: Assertion
    evidence: _Evidence


class _MedicationClaim(_Object):
    text: str
    category: Literal[Category.MEDICATION]
    assertion: Assertion
    medication: _MedicationObject
    evidence: _Evidence


class _AllergyClaim(_Object):
    text: str
    category: Literal[Category.ALLERGY]
    assertion: Assertion
    allergy: _AllergyObject
    evidence: _Evidence


_SHAPES: dict[Category, type[_Object]] = {
    Category.MEDICATION: _MedicationClaim,
    Category.ALLERGY: _AllergyClaim,
}
"""Categories whose claims are taken apart; every other claim is a `_ClaimObject`."""

ALL_CATEGORIES = tuple(Category)


def claims_schema(
    part: Part, categories: Sequence[Category] = ALL_CATEGORIES, most_claims: int | None = None
) -> dict[str, Any]:
    """Write the JSON Schema of the answer about what is shown.

    `{"claims": [{"text", "category", "assertion", "evidence"}]}`, in that order, all of them required; before
    its evidence a medication also has `medication` (name, dose, route, frequency, status), an allergy
    `allergy` (substance, reaction). Without `maxLength`, `pattern` or `uniqueItems`: structured decoders
    refuse them or compile them slowly. The list may be empty: a schema that demands a claim makes the model
    invent one where there is none.

    Args:
        part: what is shown; its citable numbers are the only evidence.
        categories: those that the prompt asks for; no other can be written.
        most_claims: how many there may be; None for as many as it takes.

    Raises:
        ValueError: nothing is shown, so nothing could be cited.
    """
    if not part.citable:
        raise ValueError("a note without sentences has no answer")
    plain = [category for category in categories if category not in _SHAPES]
    shapes = [_inlined(_SHAPES[category]) for category in categories if category in _SHAPES]
    if plain:
        other = _inlined(_ClaimObject)
        other["properties"]["category"]["enum"] = [category.value for category in plain]
        shapes.insert(0, other)
    for shape in shapes:
        shape["properties"]["evidence"]["items"]["enum"] = list(part.citable)
    items = {"anyOf": shapes} if len(shapes) > 1 else shapes[0]
    limit = {} if most_claims is None else {"maxItems": most_claims}
    return {
        "type": "object",
        "properties": {"claims": {"type": "array", "items": items} | limit},
        "required": ["claims"],
        "additionalProperties": False,
    }


def _inlined(model: type[BaseModel]) -> dict[str, Any]:
    """Write a model's schema with each `$ref` in place, without the titles that no decoder needs."""
    inlined: dict[str, Any] = json.loads(_inlined_json(model))
    return inlined


@cache
def _inlined_json(model: type[BaseModel]) -> str:
    """Write it as JSON, once: pydantic takes longer over it than everything else that a request needs."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def plain(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return plain(definitions[value["$ref"].removeprefix("#/$defs/")])
        kept = {key: inner for key, inner in value.items() if key not in {"title", "description"}}
        if "properties" in kept:
            kept["properties"] = {name: plain(inner) for name, inner in kept["properties"].items()}
        return kept

    return json.dumps(plain(schema))


def parse_claims(
    chunks: Iterable[str], part: Part, categories: Sequence[Category] = ALL_CATEGORIES
) -> Iterator[DraftClaim]:
    """Read an engine's answer and yield each claim as soon as its object has closed.

    Args:
        chunks: the answer's text, in pieces of any size.
        part: what was shown; evidence must be numbers that it has.
        categories: what was asked for.

    Raises:
        EngineError: "bad_output" on anything but the agreed form; its detail says which rule was broken.
    """
    reader = ClaimReader(part, categories)
    for chunk in chunks:
        yield from reader.feed(chunk)
    reader.close()


_MARK = re.compile(r'["\\{}]')
_OPENING = re.compile(r'\s*\{\s*"claims"\s*:\s*\[')
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SPACE = " \t\r\n"
_MAX_WHITE = 1_000  # characters of white space between two claims; a runaway decoder can emit it without end


class ClaimReader:
    """Reads one answer piece by piece. Feed it every piece, then close it.

    States: before the array, between two claims (first, after a claim, after a comma), inside a claim's
    object, after the array, done. Every character is looked at once, so a long answer costs linear time.
    """

    def __init__(self, part: Part, categories: Sequence[Category] = ALL_CATEGORIES) -> None:
        self._numbers = frozenset(part.citable)
        self._categories = frozenset(categories)
        self._state = "opening"
        self._pending = ""  # text of the current state that has not been used up
        self._scanned = 0  # characters of `_pending` already scanned for the end of an object
        self._depth = 0
        self._in_string = False
        self._claims = 0

    def feed(self, chunk: str) -> Iterator[DraftClaim]:
        """Take the next piece and yield the claims that it completes.

        Raises:
            EngineError: "bad_output".
        """
        self._pending += chunk
        while (claim := self._step()) is not None:
            if isinstance(claim, DraftClaim):
                yield claim

    def close(self) -> None:
        """Say that the answer has ended.

        Raises:
            EngineError: "bad_output": it ended in the middle.
        """
        if self._state != "done":
            raise _bad("unfinished")

    def _step(self) -> DraftClaim | bool | None:
        """Move by one state. True: moved on; None: needs more text."""
        if self._state == "opening":
            return self._open()
        if self._state == "object":
            return self._scan_object()
        stripped = self._pending.lstrip(_SPACE)
        if len(self._pending) - len(stripped) > _MAX_WHITE:
            raise _bad("white_space")
        if not stripped:
            if self._state == "done":
                self._pending = ""
            return None
        self._pending = stripped
        return self._between(stripped[0])

    def _open(self) -> bool | None:
        if match := _OPENING.match(self._pending):
            self._pending = self._pending[match.end() :]
            self._state = "first"
            return True
        if len(self._pending) > _MAX_WHITE or not _is_beginning(self._pending):
            raise _bad("not_an_answer")
        return None

    def _between(self, character: str) -> bool:
        state = self._state
        if state in {"first", "next"} and character == "{":
            self._state, self._scanned, self._depth, self._in_string = "object", 0, 0, False
            return True
        if state == "after_claim" and character == ",":
            self._state = "next"
        elif state in {"first", "after_claim"} and character == "]":
            self._state = "closing"
        elif state == "closing" and character == "}":
            self._state = "done"
        else:
            raise _bad("trailing_text" if state == "done" else "not_an_answer")
        self._pending = self._pending[1:]
        return True

    def _scan_object(self) -> DraftClaim | None:
        """Look for the brace that closes the current object, from where the last look ended."""
        position, text = self._scanned, self._pending
        while match := _MARK.search(text, position):
            mark, position = match[0], match.end()
            if mark == "\\":
                position += 1  # skips the escaped character, which may come with the next piece
            elif mark == '"':
                self._in_string = not self._in_string
            elif not self._in_string:
                self._depth += 1 if mark == "{" else -1
                if self._depth == 0:
                    self._pending = text[position:]
                    self._state = "after_claim"
                    return self._read(text[:position])
        self._scanned = max(position, len(text))
        if len(text) > MAX_CLAIM_JSON:
            raise _bad("claim_too_long")
        return None

    def _read(self, text: str) -> DraftClaim:
        self._claims += 1
        if len(text) > MAX_CLAIM_JSON:
            raise _bad("claim_too_long")
        if self._claims > MAX_CLAIMS:
            raise _bad("too_many_claims")
        claim, words = _claim(text)
        if not claim.text.strip():
            raise _bad("blank_text")
        if any(_UNPRINTABLE.search(word) for word in words):
            raise _bad("control_character")
        if claim.category not in self._categories:
            raise _bad("unwanted_category")
        if not self._numbers.issuperset(claim.evidence):
            raise _bad("unknown_sentence")
        return claim


def _claim(text: str) -> tuple[DraftClaim, list[str]]:
    """Read one object; returns the claim and everything that was written freely in it."""
    row = _claim_object(text)
    medication = Medication(**dict(row.medication)) if isinstance(row, _MedicationClaim) else None
    allergy = Allergy(**dict(row.allergy)) if isinstance(row, _AllergyClaim) else None
    claim = DraftClaim(
        row.text, row.category, row.assertion, tuple(dict.fromkeys(row.evidence)), medication, allergy
    )
    words = [row.text]
    if medication:
        words += [medication.name, medication.dose, medication.route, medication.frequency]
    if allergy:
        words += [allergy.substance, allergy.reaction]
    return claim, words


def _claim_object(text: str) -> _ClaimObject | _MedicationClaim | _AllergyClaim:
    detail = "not_json"
    try:
        row = json.loads(text, object_pairs_hook=_without_repeats)
        category = row.get("category") if isinstance(row, dict) else None
        shape = _SHAPES.get(Category(category)) if category in _CATEGORY_VALUES else None
        read = (shape or _ClaimObject).model_validate_json(json.dumps(row))
        if isinstance(read, _ClaimObject | _MedicationClaim | _AllergyClaim):
            return read
    except ValidationError as error:
        detail = error.errors(include_input=False, include_url=False, include_context=False)[0]["type"]
    except (ValueError, TypeError, RecursionError):
        pass
    # Raised out here: pydantic's and json's errors quote the answer and would come along as its context.
    raise _bad(detail)


_CATEGORY_VALUES = frozenset(category.value for category in Category)


def _is_beginning(text: str) -> bool:
    """Tell whether the answer may still become `{"claims": [`: white space may stand between its tokens."""
    return '{"claims":['.startswith("".join(text.split()))


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a key stands twice")
    return row


def _bad(detail: str) -> EngineError:
    return EngineError("bad_output", detail=detail)
