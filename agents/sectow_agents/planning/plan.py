"""The plan of a run: what each phase needs, from its configuration and data alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sectow_agents.models.chat import pictures_of
from sectow_agents.planning import duration
from sectow_agents.planning.lengths import Lengths, Sample
from sectow_agents.planning.machines import GIB, Gpu
from sectow_agents.planning.memory import (
    BFLOAT16,
    FLOAT32,
    FOUR_BITS,
    Load,
    Sharding,
    Term,
    peak,
    terms,
)
from sectow_agents.planning.range import NOTHING, Range
from sectow_agents.planning.shapes import Shape, adapter_parameters, shape_of
from sectow_agents.run.parts import attacked
from sectow_agents.settings.run_config import MOST_AT_ONCE, RunConfig
from sectow_agents.settings.training import TrainingSettings
from sectow_env.errors import ConfigError
from sectow_env.game import SEATS, Seat
from sectow_env.game.asking import attack_conversation, defence_conversation
from sectow_env.game.messages import Conversation
from sectow_env.game.world import World
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.resolve.policies import weights_of


@dataclass(frozen=True)
class Setting:
    """Where the run would take place."""

    gpu: Gpu
    gpus: int = 1
    sharding: Sharding = "none"


@dataclass(frozen=True)
class PhasePlan:
    """What one seat's phase needs on each GPU."""

    seat: Seat
    shape: Shape
    trained: int
    """Trained parameters."""
    samples: tuple[Sample, ...]
    """The prompts, the longest first."""
    exact_lengths: bool
    terms: tuple[Term, ...]
    """The memory, the largest part first; GiB."""
    step: Range
    """Seconds of an optimizer step, without judges."""
    steps: int

    @property
    def peak(self) -> Range:
        """The highest memory, in GiB."""
        return peak(list(self.terms))


@dataclass(frozen=True)
class Plan:
    """What a run needs."""

    setting: Setting
    phases: tuple[PhasePlan, ...]
    hours: Range
    """Of the whole run: all rounds, what the attackers add to the pool, and the monitor."""
    disk: float
    """GiB of all checkpoints, with one in the middle of a phase."""

    @property
    def fits(self) -> bool | None:
        """Whether the memory suffices: None where the estimates disagree."""
        need = [phase.peak for phase in self.phases]
        if all(size.high <= self.setting.gpu.memory for size in need):
            return True
        return None if all(s.low <= self.setting.gpu.memory for s in need) else False


def plan_of(config: RunConfig, world: World, setting: Setting) -> Plan:
    """Plan a run without loading a model.

    Raises:
        ConfigError: A model's configuration cannot be read, or the GPUs cannot share the batch.
    """
    sources = {seat: _source(config, seat, world) for seat in SEATS}
    phases = tuple(
        _phase(config, world, setting, seat, sources) for seat in SEATS if seat in config.seats
    )
    once = NOTHING
    for phase in phases:
        once = once.plus(phase.step.times(phase.steps))
    around = _around_the_phases(config, world, setting, phases)
    return Plan(
        setting=setting,
        phases=phases,
        hours=once.plus(around).times(config.rounds / 3600),
        disk=_disk(config, phases) / GIB,
    )


def _source(config: RunConfig, seat: Seat, world: World) -> str | Path | None:
    find = find_attacker if seat == "attacker" else find_defender
    weights = weights_of(find(config.policy(seat).model, world))
    return None if weights is None else weights.source


def _phase(
    config: RunConfig,
    world: World,
    setting: Setting,
    seat: Seat,
    sources: dict[Seat, str | Path | None],
) -> PhasePlan:
    source, training = sources[seat], config.training(seat)
    if source is None:
        raise ConfigError(
            given=f"{seat}.model={config.policy(seat).model!r}",
            why="it has no weights that could be trained",
            fix=f"name a folder or a model of the hub, or leave {seat} out of seats",
        )
    shape, lengths = shape_of(source), Lengths(source)
    prompts = _prompts(config, world, seat)
    shown = sum(any(pictures_of(chat)) for _, chat in prompts)
    if seat == "defender" and shown:
        showing = f"{shown} of its {len(prompts)} prompts show a picture"
        lengths.family.check_shown(f"the defender {str(source)!r}", showing, trained=True)
    samples = lengths.of(prompts)
    full = training.lora is None
    pictures = any(sample.pictures for sample in samples)
    load = Load(
        shape=shape,
        trained=_trained(shape, source, training),
        bytes=FLOAT32 if full and config.dtype == "auto" else _bytes(config, shape),
        opponents=_frozen(config, seat, sources, full) if seat == "attacker" else 0,
        generated=training.batch // setting.gpus,
        micro=training.micro(pictures, setting.gpus),
        prompt=samples[0].tokens if samples else 0,
        new=training.max_new_tokens,
        checkpointing=training.activation_checkpointing,
        full=full,
        shards=setting.gpus,
        sharding=setting.sharding,
        reserved=_vllm(training) * setting.gpu.memory,
    )
    return PhasePlan(
        seat=seat,
        shape=shape,
        trained=load.trained,
        samples=tuple(samples),
        exact_lengths=lengths.exact,
        terms=tuple(terms(load)),
        step=_step(config, load, setting.gpu, seat),
        steps=training.steps,
    )


