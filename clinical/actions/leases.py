"""The lease of a job and its fence: at most one attempt can store, whoever else still works."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from django.db import DatabaseError, connection
from django.utils import timezone

from clinical.models import Job
from clinical.models.jobs import LEASE

logger = logging.getLogger(__name__)

RENEW_S = LEASE.total_seconds() / 4


def _nothing() -> None:
    pass


class LeaseLost(Exception):
    """The job was taken over, cancelled or ended; what this attempt has found is not stored."""


class Lease:
    """One attempt's hold on a job, renewed by a thread for as long as the work lasts.

    Attributes:
        job: the job as it was when taken.
        attempt: its number; the fence compares it.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.attempt = job.attempt
        self.pulse: Callable[[], None] = _nothing  # also done at each renewal, in the renewing thread
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_S):
            try:
                held = Job.objects.filter(pk=self.job.pk, status=Job.Status.RUNNING, attempt=self.attempt)
                if not held.update(lease_until=timezone.now() + LEASE):
                    self._lost.set()
                    return
                self.pulse()
            except DatabaseError as error:
                logger.warning("lease of job %s not renewed: %s", self.job.pk, type(error).__name__)
            finally:
                connection.close()

    def check(self) -> None:
        """Stop work that is no longer wanted.

        Raises:
            LeaseLost: a renewal found the job gone.
        """
        if self._lost.is_set():
            raise LeaseLost

    def fence(self) -> Job:
        """Lock the job's row inside the storing transaction, if this attempt still holds it.

        Raises:
            LeaseLost: it does not.
        """
        held = Job.objects.select_for_update(no_key=True).filter(
            pk=self.job.pk, status=Job.Status.RUNNING, attempt=self.attempt
        )
        job = held.first()
        if job is None:
            raise LeaseLost
        return job
