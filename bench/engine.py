"""How much of a vLLM server our client gets out of it, beside `vllm bench serve` in the same minutes.

    python -m bench engine                      5 rounds, some minutes on two cores
    python -m bench engine --rounds 2 --requests 48

Both sides send the same chats with the same schemas, the same limit and temperature 0 to the same server, 48
in flight, a new request on every completion. The server has core 0, the clients core 1. Rounds interleave
the three (`vllm bench serve`, ours whole, ours streamed), each round beginning with another. `vllm bench
serve` always streams and throws the text away; our client also writes the chat and the schema of each note
and reads every claim strictly, and that is timed.

The notes are invented. Before anything is timed each is asked about once; only those stay whose answer ends
by itself, because our client counts no other. So the server's prefix cache, which a site has too, knows
every prompt before the first round, whoever asks; it then does little but write, and what a client costs
weighs most.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from bench.server import ROOT, VLLM_PYTHON, Server, on_cores, serving
from inference.engines.base import Completion, EngineError, EngineRequest
from inference.engines.site import LOOPBACK, SiteNetworks
from inference.engines.vllm import VllmEngine
from inference.engines.vllm_client import VllmClient
from inference.engines.vllm_settings import VllmSettings
from inference.pipeline import CheckedClaim, summarize
from inference.prompts import Prompt, load_prompt
from inference.schema import claims_schema
from inference.text import Note, normalise, read_note
from inference.worker.command import server_environment

LOCAL = ROOT / ".local" / "bench-engine"
MODEL = ROOT / "tests" / "models" / "tiny-llama"
IN_FLIGHT = 48
MAX_OUTPUT_TOKENS = 512
LINES = 16
BARS = {"whole": 0.95, "streamed": 0.90}
SERVER = (
    "--dtype", "float32", "--gpu-memory-utilization", "0.1", "--max-model-len", "16384",
    "--max-num-seqs", "64", "--shutdown-timeout", "20",
)  # fmt: skip
CORES = {"OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "0", "VLLM_CPU_KVCACHE_SPACE": "1"}


@dataclass(slots=True)
class Run:
    """What one side did with one round's requests."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    served: int = 0  # answers that count: for ours, finished and read to the end
    failed: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    output_tokens: int = 0
    claims: int = 0

    @property
    def per_second(self) -> float:
        """Throughput: answers that count, over the whole time from the first request to the last answer."""
        return self.served / self.seconds


def notes(count: int, seed: int) -> list[Note]:
    """Invent notes of about `LINES` sentences, drawn from the lines of the demo's invented notes."""
    chance = random.Random(seed)
    lines = sorted(
        {
            sentence.text
            for path in (ROOT / "demo" / "notes").iterdir()
            for sentence in read_note(normalise(path.read_text(encoding="utf-8"))).sentences
            if 20 <= len(sentence.text) <= 100 and sentence.text.endswith(".") and "\n" not in sentence.text
        }
    )
    texts = ("\n".join(f"- {line}" for line in chance.sample(lines, LINES)) for _ in range(count))
    return [read_note(normalise(text)) for text in texts]


def settings_for(server: Server) -> VllmSettings:
    """Say where the server is, as a site's settings would."""
    return VllmSettings(
        url=server.url,
        networks=SiteNetworks(LOOPBACK),
        key=server.key,
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )


async def ours(
    settings: VllmSettings, asked: Sequence[Note], prompt: Prompt, *, stream: bool
) -> tuple[Run, list[Note]]:
    """Read notes with our client, 48 in flight, refilled on every completion.

    Returns:
        What was measured, and the notes whose answers ended by themselves.
    """
    client, run, finished = VllmClient(settings), Run(), list[Note]()
    # A worker knows long before what the server can do and how long the prompt is.
    await client.fits(EngineRequest(note=asked[0], prompt=prompt))
    waiting = iter(asked)

    async def seat() -> None:
        for note in waiting:
            request = EngineRequest(note=note, prompt=prompt, stream=stream)
            try:
                async with aclosing(client.claims(request)) as items:
                    async for item in items:
                        if not isinstance(item, Completion):
                            run.claims += 1
                            continue
                        run.served += 1
                        run.prompt_tokens += item.prompt_tokens or 0
                        run.output_tokens += item.output_tokens or 0
                        finished.append(note)
            except EngineError as error:
                run.failed[error.code] += 1

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(seat() for _ in range(IN_FLIGHT)))
    run.seconds, run.cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    await client.close()
    return run, finished


