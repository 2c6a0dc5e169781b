"""Plain functions that make things through the product's own actions. All people in here are invented."""

import datetime
import functools
import itertools
import time
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models

from clinical.actions import documents, jobs, patients
from clinical.models import CareTeam, Document, Job, Membership, Note, Patient, Role, Summary, User
from inference.vocabulary import NoteType

PASSWORD = "correct-horse-battery-staple"
_numbers = itertools.count(1)

NOTE = """\
Invented patient, for testing.

Reason for admission:
Chest pain on exertion for three days.

Allergies:
Penicillin (rash).

Discharge medications:
- Metoprolol 50 mg twice daily
- Aspirin 81 mg daily

Assessment:
No evidence of pulmonary embolism. Type 2 diabetes, well controlled.

Follow-up:
Cardiology clinic in 2 weeks.
"""


@functools.cache
def hashed() -> str:
    """The password's hash, made once: Argon2 is slow on purpose."""
    return make_password(PASSWORD)


def make_account(role: str = Role.CLINICIAN, *, username: str = "", **fields: Any) -> User:
    """An account that need not change its password."""
    n = next(_numbers)
    fields = {"username": username or f"{role}{n}", "full_name": f"Invented {role.title()} {n}", **fields}
    account = User(role=role, **fields)
    account.password = hashed()
    account.save(force_insert=True)
    return account


def make_team(name: str = "") -> CareTeam:
    """A care team."""
    return CareTeam.objects.create(name=name or f"Team {next(_numbers)}")


def make_clinician(team: CareTeam | None = None, *, may_sign: bool = True, **fields: Any) -> User:
    """A clinician who is a member of a team, a new one if none is given."""
    account = make_account(Role.CLINICIAN, **fields)
    Membership.objects.create(user=account, team=team or make_team(), may_sign=may_sign)
    return account


def team_of(clinician: User) -> CareTeam:
    """The one team of a clinician made here."""
    return Membership.objects.current().get(user=clinician).team


def make_patient(by: User, **fields: Any) -> Patient:
    """A patient of the clinician's team."""
    n = next(_numbers)
    wanted: dict[str, Any] = {
        "mrn": f"EP-{900000 + n}",
        "given_name": "Ida",
        "family_name": f"Invented{chr(97 + n % 26)}",
        "birth_date": datetime.date(1950, 3, 2),
        "sex": "female",
        **fields,
    }
    return patients.create(by=by, team_id=team_of(by).pk, **wanted)


def make_document(by: User, patient: Patient | None = None, *, text: str = NOTE, **fields: Any) -> Document:
    """An uploaded document, not yet read."""
    patient = patient or make_patient(by)
    wanted: dict[str, Any] = {
        "content": text.encode(),
        "filename": "note.txt",
        "note_type": NoteType.DISCHARGE,
        "note_date": datetime.date(2026, 11, 1),
        **fields,
    }
    return documents.upload(by=by, patient_id=patient.pk, **wanted).document


def run_jobs() -> None:
    """Run every job that is due, in this process, until none is."""
    while due := list(jobs.due().values_list("pk", flat=True)):
        for pk in due:
            jobs.run(pk)


def wait_for_workers(document: Document, *, timeout_s: float = 60) -> None:
    """Wait for what a worker of the whole product took before this process could."""
    deadline = time.monotonic() + timeout_s
    running = models.Q(status=Job.Status.RUNNING)
    while document.jobs.filter(running | models.Q(pk__in=jobs.due().values("pk"))).exists():
        assert time.monotonic() < deadline, f"not done within {timeout_s:.0f} s"
        time.sleep(0.05)
        run_jobs()


def make_note(by: User, patient: Patient | None = None, *, text: str = NOTE, **fields: Any) -> Note:
    """A note whose summary is made too."""
    document = make_document(by, patient, text=text, **fields)
    run_jobs()
    wait_for_workers(document)
    return Note.objects.get(document=document)


def make_summary(by: User, patient: Patient | None = None, *, text: str = NOTE, **fields: Any) -> Summary:
    """A summary ready for review."""
    note = make_note(by, patient, text=text, **fields)
    return Summary.objects.get(sources__note=note, status=Summary.Status.READY)
