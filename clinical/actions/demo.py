"""The invented patients of `demo/`, loaded through the same actions that people use."""

import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from clinical.actions import accounts, documents, patients
from clinical.models import (
    CareTeam,
    Claim,
    Document,
    Flag,
    Job,
    Membership,
    Note,
    Patient,
    Role,
    Summary,
    User,
)
from clinical.models.patients import fold_mrn
from clinical.sealed import keyed_digest, search_hash

WAIT_S = 120.0
FOLDER = Path(__file__).resolve().parent.parent.parent / "demo"
PASSWORD = "invented-patients-only"  # noqa: S105 - printed on the terminal, for a database of invented patients
PEOPLE = (
    ("heart", "Dr Hanna Heart", Role.CLINICIAN, "cardiology"),
    ("general", "Dr Gwen General", Role.CLINICIAN, "general-medicine"),
    ("auditor", "Alex Auditor", Role.AUDITOR, None),
    ("operator", "Oli Operator", Role.OPERATOR, None),
)


class NotADemo(Exception):
    """The database holds real accounts; the demo will not touch it."""


class NotRead(Exception):
    """No worker has read a note that another one corrects."""


def load() -> int:
    """Load accounts, care teams, patients and notes; what is there already is left alone.

    Returns:
        How many notes the demo has.

    Raises:
        NotADemo: there are accounts that are not the demo's.
        NotRead: no worker is running.
    """
    if User.objects.exists() and not User.objects.filter(username=PEOPLE[0][0]).exists():
        raise NotADemo
    data = tomllib.loads((FOLDER / "patients.toml").read_text())
    teams = {t["key"]: CareTeam.objects.get_or_create(name=t["name"])[0] for t in data["care_teams"]}
    people = {team: _account(name, full, role, teams.get(team or "")) for name, full, role, team in PEOPLE}
    known = {p["key"]: _patient(p, people[p["care_team"]], teams[p["care_team"]]) for p in data["patients"]}
    team_of = {p["key"]: p["care_team"] for p in data["patients"]}
    uploaded: dict[str, Document] = {}
    for note in sorted(data["notes"], key=lambda n: "supersedes" in n):
        by = people[team_of[note["patient"]]]
        uploaded[note["file"]] = _upload(note, known[note["patient"]], by, uploaded)
    return len(uploaded)


def _account(username: str, full_name: str, role: Role, team: CareTeam | None) -> User:
    account = User.objects.filter(username=username).first()
    if account is None:
        account = accounts.create(by=None, username=username, full_name=full_name, role=role).account
        account.set_password(PASSWORD)
        account.must_change_password = False
        account.save(update_fields=["password", "must_change_password"])
    if team and not Membership.objects.current().filter(user=account, team=team).exists():
        with transaction.atomic():
            Membership.objects.create(user=account, team=team, may_sign=True)
    return account


def _patient(entry: dict[str, Any], by: User, team: CareTeam) -> Patient:
    found = Patient.objects.filter(mrn_hash=search_hash("mrn", fold_mrn(entry["mrn"]))).first()
    if found:
        return found
    return patients.create(
        by=by,
        team_id=team.pk,
        mrn=entry["mrn"],
        given_name=entry["given_name"],
        family_name=entry["family_name"],
        birth_date=entry["birth_date"],
        sex=entry["sex"],
    )


def _upload(note: dict[str, Any], patient: Patient, by: User, uploaded: dict[str, Document]) -> Document:
    corrected = uploaded.get(note.get("supersedes", ""))
    earlier = _note_of(corrected) if corrected else None
    path = FOLDER / "notes" / Path(note["file"]).name
    content = path.read_bytes()
    here = Document.objects.not_withdrawn().filter(
        patient=patient, content_hash=keyed_digest("bytes", content)
    )
    if known := here.first():
        return known
    return documents.upload(
        by=by,
        patient_id=patient.pk,
        content=content,
        filename=path.name,
        note_type=note["note_type"],
        note_date=note["note_date"],
        supersedes_id=earlier.pk if earlier else None,
    ).document


def _note_of(document: Document) -> Note:
    """Wait until a worker has read a document: its correction must name the note.

    Raises:
        NotRead: no worker has.
    """
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if note := Note.objects.filter(document=document).first():
            return note
        time.sleep(0.1)
    raise NotRead


@dataclass(frozen=True)
class Standing:
    """How far the demo is."""

    ready: int
    failed: dict[str, int]
    claims: int
    flags: int


def standing() -> Standing:
    """Count the notes that are ready, what failed and why, and what was found."""
    ready = Summary.objects.filter(status=Summary.Status.READY)
    failed = Job.objects.filter(status=Job.Status.FAILED).values_list("error_code", flat=True)
    notes = ready.values("sources__note").distinct().count()
    flags = Flag.objects.filter(claim__summary__in=ready).count()
    claims = Claim.objects.filter(summary__in=ready).count()
    return Standing(notes, dict(Counter(failed)), claims, flags)
