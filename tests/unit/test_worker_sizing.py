"""What the worker takes on, by card: known cards, known models, limits set by hand."""

import math

import pytest

from inference.worker.memory import GIB, MIB, Memory
from inference.worker.model import Adapter, ModelShape
from inference.worker.refusal import Refusal
from inference.worker.sizing import TYPICAL_TOKENS, Sizing, Wanted, size
from tests.unit.gpu_host import LLAMA_8B_BYTES

LLAMA = ModelShape(
    layers=32,
    hidden=4096,
    heads=32,
    kv_heads=8,
    head_dim=128,
    intermediate=14336,
    vocabulary=128256,
    max_positions=131072,
    value_bytes=2,
    weights_bytes=LLAMA_8B_BYTES,
)
TINY = ModelShape(4, 192, 4, 2, 64, 384, 2000, 16384, 4, 7_449_328)
# MiB as each card's driver names them.
CARDS = {"H200": 143771, "H100 80GB": 81559, "L40S": 46068, "A100 40GB": 40960, "A10": 23028, "L4": 23034}


def sized(card: str, shape: ModelShape = LLAMA, **by_hand: float) -> Sizing:
    return size(shape, Memory(card, CARDS[card] * MIB), Wanted(**by_hand))  # type: ignore[arg-type]


def room(sizing: Sizing) -> int:
    """Tokens that fit, as the reasons say."""
    return int(sizing.reasons[3].rsplit(": ", 1)[1].removesuffix(" tokens").replace(",", ""))


@pytest.mark.parametrize(
    ("card", "length", "seats", "step"),
    [
        ("H200", 16384, 256, 8192),
        ("H100 80GB", 16384, 256, 8192),
        ("L40S", 16384, 104, 8192),
        ("A100 40GB", 16384, 88, 8192),
        ("A10", 8192, 16, 4096),
        ("L4", 8192, 16, 4096),
    ],
)
def test_llama_8b_is_sized_for_its_card(card: str, length: int, seats: int, step: int) -> None:
    sizing = sized(card)

    assert (sizing.max_model_len, sizing.max_num_seqs, sizing.max_num_batched_tokens) == (length, seats, step)
    assert sizing.warnings == ()


@pytest.mark.parametrize("card", CARDS)
def test_a_request_of_full_length_fits_twice_and_overnight_work_fits_whole(card: str) -> None:
    sizing = sized(card)

    assert room(sizing) >= 2 * sizing.max_model_len
    # Epitome's overnight lane takes two thirds of the seats at most.
    assert sizing.max_num_seqs * 2 // 3 * TYPICAL_TOKENS <= room(sizing)


def test_16_bit_weights_of_8b_are_refused_on_a_card_of_16_gb_with_the_reason() -> None:
    with pytest.raises(
        Refusal, match=r"do not fit: they take 15\.0 GiB, and of the 15\.0 GiB of T4 .* 13\.5"
    ):
        size(LLAMA, Memory("T4", 15360 * MIB), Wanted())


def test_a_card_that_holds_the_weights_and_no_note_is_refused() -> None:
    with pytest.raises(Refusal, match=r"too little is left: the room for notes is [\d,]+ tokens"):
        size(LLAMA, Memory("a small card", int(18.5 * GIB)), Wanted())


def test_a_tight_card_gets_a_shorter_context() -> None:
    sizing = size(LLAMA, Memory("a tight card", int(19.6 * GIB)), Wanted())

    assert 4096 <= sizing.max_model_len < 16384
    assert sizing.max_model_len <= room(sizing)


def test_the_context_is_never_longer_than_the_model_was_made_for() -> None:
    short = ModelShape(32, 4096, 32, 8, 128, 14336, 128256, 6000, 2, LLAMA_8B_BYTES)

    sizing = sized("H100 80GB", short)
    assert sizing.max_model_len == 5120
    assert "all that the model was made for" in " ".join(sizing.reasons)
    with pytest.raises(Refusal, match=r"the model's own context is 2,048 tokens"):
        sized("H100 80GB", ModelShape(32, 4096, 32, 8, 128, 14336, 128256, 2048, 2, LLAMA_8B_BYTES))


def test_every_number_stands_in_the_reasons_with_its_unit() -> None:
    reasons = "\n".join(sized("H100 80GB").reasons)

    for words in (
        "H100 80GB, 79.6 GiB; vLLM may take 90% of it, 71.7 GiB",
        "weights: 15.0 GiB",
        "a token takes 128 KiB (keys and values, 32 layers, 8 heads of 128, 2 bytes each)",
        "--max-model-len (prompt and answer of one request): 16,384",
        "--max-num-seqs (requests in one batch): 256",
        "--max-num-batched-tokens (read in one step): 8,192",
    ):
        assert words in reasons


def test_what_is_set_by_hand_is_kept_named_and_warned_of() -> None:
    sizing = sized("L4", max_model_len=131072, max_num_seqs=256, max_num_batched_tokens=128, utilization=0.95)

    assert (sizing.max_model_len, sizing.max_num_seqs, sizing.utilization) == (131072, 256, 0.95)
    assert sizing.max_num_batched_tokens == 256
    assert "\n".join(sizing.reasons).count("set by hand") == 3
    warnings = "\n".join(sizing.warnings)
    assert "one request of 131,072 tokens does not fit" in warnings
    assert "256 requests of 2,300 tokens do not fit" in warnings
    assert "raised to 256" in warnings
    assert "vLLM will refuse 200,000" in sized("H100 80GB", max_model_len=200_000).warnings[0]


def test_a_card_that_another_program_holds_is_warned_of() -> None:
    busy = Memory("H100", 81559 * MIB, used_bytes=20 * GIB)

    assert "another program holds 20.0 GiB of H100" in size(LLAMA, busy, Wanted()).warnings[0]
    assert size(LLAMA, Memory("H100", 81559 * MIB, used_bytes=500 * MIB), Wanted()).warnings == ()


def test_an_adapter_takes_its_part() -> None:
    memory = Memory("L4", CARDS["L4"] * MIB)

    plain, adapted = (size(LLAMA, memory, Wanted(), adapter) for adapter in (None, Adapter(64, GIB // 4)))
    assert math.isclose(room(plain) - room(adapted), GIB // 4 / LLAMA.kv_bytes, abs_tol=1)
    assert "adapter 0.2 GiB" in adapted.reasons[1]


def test_the_cpu_build_is_sized_from_what_is_set_apart_for_notes() -> None:
    sizing = size(TINY, Memory("this machine", 24 * GIB, kv_bytes=GIB, is_cpu=True), Wanted())

    assert (sizing.max_model_len, sizing.max_num_seqs, sizing.max_num_batched_tokens) == (16384, 64, 2048)
    assert "VLLM_CPU_KVCACHE_SPACE" in sizing.reasons[3]
    with pytest.raises(Refusal, match=r"20\.0 GiB of it set apart"):
        size(LLAMA, Memory("this machine", 24 * GIB, kv_bytes=20 * GIB, is_cpu=True), Wanted())
