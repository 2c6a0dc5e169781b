"""`vllm bench serve`, run again and again in one process of vLLM's own environment.

    .local/vllm-venv/bin/python -m bench.yardstick     started by bench/engine.py

Takes one JSON list of the command's arguments a line and writes one line of JSON with what it measured. The
`vllm` console command does not start in the CPU build, and importing vLLM takes longer than a round.

Only the reading of the data set is ours: bench serve's own wants pandas, which the worker's environment has
not, and gives all requests one body. What is sent, measured and counted is bench serve's.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

KEPT = ("duration", "completed", "failed", "total_input_tokens", "total_output_tokens")


def main() -> None:
    """Serve until the input ends."""
    from vllm.benchmarks import serve

    serve.get_samples = samples
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # it prints tables
    parser = argparse.ArgumentParser()
    serve.add_cli_args(parser)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        arguments = parser.parse_args(json.loads(line))
        began = time.process_time()
        measured = serve.main(arguments)
        spent = time.process_time() - began
        result = {name: measured[name] for name in KEPT} | {"cpu_s": spent}
        print(json.dumps(result), file=answers, flush=True)


def samples(arguments: argparse.Namespace, tokenizer: object) -> list[Any]:
    """Read whole requests, a JSON object a line: the chat, and all else that stands in the body."""
    from vllm.benchmarks.datasets import SampleRequest

    requests = []
    for line in Path(arguments.dataset_path).read_text(encoding="utf-8").splitlines():
        body = json.loads(line)
        messages = body.pop("messages")
        request = SampleRequest(
            prompt="", prompt_len=1, expected_output_len=1, chat_messages=messages, request_overrides=body
        )
        requests.append(request)
    return requests


if __name__ == "__main__":
    main()
