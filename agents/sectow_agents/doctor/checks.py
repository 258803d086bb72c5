"""What of a configuration would fail, each with its fix: nothing is trained.

The judge, the renderer and the servers that play are tried; local models in the seats are not.
Every check stands by itself, so that one run shows all that is wrong.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from sectow_agents.settings.run_config import RunConfig
from sectow_env.errors import ConfigError, SectowError, at_fault, pip_line
from sectow_env.game import SEATS, Frozen, Judge, Scenario, Seat
from sectow_env.game.renderer import Drawing
from sectow_env.game.world import World
from sectow_env.registry.extras import missing, version_of

T = TypeVar("T")
GIB = 2**30
QUESTION = "How is the lid of a jar opened?"
"""What a server in a seat is asked."""
WORDS = "a glass jar"
"""What a renderer is to draw."""
State = Literal["ok", "fails", "unknown"]


class Check(Frozen):
    """What came of one check."""

    name: str
    state: State
    seen: str
    fix: str = ""
    """Empty where nothing is wrong."""


class Checks:
    """Collects what checks see.

    Args:
        log: Called with what is being looked at.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self.results: list[Check] = []

    def attempt(self, name: str, look: Callable[[], tuple[T, str]]) -> T | None:
        """Run a check that gives a value and says what it saw; an error of ours is a result."""
        self._log(name)
        try:
            value, seen = look()
        except SectowError as error:
            self.results.append(
                Check(name=name, state="fails", seen=f"{error.given}: {error.why}", fix=error.fix)
            )
            return None
        self.results.append(Check(name=name, state="ok", seen=seen))
        return value

    def skip(self, name: str, why: str) -> None:
        """Note that something could not be looked at."""
        self.results.append(Check(name=name, state="unknown", seen=why))


def check_config(
    file: Path,
    changes: Sequence[str] = (),
    processes: int = 1,
    log: Callable[[str], None] = lambda _: None,
) -> list[Check]:
    """Look at all that a configuration names.

    Args:
        file: The configuration.
        changes: Settings to change, as in `sectow train`.
        processes: How many will train.
        log: Called with what is being looked at.
    """
    from sectow_agents.settings.file import load_config

    checks = Checks(log)
    config = checks.attempt("settings", lambda: (load_config(file, changes), str(file)))
    if config is None:
        return checks.results
    checks.attempt("run folder", lambda: _run_folder(config))
    checks.attempt("batches", lambda: _batches(config, processes))
    packages = checks.attempt("packages", lambda: _packages(config))
    world = checks.attempt("world", lambda: _world(config))
    data = None
    if world is None:
        for name in ("data", "judge"):
            checks.skip(name, "needs the world")
    else:
        data = checks.attempt("data", partial(_data, config, world))
    if packages is None:
        for name in ("device", "models", "room", "judge"):
            checks.skip(name, "needs the missing packages")
        return checks.results
    checks.attempt("device", lambda: _device(config))
    if world is not None:
        models = [
            checks.attempt(f"{seat}'s model", partial(_model, config, seat, world))
            for seat in SEATS
        ]
        if data is None or None in models:
            checks.skip("room", "needs the data and both models")
        else:
            checks.attempt("room", lambda: _room(config, world, processes))
        judge = checks.attempt("judge", partial(_judge, config, world))
        if judge is not None:
            channels = None if data is None else config.attacker.channels
            checks.attempt("judge, tried", lambda: _tried(config, judge, world, channels))
    if config.renderer is not None:
        checks.attempt("renderer, tried", partial(_drawn, config.renderer))
    return checks.results


def _run_folder(config: RunConfig) -> tuple[bool, str]:
    from sectow_agents.run.folder import RunFolder

    RunFolder.check(config, resume=False)
    return True, f"{config.run} is free"


def _batches(config: RunConfig, processes: int) -> tuple[bool, str]:
    sizes = [
        f"{seat} {config.training(seat).batch} as {config.training(seat).micro(images, processes)}"
        for seat in config.seats
        for images in (False, True)
    ]
    return True, f"{', '.join(dict.fromkeys(sizes))} at once, on {processes} processes"


