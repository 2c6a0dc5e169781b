"""Leases, fences, retries: a job ends once, whatever dies on the way."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from clinical.access import Refused
from clinical.actions import engines, jobs, leases, summarizing
from clinical.actions.failures import OWN_WORDS, clinician_words, operator_words
from clinical.models import AuditEvent, Job, Note, Role, Summary
from clinical.models.jobs import MAX_ATTEMPTS
from inference.engines.base import EngineErrorCode
from inference.parsing import CODES
from tests.factories import make_account, make_clinician, make_document, run_jobs


@pytest.fixture
def queued(db: None) -> Job:
    """A summarize job that waits."""
    document = make_document(make_clinician())
    jobs.run(Job.objects.get(document=document).pk)
    return Job.objects.get(kind=Job.Kind.SUMMARIZE)


def test_a_job_taken_once_is_not_taken_again(queued: Job) -> None:
    assert jobs._take(queued.pk) is not None
    assert jobs._take(queued.pk) is None


def test_ringing_a_hundred_times_makes_one_summary(queued: Job) -> None:
    for _ in range(100):
        jobs.run(queued.pk)

    assert Summary.objects.filter(job=queued).count() == 1


def test_a_job_whose_lease_ran_out_is_taken_over_and_the_first_worker_stores_nothing(queued: Job) -> None:
    first = jobs._take(queued.pk)
    assert first is not None
    Job.objects.filter(pk=queued.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))

    jobs.run(queued.pk)

    with pytest.raises(leases.LeaseLost), leases.Lease(first) as lease:
        list(summarizing.work(lease))
    ready = Summary.objects.filter(job=queued, status=Summary.Status.READY)
    assert [summary.attempt for summary in ready] == [2]
    assert Job.objects.get(pk=queued.pk).status == Job.Status.DONE


def test_a_draft_left_streaming_by_a_dead_worker_is_abandoned_by_the_next(queued: Job) -> None:
    first = jobs._take(queued.pk)
    assert first is not None
    with leases.Lease(first) as lease:
        work = summarizing._begin(
            lease,
            Note.objects.get(),
            engines.model_version(engines.site_engine().version(), engines.prompt("problem_oriented")),
        )
    Job.objects.filter(pk=queued.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))

    jobs.run(queued.pk)

    assert Summary.objects.get(pk=work.pk).status == Summary.Status.ABANDONED
    assert Summary.objects.get(job=queued, status=Summary.Status.READY).attempt == 2


def test_attempts_are_bounded_and_the_job_says_why(queued: Job) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert jobs._take(queued.pk) is not None
        Job.objects.filter(pk=queued.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))

    jobs.run(queued.pk)

    job = Job.objects.get(pk=queued.pk)
    assert (job.status, job.error_code) == (Job.Status.FAILED, "gave_up")
    event = AuditEvent.objects.filter(type="job_failed").get()
    assert event.detail["because"] == "gave_up"


def test_every_failure_code_has_words_for_the_operator_and_for_the_clinician() -> None:
    for code in (*OWN_WORDS, *CODES, *(str(code) for code in EngineErrorCode)):
        assert operator_words(code)
        assert clinician_words(code)


def test_retry_waits_are_jittered_and_grow(queued: Job) -> None:
    from clinical.actions.failures import Failure

    failure = Failure("overloaded", is_temporary=True)
    waits = []
    for left in (4, 3, 2, 1):
        queued.attempts_left = left
        waits.append({jobs._delay_s(queued, failure) for _ in range(20)})

    assert all(len(w) > 1 for w in waits)
    assert [max(w) for w in waits] == sorted(max(w) for w in waits)
    assert jobs._delay_s(queued, Failure("overloaded", is_temporary=True, retry_after_s=200)) >= 200


def test_an_operator_cancels_a_job_and_retries_it(queued: Job) -> None:
    operator = make_account(Role.OPERATOR)

    jobs.cancel(by=operator, job_id=queued.pk)
    assert jobs._take(queued.pk) is None
    with pytest.raises(Refused, match="is_over"):
        jobs.cancel(by=operator, job_id=queued.pk)

    jobs.retry(by=operator, job_id=queued.pk)
    run_jobs()
    assert Job.objects.get(pk=queued.pk).status == Job.Status.DONE
    with pytest.raises(Refused, match="not_over"):
        jobs.retry(by=operator, job_id=queued.pk)


def test_a_cancelled_job_abandons_its_draft_and_stores_nothing_more(queued: Job) -> None:
    job = jobs._take(queued.pk)
    assert job is not None
    jobs.cancel(by=make_account(Role.OPERATOR), job_id=queued.pk)

    with pytest.raises(leases.LeaseLost), leases.Lease(job) as lease:
        list(summarizing.work(lease))
    assert not Summary.objects.filter(status=Summary.Status.READY).exists()


def test_every_status_has_its_transitions() -> None:
    for model in (Job, Summary):
        assert set(model.TRANSITIONS) == set(model.Status)


def test_a_temporary_failure_waits_and_is_tried_again(db: None, script: Callable[..., None]) -> None:
    script({"sentence_claims": 1, "error": "overloaded", "retry_after_s": 40}, {"sentence_claims": 2})
    make_document(make_clinician())
    run_jobs()

    job = Job.objects.get(kind=Job.Kind.SUMMARIZE)
    assert (job.status, job.error_code) == (Job.Status.QUEUED, "overloaded")
    assert job.not_before > timezone.now() + datetime.timedelta(seconds=30)
    assert Summary.objects.get().status == Summary.Status.ABANDONED

    Job.objects.update(not_before=timezone.now())
    run_jobs()
    assert Summary.objects.get(status=Summary.Status.READY).claims.count() == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"sentence_claims": 3, "finish_reason": "length"},
        {"sentence_claims": 3, "finish_reason": "abort"},
        {"sentence_claims": 3, "finish_reason": ""},
        {"sentence_claims": 3, "error": "connection_lost"},
        {"sentence_claims": 3, "error": "bad_output"},
        {"sentence_claims": 0},
    ],
)
def test_a_draft_that_was_cut_short_never_becomes_ready(
    db: None, script: Callable[..., None], answer: dict[str, object]
) -> None:
    script(answer, repeat_last=True)
    make_document(make_clinician())
    run_jobs()

    assert not Summary.objects.filter(status=Summary.Status.READY).exists()
    assert Job.objects.get(kind=Job.Kind.SUMMARIZE).error_code


def test_a_claim_that_cites_a_sentence_the_note_does_not_have_ends_the_draft_and_not_the_worker(
    db: None, script: Callable[..., None]
) -> None:
    script(
        {"claims": [{"text": "Invented", "category": "plan", "assertion": "present", "evidence": [999]}]},
        repeat_last=True,
    )
    make_document(make_clinician())
    run_jobs()

    for summary in Summary.objects.filter(status=Summary.Status.READY):
        for claim in summary.claims.all():
            assert claim.flags.filter(severity="critical").exists()
