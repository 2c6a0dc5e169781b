"""Kinds of summary: which there are, which one is made where nobody chose, and what a model was asked."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from clinical.access import NOT_FOUND, Refusal, Refused
from clinical.actions import engines
from clinical.models import CareTeam, Document, Job, Membership, ModelVersion, Patient, PromptVersion, User
from clinical.models.people import DEFAULT_PROMPT
from inference.prompts import Prompt, prompt_names
from inference.vocabulary import Category

DIGEST_CHARACTERS = 12


@dataclass(frozen=True)
class Section:
    """A heading of a summary.

    Attributes:
        categories: values of the categories that stand under it; none: no claim can.
        carry: what must stand there, or what the reader does there instead.
    """

    title: str
    categories: tuple[str, ...]
    carry: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The categories in words; one that is no longer in the vocabulary stays as it was stored."""
        known = {category.value: category.label for category in Category}
        return tuple(known.get(category, category) for category in self.categories)


@dataclass(frozen=True)
class PromptPage:
    """The whole text of a prompt.

    Attributes:
        digest: SHA-256 (hex) over the content; each summary's model version names one.
        most_claims: the answer may hold no more; None: as many as it takes.
        is_current: drafts are asked for with it now.
        first_seen_at: when a draft was first begun with it; None: never yet.
    """

    digest: str
    name: str
    version: int
    title: str
    purpose: str
    sections: tuple[Section, ...]
    system: str
    user: str
    examples: tuple[Mapping[str, str], ...]
    most_claims: int | None
    is_current: bool
    first_seen_at: datetime.datetime | None = None

    @property
    def short_digest(self) -> str:
        return self.digest[:DIGEST_CHARACTERS]


def current() -> list[PromptPage]:
    """List the kinds of summary that can be asked for."""
    return [_current(engines.prompt(name)) for name in prompt_names()]


def title_of(name: str) -> str:
    """Give a kind's title; of one that is no longer there, its name."""
    return engines.prompt(name).title if name in prompt_names() else name


def earlier() -> list[PromptPage]:
    """List the versions that drafts were made with and that are asked for no longer, newest first."""
    now = [engines.prompt(name).digest for name in prompt_names()]
    return [_stored(row) for row in PromptVersion.objects.exclude(digest__in=now).order_by("-first_seen_at")]


def look(digest: str) -> PromptPage:
    """Look at a prompt by its digest: as it was stored at its first use, or as it ships.

    Raises:
        Refused: 404, no draft was made with it and none would be.
    """
    if row := PromptVersion.objects.filter(digest=digest).first():
        return _stored(row)
    for page in current():
        if page.digest == digest:
            return page
    raise Refused(NOT_FOUND)


def asked(version: ModelVersion) -> PromptPage | None:
    """Find what was asked for a summary; None of one made before prompts were kept."""
    row = PromptVersion.objects.filter(digest=version.prompt_digest).first()
    return _stored(row) if row else None


def _current(prompt: Prompt) -> PromptPage:
    return _page(prompt.digest, prompt.model_dump(mode="json"), is_current=True)


def _stored(row: PromptVersion) -> PromptPage:
    is_current = row.name in prompt_names() and engines.prompt(row.name).digest == row.digest
    return _page(row.digest, row.content, is_current=is_current, first_seen_at=row.first_seen_at)


def _page(digest: str, content: Mapping[str, Any], **fields: Any) -> PromptPage:
    return PromptPage(
        digest=digest,
        name=content["name"],
        version=content["version"],
        title=content["title"],
        purpose=content["purpose"],
        sections=tuple(Section(s["title"], tuple(s["categories"]), s["carry"]) for s in content["sections"]),
        system=content["system"],
        user=content["user"],
        examples=tuple(content["examples"]),
        most_claims=content.get("most_claims"),
        **fields,
    )


def default_for(user: User | None, patient: Patient) -> str:
    """Say which kind of summary is made for a patient where nobody chose one.

    A patient may have several care teams. The kind is that of a team which has the patient and of which the
    person is a member now, first by name; for anybody else, of the patient's team in use that is first by
    name. A kind that is no longer there gives way to the site's.
    """
    own = Membership.objects.filter(user=user, ended_at=None, team=models.OuterRef("pk"))
    teams = CareTeam.objects.filter(patients=patient, is_active=True)
    team = teams.annotate(is_own=models.Exists(own)).order_by("-is_own", "name").first()
    return team.prompt if team and team.prompt in prompt_names() else DEFAULT_PROMPT


def of_upload(document: Document) -> str:
    """Say which kind a document's first draft is: the one chosen with it, else its uploader's team's."""
    job = document.jobs.filter(kind=Job.Kind.EXTRACT).order_by("-created_at", "-id").first()
    if job and job.prompt in prompt_names():
        return job.prompt
    return default_for(document.uploaded_by, document.patient)


def demand(name: str) -> str:
    """Give back the name of a kind of summary.

    Raises:
        Refused: 422, there is no such kind.
    """
    if name not in prompt_names():
        raise Refused(Refusal("no_such_prompt", "There is no such kind of summary. Choose another.", 422))
    return name
