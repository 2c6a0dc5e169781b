"""Two at once: nothing deadlocks, nothing is lost, and what was overtaken stores nothing."""

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from clinical.access import Refused
from clinical.actions import documents, jobs, leases, reviews, summaries
from clinical.actions.engines import model_version, prompt, site_engine
from clinical.actions.failures import Failure
from clinical.actions.summarizing import _begin
from clinical.models import Job, Note, Signature, Summary, Withdrawal
from tests.factories import NOTE, make_clinician, make_document, make_patient, make_summary, run_jobs, team_of

BULK = "Stable overnight, no new complaints. " * 20_000


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts in threads of their own; give what each returned, or the exception it raised."""

    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [done.result(60) for done in [threads.submit(run, act) for act in acts]]


def test_uploads_for_a_patient_while_others_of_the_same_are_read_deadlock_nothing(
    committed: None,
) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)
    first = [make_document(clinician, patient, text=f"{NOTE}\nNumber {n}.\n") for n in range(6)]
    pks = list(Job.objects.filter(document__in=first).values_list("pk", flat=True))

    def upload_all() -> int:
        for n in range(5):
            make_document(clinician, patient, text=f"{NOTE}\nMore, number {n}.\n{BULK}")
        return 5

    def read_all() -> None:
        for pk in pks:
            jobs.run(pk)

    assert at_once(upload_all, read_all) == [5, None]
    done = Job.objects.filter(pk__in=pks)
    assert set(done.values_list("status", "attempt")) == {("done", 1)}


def test_the_failure_of_an_overtaken_worker_leaves_the_next_ones_draft_alone(db: None) -> None:
    document = make_document(make_clinician())
    jobs.run(Job.objects.get(document=document).pk)
    queued = Job.objects.get(kind=Job.Kind.SUMMARIZE)
    late = jobs._take(queued.pk)
    assert late is not None
    Job.objects.filter(pk=queued.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    current = jobs._take(queued.pk)
    assert current is not None
    with leases.Lease(current) as lease:
        version = model_version(site_engine().version(), prompt(queued.prompt))
        summary = _begin(lease, Note.objects.get(), version)

    jobs._fail(late, Failure("timed_out", is_temporary=True))

    assert Summary.objects.get(pk=summary.pk).status == Summary.Status.STREAMING
    assert Job.objects.get(pk=queued.pk).status == Job.Status.RUNNING


def test_a_withdrawal_while_the_draft_is_made_leaves_neither_a_ready_nor_a_streaming_one(
    committed: None, script: Callable[..., None]
) -> None:
    script({"sentence_claims": 8, "delay_s": 0.02}, repeat_last=True)
    clinician = make_clinician()
    for n in range(4):
        document = make_document(clinician, text=f"{NOTE}\nNumber {n}.\n")
        jobs.run(Job.objects.get(document=document).pk)
        job = Job.objects.get(document=document, kind=Job.Kind.SUMMARIZE)

        def withdraw(pk: Any = document.pk) -> Withdrawal:
            return documents.withdraw(by=clinician, document_id=pk, reason="Wrong patient.")

        def draft(pk: Any = job.pk) -> None:
            jobs.run(pk)

        withdrawn, drafted = at_once(withdraw, draft)
        assert isinstance(withdrawn, Withdrawal)
        assert drafted is None
        assert Job.objects.get(pk=job.pk).status in {Job.Status.CANCELLED, Job.Status.DONE}
        assert not Summary.objects.filter(job=job, status=Summary.Status.STREAMING).exists()


def test_of_two_who_sign_at_once_one_signs(committed: None) -> None:
    clinician = make_clinician()
    colleague = make_clinician(team_of(clinician))
    summary = make_summary(clinician)
    assert not summaries.open_summary(by=clinician, summary_id=summary.pk).blockers

    results = at_once(
        lambda: reviews.sign(by=clinician, summary_id=summary.pk, version=0),
        lambda: reviews.sign(by=colleague, summary_id=summary.pk, version=0),
    )

    refused = [result for result in results if isinstance(result, Refused)]
    assert [one.refusal.code for one in refused] == ["signed"]
    assert Signature.objects.count() == 1


def test_two_workers_on_one_job_make_one_note_and_one_summary(committed: None) -> None:
    document = make_document(make_clinician())
    pk = Job.objects.get(document=document).pk

    at_once(lambda: jobs.run(pk), lambda: jobs.run(pk), lambda: jobs.run(pk))
    run_jobs()

    assert Note.objects.count() == 1
    assert Summary.objects.filter(status=Summary.Status.READY).count() == 1


@pytest.mark.parametrize("verb", ["edit", "reject"])
def test_a_decided_claim_is_not_accepted_over_the_decision(
    db: None, script: Callable[..., None], verb: str
) -> None:
    wrong = {"text": "Metoprolol 500 mg twice daily", "category": "medication", "assertion": "present"}
    script({"claims": [{**wrong, "evidence": [7]}], "sentence_claims": 2})
    clinician = make_clinician()
    summary = make_summary(clinician)
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    (doubted,) = page.blockers
    right = {"text": "Metoprolol 50 mg twice daily", "category": "medication", "assertion": "present"}
    page = reviews.decide(
        by=clinician, summary_id=summary.pk, version=0, target=doubted.target, verb="edit", **right
    )
    if verb == "reject":
        page = reviews.decide(
            by=clinician, summary_id=summary.pk, version=page.version, target=doubted.target, verb="reject"
        )

    with pytest.raises(Refused, match="is_decided"):
        reviews.decide(
            by=clinician,
            summary_id=summary.pk,
            version=page.version,
            target=doubted.target,
            verb="accept",
        )
