"""What a clinician sends while reviewing: decisions, added claims, the signature, addenda."""

import re
from typing import Any

from django import forms

from clinical.models import Decision
from inference.vocabulary import Assertion, Category

CLAIM_CHARACTERS = 1_000
REASON_CHARACTERS = 1_000
ADDENDUM_CHARACTERS = 10_000
MOST_SENTENCES = 20

DECISIONS = [
    (verb.value, verb.label) for verb in (Decision.Verb.ACCEPT, Decision.Verb.EDIT, Decision.Verb.REJECT)
]
FACT_DECISIONS = [(verb.value, verb.label) for verb in (Decision.Verb.ADD, Decision.Verb.NOT_NEEDED)]


class SentenceNumbers(forms.CharField):
    """Sentence numbers as a clinician types them: "12, 14" or "S12 S14"; cleaned to a tuple of ints."""

    def clean(self, value: Any) -> tuple[int, ...]:
        """Read the numbers.

        Raises:
            ValidationError: something else than numbers was typed, or too many.
        """
        typed = super().clean(value)
        if not re.fullmatch(r"(?:[\s,;]*[Ss]?\d{1,5}(?![\d]))*[\s,;]*", typed):
            raise forms.ValidationError("Write sentence numbers like this: 12, 14.")
        numbers = tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", typed)))
        if len(numbers) > MOST_SENTENCES:
            raise forms.ValidationError(f"Name at most {MOST_SENTENCES} sentences.")
        return numbers


class _StatementForm(forms.Form):
    """The parts of a claim a clinician writes, and why it is right against the checker's doubt."""

    version = forms.IntegerField(min_value=0)
    text = forms.CharField(
        max_length=CLAIM_CHARACTERS, error_messages={"required": "Write what the claim says."}
    )
    category = forms.ChoiceField(choices=[(c.value, c.label) for c in Category])
    assertion = forms.ChoiceField(choices=[(a.value, a.label) for a in Assertion])
    evidence = SentenceNumbers(required=False)
    reason = forms.CharField(max_length=REASON_CHARACTERS, required=False)


class DecisionForm(_StatementForm):
    """Accept, edit or reject one claim; only an edit needs the claim's parts."""

    target = forms.UUIDField()
    verb = forms.ChoiceField(choices=DECISIONS)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        if data.get("verb") != Decision.Verb.EDIT:
            for name in ("text", "category", "assertion"):
                self.fields[name].required = False


class AdditionForm(_StatementForm):
    """A claim the draft left out."""


class FactForm(forms.Form):
    """Add a left-out fact as a claim, or say that it is not needed."""

    version = forms.IntegerField(min_value=0)
    fact = forms.UUIDField()
    verb = forms.ChoiceField(choices=FACT_DECISIONS)
    reason = forms.CharField(max_length=REASON_CHARACTERS, required=False)


class ClosingForm(forms.Form):
    """Close the left-out facts that are not critical, as the page showed them at this version."""

    version = forms.IntegerField(min_value=0)


class UndoForm(forms.Form):
    """Take back what was decided on one claim or fact; `fact` is the fact beside which it was asked."""

    version = forms.IntegerField(min_value=0)
    target = forms.UUIDField()
    fact = forms.UUIDField(required=False)


class SignatureForm(forms.Form):
    """Sign what the page showed at this version."""

    version = forms.IntegerField(min_value=0)


class AddendumForm(forms.Form):
    """A correction or addition to a signed summary."""

    text = forms.CharField(
        max_length=ADDENDUM_CHARACTERS, error_messages={"required": "An addendum needs text."}
    )


def first_error(form: forms.Form) -> str:
    """Say the first thing that is wrong with a form."""
    for name, errors in form.errors.items():
        label = "" if name in {"text", "evidence"} else f"{name.capitalize()}: "
        return f"{label}{errors[0]}"
    return ""
