"""What an auditor filters by. It stands in the address, so only user names and references are taken."""

from typing import Any

from django import forms

from clinical.actions.audit import OUTAGES, SYSTEM, AuditFilter
from clinical.models import AuditEvent, AuditType, User

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def people() -> list[tuple[str, str]]:
    """List whoever can stand in the audit as having acted."""
    accounts = User.objects.order_by("username").values_list("username", "full_name")
    named = [(username, f"{username} ({full_name})") for username, full_name in accounts]
    return [("", "Anyone"), (SYSTEM, "The system itself"), *named]


class AuditFilterForm(forms.Form):
    """Person, patient reference, type, outcome and period; each left blank asks for all."""

    person = forms.ChoiceField(label="Person", choices=people, required=False)
    patient = forms.UUIDField(
        label="Patient reference",
        required=False,
        error_messages={
            "invalid": "A patient reference is a UUID, as shown in the table. Never type an MRN here."
        },
        widget=forms.TextInput(
            attrs={
                "pattern": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
                "title": "A UUID, as shown in the table; never an MRN or a name",
                "autocomplete": "off",
                "spellcheck": "false",
                "maxlength": "36",
            }
        ),
    )
    type = forms.ChoiceField(
        label="What",
        choices=[("", "Anything"), (OUTAGES, "Engine outages"), *AuditType.choices],
        required=False,
    )
    outcome = forms.ChoiceField(
        label="Outcome", choices=[("", "Any"), *AuditEvent.Outcome.choices], required=False
    )
    since = forms.DateField(label="From (UTC)", required=False, widget=DAY)
    until = forms.DateField(label="To (UTC), included", required=False, widget=DAY)
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "This day lies before the first one.")
        return cleaned

    def wanted(self) -> AuditFilter:
        """Give the filter of a valid form."""
        asked = dict(self.cleaned_data)
        return AuditFilter(patient_id=asked.pop("patient"), **asked)

    def chosen(self) -> list[tuple[str, str]]:
        """List the filters in use as names and values, for the form that exports the same rows."""
        return [(name, str(value)) for name, value in self.cleaned_data.items() if value and name != "before"]
