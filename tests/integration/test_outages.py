"""While the engine is down nothing is tried or lost, and everybody is told; then work goes on by itself."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from clinical.actions import audit, documents, engines, jobs, outages
from clinical.actions.failures import Failure
from clinical.models import AuditEvent, Document, EngineHealth, Job, Summary
from clinical.models.jobs import MAX_ATTEMPTS
from tests.factories import make_clinician, make_document, run_jobs

pytestmark = pytest.mark.django_db
Play = Callable[..., None]


@pytest.fixture
def play(script: Play) -> Play:
    """Choose the scripted engine; it drafts two claims of every note unless told otherwise."""

    def told(*answers: dict[str, Any], **more: Any) -> None:
        script(*answers or [{"sentence_claims": 2}], repeat_last=True, **more)

    return told


def health() -> EngineHealth:
    return EngineHealth.objects.get(name="scripted")


def drafting(document: Document) -> Job:
    """The job of the site's own engine for a document."""
    return Job.objects.exclude(engine=engines.EXTRACTIVE).get(document=document, kind=Job.Kind.SUMMARIZE)


def test_one_failed_probe_is_repeated_at_once_and_two_open_the_breaker(play: Play) -> None:
    play(probe_errors=["timed_out", "", "timed_out", "server_error"])

    outages.probe()
    assert (health().is_up, health().failures) == (True, 0)

    outages.probe()
    assert (health().is_up, health().error_code) == (False, "server_error")
    lost = AuditEvent.objects.get(type="engine_lost")
    assert lost.detail == {"engine": "scripted", "because": "server_error"}
    assert (lost.actor, lost.patient_id) == (audit.SYSTEM, None)


def test_one_answer_closes_the_breaker_and_both_ends_are_in_the_audit_once(play: Play) -> None:
    play(probe_errors=["unreachable"] * 4)
    for _ in range(4):
        outages.probe()

    assert health().is_up
    kinds = [event.type for event in AuditEvent.objects.order_by("seq")]
    assert kinds == ["engine_lost", "engine_regained"]
    assert audit.verify_chain().problem == ""


@pytest.mark.parametrize("code", ["timed_out", "overloaded"])
def test_a_probe_that_gets_no_turn_while_answers_flow_is_no_failure(play: Play, code: str) -> None:
    play(probe_errors=[code] * 6)
    EngineHealth.objects.create(name="scripted")

    outages.heard(engines.site_engine())
    outages.probe()
    assert (health().is_up, health().failures) == (True, 0)

    EngineHealth.objects.update(heard_at=timezone.now() - outages.BUSY)
    outages.probe()
    assert not health().is_up


def test_a_refused_connection_is_a_failure_although_answers_flowed_a_moment_ago(down: Path) -> None:
    EngineHealth.objects.create(name="scripted", heard_at=timezone.now())

    outages.probe()

    assert not health().is_up


def test_the_built_in_engine_is_never_probed(db: None) -> None:
    outages.probe()

    assert not EngineHealth.objects.exists()
    assert outages.current() is None


def test_two_never_probe_at_once(down: Path) -> None:
    settings = connection.settings_dict
    dsn = {"dbname": settings["NAME"], "user": settings["USER"], "password": settings["PASSWORD"]}
    with psycopg.connect(host=settings["HOST"], port=settings["PORT"] or None, **dsn) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [outages._LOCK])
        outages.probe()
        assert not EngineHealth.objects.exists()
        other.execute("SELECT pg_advisory_unlock(%s)", [outages._LOCK])

    outages.probe()
    assert not health().is_up


def test_a_draft_asked_for_while_the_engine_is_down_waits_and_the_document_is_read(down: Path) -> None:
    outages.probe()
    document = make_document(make_clinician())
    run_jobs()

    job = drafting(document)
    assert (job.status, job.attempt, job.attempts_left) == (Job.Status.QUEUED, 0, MAX_ATTEMPTS)
    assert Job.objects.get(document=document, kind=Job.Kind.EXTRACT).status == Job.Status.DONE
    outages.probe()
    job.refresh_from_db()
    assert job.error_code == outages.WAITS


def test_an_attempt_that_finds_the_engine_down_opens_the_breaker_and_is_given_back(down: Path) -> None:
    document = make_document(make_clinician())
    run_jobs()

    job = drafting(document)
    assert not health().is_up
    assert (job.status, job.error_code) == (Job.Status.QUEUED, outages.WAITS)
    assert (job.attempt, job.attempts_left) == (1, MAX_ATTEMPTS)


def test_a_draft_cut_in_the_middle_is_thrown_away_and_made_anew_when_the_engine_is_back(play: Play) -> None:
    play(
        {"sentence_claims": 2, "error": "aborted"},
        {"sentence_claims": 2},
        probe_errors=["unreachable", "unreachable"],
    )
    document = make_document(make_clinician())
    run_jobs()
    assert not Summary.objects.filter(status=Summary.Status.READY).exists()

    outages.probe()
    run_jobs()

    ends = Summary.objects.order_by("attempt").values_list("status", "abandoned_because")
    assert list(ends) == [("abandoned", "aborted"), ("ready", "")]
    assert drafting(document).attempts_left == MAX_ATTEMPTS - 1


def test_an_attempt_counts_when_the_engine_answers_the_probe(play: Play) -> None:
    play({"sentence_claims": 1, "error": "server_error"}, {"sentence_claims": 2})
    document = make_document(make_clinician())
    run_jobs()

    job = drafting(document)
    assert (job.error_code, job.attempts_left) == ("server_error", MAX_ATTEMPTS - 1)
    assert health().is_up


