"""The engine goes away and comes back while the product runs: all are told, and nobody has to do anything."""

import json
import time
from pathlib import Path

import pytest

from clinical.actions import audit
from clinical.models import AuditEvent, Job, Role, Summary
from tests.conftest import Product, wait_for
from tests.factories import make_account, make_clinician, make_document
from tests.failure.test_recovery import signed_in

pytestmark = pytest.mark.timeout(240)
NOTES = 6
NOTICED_S = 30


def test_an_engine_that_goes_and_comes_back_costs_no_note_and_no_hand(
    product: Product, tmp_path: Path
) -> None:
    down, script = tmp_path / "down", tmp_path / "script.json"
    answer = {"sentence_claims": 2, "delay_s": 0.2}
    script.write_text(json.dumps({"answers": [answer], "repeat_last": True, "down_file": str(down)}))
    product.children.environment["EPITOME_ENGINE_SCRIPT"] = str(script)
    product.start("web", "worker", "recovery", "beat")
    clinician, operator = make_clinician(), make_account(Role.OPERATOR)
    browsers = [(signed_in(product, clinician.username), "/worklist/", "The engine has not answered since")]
    browsers.append((signed_in(product, operator.username), "/jobs/", "The engine does not answer"))

    def is_told() -> bool:
        return all(words in browser.get(path).text for browser, path, words in browsers)

    down.write_text("unreachable")
    began = time.monotonic()
    for n in range(NOTES):
        make_document(
            clinician, text=f"Invented patient {n}.\nCough for {n} days. Takes aspirin 81 mg daily."
        )
    wait_for(is_told, timeout_s=NOTICED_S)
    wait_for(lambda: Job.objects.filter(error_code="engine_down").count() == NOTES, timeout_s=NOTICED_S)
    assert time.monotonic() - began < 2 * NOTICED_S
    assert not Job.objects.filter(status=Job.Status.FAILED).exists()

    down.unlink()
    wait_for(lambda: Summary.objects.filter(status=Summary.Status.READY).count() == NOTES, timeout_s=60)
    wait_for(lambda: not any(words in browser.get(path).text for browser, path, words in browsers))

    assert set(Job.objects.values_list("status", flat=True)) == {Job.Status.DONE}
    assert AuditEvent.objects.filter(type="engine_lost").count() == 1
    assert AuditEvent.objects.filter(type="engine_regained").count() == 1
    assert audit.verify_chain().problem == ""
    for browser, *_ in browsers:
        browser.close()
