"""The nouns of the product; a file per noun."""

from clinical.models.audit import AuditEvent, AuditType
from clinical.models.base import uuid7
from clinical.models.documents import Document, IdentityMismatch, Withdrawal
from clinical.models.facts import Fact, LexiconApproval, LexiconWithdrawal
from clinical.models.jobs import Job, Lane, Tick
from clinical.models.keys import DataKey
from clinical.models.model_versions import EngineHealth, ModelVersion, PromptVersion
from clinical.models.notes import Note
from clinical.models.patients import Patient, PatientName, PatientTeam, Sex
from clinical.models.people import CareTeam, Membership, Role, User
from clinical.models.reviews import Addendum, Decision, Review, Signature
from clinical.models.summaries import Claim, Evidence, Flag, Summary, SummarySource

__all__ = [
    "Addendum",
    "AuditEvent",
    "AuditType",
    "CareTeam",
    "Claim",
    "DataKey",
    "Decision",
    "Document",
    "EngineHealth",
    "Evidence",
    "Fact",
    "Flag",
    "IdentityMismatch",
    "Job",
    "Lane",
    "LexiconApproval",
    "LexiconWithdrawal",
    "Membership",
    "ModelVersion",
    "Note",
    "Patient",
    "PatientName",
    "PatientTeam",
    "PromptVersion",
    "Review",
    "Role",
    "Sex",
    "Signature",
    "Summary",
    "SummarySource",
    "Tick",
    "User",
    "Withdrawal",
    "uuid7",
]
