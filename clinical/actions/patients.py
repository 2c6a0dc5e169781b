"""Patients: finding, registering, opening, sharing with another care team."""

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.db.utils import IntegrityError

from clinical.access import NOT_FOUND, Refusal, Refused
from clinical.actions.audit import audited
from clinical.actions.finding import find, has_opened
from clinical.actions.prompts import default_for
from clinical.models import (
    AuditType,
    CareTeam,
    Document,
    IdentityMismatch,
    Job,
    Membership,
    Note,
    Patient,
    PatientName,
    PatientTeam,
    Signature,
    Summary,
    User,
)
from clinical.models.patients import fold_mrn, name_words
from clinical.sealed import search_hash

SEARCH_ROWS = 50
OPEN_ROWS = 200


def teams_of(user: User) -> models.QuerySet[CareTeam]:
    """List the care teams a clinician is a member of now."""
    return CareTeam.objects.filter(memberships__in=Membership.objects.current().filter(user=user)).order_by(
        "name"
    )


def search(*, by: User, query: str) -> list[Patient]:
    """Find patients by exact MRN or whole words of the name; the audit names who was shown, not the query."""
    with audited(AuditType.PATIENTS_SEARCHED, by=by) as entry:
        found = list(Patient.objects.visible_to(by).matching(query)[:SEARCH_ROWS]) if query.strip() else []
        entry.detail["patients"] = [str(patient.pk) for patient in found]
    return sorted(found, key=lambda patient: (patient.family_name, patient.given_name))


def create(
    *,
    by: User,
    team_id: UUID,
    mrn: str,
    given_name: str,
    family_name: str,
    birth_date: datetime.date,
    sex: str,
) -> Patient:
    """Register a patient in one of the clinician's care teams.

    Raises:
        Refused: 409: the MRN is registered; the patient is its item if the clinician may see them.
    """
    with audited(AuditType.PATIENT_CREATED, by=by) as entry:
        team = teams_of(by).filter(pk=team_id).first()
        if team is None:
            raise Refused(NOT_FOUND, thing=CareTeam.objects.filter(pk=team_id).first())
        name = f"{given_name} {family_name}"
        patient = Patient(
            mrn=mrn.strip(),
            given_name=given_name.strip(),
            family_name=family_name.strip(),
            birth_date=birth_date,
            sex=sex,
            mrn_hash=search_hash("mrn", fold_mrn(mrn)),
            name_hash=search_hash("full name", " ".join(sorted(name_words(name)))),
            created_by=by,
        )
        try:
            with transaction.atomic():
                patient.save(force_insert=True)
        except IntegrityError:
            raise _taken(by, mrn) from None
        PatientTeam.objects.create(patient=patient, team=team)
        PatientName.objects.bulk_create(
            PatientName(patient=patient, word_hash=search_hash("name", word))
            for word in sorted(name_words(name))
        )
        entry.thing, entry.patient_id = patient, patient.pk
        entry.detail["team"] = str(team.pk)
    return patient


def _taken(by: User, mrn: str) -> Refused:
    known = Patient.objects.get(mrn_hash=search_hash("mrn", fold_mrn(mrn)))
    if Patient.objects.visible_to(by).filter(pk=known.pk).exists():
        sentence = "A patient with this MRN is registered already. Open that patient instead."
        return Refused(Refusal("mrn_known", sentence, 409, (known.pk,)), thing=known)
    sentence = "This MRN is registered with another care team. Ask that team to share the patient with yours."
    return Refused(Refusal("mrn_elsewhere", sentence, 409), thing=known)


def share(*, by: User, patient_id: UUID, team_id: UUID) -> Patient:
    """Let another care team look after a patient too."""
    with audited(AuditType.PATIENT_SHARED, by=by) as entry:
        patient: Patient = find(Patient.objects, patient_id, by=by)
        entry.thing, entry.patient_id = patient, patient.pk
        team = CareTeam.objects.filter(pk=team_id, is_active=True).first()
        if team is None:
            raise Refused(NOT_FOUND)
        PatientTeam.objects.get_or_create(patient=patient, team=team)
        entry.detail["team"] = str(team.pk)
    return patient


