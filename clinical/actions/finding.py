"""The one look-up: what a person may not see is not there, and the attempt is audited."""

from typing import Any
from uuid import UUID

from clinical.access import NOT_FOUND, Refused
from clinical.models import AuditEvent, AuditType, User


def find(things: Any, pk: UUID | str, *, by: User) -> Any:
    """Fetch one thing that the person may see.

    Args:
        things: a manager or queryset with `visible_to`.
        pk: its id.

    Raises:
        Refused: 404. Where the thing exists, the refusal carries it, and `audited` writes the denial.
    """
    found = things.visible_to(by).filter(pk=pk).first()
    if found is None:
        raise Refused(NOT_FOUND, thing=things.model._base_manager.filter(pk=pk).first())
    return found


def has_opened(thing: Any, kind: AuditType, *, by: User) -> bool:
    """Say whether the person has opened a thing: only then is a poll of it no further read."""
    opened = AuditEvent.objects.filter(object_id=thing.pk, actor_id=by.pk, type=kind)
    return opened.filter(outcome=AuditEvent.Outcome.SUCCESS).exists()
