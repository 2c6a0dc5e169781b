"""What an operator types about accounts, care teams and memberships."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from clinical.actions.audit import SYSTEM
from clinical.actions.prompts import current
from clinical.models import CareTeam, Membership, Role, User


class AccountForm(forms.Form):
    """A new account. Its role is for life, so nothing is chosen beforehand."""

    full_name = forms.CharField(
        label="Full name",
        max_length=120,
        help_text="Shown on what this person signs.",
    )
    username = forms.CharField(
        label="User name",
        max_length=64,
        validators=[
            RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", "Use letters, digits, dots, dashes, underscores.")
        ],
        help_text="What this person types to log in. Capitals make no difference. It never changes.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(
        label="Role",
        choices=Role.choices,
        widget=forms.RadioSelect,
        help_text="A role is for life: a second role is a second account.",
    )

    def clean_username(self) -> str:
        """Refuse the name under which the audit lists the system's own acts."""
        username: str = self.cleaned_data["username"]
        if username.casefold() == SYSTEM:
            raise forms.ValidationError("The audit calls the product itself so. Choose another.")
        return username


class TeamForm(forms.Form):
    """A new care team."""

    name = forms.CharField(label="Name of the team", max_length=120)


class TeamPromptForm(forms.Form):
    """The kind of summary that a care team has made."""

    prompt = forms.ChoiceField(
        error_messages={
            "required": "Choose a kind of summary.",
            "invalid_choice": "There is no such kind of summary. Choose another.",
        }
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["prompt"].choices = [(kind.name, kind.title) for kind in current()]  # type: ignore[attr-defined]


class ClinicianChoice(forms.ModelChoiceField):
    """A choice of people that tells namesakes apart."""

    def label_from_instance(self, obj: Any) -> str:
        """Name the person and the account."""
        return f"{obj.full_name} ({obj.username})"


class MembershipForm(forms.Form):
    """A new member of a team: only clinicians in use who are not members already."""

    account = ClinicianChoice(
        label="Clinician", queryset=User.objects.none(), empty_label="Choose a clinician"
    )
    may_sign = forms.BooleanField(
        label="May sign summaries for this team's patients",
        required=False,
        help_text="Leave this off for people in training: they review, and a colleague signs.",
    )

    def __init__(self, *args: Any, team: CareTeam, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.filter(team=team, ended_at=None).values("user")
        clinicians = User.objects.filter(role=Role.CLINICIAN, is_active=True).exclude(pk__in=members)
        self.fields["account"].queryset = clinicians.order_by("full_name", "username")  # type: ignore[attr-defined]


class SigningForm(forms.Form):
    """The right to sign, given or taken."""

    may_sign = forms.BooleanField(required=False)
