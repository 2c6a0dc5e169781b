"""What an operator asks the list of jobs for."""

from typing import Any
from uuid import UUID

from django import forms

from clinical.models import Job


class JobListForm(forms.Form):
    """The address of a page of the list. A value that means nothing is left out."""

    status = forms.ChoiceField(choices=Job.Status.choices, required=False)
    before = forms.UUIDField(required=False)
    refresh = forms.ChoiceField(choices=[("off", "off")], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    @property
    def status_wanted(self) -> str:
        """The state to show, or "" for all."""
        return str(self.cleaned_data.get("status", ""))

    @property
    def cursor(self) -> UUID | None:
        """Show jobs older than this one."""
        return self.cleaned_data.get("before")

    @property
    def is_paused(self) -> bool:
        """Whether the person stopped the page from refreshing itself."""
        return self.cleaned_data.get("refresh") == "off"
