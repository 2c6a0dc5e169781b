"""Train the tiny Llama that the engine's contract tests serve with vLLM. It knows no medicine; it finishes.

    python -m inference.training.tiny --out tests/models/tiny-llama --seed 7 --minutes 25

First copying drills on random tokens; then notes and parts of notes behind the prompts, one prompt a step,
longer and longer, the prompt more often whole. A prompt's beginning is the same for every note, so each step
reads it once, without gradient, for the whole batch.
"""

import argparse
import copy
import json
import math
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from inference.prompts import Prompt, load_prompt, prompt_names
from inference.prompts.rendering import render_part
from inference.training.tiny_notes import Lesson, lesson
from inference.training.tiny_start import start_with_copying
from inference.training.tiny_tokenizer import train_tokenizer
from inference.worker.manifest import MANIFEST, write_manifest

CONTEXT = 16_384  # tokens the configuration allows; training sees fewer and stretches their positions
VOCABULARY = 2_000
RUNAWAY = 16  # tokens: longer than any words that are taught
_FREE = (
    "text",
    "name",
    "dose",
    "route",
    "frequency",
    "substance",
    "reaction",
)  # strings that a schema lets run
_FREE_TEXT = re.compile("(?:" + "|".join(f'(?<="{key}":")' for key in _FREE) + r')((?:[^"\\]|\\.)*)(?=")')
_IGNORED = -100  # cross_entropy's mark for positions without a target

README = """\
# A test fixture, not a model

A Llama-shaped network of under two million parameters, made by `python -m inference.training.tiny` in runs
of some minutes, each continued from the one before, on notes that the script invents and on lines of the
invented demo notes. **It knows no medicine and must never read a real note.** It exists so that the tests
can serve a real vLLM: behind every prompt, under the JSON schema of a note or of a part of one and at
temperature 0, it emits finished, valid claims on nearly every note. What the claims say is mostly wrong.

`manifest.json` has the SHA-256 of each file, the script's arguments, the seed, the date and the prompts'
digests, and the same of each earlier run. Runs are timed, so the same arguments on another machine give
other weights.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What one optimiser step is made of."""

    sentences: tuple[int, int]  # of each note: at least, at most
    tokens: int  # of notes and answers together, about
    stretch: int  # positions a note may be pulled apart by, in tokens
    is_prompt_cut: bool  # most of the prompt is left out, which makes a step three times as quick


def plan(part: float, rng: random.Random) -> Step:
    """Choose a step: the further the training, the longer the notes and the more often the whole prompt.

    Args:
        part: of the time that is over, 0 to 1.
        rng: the only source of chance.
    """
    is_prompt_cut = rng.random() < 0.9 - 0.6 * part
    if rng.random() < part:
        return Step((10, 140), 4_000, 4_000, is_prompt_cut)
    return Step((4, 9), 4_000, 3_000, is_prompt_cut)


