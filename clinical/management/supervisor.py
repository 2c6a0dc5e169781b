"""The processes of the product on one machine, for the demo and the tests; a site uses its own supervisor."""

import base64
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from clinical.embedded import Services

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_S = 20.0
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this child when the supervisor is gone, even by SIGKILL (Linux, prctl)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """The processes of the product; one that dies is started again."""

    def __init__(self, environment: dict[str, str], logs: Path) -> None:
        self.environment = environment
        self.logs = logs
        self.commands: dict[str, list[str]] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.is_stopping = False

    def start(self, name: str, command: list[str]) -> None:
        """Start a process, its output into `logs/NAME.log`."""
        self.commands[name] = command
        log = (self.logs / f"{name}.log").open("ab")
        with log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def watch_once(self) -> list[str]:
        """Start again whatever has died; say which."""
        dead = [name for name, child in self.running.items() if child.poll() is not None]
        for name in dead:
            if not self.is_stopping:
                self.start(name, self.commands[name])
        return dead

    def stop(self) -> None:
        """Ask all to end, then make them."""
        self.is_stopping = True
        for child in self.running.values():
            child.terminate()
        deadline = time.monotonic() + STOP_S
        for child in self.running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def free_port(first: int = 0) -> int:
    """Find a free port of loopback, the wanted one if it is."""
    for port in (first, 0):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def processes(port: int, *, beat_schedule: Path) -> dict[str, list[str]]:
    """Name the processes of the product and how each is started."""
    celery = [sys.executable, "-m", "celery", "-A", "clinical.celery"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    web = [sys.executable, "-m", "gunicorn", "clinical.wsgi", "--bind", f"127.0.0.1:{port}"]
    return {
        "web": [*web, "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm"],  # noqa: S108 - memory
        "worker": [*worker, "-n", "interactive@%h", "-Q", "interactive", "-c", "2"],
        "overnight": [*worker, "-n", "overnight@%h", "-Q", "overnight", "-c", "1"],
        "recovery": [*worker, "-n", "recovery@%h", "-Q", "recovery", "-P", "solo"],
        "beat": [*celery, "beat", "--schedule", str(beat_schedule), "--loglevel", "INFO"],
    }


def local_secrets(local: Path) -> dict[str, str]:
    """Make the keys of a folder's database once, readable by their owner only."""
    path = local / "secrets.json"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(
            json.dumps(
                {
                    "EPITOME_SECRET_KEY": secrets.token_urlsafe(48),
                    "EPITOME_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
                }
            )
        )
    found: dict[str, str] = json.loads(path.read_text())
    return found


def environment_for(services: Services, port: int, local: Path) -> dict[str, str]:
    """Put together what the processes are told."""
    return {
        **os.environ,
        **local_secrets(local),
        "DATABASE_URL": services.database_url,
        "DATABASE_OWNER_URL": services.database_owner_url,
        "REDIS_URL": services.redis_url,
        "EPITOME_DEMO": "1",
        "EPITOME_PLAIN_HTTP": "1",
        "EPITOME_HOSTS": "localhost,127.0.0.1",
        "EPITOME_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
        "DJANGO_SETTINGS_MODULE": "clinical.settings",
    }
