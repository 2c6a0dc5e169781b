"""Things die in the middle of the forty notes: every note still becomes ready, each exactly once."""

import contextlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
import redis
from django.db import connections

from clinical.actions import audit, demo
from clinical.models import Job, Note, Summary
from tests import services
from tests.conftest import Product, wait_for
from tests.factories import PASSWORD, make_clinician, make_patient

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(services.embedded is None, reason="disturbs the embedded services only"),
]
NOTES = 40


@pytest.fixture
def forty(product: Product) -> Iterator[Product]:
    """The product at work on the demo's notes."""
    product.start("worker", "recovery", "beat")
    with ThreadPoolExecutor(1) as loader:
        loading = loader.submit(load)
        yield product
        loading.result()


def load() -> None:
    """Load the demo in a thread of its own."""
    try:
        demo.load()
    finally:
        connections.close_all()


def ready() -> int:
    """Count the ready summaries, with a connection of its own: Django's may just have been cut."""
    try:
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
            row = owner.execute("SELECT count(*) FROM clinical_summary WHERE status = 'ready'").fetchone()
    except psycopg.OperationalError:
        return -1
    return int(row[0]) if row else 0


def assert_each_note_is_ready_exactly_once() -> None:
    """Verify the end from the database."""
    connections.close_all()
    assert Note.objects.count() == NOTES
    for note in Note.objects.defer("text_sealed"):
        ends = sorted(note.summary_sources.values_list("summary__status", flat=True))
        assert ends.count("ready") == 1, ends
        assert set(ends) <= {"ready", "abandoned"}
    for summary in Summary.objects.filter(status="ready"):
        positions = list(summary.claims.values_list("position", flat=True))
        assert positions == list(range(1, len(positions) + 1))
        assert positions
    assert set(Job.objects.values_list("status", flat=True)) == {"done"}
    assert audit.verify_chain().problem == ""


def in_the_middle() -> None:
    """Wait until some notes are ready and more are not."""
    wait_for(lambda: ready() >= 5)
    assert ready() < NOTES


def test_killing_the_worker_and_flushing_the_broker_in_the_middle_lose_no_note(forty: Product) -> None:
    in_the_middle()
    forty.kill("worker")
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
        broker.flushall()
    forty.start("worker")
    wait_for(lambda: ready() >= NOTES, timeout_s=150)
    wait_for(lambda: not Job.objects.live().exists())

    assert_each_note_is_ready_exactly_once()


def test_restarting_postgresql_in_the_middle_loses_no_note(product: Product) -> None:
    product.start("worker", "recovery", "beat")
    load()
    in_the_middle()
    assert services.embedded is not None
    services.embedded.restart_postgresql()
    wait_for(lambda: ready() >= NOTES, timeout_s=150)

    assert_each_note_is_ready_exactly_once()


def test_an_upload_while_the_broker_is_frozen_answers_within_two_seconds_and_is_read_later(
    product: Product,
) -> None:
    product.start("web", "worker", "recovery", "beat")
    clinician = make_clinician()
    patient = make_patient(clinician)
    with contextlib.closing(signed_in(product, clinician.username)) as browser:
        assert services.embedded is not None
        services.embedded.freeze_valkey()
        try:
            began = time.monotonic()
            answer = browser.post(
                f"/patients/{patient.pk}/upload/",
                data={
                    "text": "Invented patient. Chest pain resolved. Discharged on aspirin 81 mg daily.",
                    "note_type": "discharge",
                    "note_date": "2026-11-01",
                },
            )
            took = time.monotonic() - began
        finally:
            services.embedded.thaw_valkey()
    assert answer.status_code == 302, answer.text
    assert took < 2
    wait_for(lambda: ready() == 1, timeout_s=60)


def signed_in(product: Product, username: str) -> httpx.Client:
    """Log in over HTTP as a browser does."""
    client = httpx.Client(base_url=product.url, timeout=10)
    product.wait_for_web()
    page = client.get("/account/login/")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    client.headers["Referer"] = product.url
    answer = client.post(
        "/account/login/", data={"login": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    )
    assert answer.status_code == 302
    client.headers["X-CSRFToken"] = client.cookies["epitome_csrf"]
    return client
