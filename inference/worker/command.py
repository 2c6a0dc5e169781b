"""The vLLM command line and environment: what is switched on for correctness, and off for privacy."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.worker.refusal import Refusal
from inference.worker.sizing import Sizing

# Kept from the caller's environment; all else is dropped, proxies, tokens and switches of vLLM among it.
_KEPT = frozenset({"PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "LD_PRELOAD", "TZ"})
_KEPT_PREFIXES = ("CUDA_", "NVIDIA_", "NCCL_", "OMP_", "VLLM_CPU_", "ROCR_", "HIP_")
# vLLM 0.32, envs.py. What is off by default is set all the same: a later version may think otherwise.
SWITCHES = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_USE_MODELSCOPE": "0",
    "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
    "VLLM_PLUGINS": "",  # none; two of vLLM's own fetch adapters
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "0",
    "VLLM_SERVER_DEV_MODE": "0",
    "VLLM_ALLOW_INSECURE_SERIALIZATION": "0",
    "VLLM_ENABLE_RESPONSES_API_STORE": "0",  # would keep prompts and answers in memory
    "VLLM_DEBUG_LOG_API_SERVER_RESPONSE": "False",
    "VLLM_TRACE_FUNCTION": "0",
    "VLLM_CUSTOM_SCOPES_FOR_PROFILING": "0",
    "VLLM_NVTX_SCOPES_FOR_PROFILING": "0",
    "VLLM_CONFIGURE_LOGGING": "1",
    "VLLM_LOGGING_LEVEL": "INFO",  # DEBUG would write prompts into the log
    "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH": "0",  # a supervisor starts it again
    "VLLM_HOST_IP": "127.0.0.1",  # its processes talk to each other on this machine
    "VLLM_LOOPBACK_IP": "127.0.0.1",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # as nvidia-smi counts
    "PYTHONUNBUFFERED": "1",
}
# What may stand after "--", spelt out: speed and memory. Others log text, open ports, load code, fetch files.
_FLAGS = frozenset(
    {
        "--async-scheduling",
        "--disable-log-stats",
        "--enable-chunked-prefill",
        "--enable-prefix-caching",
        "--enforce-eager",
        "--numa-bind",
    }
)
_VALUED = frozenset(
    {
        "--attention-backend",
        "--block-size",
        "--cpu-offload-gb",
        "--kv-cache-dtype",
        "--load-format",
        "--long-prefill-token-threshold",
        "--max-num-queued-reqs",
        "--optimization-level",
        "--performance-mode",
        "--prefix-caching-hash-algo",
        "--quantization",
        "--safetensors-load-strategy",
        "--seed",
        "--speculative-config",
        "--ssl-ca-certs",
        "--ssl-certfile",
        "--ssl-keyfile",
        "--stream-interval",
    }
)
_LOAD_FORMATS = frozenset({"auto", "safetensors", "dummy"})  # the others fetch or unpickle
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
DIGESTS = "epitome-digests"  # first part of a served name that tells a client which files were verified


@dataclass(frozen=True, slots=True)
class Served:
    """What a worker serves and where."""

    model: Path  # folder of weights, tokenizer and manifest
    model_digest: str  # sha256 hex, from the manifest
    name: str  # as clients ask for it
    sizing: Sizing
    adapter: Path | None = None  # folder of a LoRA adapter
    adapter_digest: str = ""
    adapter_name: str = ""
    adapter_rank: int = 16
    host: str = "127.0.0.1"  # an address, already found to be permitted
    port: int = 8000
    dtype: str = "auto"
    shutdown_timeout_s: int = 120
    extra: tuple[str, ...] = ()  # handed to vLLM as they are


def digests_name(model_digest: str, adapter_digest: str = "") -> str:
    """Write the served name that carries digests to clients, who find it in `/v1/models`."""
    adapter = f"/adapter={adapter_digest}" if adapter_digest else ""
    return f"{DIGESTS}/weights={model_digest}{adapter}"


def server_arguments(served: Served) -> list[str]:
    """Write the arguments of `python -m vllm.entrypoints.openai.api_server`.

    Raises:
        Refusal: an extra option is not one of those that may be handed on, or a name is not fit for a client.
    """
    options = handed_on(served.extra)
    for name in (served.name, *([served.adapter_name] if served.adapter else [])):
        if not _NAME.fullmatch(name) or name.startswith(DIGESTS):
            raise Refusal(f"{name!r} is no name for a model: letters, digits and . _ : / @ + - only")
    arguments = [
        "--model", str(served.model),
        "--served-model-name", served.name, digests_name(served.model_digest, served.adapter_digest),
        "--host", served.host,
        "--port", str(served.port),
        "--dtype", served.dtype,
        "--gpu-memory-utilization", f"{served.sizing.utilization:g}",
        "--max-model-len", str(served.sizing.max_model_len),
        "--max-num-seqs", str(served.sizing.max_num_seqs),
        "--max-num-batched-tokens", str(served.sizing.max_num_batched_tokens),
        # Without disable_any_whitespace a model can emit white space to the end of its budget.
        "--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True}),
        "--scheduling-policy", "priority",
        # The first token goes out at once, then eight at a time (a claim has some forty): sending is dear.
        "--stream-interval", "8",
        # With the default of 0 a SIGTERM cuts answers short and sends them as HTTP 200.
        "--shutdown-timeout", str(served.shutdown_timeout_s),
        "--generation-config", "vllm",  # no sampling defaults from the model folder
        "--no-enable-log-requests",
        "--no-enable-log-outputs",
        "--disable-uvicorn-access-log",
        "--disable-fastapi-docs",
    ]  # fmt: skip
    if "--no-enable-prefix-caching" not in options:
        arguments.append("--enable-prefix-caching")  # the instructions are read once for all notes
    if served.adapter is not None:
        arguments += ["--enable-lora", "--max-lora-rank", str(served.adapter_rank)]
        arguments += ["--lora-modules", f"{served.adapter_name}={served.adapter}"]
    return [*arguments, *served.extra]


def handed_on(extra: Sequence[str]) -> dict[str, str]:
    """Read what stands after "--": the options that may be handed on, with their values ("" for a switch).

    Raises:
        Refusal: another option, an abbreviated one, or one without its value.
    """
    options: dict[str, str] = {}
    words = list(extra)
    while words:
        option, is_joined, value = words.pop(0).partition("=")
        if not is_joined and option in _VALUED and words:
            value = words.pop(0)
        is_switch = re.sub("^--no-", "--", option) in _FLAGS
        if (option not in _VALUED and not is_switch) or bool(value) == is_switch:
            raise Refusal(
                f"{option} is not handed on to vLLM: the worker sets it, it may undo a protection, or it is "
                "abbreviated or lacks its value"
            )
        options[option] = value
    if options.get("--load-format", "auto") not in _LOAD_FORMATS:
        raise Refusal(f"--load-format may be {', '.join(sorted(_LOAD_FORMATS))}")
    if "--speculative-config" in options:
        try:
            method = json.loads(options["--speculative-config"])["method"]
        except (ValueError, LookupError, TypeError):
            method = None
        if method != "ngram":
            # A draft model has no manifest; suffix decoding keeps earlier patients' answers in memory.
            raise Refusal('--speculative-config may be of the method "ngram" only')
    return options


def server_environment(environ: Mapping[str, str], *, key: str) -> dict[str, str]:
    """Keep what a GPU server needs of an environment, switch telemetry and downloads off, hand the key over.

    Args:
        environ: the caller's environment.
        key: what clients must send as bearer token; "" for none.
    """
    kept = {
        name: value for name, value in environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | SWITCHES | ({"VLLM_API_KEY": key} if key else {})


def shell_line(program: Sequence[str], environment: Mapping[str, str]) -> str:
    """Write the exact command as a person could type it, without the key and without the kept environment."""
    words = [f"{name}={shlex.quote(environment[name])}" for name in sorted(SWITCHES)]
    if "VLLM_API_KEY" in environment:
        words.append("VLLM_API_KEY=…")
    return " ".join([*words, shlex.join(program)])
