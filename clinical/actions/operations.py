"""What an operator sees of the running site: the engine, what waits, when background work last reported."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models

from clinical.actions import engines, jobs, outages
from clinical.actions.failures import operator_words
from clinical.models import EngineHealth, Job, Lane, Summary
from inference.engines.base import EngineError


@dataclass(frozen=True)
class Queue:
    """What waits and runs in one lane."""

    lane: str
    waiting: int
    running: int


@dataclass(frozen=True)
class Operations:
    """The running site in a few facts.

    Attributes:
        engine: name of the engine that drafts, or "" when the settings cannot be used.
        address: scheme, host and port it is reached at, without user or password; "" when it is built in.
        problem: why the settings cannot be used, or "".
        health: what the probe knows of the engine; None when it is built in, or was not probed yet.
        trouble: why the engine counts as down, or "".
        lacks: what its server cannot do and what that means, a sentence each.
        model: what its newest draft was made with, or "".
        queues: what waits and runs, by lane.
        tick_age_s: seconds since jobs were last recovered; None if never.
        is_late: that was too long ago, or never.
    """

    engine: str
    address: str
    problem: str
    health: EngineHealth | None
    trouble: str
    lacks: list[str]
    model: str
    queues: list[Queue]
    tick_age_s: float | None
    is_late: bool


def look() -> Operations:
    """Look at the running site; asks the engine nothing, so a stuck engine cannot hang the page."""
    engine, problem = "", ""
    try:
        engine = engines.site_engine().name
    except EngineError as error:
        problem = error.operator_sentence
    age, health = jobs.seconds_since_tick(), outages.look()
    newest = Summary.objects.filter(model_version__engine=engine).order_by("-id")
    return Operations(
        engine,
        _address(settings.EPITOME_ENGINE_URL),
        problem,
        health,
        operator_words(health.error_code) if health else "",
        [_words(*item) for item in health.capabilities.items() if item[1] is not True] if health else [],
        newest.values_list("model_version__model", flat=True).first() or "",
        _queues(),
        age,
        age is None or age > jobs.LATE_S,
    )


def _words(name: str, value: object) -> str:
    return value if isinstance(value, str) else f"The server does not offer: {name.replace('_', ' ')}."


def _queues() -> list[Queue]:
    live = Job.objects.live().order_by().values_list("lane", "status").annotate(count=models.Count("pk"))
    counts = {(lane, status): count for lane, status, count in live}
    return [
        Queue(lane.label, counts.get((lane, Job.Status.QUEUED), 0), counts.get((lane, Job.Status.RUNNING), 0))
        for lane in Lane
    ]


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
