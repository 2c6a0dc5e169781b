"""Why a job failed, in the operator's words and the clinician's."""

from inference.engines.base import ENGINE_FAILURES, EngineErrorCode
from inference.parsing import CODES
from inference.parsing.refusals import refusal
from inference.vocabulary import DocumentFormat

OWN_WORDS: dict[str, tuple[str, str]] = {
    "internal": (
        "A fault in the program. The worker's log names the place; report it with the job's number.",
        "Something went wrong in the program. Your operator has been told; the note is safe.",
    ),
    "database": (
        "The database was out of reach. The job is tried again by itself.",
        "The database was out of reach for a moment; this is tried again by itself.",
    ),
    "gave_up": (
        "Every attempt ended without a result, most likely because the worker died each time. Look at its"
        " log, then retry.",
        "This could not be finished after several tries. Your operator can try again; the note is safe.",
    ),
    "engine_down": (
        "The engine does not answer. The job waits, uses up no attempt, and goes on by itself when the engine"
        " is back.",
        "The engine does not answer. The draft waits, and is made by itself when the engine is back.",
    ),
    "cancelled": ("Cancelled.", "Your operator cancelled this. Ask again when it suits."),
    "withdrawn": ("The document was entered in error.", "The note was entered in error."),
}


class Failure(Exception):
    """An attempt failed for a known reason. Holds a code, never clinical text.

    Attributes:
        code: a key of `OWN_WORDS`, of the engine's errors or of the parser's refusals.
        is_temporary: another try may help.
        retry_after_s: seconds the other side asked us to wait, if it did.
    """

    def __init__(self, code: str, *, is_temporary: bool, retry_after_s: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.is_temporary = is_temporary
        self.retry_after_s = retry_after_s


def operator_words(code: str, kind: str = "") -> str:
    """Explain a code to an operator; "" for no code.

    Args:
        code: what the job's row says.
        kind: the document's format, where it is known.
    """
    return _words(code, kind, 0)


def clinician_words(code: str, kind: str = "") -> str:
    """Explain a code to a clinician, as `operator_words`."""
    return _words(code, kind, 1)


def _words(code: str, kind: str, reader: int) -> str:
    if not code:
        return ""
    if code in CODES:
        return refusal(code, DocumentFormat(kind) if kind else None).sentence
    if code in OWN_WORDS:
        return OWN_WORDS[code][reader]
    failure = ENGINE_FAILURES[EngineErrorCode(code)]
    return (failure.operator_sentence, failure.clinician_sentence)[reader]
