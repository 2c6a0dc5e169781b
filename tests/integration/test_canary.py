"""A sentinel in a note, a name and an MRN: it stays inside sealed columns."""

import logging
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from clinical.actions import jobs, reviews, summaries
from clinical.models import Job
from clinical.redaction import PlainFormatter
from tests import services
from tests.conftest import Product, wait_for
from tests.factories import NOTE, make_clinician, make_document, make_note, make_patient, run_jobs

SENTINEL = "Xanthippe-Quetzal-7719"
NOTED = NOTE.replace("Penicillin", SENTINEL)


def dumped() -> str:
    """The whole database as text, as a thief of a backup would read it."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = []
        for (table,) in tables:
            rows += owner.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # type: ignore[call-overload]
    return "\n".join(row for (row,) in rows)


def assert_absent(text: str | bytes) -> None:
    """Look for the sentinel as text, and as the hex that PostgreSQL shows bytes in."""
    readable = text if isinstance(text, str) else text.decode("utf-8", "replace")
    for form in (SENTINEL, SENTINEL.encode().hex(), SENTINEL.upper()):
        assert form not in readable


def test_clinical_text_is_in_no_table_in_the_clear_and_not_in_the_audit(committed: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician, family_name=SENTINEL, mrn=SENTINEL)
    note = make_note(clinician, patient, text=NOTED, filename=f"{SENTINEL}.txt")
    summary = note.summary_sources.get().summary
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    page = reviews.add(
        by=clinician,
        summary_id=summary.pk,
        version=0,
        text=f"Allergic to {SENTINEL}",
        category="allergy",
        assertion="present",
        reason=SENTINEL,
    )
    for claim in page.blockers:
        page = reviews.decide(
            by=clinician,
            summary_id=summary.pk,
            version=page.version,
            target=claim.target,
            verb="accept",
            reason=SENTINEL,
        )
    reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)
    reviews.add_addendum(by=clinician, summary_id=summary.pk, text=SENTINEL)

    assert_absent(dumped())


@pytest.mark.skipif(services.embedded is None, reason="dumps with the embedded PostgreSQL's own pg_dump")
def test_clinical_text_is_not_in_a_dump(committed: None) -> None:
    make_note(make_clinician(), text=NOTED)

    assert services.embedded is not None
    program = services.embedded.postgresql.bin / "pg_dump"
    dump = subprocess.run(
        [program, os.environ["DATABASE_OWNER_URL"]], capture_output=True, check=True, env={}
    ).stdout

    assert b"clinical_note" in dump
    assert_absent(dump)


def test_clinical_text_is_not_in_the_logs_the_broker_or_temporary_files(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "TEMP"):
        product.children.environment[name] = str(tmp_path)
    product.start("worker", "recovery", "beat")
    clinician = make_clinician()
    make_document(clinician, text=NOTED)
    make_document(clinician, content=f"%PDF-1.4 {SENTINEL}".encode(), filename=f"{SENTINEL}.pdf")
    wait_for(lambda: not Job.objects.live().exists())

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
        for key in broker.scan_iter():
            assert_absent(key)
            assert_absent(broker.dump(key) or b"")
    assert_absent(product.log())
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert_absent(path.read_bytes())


def test_an_exception_that_quotes_a_note_is_logged_without_its_words() -> None:
    try:
        raise ValueError(SENTINEL)
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed", (), (type(error), error, error.__traceback__)
        )
    record.exc_text = SENTINEL

    line = PlainFormatter().format(record)

    assert "ValueError at " in line
    assert_absent(line)


def test_a_fault_in_the_middle_of_the_work_leaves_no_clinical_text_in_the_job(
    db: None, script: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    script({"claims": [], "error": "bad_output"}, repeat_last=True)
    make_document(make_clinician(), text=NOTED)
    run_jobs()

    job = Job.objects.get(kind=Job.Kind.SUMMARIZE)
    assert job.error_code == "bad_output"
    assert_absent(jobs.clinician_sentence(job))
    assert_absent(caplog.text)
