"""The real server is shut down, killed and frozen under the running product: no draft is cut, none is lost.

One server serves all tests of this file: a start takes a minute or two.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections

from clinical.actions import audit
from clinical.models import AuditEvent, EngineHealth, Job, Role, Summary, User
from clinical.models.jobs import MAX_ATTEMPTS
from inference.engines.base import DraftClaim, EngineRequest
from inference.engines.site import SiteNetworks
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_settings import VllmSettings
from inference.prompts import load_prompt
from inference.text import from_layout
from tests.conftest import Product, wait_for
from tests.contract.server import Server
from tests.factories import make_account, make_clinician, make_document
from tests.failure.test_recovery import signed_in

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]
IN_FLIGHT = 8
NOTICED_S = 30
FROZEN_S = 60
DONE_S = 180


class Lent:
    """The server of this file's tests; one that was ended is started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server(folder)
        self.server.wait_until_ready()

    def start_again(self) -> None:
        """Start a server where the last one was."""
        self.server = Server(self.folder, port=self.server.port)
        self.server.wait_until_ready()


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lent]:
    """A server that a test may freeze and end, if it leaves another."""
    made = Lent(tmp_path_factory.mktemp("vllm-outage"))
    yield made
    made.server.kill()


@pytest.fixture
def busy(product: Product, lent: Lent) -> tuple[Product, User]:
    """The product with one drafting process for each answer wanted in flight, and whose notes they are."""
    product.children.environment |= {
        "EPITOME_ENGINE_URL": lent.server.url,
        "EPITOME_ENGINE_KEY": lent.server.key,
        "EPITOME_SITE_NETWORKS": "127.0.0.0/8",
    }
    worker = product.commands["worker"]
    worker[worker.index("-c") + 1] = str(IN_FLIGHT)
    product.start("web", "worker", "recovery", "beat")
    product.wait_for_web()
    clinician = make_clinician()
    for n in range(4 * IN_FLIGHT):
        make_document(clinician, text=note(n))
    return product, clinician


def note(n: int) -> str:
    """An invented note that is long enough to be caught in the middle of its answer."""
    complaints = ["cough", "chest pain", "nausea", "headache", "back pain", "fatigue", "dizziness", "rash"]
    lines = [f"- Day {day}: {complaints[(n + day) % 8]} for {n + day + 1} days" for day in range(12)]
    drugs = [f"- {drug} {5 * (n + 1)} mg daily" for drug in ("Ramipril", "Bisoprolol", "Amlodipine")]
    return "\n".join(
        [
            f"Invented patient {n}, for testing.",
            "",
            "Course:",
            *lines,
            "",
            "Discharge medications:",
            *drugs,
            "",
        ]
    )


def freeze_in_the_middle(server: Server) -> set[str]:
    """Freeze the server when all drafting processes wait for its answers, half of them with a claim already.

    Returns:
        The jobs whose answers were in flight.
    """
    end = time.monotonic() + DONE_S
    streaming = Summary.objects.filter(status=Summary.Status.STREAMING)
    begun = streaming.filter(first_claim_at__isnull=False)
    while time.monotonic() < end:
        if begun.count() >= IN_FLIGHT // 2 and streaming.count() >= IN_FLIGHT:
            server.freeze()
            time.sleep(0.5)  # what was on its way arrives
            caught = {str(pk) for pk in streaming.values_list("job", flat=True)}
            if len(caught) >= IN_FLIGHT:
                return caught
            server.thaw()
        time.sleep(0.01)
    raise AssertionError(f"never {IN_FLIGHT} answers in flight; jobs: {states()}")


def states() -> dict[str, int]:
    """Count the drafting jobs by status and code."""
    found: dict[str, int] = {}
    for job in Job.objects.filter(kind=Job.Kind.SUMMARIZE):
        found[f"{job.status} {job.error_code}"] = found.get(f"{job.status} {job.error_code}", 0) + 1
    return found


def wait_until_all_are_done() -> None:
    """Wait until no job is left, and check that each note has one whole summary."""
    wait_for(lambda: not Job.objects.live().exists(), timeout_s=DONE_S)
    assert states() == {"done ": 4 * IN_FLIGHT}
    for job in Job.objects.filter(kind=Job.Kind.SUMMARIZE):
        assert sorted(job.summaries.values_list("status", flat=True)).count("ready") == 1
        assert job.attempts_left > 0
    assert audit.verify_chain().problem == ""


