"""Fixtures: the database as the application's role sees it, and the whole product as processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.db import connections

from clinical.actions import engines
from clinical.management.supervisor import ROOT, Children, free_port, processes
from clinical.sealed import current_key_id, search_hash

KEPT_TABLES = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "clinical_datakey",
    "clinical_audithead",
)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> None:
    """Migrate the session's database as its owner, and make the data keys once."""
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "--database", "owner"], ["collectstatic", "--no-input"]):
        subprocess.run([*manage, *command, "--verbosity", "0"], cwd=ROOT, check=True)
    with django_db_blocker.unblock():
        current_key_id()
        search_hash("name", "warm")
        connections.close_all()


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a test commit for real, for other processes to see; afterwards the owner empties the tables."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
    empty_tables()


def empty_tables() -> None:
    """Empty every table but those that the session needs, as the owner: the application may not."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        rows = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        names = ", ".join(f'"{name}"' for (name,) in rows if name not in KEPT_TABLES)
        owner.execute(f"TRUNCATE {names} CASCADE")  # type: ignore[call-overload]
        owner.execute("UPDATE clinical_audithead SET seq = 0, hash = decode(repeat('00', 32), 'hex')")


def wait_for(is_done: Callable[[], bool], *, timeout_s: float = 60) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + timeout_s
    while not is_done():
        assert time.monotonic() < deadline, f"not done within {timeout_s:.0f} s"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Say whether a web server is up."""
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


class Product:
    """Web server, workers and beat as processes of their own, against the session's database.

    Attributes:
        url: where the web server listens.
        children: the processes, by name: web, worker, overnight, recovery, beat.
    """

    def __init__(self, logs: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.logs = logs
        environment = {
            **os.environ,
            "EPITOME_ORIGINS": self.url,
            "DJANGO_SETTINGS_MODULE": "clinical.settings",
        }
        self.children = Children(environment, logs)
        self.commands = processes(self.port, beat_schedule=logs / "beat-schedule")

    def start(self, *names: str) -> None:
        """Start processes by name; all of them when none is named."""
        for name in names or self.commands:
            self.children.start(name, self.commands[name])

    def wait_for_web(self) -> None:
        """Wait until the web server answers."""
        wait_for(lambda: answers(self.url))

    def kill(self, name: str) -> None:
        """Kill a process and its children, as the machine's memory guard would."""
        child = self.children.running[name]
        os.killpg(child.pid, 9)
        child.wait()

    def log(self) -> str:
        """Read all that the processes wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.logs.glob("*.log")))


@pytest.fixture
def product(committed: None, tmp_path: Path) -> Iterator[Product]:
    """The product's processes; a test starts those it needs."""
    made = Product(tmp_path)
    try:
        yield made
    finally:
        made.children.stop()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Choose the scripted engine by the environment, as a site chooses its engine; call it with answers."""

    def play(*answers: dict[str, Any], repeat_last: bool = False, **more: Any) -> None:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"answers": answers, "repeat_last": repeat_last, **more}))
        monkeypatch.setenv("EPITOME_ENGINE_SCRIPT", str(path))
        engines.site_engine.cache_clear()

    yield play
    engines.site_engine.cache_clear()


@pytest.fixture
def down(script: Callable[..., None], tmp_path: Path) -> Path:
    """The file that keeps the scripted engine down, with the error code in it, for as long as it is there."""
    path = tmp_path / "down"
    path.write_text("unreachable")
    script({"sentence_claims": 2}, repeat_last=True, down_file=str(path))
    return path
