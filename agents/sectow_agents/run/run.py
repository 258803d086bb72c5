"""A training run in progress: its folder, world, judge, pool and policies in one place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sectow_agents.algorithms.job import Job, Summary
from sectow_agents.models.generator import Generator
from sectow_agents.models.load import find_source
from sectow_agents.policies.local import (
    TransformersAttacker,
    TransformersDefender,
    load_generator,
)
from sectow_agents.processes import Share, own_share
from sectow_agents.run.folder import Finished, RunFolder, State
from sectow_agents.run.league import assemble
from sectow_agents.run.monitor import Monitor, Quality
from sectow_agents.run.provenance import describe
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.settings.seeds import derive_seed
from sectow_env.errors import RunFolderError
from sectow_env.game import SEATS, Attacker, Defender, Judge, Seat
from sectow_env.game.decoding import Decoding
from sectow_env.game.referee import Referee
from sectow_env.game.rewards import RewardContext
from sectow_env.game.world import Item, World
from sectow_env.pool.store import AttackPool
from sectow_env.resolve.parts import find_judge, find_reward
from sectow_env.resolve.worlds import load_world


@dataclass(frozen=True)
class RunSummary:
    """What a run came to."""

    folder: Path
    base: Quality
    """Before any training."""
    phases: tuple[Finished, ...]
    pool: int
    """Attacks in the pool."""
    stopped: bool
    """Ended by the gate before its last round."""


class Run:
    """One run; a context manager that closes the pool.

    Args:
        config: All settings.
        resume: Continue the run in its folder instead of starting one.

    Raises:
        RunFolderError: The folder does not fit.
        SectowError: A world, judge or policy does not exist.
    """

    def __init__(self, config: RunConfig, resume: bool = False) -> None:
        self.config = config
        self.share = own_share()
        self.world = load_world(config.played, allow_import_path=True)
        self.judge = find_judge(config.judge, self.world)
        self.truth = _truth(config.truth, self.world)
        self.reward = find_reward(config.reward.model_dump())
        # What cannot be played is reported before there is a folder.
        self.world.scenarios("train", harmful=True, channels=self.channels)
        self._bases = {seat: find_source(config.policy(seat).model, self.world) for seat in SEATS}
        about = describe(config, self.world, self.judge, self._bases)
        self.files = (
            RunFolder.resume(config, self.share)
            if resume
            else RunFolder.create(config, about, self.share)
        )
        if resume:
            _same_ground(self.files, about)
        self.pool = _open_pool(self.folder / "pool.sqlite", self.share)
        self._loaded: dict[str, Generator] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.close()

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.files.path

    @property
    def rounds(self) -> int:
        """Rounds of the whole run."""
        return self.config.rounds

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Who is trained, in the order of a round."""
        return tuple(seat for seat in SEATS if seat in self.config.seats)

    @property
    def state(self) -> State:
        """What is finished."""
        return self.files.state

    @cached_property
    def monitor(self) -> Monitor:
        """The quality monitor, which asks the same throughout."""
        return Monitor(self.world, self.config.monitor, self.seed("monitor"), self.channels)

    @property
    def channels(self) -> tuple[str | None, ...]:
        """Channels that attacks are asked for; None leaves the form free."""
        asked = self.config.attacker.channels
        return self.world.working_channels if asked is None else tuple(asked)

    def base(self, seat: Seat) -> str | Path:
        """Where a seat's weights before the first round are."""
        return self._bases[seat]

    def checkpoint(self, seat: Seat, round: int) -> Path:  # noqa: A002  (its name everywhere)
        """Folder of the weights that a seat's phase in a round left."""
        return self.files.checkpoint(seat, round)

    def snapshots(self, seat: Seat) -> list[str | Path]:
        """All accepted weights of a seat, the base first, the current ones last."""
        trained = [
            self.checkpoint(seat, done.summary.round)
            for done in self.state.phases
            if done.summary.seat == seat and done.accepted
        ]
        return [self.base(seat), *trained]

    def find(self, seat: Seat, round: int) -> Finished | None:  # noqa: A002  (its name everywhere)
        """The record of a phase if it is finished."""
        for done in self.state.phases:
            if (done.summary.seat, done.summary.round) == (seat, round):
                return done
        return None

    def seed(self, *purpose: object) -> int:
        """The seed for one purpose."""
        return derive_seed(self.config.seed, *purpose)

    def referee(self) -> Referee:
        """Rules, judge and prices, with the pool as it is now."""
        context = RewardContext(pool_counts=self.pool.counts("frame"))
        return Referee(self.world, self.judge, self.reward, context)

    def pool_items(self) -> list[Item]:
        """All attacks of the pool with their scenarios, oldest first."""
        return [Item(entry.turn.scenario, entry.turn.attack) for entry in self.pool]

    def job(self, seat: Seat, round: int, out: Path) -> Job:  # noqa: A002  (its name everywhere)
        """What a phase is asked to do."""
        return Job(
            seat=seat,
            round=round,
            seed=self.seed(round, seat, "train"),
            training=self.config.training(seat),
            source=self.snapshots(seat)[-1],
            out=out,
            system=self.config.policy(seat).system,
            device=self.config.device,
            dtype=self.config.dtype,
            sink=self.files.log,
            progress=self.config.progress,
            truth=self.truth,
            share=self.share,
        )

    def defender(self, source: str | Path, seed: int, *, sampled: bool = True) -> Defender:
        """A frozen defender, as attackers meet it (sampled) or as benign requests do (greedy)."""
        seat, tokens = self.config.defender, self.config.answer_tokens
        decoding = Decoding(sampled, seat.training.temperature, tokens, seed)
        return TransformersDefender(self._generator(source), decoding, seat.system)

    def attacker(self, source: str | Path, seed: int) -> Attacker:
        """A frozen attacker, sampled."""
        seat = self.config.attacker
        training = seat.training
        decoding = Decoding(True, training.temperature, training.max_new_tokens, seed)
        generator, parse = self._generator(source), self.world.attack
        return TransformersAttacker(generator, decoding, parse, seat.template, seat.system)

    def opponent(self, round: int) -> Defender:  # noqa: A002  (its name everywhere)
        """The defender that an attacker trains against."""
        seed = self.seed(round, "attacker", "opponent")
        return assemble(
            self.snapshots("defender"),
            self.config.league,
            lambda source: self.defender(source, seed),
            seed,
        )

    def measure(self, defender: str | Path, attacker: str | Path, *purpose: object) -> Quality:
        """Let the monitor look at two policies.

        The draws are the same at every measurement, so that figures differ by the policies alone.
        """
        seed = self.seed("monitor", *purpose)
        return self.monitor.measure(
            self.defender(defender, seed, sampled=False),
            self.defender(defender, seed),
            self.attacker(attacker, self.seed("monitor", "attacker", *purpose)),
            self.referee(),
        )

    def judged(self, summary: Summary, quality: Quality) -> Finished:
        """The record of a defender's phase, with what the monitor says to its quality."""
        assert self.state.base is not None, "the base is measured first"
        objections = self.monitor.objections(quality, self.state.base)
        accepted = not objections or self.config.monitor.on_gate == "keep"
        return Finished(
            summary=summary, quality=quality, objections=tuple(objections), accepted=accepted
        )

    def save_base(self, quality: Quality) -> None:
        """Put the quality before any training into the state."""
        self.files.log({"event": "quality", "round": 0, "seat": None, **quality.figures()})
        self.files.save(self.state.model_copy(update={"base": quality}))

    def finish(self, done: Finished) -> None:
        """Name a phase in the state: from here on it is finished."""
        where = {"round": done.summary.round, "seat": done.summary.seat}
        gated = bool(done.objections)
        gate = {"gated": gated, "accepted": done.accepted, "admitted": done.admitted}
        self.files.log({"event": "quality", **where, **done.quality.figures(), **gate})
        stopped = gated and self.config.monitor.on_gate == "stop"
        phases = (*self.state.phases, done)
        self.files.save(self.state.model_copy(update={"phases": phases, "stopped": stopped}))

    def mark_reported(self, done: Finished) -> None:
        """Note that all callbacks were called for a phase."""
        reported = done.model_copy(update={"reported": True})
        phases = tuple(reported if known == done else known for known in self.state.phases)
        self.files.save(self.state.model_copy(update={"phases": phases}))

    def summary(self) -> RunSummary:
        """What the run has come to so far."""
        assert self.state.base is not None, "the base is measured first"
        return RunSummary(
            folder=self.folder,
            base=self.state.base,
            phases=self.state.phases,
            pool=len(self.pool),
            stopped=self.state.stopped,
        )

    def release(self) -> None:
        """Forget the frozen models that are in memory."""
        self._loaded.clear()

    def _generator(self, source: str | Path) -> Generator:
        key = str(source)
        if key not in self._loaded:
            self._loaded[key] = load_generator(
                source, self.config.batch_size, self.config.device, self.config.dtype
            )
        return self._loaded[key]


def _open_pool(file: Path, share: Share) -> AttackPool:
    """For writing in the main process, which makes it; the others read it afterwards."""
    pool = AttackPool(file) if share.main else None
    share.wait()
    return AttackPool(file, read_only=True) if pool is None else pool


def _truth(given: str | None, world: World) -> Judge | None:
    if given is None:
        return None
    return find_judge(None if given == "world" else given, world)


def _same_ground(files: RunFolder, now: dict[str, Any]) -> None:
    """What a run stands on must not have changed since it began."""
    then = files.about
    changed = [key for key in ("world", "judge", "base") if then.get(key) != now[key]]
    if changed:
        raise RunFolderError(
            given=f"the run folder {files.path}",
            why="what it stands on has changed since it began: "
            + "; ".join(f"{key} {then.get(key)!r} -> {now[key]!r}" for key in changed),
            fix="bring that back, or begin another run with run=FOLDER",
        )