def _packages(config: RunConfig) -> tuple[bool, str]:
    from sectow_agents.run.trackers import check_trackers

    gone = missing("train")
    if gone:
        raise ConfigError(
            given="the extra train", why=f"{', '.join(gone)} is missing", fix=pip_line("train")
        )
    check_trackers(config.report_to)
    for seat in config.seats:
        _check_vllm(config, seat)
    return True, "all there"


def _check_vllm(config: RunConfig, seat: Seat) -> None:
    """Raises ConfigError where vLLM is set to generate, and is missing or not TRL's."""
    from packaging.specifiers import SpecifierSet

    from sectow_agents.settings.trl_fields import check_vllm
    from sectow_env.commands.doctor import vllm_range

    fields = getattr(config.training(seat), "grpo", {})
    check_vllm(seat, fields)
    installed, known = version_of("vllm"), vllm_range()
    if fields.get("use_vllm") and installed and known and installed not in SpecifierSet(known):
        raise ConfigError(
            given=f"{seat}.training.grpo.use_vllm=true with vLLM {installed}",
            why=f"the installed TRL works with {known}",
            fix=f'run: pip install "vllm{known}"; or leave use_vllm out',
        )


def _world(config: RunConfig) -> tuple[World, str]:
    from sectow_agents.run.parts import find_played

    world = find_played(config)
    return world, world.id


def _data(config: RunConfig, world: World) -> tuple[int, str]:
    """Scenarios for each seat that is trained, by the channels and the mix."""
    from sectow_agents.run.parts import attacked, check_mix
    from sectow_env.game.world import clusters_in_two_splits

    harmful = attacked(config, world)
    check_mix(config.defender.mix, world)
    benign = world.scenarios("train", harmful=False)
    if not harmful:
        raise ConfigError(
            given=f"the world {world.id}",
            why="its training split has no harmful scenario",
            fix="give a world or a pack with harmful scenarios in the split train",
        )
    if not benign and "defender" in config.seats and not config.defender.mix.general_kinds:
        raise ConfigError(
            given=f"the world {world.id}",
            why="its training split has no benign request, so the defender may learn to refuse all",
            fix="add benign scenarios to the split train",
        )
    shared = clusters_in_two_splits([*harmful, *benign, *world.scenarios("test")])
    if shared:
        raise ConfigError(
            given=f"{len(shared)} clusters of {world.id}, such as {min(shared)!r}",
            why="they are in more than one split, so the test is not held out",
            fix="put all scenarios of a cluster into one split",
        )
    return len(harmful), f"{len(harmful)} harmful and {len(benign)} benign scenarios to train on"


def _device(config: RunConfig) -> tuple[str, str]:
    from sectow_agents.models.load import pick_device

    device = pick_device(config.device)
    return device, device


def _model(config: RunConfig, seat: Seat, world: World) -> tuple[str, str]:
    """Where a seat's weights are; its files and what its family needs are looked at, not loaded.

    A server that answers for the seat is asked.
    """
    from sectow_agents.run.seats import occupant
    from sectow_env.resolve.names import check_names
    from sectow_env.resolve.policies import weights_of

    given = config.policy(seat).model
    check_names(attackers=[given]) if seat == "attacker" else check_names(defenders=[given])
    policy = occupant(config, seat, world)
    weights = weights_of(policy)
    if weights is None:
        server = _served(getattr(policy, "model", None))
        return given, f"{given}, {f'{server} answers' if server else 'without weights'}"
    return given, str(weights.source)


