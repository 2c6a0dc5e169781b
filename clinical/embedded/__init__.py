"""Run PostgreSQL and Valkey from Python wheels, for the demo and the tests only.

Both listen on 127.0.0.1 alone, on free ports, behind passwords made on first use. A site never uses this
package: it points `DATABASE_URL`, `DATABASE_OWNER_URL` and `REDIS_URL` at its own servers instead.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clinical.embedded.postgresql import APPLICATION_ROLE, OWNER_ROLE, PostgreSQL
from clinical.embedded.server import EmbeddedError
from clinical.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Services", "running"]


@dataclass(frozen=True)
class Services:
    """Addresses of the running services, and handles to disturb them in failure tests."""

    database_url: str  # the application's role: owns nothing
    database_owner_url: str  # migrates, creates test databases
    redis_url: str
    postgresql: PostgreSQL
    valkey: Valkey

    def restart_postgresql(self) -> None:
        self.postgresql.restart()

    def freeze_valkey(self) -> None:
        self.valkey.freeze()

    def thaw_valkey(self) -> None:
        self.valkey.thaw()


@contextlib.contextmanager
def running(root: Path = Path(".local"), *, fast: bool = False) -> Iterator[Services]:
    """Run PostgreSQL and Valkey while the block runs.

    Enter it from a thread that outlives the block: the kernel stops the servers when that thread ends.

    Args:
        root: where data, logs and passwords live; one running() at a time for each. Any length.
        fast: give up durability for speed; for tests.

    Yields:
        Addresses that hold until the block ends, across restarts and kills of the servers too.

    Raises:
        EmbeddedError: already running from this root, or a service cannot start.
    """
    root = root.absolute()
    # Another OS user must pass through to its own data; the files in it are closed to it.
    root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    with _only_one(root), contextlib.ExitStack() as started:
        passwords = _passwords(root)
        postgresql = PostgreSQL(root, passwords, fast=fast)
        valkey = Valkey(root, passwords["valkey"])
        servers: Sequence[PostgreSQL | Valkey] = (postgresql, valkey)
        for server in servers:
            server.log.touch(mode=0o600)
            server.create()
            started.callback(server.stop)
            server.start_anywhere()
        postgresql.create_roles()
        yield Services(
            database_url=postgresql.url(APPLICATION_ROLE),
            database_owner_url=postgresql.url(OWNER_ROLE),
            redis_url=valkey.url,
            postgresql=postgresql,
            valkey=valkey,
        )


@contextlib.contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Hold the root's lock; the kernel drops it with the process."""
    with (root / "embedded.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise EmbeddedError(
                f"PostgreSQL and Valkey already run from {root} "
                f"(process {lock.read().strip() or 'unknown'}). Stop that first: Ctrl-C in its terminal."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _passwords(root: Path) -> dict[str, str]:
    """The passwords of this root, made on first use and readable by its owner only."""
    path = root / "passwords.json"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        names = ("postgres", OWNER_ROLE, APPLICATION_ROLE, "valkey")
        unfinished.write_text(json.dumps({name: secrets.token_urlsafe(24) for name in names}))
        unfinished.rename(path)
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords
