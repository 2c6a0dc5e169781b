"""The vLLM engine for callers without an event loop: the client of its wire, driven from any thread."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from inference.engines.base import Completion, DraftClaim, EngineRequest, EngineVersion
from inference.engines.capabilities import Capabilities
from inference.engines.vllm_client import VllmClient
from inference.engines.vllm_settings import VllmSettings

Result = TypeVar("Result")
_CANCEL_S = 5.0


class VllmEngine:
    """Drives one `VllmClient` on an event loop of its own, in a thread that every caller shares."""

    name = VllmClient.name

    def __init__(self, settings: VllmSettings) -> None:
        """Prepare an engine; nothing is sent and no thread started yet."""
        self._client = VllmClient(settings)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process = 0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "VllmEngine":
        """Make an engine of the settings in an environment: see `VllmSettings.from_environment`."""
        return cls(VllmSettings.from_environment(environ))

    def version(self) -> EngineVersion:
        """Ask the server what it serves: see `VllmClient.version`."""
        return self._run(self._client.version())

    def capabilities(self) -> Capabilities:
        """Ask the server what it can do: see `VllmClient.capabilities`."""
        return self._run(self._client.capabilities())

    def fits(self, request: EngineRequest) -> bool:
        """Tell whether a request can be read in one go: see `VllmClient.fits`."""
        return self._run(self._client.fits(request))

    def probe(self) -> None:
        """Make sure that the server makes tokens: see `VllmClient.probe`."""
        self._run(self._client.probe())

    def silent_s(self) -> float | None:
        """Say how many seconds ago the last token of any request came."""
        heard_at = self._client.heard_at
        return None if heard_at is None else time.monotonic() - heard_at

    def claims(self, request: EngineRequest) -> Iterator[DraftClaim | Completion]:
        """Yield claims as their objects close, then the completion. Closing the iterator ends the request.

        Raises:
            EngineError: the server failed, the answer was not finished, or it broke the schema.
        """
        answer = self._client.claims(request)
        try:
            while (item := self._run(_next(answer))) is not None:
                yield item
        finally:
            self._end(answer)

    def close(self) -> None:
        """Close the connections and end the thread."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._client.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result()
        except BaseException:  # a signal while waiting: the work must not go on behind the caller's back
            if not future.done():
                future.cancel()
                with suppress(BaseException):
                    future.result(timeout=_CANCEL_S)
            raise

    def _end(self, answer: AsyncGenerator[DraftClaim | Completion, None]) -> None:
        """Give an answer up, or make sure that it is over."""
        if threading.current_thread() is self._thread:  # collected as garbage there: waiting would never end
            self._started().create_task(_close(answer))
            return
        self._run(_close(answer))

    def _started(self) -> asyncio.AbstractEventLoop:
        """Give the loop, started at first use and again in a process that was forked since."""
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                if self._loop is not None:
                    self._client = VllmClient(self._client.settings)
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                # A daemon, so that an engine nobody closed does not keep a process alive.
                self._thread = threading.Thread(target=_serve, args=[self._loop], name="engine", daemon=True)
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _close(answer: AsyncGenerator[DraftClaim | Completion, None]) -> None:
    await answer.aclose()


async def _next(answer: AsyncGenerator[DraftClaim | Completion, None]) -> DraftClaim | Completion | None:
    return await anext(answer, None)
