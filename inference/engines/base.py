"""What an engine is: a note and a prompt in, draft claims out as they come, one completion at the end.

An engine either finishes by itself (one `Completion` with `finish_reason` "stop") or raises `EngineError`.
There is no third way: an answer that was cut short is an error, never a shorter summary.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeAlias, runtime_checkable

from inference.parts import Part, whole
from inference.prompts import Prompt
from inference.text import Note
from inference.vocabulary import Assertion, Category, DrugStatus

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


@dataclass(frozen=True, slots=True)
class Medication:
    """The parts of a medication claim, each in the note's words; "" where the note does not say."""

    name: str
    dose: str
    route: str
    frequency: str
    status: DrugStatus


@dataclass(frozen=True, slots=True)
class Allergy:
    """The parts of an allergy claim in the note's words; a reaction of "" is not stated."""

    substance: str
    reaction: str


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """One atomic statement as an engine (or a clinician) wrote it, not yet checked."""

    text: str
    category: Category
    assertion: Assertion
    evidence: tuple[int, ...]  # sentence numbers of the one note, from 1, without repeats
    medication: Medication | None = None  # only of a medication, and only where the engine takes it apart
    allergy: Allergy | None = None  # only of an allergy, likewise


@dataclass(frozen=True, slots=True)
class Completion:
    """The engine's last word on a request that finished by itself."""

    finish_reason: str  # "stop"; everything else is an EngineError
    prompt_tokens: int | None  # None: the engine has no tokens
    output_tokens: int | None
    seconds_to_first_claim: float | None  # None: there was no claim
    seconds: float
    parts: int = 1  # how many requests the note took


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What produced a summary, exactly enough to produce it again."""

    engine: str
    model: str
    weights_digest: str  # sha256 hex; "" where there are no weights
    adapter_digest: str  # sha256 hex; "" where there is no adapter
    settings: Mapping[str, JSON]
    is_generative: bool  # False: every claim is the note's own words
    lacks: Mapping[str, str] = field(default_factory=dict)  # what it cannot do, a sentence each by short name


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One note to be read under one prompt."""

    note: Note
    prompt: Prompt
    priority: int = 0  # lower is served first, as in vLLM
    stream: bool = True
    part: Part | None = None  # what of the note is shown; None: all of it

    @property
    def shown(self) -> Part:
        """The part that is shown, which may be the whole note."""
        return self.part or whole(self.note)


@runtime_checkable
class Engine(Protocol):
    """Reads notes. Stateless between requests; safe to share between threads."""

    name: str

    def version(self) -> EngineVersion:
        """Say what this engine is. May ask its server; raises EngineError if that fails."""

    def silent_s(self) -> float | None:
        """Say how many seconds ago its last token came to this process; None: none did, or it has none."""

    def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
        """Yield claims as they are finished, then exactly one Completion with finish_reason "stop".

        Raises:
            EngineError: the answer was cut short, broke the schema, or never came.
        """

    def fits(self, request: EngineRequest) -> bool:
        """Tell whether the engine can read what a request shows and has room left for its answer.

        Counted with the tokenizer that the engine itself uses. Raises EngineError if its server fails.
        """

    def probe(self) -> None:
        """Make sure that the engine answers: one token where it has tokens, within seconds.

        Raises:
            EngineError: it does not.
        """


