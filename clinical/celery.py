"""The Celery application of the workers and of beat. Messages carry a job's id and nothing else."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinical.settings")

from django.conf import settings

RECOVERY_SECONDS = 15
PROBE_SECONDS = 10

app = Celery("epitome")
app.conf.update(
    broker_url=settings.REDIS_URL or "redis://127.0.0.1:1/0",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 900,
        "unacked_restore_interval": 5,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    },
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=60,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    task_send_sent_event=False,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="interactive",
    # A queue and a worker of their own: those that draft may all be held by an engine that has stopped.
    task_routes={
        "clinical.tasks.recover_jobs": {"queue": "recovery"},
        "clinical.tasks.probe_engine": {"queue": "recovery"},
    },
    timezone="UTC",
    beat_schedule={
        "recover_jobs": {
            "task": "clinical.tasks.recover_jobs",
            "schedule": RECOVERY_SECONDS,
            "options": {"expires": RECOVERY_SECONDS},
        },
        "probe_engine": {
            "task": "clinical.tasks.probe_engine",
            "schedule": PROBE_SECONDS,
            "options": {"expires": PROBE_SECONDS},
        },
    },
    imports=["clinical.tasks"],
)


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Leave logging as the settings have it: Celery's own would print exception messages."""


@worker_init.connect
def refuse_to_start(**_: object) -> None:
    """Refuse to start with the database's owner as the application's role, or with faulty word lists."""
    from clinical.checks import refuse_faulty_word_lists, refuse_owner_role

    refuse_owner_role()
    refuse_faulty_word_lists()
