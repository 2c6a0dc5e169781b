"""The closed lists that every part of Epitome shares: enums only, no behaviour but a label for people."""

from enum import StrEnum


class _Labelled(StrEnum):
    @property
    def label(self) -> str:
        """The value as a person reads it: first letter large, underscores as spaces."""
        words = self.value.replace("_", " ")
        return words[:1].upper() + words[1:]


class Category(_Labelled):
    """What kind of clinical statement a claim is."""

    REASON = "reason"
    PROBLEM = "problem"
    SYMPTOM = "symptom"
    MEDICATION = "medication"
    ALLERGY = "allergy"
    VITAL_OR_LAB = "vital_or_lab"
    PROCEDURE = "procedure"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    FOLLOW_UP = "follow_up"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The category as a person reads it, with the usual hyphen in "Follow-up"."""
        return "Follow-up" if self is Category.FOLLOW_UP else super().label


class Assertion(_Labelled):
    """In what sense a claim holds; `family` means that it is about a relative, not the patient."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    HYPOTHETICAL = "hypothetical"
    FAMILY = "family"


class DrugStatus(_Labelled):
    """What becomes of a drug, as the note says it."""

    CONTINUED = "continued"
    STARTED = "started"
    STOPPED = "stopped"
    CHANGED = "changed"
    HELD = "held"
    UNSTATED = "unstated"


class Severity(_Labelled):
    """How much a flag matters: a critical one needs a decision of its own before signing."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTE = "note"


class FactKind(_Labelled):
    """What kind of must-carry statement a fact of the source is."""

    ALLERGY = "allergy"
    MEDICATION = "medication"
    MEDICATION_STARTED = "medication_started"
    MEDICATION_CHANGED = "medication_changed"
    MEDICATION_STOPPED = "medication_stopped"
    VITAL_SIGN = "vital_sign"
    LABORATORY = "laboratory"
    RED_FLAG = "red_flag"
    DIAGNOSIS = "diagnosis"
    PROCEDURE = "procedure"
    PENDING_RESULT = "pending_result"
    FOLLOW_UP = "follow_up"
    CODE_STATUS = "code_status"
    PERTINENT_NEGATIVE = "pertinent_negative"


class SymptomState(_Labelled):
    """Whether the source gives a symptom as there, as not there, or as past."""

    PRESENT = "present"
    ABSENT = "absent"
    HISTORICAL = "historical"


class NoteType(_Labelled):
    """What kind of document a note is."""

    DISCHARGE = "discharge"
    CLINIC_LETTER = "clinic_letter"
    PROGRESS = "progress"
    EMERGENCY = "emergency"
    CONSULT = "consult"
    OTHER = "other"


class DocumentFormat(_Labelled):
    """A format Epitome reads; the value is the file extension without its dot."""

    TXT = "txt"
    MD = "md"
    PDF = "pdf"
    DOCX = "docx"
    RTF = "rtf"

    @property
    def label(self) -> str:
        """The format as a person names it."""
        return {"txt": "Plain text", "md": "Markdown", "docx": "Word (DOCX)"}.get(
            self.value, self.value.upper()
        )


class SentenceKind(_Labelled):
    """What shape a sentence of a note has on the page."""

    TEXT = "text"
    BULLET = "bullet"
    ROW = "row"
    HEADER = "header"
