"""Numbers in words that a reader without statistics understands."""

import math
from typing import Any

from django import template

register = template.Library()


@register.filter
def between(rate: Any) -> str:
    """Give a rate's interval in whole hundredths, rounded outwards: "2 to 10"."""
    low, high = round(rate.low * 100, 6), round(rate.high * 100, 6)
    return f"{math.floor(low)} to {math.ceil(high)}"
