"""One whole journey against the real server: uploaded in the product, read by the worker, drafted by vLLM."""

import time
from collections.abc import Callable

import pytest

from clinical.actions import audit, summaries
from clinical.models import AuditEvent, EngineHealth, Job, ModelVersion, Summary
from inference.prompts import load_prompt
from inference.worker.manifest import verify_manifest
from tests.conftest import Product
from tests.contract.conftest import Served
from tests.contract.server import MODEL
from tests.factories import NOTE, make_clinician, make_document

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(400)]
READY_S = 60
SENTINEL = "Zyxwvutine"


@pytest.fixture
def vllm_product(product: Product, vllm_served: Served) -> Product:
    """The product's processes, told where the server is as a site tells them."""
    product.children.environment |= {
        "EPITOME_ENGINE_URL": vllm_served.url,
        "EPITOME_ENGINE_KEY": vllm_served.key,
        "EPITOME_SITE_NETWORKS": "127.0.0.0/8",
    }
    return product


def wait(is_reached: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + READY_S
    while not is_reached():
        assert time.monotonic() < end, f"no {what} within {READY_S} s"
        time.sleep(0.2)


def test_an_uploaded_note_becomes_a_summary_drafted_by_vllm(
    vllm_product: Product, vllm_served: Served
) -> None:
    clinician = make_clinician()
    vllm_product.start("worker", "recovery", "beat")

    document = make_document(clinician, text=f"{NOTE}\nTakes {SENTINEL} 5 mg daily.\n")
    summaries_of_note = Summary.objects.filter(sources__note__document=document)
    wait(lambda: summaries_of_note.filter(status=Summary.Status.READY).exists(), "ready summary")

    summary = summaries_of_note.get()
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    assert page.claims
    assert summary.output_tokens
    version = ModelVersion.objects.get(pk=summary.model_version_id)
    assert (version.engine, version.model, version.is_generative) == ("vllm", MODEL.name, True)
    assert version.weights_digest == verify_manifest(MODEL)
    assert version.prompt_digest == load_prompt("problem_oriented").digest
    for claim in summary.claims.all():
        for evidence in claim.evidence.all():
            assert 0 <= evidence.start < evidence.end
    assert [job.attempt for job in Job.objects.filter(document=document)] == [1, 1]
    assert AuditEvent.objects.filter(type="summary_ready").count() == 1
    assert audit.verify_chain().problem == ""
    assert SENTINEL not in vllm_product.log()
    if vllm_served.log is not None:
        assert SENTINEL not in vllm_served.log.read_text(errors="replace")


def test_a_refused_key_holds_the_job_says_why_and_shows_no_draft(vllm_product: Product) -> None:
    vllm_product.children.environment["EPITOME_ENGINE_KEY"] = "wrong"
    vllm_product.start("worker", "recovery", "beat")

    document = make_document(make_clinician())
    held = Job.objects.filter(document=document, status=Job.Status.QUEUED, error_code="engine_down")
    wait(held.exists, "held job")

    assert EngineHealth.objects.get().error_code == "unauthorised"
    assert not Summary.objects.filter(status=Summary.Status.READY).exists()
