"""Whether the site's engine answers: a circuit breaker over an active probe, and what waits while it is open.

A server's word that it is well is not believed: the probe asks it for a token. While the engine is down its
jobs stay in the queue and use up no attempt; when it answers again they are due at once. The built-in engine
has no server, so nothing of it waits.
"""

import datetime
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from clinical import dispatch
from clinical.actions import engines
from clinical.actions.audit import Entry, audited, write
from clinical.models import AuditType, EngineHealth, Job, Lane
from inference.engines.base import ENGINE_FAILURES, Engine, EngineError

logger = logging.getLogger(__name__)

WAITS = "engine_down"
"""Error code of a job that waits for its engine."""
FAILURES_THAT_OPEN = 2
BUSY = datetime.timedelta(seconds=10)
HEARD_EVERY = datetime.timedelta(seconds=2)
PATIENCE_S = 12.0
RING_AHEAD = 200
GIVEN_BACK_ATTEMPTS = 3
"""Attempts of a job that an outage may take without counting. A note that brings the engine down each time is
thereafter tried as any other, with pauses, until it has no attempts left."""
_LOCK = 0x65_70_69_74

_BUSY_CODES = frozenset({"timed_out", "overloaded"})
_NOT_THE_NOTES_FAULT = frozenset(
    {"unauthorised", "unknown_model", "outside_site", "misconfigured", "certificate"}
    | {code.value for code, failure in ENGINE_FAILURES.items() if failure.is_temporary}
)
_NEEDS_SITE_ENGINE = models.Q(kind=Job.Kind.SUMMARIZE) & ~models.Q(engine=engines.EXTRACTIVE)


def probe() -> None:
    """Ask the site's engine for a token, unless somebody is asking already, and act on the answer."""
    engine = _watched()
    if engine is None:
        return
    with _alone() as is_alone:
        if is_alone and not _probe(engine):
            _hold()
            _fall_back()


def is_lost(code: str) -> bool:
    """Say, after an attempt failed with a code, whether the engine is down; ask it if nobody has since.

    Takes seconds where the engine does not answer, so no transaction may be open.
    """
    engine = _watched()
    if engine is None or code not in _NOT_THE_NOTES_FAULT:
        return False
    failed_at, patience_ends = timezone.now(), time.monotonic() + PATIENCE_S
    while time.monotonic() < patience_ends:
        with _alone() as is_alone:
            health = look()
            is_fresh = health and health.checked_at and health.checked_at > failed_at and not health.failures
            if health and (not health.is_up or is_fresh):
                return not health.is_up
            if is_alone:
                return not _probe(engine)
        time.sleep(0.2)
    return False


def heard(engine: Engine) -> None:
    """Remember that an engine has just given a token or a claim; written at most every two seconds."""
    now = timezone.now()
    is_old = models.Q(heard_at=None) | models.Q(heard_at__lte=now - HEARD_EVERY)
    EngineHealth.objects.filter(is_old, name=engine.name).update(heard_at=now)


def pulse(engine: Engine) -> None:
    """Remember, while an answer is read, that its tokens still come: between two claims seconds may pass."""
    silent_s = engine.silent_s()
    if silent_s is not None and silent_s < BUSY.total_seconds():
        heard_at = timezone.now() - datetime.timedelta(seconds=silent_s)
        EngineHealth.objects.filter(name=engine.name).update(heard_at=heard_at)


def remember(engine: Engine, lacks: Mapping[str, str]) -> None:
    """Keep what an engine says it cannot do, for the operator's page."""
    EngineHealth.objects.filter(name=engine.name).exclude(capabilities=dict(lacks)).update(
        capabilities=dict(lacks)
    )


def look() -> EngineHealth | None:
    """Read what is known of the site's engine; None before its first probe, and of the built-in one."""
    engine = _watched()
    return EngineHealth.objects.filter(name=engine.name).first() if engine else None


def held() -> models.Q:
    """Select the jobs that wait because the site's engine is down, in the statement that takes them."""
    engine = _watched()
    is_down = EngineHealth.objects.filter(name=engine.name if engine else "", is_up=False)
    return _NEEDS_SITE_ENGINE & models.Q(models.Exists(is_down))


def _watched() -> Engine | None:
    """Give the site's engine if it has a server that may fail; None too where its settings cannot be used."""
    try:
        engine = engines.site_engine()
    except EngineError:
        return None
    return None if engine.name == engines.EXTRACTIVE else engine


@contextmanager
def _alone() -> Iterator[bool]:
    """Try to be the only one who asks. The lock is the session's: no transaction is open meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _probe(engine: Engine) -> bool:
    """Probe, once more at once after a failure that may open the breaker; say whether it is closed."""
    health, _ = EngineHealth.objects.get_or_create(name=engine.name)
    for _ in range(FAILURES_THAT_OPEN if health.is_up else 1):
        code = _ask(engine)
        health = _record(engine.name, code)
        if not code:
            break
    return health.is_up


def _ask(engine: Engine) -> str:
    try:
        engine.probe()
    except EngineError as error:
        return error.code
    return ""


def _record(name: str, code: str) -> EngineHealth:
    """Count a probe's outcome ("" for an answer), and open or close the breaker."""
    now = timezone.now()
    row = EngineHealth.objects.filter(name=name)
    health = row.get()
    is_busy = code in _BUSY_CODES and health.heard_at is not None and health.heard_at > now - BUSY
    if health.is_up and (not code or is_busy):
        row.update(failures=0, checked_at=now)
    elif not code:
        _close(health, now)
    elif health.is_up and health.failures + 1 >= FAILURES_THAT_OPEN:
        _open(health, code, now)
    else:
        row.update(
            failures=models.F("failures") + 1,
            checked_at=now,
            error_code="" if health.is_up else code,
        )
    return row.get()


