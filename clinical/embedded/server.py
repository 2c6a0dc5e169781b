"""A server process of our own, started, stopped and disturbed."""

import contextlib
import importlib.util
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import IO

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0
PORT_ATTEMPTS = 5


class EmbeddedError(Exception):
    """The embedded services cannot run; the message says why and what to do."""


class Server:
    """One server process on one port of 127.0.0.1, always a child of this process.

    The kernel asks it to shut down when the thread that started it dies, kill -9 included. A new session
    keeps a terminal's Ctrl-C away from it, so that its clients can stop first.
    """

    executable: Path
    stop_signal: signal.Signals
    quick_stop_signal: signal.Signals

    def __init__(self, directory: Path, log: Path) -> None:
        self.directory = directory
        self.log = log
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; it changes at each start.

        Raises:
            EmbeddedError: the server is not running.
        """
        if self._process is None or self._process.poll() is not None:
            raise EmbeddedError(f"{self.executable.name} is not running.")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers; what an earlier crash left behind is cleared first.

        Raises:
            EmbeddedError: it did not come up.
        """
        if self.is_running:
            return
        self._clear_remains()
        with self.log.open("ab") as log:
            self._process = self._spawn(log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None:
                raise EmbeddedError(
                    f"{self.executable.name} did not start. Its last words:\n{self._last_words()}"
                )
            if time.monotonic() > deadline:
                self.kill()
                raise EmbeddedError(
                    f"{self.executable.name} did not answer within {START_TIMEOUT_S:.0f} s: see {self.log}."
                )
            time.sleep(0.02)

    def start_anywhere(self) -> None:
        """Start on the port chosen, or on another when somebody took it in the meantime."""
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            try:
                self.start()
            except EmbeddedError:
                if not attempts_left or "ddress already in use" not in self._last_words():
                    raise
                self.port = _free_port()
            else:
                return

    def stop(self) -> None:
        """Stop in order: buffers written, clients disconnected."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self.thaw()
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(self.quick_stop_signal)
                self._process.wait(STOP_TIMEOUT_S)
        self._process = None

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    def freeze(self) -> None:
        """Stop answering while keeping every connection open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _clear_remains(self) -> None:
        """End what an earlier, killed run of this checkout left alive in our directory."""
        _end_processes_in(self.directory, self.executable.name, self.stop_signal)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def package_directory(package: str) -> Path:
    """Where an installed wheel lies, without running any of its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The package {package} is missing: run `make setup` (from a bundle: `install.sh --with-demo`),"
            " or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _free_port() -> int:
    """A free port of 127.0.0.1, below those the kernel hands out, so that it stays free across a restart."""
    choices = random.SystemRandom()
    for _ in range(100):
        port = choices.randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise EmbeddedError("No free port was found on 127.0.0.1.")


def bare_environment() -> dict[str, str]:
    """The caller's PG* variables, LANG and LD_LIBRARY_PATH must not steer our servers."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _processes_in(directory: Path, name: str) -> list[int]:
    """Processes of one program whose working directory is ours, oldest first."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            is_here = process.name.isdigit() and (process / "cwd").resolve() == directory.resolve()
            if is_here and (process / "comm").read_text().startswith(name[:15]):
                found.append(int(process.name))
    return sorted(found)


def _end_processes_in(directory: Path, name: str, first: signal.Signals) -> None:
    """Ask them to stop, then insist."""
    for number, patience_s in ((first, STOP_TIMEOUT_S), (signal.SIGKILL, STOP_TIMEOUT_S)):
        remaining = _processes_in(directory, name)
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + patience_s
        while remaining and time.monotonic() < deadline:
            time.sleep(0.05)
            remaining = _processes_in(directory, name)
        if not remaining:
            return
    raise EmbeddedError(f"A {name} from an earlier run of {directory.parent} cannot be ended.")
