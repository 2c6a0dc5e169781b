"""Clinicians' highlights in open mock consultations are carried by facts, symptoms or extracts."""

import pytest

from inference.evaluation.highlights import REPORTING_DAYS, highlight_recall
from inference.evaluation.open_notes import MissingData


def test_facts_symptoms_and_extracts_carry_most_of_what_clinicians_highlight() -> None:
    try:
        recall = highlight_recall(REPORTING_DAYS)
    except MissingData:
        pytest.skip("the open data is not on this machine")
    assert recall.highlights > 30
    assert recall.by_any >= 0.85 * recall.highlights
    assert max(recall.by_facts, recall.by_symptoms) <= recall.by_ledger <= recall.by_any


def test_a_day_without_consultations_has_no_highlights() -> None:
    try:
        recall = highlight_recall([99])
    except MissingData:
        pytest.skip("the open data is not on this machine")
    assert (recall.highlights, recall.missed) == (0, ())
