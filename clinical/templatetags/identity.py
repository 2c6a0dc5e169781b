"""How a patient's identity is written in templates."""

import datetime

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def age(birth_date: datetime.date) -> str:
    """Write an age today as clinicians do: days, weeks or months for the youngest, else years.

    Args:
        birth_date: the day of birth; a day after today gives "not yet born".
    """
    today = timezone.localdate()
    days = (today - birth_date).days
    if days < 0:
        return "not yet born"
    months = (today.year - birth_date.year) * 12 + today.month - birth_date.month
    months -= today.day < birth_date.day
    if days < 28:
        return f"{days} d"
    if months < 3:
        return f"{days // 7} wk"
    if months < 24:
        return f"{months} mo"
    return f"{months // 12} y"


@register.filter
def days(found: list[str] | None) -> list[str]:
    """Write ISO days as a banner does, as in "3 Feb 1961"."""
    return [f"{day.day} {day:%b %Y}" for day in map(datetime.date.fromisoformat, found or [])]
