"""python -m inference.worker --model DIR: check the model's files, then become vLLM's OpenAI server.

Anything after `--` is handed to vLLM as it is. The key that clients must send comes from
EPITOME_ENGINE_KEY or the file that EPITOME_ENGINE_KEY_FILE names, never from the command line, where every
user of the machine can read it.
"""

import argparse
import ipaddress
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from inference.worker.command import RefusedOption, Served, server_arguments, server_environment, shell_line
from inference.worker.manifest import ManifestError, verify_manifest


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    cut = list(argv).index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(prog="python -m inference.worker", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the model and its manifest.json")
    parser.add_argument("--name", help="name that clients ask for (default: the folder's name)")
    parser.add_argument("--adapter", type=Path, help="folder of a LoRA adapter and its manifest.json")
    parser.add_argument("--adapter-name", help="name that clients ask for (default: the folder's name)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-model-len", type=int, default=8192, help="tokens, prompt and answer")
    parser.add_argument("--max-num-seqs", type=int, default=64, help="requests in one batch")
    parser.add_argument("--shutdown-timeout", type=int, default=120, help="seconds for running answers")
    parser.add_argument("--dry-run", action="store_true", help="check and print, start nothing")
    arguments = parser.parse_args(argv[:cut])
    arguments.extra = tuple(argv[cut + 1 :])
    return arguments


def read_key(environ: Mapping[str, str]) -> str:
    """Read the key from EPITOME_ENGINE_KEY or the file EPITOME_ENGINE_KEY_FILE names; "" without either.

    Raises:
        SystemExit: both are set, or the file cannot be read or is empty.
    """
    direct, file = environ.get("EPITOME_ENGINE_KEY", ""), environ.get("EPITOME_ENGINE_KEY_FILE", "")
    if direct and file:
        raise SystemExit("EPITOME_ENGINE_KEY and EPITOME_ENGINE_KEY_FILE are both set: keep one")
    if not file:
        return direct
    try:
        key = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SystemExit(f"EPITOME_ENGINE_KEY_FILE cannot be read ({type(error).__name__})") from None
    if not key:
        raise SystemExit("EPITOME_ENGINE_KEY_FILE names an empty file")
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main(argv: Sequence[str], environ: Mapping[str, str]) -> None:
    """Verify, print the exact command, and become the server, which then gets the signals itself.

    Raises:
        SystemExit: something is wrong; the message says what.
    """
    arguments = _arguments(argv)
    key = read_key(environ)
    if not key and not _is_loopback(arguments.host):
        raise SystemExit("without a key (EPITOME_ENGINE_KEY_FILE) the worker listens on this machine only")
    adapter = arguments.adapter.resolve() if arguments.adapter else None
    try:
        model_digest = verify_manifest(arguments.model)
        adapter_digest = verify_manifest(adapter) if adapter else ""
        served = Served(
            model=arguments.model.resolve(),
            model_digest=model_digest,
            name=arguments.name or arguments.model.resolve().name,
            adapter=adapter,
            adapter_digest=adapter_digest,
            adapter_name=arguments.adapter_name or (adapter.name if adapter else ""),
            host=arguments.host,
            port=arguments.port,
            max_model_len=arguments.max_model_len,
            max_num_seqs=arguments.max_num_seqs,
            shutdown_timeout_s=arguments.shutdown_timeout,
            extra=arguments.extra,
        )
        # vLLM's own console command asks for a distribution named "vllm", which its CPU build has not.
        program = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *server_arguments(served)]
    except (ManifestError, RefusedOption) as error:
        raise SystemExit(f"not started: {error}") from None
    environment = server_environment(environ, key=key)
    print(f"model {served.name}: {model_digest} verified", flush=True)
    print(shell_line(program, environment), flush=True)
    if not arguments.dry_run:
        os.execve(sys.executable, program, environment)  # noqa: S606 - a list, no shell


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
