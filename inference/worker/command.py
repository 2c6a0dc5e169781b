"""The vLLM command line and environment: what is switched on for correctness, and off for privacy."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Kept from the caller's environment; everything else is dropped, proxies and VLLM_SERVER_DEV_MODE among it.
_KEPT = frozenset({"PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_KEPT_PREFIXES = ("CUDA_", "NVIDIA_", "NCCL_", "OMP_", "VLLM_CPU_", "ROCR_", "HIP_")
_PRIVATE = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_LOGGING_LEVEL": "INFO",  # DEBUG would write prompts into the log
    "PYTHONUNBUFFERED": "1",
}
# What no option after "--" may undo: each would leak text or the key, or run code from the model folder.
_REFUSED = (
    "--api-key",
    "--enable-log-requests",
    "--enable-log-outputs",
    "--enable-log-deltas",
    "--enable-prompt-tokens-details",
    "--trust-remote-code",
    "--allowed-origins",
    "--enable-offline-docs",
    "--host",
    "--port",
    "--model",
    "--log-config-file",
    "--logging-config",
    "--log-level",
    "--middleware",
    "--otlp-traces-endpoint",
)
DIGESTS = "epitome-digests"  # first part of a served name that tells a client which files were verified


class RefusedOption(Exception):
    """An option for vLLM would undo a protection. The message names the option."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a worker serves and where."""

    model: Path  # folder of weights, tokenizer and manifest
    model_digest: str  # sha256 hex, from the manifest
    name: str  # as clients ask for it
    adapter: Path | None = None  # folder of a LoRA adapter
    adapter_digest: str = ""
    adapter_name: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    max_model_len: int = 8192  # tokens, prompt and answer together
    max_num_seqs: int = 64  # requests in one batch
    shutdown_timeout_s: int = 120
    extra: tuple[str, ...] = ()  # handed to vLLM as they are


def digests_name(model_digest: str, adapter_digest: str = "") -> str:
    """Write the served name that carries digests to clients, who find it in `/v1/models`."""
    adapter = f"/adapter={adapter_digest}" if adapter_digest else ""
    return f"{DIGESTS}/weights={model_digest}{adapter}"


def server_arguments(served: Served) -> list[str]:
    """Write the arguments of `python -m vllm.entrypoints.openai.api_server`.

    Raises:
        RefusedOption: an extra option would undo a protection.
    """
    for option in served.extra:
        name = option.split("=", 1)[0].replace("_", "-")
        # argparse takes any unambiguous beginning of an option for the option.
        if name.startswith("--") and len(name) > 2 and any(refused.startswith(name) for refused in _REFUSED):
            raise RefusedOption(f"{name} is not handed on to vLLM: it would undo a protection")
    arguments = [
        "--model", str(served.model),
        "--served-model-name", served.name, digests_name(served.model_digest, served.adapter_digest),
        "--host", served.host,
        "--port", str(served.port),
        "--max-model-len", str(served.max_model_len),
        "--max-num-seqs", str(served.max_num_seqs),
        # Without disable_any_whitespace a model can emit white space to the end of its budget.
        "--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
        "--scheduling-policy", "priority",
        # With the default of 0 a SIGTERM cuts answers short and sends them as HTTP 200.
        "--shutdown-timeout", str(served.shutdown_timeout_s),
        "--generation-config", "vllm",  # no sampling defaults from the model folder
        "--no-enable-log-requests",
        "--no-enable-log-outputs",
        "--disable-uvicorn-access-log",
        "--disable-fastapi-docs",
    ]  # fmt: skip
    if served.adapter is not None:
        arguments += ["--enable-lora", "--lora-modules", f"{served.adapter_name}={served.adapter}"]
    return [*arguments, *served.extra]


def server_environment(environ: Mapping[str, str], *, key: str) -> dict[str, str]:
    """Keep what a GPU server needs of an environment, switch telemetry and downloads off, hand the key over.

    Args:
        environ: the caller's environment.
        key: what clients must send as bearer token; "" for none.
    """
    kept = {
        name: value for name, value in environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | _PRIVATE | ({"VLLM_API_KEY": key} if key else {})


def shell_line(program: Sequence[str], environment: Mapping[str, str]) -> str:
    """Write the exact command as a person could type it, without the key and without the kept environment."""
    words = [f"{name}={shlex.quote(environment[name])}" for name in sorted(_PRIVATE)]
    if "VLLM_API_KEY" in environment:
        words.append("VLLM_API_KEY=…")
    return " ".join([*words, shlex.join(program)])
