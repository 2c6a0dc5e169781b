"""Who uses the product: accounts, care teams and memberships."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from clinical.models.base import Record, uuid7

DEFAULT_PROMPT = "problem_oriented"
"""The kind of summary that is made where neither a person nor a care team chose another."""


class Role(models.TextChoices):
    CLINICIAN = "clinician", "Clinician"
    AUDITOR = "auditor", "Auditor"
    OPERATOR = "operator", "Operator"


class UserAccounts(BaseUserManager["User"]):
    """Look-ups of accounts by their natural key."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """An account: one person, one role for life. A second role is a second account."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(max_length=64, unique=True)
    full_name = models.CharField(max_length=120)
    role = models.CharField(max_length=16, choices=Role)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    password_reset_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserAccounts()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset(
        {
            "id",
            "username",
            "full_name",
            "role",
            "is_active",
            "must_change_password",
            "password_reset_at",
            "created_at",
            "password",
            "last_login",
        }
    )

    class Meta:
        constraints = [models.UniqueConstraint(Lower("username"), name="username_ignores_case")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def is_clinician(self) -> bool:
        return self.role == Role.CLINICIAN

    @property
    def is_auditor(self) -> bool:
        return self.role == Role.AUDITOR

    @property
    def is_operator(self) -> bool:
        return self.role == Role.OPERATOR


class CareTeam(Record):
    """A group of clinicians who look after the same patients."""

    name = models.CharField(max_length=120, unique=True)
    is_active = models.BooleanField(default=True)
    prompt = models.CharField(max_length=40, default=DEFAULT_PROMPT)
    created_at = models.DateTimeField(auto_now_add=True)

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset({"id", "name", "is_active", "prompt", "created_at"})

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> "MembershipQuerySet":
        """Keep memberships that have not ended, in teams in use."""
        return self.filter(ended_at=None, team__is_active=True)


class Membership(Record):
    """A clinician's place in a care team; ended, never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(CareTeam, on_delete=models.PROTECT, related_name="memberships")
    may_sign = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = MembershipQuerySet.as_manager()

    phi_fields: ClassVar[frozenset[str]] = frozenset()
    plain_fields: ClassVar = frozenset({"id", "user", "team", "may_sign", "created_at", "ended_at"})

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "team"], condition=models.Q(ended_at=None), name="one_current_membership"
            )
        ]
