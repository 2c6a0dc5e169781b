"""What a clinician types to find, register or share a patient."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from clinical.actions import patients
from clinical.models import CareTeam, User
from clinical.models.patients import Sex

OLDEST_YEARS = 125
QUIET = {"autocomplete": "off", "spellcheck": "false"}
"""Names and numbers of patients have no place in a browser's memory of forms."""


class DateField(forms.DateField):
    """A day, picked or typed, in the browser's own control."""

    def __init__(self, **kwargs: Any) -> None:
        self.widget = forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d")
        super().__init__(**kwargs)


class SearchForm(forms.Form):
    """An MRN, or words of a name."""

    query = forms.CharField(
        label="MRN or name",
        max_length=200,
        help_text="A whole MRN, or whole words of the name in any order.",
        error_messages={"required": "Type an MRN, or words of a name."},
        widget=forms.TextInput(attrs={**QUIET, "type": "search"}),
    )


class PatientForm(forms.Form):
    """A new patient of one of the clinician's care teams."""

    mrn = forms.CharField(
        label="MRN",
        max_length=40,
        help_text="As on the wristband. Spaces, dashes and capitals make no difference.",
        error_messages={"required": "Type the MRN."},
        widget=forms.TextInput(attrs=QUIET),
    )
    family_name = forms.CharField(
        label="Family name",
        max_length=120,
        error_messages={"required": "Type the family name."},
        widget=forms.TextInput(attrs=QUIET),
    )
    given_name = forms.CharField(
        label="Given names",
        max_length=120,
        error_messages={"required": "Type at least one given name."},
        widget=forms.TextInput(attrs=QUIET),
    )
    birth_date = DateField(label="Date of birth", error_messages={"required": "Give the date of birth."})
    sex = forms.ChoiceField(
        label="Sex",
        choices=[("", "Choose…"), *Sex.choices],
        error_messages={"required": "Choose one; “Not known” is allowed."},
    )
    team = forms.ModelChoiceField(
        label="Care team",
        queryset=CareTeam.objects.none(),
        empty_label="Choose…",
        help_text="Its members will see the patient.",
        error_messages={"required": "Choose the care team."},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = patients.teams_of(by)
        team: Any = self.fields["team"]
        team.queryset = teams
        only = teams[:2]
        if len(only) == 1:
            team.initial, team.widget = only[0].pk, forms.HiddenInput()

    def clean_mrn(self) -> str:
        """Refuse an MRN without a letter or digit."""
        mrn: str = self.cleaned_data["mrn"]
        if not any(character.isalnum() for character in mrn):
            raise forms.ValidationError("An MRN has letters or digits.")
        return mrn

    def clean_birth_date(self) -> dt.date:
        """Refuse a day to come, or one no living person was born on."""
        day: dt.date = self.cleaned_data["birth_date"]
        today = timezone.localdate()
        if day > today:
            raise forms.ValidationError("This day is still to come.")
        if day.year < today.year - OLDEST_YEARS:
            raise forms.ValidationError(f"This is more than {OLDEST_YEARS} years ago. Check the year.")
        return day


def guess_patient(query: str) -> dict[str, str]:
    """Read what was searched for as the beginning of a new patient: an MRN if it has digits, else a name."""
    query = query.strip()
    if any(character.isdigit() for character in query):
        return {"mrn": query}
    if "," in query:
        family, _, given = query.partition(",")
        return {"family_name": family.strip(), "given_name": given.strip()}
    given, _, family = query.rpartition(" ")
    return {"family_name": family.strip(), "given_name": given.strip()}


class ShareForm(forms.Form):
    """Another care team that shall look after the patient too."""

    team = forms.ModelChoiceField(
        label="Care team",
        queryset=CareTeam.objects.none(),
        empty_label="Choose…",
        error_messages={
            "required": "Choose the care team.",
            "invalid_choice": "Choose a care team of the list.",
        },
    )

    def __init__(self, *args: Any, teams: list[CareTeam], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.queryset = CareTeam.objects.filter(pk__in=[team.pk for team in teams]).order_by("name")
