"""What an engine must emit, as a JSON Schema per note, and the strict reader of what it did emit.

The schema lists the note's own sentence numbers as an enum: a decoder bound by it cannot cite anything else.
The reader trusts no decoder: it checks everything again, yields a claim as soon as its object has closed, and
raises on the first breach. Nothing is ever repaired: what cannot be read as agreed is an error, not an empty
summary. One thing is tidied: a sentence number that a claim cites twice counts once.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.engines.base import DraftClaim, EngineError
from inference.text import Note
from inference.vocabulary import Assertion, Category

MAX_EVIDENCE = 8  # sentences per claim
MAX_CLAIMS = 500  # per answer; an 8,192-token answer holds about 200
MAX_CLAIM_JSON = 8_000  # characters of one claim's object


class _ClaimObject(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    category: Category
    assertion: Assertion
    evidence: Annotated[list[int], Field(min_length=1, max_length=MAX_EVIDENCE)]


def claims_schema(note: Note) -> dict[str, Any]:
    """Write the JSON Schema of a note's answer.

    `{"claims": [{"text", "category", "assertion", "evidence"}]}`, in that order, all of them required.
    Without `maxLength`, `pattern` or `uniqueItems`, which structured decoders refuse or compile slowly. The
    list may be empty: a schema that demands a claim makes the model invent one where there is none.

    Raises:
        ValueError: the note has no sentence, so nothing could be cited.
    """
    if not note.sentences:
        raise ValueError("a note without sentences has no answer")
    claim = _inlined(_ClaimObject.model_json_schema())
    claim["properties"]["evidence"]["items"]["enum"] = [sentence.number for sentence in note.sentences]
    return {
        "type": "object",
        "properties": {"claims": {"type": "array", "items": claim}},
        "required": ["claims"],
        "additionalProperties": False,
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Put each property's `$ref` in place; drop titles and descriptions, which no decoder needs."""
    definitions = schema.pop("$defs")
    for name, value in schema["properties"].items():
        referred = definitions[value["$ref"].removeprefix("#/$defs/")] if "$ref" in value else value
        schema["properties"][name] = {
            key: inner for key, inner in referred.items() if key not in {"title", "description"}
        }
    del schema["title"]
    return schema


def parse_claims(chunks: Iterable[str], note: Note) -> Iterator[DraftClaim]:
    """Read an engine's answer and yield each claim as soon as its object has closed.

    Args:
        chunks: the answer's text, in pieces of any size.
        note: the note that was read; evidence must be numbers of its sentences.

    Raises:
        EngineError: "bad_output" on anything but the agreed form; its detail says which rule was broken.
    """
    reader = ClaimReader(note)
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

    def __init__(self, note: Note) -> None:
        self._numbers = frozenset(sentence.number for sentence in note.sentences)
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
        row = _claim_object(text)
        if not row.text.strip():
            raise _bad("blank_text")
        if _UNPRINTABLE.search(row.text):
            raise _bad("control_character")
        if not self._numbers.issuperset(row.evidence):
            raise _bad("unknown_sentence")
        return DraftClaim(row.text, row.category, row.assertion, tuple(dict.fromkeys(row.evidence)))


def _claim_object(text: str) -> _ClaimObject:
    detail = "not_json"
    try:
        row = json.loads(text, object_pairs_hook=_without_repeats)
        return _ClaimObject.model_validate_json(json.dumps(row))
    except ValidationError as error:
        detail = error.errors(include_input=False, include_url=False, include_context=False)[0]["type"]
    except (ValueError, RecursionError):
        pass
    # Raised out here: pydantic's and json's errors quote the answer and would come along as its context.
    raise _bad(detail)


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