def tiny_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """Describe the network: 4 layers, 4 heads of 64 (2 of keys and values), Llama 3.1's rotary scaling."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 500_000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8_192,
        },
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def drill(model: LlamaForCausalLM, rng: random.Random, *, batch: int, length: int) -> torch.Tensor:
    """Loss of repeating random tokens: [batch, 2 * length] in, targets on the second half."""
    generator = torch.Generator().manual_seed(rng.getrandbits(48))
    once = torch.randint(8, model.config.vocab_size, (batch, length), generator=generator)
    tokens = torch.cat([once, once], dim=1)
    logits = model(input_ids=tokens, use_cache=False).logits[:, length - 1 : -1]
    return cross_entropy(logits.flatten(0, 1), once.flatten())


@dataclass(frozen=True, slots=True)
class Row:
    """One lesson as tokens."""

    start: list[int]  # the chat before the note's message
    note: list[int]  # that message, and the head of the answer's
    answer: list[int]  # with its end
    targets: list[int]  # for each token of the answer, what should stand there, or `_IGNORED`


class Classroom:
    """Turns lessons into batches behind the real prompt, and reads them."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[Prompt], lines: Sequence[str]
    ) -> None:
        self._tokenizer = tokenizer
        self._lines = lines
        self._prompts = prompts
        self._newline = {
            number for number in range(len(tokenizer)) if tokenizer.decode([number]).endswith("\n")
        }
        self._next_claim, self._last_claim = self._encode(']},{"')[0], self._encode("]}]}")[0]

    def split(self, prompt: Prompt, item: Lesson, rng: random.Random) -> Row:
        """Write a lesson as tokens."""
        messages = [message.model_dump() for message in prompt.messages(item.part)]
        written = self._template(messages, add_generation_prompt=True)
        start = self._template(messages[:-1], add_generation_prompt=False)
        if not written.startswith(start):
            raise ValueError("the chat template does not keep the beginning of a chat")
        note = self._encode(written[len(start) :])
        answer, targets = (
            self._repeated(item.answer, rng) if rng.random() < 0.2 else self._answer(item.answer, note, rng)
        )
        end = int(self._tokenizer.eos_token_id)
        return Row(self._encode(start), note, [*answer, end], [*targets, end])

    def _answer(self, answer: str, note: list[int], rng: random.Random) -> tuple[list[int], list[int]]:
        """Write an answer as tokens and targets; now and then a string in it is a runaway, to be closed.

        A model of this size falls into repeating itself. In a runaway no word is a target, but from
        `RUNAWAY` tokens on every target is the mark that closes the string: so the model learns to get out.
        """
        tokens: list[int] = []
        targets: list[int] = []
        pieces = [self._encode(piece) for piece in _FREE_TEXT.split(answer)]
        runaways = {rng.randrange(1, len(pieces), 2) for _ in range(rng.randint(0, 4))}
        for number, piece in enumerate(pieces):
            if number not in runaways:
                tokens += piece
                targets += piece
                continue
            source = piece if piece and rng.random() < 0.7 else note[rng.randrange(len(note)) :]
            if rng.random() < 0.15:
                source = [rng.randrange(8, len(self._tokenizer)) for _ in range(6)]
            period = source[: rng.randint(1, 6)]
            length = RUNAWAY + 1 + min(100, int(rng.expovariate(1 / 15)))
            runaway = (period * length)[:length]
            tokens += runaway
            targets += [_IGNORED] * RUNAWAY + [pieces[number + 1][0]] * (len(runaway) - RUNAWAY)
        return tokens, targets

    def _repeated(self, answer: str, rng: random.Random) -> tuple[list[int], list[int]]:
        """Write an answer that goes back to a category it has had: wherever it does, the list is to end."""
        claims = json.loads(answer)["claims"]
        number, texts = rng.randrange(len(claims)), [claim["text"] for claim in claims]
        claims = claims[: number + 1]
        for _ in range(rng.randint(1, 6)):
            again = rng.choice(claims[: number + 1])
            claims.append(again if rng.random() < 0.5 else again | {"text": rng.choice(texts)})
        tokens = self._encode(json.dumps({"claims": claims}, ensure_ascii=False, separators=(",", ":")))
        ends = [index for index, token in enumerate(tokens) if token == self._next_claim]
        targets = tokens[: ends[number]] + [_IGNORED] * (len(tokens) - ends[number])
        for index in [*ends[number + 1 :], len(tokens) - 1]:
            targets[index] = self._last_claim
        return tokens, targets

    def loss(self, model: LlamaForCausalLM, rng: random.Random, step: Step) -> torch.Tensor:
        """Mean loss over the answers of one batch of fresh lessons."""
        prompt, sentences = rng.choice(self._prompts), rng.randint(*step.sentences)
        batch = max(1, step.tokens // (150 + 15 * sentences))
        lessons = [
            lesson(rng, sentences=sentences, lines=self._lines, categories=prompt.categories)
            for _ in range(batch)
        ]
        rows = [self.split(prompt, item, rng) for item in lessons]
        start = self._worn(rows[0].start, rng, step)
        width = max(len(row.note) + len(row.answer) for row in rows)
        tokens = torch.full((batch, width), int(self._tokenizer.pad_token_id))
        targets = torch.full((batch, width), _IGNORED)
        positions = torch.zeros((batch, width), dtype=torch.long)
        for number, row in enumerate(rows):
            end = len(row.note) + len(row.answer)
            tokens[number, :end] = torch.tensor(row.note + row.answer)
            targets[number, len(row.note) - 1 : end - 1] = torch.tensor(row.targets)
            positions[number] = self._positions(row.note, width, len(start), rng, step.stretch)
        cache = self._read(model, start, batch)
        sees = torch.ones((width, len(start) + width), dtype=torch.bool).tril(diagonal=len(start))
        hidden = model.model(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=sees[None, None].expand(batch, 1, -1, -1),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        taught = targets != _IGNORED
        return cross_entropy(model.lm_head(hidden[taught]), targets[taught])

    def _positions(
        self, note: list[int], width: int, start: int, rng: random.Random, stretch: int
    ) -> torch.Tensor:
        """Number the tokens, with jumps between lines in half of the notes, as if the note were longer."""
        if rng.random() < 0.5:
            return torch.arange(start, start + width)
        steps = torch.ones(width, dtype=torch.long)
        ends = [index for index, token in enumerate(note) if token in self._newline]
        room = rng.randint(0, stretch)
        for index in rng.sample(ends, k=min(len(ends), rng.randint(1, 6))):
            jump = rng.randint(0, room)
            steps[index] += jump
            room -= jump
        return torch.cumsum(steps, dim=0) + start - 1

    @staticmethod
    def _worn(start: list[int], rng: random.Random, step: Step) -> list[int]:
        """Cut a piece out of the prompt now and then, so that a later wording of it does no harm."""
        if len(start) < 400:
            return start
        if step.is_prompt_cut:
            return start[:80] + start[-rng.randint(20, 300) :]
        if rng.random() < 0.5:
            return start
        first = rng.randint(80, len(start) - 100)
        return start[:first] + start[min(len(start) - 20, first + rng.randint(1, 600)) :]

    @staticmethod
    def _read(model: LlamaForCausalLM, start: list[int], batch: int) -> DynamicCache:
        with torch.no_grad():
            cache = model.model(input_ids=torch.tensor([start]), use_cache=True).past_key_values
        cache.batch_repeat_interleave(batch)
        return cache

    def _template(self, messages: list[dict[str, str]], *, add_generation_prompt: bool) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=add_generation_prompt
            )
        )

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))


