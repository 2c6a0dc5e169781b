"""The doorbell: the only sender of Celery messages, by task name, with an id and nothing else.

A lost ring loses no work (`recover_jobs` rings again), so a ring never raises and never blocks for long:
one try, time-outs of a second, and after a failure five seconds in which nothing is tried at all.
"""

import logging
import time
from functools import partial
from uuid import UUID

import redis
from celery import Celery
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

TIMEOUT_S = 1.0
HUSH_S = 5.0

producer = Celery("epitome-doorbell", broker=settings.REDIS_URL or None, set_as_current=False)
producer.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    broker_connection_timeout=TIMEOUT_S,
    broker_transport_options={
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    },
)
_hushed_until = 0.0


def ring_on_commit(job_id: UUID, lane: str) -> None:
    """Ring for a job once the transaction that made it has committed."""
    transaction.on_commit(partial(ring, job_id, lane), robust=True)


def ring(job_id: UUID, lane: str) -> bool:
    """Ring for a job.

    Returns:
        Whether the broker took the message.
    """
    global _hushed_until
    if time.monotonic() < _hushed_until:
        return False
    try:
        producer.send_task(
            "clinical.tasks.run_job", args=[str(job_id)], queue=lane, retry=False, ignore_result=True
        )
    except Exception as error:  # the broker's client raises many kinds; none may stop an upload
        logger.warning("doorbell failed for job %s: %s", job_id, type(error).__name__)
        _hushed_until = time.monotonic() + HUSH_S
        return False
    return True


def waiting(lane: str) -> int:
    """Count the messages that wait in a lane.

    Raises:
        redis.RedisError: the broker does not answer within a second.
    """
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )
    with client:
        return int(client.llen(lane))
