"""The whole stack: upload to ready, and the server time and query count of the main pages.

Yardsticks of the same minutes. For upload to ready: reading and summarising the note in one process, with no
web server, queue or database. For the pages: the health page, which makes a query and renders nothing.
"""

import datetime
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clinical.embedded import running
from clinical.management.supervisor import ROOT, Children, environment_for, free_port, processes

if TYPE_CHECKING:
    import httpx

LOCAL = ROOT / ".local" / "bench"
UPLOADS = 40
PAGES = 40
NOTE_CHARACTERS = 3_400
POLL_S = 0.02


def main() -> None:
    """Start the product with the demo's notes in a database of its own, then measure."""
    shutil.rmtree(LOCAL, ignore_errors=True)  # each run on the same data: an earlier one left its uploads
    with running(LOCAL) as services:
        port = free_port()
        environment = environment_for(services, port, LOCAL)
        os.environ.update(environment)
        for command in (["migrate", "--database", "owner", "-v0"], ["collectstatic", "--no-input", "-v0"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
        children = Children(environment, LOCAL)
        try:
            for name, command in processes(port, beat_schedule=LOCAL / "beat-schedule").items():
                children.start(name, command)
            subprocess.run(
                [sys.executable, "manage.py", "load_demo"],
                cwd=ROOT,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            import django

            django.setup()
            upload_to_ready(f"http://127.0.0.1:{port}")
        finally:
            children.stop()
        pages()


def note_text(n: int) -> str:
    """A demo note cut to the length, made unlike its copies by its first line."""
    text = (ROOT / "demo" / "notes" / "ashworth-2025-05-19-discharge.txt").read_text()
    body = text[text.index("\n") :].replace("EP-100231", "").replace("Ashworth", "")
    head = f"Invented patient, measurement {n}.\n"
    lines, length = [], len(head)
    for line in body.splitlines(keepends=True) * 3:
        if any(label in line for label in ("MRN", "DOB", "Patient", "NHS", "Born")):
            continue
        if length + len(line) > NOTE_CHARACTERS:
            break
        lines.append(line)
        length += len(line)
    return head + "".join(lines)


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies."""
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def upload_to_ready(url: str) -> None:
    """Paste a note over HTTP and poll until its summary is ready."""
    from clinical.models import Patient, User

    clinician = User.objects.get(username="heart")
    patient = Patient.objects.visible_to(clinician).first()
    assert patient is not None
    took, alone = [], []
    client = signed_in(url, "heart")
    for _ in range(UPLOADS):
        text = note_text(time.time_ns())
        began = time.monotonic()
        answer = client.post(
            f"/patients/{patient.pk}/upload/",
            data={
                "text": text,
                "note_type": "discharge",
                "note_date": datetime.date(2025, 6, 1).isoformat(),
            },
        )
        assert answer.status_code == 302, f"the upload was refused ({answer.status_code})"
        document_id = answer.headers["Location"].rstrip("/").split("/")[-1]
        wait_until_ready(document_id)
        took.append(time.monotonic() - began)
        began = time.monotonic()
        in_one_process(text)
        alone.append(time.monotonic() - began)
    median = statistics.median(took)
    tail = percentile(took, 0.95)
    print(f"\nUpload to ready, a pasted note of {len(note_text(0)):,} characters, {UPLOADS} times in turn")
    print(f"  whole stack             median {median * 1000:6.0f} ms   p95 {tail * 1000:6.0f} ms")
    print(f"  yardstick, in process   median {statistics.median(alone) * 1000:6.0f} ms")
    print(f"  ratio                   {median / statistics.median(alone):.1f}")


def wait_until_ready(document_id: str) -> None:
    """Look into the database until the summary is ready."""
    from clinical.models import Summary

    deadline = time.monotonic() + 60
    while not Summary.objects.filter(sources__note__document=document_id, status="ready").exists():
        assert time.monotonic() < deadline, "not ready within a minute"
        time.sleep(POLL_S)


def in_one_process(text: str) -> None:
    """Read and summarise a text with no web server, queue or database."""
    from inference.engines.extractive import ExtractiveEngine
    from inference.pipeline import summarize
    from inference.prompts import load_prompt
    from inference.text import normalise, read_note

    for _ in summarize(
        read_note(normalise(text)), prompt=load_prompt("problem_oriented"), engine=ExtractiveEngine()
    ):
        pass


def signed_in(url: str, username: str) -> "httpx.Client":
    """Log in over HTTP as a browser does."""
    import httpx

    from clinical.actions.demo import PASSWORD

    client = httpx.Client(base_url=url, timeout=30)
    page = client.get("/account/login/")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    client.headers["Referer"] = url
    answer = client.post(
        "/account/login/", data={"login": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    )
    assert answer.status_code == 302
    client.headers["X-CSRFToken"] = client.cookies["epitome_csrf"]
    return client


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Count the queries made inside."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        yield lambda: len(queries)


def pages() -> None:
    """Measure the server time of the main pages without a network, beside the health page."""
    from django.test import Client

    from clinical.models import Summary, User

    heart = User.objects.get(username="heart")
    summary = Summary.objects.visible_to(heart).filter(status="ready").order_by("id").first()
    assert summary is not None
    print(f"\nServer time of a page, {PAGES} times, demo's data and {UPLOADS} more notes")
    yardstick: float | None = None
    for label, username, path in (
        ("health (yardstick)", "heart", "/healthz"),
        ("worklist", "heart", "/worklist/"),
        ("review", "heart", f"/summaries/{summary.pk}/"),
        ("audit", "auditor", "/audit/"),
    ):
        client: Any = Client(HTTP_HOST="127.0.0.1")
        client.force_login(User.objects.get(username=username))
        took = []
        for _ in range(PAGES + 3):
            began = time.perf_counter()
            answer = client.get(path)
            took.append(time.perf_counter() - began)
            assert answer.status_code == 200
        with counted() as queries:
            client.get(path)
        median = statistics.median(took[3:])
        yardstick = yardstick or median
        print(
            f"  {label:<20} median {median * 1000:6.1f} ms   p95 {percentile(took[3:], 0.95) * 1000:6.1f} ms"
            f"   {queries():>3} queries   {median / yardstick:5.1f} × yardstick"
        )


if __name__ == "__main__":
    main()
