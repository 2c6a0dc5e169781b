"""python -m inference.worker --model NAME: verify the model's files, then become vLLM's OpenAI server.

What stands after `--` is handed to vLLM, if it is one of the options for speed and memory. The key that
clients must send comes from EPITOME_ENGINE_KEY or the file that EPITOME_ENGINE_KEY_FILE names, never from the
command line, where every user of the machine can read it.
"""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from inference.worker.address import LOOPBACK, is_loopback, listening_address
from inference.worker.command import (
    SWITCHES,
    Served,
    handed_on,
    server_arguments,
    server_environment,
    shell_line,
)
from inference.worker.distribution import installed_vllm
from inference.worker.key import Key, read_key
from inference.worker.manifest import ManifestError, verify_manifest
from inference.worker.memory import GIB, Memory, card_memory, machine_memory
from inference.worker.model import find_model, read_adapter, read_model
from inference.worker.refusal import Refusal
from inference.worker.sizing import Wanted, size

_MODELS = "/srv/models"


def _arguments(argv: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    cut = list(argv).index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(
        prog="python -m inference.worker", description=__doc__, allow_abbrev=False
    )
    add = parser.add_argument
    add("--model", required=True, help="name under --models, such as llama-3.1-8b-instruct, or a folder")
    models = environ.get("EPITOME_MODELS") or _MODELS
    add("--models", type=Path, default=Path(models), help="folder of model folders (default: %(default)s)")
    add("--name", help="name that clients ask for (default: the folder's name)")
    add("--adapter", type=Path, help="folder of a LoRA adapter and its manifest.json")
    add("--adapter-name", help="name that clients ask for (default: the folder's name)")
    add("--host", default="127.0.0.1", help="address inside EPITOME_SITE_NETWORKS (default: %(default)s)")
    add("--port", type=_positive, default=8000)
    add("--dtype", choices=("auto", "bfloat16", "float16", "float32"), default="auto")
    add("--memory-gib", type=_gib, help="the card's memory, where nvidia-smi cannot say")
    add("--gpu-memory-utilization", type=_share, help="share of it that vLLM may take (default: 0.9)")
    add("--max-model-len", type=_positive, help="tokens, prompt and answer (default: worked out)")
    add("--max-num-seqs", type=_positive, help="requests in one batch (default: worked out)")
    add("--max-num-batched-tokens", type=_positive, help="tokens in one step (default: worked out)")
    add("--shutdown-timeout", type=_positive, default=120, help="seconds for running answers")
    add("--check", action="store_true", help="verify and say what would be done; start nothing")
    arguments = parser.parse_args(argv[:cut])
    arguments.extra = tuple(argv[cut + 1 :])
    return arguments


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 up")
    return int(text)


def _gib(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of GiB")
    return float(text)


def _share(text: str) -> float:
    if not re.fullmatch(r"0\.\d+|1(\.0+)?", text) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no share between 0 and 1")
    return float(text)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Verify, say what will be done and why, and become the server, which then gets the signals itself.

    Returns:
        The exit status, where no server was started: 0 (`--check` found nothing wrong) or 1 (and why).
    """
    arguments = _arguments(argv, environ)
    try:
        program, environment = _prepare(arguments, environ)
    except (ManifestError, Refusal) as error:
        print(f"not started: {error}", file=sys.stderr, flush=True)
        return 1
    if not arguments.check:
        os.execve(sys.executable, program, environment)  # noqa: S606 - a list, no shell
    _say("check", "all well; nothing was started")
    return 0


def _say(topic: str, *sentences: str) -> None:
    # One line each, at once: under systemd the journal keeps them, before and after the process becomes vLLM.
    for sentence in sentences:
        print(f"{topic}: {sentence}", flush=True)


def _prepare(arguments: argparse.Namespace, environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    key = read_key(environ)
    host = listening_address(arguments.host, arguments.port, environ.get("EPITOME_SITE_NETWORKS") or LOOPBACK)
    _say_who_may_ask(host, arguments.port, key, is_encrypted="--ssl-certfile" in handed_on(arguments.extra))
    vllm = installed_vllm()
    _say("vllm", f"{vllm.name} {vllm.version}, {'for the processor' if vllm.is_cpu else 'for a GPU'}")
    served, has_weights = _served(arguments, environ, host, is_cpu=vllm.is_cpu)
    # vLLM's own console command asks for a distribution named "vllm", which its CPU build has not.
    program = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *server_arguments(served)]
    environment = server_environment(environ, key=key.value)
    if not has_weights:
        _say("warning", "random weights (--load-format dummy): for measuring speed, never for notes")
    kept = ", ".join(sorted(environment.keys() - SWITCHES.keys() - {"VLLM_API_KEY"}))
    _say("environment", f"kept: {kept}; all else is dropped but what the command below sets")
    _say("command", shell_line(program, environment))
    return program, environment


def _say_who_may_ask(host: str, port: int, key: Key, *, is_encrypted: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    reach = "this machine only" if is_loopback(host) else "inside EPITOME_SITE_NETWORKS"
    _say("address", f"{'https' if is_encrypted else 'http'}://{shown}:{port}, {reach}")
    _say("key", f"present, from {key.source}; its value is never shown" if key.value else "none")
    if key.warning:
        _say("warning", key.warning)
    if is_loopback(host):
        if not key.value:
            _say("warning", "without a key every user of this machine can ask the model")
        return
    if not key.value:
        raise Refusal("without a key (EPITOME_ENGINE_KEY_FILE) the worker listens on this machine only")
    _say("warning", "vLLM's key guards /v1 only; deploy/engine/nginx.conf lets through what Epitome asks")
    if not is_encrypted:
        _say("warning", "notes cross the network unencrypted: put the proxy in front")


def _served(
    arguments: argparse.Namespace, environ: Mapping[str, str], host: str, *, is_cpu: bool
) -> tuple[Served, bool]:
    has_weights = handed_on(arguments.extra).get("--load-format") != "dummy"
    folder = find_model(arguments.model, arguments.models)
    name = arguments.name or folder.name
    _say("model", f"{name}, {folder}")
    shape = read_model(folder, dtype=arguments.dtype, has_weights=has_weights)
    adapter = read_adapter(arguments.adapter, shape, names=(folder.name, name)) if arguments.adapter else None
    memory = _memory(arguments.memory_gib, environ, is_cpu=is_cpu)
    wanted = Wanted(
        max_model_len=arguments.max_model_len,
        max_num_seqs=arguments.max_num_seqs,
        max_num_batched_tokens=arguments.max_num_batched_tokens,
        utilization=arguments.gpu_memory_utilization,
    )
    sizing = size(shape, memory, wanted, adapter)
    _say("sizing", *sizing.reasons)
    _say("warning", *sizing.warnings)
    digest = verify_manifest(folder)
    _say("digest", f"{digest}, every file as its manifest says")
    adapter_digest = ""
    if adapter:
        adapter_digest = verify_manifest(arguments.adapter)
        _say("adapter", f"{arguments.adapter}, rank {adapter.rank}, {adapter_digest}, every file as listed")
    else:
        _say("adapter", "none")
    served = Served(
        model=folder,
        model_digest=digest,
        name=name,
        sizing=sizing,
        adapter=arguments.adapter.resolve() if adapter else None,
        adapter_digest=adapter_digest,
        adapter_name=(arguments.adapter_name or arguments.adapter.resolve().name) if adapter else "",
        adapter_rank=adapter.rank if adapter else 0,
        host=host,
        port=arguments.port,
        dtype=arguments.dtype,
        shutdown_timeout_s=arguments.shutdown_timeout,
        extra=arguments.extra,
    )
    return served, has_weights


def _memory(by_hand_gib: float | None, environ: Mapping[str, str], *, is_cpu: bool) -> Memory:
    if by_hand_gib is None:
        return machine_memory(environ) if is_cpu else card_memory(environ)
    kv_bytes = machine_memory(environ).kv_bytes if is_cpu else None
    return Memory("memory given by hand", int(by_hand_gib * GIB), kv_bytes=kv_bytes, is_cpu=is_cpu)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
