"""The checker's word lists, and which clinician of the site answers for which version of them."""

import datetime
import hashlib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from django.db import models

from clinical.access import NOT_FOUND, Refusal, Refused, may_approve_lexicons
from clinical.actions.audit import audited
from clinical.models import AuditType, LexiconApproval, LexiconWithdrawal, User
from inference.checking import lexicons as files_in_use
from inference.checking.lexicons.faults import lexicon_errors
from inference.evaluation.checker_version import checker_digest

DIGEST_CHARACTERS = 12
SITE_ADDS = "\n\n# ---- What this site adds ----\n\n"


@dataclass(frozen=True)
class Lexicon:
    """A word list as it ships with this version of the checker, with what the site adds to it.

    Attributes:
        digest: SHA-256 (hex) of the text: a changed word is another version.
        text: the whole file, and behind it the site's own.
        approved_by: the name of the clinician who approved this very version; "" while nobody has.
        approver: that clinician's id: who may withdraw the approval.
    """

    name: str
    scope: str
    sources: str
    version: str
    digest: str
    text: str
    approved_by: str = ""
    approved_at: datetime.datetime | None = None
    approver: UUID | None = None

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def short_digest(self) -> str:
        return self.digest[:DIGEST_CHARACTERS]


@cache
def in_use() -> tuple[Lexicon, ...]:
    """Read the word lists that the checker reads, by name, once per process as the checker does."""
    return tuple(_read(name) for name in files_in_use.lexicon_names())


def _read(name: str) -> Lexicon:
    text = (files("inference.checking.lexicons") / f"{name}.toml").read_text(encoding="utf-8")
    folder = files_in_use.site_folder()
    if folder is not None and (added := folder / f"{name}.toml").is_file():
        text += f"{SITE_ADDS}{added.read_text(encoding='utf-8')}"
    about = files_in_use.lexicon(name).get("about", {})
    return Lexicon(
        name=name,
        scope=about.get("scope", ""),
        sources=about.get("sources", ""),
        version=str(about.get("version", "")),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )


def rules_in_use() -> dict[str, Any]:
    """Name by digest the rules that check now, and each of their word lists with what the site adds."""
    return {"checker": checker_digest(), "lexicons": {lexicon.name: lexicon.digest for lexicon in in_use()}}


def listing() -> list[Lexicon]:
    """List the word lists with who approved this version of each."""
    digests = [lexicon.digest for lexicon in in_use()]
    approvals = {(row.name, row.digest): row for row in _standing().filter(digest__in=digests)}
    return [_approved(lexicon, approvals.get((lexicon.name, lexicon.digest))) for lexicon in in_use()]


def _standing() -> models.QuerySet[LexiconApproval]:
    """Select the approvals that nobody has withdrawn."""
    return LexiconApproval.objects.filter(withdrawal=None).select_related("by")


def _approved(lexicon: Lexicon, approval: LexiconApproval | None) -> Lexicon:
    if approval is None:
        return lexicon
    return replace(
        lexicon, approved_by=approval.by.full_name, approved_at=approval.at, approver=approval.by_id
    )


def look(digest: str) -> Lexicon:
    """Look at one word list by the digest of its content.

    Raises:
        Refused: 404, no list in use has that content.
    """
    for lexicon in listing():
        if lexicon.digest == digest:
            return lexicon
    raise Refused(NOT_FOUND)


def unapproved_count() -> int:
    """Count the word lists in use that no clinician of the site answers for."""
    approved = set(_standing().values_list("name", "digest"))
    return sum((lexicon.name, lexicon.digest) not in approved for lexicon in in_use())


def approve(*, by: User, digest: str) -> Lexicon:
    """Answer, by name, for one version of a word list.

    Raises:
        Refused: 403, no right to sign anywhere; 404, no list in use has that content; 409, it is approved.
    """
    with audited(AuditType.LEXICON_APPROVED, by=by) as entry:
        lexicon = look(digest)
        entry.detail.update(lexicon=lexicon.name, digest=lexicon.digest)
        if refusal := may_approve_lexicons(by):
            raise Refused(refusal)
        if not (kept := _standing().filter(name=lexicon.name, digest=lexicon.digest).first()):
            earlier = LexiconApproval.objects.filter(name=lexicon.name, digest=lexicon.digest).count()
            row = LexiconApproval(name=lexicon.name, digest=lexicon.digest, number=earlier + 1, by=by)
            LexiconApproval.objects.bulk_create([row], ignore_conflicts=True)
            kept = LexiconApproval.objects.select_related("by").get(
                name=row.name, digest=row.digest, number=row.number
            )
            if kept.pk == row.pk:
                entry.thing = kept
                return _approved(lexicon, kept)
        sentence = f"{kept.by.full_name} has approved this version already."
        raise Refused(Refusal("is_approved", sentence, 409))


def withdraw(*, by: User, digest: str) -> Lexicon:
    """Answer no longer for a version of a word list that one has approved.

    Raises:
        Refused: 403, somebody else approved it; 404, no list in use has that content; 409, nobody has.
    """
    with audited(AuditType.LEXICON_WITHDRAWN, by=by) as entry:
        lexicon = look(digest)
        entry.detail.update(lexicon=lexicon.name, digest=lexicon.digest)
        approval = _standing().filter(name=lexicon.name, digest=lexicon.digest).first()
        if approval is None:
            raise Refused(Refusal("not_approved", "Nobody answers for this version.", 409))
        entry.thing = approval
        if approval.by_id != by.pk:
            sentence = f"Only {approval.by.full_name}, who approved this version, can withdraw that."
            raise Refused(Refusal("not_yours", sentence), thing=approval)
        row = LexiconWithdrawal(approval=approval, by=by)
        LexiconWithdrawal.objects.bulk_create([row], ignore_conflicts=True)
        return replace(lexicon, approved_by="", approved_at=None, approver=None)


def faults() -> list[str]:
    """What is wrong with the word lists and the site's additions, a sentence each; empty where nothing is."""
    return lexicon_errors()
