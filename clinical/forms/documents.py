"""What a clinician gives with a document, and why they take one back."""

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from clinical.actions.patients import DocumentLine
from clinical.actions.prompts import current
from clinical.forms.patients import DateField
from inference.vocabulary import DocumentFormat, NoteType

ACCEPTED = ",".join(f".{kind}" for kind in DocumentFormat)
PASTED = "pasted.txt"


class FilesInput(forms.ClearableFileInput):
    """A control that takes many files."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Many files, each as it came: what is in them is the action's to judge."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Keep every file, the empty ones too, so that each gets its own answer."""
        return list(data or [])


class UploadForm(forms.Form):
    """Files or pasted text, with what kind of note they are and of which day."""

    documents = FilesField(
        label="Files",
        required=False,
        widget=FilesInput(attrs={"accept": ACCEPTED}),
        help_text="Text, Markdown, PDF, Word (.docx) or RTF; at most 20 MB each.",
    )
    text = forms.CharField(
        label="Text of the note",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )
    note_type = forms.ChoiceField(
        label="Kind of note",
        choices=[("", "Choose…"), *((kind.value, kind.label) for kind in NoteType)],
        error_messages={"required": "Choose what kind of note it is."},
    )
    note_date = DateField(label="Date of the note", error_messages={"required": "Give the date of the note."})
    prompt = forms.ChoiceField(
        label="Kind of summary",
        required=False,
        error_messages={"invalid_choice": "There is no such kind of summary. Choose another."},
    )
    supersedes = forms.TypedChoiceField(
        label="Corrects an earlier note",
        required=False,
        coerce=UUID,
        empty_value=None,
        help_text="Drafts made from the earlier one will say that it was corrected.",
    )

    def __init__(
        self, *args: Any, correctable: list[DocumentLine], default_prompt: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        prompt: Any = self.fields["prompt"]
        prompt.choices = [(kind.name, kind.title) for kind in current()]
        prompt.initial = default_prompt
        supersedes: Any = self.fields["supersedes"]
        supersedes.choices = [
            ("", "No, it is a new note"),
            *((str(line.document.note.pk), _title(line)) for line in correctable),
        ]

    def clean_note_date(self) -> dt.date:
        """Refuse a day to come."""
        day: dt.date = self.cleaned_data["note_date"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day is still to come.")
        return day

    def clean(self) -> dict[str, Any]:
        """Ask for something to keep; one note can correct only one other."""
        cleaned = super().clean() or {}
        count = len(cleaned.get("documents") or []) + bool((cleaned.get("text") or "").strip())
        if not count:
            self.add_error("documents", "Choose at least one file, or paste the text.")
        if count > 1 and cleaned.get("supersedes"):
            self.add_error("supersedes", "Send the correcting note alone.")
        return cleaned

    def contents(self) -> list[tuple[str, bytes]]:
        """List what to keep: the name and the bytes of each file, and the pasted text as a UTF-8 file."""
        found = [(file.name or "", file.read()) for file in self.cleaned_data["documents"]]
        text = self.cleaned_data["text"]
        return [*found, (PASTED, text.encode())] if text.strip() else found


def _title(line: DocumentLine) -> str:
    document = line.document
    uploaded = timezone.localtime(document.uploaded_at)
    kind = NoteType(document.note_type).label
    return f"{kind}, {document.note_date:%-d %b %Y} (uploaded {uploaded:%-d %b %Y, %H:%M})"


class ConfirmForm(forms.Form):
    """Why a document that names another patient is this one's after all."""

    prefix = "confirm"
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        help_text="It stands on the draft and on every print of it.",
        error_messages={"required": "Say why it is this patient's."},
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    is_sure = forms.BooleanField(
        label="I have compared name, date of birth and MRN",
        error_messages={"required": "Tick this to confirm."},
    )


class WithdrawForm(forms.Form):
    """Why a document was entered in error."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        help_text="For colleagues who open it later. Kept encrypted.",
        error_messages={"required": "Say why this was entered in error."},
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    is_sure = forms.BooleanField(
        label="Hide this document and everything made from it",
        error_messages={"required": "Tick this to confirm."},
    )
