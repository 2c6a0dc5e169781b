"""The demo's supervisor: a child that dies is started again, and none outlives it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from clinical.management.supervisor import ROOT, Children, free_port, processes

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
SUPERVISOR = """
import sys, time
from pathlib import Path
from clinical.management.supervisor import Children
children = Children({}, Path(sys.argv[1]))
children.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])
print(children.running["sleeper"].pid, flush=True)
time.sleep(60)
"""


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    children = Children({}, tmp_path)
    children.start("sleeper", SLEEPER)
    first = children.running["sleeper"]
    try:
        assert children.watch_once() == []
        first.kill()
        first.wait()

        assert children.watch_once() == ["sleeper"]
        assert children.running["sleeper"].pid != first.pid
        assert children.running["sleeper"].poll() is None
    finally:
        children.stop()
    assert children.running["sleeper"].poll() is not None
    assert children.watch_once() == ["sleeper"]
    assert children.running["sleeper"].poll() is not None, "a stopped supervisor starts nothing"


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path)]
    supervisor = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    with supervisor.stdout as words:
        child = int(words.readline())
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()

    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.05)


def test_the_product_is_five_processes_on_loopback(tmp_path: Path) -> None:
    port = free_port()
    commands = processes(port, beat_schedule=tmp_path / "beat")

    assert set(commands) == {"web", "worker", "overnight", "recovery", "beat"}
    assert f"127.0.0.1:{port}" in commands["web"]
