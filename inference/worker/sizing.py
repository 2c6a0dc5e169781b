"""How much a worker may take on at once, from memory and the model's shape, with the reasons in words.

The arithmetic is an estimate made before anything is loaded; vLLM measures the same at start and logs it.
"""

from dataclasses import dataclass

from inference.worker.memory import GIB, Memory
from inference.worker.model import Adapter, ModelShape
from inference.worker.refusal import Refusal

UTILIZATION = 0.90  # the rest is left to the driver and to other programs
TYPICAL_TOKENS = (
    2300  # of one note in work: 2,000 read and 300 written; the prompt before it is kept once for all
)
MOST_SEATS = 256  # more requests in a batch of an 8B model hardly raise its speed
MOST_SEATS_CPU = 64
LENGTHS = ((16384, 4), (8192, 2))  # tokens, and how many requests of that length must fit
SMALLEST_LENGTH = 4096  # the instructions with their example take about 2,000, the answer up to 1,000
_FIXED_BYTES = 1 * GIB  # CUDA's own and recorded graphs of an 8B model


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was set by hand; None: to be worked out."""

    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    utilization: float | None = None


@dataclass(frozen=True, slots=True)
class Sizing:
    """What the server is told, and why."""

    max_model_len: int  # tokens, prompt and answer together
    max_num_seqs: int  # requests in one batch
    max_num_batched_tokens: int  # in one step
    utilization: float  # share of the memory that vLLM may take
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def size(shape: ModelShape, memory: Memory, wanted: Wanted, adapter: Adapter | None = None) -> Sizing:
    """Work out the three limits, or explain those that were set by hand.

    Raises:
        Refusal: the weights do not fit, or too little is left over for one note.
    """
    utilization = UTILIZATION if wanted.utilization is None else wanted.utilization
    step = wanted.max_num_batched_tokens or _step(memory)
    most_seats = MOST_SEATS_CPU if memory.is_cpu else MOST_SEATS
    allowed = int(memory.total_bytes * utilization)
    weights = shape.weights_bytes + (adapter.bytes if adapter else 0)
    working = _working_bytes(shape, step, wanted.max_num_seqs or most_seats, is_cpu=memory.is_cpu)
    reasons = [
        f"memory: {memory.name}, {_gib(memory.total_bytes)}; vLLM may take {utilization:.0%} of it, "
        f"{_gib(allowed)} (--gpu-memory-utilization {utilization:g})",
        f"weights: {_gib(shape.weights_bytes)}" + (f", adapter {_gib(adapter.bytes)}" if adapter else ""),
        f"working space: about {_gib(working)} for {step:,} tokens in one step (estimated; vLLM measures it)",
    ]
    left = memory.kv_bytes if memory.kv_bytes is not None else allowed - weights - working
    if weights >= allowed or (memory.kv_bytes and weights + memory.kv_bytes > memory.total_bytes):
        raise Refusal(
            f"the weights do not fit: they take {_gib(weights)}, and of the {_gib(memory.total_bytes)} of "
            f"{memory.name} vLLM may take {_gib(allowed)}"
            + (f", {_gib(memory.kv_bytes)} of it set apart for notes" if memory.kv_bytes else "")
        )
    room = max(left, 0) // shape.kv_bytes
    kept = "VLLM_CPU_KVCACHE_SPACE" if memory.kv_bytes is not None else "what is left"
    reasons.append(
        f"room for notes in work ({kept}): {_gib(max(left, 0))}; a token takes {shape.kv_bytes / 1024:g} KiB "
        f"(keys and values, {shape.layers} layers, {shape.kv_heads} heads of {shape.head_dim}, "
        f"{shape.value_bytes} bytes each): {room:,} tokens"
    )
    length, why_length = _length(shape, room, wanted.max_model_len)
    seats, why_seats = _seats(room, most_seats, wanted.max_num_seqs, is_cpu=memory.is_cpu)
    reasons += [why_length, why_seats, _why_step(step, wanted)]
    warnings = _warnings(shape, memory, allowed, room, length, seats, step)
    return Sizing(length, seats, max(step, seats), utilization, tuple(reasons), tuple(warnings))


def _length(shape: ModelShape, room: int, by_hand: int | None) -> tuple[int, str]:
    name = "--max-model-len (prompt and answer of one request)"
    if by_hand is not None:
        return by_hand, f"{name}: {by_hand:,}, set by hand"
    bound = min(shape.max_positions, room)
    for length, times in LENGTHS:
        if length <= shape.max_positions and length * times <= room:
            return length, f"{name}: {length:,}; {room // length} requests of full length fit at once"
    length = min(bound, LENGTHS[-1][0]) // 1024 * 1024
    if length < SMALLEST_LENGTH:
        what = "the room for notes" if room < shape.max_positions else "the model's own context"
        raise Refusal(
            f"too little is left: {what} is {bound:,} tokens, and one request needs {SMALLEST_LENGTH:,}; "
            "take a larger card, a smaller or quantised model, or set --max-model-len by hand"
        )
    why = "all that the model was made for" if shape.max_positions < LENGTHS[-1][0] else "all that fits"
    return length, f"{name}: {length:,}, {why}; longer notes are split into more parts"


def _seats(room: int, most: int, by_hand: int | None, *, is_cpu: bool) -> tuple[int, str]:
    name = "--max-num-seqs (requests in one batch)"
    if by_hand is not None:
        return by_hand, f"{name}: {by_hand}, set by hand"
    fit = room // TYPICAL_TOKENS
    # Overnight work fills two thirds of the seats, so with 4/3 as many as fit there is room for who waits.
    seats = fit * 4 // 3
    if seats >= most:
        limit = "a processor computes no more at once with profit" if is_cpu else "more hardly help"
        return (
            most,
            f"{name}: {most}, the most that is taken ({limit}); {fit:,} notes of {TYPICAL_TOKENS:,} fit",
        )
    seats = max(seats // 8 * 8 if seats >= 8 else seats, 1)
    return seats, (
        f"{name}: {seats}; {fit:,} notes of {TYPICAL_TOKENS:,} tokens fit, and a third more may take a seat "
        "because overnight work leaves a third of the seats free"
    )


def _step(memory: Memory) -> int:
    """Tokens that are read in one step: more read a batch of notes faster and take more working space."""
    if memory.is_cpu:
        return 2048
    return 8192 if memory.total_bytes >= 38 * GIB else 4096 if memory.total_bytes >= 20 * GIB else 2048


def _why_step(step: int, wanted: Wanted) -> str:
    how = "set by hand" if wanted.max_num_batched_tokens else "by the memory's size"
    return f"--max-num-batched-tokens (read in one step): {step:,}, {how}"


def _working_bytes(shape: ModelShape, step: int, seats: int, *, is_cpu: bool) -> int:
    # Of one layer: the residual twice, the two halves of the feed-forward and their product. Then the
    # probabilities of the whole vocabulary for each seat, in 32 bits, and what sampling makes of them.
    layer = step * (2 * shape.hidden + 3 * shape.intermediate) * shape.value_bytes
    sampling = seats * shape.vocabulary * 4 * 3
    return layer + sampling + (0 if is_cpu else _FIXED_BYTES)


def _warnings(
    shape: ModelShape, memory: Memory, allowed: int, room: int, length: int, seats: int, step: int
) -> list[str]:
    warnings = []
    if memory.used_bytes and memory.used_bytes + allowed > memory.total_bytes:
        warnings.append(
            f"another program holds {_gib(memory.used_bytes)} of {memory.name}: vLLM will not start beside it"
        )
    if length > shape.max_positions:
        warnings.append(f"the model was made for {shape.max_positions:,} tokens: vLLM will refuse {length:,}")
    if length > room:
        warnings.append(f"one request of {length:,} tokens does not fit into {room:,}: vLLM will not start")
    if length < SMALLEST_LENGTH:
        warnings.append(f"{length:,} tokens hold the instructions and little else")
    if seats * TYPICAL_TOKENS > room * 4 // 3 and seats > 1:
        warnings.append(
            f"{seats} requests of {TYPICAL_TOKENS:,} tokens do not fit into {room:,}: some will wait"
        )
    if step < seats:
        warnings.append(f"--max-num-batched-tokens raised to {seats}: a batch reads a token of each at least")
    return warnings


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB // 10 else f"{size / 1024**2:.1f} MiB"
