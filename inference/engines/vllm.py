"""The vLLM engine for callers without an event loop: the client of its wire, driven from any thread."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from inference.engines.base import Completion, DraftClaim, EngineRequest, EngineVersion
from inference.engines.capabilities import Capabilities
from inference.engines.vllm_client import VllmClient
from inference.engines.vllm_settings import VllmSettings

Result = TypeVar("Result")


class VllmEngine:
    """Drives one `VllmClient` on an event loop of its own, in a thread that every caller shares."""

    name = VllmClient.name

    def __init__(self, settings: VllmSettings) -> None:
        """Prepare an engine; nothing is sent and no thread started yet."""
        self._client = VllmClient(settings)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

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
            self._run(answer.aclose())

    def close(self) -> None:
        """Close the connections and end the thread."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._client.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon, so that an engine nobody closed does not keep a process alive.
                threading.Thread(target=_serve, args=[self._loop], name="engine", daemon=True).start()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _next(answer: AsyncGenerator[DraftClaim | Completion, None]) -> DraftClaim | Completion | None:
    return await anext(answer, None)