def _served(model: object) -> str | None:
    """What is behind a model and its defences, once it answered; None without a server.

    Raises:
        SectowError: The server gave no answer.
    """
    from sectow_env.endpoint.client import Endpoint
    from sectow_env.endpoint.exchange import ChatRequest, Failure
    from sectow_env.endpoint.model import EndpointModel
    from sectow_env.game.messages import Message
    from sectow_env.text import escaped

    while (inner := getattr(model, "inner", None)) is not None:
        model = inner
    if not isinstance(model, EndpointModel):
        return None
    # An answer from the cache would say nothing of the server, and nobody waits for many attempts.
    settings = model.settings.model_copy(update={"cache": None, "retries": 1})
    request = ChatRequest(messages=(Message(role="user", text=QUESTION),))
    (outcome,) = Endpoint(settings).complete([request])
    if isinstance(outcome, Failure):
        raise SectowError(
            given=repr(model),
            why=f"asked {QUESTION!r}, it gave no answer ({escaped(outcome.detail)})",
            fix="start the server, or correct base_url, model and the key",
        )
    return model.id


def _drawn(given: str) -> tuple[bool, str]:
    """A picture by the renderer, also where no channel of the run has it draw."""
    from sectow_env.resolve.parts import find_renderer

    renderer = find_renderer(given)
    scenario = Scenario(id="tried", behavior=QUESTION, harmful=False)
    with at_fault(f"the renderer {renderer.id}"):
        (picture,) = renderer.draw([Drawing(tuple(WORDS.split()), scenario)])
    drew = "no picture" if picture is None else "a picture"
    return True, f"{renderer.id} made {drew} of {WORDS!r}"


def _room(config: RunConfig, world: World, processes: int) -> tuple[bool, str]:
    """Disk for the checkpoints and memory of the GPU, by the plan of the run."""
    from sectow_agents.planning.here import gpu_here
    from sectow_agents.planning.machines import DEFAULT, gpu_of
    from sectow_agents.planning.plan import Setting, plan_of

    gpu = gpu_here()
    plan = plan_of(config, world, Setting(gpu or gpu_of(DEFAULT), processes))
    place = next(
        folder for folder in (config.run, *config.run.absolute().parents) if folder.is_dir()
    )
    free = shutil.disk_usage(place).free / GIB
    seen = f"{free:.1f} GiB of disk are free, the checkpoints take {plan.disk:.2f}"
    if plan.disk > free:
        raise ConfigError(
            given=f"the run folder {config.run}",
            why=seen,
            fix="name a run folder elsewhere, train adapters (lora), or fewer rounds",
        )
    if gpu is None:
        return True, f"{seen}; no GPU is here to hold the plan against"
    peaks = ", ".join(
        f"{phase.seat} {phase.peak.low:.0f} to {phase.peak.high:.0f}" for phase in plan.phases
    )
    seen = f"{seen}; of the GPU's {gpu.memory:.0f} GiB the phases take {peaks}"
    if plan.fits is False:
        raise ConfigError(
            given=f"the GPU {gpu.name}",
            why=seen,
            fix="make micro_batch smaller, or train adapters; sectow plan shows the parts",
        )
    return True, seen


def _judge(config: RunConfig, world: World) -> tuple[Judge, str]:
    """The judge that prices, built; of the second one the name."""
    from sectow_agents.run.parts import OWN_JUDGE
    from sectow_env.judges.cached import remembered
    from sectow_env.resolve.names import check_names
    from sectow_env.resolve.parts import find_judge

    for given in (config.judge, config.truth):
        check_names(judge=None if given == OWN_JUDGE else given)
    judge = remembered(find_judge(config.judge, world))
    return judge, f"{judge.id}@{judge.version}"


def _tried(
    config: RunConfig, judge: Judge, world: World, channels: Sequence[str | None] | None
) -> tuple[bool, str]:
    """The judge's prices and its word on intent, on turns that are made up."""
    from sectow_agents.run.notices import rewarded_seats
    from sectow_env.judges.four_cases import four_cases
    from sectow_env.resolve.parts import find_reward

    reward = find_reward(config.reward.model_dump())
    tried = four_cases(judge, world, reward, channels)
    faults = tried.faults(rewarded_seats(config))
    if faults:
        raise ConfigError(
            given=f"the judge {judge.id}",
            why="; ".join(faults),
            fix="docs/judges.md says which judges price what: name one with judge=NAME",
        )
    return True, str(tried)
