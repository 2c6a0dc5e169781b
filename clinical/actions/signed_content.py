"""What a signature keeps: all that was shown and decided, enough to replay it."""

import hashlib
from dataclasses import asdict
from typing import Any

from clinical.actions import lexicons
from clinical.actions.ledger import as_signed
from clinical.actions.review_pages import ReviewPage
from clinical.models import Review, User


def signed_content(page: ReviewPage, review: Review, *, by: User, signed_at: str) -> dict[str, Any]:
    """Put together what a signature must be replayed from."""
    version = page.summary.model_version
    texts = {sentence.number: sentence for sentence in page.sentences}
    return {
        "signed_by": {"id": str(by.pk), "name": by.full_name},
        "signed_at": signed_at,
        "patient": str(page.patient.pk),
        "sources": [
            {"note": str(page.note.pk), "sha256": hashlib.sha256(page.note.text.encode()).hexdigest()}
        ],
        "summary": str(page.summary.pk),
        "model_version": {
            "engine": version.engine,
            "model": version.model,
            "weights": version.weights_digest,
            "adapter": version.adapter_digest,
            "prompt": version.prompt,
            "prompt_digest": version.prompt_digest,
            "settings": version.settings,
        },
        "claims": [
            {
                "target": str(claim.target),
                "text": claim.text,
                "details": [*claim.details, *([("Status", claim.lapsed)] if claim.lapsed else [])],
                "category": claim.category,
                "assertion": claim.assertion,
                "status": claim.verb or "signed unread",
                "by": claim.by,
                "reason": claim.reason,
                "original": claim.original,
                "flags": [asdict(flag) for flag in claim.flags],
                "evidence": [
                    {"number": n, "start": texts[n].start, "end": texts[n].end, "text": texts[n].text}
                    for n in claim.evidence
                    if n in texts
                ],
            }
            for claim in page.claims
        ],
        "facts": [as_signed(fact) for fact in page.ledger.facts] if page.ledger.is_known else None,
        "lexicons": {lexicon.name: lexicon.digest for lexicon in lexicons.in_use()},
        "drafted_by_rules": page.summary.rules,
        "decisions": [
            {
                "number": d.number,
                "verb": d.verb,
                "target": str(d.target),
                "fact": str(d.fact_id) if d.fact_id else None,
                "by": str(d.by_id),
                "at": d.at.isoformat(),
                "content": d.content,
                "reason": d.reason,
            }
            for d in review.decisions.order_by("number")
        ],
    }
