"""A model folder, found by name or path: its shape, and what it lacks for serving chats."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.worker.refusal import Refusal

ARCHITECTURE = "LlamaForCausalLM"
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM takes as --max-lora-rank


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What of a model decides how much memory it takes."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    max_positions: int  # tokens, as the model was made for
    value_bytes: int  # of one number while it is served
    weights_bytes: int  # on the card

    @property
    def kv_bytes(self) -> int:
        """Bytes that one token of a note in work takes: keys and values in every layer."""
        return 2 * self.layers * self.kv_heads * self.head_dim * self.value_bytes


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter that fits the model."""

    rank: int  # as vLLM must provide for it
    bytes: int  # on the card


def find_model(asked: str, models: Path) -> Path:
    """Find a model folder by path, or by name among the folders of `models`.

    Capitals, spaces, underscores and the beginnings `meta-llama/` and `Meta-` make no difference to a name.

    Raises:
        Refusal: there is no such folder, or several match.
    """
    if Path(asked).is_dir():
        return Path(asked).resolve()
    if asked.startswith(("/", "./", "../")):
        raise Refusal(f"there is no folder {asked}")
    try:
        folders = [path for path in (*models.glob("*"), *models.glob("*/*")) if path.is_dir()]
    except OSError as error:
        raise Refusal(f"{models} cannot be read ({type(error).__name__})") from None
    folders = [path for path in folders if (path / "config.json").exists()]
    found = [path for path in folders if _plain(path.name) == _plain(asked)]
    if len(found) == 1:
        return found[0].resolve()
    if found:
        raise Refusal(f"{asked} may be any of {_listed(found)}: give the path")
    raise Refusal(
        f"no model {asked} in {models} (--models or EPITOME_MODELS); there: {_listed(folders) or 'none'}"
    )


def read_model(folder: Path, *, dtype: str = "auto", has_weights: bool = True) -> ModelShape:
    """Read the shape of a Llama-shaped model and see that the folder has all that serving chats needs.

    Args:
        folder: config.json, *.safetensors, tokenizer.json and a chat template.
        dtype: as it will be served; "auto" of vLLM serves float32 as 16 bits too.
        has_weights: False for random weights (`--load-format dummy`): their size is computed.

    Raises:
        Refusal: something is missing, or it is another kind of model. The message says which.
    """
    config = _json(folder / "config.json")
    architectures = config.get("architectures")
    if architectures != [ARCHITECTURE]:
        raise Refusal(f"{folder} is not a Llama model: architectures is {architectures}, not {ARCHITECTURE}")
    _demand_chat(folder)
    try:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        numbers = {
            "layers": int(config["num_hidden_layers"]),
            "hidden": hidden,
            "heads": heads,
            "kv_heads": int(config.get("num_key_value_heads") or heads),
            "head_dim": int(config.get("head_dim") or hidden // heads),
            "intermediate": int(config["intermediate_size"]),
            "vocabulary": int(config["vocab_size"]),
            "max_positions": int(config["max_position_embeddings"]),
        }
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Refusal(f"{folder / 'config.json'} is not complete ({error})") from None
    if min(numbers.values()) < 1:
        raise Refusal(f"{folder / 'config.json'} holds a size below 1")
    value_bytes = _BYTES.get(dtype, 2)
    tied = 1 if config.get("tie_word_embeddings") else 2
    weights = _weights(folder) if has_weights else _parameters(numbers, tied) * value_bytes
    if has_weights and "quantization_config" not in config:
        stored = str(config.get("dtype") or config.get("torch_dtype") or "bfloat16")
        weights = weights * value_bytes // _BYTES.get(stored, 2)
    return ModelShape(**numbers, value_bytes=value_bytes, weights_bytes=weights)


def read_adapter(folder: Path, shape: ModelShape, *, names: Iterable[str]) -> Adapter:
    """Read a LoRA adapter and see that it was made for this model and that vLLM can serve it unmerged.

    Args:
        folder: adapter_config.json and adapter_model.safetensors.
        shape: the model's.
        names: what the model is called here; the adapter must name one of them as its base.

    Raises:
        Refusal: it was made for another model, or has parts that vLLM leaves out.
    """
    config = _json(folder / "adapter_config.json")
    if str(config.get("peft_type")).upper() != "LORA":
        raise Refusal(f"{folder} is not a LoRA adapter (peft_type is {config.get('peft_type')})")
    if not (folder / "adapter_model.safetensors").exists():
        raise Refusal(f"{folder} has no adapter_model.safetensors")
    base = str(config.get("base_model_name_or_path") or "").rstrip("/")
    names = tuple(names)
    if _plain(base) not in {_plain(name) for name in names}:
        raise Refusal(
            f"{folder} was made for {base.rpartition('/')[2] or 'an unnamed model'}, not for "
            f"{' or '.join(dict.fromkeys(names))}; if it is the same model, say so with --name"
        )
    if config.get("use_dora") or config.get("modules_to_save") or config.get("bias", "none") != "none":
        raise Refusal(f"{folder} has parts that vLLM cannot add while it serves: merge it into the weights")
    try:
        own = max([int(config["r"]), *(int(rank) for rank in (config.get("rank_pattern") or {}).values())])
        rank = next(rank for rank in _RANKS if rank >= own)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refusal(f"{folder / 'adapter_config.json'} does not say its rank (r)") from None
    except StopIteration:
        raise Refusal(f"{folder}: rank {own} is more than vLLM takes ({_RANKS[-1]})") from None
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    attention = 2 * (shape.hidden + queries) + 2 * (shape.hidden + keys)
    feed_forward = 3 * (shape.hidden + shape.intermediate)
    return Adapter(rank, rank * shape.layers * (attention + feed_forward) * shape.value_bytes)


def _plain(name: str) -> str:
    plain = name.rstrip("/").rpartition("/")[2].lower().replace("_", "-").replace(" ", "-")
    return plain.removeprefix("meta-")


def _listed(folders: Iterable[Path]) -> str:
    return ", ".join(sorted(str(path) for path in folders))


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal(f"{path.parent} has no {path.name}") from None
    except (OSError, ValueError) as error:
        raise Refusal(f"{path} cannot be read ({type(error).__name__})") from None
    if not isinstance(content, dict):
        raise Refusal(f"{path} is not a JSON object")
    return content


def _demand_chat(folder: Path) -> None:
    if not (folder / "tokenizer.json").exists():
        raise Refusal(f"{folder} has no tokenizer.json")
    if (folder / "chat_template.jinja").exists() or (folder / "chat_template.json").exists():
        return
    if not _json(folder / "tokenizer_config.json").get("chat_template"):
        raise Refusal(f"{folder} has no chat template: a base model? Epitome needs the Instruct one")


def _weights(folder: Path) -> int:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        named = _json(index).get("weight_map")
        names = set(named.values()) if isinstance(named, dict) else set()
        if absent := sorted(str(name) for name in names if not (folder / str(name)).exists()):
            raise Refusal(f"{folder} lacks weights: {', '.join(absent)}")
    files = list(folder.glob("*.safetensors"))
    if not files:
        raise Refusal(
            f"{folder} has no *.safetensors; other forms of weights can run code and are not served"
        )
    return sum(path.stat().st_size for path in files)


def _parameters(numbers: Mapping[str, int], embeddings: int) -> int:
    hidden, width = numbers["hidden"], numbers["head_dim"]
    attention = 2 * hidden * width * (numbers["heads"] + numbers["kv_heads"])
    layer = attention + 3 * hidden * numbers["intermediate"] + 2 * hidden
    return numbers["layers"] * layer + embeddings * numbers["vocabulary"] * hidden + hidden
