"""An engine that says what it was told to say: for tests, in this process or across a process border.

A script is a list of answers; each request takes the next one, and a script that has run dry raises. From
a file (`EPITOME_ENGINE_SCRIPT`) the answers are JSON:

    {"answers": [
        {"claims": [{"text": "…", "category": "problem", "assertion": "present", "evidence": [1]}],
         "delay_s": 0.2, "finish_reason": "stop"},
        {"claims": [], "error": "unreachable"}],
     "repeat_last": true,
     "probe_errors": ["timed_out", "", "unreachable"],
     "down_file": "/path/of/a/file"}

While the file `down_file` is there, every request and probe of every process fails with the error code in it.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from inference.engines.base import Completion, DraftClaim, EngineError, EngineRequest, EngineVersion
from inference.vocabulary import Assertion, Category


class ScriptedClaim(BaseModel):
    """A claim as a script writes it. Not checked against the note: scripts may misbehave on purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    category: Category
    assertion: Assertion
    evidence: tuple[int, ...]


class Answer(BaseModel):
    """What the engine does with one request: its claims, then its end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claims: tuple[ScriptedClaim, ...] = ()
    delay_s: Annotated[float, Field(ge=0)] = 0.0  # before every claim and before the end
    error: str | None = None  # an EngineErrorCode, raised after the claims
    retry_after_s: float | None = None
    finish_reason: str = "stop"  # yielded as it stands; "" ends without a Completion
    sentence_claims: Annotated[int, Field(ge=0)] = (
        0  # besides `claims`: the note's first n sentences, verbatim
    )


class Script(BaseModel):
    """Answers in the order in which requests take them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: tuple[Answer, ...] = ()
    repeat_last: bool = False
    probe_errors: tuple[str, ...] = ()  # one a probe, "" for an answer; when they are used up it answers
    down_file: str = ""


class ScriptedEngine:
    """Plays back enqueued answers. Requests from several threads each take one."""

    name = "scripted"

    def __init__(self, script: Script | None = None) -> None:
        script = script or Script()
        self._lock = threading.Lock()
        self._answers = list(script.answers)
        self._repeat_last = script.repeat_last
        self._probe_errors = list(script.probe_errors)
        self._down_file = Path(script.down_file) if script.down_file else None
        self.requests: list[EngineRequest] = []  # what was asked, oldest first

    @classmethod
    def from_file(cls, path: str | Path) -> "ScriptedEngine":
        """Read a script.

        Raises:
            EngineError: "misconfigured": the file is missing or no script.
        """
        try:
            return cls(Script.model_validate(json.loads(Path(path).read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            raise EngineError("misconfigured", detail="EPITOME_ENGINE_SCRIPT") from None

    def enqueue(
        self,
        claims: Iterable[DraftClaim] = (),
        *,
        delay_s: float = 0.0,
        error: str | None = None,
        retry_after_s: float | None = None,
        finish_reason: str = "stop",
    ) -> None:
        """Add the answer to one more request."""
        answer = Answer(
            claims=tuple(
                ScriptedClaim(
                    text=claim.text,
                    category=claim.category,
                    assertion=claim.assertion,
                    evidence=claim.evidence,
                )
                for claim in claims
            ),
            delay_s=delay_s,
            error=error,
            retry_after_s=retry_after_s,
            finish_reason=finish_reason,
        )
        with self._lock:
            self._answers.append(answer)

    def fits(self, request: EngineRequest) -> bool:
        """Whatever is shown fits."""
        return True

    def probe(self) -> None:
        """Answer, unless the script says otherwise.

        Raises:
            EngineError: the script says so.
        """
        self._fail_if_down()
        with self._lock:
            code = self._probe_errors.pop(0) if self._probe_errors else ""
        if code:
            raise EngineError(code)

    def silent_s(self) -> float | None:
        """It has no tokens."""
        return None

    def version(self) -> EngineVersion:
        """Say that the answers are scripted."""
        return EngineVersion(
            engine=self.name,
            model="scripted",
            weights_digest="",
            adapter_digest="",
            settings={},
            is_generative=True,
        )

    def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
        """Play the next answer.

        Raises:
            EngineError: the answer says so.
            LookupError: the script has run dry.
        """
        self._fail_if_down()
        answer = self._next(request)
        started = time.monotonic()
        first: float | None = None
        for claim in self._drafts(answer, request):
            time.sleep(answer.delay_s)
            if first is None:
                first = time.monotonic() - started
            yield claim
        time.sleep(answer.delay_s)
        if answer.error is not None:
            raise EngineError(answer.error, retry_after_s=answer.retry_after_s)
        if answer.finish_reason:
            yield Completion(answer.finish_reason, None, None, first, time.monotonic() - started)

    def _fail_if_down(self) -> None:
        if self._down_file and self._down_file.exists():
            raise EngineError(self._down_file.read_text(encoding="utf-8").strip())

    def _next(self, request: EngineRequest) -> Answer:
        with self._lock:
            self.requests.append(request)
            if not self._answers:
                raise LookupError("the script has run dry")
            if self._repeat_last and len(self._answers) == 1:
                return self._answers[0]
            return self._answers.pop(0)

    def _drafts(self, answer: Answer, request: EngineRequest) -> Iterator[DraftClaim]:
        for claim in answer.claims:
            yield DraftClaim(claim.text, claim.category, claim.assertion, claim.evidence)
        for sentence in request.note.sentences[: answer.sentence_claims]:
            yield DraftClaim(sentence.text, Category.OTHER, Assertion.PRESENT, (sentence.number,))
