"""Which model folders a worker takes: found by name or path, of Llama's shape, able to serve chats."""

import json
from pathlib import Path

import pytest

from inference.worker.model import find_model, read_adapter, read_model
from inference.worker.refusal import Refusal
from tests.unit.gpu_host import LLAMA_8B, LLAMA_8B_BYTES, SMALL, adapter_folder, model_folder

NAMES = (
    "llama-3.1-8b-instruct",
    "Llama-3.1-8B-Instruct",
    "meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Meta-Llama-3.1-8B-Instruct",
    "Llama 3.1 8B Instruct",
)


@pytest.mark.parametrize("asked", NAMES)
@pytest.mark.parametrize("kept", [*NAMES[:4], "llama_3.1_8b_instruct"])
def test_a_model_is_found_however_its_name_is_written(tmp_path: Path, asked: str, kept: str) -> None:
    folder = model_folder(tmp_path / kept)
    model_folder(tmp_path / "llama-3.1-70b-instruct")

    assert find_model(asked, tmp_path) == folder


def test_any_folder_is_found_by_its_path(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "elsewhere" / "ours")

    assert find_model(str(folder), tmp_path / "nowhere") == folder


def test_a_name_that_is_not_there_or_there_twice_is_refused_with_what_is_there(tmp_path: Path) -> None:
    model_folder(tmp_path / "llama-3.1-8b-instruct")

    with pytest.raises(Refusal, match=r"no model qwen in .*; there: .*llama-3\.1-8b-instruct"):
        find_model("qwen", tmp_path)
    with pytest.raises(Refusal, match="there is no folder /nowhere"):
        find_model("/nowhere", tmp_path)
    with pytest.raises(Refusal, match="there: none"):
        find_model("qwen", tmp_path / "absent")
    model_folder(tmp_path / "meta-llama" / "Llama-3.1-8B-Instruct")
    with pytest.raises(Refusal, match="give the path"):
        find_model("llama-3.1-8b-instruct", tmp_path)


def test_llama_8b_takes_128_kib_a_token_and_its_files_size(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", LLAMA_8B, LLAMA_8B_BYTES)

    assert read_model(folder).kv_bytes == 128 * 1024
    assert read_model(folder).weights_bytes == LLAMA_8B_BYTES
    assert read_model(folder, dtype="float32").weights_bytes == 2 * LLAMA_8B_BYTES


def test_random_weights_are_as_large_as_real_ones(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", LLAMA_8B)
    (folder / "model.safetensors").unlink()

    assert read_model(folder, has_weights=False).weights_bytes == LLAMA_8B_BYTES


def test_weights_in_32_bits_are_served_in_16_and_quantised_ones_as_they_are(tmp_path: Path) -> None:
    wide = model_folder(tmp_path / "wide", SMALL | {"torch_dtype": "float32"})
    small = model_folder(
        tmp_path / "small", SMALL | {"quantization_config": {"quant_method": "fp8"}, "torch_dtype": "float32"}
    )

    assert read_model(wide).weights_bytes == 500
    assert read_model(small).weights_bytes == 1000


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "not a JSON object"),
        (lambda folder: rewrite(folder, architectures=["MistralForCausalLM"]), "not a Llama model"),
        (lambda folder: rewrite(folder, architectures=None), "not a Llama model"),
        (lambda folder: rewrite(folder, num_hidden_layers=None), "not complete"),
        (lambda folder: rewrite(folder, num_hidden_layers=-1), "below 1"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("{}"), "no chat template"),
        (lambda folder: (folder / "tokenizer_config.json").unlink(), "has no tokenizer_config.json"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "model.bin"), "can run code"),
        (
            lambda folder: (folder / "model.safetensors.index.json").write_text(
                '{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'
            ),
            "lacks weights: model-00001-of-00002.safetensors",
        ),
    ],
)
def test_a_folder_that_cannot_serve_chats_is_refused_in_words(
    tmp_path: Path, harm: object, words: str
) -> None:
    folder = model_folder(tmp_path / "m")
    read_model(folder)
    harm(folder)  # type: ignore[operator]

    with pytest.raises(Refusal, match=words):
        read_model(folder)


def rewrite(folder: Path, **changes: object) -> None:
    """Change a model's configuration."""
    (folder / "config.json").write_text(json.dumps(SMALL | changes))


def test_a_chat_template_in_a_file_of_its_own_is_enough(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "tokenizer_config.json").unlink()
    (folder / "chat_template.jinja").write_text("{{ messages }}")

    assert read_model(folder).layers == SMALL["num_hidden_layers"]


@pytest.mark.parametrize(
    ("changes", "rank"),
    [({}, 16), ({"r": 4}, 8), ({"r": 24}, 32), ({"r": 8, "rank_pattern": {"q_proj": 100}}, 128)],
)
def test_an_adapter_gets_the_rank_it_needs(tmp_path: Path, changes: dict[str, object], rank: int) -> None:
    shape = read_model(model_folder(tmp_path / "m", LLAMA_8B))

    adapter = read_adapter(adapter_folder(tmp_path / "a", **changes), shape, names=("llama-3.1-8b-instruct",))

    assert adapter.rank == rank
    # q, k, v, o, gate, up and down of 8B hold 2,621,440 numbers for each unit of rank.
    assert adapter.bytes == 2_621_440 * rank * 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"peft_type": "IA3"}, "not a LoRA adapter"),
        ({"base_model_name_or_path": "meta-llama/Llama-3.1-8B"}, "was made for Llama-3.1-8B, not for"),
        ({"base_model_name_or_path": None}, "an unnamed model"),
        ({"use_dora": True}, "merge it"),
        ({"modules_to_save": ["lm_head"]}, "merge it"),
        ({"r": None}, "does not say its rank"),
        ({"r": 1024}, "more than vLLM takes"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    shape = read_model(model_folder(tmp_path / "m"))

    with pytest.raises(Refusal, match=words):
        read_adapter(
            adapter_folder(tmp_path / "a", **changes), shape, names=("Meta-Llama-3.1-8B-Instruct", "ours")
        )


def test_an_adapter_that_could_run_code_is_refused(tmp_path: Path) -> None:
    folder = adapter_folder(tmp_path / "a")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")

    with pytest.raises(Refusal, match=r"no adapter_model\.safetensors"):
        read_adapter(folder, read_model(model_folder(tmp_path / "m")), names=("llama-3.1-8b-instruct",))
