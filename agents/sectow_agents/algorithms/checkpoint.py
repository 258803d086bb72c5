"""Checkpoints in mid-phase: all that the rest of a phase depends on, as safetensors and JSON.

    STEPS/20/                  20 optimizer steps are made
        progress.json          lines of metrics, schedule, reward's generator
        episodes.jsonl         successful episodes so far
        rank-0.safetensors     what is trained, the optimizer's state, the global generators
        checkpoint.json        digests of these; written last, before the folder gets its name

A generation batch ends with an optimizer step, and only there is a checkpoint written: TRL keeps
its completions in memory. Each process writes its own generators, and its own part of weights that
are sharded.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from transformers import Trainer, TrainerCallback, TrainerState

from sectow_agents.algorithms.job import Job
from sectow_agents.algorithms.recorder import Recorder
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.models.intact import few
from sectow_env.display.console import note
from sectow_env.errors import SectowError, TrainingError
from sectow_env.files import file_digest, sync, write_text
from sectow_env.game import Episode, Frozen
from sectow_env.reading import read_jsonl, read_model

DIGESTS = "checkpoint.json"
PROGRESS = "progress.json"
EPISODES = "episodes.jsonl"
TRAINER = "trainer_state.json"
"""What transformers reads where it resumes; made anew, in the phase's scratch folder."""
WEIGHT, BUFFER, STATE, GENERATOR = "weight/", "buffer/", "optimizer/", "generator/"


class Digests(Frozen):
    """What a checkpoint consists of."""

    processes: int
    files: dict[str, str]
    """SHA-256 of each."""


class Progress(Frozen):
    """How far a phase is, beside its tensors and episodes."""

    seconds: float
    """Of the training so far."""
    tokens: int
    """That the trainer has counted."""
    lines: tuple[dict[str, Any], ...]
    """Those of the optimizer steps so far."""
    reward: dict[str, Any]
    """State of the generator that seeds the opponent."""
    schedule: dict[str, Any]
    groups: tuple[dict[str, Any], ...]
    """The optimizer's settings by group of parameters, without the parameters."""
    scalars: dict[str, Any]
    """What of the optimizer's state is no tensor."""