def has_namesake(patient: Patient, *, by: User) -> bool:
    """Say whether another patient the clinician can see has the same name."""
    others = Patient.objects.visible_to(by).filter(name_hash=patient.name_hash)
    return others.exclude(pk=patient.pk).exists()


@dataclass(frozen=True)
class DocumentLine:
    """A document on its patient's page.

    Attributes:
        state: withdrawn, in_doubt, in_work, failed, cancelled, ready, signed or read.
        summary_id: the newest draft that may be looked at, or None.
        draft_count: how many drafts of it may be looked at.
        is_superseded: a newer note corrects this one.
    """

    document: Document
    state: str
    summary_id: UUID | None
    draft_count: int
    is_superseded: bool


@dataclass(frozen=True)
class PatientPage:
    """A patient with their documents, newest first.

    Attributes:
        default_prompt: the kind of summary that the reader's care team has made.
    """

    patient: Patient
    has_namesake: bool
    documents: list[DocumentLine]
    teams: list[CareTeam]
    other_teams: list[CareTeam]
    default_prompt: str

    @property
    def correctable(self) -> list[DocumentLine]:
        """Documents that a new one may correct: read, not entered in error."""
        return [
            line for line in self.documents if line.state != "withdrawn" and hasattr(line.document, "note")
        ]


def open_patient(*, by: User, patient_id: UUID) -> PatientPage:
    """Open a patient's page."""
    with audited(AuditType.PATIENT_OPENED, by=by) as entry:
        patient: Patient = find(Patient.objects, patient_id, by=by)
        entry.thing, entry.patient_id = patient, patient.pk
        return _page(patient, by)


def look_again(*, by: User, patient_id: UUID) -> PatientPage:
    """Look again at a page that was opened: no further read. A first look and a denial are audited."""
    patient = Patient.objects.visible_to(by).filter(pk=patient_id).first()
    if patient and has_opened(patient, AuditType.PATIENT_OPENED, by=by):
        return _page(patient, by)
    return open_patient(by=by, patient_id=patient_id)


def _page(patient: Patient, by: User) -> PatientPage:
    teams = list(patient.teams.order_by("name"))
    others = CareTeam.objects.filter(is_active=True).exclude(patients=patient).order_by("name")
    namesake, kind = has_namesake(patient, by=by), default_for(by, patient)
    return PatientPage(patient, namesake, _lines(patient), teams, list(others), kind)


def _lines(patient: Patient) -> list[DocumentLine]:
    job = Job.objects.filter(document=models.OuterRef("pk")).order_by("-created_at", "-id")
    draft = Summary.objects.filter(sources__note__document=models.OuterRef("pk"))
    draft = draft.exclude(status=Summary.Status.ABANDONED).order_by("-started_at", "-id")
    counted = draft.order_by().values("sources__note__document").annotate(n=models.Count("pk"))
    newer = Note.objects.filter(supersedes__document=models.OuterRef("pk"), document__withdrawal=None)
    signature = Signature.objects.filter(review__summary=models.OuterRef("draft_id"))
    found = (
        Document.objects.filter(patient=patient)
        .defer("content_sealed", "note__text_sealed", "note__layout")
        .select_related("note", "withdrawal", "mismatch", "uploaded_by")
        .annotate(
            job_status=models.Subquery(job.values("status")[:1]),
            draft_id=models.Subquery(draft.values("pk")[:1]),
            draft_count=Coalesce(models.Subquery(counted.values("n")), 0),
            is_signed=models.Exists(signature),
            is_superseded=models.Exists(newer),
        )
        .order_by("-note_date", "-id")[:OPEN_ROWS]
    )
    return [DocumentLine(row, _state(row), row.draft_id, row.draft_count, row.is_superseded) for row in found]


def _state(document: Any) -> str:
    """Say in one word where a document of `_lines` stands."""
    if hasattr(document, "withdrawal"):
        return "withdrawn"
    if hasattr(document, "mismatch") and document.mismatch.outcome != IdentityMismatch.Outcome.CONFIRMED:
        return "in_doubt"
    over = {Job.Status.FAILED: "failed", Job.Status.CANCELLED: "cancelled"}
    if document.job_status in over:
        return over[document.job_status]
    if document.job_status in {Job.Status.QUEUED, Job.Status.RUNNING}:
        return "in_work"
    if document.draft_id is None:
        return "read"
    return "signed" if document.is_signed else "ready"
