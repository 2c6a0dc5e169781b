"""Model folders without weights, for measuring speed: a Llama's shape, a tokenizer, a LoRA adapter of noise.

Speed does not depend on what weights say, so vLLM fills them with noise (`--load-format dummy`). No torch
here: the adapter's file is written by hand.
"""

import itertools
import json
import os
import shutil
import string
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.server import ROOT
from inference.worker.manifest import write_manifest

TOKENIZER = ROOT / "tests" / "models" / "tiny-llama"
RANK = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a Llama."""

    name: str  # of its folder
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int


LLAMA_8B = Shape("llama-3.1-8b-shape", 4096, 32, 32, 8, 128, 14336, 128256)
TINY = Shape("tiny-shape", 128, 2, 4, 2, 32, 256, 4096)


def write_model(folder: Path, shape: Shape) -> None:
    """Write config.json and the tokenizer's files, but no weights.

    The tokenizer is the test model's, filled up with made-up words to the shape's vocabulary: what is sampled
    can be decoded, and the schema's mask is as wide as the real model's. The fillers have no merges, so no
    text is ever split into them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = json.loads((TOKENIZER / "config.json").read_text())
    config |= {
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": 131072,
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 500000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    tokenizer = json.loads((TOKENIZER / "tokenizer.json").read_text(encoding="utf-8"))
    _fill(tokenizer["model"]["vocab"], shape.vocabulary)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    for name in ("tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        shutil.copy(TOKENIZER / name, folder / name)
    write_manifest(folder, {"made_by": "bench/shapes.py", "weights": "none"})


def _fill(vocabulary: dict[str, int], size: int) -> None:
    words = ("".join(letters) for letters in itertools.product(string.ascii_lowercase, repeat=4))
    fillers = (f"{word}Ġ" for word in words)
    number = max(vocabulary.values()) + 1
    while number < size:
        if (word := next(fillers)) not in vocabulary:
            vocabulary[word] = number
            number += 1


def write_adapter(folder: Path, shape: Shape) -> None:
    """Write a LoRA adapter of noise for every projection, as PEFT writes its files: bfloat16 safetensors."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    attention = {
        "q_proj": (shape.hidden, queries),
        "k_proj": (shape.hidden, keys),
        "v_proj": (shape.hidden, keys),
        "o_proj": (queries, shape.hidden),
    }
    feed_forward = {
        "gate_proj": (shape.hidden, shape.intermediate),
        "up_proj": (shape.hidden, shape.intermediate),
        "down_proj": (shape.intermediate, shape.hidden),
    }
    sizes: dict[str, tuple[int, int]] = {}
    for layer in range(shape.layers):
        for block, projections in (("self_attn", attention), ("mlp", feed_forward)):
            for name, (inwards, outwards) in projections.items():
                path = f"base_model.model.model.layers.{layer}.{block}.{name}"
                sizes[f"{path}.lora_A.weight"] = (RANK, inwards)
                sizes[f"{path}.lora_B.weight"] = (outwards, RANK)
    _write_safetensors(folder / "adapter_model.safetensors", sizes)
    config: dict[str, Any] = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": shape.name,
        "r": RANK,
        "lora_alpha": RANK,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": [*attention, *feed_forward],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2))
    write_manifest(folder, {"made_by": "bench/shapes.py"})


def _write_safetensors(path: Path, sizes: dict[str, tuple[int, int]]) -> None:
    """Write matrices of noise, each number between 2^-9 and 2^-7 or its negative."""
    header, end = {}, 0
    for name, (rows, columns) in sizes.items():
        begin, end = end, end + 2 * rows * columns
        header[name] = {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [begin, end]}
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    signs = bytes(0x3B if byte < 128 else 0xBB for byte in range(256))  # a bfloat16's upper byte
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(written)) + written)
        for rows, columns in sizes.values():
            numbers = bytearray(2 * rows * columns)
            numbers[0::2] = os.urandom(rows * columns)
            numbers[1::2] = os.urandom(rows * columns).translate(signs)
            file.write(numbers)