class Checkpoints(TrainerCallback):
    """Writes a checkpoint every so many optimizer steps, and resumes from the last one.

    Args:
        job: Says where checkpoints are, how many optimizer steps apart, and who writes.
        trainer: What is trained; it has not started yet.
        recorder: Has the lines and the successful episodes; added to the trainer before this.
        reward: Seeds the opponent; None where nothing is played in training.
    """

    def __init__(
        self, job: Job, trainer: Trainer, recorder: Recorder, reward: SeatReward | None
    ) -> None:
        self._job = job
        self._trainer = trainer
        self._recorder = recorder
        self._reward = reward
        self._started = time.perf_counter()
        self._saved = 0
        self._folder = Path()
        self.before = 0.0
        """Seconds of the training before it was cut short."""
        # DeepSpeed reads its own optimizer state by pickle only.
        self._every = None if trainer.is_deepspeed_enabled else job.checkpoint_every

    def resume(self) -> str | None:
        """Make the trainer start where the newest whole checkpoint was written.

        Returns:
            What `train(resume_from_checkpoint=...)` takes: None to start at the beginning.
        """
        job, trainer = self._job, self._trainer
        folder = job.share.from_main(lambda: newest(job.steps, job.share.size))
        if folder is None or trainer.is_deepspeed_enabled:
            return None
        self._folder = folder
        progress = read_model(folder / PROGRESS, Progress, follow=False)
        self._saved = int(folder.name)
        self.before = progress.seconds
        episodes = read_jsonl(folder / EPISODES, follow=False)
        successes = [Episode.model_validate(episode) for _, episode in episodes]
        self._recorder.restore(progress.lines, successes)
        if self._reward is not None:
            self._reward.restore(progress.reward)
        # Its own would unpickle, and look for weights under the names of a released checkpoint.
        vars(trainer).update(
            _load_from_checkpoint=self._load_weights,
            _load_optimizer_and_scheduler=self._load_optimizer,
            _load_rng_state=self._load_generators,
            # TRL's count of micro-batches, which it does not save.
            _step=self._saved * trainer.args.gradient_accumulation_steps,
        )
        if job.share.main:
            note(f"round {job.round} {job.seat}: resumes after optimizer step {self._saved}")
        return self._trainer_state(progress.tokens)

    def _trainer_state(self, tokens: int) -> str:
        """Write what transformers reads to find its place in the data; returns the folder."""
        args = self._trainer.args
        state = TrainerState(
            global_step=self._saved,
            num_input_tokens_seen=tokens,
            train_batch_size=args.train_batch_size,
        )
        state.compute_steps(args, args.max_steps)
        state.save_to_json(str(Path(args.output_dir) / TRAINER))
        return str(args.output_dir)

    def on_log(self, _args: object, state: Any, *_: object, **__: object) -> None:
        """Write a checkpoint if it is time for one."""
        step = int(state.global_step)
        due = self._every is not None and step - self._saved >= self._every
        if due and step < state.max_steps and self._between_generations():
            self._save(step)
            self._saved = step

    def _between_generations(self) -> bool:
        """Whether TRL holds no completions that are still to be trained on."""
        passed = vars(self._trainer).get("_step", 0)
        together = getattr(self._trainer.args, "steps_per_generation", 1)
        return bool(passed % (together * getattr(self._trainer, "num_iterations", 1)) == 0)

    def _save(self, step: int) -> None:
        share, steps = self._job.share, self._job.steps
        assert steps is not None
        aside, folder = steps / f".{step}.partial", steps / str(step)
        if share.main:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
        share.wait()
        tensors = _generators()
        if share.main or self._trainer.is_fsdp_enabled:
            tensors |= {name: _local(tensor) for name, tensor in self._tensors()}
        save_file(tensors, aside / _file_of(share.rank), metadata=_python_generators())
        sync(aside / _file_of(share.rank))
        if share.main:
            write_text(aside / PROGRESS, self._progress().model_dump_json())
            lines = (f"{episode.model_dump_json()}\n" for episode in self._recorder.successes)
            write_text(aside / EPISODES, "".join(lines))
        share.wait()
        if share.main:
            files = {file.name: file_digest(file) for file in aside.iterdir()}
            digests = Digests(processes=share.size, files=files)
            write_text(aside / DIGESTS, digests.model_dump_json(indent=1) + "\n")
            sync(aside)
            shutil.rmtree(folder, ignore_errors=True)
            aside.replace(folder)
            sync(steps)
            for other in steps.iterdir():
                if other != folder:
                    shutil.rmtree(other, ignore_errors=True)

    def _progress(self) -> Progress:
        state = self._trainer.optimizer.state_dict()
        groups = [
            {key: value for key, value in group.items() if key != "params"}
            for group in state["param_groups"]
        ]
        scalars = {name: value for name, value in _flat(state) if not torch.is_tensor(value)}
        return Progress(
            tokens=self._trainer.state.num_input_tokens_seen,
            seconds=self.before + time.perf_counter() - self._started,
            lines=tuple(self._recorder.lines),
            reward={} if self._reward is None else self._reward.state(),
            schedule=self._trainer.lr_scheduler.state_dict(),
            groups=tuple(groups),
            scalars=scalars,
        )

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """What training changes: trained weights, buffers, the optimizer's state."""
        yield from self._own()
        for name, value in _flat(self._trainer.optimizer.state_dict()):
            if torch.is_tensor(value):
                yield STATE + name, value

    def _own(self) -> Iterator[tuple[str, torch.Tensor]]:
        for name, model in self._models():
            for key, weight in model.named_parameters():
                if weight.requires_grad or name:
                    yield WEIGHT + name + key, weight
            for key, buffer in model.named_buffers():
                yield BUFFER + name + key, buffer

    def _models(self) -> Iterator[tuple[str, Any]]:
        yield "", self._trainer.model
        # The reference moves too where it follows the policy.
        if getattr(self._trainer.args, "sync_ref_model", False):
            yield "reference/", self._trainer.ref_model

    def _load_weights(self, *_: object) -> None:
        own = dict(self._own())
        with self._opened(self._sharded_rank) as part, torch.no_grad():
            names = {name for name in _keys(part) if name.startswith((WEIGHT, BUFFER))}
            if names != set(own):
                raise ValueError(f"other weights: {few(sorted(names ^ set(own)))}")
            for name, tensor in own.items():
                _fill(tensor, part.get_tensor(name), name)

    def _load_optimizer(self, _: object) -> None:
        progress = read_model(self._folder / PROGRESS, Progress, follow=False)
        optimizer = self._trainer.optimizer
        state: dict[int, dict[str, Any]] = {}
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        with self._opened(self._sharded_rank) as part:
            for name in _keys(part):
                if name.startswith(STATE):
                    index, _, key = name.removeprefix(STATE).partition("/")
                    value = _like(weights[int(index)], part.get_tensor(name))
                    state.setdefault(int(index), {})[key] = value
            for name, scalar in progress.scalars.items():
                index, _, key = name.partition("/")
                state.setdefault(int(index), {})[key] = scalar
            groups = [
                {**group, **{key: _as(group.get(key), value) for key, value in saved.items()}}
                for group, saved in zip(
                    optimizer.state_dict()["param_groups"], progress.groups, strict=True
                )
            ]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
            self._trainer.lr_scheduler.load_state_dict(dict(progress.schedule))

    def _load_generators(self, _: object) -> None:
        with self._opened(self._job.share.rank) as part:
            torch.set_rng_state(part.get_tensor(f"{GENERATOR}cpu"))
            if torch.cuda.is_available():
                torch.cuda.set_rng_state(part.get_tensor(f"{GENERATOR}cuda"))
            known = {name: json.loads(text) for name, text in part.metadata().items()}
            version, words, spare = known["python"]
            random.setstate((version, tuple(words), spare))
            words = np.array(known["numpy"]["state"]["key"], dtype=np.uint32)
            place = {"key": words, "pos": known["numpy"]["state"]["pos"]}
            np.random.set_state({**known["numpy"], "state": place})  # noqa: NPY002  (TRL seeds it)

    @property
    def _sharded_rank(self) -> int:
        """Whose file has this process's weights."""
        return self._job.share.rank if self._trainer.is_fsdp_enabled else 0

    @contextmanager
    def _opened(self, rank: int) -> Iterator[Any]:
        """The tensors of a process.

        Raises:
            TrainingError: They are not those of this phase.
        """
        try:
            with safe_open(self._folder / _file_of(rank), framework="pt") as part:
                yield part
        except (LookupError, TypeError, ValueError, SafetensorError) as error:
            raise TrainingError(
                given=f"the checkpoint {self._folder}",
                why=f"it does not fit the phase ({error}): another version of this package or of a "
                "library wrote it",
                fix="install that version; or delete the folder, and the phase starts anew",
            ) from error


