"""Celery tasks; each a line. The message is an id: PostgreSQL holds the work."""

from celery import shared_task

from clinical.actions import jobs, outages


@shared_task(name="clinical.tasks.run_job", ignore_result=True, acks_late=True)
def run_job(job_id: str) -> None:
    """Work on a job, if it is due and nobody else holds it."""
    jobs.run(job_id)


@shared_task(name="clinical.tasks.recover_jobs", ignore_result=True)
def recover_jobs() -> None:
    """Ring again for every job that is due."""
    jobs.recover()


@shared_task(name="clinical.tasks.probe_engine", ignore_result=True)
def probe_engine() -> None:
    """Ask whether the engine answers."""
    outages.probe()
