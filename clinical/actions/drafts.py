"""The drafts of one note: they stand side by side, and none takes another's place under a reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import models

from clinical.actions import engines, prompts
from clinical.actions.audit import audited
from clinical.actions.finding import find, has_opened
from clinical.models import AuditType, Job, ModelVersion, Note, Summary, User
from inference.prompts import prompt_names


@dataclass(frozen=True)
class Draft:
    """A draft of a note in the list of them all.

    Attributes:
        kind: the title of its prompt.
        reviewers: who decided on its claims, by name.
        is_shown: it is the one the page shows.
        outdated: what has changed since it was made: "prompt", "model" or "prompt and model"; "" if nothing.
        may_redo: it is the newest of its kind, and the present prompt and model would make another.
        compare_with: the draft of its kind that it can be laid beside, or None.
    """

    summary: Summary
    kind: str
    reviewers: tuple[str, ...]
    is_shown: bool
    outdated: str
    may_redo: bool
    compare_with: UUID | None


@dataclass(frozen=True)
class Drafts:
    """The drafts of a note, newest first; none that was ready ever leaves the list.

    Attributes:
        awaited: kinds (names of prompts) that a draft is being made of.
    """

    note_id: UUID
    listed: tuple[Draft, ...]
    awaited: frozenset[str]

    @property
    def shown(self) -> Draft | None:
        """The one the page shows, if it shows one."""
        return next((draft for draft in self.listed if draft.is_shown), None)

    @property
    def is_of_several_kinds(self) -> bool:
        return len({draft.summary.model_version.prompt for draft in self.listed}) > 1

    @property
    def is_awaited(self) -> bool:
        """Another draft of the kind that the page shows is being made."""
        return self.shown is not None and self.shown.summary.model_version.prompt in self.awaited


def listing(note: Note, *, shown: Summary | None = None) -> Drafts:
    """List the drafts of a note that a person has opened, or one of whose drafts they have opened.

    Args:
        shown: the draft the page shows. Others of its kind are compared with it, those of another kind with
            the newest of theirs.
    """
    rows = list(
        Summary.objects.filter(sources__note=note)
        .exclude(status=Summary.Status.ABANDONED)
        .select_related("model_version", "review__signature__signed_by")
        .annotate(
            reviewers=ArrayAgg(
                "review__decisions__by__full_name",
                filter=models.Q(review__decisions__isnull=False),
                distinct=True,
                default=models.Value([]),
            )
        )
        .defer("review__signature__content_sealed")
        .order_by(models.F("ended_at").desc(nulls_first=True), "-id")
    )
    awaited = frozenset(
        Job.objects.live().filter(note=note, kind=Job.Kind.SUMMARIZE).values_list("prompt", flat=True)
    )
    bases: dict[str, Summary] = {}
    for row in [*([shown] if shown else []), *rows]:
        if row.status == Summary.Status.READY:
            bases.setdefault(row.model_version.prompt, row)
    present = _present({row.model_version.engine for row in rows})
    listed, kinds = [], set(awaited)
    for row in rows:
        version = row.model_version
        outdated = _outdated(version, present[version.engine])
        is_newest = version.prompt not in kinds
        kinds.add(version.prompt)
        base = bases.get(version.prompt)
        can_compare = row.status == Summary.Status.READY and base is not None and row.pk != base.pk
        listed.append(
            Draft(
                summary=row,
                kind=prompts.title_of(version.prompt),
                reviewers=tuple(row.reviewers),
                is_shown=shown is not None and row.pk == shown.pk,
                outdated=outdated,
                may_redo=bool(outdated) and is_newest and version.prompt in prompt_names(),
                compare_with=base.pk if base and can_compare else None,
            )
        )
    return Drafts(note.pk, tuple(listed), awaited)


def _present(names: Iterable[str]) -> dict[str, ModelVersion]:
    """Find what each engine wrote with last, whatever the note: as near as the site knows to its present."""
    newest = Summary.objects.select_related("model_version").order_by("-id")
    return {name: newest.filter(model_version__engine=name)[0].model_version for name in names}


def _outdated(version: ModelVersion, present: ModelVersion) -> str:
    """Say what is another now; a prompt that is no longer there is not outdated, it is gone."""
    is_kind = version.prompt in prompt_names()
    is_prompt = is_kind and engines.prompt(version.prompt).digest != version.prompt_digest
    is_model = _weights(version) != _weights(present)
    return " and ".join(word for word, differs in (("prompt", is_prompt), ("model", is_model)) if differs)


def _weights(version: ModelVersion) -> tuple[str, str, str]:
    return version.model, version.weights_digest, version.adapter_digest


def replacements(*, note: Any, prompt: Any, ended_at: Any, is_generative: Any) -> models.QuerySet[Summary]:
    """Select what may be offered instead of a draft: ready later, of the same note and kind.

    An extracted draft, made while the engine was down, is never offered instead of a generated one.

    Args:
        note, prompt, ended_at, is_generative: the draft's, as values or as references to an outer query.
    """
    return Summary.objects.filter(
        sources__note=note,
        status=Summary.Status.READY,
        ended_at__gt=ended_at,
        model_version__prompt=prompt,
        model_version__is_generative__gte=is_generative,
    )


def newer_than(summary: Summary, note_id: UUID) -> Summary | None:
    """Find the newest draft that may be offered instead of one, or None."""
    if summary.ended_at is None:
        return None
    version = summary.model_version
    found = replacements(
        note=note_id,
        prompt=version.prompt,
        ended_at=summary.ended_at,
        is_generative=version.is_generative,
    )
    return found.select_related("model_version", "review__signature").order_by("-ended_at", "-id").first()


@dataclass(frozen=True)
class News:
    """Whether something may be offered instead of an open draft.

    Attributes:
        newer: what may be, or None.
        is_awaited: a draft of the note and kind is being made.
    """

    summary: Summary
    newer: Summary | None
    is_awaited: bool


def news(*, by: User, summary_id: UUID) -> News:
    """Look for a newer draft than the one that is open.

    A look from a page that was opened is no further read; a first look and a denial are audited.
    """
    rows = Summary.objects.select_related("model_version")
    summary = rows.visible_to(by).filter(pk=summary_id).first()
    if summary is None or not has_opened(summary, AuditType.SUMMARY_OPENED, by=by):
        with audited(AuditType.SUMMARY_OPENED, by=by) as entry:
            entry.thing = summary = find(rows, summary_id, by=by)
            entry.patient_id = summary.patient_id
    note_id = summary.sources.values_list("note", flat=True)[0]
    awaited = Job.objects.live().filter(
        note=note_id, kind=Job.Kind.SUMMARIZE, prompt=summary.model_version.prompt
    )
    return News(summary, newer_than(summary, note_id), awaited.exclude(pk=summary.job_id).exists())
