"""The work of a summarize job: claims stored one by one as they are checked, then facts, and it is ready."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinical.access import may_use_note
from clinical.actions import engines, ledger, lexicons, outages
from clinical.actions.audit import audited
from clinical.actions.failures import Failure
from clinical.actions.leases import Lease
from clinical.models import (
    AuditType,
    Claim,
    Evidence,
    Fact,
    Flag,
    Job,
    ModelVersion,
    Note,
    Summary,
    SummarySource,
)
from inference.engines.base import Completion, EngineError
from inference.parts import Part
from inference.pipeline import CheckedClaim, Repetition, summarize
from inference.text import Sentence, from_layout

PRIORITY = {"interactive": 0, "overnight": 10}
"""vLLM's request priority: lower is served first."""


def work(lease: Lease) -> Iterator[Job]:
    """Draft the summary of a note; yields no further job.

    Raises:
        Failure: the engine failed, with whether another try may help.
        LeaseLost: another attempt has it, or it was cancelled.
    """
    note = Note.objects.select_related("document").get(pk=lease.job.note_id)
    if refusal := may_use_note(note):
        raise Failure(refusal.code if refusal.code == "withdrawn" else "cancelled", is_temporary=False)
    try:
        engine, prompt = engines.engine_for(lease.job), engines.prompt(lease.job.prompt)
        lease.pulse = partial(outages.pulse, engine)
        version = engine.version()
        outages.remember(engine, version.lacks)
        summary = _begin(lease, note, engines.model_version(version, prompt))
        read = from_layout(note.text, note.layout)
        stored: list[Claim] = []
        completion = None
        for item in summarize(read, prompt=prompt, engine=engine, priority=PRIORITY[lease.job.lane]):
            lease.check()
            outages.heard(engine)
            if isinstance(item, Completion):
                completion = item
            elif isinstance(item, Part):
                _begin_part(lease, summary, item)
            elif isinstance(item, Repetition):
                _add(lease, stored[item.position - 1], note.pk, item)
            else:
                stored.append(_store(lease, summary, note.pk, len(stored) + 1, item))
    except EngineError as error:
        raise Failure(
            error.code, is_temporary=error.is_temporary, retry_after_s=error.retry_after_s
        ) from None
    if completion is None:
        raise Failure("bad_output", is_temporary=True)
    facts, left_out_count = ledger.find(summary, note.pk, read)
    _finish(lease, summary, completion, len(stored), facts, left_out_count)
    yield from ()


def _begin(lease: Lease, note: Note, model_version: ModelVersion) -> Summary:
    """Open this attempt's summary and abandon what dead attempts left streaming."""
    now = timezone.now()
    with audited(AuditType.SUMMARY_STARTED, by=None, patient_id=note.patient_id) as entry:
        lease.fence()
        Summary.objects.filter(job=lease.job, status=Summary.Status.STREAMING).update(
            status=Summary.Status.ABANDONED, ended_at=now, abandoned_because="gave_up"
        )
        entry.thing = summary = Summary.objects.create(
            patient_id=note.patient_id, job=lease.job, attempt=lease.attempt, model_version=model_version
        )
        SummarySource.objects.create(summary=summary, note=note, position=1)
        entry.detail.update(note=str(note.pk), attempt=lease.attempt, engine=model_version.engine)
    return summary


def _begin_part(lease: Lease, summary: Summary, part: Part) -> None:
    """Say how far a note that is read in parts has been read."""
    with transaction.atomic():
        lease.fence()
        Summary.objects.filter(pk=summary.pk).update(parts=part.of, parts_read=part.position - 1)


def _store(lease: Lease, summary: Summary, note_id: UUID, position: int, item: CheckedClaim) -> Claim:
    """Store one checked claim; a trigger refuses it unless the summary streams and the attempt is current."""
    with transaction.atomic():
        lease.fence()
        claim = Claim.objects.create(
            summary=summary,
            position=position,
            category=item.category,
            assertion=item.assertion,
            text=item.text,
            details=_details(item),
        )
        _store_evidence(claim, note_id, item.evidence)
        Flag.objects.bulk_create(
            Flag(claim=claim, position=at, kind=flag.kind, severity=flag.severity, message=flag.message)
            for at, flag in enumerate(item.flags, 1)
        )
        if position == 1:
            Summary.objects.filter(pk=summary.pk).update(first_claim_at=timezone.now())
    return claim


def _add(lease: Lease, claim: Claim, note_id: UUID, item: Repetition) -> None:
    """Store what a claim said again adds to the one stored before."""
    with transaction.atomic():
        lease.fence()
        _store_evidence(claim, note_id, item.evidence)


def _store_evidence(claim: Claim, note_id: UUID, evidence: Sequence[Sentence]) -> None:
    Evidence.objects.bulk_create(
        Evidence(claim=claim, note_id=note_id, number=s.number, start=s.start, end=s.end) for s in evidence
    )


def _details(item: CheckedClaim) -> dict[str, dict[str, str]] | None:
    """Write a claim's parts as they are kept: under the name of what they are parts of."""
    if item.medication is not None:
        return {"medication": asdict(item.medication)}
    return {"allergy": asdict(item.allergy)} if item.allergy is not None else None


def _finish(
    lease: Lease,
    summary: Summary,
    completion: Completion,
    claim_count: int,
    facts: Sequence[Fact],
    left_out_count: int,
) -> None:
    """Store the facts, make the summary ready and the job done, in one transaction."""
    now = timezone.now()
    counted = {"claims": claim_count, "facts": len(facts), "left_out": left_out_count}
    with audited(AuditType.SUMMARY_READY, by=None, thing=summary, patient_id=summary.patient_id, **counted):
        lease.fence()
        Fact.objects.bulk_create(facts)
        Summary.objects.filter(pk=summary.pk).update(
            status=Summary.Status.READY,
            ended_at=now,
            prompt_tokens=completion.prompt_tokens,
            output_tokens=completion.output_tokens,
            parts=completion.parts,
            parts_read=completion.parts,
            fact_count=len(facts),
            left_out_count=left_out_count,
            rules=lexicons.rules_in_use(),
        )
        Job.objects.filter(pk=lease.job.pk).update(status=Job.Status.DONE, finished_at=now, lease_until=None)