def test_a_wrong_key_holds_the_notes_for_the_operator_and_fails_none(down: Path) -> None:
    down.write_text("unauthorised")
    document = make_document(make_clinician())
    run_jobs()

    assert (drafting(document).status, health().error_code) == (Job.Status.QUEUED, "unauthorised")


def test_a_note_that_the_engine_refuses_fails_whatever_state_the_engine_is_in(play: Play) -> None:
    play({"error": "too_long"}, probe_errors=["unreachable"] * 9)
    document = make_document(make_clinician())
    run_jobs()

    assert drafting(document).status == Job.Status.FAILED


def test_two_hours_of_outage_use_up_no_attempt_and_then_all_waiting_jobs_are_due_at_once(down: Path) -> None:
    clinician = make_clinician()
    made = [make_document(clinician, text=f"Invented patient {n}.\nCough for {n} days.") for n in range(3)]
    run_jobs()
    Job.objects.filter(pk=drafting(made[0]).pk).update(
        not_before=timezone.now() + datetime.timedelta(hours=2), error_code="overloaded"
    )
    for _ in range(30):
        outages.probe()
        run_jobs()

    down.unlink()
    outages.probe()
    run_jobs()

    assert {drafting(document).status for document in made} == {Job.Status.DONE}
    assert {drafting(document).attempts_left for document in made} == {MAX_ATTEMPTS - 1}


def test_a_note_that_brings_the_engine_down_each_time_is_given_up_in_the_end(play: Play) -> None:
    play({"error": "connection_lost"}, probe_errors=["unreachable", "unreachable", ""] * 20)
    document = make_document(make_clinician())
    for _ in range(20):
        run_jobs()
        outages.probe()
        Job.objects.filter(pk=drafting(document).pk).update(not_before=timezone.now())

    job = drafting(document)
    assert (job.status, job.error_code) == (Job.Status.FAILED, "connection_lost")
    assert job.attempt == outages.GIVEN_BACK_ATTEMPTS + MAX_ATTEMPTS


def test_a_note_that_lost_many_attempts_keeps_its_pause_when_the_engine_is_back(down: Path) -> None:
    document = make_document(make_clinician())
    run_jobs()
    later = timezone.now() + datetime.timedelta(minutes=1)
    Job.objects.filter(pk=drafting(document).pk).update(
        attempt=outages.GIVEN_BACK_ATTEMPTS + 1, not_before=later
    )

    down.unlink()
    outages.probe()

    assert drafting(document).not_before == later


def test_the_overnight_lane_waits_too(down: Path) -> None:
    document = make_document(make_clinician())
    Job.objects.filter(document=document).update(lane="overnight")
    outages.probe()
    run_jobs()

    assert (drafting(document).lane, drafting(document).attempt) == ("overnight", 0)


def test_retry_after_is_honoured_within_five_minutes(play: Play) -> None:
    play()
    document = make_document(make_clinician())
    job = Job.objects.get(document=document)
    job.attempts_left = MAX_ATTEMPTS - 1

    def waits(seconds: float) -> list[float]:
        failure = Failure("overloaded", is_temporary=True, retry_after_s=seconds)
        return [jobs._delay_s(job, failure) for _ in range(30)]

    assert all(40 <= wait <= 48 for wait in waits(40))
    assert len(set(waits(40))) > 1
    assert all(wait <= 300 for wait in waits(3600))


def test_the_site_may_allow_an_extractive_draft_beside_each_that_a_person_waits_for(
    down: Path, settings: Any
) -> None:
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    clinician = make_clinician()
    waits = make_document(clinician)
    overnight = make_document(clinician, text="Invented patient.\nAsthma since childhood.")
    Job.objects.filter(document=overnight).update(lane="overnight")
    run_jobs()
    for _ in range(3):
        outages.probe()
        run_jobs()

    second = Job.objects.get(engine=engines.EXTRACTIVE)
    assert (second.document_id, second.prompt) == (waits.pk, drafting(waits).prompt)
    assert second.requested_by == drafting(waits).requested_by
    event = AuditEvent.objects.get(type="fallback_requested")
    assert event.patient_id == waits.patient_id
    assert event.detail["beside"] == str(drafting(waits).pk)
    assert drafting(waits).status == Job.Status.QUEUED
    assert not Summary.objects.get(status=Summary.Status.READY).model_version.is_generative

    down.unlink()
    outages.probe()
    run_jobs()
    made = Summary.objects.filter(sources__note__document=waits, status=Summary.Status.READY)
    assert sorted(summary.model_version.engine for summary in made) == ["extractive", "scripted"]
    assert audit.verify_chain().problem == ""


def test_no_extractive_draft_is_made_where_the_site_has_not_allowed_it(down: Path) -> None:
    make_document(make_clinician())
    run_jobs()
    outages.probe()

    assert not Job.objects.filter(engine=engines.EXTRACTIVE).exists()


def test_a_withdrawn_document_gets_no_second_job(down: Path, settings: Any) -> None:
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    clinician = make_clinician()
    document = make_document(clinician)
    run_jobs()
    documents.withdraw(by=clinician, document_id=document.pk, reason="Invented reason.")

    outages.probe()

    assert not Job.objects.filter(engine=engines.EXTRACTIVE).exists()
