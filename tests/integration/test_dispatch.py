"""The doorbell: never raises, never hangs, and losing it loses no work."""

import base64
import json
import time

import pytest

from clinical import dispatch
from clinical.actions import jobs
from clinical.models import Job, Tick
from tests import services
from tests.factories import make_clinician, make_document, make_patient

needs_embedded = pytest.mark.skipif(services.embedded is None, reason="freezes the embedded Valkey only")


@pytest.fixture(autouse=True)
def quiet_bell() -> None:
    """Forget an earlier failure of the broker, and earlier messages."""
    dispatch._hushed_until = 0.0
    with dispatch.producer.connection_for_write() as broker:
        for lane in ("interactive", "overnight", "recovery"):
            broker.default_channel.client.delete(lane)


def test_an_upload_rings_once_with_the_id_of_its_job_and_nothing_else(
    db: None, django_capture_on_commit_callbacks: object
) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        document = make_document(clinician, patient)

    assert dispatch.waiting("interactive") == 1
    with dispatch.producer.connection_for_read() as broker:
        message = broker.default_channel.client.lindex("interactive", 0).decode()
    body = json.loads(base64.b64decode(json.loads(message)["body"]))
    assert body[0] == [str(Job.objects.get(document=document).pk)]
    assert body[1] == {}


@needs_embedded
def test_a_frozen_broker_delays_an_upload_by_less_than_two_seconds_and_the_next_not_at_all(
    db: None, django_capture_on_commit_callbacks: object
) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)
    assert services.embedded is not None
    services.embedded.freeze_valkey()
    try:
        took = []
        for n in range(2):
            began = time.monotonic()
            with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
                make_document(clinician, patient, text=f"Note number {n} of an invented patient.")
            took.append(time.monotonic() - began)
    finally:
        services.embedded.thaw_valkey()

    assert took[0] < 2
    assert took[1] < 0.5
    assert Job.objects.filter(status=Job.Status.QUEUED).count() == 2


def test_recovery_rings_for_due_jobs_and_keeps_the_queue_bounded(db: None) -> None:
    clinician = make_clinician()
    for n in range(3):
        make_document(clinician, text=f"Note number {n} of an invented patient.")

    assert jobs.recover() == 3
    assert dispatch.waiting("interactive") == 3
    assert Tick.objects.get(name="recover_jobs").at
