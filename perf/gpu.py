"""Seconds of an optimizer step and of a frozen opponent's answers, beside what it replaces.

    python perf/gpu.py --out speed.json          # one GPU of 80 GB, under 8 minutes
    python perf/gpu.py --shape organism          # the shipped organism, on the CPU
    python perf/gpu.py --shape tiny              # seconds: to see that it runs

All rows are measured in one run, on one base model in memory. On a GPU it is Qwen2.5-VL-3B at full
width with random weights, from a configuration written here: nothing comes from a hub. Bare TRL is
`GRPOTrainer` with its defaults and the same rows, batch, micro-batch, adapter and dtype; every row
has a picture, because bare TRL cannot mix. Each row stops at its budget of seconds; its first step,
in which kernels are compiled and memory is found, does not count. On the CPU seconds are those of
this process alone. Needs torchvision for Qwen.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from sectow_agents.algorithms.common import load_trainee, trainer_arguments
from sectow_agents.algorithms.dataset import Prompt, build_dataset
from sectow_agents.algorithms.job import Job, TrainingData, train
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.load import pick_device
from sectow_agents.models.quiet import quiet
from sectow_agents.models.shared import InMemory
from sectow_agents.settings.run_config import GenerationSettings
from sectow_agents.settings.training import GrpoSettings
from sectow_env.game import Episode, Seat
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Message
from sectow_env.game.picture import Picture

WORDS = [f"{place} {what}" for place in ("old", "near", "tall") for what in ("jar", "lantern")]
MIB = 2**20


@dataclass(frozen=True)
class Shape:
    """How large everything is."""

    side: int
    batch: int
    group: int
    micro: int
    new_tokens: int
    lora: bool
    budget: float
    """Seconds of a row."""


SHAPES = {
    "qwen": Shape(336, 64, 8, 16, 128, True, 70.0),
    "organism": Shape(64, 128, 8, 64, 16, False, 40.0),
    "tiny": Shape(64, 8, 4, 4, 4, True, 1.0),
}
STEPS = 8


@dataclass
class Row:
    """A figure beside another one."""

    name: str
    ours: float | None
    theirs: float | None
    floor: float
    unit: str = "s"
    ratio: float | None = field(init=False)

    def __post_init__(self) -> None:
        self.ratio = None if self.ours is None or not self.theirs else self.ours / self.theirs


class OverBudgetError(Exception):
    """A row's budget is spent."""


class Clock(TrainerCallback):  # type: ignore[misc]  # Its module is not followed.
    """Seconds of each step of bare TRL; stops the row where it is late."""

    def __init__(self, now: Callable[[], float], budget: float) -> None:
        self.seconds: list[float] = []
        self._now = now
        self._ends = now() + budget

    def on_step_begin(self, *_: object, **__: object) -> None:
        """A step begins."""
        self._since = self._now()

    def on_step_end(self, _args: object, _state: object, control: Any, **_: object) -> None:
        """A step ends."""
        self.seconds.append(self._now() - self._since)
        control.should_training_stop = len(self.seconds) > 1 and self._now() > self._ends


class Priced(SeatReward):
    """Prices by length, after an opponent answered as often, if there is one."""

    def __init__(self, seat: Seat, answer: Callable[[int], object] | None = None) -> None:
        self.seat = seat
        super().__init__()
        self._answer = answer

    def __call__(self, *, completions: Any, item: Sequence[int], **_: object) -> list[float | None]:
        """One reward per completion."""
        if self._answer is not None:
            self._answer(len(item))
        return [float(place % 5) for place, _ in enumerate(completions)]

    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        """Nothing is played."""
        return []