class EngineErrorCode(StrEnum):
    """Every way in which an engine can fail."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    CONNECTION_LOST = "connection_lost"
    ABORTED = "aborted"
    NOT_FINISHED = "not_finished"
    CUT_SHORT = "cut_short"
    REPETITION = "repetition"
    BAD_OUTPUT = "bad_output"
    NO_CLAIMS = "no_claims"
    TOO_LONG = "too_long"
    REFUSED_REQUEST = "refused_request"
    UNAUTHORISED = "unauthorised"
    UNKNOWN_MODEL = "unknown_model"
    OUTSIDE_SITE = "outside_site"
    MISCONFIGURED = "misconfigured"
    CERTIFICATE = "certificate"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """What a code means: whether trying again helps, and what to tell whom."""

    is_temporary: bool
    operator_sentence: str
    clinician_sentence: str


_LATER = "The draft could not be made just now. It will be tried again by itself."
_TELL = "The draft could not be made. Please read the note itself, and tell those who run Epitome here."
_CUT = "The draft stopped before the end of the note, so it was thrown away. Please read the note itself."

ENGINE_FAILURES: Mapping[EngineErrorCode, EngineFailure] = MappingProxyType(
    {
        EngineErrorCode.UNREACHABLE: EngineFailure(
            True, "No connection to the engine: is it running, and is EPITOME_ENGINE_URL right?", _LATER
        ),
        EngineErrorCode.TIMED_OUT: EngineFailure(
            True, "The engine did not answer in time: it may be overloaded or stuck.", _LATER
        ),
        EngineErrorCode.OVERLOADED: EngineFailure(
            True, "The engine has more work than it takes on (HTTP 429 or 503).", _LATER
        ),
        EngineErrorCode.SERVER_ERROR: EngineFailure(
            True, "The engine failed inside (HTTP 5xx or finish reason error): see its own log.", _LATER
        ),
        EngineErrorCode.CONNECTION_LOST: EngineFailure(
            True, "The connection to the engine broke in the middle of an answer.", _LATER
        ),
        EngineErrorCode.ABORTED: EngineFailure(
            True, "The engine gave the request up, most likely because it was shut down.", _LATER
        ),
        EngineErrorCode.NOT_FINISHED: EngineFailure(
            True, "The engine's answer ended without saying that it was finished.", _LATER
        ),
        EngineErrorCode.CUT_SHORT: EngineFailure(
            False, "The answer reached the engine's limit on output tokens and was thrown away.", _CUT
        ),
        EngineErrorCode.REPETITION: EngineFailure(
            False, "The engine stopped because the model repeated itself.", _CUT
        ),
        EngineErrorCode.BAD_OUTPUT: EngineFailure(
            False,
            "The answer broke the agreed form: does the engine apply the JSON schema it is sent?",
            "The draft had a form that cannot be checked and was thrown away. Please read the note itself.",
        ),
        EngineErrorCode.NO_CLAIMS: EngineFailure(
            False,
            "The engine finished without a single claim.",
            "Nothing to summarise was found in this note. Please read the note itself.",
        ),
        EngineErrorCode.TOO_LONG: EngineFailure(
            False,
            "The note with its prompt is longer than the engine's context: raise --max-model-len.",
            "This note is too long for the engine. Nothing was left out silently: no draft was made.",
        ),
        EngineErrorCode.REFUSED_REQUEST: EngineFailure(
            False, "The engine refused the request as malformed (HTTP 4xx): see its own log.", _TELL
        ),
        EngineErrorCode.UNAUTHORISED: EngineFailure(
            False, "The engine refused the key: check EPITOME_ENGINE_KEY or EPITOME_ENGINE_KEY_FILE.", _TELL
        ),
        EngineErrorCode.UNKNOWN_MODEL: EngineFailure(
            False, "The engine does not serve the model named in EPITOME_ENGINE_MODEL.", _TELL
        ),
        EngineErrorCode.OUTSIDE_SITE: EngineFailure(
            False, "The engine's address lies outside EPITOME_SITE_NETWORKS; nothing was sent.", _TELL
        ),
        EngineErrorCode.MISCONFIGURED: EngineFailure(
            False, "The engine's settings cannot be used: see the detail.", _TELL
        ),
        EngineErrorCode.CERTIFICATE: EngineFailure(
            False,
            "The engine's certificate is not valid for its address, or no authority of this machine's store"
            " signed it; nothing was sent.",
            _TELL,
        ),
        EngineErrorCode.TRUNCATED: EngineFailure(
            False,
            "The engine read fewer tokens than it was sent: it cuts long prompts. Raise its context length,"
            " or set EPITOME_ENGINE_CONTEXT to what it has.",
            "The engine did not read the whole note, so its draft was thrown away. Please read the note"
            " itself.",
        ),
    }
)

_DETAIL = re.compile(r"[A-Za-z0-9_.:=/-]{0,64}")


class EngineError(Exception):
    """An engine did not deliver a whole answer. Never carries clinical text.

    Attributes:
        code: a value of `EngineErrorCode`.
        is_temporary: trying again later may help.
        operator_sentence: what is wrong and where to look, for whoever runs the site.
        clinician_sentence: what it means for the reader of the note.
        detail: one token for operators ("http_503", "unknown_key"); no white space, so no prose fits in.
        retry_after_s: how long the engine asked to be left alone, seconds; None if it did not say.
    """

    def __init__(self, code: str, *, detail: str = "", retry_after_s: float | None = None) -> None:
        self.code: str = EngineErrorCode(code).value
        if _DETAIL.fullmatch(detail) is None:
            raise ValueError("an engine error's detail is one short token, never text")
        failure = ENGINE_FAILURES[EngineErrorCode(code)]
        self.is_temporary = failure.is_temporary
        self.operator_sentence = failure.operator_sentence
        self.clinician_sentence = failure.clinician_sentence
        self.detail = detail
        self.retry_after_s = retry_after_s
        where = f" ({detail})" if detail else ""
        super().__init__(f"{self.code}{where}: {self.operator_sentence}")

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling: the arguments are keyword-only."""
        return (_rebuilt, (self.code, self.detail, self.retry_after_s))


def _rebuilt(code: str, detail: str, retry_after_s: float | None) -> EngineError:
    return EngineError(code, detail=detail, retry_after_s=retry_after_s)


_FINISH_REASONS = {
    "length": EngineErrorCode.CUT_SHORT,
    "abort": EngineErrorCode.ABORTED,
    "error": EngineErrorCode.SERVER_ERROR,
    "repetition": EngineErrorCode.REPETITION,
}


def error_for_finish_reason(reason: str | None) -> EngineError | None:
    """Turn an engine's finish reason into the error it means; None for "stop", the only good end."""
    if reason == "stop":
        return None
    return EngineError(_FINISH_REASONS.get(reason or "", EngineErrorCode.NOT_FINISHED))
