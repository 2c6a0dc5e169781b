"""Drafts with doubts, as a scripted engine writes them about an invented note."""

import datetime
import uuid
from typing import Any

from django.utils import timezone

from clinical.actions import facts, summaries
from clinical.actions.review_pages import ReviewPage
from clinical.actions.summaries import open_summary
from clinical.models import Claim, Evidence, Fact, Job, ModelVersion, Note, Summary, SummarySource, User
from tests.factories import NOTE, run_jobs


def claim(
    text: str, category: str, *evidence: int, assertion: str = "present"
) -> dict[str, str | tuple[int, ...]]:
    """One claim of a script."""
    return {"text": text, "category": category, "assertion": assertion, "evidence": evidence}


TEXT = NOTE + "\nFamily history:\nMother had a stroke at 70.\n"
WRONG_DOSE = "Metoprolol 100 mg twice daily"
DOUBTED = (
    claim("Chest pain on exertion for three days", "reason", 3),
    claim(WRONG_DOSE, "medication", 7),
    claim("Aspirin 81 mg daily", "medication", 8),
    claim("Penicillin (rash)", "allergy", 5),
    claim("Mother had a stroke at 70", "problem", 15, assertion="family"),
    claim("Cardiology clinic in 2 weeks", "follow_up", 13),
)
"""Six claims about `TEXT`; the checker doubts the dose gravely."""
BETTER = (
    claim("Chest pain on exertion for three days", "reason", 3),
    claim("Metoprolol 50 mg twice daily", "medication", 7),
    claim("Aspirin 81 mg daily", "medication", 8),
    claim("Type 2 diabetes, <b>well</b> controlled", "problem", 11),
    claim("Cardiology clinic in 2 weeks", "follow_up", 13),
)
"""Five claims about `TEXT` without a grave doubt: the dose is right."""


def answer(*claims: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One answer of a script."""
    return {"claims": claims, **fields}


def page_of(by: User, summary: Summary) -> ReviewPage:
    """The summary as the person sees it now."""
    return open_summary(by=by, summary_id=summary.pk)


def leave_out(by: User, page: ReviewPage) -> ReviewPage:
    """Decide that every critical fact the draft leaves out is not needed."""
    for fact in page.left_out:
        page = facts.leave_out(
            by=by, summary_id=page.summary.pk, version=page.version, fact=fact.target, reason="Not for here."
        )
    return page


def target_of(page: ReviewPage, words: str) -> str:
    """The id of the claim that says these words."""
    return str(next(claim.target for claim in page.claims if words in claim.text))


def begin_draft(note: Note, by: User) -> Summary:
    """A draft that is still being written, by an attempt that holds its lease."""
    now = timezone.now()
    job = Job.objects.create(
        kind=Job.Kind.SUMMARIZE,
        lane="interactive",
        document=note.document,
        note=note,
        requested_by=by,
        prompt="problem_oriented",
        engine="extractive",
        status=Job.Status.RUNNING,
        attempt=1,
        started_at=now,
        lease_until=now + datetime.timedelta(hours=1),
    )
    version = ModelVersion.objects.latest("first_seen_at")
    summary = Summary.objects.create(patient_id=note.patient_id, job=job, attempt=1, model_version=version)
    SummarySource.objects.create(summary=summary, note=note, position=1)
    return summary


def go_on(summary: Summary, position: int, text: str, number: int) -> Claim:
    """Write one more claim into a draft."""
    note = summary.sources.get().note
    made = Claim.objects.create(
        summary=summary, position=position, category="problem", assertion="present", text=text
    )
    start, end = note.layout[2][number - 1][:2]
    Evidence.objects.create(claim=made, note=note, number=number, start=start, end=end)
    return made


def state(
    summary: Summary, text: str, *numbers: int, kind: str = "allergy", is_critical: bool = True
) -> Fact:
    """One fact of the source of a draft that is being written, as the rules state it."""
    note = note_of(summary)
    spans = [[number, *note.layout[2][number - 1][:2]] for number in numbers]
    fields = {"kind": kind, "is_critical": is_critical, "text": text, "spans": spans}
    return Fact.objects.create(summary=summary, note=note, position=summary.facts.count() + 1, **fields)


def end_draft(
    summary: Summary, status: str = Summary.Status.READY, because: str = "", *, has_ledger: bool = True
) -> None:
    """Finish a draft, or abandon it; without a ledger it is one from before there were facts."""
    fact_count = summary.facts.count() if has_ledger else None
    Summary.objects.filter(pk=summary.pk).update(
        status=status, ended_at=timezone.now(), abandoned_because=because, fact_count=fact_count
    )
    Job.objects.filter(pk=summary.job_id).update(
        status=Job.Status.DONE, lease_until=None, finished_at=timezone.now()
    )


def note_of(summary: Summary) -> Note:
    """The note a summary was made from."""
    return summary.sources.get().note


def again(by: User, summary: Summary, prompt: str = "") -> Summary:
    """One more draft of the same note, of the same kind unless another is named."""
    known = set(Summary.objects.values_list("pk", flat=True))
    summaries.request(by=by, note_id=note_of(summary).pk, prompt=prompt or summary.model_version.prompt)
    run_jobs()
    return Summary.objects.exclude(pk__in=known).get(status=Summary.Status.READY)


def made_by(by: User, note: Note, **fields: Any) -> Summary:
    """A draft ready now, by another version of what the site uses."""
    used = ModelVersion.objects.latest("first_seen_at")
    wanted = {name: getattr(used, name) for name in ("engine", "model", "prompt", "prompt_digest")}
    wanted |= {"is_generative": used.is_generative, **fields}
    version = ModelVersion.objects.create(digest=uuid.uuid4().hex * 2, **wanted)
    now = timezone.now()
    job = Job.objects.create(
        kind=Job.Kind.SUMMARIZE,
        lane="interactive",
        document=note.document,
        note=note,
        requested_by=by,
        prompt=version.prompt,
        engine=version.engine,
        status=Job.Status.DONE,
        attempt=1,
        finished_at=now,
    )
    summary = Summary.objects.create(patient_id=note.patient_id, job=job, attempt=1, model_version=version)
    SummarySource.objects.create(summary=summary, note=note, position=1)
    end_draft(summary)
    summary.refresh_from_db()
    return summary
