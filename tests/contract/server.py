"""A real vLLM server, started as a site starts it: `python -m inference.worker` in vLLM's own environment."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx

from clinical.management.supervisor import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "tests" / "models" / "tiny-llama"
PYTHON = ROOT / ".local" / "vllm-venv" / "bin" / "python"
START_S = 240  # a cold start on a busy machine with two cores took 100
# float32: the same claims with and without streaming. The rest keeps a test server small and quick to start.
FOR_TESTS = ("--dtype", "float32", "--gpu-memory-utilization", "0.1", "--max-model-len", "8192")


class Server:
    """One server process group.

    Attributes:
        url: its address, without /v1.
        key: what it wants as bearer token.
        log: the file with all that it writes.
    """

    def __init__(self, folder: Path, *, key: str = "a key for the tests alone", port: int = 0) -> None:
        self.key = key.replace(" ", "-")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"vllm-{self.port}.log"
        key_file = folder / f"key-{self.port}"
        key_file.write_text(self.key, encoding="utf-8")
        key_file.chmod(0o600)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EPITOME_")}
        environment |= {
            "EPITOME_ENGINE_KEY_FILE": str(key_file),
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "OMP_NUM_THREADS": "2",
        }
        command = [str(PYTHON), "-m", "inference.worker", "--model", str(MODEL), "--port", str(self.port)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *FOR_TESTS, "--shutdown-timeout", "20", "--", "--enforce-eager"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until it serves.

        Raises:
            RuntimeError: it ended, or took longer than `START_S`; the message has the end of its log.
        """
        end = time.monotonic() + START_S
        headers = {"Authorization": f"Bearer {self.key}"}
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/v1/models", headers=headers, trust_env=False).status_code == 200:
                    return
            time.sleep(0.5)
        self.kill()
        raise RuntimeError(f"vLLM did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def freeze(self) -> None:
        """Stop all its processes where they are, as an overloaded machine does."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let its processes go on, if there are any left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end, as a supervisor does, and make sure of it.

        Returns:
            Its exit status.
        """
        self._process.terminate()
        try:
            return self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            self.kill()