def assert_none_is_truncated(server: Server) -> None:
    """Ask the server again for each note: no stored summary is the beginning of a longer one."""
    engine = VllmEngine(VllmSettings(url=server.url, networks=SiteNetworks(), key=server.key))
    try:
        for summary in Summary.objects.filter(status=Summary.Status.READY):
            source = summary.sources.get().note
            request = EngineRequest(from_layout(source.text, source.layout), load_prompt("problem_oriented"))
            whole = [item.text for item in engine.claims(request) if isinstance(item, DraftClaim)]
            stored = [claim.text for claim in summary.claims.order_by("position")]
            assert stored
            assert not (len(stored) < len(whole) and whole[: len(stored)] == stored)
    finally:
        engine.close()


def assert_is_told(product: Product, clinician: User, *, is_down: bool) -> None:
    """Read over HTTP what the clinician's and the operator's pages say."""
    operator = User.objects.filter(role=Role.OPERATOR).first() or make_account(Role.OPERATOR)
    pages = [
        (clinician, "/worklist/", "The engine has not answered since"),
        (operator, "/jobs/", "The engine does not answer"),
    ]
    if is_down and (waiting := Job.objects.filter(status=Job.Status.QUEUED).first()):
        pages.append((clinician, f"/documents/{waiting.document_id}/", "The engine has not answered since"))
    for person, path, words in pages:
        with closing(signed_in(product, person.username)) as browser:
            assert (words in browser.get(path).text) is is_down, path


def test_a_frozen_server_is_noticed_within_30_seconds_and_work_resumes_by_itself(
    busy: tuple[Product, User], lent: Lent
) -> None:
    product, clinician = busy
    caught = freeze_in_the_middle(lent.server)
    frozen = time.monotonic()
    try:
        wait_for(EngineHealth.objects.filter(is_up=False).exists, timeout_s=NOTICED_S)
        noticed_s = time.monotonic() - frozen
        assert_is_told(product, clinician, is_down=True)
        time.sleep(max(0.0, FROZEN_S - (time.monotonic() - frozen)))
        assert_is_told(product, clinician, is_down=True)
        assert not EngineHealth.objects.get().is_up
    finally:
        lent.server.thaw()
    wait_until_all_are_done()

    print(f"frozen with {len(caught)} in flight: noticed after {noticed_s:.1f} s")
    assert noticed_s < NOTICED_S
    assert_is_told(product, clinician, is_down=False)
    assert_none_is_truncated(lent.server)
    kinds = AuditEvent.objects.filter(type__startswith="engine_").order_by("seq")
    assert [event.type for event in kinds] == ["engine_lost", "engine_regained"]


@pytest.mark.parametrize("ending", ["terminated", "killed"])
def test_a_server_that_ends_with_eight_answers_in_flight_truncates_and_loses_none(
    busy: tuple[Product, User], lent: Lent, ending: str
) -> None:
    product, clinician = busy
    caught = freeze_in_the_middle(lent.server)
    if ending == "terminated":
        lent.server.thaw()
        lent.server.stop()
    else:
        lent.server.kill()
    wait_for(EngineHealth.objects.filter(is_up=False).exists, timeout_s=NOTICED_S)
    assert_is_told(product, clinician, is_down=True)
    ended = Job.objects.filter(pk__in=caught)
    wait_for(lambda: not ended.filter(status=Job.Status.RUNNING).exists())
    finished = ended.filter(status=Job.Status.DONE).count()
    waiting = ended.filter(status=Job.Status.QUEUED, error_code="engine_down", attempts_left=MAX_ATTEMPTS)
    assert finished + waiting.count() == len(caught), states()
    connections.close_all()

    lent.start_again()
    wait_until_all_are_done()

    print(f"{ending} with {len(caught)} in flight: {finished} finished, {len(caught) - finished} made anew")
    assert_is_told(product, clinician, is_down=False)
    assert_none_is_truncated(lent.server)
