"""How much memory a model may have: the card's, as its driver says, or the machine's for the CPU build."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from inference.worker.refusal import Refusal

MIB, GIB = 1024**2, 1024**3
_QUERY = (
    "nvidia-smi",
    "--query-gpu=index,uuid,memory.total,memory.used,name",
    "--format=csv,noheader,nounits",
)
_BY_HAND = "say how much the card has with --memory-gib"


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the model will lie."""

    name: str  # of the card, as it is printed
    total_bytes: int
    used_bytes: int = 0  # by others, now
    kv_bytes: int | None = None  # set apart for notes in work; None: what is left over
    is_cpu: bool = False


def card_memory(environ: Mapping[str, str]) -> Memory:
    """Ask NVIDIA's driver about the card that vLLM will use: the first, or the first that CUDA may see.

    Raises:
        Refusal: there is no driver or no such card.
    """
    try:
        asked = subprocess.run(
            _QUERY, env=dict(environ), capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Refusal(f"nvidia-smi cannot be run ({type(error).__name__}): {_BY_HAND}") from None
    cards = [line.split(", ", 4) for line in asked.stdout.splitlines() if line.count(", ") >= 4]
    if asked.returncode != 0 or not cards:
        raise Refusal(f"nvidia-smi names no card (status {asked.returncode}): is the driver loaded?")
    chosen = environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip() or cards[0][0]
    for index, uuid, total, used, name in cards:
        if chosen == index or uuid.startswith(chosen):
            if not (total.isdecimal() and used.isdecimal()):
                raise Refusal(f"nvidia-smi does not say how much memory {name} has: {_BY_HAND}")
            return Memory(name, int(total) * MIB, int(used) * MIB)
    raise Refusal(f"nvidia-smi knows no card {chosen} (CUDA_VISIBLE_DEVICES)")


def machine_memory(environ: Mapping[str, str]) -> Memory:
    """Read what the CPU build has: the machine's memory, and the part that VLLM_CPU_KVCACHE_SPACE sets apart.

    Raises:
        Refusal: the variable is not a whole number of GiB.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    space = environ.get("VLLM_CPU_KVCACHE_SPACE", "")
    if space and not (space.isdecimal() and int(space)):
        raise Refusal("VLLM_CPU_KVCACHE_SPACE must be a whole number of GiB")
    return Memory("this machine", total, kv_bytes=int(space) * GIB if space else None, is_cpu=True)