class Bench:
    """One base model in memory, and what is measured with it.

    Args:
        shape: Sizes.
        folder: The model.
        scratch: For checkpoints, which are dropped.
    """

    def __init__(self, shape: Shape, folder: Path, scratch: Path) -> None:
        self.shape, self.folder, self.scratch = shape, folder, scratch
        self.device = pick_device("auto")
        # On a CPU that others use too, only its own time can be compared.
        self.now = time.perf_counter if self.device == "cuda" else time.process_time
        rng = np.random.Generator(np.random.PCG64(0))
        self.shown = [self._question(rng, picture=True) for _ in range(shape.batch)]
        self.plain = [self._question(rng, picture=False) for _ in range(shape.batch)]
        self.settings = GrpoSettings.model_validate(
            {
                "steps": STEPS,
                "batch": shape.batch,
                "group": shape.group,
                "micro_batch": shape.micro,
                "max_new_tokens": shape.new_tokens,
                "activation_checkpointing": self.device == "cuda",
                "lora": {"target_modules": "language"} if shape.lora else None,
            }
        )
        # Whoever trains or answers shares its weights.
        self.kept = self.opponent("dynamic")
        self.kept.generator  # noqa: B018  (loads it)

    def _question(self, rng: np.random.Generator, picture: bool) -> Conversation:
        side = self.shape.side
        text = " ".join(WORDS[int(place)] for place in rng.integers(len(WORDS), size=24))
        pixels = rng.integers(256, size=(side, side, 3), dtype=np.uint8)
        pictures = (Picture(pixels),) if picture else ()
        return [Message(role="user", text=text, pictures=pictures)]

    def opponent(self, cache: Literal["dynamic", "static"]) -> LocalModel:
        """The frozen base."""
        memory = InMemory(shared=True, generation=GenerationSettings(cache=cache))
        return LocalModel(self.folder, batch_size=None, memory=memory)

    def job(self, seat: Seat) -> Job:
        """A phase's job, whose weights are dropped."""
        out = Path(tempfile.mkdtemp(dir=self.scratch))
        generation = GenerationSettings()
        return Job(seat, 1, 0, self.settings, self.folder, out, generation=generation)

    def phase(
        self, seat: Seat, prompts: Sequence[Conversation], answer: Callable[[int], object] | None
    ) -> list[float]:
        """Seconds of each step of a phase of ours."""
        seconds: list[float] = []
        started = last = self.now()

        def sink(_: object) -> None:
            nonlocal last
            last, since = self.now(), last
            seconds.append(last - since)
            if len(seconds) > 1 and last - started > self.shape.budget:
                raise OverBudgetError

        order = [index % len(prompts) for index in range(self.settings.prompts)]
        data = TrainingData([Prompt(question) for question in prompts], order, Priced(seat, answer))
        with suppress(OverBudgetError):
            train(replace(self.job(seat), sink=sink), data)
        gc.collect()
        return seconds

    def bare(self) -> list[float]:
        """Seconds of each step of bare TRL on prompts with pictures."""
        job = self.job("defender")
        trainee = load_trainee(job, self.settings)
        shape = self.shape
        clock = Clock(self.now, shape.budget)
        given = trainer_arguments(job, shape.micro, job.out)
        more = {"num_generations": shape.group, "max_completion_length": shape.new_tokens}
        order = [index % len(self.shown) for index in range(self.settings.prompts)]
        with quiet():
            trainer = GRPOTrainer(
                model=trainee.model,
                reward_funcs=[Priced("defender")],
                args=GRPOConfig(**given, **more),
                train_dataset=build_dataset([Prompt(question) for question in self.shown], order),
                processing_class=trainee.processing,
                peft_config=trainee.peft_config,
                callbacks=[clock],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
            trainer.accelerator.free_memory()
        del trainer
        gc.collect()
        return clock.seconds

    def answers(self, cache: Literal["dynamic", "static"]) -> list[float]:
        """Seconds of a frozen opponent's answers to a batch of prompts with pictures."""
        model = self.opponent(cache)
        return self._timed(lambda: model.chat(self.shown, self.greedy()))

    def raw(self) -> list[float]:
        """The same by the model's own `generate`, all at once."""
        generator = self.kept.generator
        texts = [generator.prompt(question) for question in self.shown]
        images = [[shown.pil() for shown in question[0].pictures] for question in self.shown]

        def answer() -> object:
            with torch.inference_mode():
                inputs = generator.encode(texts, images)
                inputs = inputs.to(generator.model.device, dtype=generator.model.dtype)
                out = generator.model.generate(
                    **inputs, max_new_tokens=self.shape.new_tokens, do_sample=False
                )
                return generator.processor.batch_decode(out[:, inputs["input_ids"].shape[1] :])

        with quiet():
            return self._timed(answer)

    def greedy(self) -> Decoding:
        """How answers are drawn."""
        return Decoding(max_new_tokens=self.shape.new_tokens)

    def _timed(self, work: Callable[[], object]) -> list[float]:
        seconds: list[float] = []
        while len(seconds) < 2 or (len(seconds) < 6 and sum(seconds) < self.shape.budget / 2):
            started = self.now()
            work()
            seconds.append(self.now() - started)
        return seconds


def measured(bench: Bench) -> list[Row]:
    """All rows of the table."""
    bare, single = _with_peak(bench, bench.bare)
    ours, _ = _with_peak(bench, lambda: bench.phase("defender", bench.shown, None))
    raw, dynamic, static = bench.raw(), bench.answers("dynamic"), bench.answers("static")
    model = bench.opponent("dynamic")

    def opponent(count: int) -> object:
        return model.chat(bench.shown[:count], bench.greedy())

    alone = bench.phase("attacker", bench.plain, None)
    both, two = _with_peak(bench, lambda: bench.phase("attacker", bench.plain, opponent))
    parts = _typical(alone) + _typical(dynamic)
    answers = "frozen opponent, prompts with pictures, beside raw generate"
    return [
        Row("defender phase, pictures, beside bare TRL", _typical(ours), _typical(bare), 1.05),
        Row("attacker phase, beside the sum of its parts", _typical(both), parts, 1.10),
        Row(f"{answers}, dynamic cache", _typical(dynamic), _typical(raw), 1.05),
        Row(f"{answers}, static cache", _typical(static), _typical(raw), 1.05),
        Row("two seats on one base, beside bare TRL with one", two, single, 1.15, "MiB at most"),
    ]


def _typical(seconds: Sequence[float]) -> float:
    return statistics.median(seconds[1:] or seconds)


def _with_peak(bench: Bench, work: Callable[[], list[float]]) -> tuple[list[float], float | None]:
    if bench.device != "cuda":
        return work(), None
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    seconds = work()
    return seconds, torch.cuda.max_memory_allocated() / MIB


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | ours | instead | ratio | floor |", "|---|---|---|---|---|"]
    for row in rows:
        figures = (_shown(row.ours, row.unit), _shown(row.theirs, row.unit), _shown(row.ratio))
        lines.append(f"| {row.name} | {' | '.join(figures)} | {row.floor:.2f} |")
    return "\n".join(lines)


def _shown(value: float | None, unit: str = "") -> str:
    return "not measured" if value is None else f"{value:.2f} {unit}".strip()


def build(shape: str, folder: Path) -> Path:
    """Write the model of a shape into a folder; the shipped organism is where it is."""
    if shape == "qwen":
        # A script beside this one, not a module of a package.
        import_module("wide_qwen").write(folder, pick_device("auto"))
        return folder
    from sectow_agents.organism.architecture import build_model, build_processor
    from sectow_agents.organism.store import SHIPPED

    if shape == "organism":
        return SHIPPED / "world-0" / "defender"
    with quiet():
        build_model(0).save_pretrained(folder)
        build_processor().save_pretrained(folder)
    return folder


def main(
    shape: Annotated[str, typer.Option(help="qwen, organism or tiny.")] = "qwen",
    out: Annotated[Path | None, typer.Option(help="Also write the rows as JSON.")] = None,
) -> None:
    """Measure all rows of the table in one run."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(SHAPES[shape], build(shape, Path(scratch) / "model"), Path(scratch))
        rows = measured(bench)
    device = torch.cuda.get_device_name() if bench.device == "cuda" else "CPU"
    spent = f"{time.perf_counter() - started:.0f} s in all, torch {torch.__version__}"
    typer.echo(f"{shape} on {device}, {spent}\n\n{table(rows)}")
    if out is not None:
        record = {"shape": shape, "device": device, "rows": [vars(row) for row in rows]}
        out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
