"""Fixtures of the engine contract: the engines, and the real vLLM server where it is asked for."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inference.engines.extractive import ExtractiveEngine
from inference.engines.scripted import Answer, Script, ScriptedEngine
from inference.engines.site import SiteNetworks
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_settings import VllmSettings
from tests.contract.server import Server


@dataclass(frozen=True)
class Served:
    """Where a vLLM server for the tests listens, and the file it logs to, if this session started it."""

    url: str
    key: str
    log: Path | None


@pytest.fixture(scope="session")
def vllm_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The session's server: the one at EPITOME_TEST_VLLM_URL (key in EPITOME_TEST_VLLM_KEY), or our own."""
    if url := os.environ.get("EPITOME_TEST_VLLM_URL"):
        yield Served(url, os.environ.get("EPITOME_TEST_VLLM_KEY", ""), None)
        return
    server = Server(tmp_path_factory.mktemp("vllm"))
    server.wait_until_ready()
    yield Served(server.url, server.key, server.log)
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test, which may freeze or kill it."""
    server = Server(tmp_path)
    server.wait_until_ready()
    yield server
    server.kill()


MakeVllm = Callable[..., VllmEngine]


@pytest.fixture
def make_vllm() -> Iterator[MakeVllm]:
    """Make vLLM engines, closed when the test ends."""
    made: list[VllmEngine] = []

    def make(url: str, **settings: object) -> VllmEngine:
        made.append(VllmEngine(VllmSettings(url=url, networks=SiteNetworks(), **settings)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> object:
    """The engine that a test's parameter names."""
    if request.param == "extractive":
        return ExtractiveEngine()
    if request.param == "scripted":
        return ScriptedEngine(Script(answers=(Answer(sentence_claims=3),), repeat_last=True))
    served: Served = request.getfixturevalue("vllm_served")
    return request.getfixturevalue("make_vllm")(served.url, key=served.key)
