"""What an operator sees of the running site: the engine in use, and when background work last reported."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from clinical.actions import engines, jobs
from inference.engines.base import EngineError


@dataclass(frozen=True)
class Operations:
    """The running site in four facts.

    Attributes:
        engine: name of the engine that drafts, or "" when the settings cannot be used.
        address: scheme, host and port it is reached at, without user or password; "" when it is built in.
        problem: why the settings cannot be used, or "".
        tick_age_s: seconds since jobs were last recovered; None if never.
        is_late: that was too long ago, or never.
    """

    engine: str
    address: str
    problem: str
    tick_age_s: float | None
    is_late: bool


def look() -> Operations:
    """Look at the running site; asks the engine nothing, so a stuck engine cannot hang the page."""
    engine, problem = "", ""
    try:
        engine = engines.site_engine().name
    except EngineError as error:
        problem = error.operator_sentence
    age = jobs.seconds_since_tick()
    return Operations(
        engine, _address(settings.EPITOME_ENGINE_URL), problem, age, age is None or age > jobs.LATE_S
    )


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