def _open(health: EngineHealth, code: str, now: datetime.datetime) -> None:
    with audited(AuditType.ENGINE_LOST, by=None, engine=health.name, because=code):
        EngineHealth.objects.filter(name=health.name).update(
            is_up=False, since=now, failures=FAILURES_THAT_OPEN, error_code=code, checked_at=now
        )
    logger.warning("engine %s does not answer (%s); its drafts wait", health.name, code)


def _close(health: EngineHealth, now: datetime.datetime) -> None:
    down_s = round((now - health.since).total_seconds())
    with audited(AuditType.ENGINE_REGAINED, by=None, engine=health.name, down_s=down_s):
        EngineHealth.objects.filter(name=health.name).update(
            is_up=True, since=now, failures=0, error_code="", checked_at=now
        )
    logger.warning("engine %s answers again after %d s; its drafts go on", health.name, down_s)
    _release()


def _waiting() -> models.QuerySet[Job]:
    return Job.objects.filter(_NEEDS_SITE_ENGINE, status=Job.Status.QUEUED)


def _hold() -> None:
    """Write on the waiting jobs why they wait."""
    _update(_waiting().exclude(error_code=WAITS), error_code=WAITS)


def _release() -> None:
    """Make the waiting jobs due, oldest first; one that may have brought the engine down keeps its pause."""
    _update(
        _waiting().filter(attempt__lte=GIVEN_BACK_ATTEMPTS),
        error_code="",
        not_before=timezone.now(),
    )
    for lane in Lane.values:
        due = _waiting().filter(lane=lane, not_before__lte=timezone.now()).order_by("pk")
        for job_id in due.values_list("pk", flat=True)[:RING_AHEAD]:
            dispatch.ring(job_id, lane)


def _update(jobs: models.QuerySet[Job], **fields: object) -> None:
    """Update jobs, passing over those that are being changed just now: waiting for them could deadlock."""
    with transaction.atomic():
        free = jobs.select_for_update(no_key=True, skip_locked=True).order_by("pk")
        Job.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(**fields)


def _fall_back() -> None:
    """Queue an extractive draft, once, beside each draft that somebody waits for, if the site allows it."""
    if not settings.EPITOME_EXTRACTIVE_FALLBACK:
        return
    beside = Job.objects.filter(
        models.Q(created_at__gte=models.OuterRef("created_at"))
        | models.Q(status__in=[Job.Status.QUEUED, Job.Status.RUNNING]),
        kind=Job.Kind.SUMMARIZE,
        engine=engines.EXTRACTIVE,
        note=models.OuterRef("note"),
        prompt=models.OuterRef("prompt"),
    )
    waiting = _waiting().filter(lane=Lane.INTERACTIVE).exclude(models.Exists(beside)).order_by("pk")
    for job_id in list(waiting.values_list("pk", flat=True)[:RING_AHEAD]):
        _draft_beside(job_id)


def _draft_beside(job_id: UUID) -> None:
    with transaction.atomic(durable=True):
        rows = _waiting().filter(pk=job_id).select_related("document")
        rows = rows.defer("document__content_sealed", "document__filename_sealed")
        job = rows.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
        if job is None:
            return
        second = Job.objects.create(
            kind=job.kind,
            lane=job.lane,
            document=job.document,
            note_id=job.note_id,
            requested_by_id=job.requested_by_id,
            prompt=job.prompt,
            engine=engines.EXTRACTIVE,
        )
        dispatch.ring_on_commit(second.pk, second.lane)
        detail = {"beside": str(job.pk), "prompt": job.prompt}
        write(Entry(AuditType.FALLBACK_REQUESTED, None, second, job.document.patient_id, detail))


@dataclass(frozen=True)
class Outage:
    """What a page says while the engine is down.

    Attributes:
        since: when it was noticed.
        is_today: that was on this day, by the site's clock.
        has_fallback: the site has an extractive draft made beside each one that a person waits for.
    """

    since: datetime.datetime
    is_today: bool
    has_fallback: bool

    @cached_property
    def waiting(self) -> int:
        """Count the drafts that wait for it, on the whole site; asked for by the pages that say it."""
        return _waiting().count()


def current() -> Outage | None:
    """Look whether the site's engine is down just now."""
    health = look()
    if health is None or health.is_up:
        return None
    is_today = timezone.localdate(health.since) == timezone.localdate()
    return Outage(health.since, is_today, settings.EPITOME_EXTRACTIVE_FALLBACK)


@dataclass(frozen=True)
class Wait:
    """Why a job waits.

    Attributes:
        ahead: jobs of its kind and lane that were queued before it and wait too.
        is_for_engine: the engine is down; otherwise it waits for a worker, or for its next attempt.
    """

    ahead: int
    is_for_engine: bool


def wait_of(job: Job) -> Wait | None:
    """Say why a job waits; None if it does not."""
    if job.status != Job.Status.QUEUED:
        return None
    before = Job.objects.filter(status=job.status, lane=job.lane, kind=job.kind, pk__lt=job.pk)
    is_for_engine = Job.objects.filter(held(), pk=job.pk).exists()
    return Wait(before.filter(engine=job.engine).count(), is_for_engine)
