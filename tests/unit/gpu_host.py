"""Plain functions that make what a GPU host has: model folders of known shapes, a driver's answer, a vLLM."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from inference.worker.manifest import write_manifest

ROOT = Path(__file__).resolve().parent.parent.parent
LLAMA_8B = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "vocab_size": 128256,
    "torch_dtype": "bfloat16",
    "tie_word_embeddings": False,
}
LLAMA_8B_BYTES = 16_060_522_496  # of weights, as published: 8,030,261,248 numbers of 16 bits
SMALL = LLAMA_8B | {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2, "vocab_size": 1000}
ADAPTER = {"peft_type": "LORA", "base_model_name_or_path": "meta-llama/Llama-3.1-8B-Instruct", "r": 16}


def model_folder(folder: Path, config: dict[str, Any] | None = None, weights: int = 1000) -> Path:
    """Make a model folder with weights of so many bytes, none of them written, and no manifest."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(SMALL if config is None else config))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(weights)
    return folder


def listed(folder: Path) -> Path:
    """Write the folder's manifest."""
    write_manifest(folder, {})
    return folder


def adapter_folder(folder: Path, **changes: object) -> Path:
    """Make a LoRA adapter for Llama 3.1 8B Instruct, without a manifest."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps(ADAPTER | changes))
    (folder / "adapter_model.safetensors").write_bytes(b"\x00")
    return folder


def installed(folder: Path, name: str = "vllm", version: str = "0.32.0") -> Path:
    """Install a distribution that is nothing but its name and version."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


def driver(folder: Path, *cards: str, status: int = 0) -> Path:
    """Put an nvidia-smi into a folder that answers with these lines: index, uuid, MiB, MiB in use, name."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "nvidia-smi"
    lines = "".join(f"echo '{card}'\n" for card in cards)
    program.write_text(f"#!/bin/sh\n{lines}exit {status}\n")
    program.chmod(0o755)
    return folder


def worker(*arguments: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m inference.worker` on a host where `path` holds nvidia-smi and the installed packages."""
    return subprocess.run(
        [sys.executable, "-m", "inference.worker", *arguments],
        cwd=ROOT,
        env={"PATH": f"{path}:{os.environ['PATH']}", "PYTHONPATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