def newest(steps: Path | None, processes: int) -> Path | None:
    """The last checkpoint that is whole and of so many processes; None without one."""
    if steps is None or not steps.is_dir():
        return None
    numbers = (int(folder.name) for folder in steps.iterdir() if folder.name.isdigit())
    for folder in (steps / str(number) for number in sorted(numbers, reverse=True)):
        problem = _problem(folder, processes)
        if problem is None:
            return folder
        note(f"warning: the checkpoint {folder} is left out: {problem}", "yellow")
    return None


def _problem(folder: Path, processes: int) -> str | None:
    try:
        digests = read_model(folder / DIGESTS, Digests, follow=False)
    except SectowError as error:
        return error.why
    if digests.processes != processes:
        return f"{digests.processes} processes wrote it, and now there are {processes}"
    links = [file.name for file in folder.iterdir() if file.is_symlink()]
    if links or folder.is_symlink():
        return f"{', '.join(links) or 'it'} is a symbolic link"
    present = {file.name: file_digest(file) for file in folder.iterdir() if file.name != DIGESTS}
    changed = {n for n in {*present, *digests.files} if present.get(n) != digests.files.get(n)}
    return f"its {', '.join(sorted(changed))} is not what was written" if changed else None


def _keys(part: Any) -> list[str]:
    return list(part.keys())


def _file_of(rank: int) -> str:
    return f"rank-{rank}.safetensors"


def _generators() -> dict[str, torch.Tensor]:
    states = {f"{GENERATOR}cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states[f"{GENERATOR}cuda"] = torch.cuda.get_rng_state()
    return states


def _python_generators() -> dict[str, str]:
    """Of Python and of numpy, as JSON."""
    state = np.random.get_state(legacy=False)  # noqa: NPY002  (TRL seeds it)
    return {
        "python": json.dumps(random.getstate()),
        "numpy": json.dumps(state, default=np.ndarray.tolist),
    }


def _flat(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of an optimizer's state: `PARAMETER/NAME`."""
    for index, entries in state["state"].items():
        for name, value in entries.items():
            yield f"{index}/{name}", value


def _local(tensor: torch.Tensor) -> torch.Tensor:
    """This process's part of it, by itself in memory, on the CPU."""
    whole = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return whole.detach().to("cpu", copy=True).contiguous()


def _fill(tensor: torch.Tensor, saved: torch.Tensor, name: str) -> None:
    own = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    if (own.shape, own.dtype) != (saved.shape, saved.dtype):
        raise ValueError(f"{name} is of another shape or type")
    own.copy_(saved)


def _like(weight: torch.Tensor, saved: torch.Tensor) -> torch.Tensor:
    """A state as its parameter is: sharded, if that is."""
    if not hasattr(weight, "to_local") or saved.shape != weight.to_local().shape:
        return saved
    from torch.distributed.tensor import DTensor

    return DTensor.from_local(
        saved.to(weight.device),
        weight.device_mesh,
        weight.placements,
        shape=weight.shape,
        stride=weight.stride(),
    )


def _as(now: object, saved: Any) -> Any:
    """A value that JSON made a list of is a tuple again."""
    return tuple(saved) if isinstance(now, tuple) and isinstance(saved, Sequence) else saved