def _trained(shape: Shape, source: str | Path, training: TrainingSettings) -> int:
    if training.lora is not None:
        return adapter_parameters(source, training.lora)
    return shape.parameters - (0 if training.train_vision else shape.vision_parameters)


def _prompts(config: RunConfig, world: World, seat: Seat) -> list[tuple[str, Conversation]]:
    settings = config.policy(seat)
    if seat == "attacker":
        template = config.attacker.template
        return [
            (each.id, attack_conversation(each, template, settings.system, world=world))
            for each in attacked(config, world)
        ]
    return [
        (item.scenario.id, defence_conversation(item.attack, settings.system))
        for item in world.grid("train", frames="trained")
    ]


def _frozen(
    config: RunConfig, seat: Seat, sources: dict[Seat, str | Path | None], full: bool
) -> int:
    """Parameters of the frozen defenders beside the attacker; adapters share one base."""
    other: Seat = "defender" if seat == "attacker" else "attacker"
    source = sources[other]
    if source is None:
        return 0
    adapters = not full and config.training(other).lora is not None
    if adapters and str(source) == str(sources[seat]):
        return 0
    past = config.league.keep if config.league.past and not adapters else 0
    return shape_of(source).parameters * (1 + past)


def _bytes(config: RunConfig, shape: Shape) -> float:
    """Of a weight of a base model, on average."""
    plain = FLOAT32 if config.dtype == "float32" else BFLOAT16
    if config.quantization is None:
        return plain
    # The embeddings, and the head where it is apart, are not packed.
    whole = min(2 * shape.vocabulary * shape.hidden / shape.parameters, 1.0)
    return whole * plain + (1 - whole) * FOUR_BITS


def _vllm(training: TrainingSettings) -> float:
    """The share of the memory that vLLM takes on the same GPU."""
    fields = getattr(training, "grpo", {})
    if not fields.get("use_vllm") or fields.get("vllm_mode", "colocate") != "colocate":
        return 0.0
    return float(fields.get("vllm_gpu_memory_utilization", 0.3))


def _step(config: RunConfig, load: Load, gpu: Gpu, seat: Seat) -> Range:
    """Seconds of one optimizer step: generate, let the opponent answer, train."""
    learns_from_answers = config.training(seat).algorithm != "grpo"
    seconds = duration.training(load, gpu, load.generated)
    if learns_from_answers:
        return seconds
    seconds = seconds.plus(duration.generation(load, gpu, load.generated, load.prompt, load.new))
    if seat == "defender":
        return seconds
    # An attack is at most as long as what the attacker may write.
    answer = duration.generation(load, gpu, load.generated, load.new, config.answer_tokens)
    return seconds.plus(answer)


def _around_the_phases(
    config: RunConfig, world: World, setting: Setting, phases: Sequence[PhasePlan]
) -> Range:
    """Seconds a round for what is played outside of the training: pool and monitor."""
    tried = attacked(config, world)
    size = config.batch_size or MOST_AT_ONCE
    attempts = config.monitor.scenarios * config.monitor.attempts
    expansion = len(tried) * config.pool.per_scenario if "attacker" in config.seats else 0
    played = expansion + len(phases) * (attempts + config.monitor.benign)
    seconds = NOTHING
    for phase in phases:
        new = config.training(phase.seat).max_new_tokens
        prompt = phase.samples[0].tokens if phase.samples else 0
        load = Load(phase.shape, prompt, new)
        share = played / len(phases) / size
        batch = duration.generation(load, setting.gpu, size, prompt, new)
        seconds = seconds.plus(batch.times(share))
    return seconds


def _disk(config: RunConfig, phases: Sequence[PhasePlan]) -> float:
    """Bytes of what all phases leave, and of the one checkpoint in the middle of a phase."""
    left = config.rounds * sum(_checkpoint(config, phase) for phase in phases)
    # What is trained, and the optimizer's two figures for each.
    middle = 3 * FLOAT32 * max((phase.trained for phase in phases), default=0)
    return left + middle * (config.checkpoint_every is not None)


def _checkpoint(config: RunConfig, phase: PhasePlan) -> float:
    """Bytes of what a phase leaves: the adapter, or all weights."""
    lora = config.training(phase.seat).lora is not None
    return phase.trained * FLOAT32 if lora else phase.shape.parameters * FLOAT32
