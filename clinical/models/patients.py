"""Whom the notes are about."""

import re
import unicodedata
from typing import Any, ClassVar

from django.db import models

from clinical.models.base import Record
from clinical.models.people import CareTeam, Membership, User
from clinical.sealed import SealedDate, SealedText, key_column, sealed_column, search_hash


def fold_mrn(mrn: str) -> str:
    """Fold an MRN for comparison: no white space or dashes, capitals."""
    return re.sub(r"[\s\-]", "", mrn).upper()


def name_words(name: str) -> set[str]:
    """Split a name into the words it is searched by: accents and case folded, two letters or more."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return {word for word in re.split(r"[^\w]+", plain) if len(word) > 1}


class Sex(models.TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Not known"


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User) -> "PatientQuerySet":
        """Keep patients of the user's current care teams; other roles than clinician see none."""
        if not user.is_clinician:
            return self.none()
        teams = Membership.objects.current().filter(user=user).values("team")
        return self.filter(
            models.Exists(PatientTeam.objects.filter(patient=models.OuterRef("pk"), team__in=teams))
        )

    def matching(self, query: str) -> "PatientQuerySet":
        """Keep patients whose MRN equals the query, or whose name has every word of it."""
        words = name_words(query)
        by_mrn = models.Q(mrn_hash=search_hash("mrn", fold_mrn(query)))
        if not words:
            return self.filter(by_mrn)
        by_name = models.Q()
        for word in words:
            named = PatientName.objects.filter(
                patient=models.OuterRef("pk"), word_hash=search_hash("name", word)
            )
            by_name &= models.Q(models.Exists(named))
        return self.filter(by_mrn | by_name)


class Patient(Record):
    """A person with notes. Name, MRN and birth date are sealed; they are found by keyed hash."""

    key = key_column()
    mrn_sealed = sealed_column()
    given_name_sealed = sealed_column()
    family_name_sealed = sealed_column()
    birth_date_sealed = sealed_column()
    sex = models.CharField(max_length=8, choices=Sex)
    mrn_hash = models.BinaryField(unique=True)
    name_hash = models.BinaryField(db_index=True)
    teams: Any = models.ManyToManyField(CareTeam, through="PatientTeam", related_name="patients")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    mrn = SealedText()
    given_name = SealedText()
    family_name = SealedText()
    birth_date = SealedDate()

    objects = PatientQuerySet.as_manager()

    phi_fields: ClassVar = frozenset(
        {
            "mrn_sealed",
            "given_name_sealed",
            "family_name_sealed",
            "birth_date_sealed",
            "sex",
            "mrn_hash",
            "name_hash",
        }
    )
    plain_fields: ClassVar = frozenset({"id", "key", "created_by", "created_at"})

    @property
    def name(self) -> str:
        """The name as a banner shows it: FAMILY, Given."""
        return f"{self.family_name.upper()}, {self.given_name}"


class PatientTeam(Record):
    """A care team looks after a patient."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="patient_teams")
    team = models.ForeignKey(CareTeam, on_delete=models.PROTECT, related_name="patient_teams")
    created_at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar = frozenset()
    plain_fields: ClassVar = frozenset({"id", "patient", "team", "created_at"})

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "team"], name="one_place_in_a_team")]


class PatientName(Record):
    """One word of a patient's name, as a keyed hash."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="name_hashes")
    word_hash = models.BinaryField()

    phi_fields: ClassVar = frozenset({"word_hash"})
    plain_fields: ClassVar = frozenset({"id", "patient"})

    class Meta:
        indexes = [models.Index(fields=["word_hash", "patient"])]