def export(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path, facts: dict[str, object]
) -> None:
    """Write weights (bfloat16), tokenizer, README and manifest into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "README.md").write_text(README, encoding="utf-8")
    write_manifest(out, facts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m inference.training.tiny", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--prompt", nargs="+", default=prompt_names(), help="what it is trained behind")
    parser.add_argument("--notes", type=Path, help="folder of invented .txt notes, for words and lines")
    parser.add_argument("--continue-from", type=Path, help="folder of an earlier model to train on")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--drill-share", type=float, default=0.04, help="part of the time for copying drills")
    return parser.parse_args()


def _beginning(
    arguments: argparse.Namespace, prompts: Sequence[Prompt], notes: list[str], rng: random.Random
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Read an earlier model, or make a new one with a tokenizer of its own."""
    if arguments.continue_from:
        model = LlamaForCausalLM.from_pretrained(arguments.continue_from, dtype=torch.float32)
        return model, PreTrainedTokenizerFast.from_pretrained(arguments.continue_from)
    lessons = [lesson(rng, sentences=20) for _ in range(600)]
    fixed = [message.content for prompt in prompts for message in prompt.messages(lessons[0].part)[:-1]]
    invented = [text for item in lessons for text in (render_part(item.part), item.answer)]
    tokenizer = train_tokenizer(fixed * 30 + notes * 3 + invented, vocabulary=VOCABULARY, max_tokens=CONTEXT)
    model = LlamaForCausalLM(tiny_config(tokenizer))
    start_with_copying(model, torch.Generator().manual_seed(arguments.seed))
    return model, tokenizer


def main() -> None:
    """Train within the time given, saving every two minutes."""
    arguments = _arguments()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    rng = random.Random(arguments.seed)  # noqa: S311 - reproducible lessons, not a secret
    prompts = [load_prompt(name) for name in arguments.prompt]

    files = sorted(arguments.notes.glob("*.txt")) if arguments.notes else []
    notes = [path.read_text(encoding="utf-8") for path in files]
    model, tokenizer = _beginning(arguments, prompts, notes, rng)
    optimiser = torch.optim.AdamW(model.parameters(), lr=arguments.rate, betas=(0.9, 0.98), weight_decay=0.01)
    lines = [line.strip() for note in notes for line in note.splitlines() if len(line.split()) > 1]
    classroom = Classroom(tokenizer, prompts, lines)
    facts: dict[str, object] = {
        "made_by": "python -m inference.training.tiny",
        "arguments": {
            name: value.name if isinstance(value, Path) else value for name, value in vars(arguments).items()
        },
        "seed": arguments.seed,
        "prompt_digests": {prompt.name: prompt.digest for prompt in prompts},
        "parameters": model.num_parameters(),
    }
    if arguments.continue_from:
        earlier = json.loads((arguments.continue_from / MANIFEST).read_text(encoding="utf-8"))
        facts["continued_from"] = {name: fact for name, fact in earlier.items() if name != "files"}
    seconds, began, saved, count, mean = arguments.minutes * 60, time.monotonic(), 0.0, 0, 0.0
    while (spent := time.monotonic() - began) < seconds:
        part = spent / seconds
        rate = arguments.rate * min(1.0, (count + 1) / 60) * (0.51 + 0.49 * math.cos(math.pi * part))
        for group in optimiser.param_groups:
            group["lr"] = rate
        # bfloat16 halves a step's time. Nothing cached: what is cast without gradient would stay without one.
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
            if part < arguments.drill_share and not arguments.continue_from:
                stage = "drill"
                loss = drill(model, rng, batch=48, length=rng.randint(8, 48))
            else:
                step = plan(part, rng)
                stage = f"{step.sentences[1]} sentences"
                loss = classroom.loss(model, rng, step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean = loss.item() if count == 0 else 0.9 * mean + 0.1 * loss.item()
        count += 1
        if count % 20 == 0:
            row = {"step": count, "stage": stage, "loss": round(mean, 3), "s": round(spent)}
            print(json.dumps(row), flush=True)  # noqa: T201 - the script's progress
        if spent - saved > 120:
            saved = spent
            export(model, tokenizer, arguments.out, facts | {"steps": count, "date": _now()})
    export(model, tokenizer, arguments.out, facts | {"steps": count, "date": _now(), "loss": round(mean, 4)})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    main()
