"""One world of the first-light study: the game played and measured, everything kept on disk.

    game/                 a training run of the demo's recipe, evaluated before, between and after
    free/                 the same with an attacker in free form, and a defender that stands still
    frames/FRAME/         each open frame by itself against the base defender

A killed study resumes where it stopped: training after the last finished phase, measuring after the
last finished unit of work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sectow_benchmarks.evaluation.attackers import AttackSetup, run_attacker
from sectow_benchmarks.evaluation.callback import FOLDER, Evaluate, read_evaluations
from sectow_benchmarks.evaluation.measure import Progress
from sectow_benchmarks.evaluation.policies import DefenderUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.provenance import describe_ground
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import judged_episodes
from sectow_env.game import Frozen, Split
from sectow_env.pool.store import AttackPool
from sectow_env.resolve.parts import find_judge, find_reward
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import WORKING_CHANNELS
from sectow_env.worlds.apothecary.frames import Frame
from sectow_env.worlds.apothecary.policies import FrameAttacker

if TYPE_CHECKING:
    from sectow_agents.settings.run_config import RunConfig

FRAME_SPLITS: tuple[Split, Split] = ("train", "validation")
"""The best open frame is chosen on the first, measured on the second: else it were flattered."""
SUITE = "learned"
Log = Callable[[str], None]


class StudySettings(Frozen):
    """Size of the study in each world."""

    per_cell: int = 16
    """Items of each channel and frame, before and after."""
    per_kind: int = 100
    """General questions of each kind and split."""
    attempts: int = 4
    """Attacks of a trained attacker a scenario."""
    free_steps: int = 80
    """Optimizer steps of the attacker in free form."""
    seed: int = 0

    def measuring(self, world: str) -> MeasureSettings:
        """What an evaluation asks."""
        return MeasureSettings(
            world=world,
            per_cell=self.per_cell,
            per_kind=self.per_kind,
            attempts=self.attempts,
            max_new_tokens=16,
        )


@dataclass(frozen=True)
class Played:
    """What is on disk once one world has been played."""

    world: Apothecary
    base: EvaluationRun
    """The base defender, with the base attacker."""
    attacked: EvaluationRun
    """The base defender with the attacker of round 1."""
    final: EvaluationRun
    """The last defender, with the last attacker."""
    free: EvaluationRun
    """The base defender with the attacker that was trained in free form."""
    frames: dict[str, EvaluationRun]
    """The base defender and each open frame alone, by channel and label."""
    admitted: Counter[str]
    """Attacks that round 1 brought into the pool, by channel."""


def play_world(
    config: RunConfig,
    free: RunConfig,
    settings: StudySettings,
    out: Path,
    log: Log,
    progress: Progress | None = None,
) -> Played:
    """Play and measure one world, or read what is there already.

    Args:
        config: Of the game; its run folder is `out / "game"`.
        free: Of the attacker in free form; its run folder is `out / "free"`.
        settings: Sizes.
        out: Folder of this world.
        log: Called with what is being done.
        progress: Called with the progress of a measurement.
    """
    from sectow_agents.tug_of_war import TugOfWar

    log("the game")
    measuring = settings.measuring(config.world)
    evaluate = Evaluate(measuring, every_round=False, progress=progress)
    TugOfWar(config, [evaluate]).run(resume=_begun(config.run))
    log("an attacker in free form")
    attackers = measuring.model_copy(update={"decodings": ()})
    TugOfWar(free, [Evaluate(attackers, progress=progress)]).run(resume=_begun(free.run))
    alone = EvaluationRun.open(free.run / FOLDER / "round-1-attacker")
    world = Apothecary(int(config.world.rpartition(":")[2]))
    log("each open frame")
    frames = _open_frames(config, settings, world, out / "frames")
    evaluations = read_evaluations(config.run)
    with AttackPool(config.run / "pool.sqlite") as pool:
        admitted = Counter(str(entry.turn.attack.channel) for entry in pool if entry.round == 1)
    first = next(run for run in evaluations.attacks if run.name == "round 1 attacker")
    base, final = evaluations.defenders[0], evaluations.defenders[-1]
    return Played(world, base, first, final, alone, frames, admitted)


def _open_frames(
    config: RunConfig, settings: StudySettings, world: Apothecary, out: Path
) -> dict[str, EvaluationRun]:
    """Every open trained frame alone, as a script that plays nothing else."""
    from sectow_agents.run.run import Run

    runs: dict[str, EvaluationRun] = {}
    with Run(config, resume=True) as run:
        policy = run.defender(run.base("defender"), run.seed("evaluation"))
        subject = DefenderUnderTest(policy, "base")
        for name in WORKING_CHANNELS:
            for frame in world.channel(name).frames:
                if world.is_open(frame) and not frame.held_out:
                    key = f"{name}-{frame.label}"
                    runs[key] = _one_frame(subject, settings, world, frame, out / key)
    return runs


def _one_frame(
    subject: DefenderUnderTest, settings: StudySettings, world: Apothecary, frame: Frame, out: Path
) -> EvaluationRun:
    judge, measuring = find_judge(None, world), settings.measuring(world.name)
    about = {
        "name": f"{frame.channel} {frame.label}",
        **describe_ground(world.name, world, judge),
        "model": subject.about(),
        "attacker": {"name": f"{frame.channel} {frame.label}"},
        "settings": measuring.model_dump(mode="json"),
    }
    run = EvaluationRun.resume(out, about)
    for split in FRAME_SPLITS:
        setup = AttackSetup(
            world, judge, find_reward(None), split, settings.attempts, settings.seed
        )
        scenarios = [
            candidate for candidate in setup.scenarios() if candidate.channel == frame.channel
        ]
        if not run.done(split):
            script = FrameAttacker((frame.channel,), lambda candidate: candidate == frame)
            defender = subject.defender(measuring.decoding("sampled"), None)
            episodes = run_attacker(setup, script, defender, scenarios)
            run.add(split, judged_episodes(episodes, "sampled", SUITE, world))
    run.close()
    return run


def _begun(folder: Path) -> bool:
    return (folder / "run.json").exists()
