"""A real vLLM server for a measurement, started as a site starts it: `python -m inference.worker`."""

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from clinical.management.supervisor import free_port

ROOT = Path(__file__).resolve().parents[1]
VLLM_PYTHON = ROOT / ".local" / "vllm-venv" / "bin" / "python"
START_S = 300.0
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        url: its address, without /v1.
        key: what it wants as bearer token.
        command: the command line that the worker became, as it logged it.
    """

    url: str
    key: str
    command: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request must carry."""
        return {"Authorization": f"Bearer {self.key}"}


@contextlib.contextmanager
def serving(
    model: Path,
    arguments: Sequence[str] = (),
    *,
    folder: Path,
    python: Path = VLLM_PYTHON,
    environment: Mapping[str, str] | None = None,
    cores: Collection[int] | None = None,
) -> Iterator[Server]:
    """Start a server, wait until it serves, and end it with all its processes.

    Args:
        model: folder of the model.
        arguments: further ones for the worker; what stands after `--` goes to vLLM.
        folder: for its key and its log.
        python: of the environment that has vLLM.
        environment: added to this process's own.
        cores: the only ones that it may run on; None: all.

    Raises:
        RuntimeError: it ended or was not ready in time; the message has the end of its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, key = free_port(), secrets.token_urlsafe(24)
    key_file, log = folder / "key", folder / "vllm.log"
    key_file.write_text(key, encoding="utf-8")
    key_file.chmod(0o600)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EPITOME_")}
    kept |= {"EPITOME_ENGINE_KEY_FILE": str(key_file), **(environment or {})}
    command = [str(python), "-m", "inference.worker", "--model", str(model), "--port", str(port), *arguments]
    with log.open("wb") as output, on_cores(cores):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", key, "")
        _wait(server, process, log)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        line = next((line for line in lines if line.startswith("command: ")), "")
        yield Server(server.url, key, line.removeprefix("command: "))
    finally:
        _end(process)


@contextlib.contextmanager
def on_cores(cores: Collection[int] | None) -> Iterator[None]:
    """Keep this process, and every process that it starts inside, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before if cores is None else cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            url = f"{server.url}/v1/models"
            if httpx.get(url, headers=server.headers, trust_env=False).status_code == 200:
                return
        time.sleep(0.5)
    raise RuntimeError(f"vLLM did not start:\n{log.read_text(errors='replace')[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
