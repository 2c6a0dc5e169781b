"""Rates that ship with the checker are read as they were written, and said in whole numbers."""

import json

from clinical.templatetags.plain_numbers import between
from inference.evaluation.rates import read_rates

FORM = {
    "checker": "abc",
    "claims": {
        "true": {"n": 150, "flagged": 7, "interval": [0.023, 0.094]},
        "false": {"n": 150, "flagged": 140, "interval": [0.88, 0.966]},
    },
    "kinds": [
        {"kind": "number", "label": "changed numbers", "n": 60, "caught": 58, "interval": [0.89, 0.99]}
    ],
}


def test_rates_are_read_with_their_intervals() -> None:
    rates = read_rates(json.dumps(FORM))

    assert (rates.true.count, rates.true.n, between(rates.true)) == (7, 150, "2 to 10")
    assert (rates.false.count, rates.false.n, between(rates.false)) == (140, 150, "88 to 97")
    assert [(rate.label, rate.count, rate.n) for rate in rates.kinds] == [("changed numbers", 58, 60)]