def body(note: Note, prompt: Prompt) -> dict[str, Any]:
    """Write the request that our client sends, its `stream` and `model` apart."""
    shown = EngineRequest(note=note, prompt=prompt).shown
    schema = {"name": "claims", "strict": True, "schema": claims_schema(shown, prompt.categories)}
    return {
        "messages": [message.model_dump() for message in prompt.messages(shown)],
        "temperature": 0,
        "max_completion_tokens": MAX_OUTPUT_TOKENS,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


class BenchServe:
    """`vllm bench serve` in a process of its own, which imports vLLM once."""

    def __init__(self, server: Server, model: str) -> None:
        self._server, self._model = server, model
        self._log = (LOCAL / "bench-serve.log").open("wb")
        self._process = subprocess.Popen(
            [str(VLLM_PYTHON), "-m", "bench.yardstick"],
            cwd=ROOT,
            env=server_environment(os.environ, key="") | {"OPENAI_API_KEY": server.key},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> "BenchServe":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def wait_until_ready(self) -> None:
        """Wait until it has imported vLLM, which would take the clients' core."""
        self._read()

    def run(self, asked: Sequence[Note], prompt: Prompt) -> Run:
        """Have the same requests sent."""
        data = LOCAL / "requests.jsonl"
        rows = (json.dumps(body(note, prompt)) for note in asked)
        data.write_text("\n".join(rows) + "\n", encoding="utf-8")
        arguments = [
            "--backend", "openai-chat", "--endpoint", "/v1/chat/completions", "--base-url", self._server.url,
            "--model", self._model, "--skip-tokenizer-init", "--disable-tqdm",
            "--dataset-name", "custom", "--dataset-path", str(data),
            "--num-prompts", str(len(asked)), "--max-concurrency", str(IN_FLIGHT),
        ]  # fmt: skip
        assert self._process.stdin is not None
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        measured = json.loads(self._read())
        return Run(
            seconds=measured["duration"],
            cpu_s=measured["cpu_s"],
            served=measured["completed"],
            failed=Counter({"failed": measured["failed"]}) if measured["failed"] else Counter(),
            prompt_tokens=measured["total_input_tokens"],
            output_tokens=measured["total_output_tokens"],
        )

    def _read(self) -> str:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return line
        raise RuntimeError(f"vllm bench serve ended: see {Path(self._log.name).relative_to(ROOT)}")


def first_claims(settings: VllmSettings, asked: Sequence[Note], prompt: Prompt) -> tuple[float, float]:
    """Measure an idle server, one request at a time, the two in turn.

    Returns:
        Median seconds to the first checked claim through the pipeline, and to a raw stream's first token.
    """
    claims, tokens = [], []
    engine = VllmEngine(settings)
    model = engine.version().model
    headers = {"Authorization": f"Bearer {settings.key}"}
    with httpx.Client(base_url=settings.base_url, headers=headers, timeout=120, trust_env=False) as raw:
        for note in asked:
            began = time.perf_counter()
            for item in summarize(note, prompt=prompt, engine=engine):
                if isinstance(item, CheckedClaim):
                    claims.append(time.perf_counter() - began)
                    break
            asking = body(note, prompt) | {"model": model, "stream": True}
            began = time.perf_counter()
            with raw.stream("POST", "chat/completions", json=asking) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: {") and '"content":"' in line.replace('"content":""', ""):
                        tokens.append(time.perf_counter() - began)
                        break
    engine.close()
    return statistics.median(claims), statistics.median(tokens)


def print_run(name: str, run: Run) -> None:
    """Print one side of one round."""
    failed = " ".join(f"{code}:{count}" for code, count in run.failed.items()) or "-"
    each_ms = run.cpu_s / max(1, run.served) * 1000
    print(
        f"  {name:<12} {run.per_second:7.2f}/s  {run.seconds:6.1f} s  {run.served:4d} served, failed {failed}"
        f"  tokens {run.prompt_tokens:7d} in {run.output_tokens:6d} out  {each_ms:5.1f} ms CPU each",
        flush=True,
    )


def measure(server: Server, arguments: argparse.Namespace) -> None:
    """Choose notes, run the rounds, print the ratios."""
    prompt, settings = load_prompt(arguments.prompt), settings_for(server)
    with BenchServe(server, MODEL.name) as bench_serve:
        bench_serve.wait_until_ready()
        candidates = notes(arguments.requests * 4 // 3, seed=arguments.seed)
        run, finished = asyncio.run(ours(settings, candidates, prompt, stream=False))
        print_run("choosing", run)
        assert len(finished) >= IN_FLIGHT, "too few answers end by themselves"
        pool = finished[: arguments.requests]
        print(f"{len(pool)} notes, {run.claims / run.served:.1f} claims each, prompt {prompt.name}")
        rates: dict[str, list[float]] = {"bench serve": [], "whole": [], "streamed": []}
        cpu: dict[str, list[float]] = {name: [] for name in rates}
        for number in range(arguments.rounds):
            random.Random(number).shuffle(pool)
            print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}")
            names = list(rates)
            for name in names[number % 3 :] + names[: number % 3]:
                if name == "bench serve":
                    run = bench_serve.run(pool, prompt)
                else:
                    run, _ = asyncio.run(ours(settings, pool, prompt, stream=name == "streamed"))
                rates[name].append(run.per_second)
                cpu[name].append(run.cpu_s / max(1, run.served) * 1000)
                print_run(name, run)
    print(f"\nOver vllm bench serve, {IN_FLIGHT} in flight, {arguments.rounds} rounds")
    for name, bar in BARS.items():
        ratios = [mine / its for mine, its in zip(rates[name], rates["bench serve"], strict=True)]
        middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
        print(
            f"  {name:<12} median {middle:.3f}, from {least:.3f} to {most:.3f} (bar {bar:.2f})"
            f", client CPU {statistics.median(cpu[name]):.1f} ms a request"
        )
    print(f"  bench serve  client CPU {statistics.median(cpu['bench serve']):.1f} ms a request")
    claim, token = first_claims(settings, pool[: arguments.firsts], prompt)
    count = min(len(pool), arguments.firsts)
    print(f"\nFirst checked claim over first token, idle server, {count} times in turn")
    print(f"  {claim * 1000:.0f} ms over {token * 1000:.0f} ms: {claim / token:.1f}")
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def main(argv: Sequence[str] | None = None) -> None:
    """Start the server, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench engine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=96, help="a round and side")
    parser.add_argument("--firsts", type=int, default=24, help="requests one at a time")
    parser.add_argument("--prompt", default="problem_oriented", help="kind of summary")
    parser.add_argument("--seed", type=int, default=7, help="of the notes")
    parser.add_argument("--no-prefix-caching", action="store_true", help="every prompt is read again")
    arguments = parser.parse_args(argv)
    LOCAL.mkdir(parents=True, exist_ok=True)
    caching = ["--no-enable-prefix-caching"] if arguments.no_prefix_caching else []
    cores = sorted(os.sched_getaffinity(0))
    servers, clients = {cores[0]}, {cores[-1]}
    extra = [*SERVER, "--", "--enforce-eager", *caching]
    environment = CORES | {"VLLM_CPU_OMP_THREADS_BIND": str(cores[0])}
    with (
        serving(MODEL, extra, folder=LOCAL, environment=environment, cores=servers) as server,
        on_cores(clients),
    ):
        print(server.command)
        measure(server, arguments)


if __name__ == "__main__":
    main()
