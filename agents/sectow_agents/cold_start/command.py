"""`sectow attacker`: gives an attacker a start before it learns by reward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_env.display.console import note, print_json, say
from sectow_env.errors import ConfigError
from sectow_env.files import check_new_folder, new_folder
from sectow_env.resolve.names import check_names

if TYPE_CHECKING:
    from sectow_agents.algorithms.job import PhaseReport
    from sectow_agents.cold_start.lessons import Lesson
    from sectow_agents.settings.training import SftSettings
    from sectow_env.game import Turn
    from sectow_env.game.world import World

SCRIPTED = "channels/scripted"
app = typer.Typer(help="Give an attacker a start.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Give an attacker a start."""


@dataclass(frozen=True)
class _Source:
    """Where the lessons come from."""

    channels: tuple[str, ...]
    attacker: str
    against: str | None
    judge: str | None
    attempts: int
    pool: Path | None
    seed: int


@app.command("warm-start")
def warm_start(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    world: Annotated[str, typer.Option(help="A scenario pack, or a registered world.")],
    model: Annotated[str, typer.Option(help="The attacker's weights: a folder or a hub id.")],
    out: Annotated[Path, typer.Option(help="Folder for the trained attacker.")],
    against: Annotated[
        str | None, typer.Option(help="The defender that the scripts attack.")
    ] = None,
    from_pool: Annotated[
        Path | None, typer.Option(help="Learn from the attacks of this pool instead.")
    ] = None,
    channels: Annotated[
        str, typer.Option(help="Separated by commas; default: all that can be played.")
    ] = "",
    attacker: Annotated[str, typer.Option(help="What writes the first attacks.")] = SCRIPTED,
    judge: Annotated[str | None, typer.Option(help="Default: the world's own.")] = None,
    attempts: Annotated[int, typer.Option(min=1, help="Attacks per scenario and channel.")] = 4,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Lessons per optimizer step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Of AdamW.")] = 1e-5,
    lora: Annotated[int, typer.Option(min=0, help="Rank of an adapter; 0 trains all.")] = 0,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest attack, in tokens.")] = 256,
    template: Annotated[
        str | None, typer.Option(help="How the attacker is asked; default: by the world.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="The attacker's system prompt.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Fine-tune an attacker on scripted attacks that worked against a defender."""
    _check_source(against, from_pool)
    _check_rate(learning_rate)
    check_new_folder(out)
    check_names(world=world, judge=judge, attackers=[attacker, model], defenders=[against])
    from sectow_agents.settings.training import LoraSettings, SftSettings

    settings = SftSettings(
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        max_new_tokens=max_new_tokens,
        lora=LoraSettings(rank=lora, alpha=2 * lora) if lora else None,
    )
    names = tuple(name for name in channels.split(",") if name)
    source = _Source(names, attacker, against, judge, attempts, from_pool, seed)
    played = _world(world, names)
    pooled = None if from_pool is None else _pooled(from_pool)
    weights = _weights(model, played)
    worked = _tried(source, played) if pooled is None else pooled
    from sectow_agents.cold_start.lessons import lessons_of

    lessons = lessons_of(worked, played)
    asking = (template, system)
    report = _trained(weights, out, settings, lessons, played, asking, seed)
    figures = report.summary.metrics
    if as_json:
        print_json({"lessons": len(lessons), "out": str(out), "metrics": figures})
        return
    say(f"{len(lessons)} lessons, loss {figures.get('loss_first')} -> {figures.get('loss')}")
    say(f"the attacker is in {out}")


def _world(name: str, channels: tuple[str, ...]) -> World:
    from sectow_env.game.world import TakesChannels
    from sectow_env.resolve.worlds import load_world

    world = load_world(name, allow_import_path=True)
    return world.attacked_through(channels) if isinstance(world, TakesChannels) else world


def _tried(source: _Source, world: World) -> Iterable[Turn]:
    from sectow_agents.cold_start.lessons import try_attacks
    from sectow_env.game.referee import Referee
    from sectow_env.game.world import ServesChannels
    from sectow_env.resolve.parts import find_attacker, find_defender, find_judge, find_reward

    attacker = find_attacker(source.attacker, world)
    served = attacker.served_channels if isinstance(attacker, ServesChannels) else None
    scenarios = world.scenarios(
        "train", harmful=True, channels=source.channels or served or world.working_channels
    )
    judge = find_judge(source.judge, world)
    referee = Referee(world, judge, find_reward(None))
    note(f"{source.attacker} attacks {source.against}: {len(scenarios)} x {source.attempts}")
    defender = find_defender(source.against, world)
    trials = try_attacks(attacker, defender, scenarios, source.attempts, referee, source.seed)
    by_channel = ", ".join(f"{name} {count}" for name, count in trials.channels.items())
    note(
        f"{len(trials.worked)} of {trials.tried} worked ({by_channel or 'none'}); "
        f"{trials.invalid} invalid, {trials.unscored} unscored by {judge.id}"
    )
    return trials.worked


def _pooled(file: Path) -> Iterable[Turn]:
    from sectow_env.pool.store import AttackPool

    with AttackPool(file, read_only=True) as pool:
        return [entry.turn for entry in pool]


def _weights(model: str, world: World) -> str | Path:
    from sectow_env.resolve.parts import find_attacker
    from sectow_env.resolve.policies import weights_of

    weights = weights_of(find_attacker(model, world))
    if weights is None:
        raise ConfigError(
            given=f"--model {model}",
            why="it has no weights that could be trained",
            fix="give a folder or a hub id",
        )
    from sectow_agents.models.load import check_source

    check_source(weights.source)
    return weights.source


def _trained(
    source: str | Path,
    out: Path,
    settings: SftSettings,
    lessons: Sequence[Lesson],
    world: World,
    asking: tuple[str | None, str | None],
    seed: int,
) -> PhaseReport:
    """Train beside the folder, which appears once it is complete; `asking`: template and system."""
    note(f"training on {len(lessons)} lessons")
    from sectow_agents.algorithms.job import Job
    from sectow_agents.cold_start.training import warm_start as start

    template, system = asking
    with new_folder(out) as aside:
        job = Job("attacker", 0, seed, settings, source, aside, system)
        return start(job, lessons, world, template)


def _check_source(against: str | None, pool: Path | None) -> None:
    if (against is None) == (pool is None):
        raise ConfigError(
            given=f"--against {against}, --from-pool {pool}",
            why="lessons come from attacks on a defender or from a pool: one of the two",
            fix="give --against DEFENDER or --from-pool POOL.sqlite",
        )


def _check_rate(rate: float) -> None:
    if not (isfinite(rate) and rate > 0):
        raise ConfigError(
            given=f"--learning-rate {rate}",
            why="an optimizer step of this size cannot be taken",
            fix="give a number above 0, such as 1e-5",
        )
