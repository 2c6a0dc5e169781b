"""A summary as plain text, for the clipboard."""

import datetime as dt
import textwrap
from collections.abc import Iterator

from django.utils import timezone

from clinical.actions.review_pages import ReviewPage
from clinical.actions.reviewed_claims import ReviewedClaim
from clinical.models import User

CAVEAT = "Flags are rules, not certainty; a claim without a flag has not been verified."
NO_CLAIM = "No claim. Look in the note."
READ_IN_PARTS = (
    "This note was too long for the engine to read at once. It was read in {} parts;"
    " what only shows when two parts are read together may be missing."
)
DIGEST_CHARACTERS = 12


def plain_text(page: ReviewPage, *, by: User, at: dt.datetime) -> str:
    """Write a summary out with its draft status, open flags, assertions in words and sources.

    Args:
        page: a complete summary.
        by: who takes it out.
        at: when, in the site's time zone.
    """
    return "\n".join([*_head(page), "", *_left_out(page), *_claims(page), *_foot(page, by, at)]) + "\n"


def _head(page: ReviewPage) -> Iterator[str]:
    patient, note = page.patient, page.document
    yield from _status(page)
    if page.withdrawals:
        yield "ENTERED IN ERROR: the note was withdrawn after signing. Do not use this summary."
    for caution in page.written_cautions:
        yield from _wrapped("", f"CAUTION: {caution.title}. {caution.sentence}")
    if page.newer_notes:
        yield "A corrected note has replaced the source of this summary."
    yield ""
    yield f"Patient: {patient.name}; born {_day(patient.birth_date)}; {patient.get_sex_display()}"
    yield f"MRN: {patient.mrn}"
    version = page.summary.model_version
    yield f"Drafted by: {version.engine}, {version.model}"
    yield f"Kind: {page.kind}"
    yield f"Source: {note.get_note_type_display()} of {_day(note.note_date)}; S numbers its sentences"
    if page.summary.parts > 1:
        yield from _wrapped("", READ_IN_PARTS.format(page.summary.parts))
    if page.uncited_words:
        yield from _wrapped("", page.uncited_words)


def _status(page: ReviewPage) -> Iterator[str]:
    signature = page.signature
    if signature is None:
        yield page.draft_label
        yield CAVEAT
        return
    yield f"Signed by {signature.signed_by.full_name}, {_moment(signature.signed_at)}"
    unread = _claims_in_words(signature.unread_count)
    yield f"Digest {signature.digest[:DIGEST_CHARACTERS]}; {unread} signed unread"


def _left_out(page: ReviewPage) -> Iterator[str]:
    """Critical facts that the summary does without: nobody has decided, or somebody decided so."""
    if not page.ledger.is_known:
        yield "Nobody looked for what is left out when this draft was made."
        yield ""
        return
    facts = [*page.left_out, *page.ledger.overruled]
    if not facts:
        return
    yield "LEFT OUT OF THIS SUMMARY" if page.signature else "LEFT OUT OF THIS DRAFT"
    for fact in facts:
        sources = ", ".join(f"S{number}" for number in fact.numbers)
        state = "nobody has decided" if fact.is_open else f"not needed, said {fact.by}: {fact.reason}"
        yield from _wrapped(
            "! " if fact.is_open else "- ", f"{fact.kind_label}: {fact.text} [{sources}; {state}]"
        )
    yield "Found by rules, which do not find everything."
    yield ""


def _claims(page: ReviewPage) -> Iterator[str]:
    for section, claims in page.by_section:
        yield section.title.upper()
        if not section.categories:
            yield from _wrapped("  ", f"For the reader: {section.carry}.")
        elif not claims:
            yield f"  {NO_CLAIM}"
        for claim in claims:
            yield from _claim(claim, is_signed=page.signature is not None)
        yield ""


def _claim(claim: ReviewedClaim, *, is_signed: bool) -> Iterator[str]:
    sources = ", ".join(f"S{number}" for number in claim.evidence) or "no sentence"
    doing = {"accept": "accepted", "edit": "edited", "add": "added"}.get(claim.verb)
    state = f"{doing} by {claim.by}" if doing else "signed unread" if is_signed else "not decided"
    yield from _wrapped("- ", f"{claim.spoken} [{sources}; {state}]")
    for flag in claim.flags:
        standing = "decided" if claim.is_decided else "open"
        yield from _wrapped("    ! ", f"{flag.severity.capitalize()}, {standing}: {flag.message}")
    if claim.reason:
        yield from _wrapped("    ", f"Reason: {claim.reason}")


def _foot(page: ReviewPage, by: User, at: dt.datetime) -> Iterator[str]:
    rejected = sum(claim.is_rejected for claim in page.claims)
    if rejected:
        yield f"{_claims_in_words(rejected)} rejected and left out."
    for addendum in page.addenda:
        yield f"ADDENDUM by {addendum.by.full_name}, {_moment(addendum.at)}:"
        yield from _wrapped("  ", addendum.text)
        yield ""
    yield "-" * 20
    state = page.draft_label or "Signed"
    yield f"{state}. Copied by {by.full_name}, {_moment(at)}."


def _wrapped(lead: str, text: str) -> list[str]:
    """Fold at 100 characters, indented under the first line's text."""
    return textwrap.wrap(text, 100, initial_indent=lead, subsequent_indent=" " * len(lead)) or [lead]


def _claims_in_words(count: int) -> str:
    return "1 claim" if count == 1 else f"{count} claims"


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"


def _moment(moment: dt.datetime) -> str:
    local = timezone.localtime(moment)
    return f"{_day(local)} {local:%H:%M}"
