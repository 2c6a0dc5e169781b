"""The measurements compare like with like: the same requests, and shapes that the worker takes."""

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from bench.engine import body, notes, ours, settings_for
from bench.gpu import HEAD, Cell
from bench.server import Server
from bench.shapes import LLAMA_8B, TINY, write_adapter, write_model
from inference.prompts import load_prompt
from inference.worker.manifest import verify_manifest
from inference.worker.model import read_adapter, read_model
from tests.contract.wire import running_wire, whole

PROMPT = load_prompt("problem_oriented")
Result = TypeVar("Result")


def in_a_thread(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it on a loop of its own: the browser tests leave one running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_bench_serve_is_given_what_our_client_sends() -> None:
    note = notes(1, seed=1)[0]
    claim = {"text": "Rest", "category": "plan", "assertion": "present", "evidence": [1]}
    with running_wire() as wire:
        wire.replies = [whole(json.dumps({"claims": [claim]}))]
        settings = settings_for(Server(wire.url, "key", ""))
        run, finished = in_a_thread(ours(settings, [note], PROMPT, stream=False))
        (sent,) = wire.asked

    sent["max_completion_tokens"] = sent.pop("max_tokens")  # vLLM's newer name for the same
    assert {name: value for name, value in sent.items() if name not in {"model", "stream"}} == body(
        note, PROMPT
    )
    assert finished == [note]
    assert run.served == 1
    assert run.claims == 1


def test_a_shape_has_all_that_the_worker_wants_but_weights(tmp_path: Path) -> None:
    write_model(tmp_path / TINY.name, TINY)
    write_model(tmp_path / LLAMA_8B.name, LLAMA_8B)

    large = read_model(tmp_path / LLAMA_8B.name, has_weights=False)

    assert verify_manifest(tmp_path / TINY.name)
    assert large.weights_bytes // 2 == 8_030_261_248  # the parameters of Llama 3.1 8B
    assert large.kv_bytes == 128 * 1024


def test_the_adapter_of_noise_is_one_that_the_worker_takes(tmp_path: Path) -> None:
    write_model(tmp_path / TINY.name, TINY)
    write_adapter(tmp_path / "adapter", TINY)

    shape = read_model(tmp_path / TINY.name, has_weights=False)
    adapter = read_adapter(tmp_path / "adapter", shape, names=[TINY.name])
    data = (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])

    assert verify_manifest(tmp_path / "adapter")
    assert adapter.rank == 16
    assert max(entry["data_offsets"][1] for entry in header.values()) == len(data) - begin


def test_a_row_fits_its_head() -> None:
    row = Cell("base line", 16, is_bound=True, seconds=2.0, finished=4, output_tokens=1200).row()

    assert row.count("|") == HEAD.splitlines()[0].count("|")
    assert "| 2.00 | 600 |" in row
