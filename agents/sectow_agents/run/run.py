"""A training run in progress: its folder, world, judge, pool and policies in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from sectow_agents.algorithms.job import Job, Summary
from sectow_agents.policies.asking import Asking, write_asking
from sectow_agents.processes import Share, own_share
from sectow_agents.run.digests import changed, folder_digests
from sectow_agents.run.folder import Finished, RunFolder, State
from sectow_agents.run.frozen import FrozenModels
from sectow_agents.run.league import assemble
from sectow_agents.run.monitor import Monitor, Quality
from sectow_agents.run.notices import report_phase, report_start, try_judge
from sectow_agents.run.parts import Parts, find_parts
from sectow_agents.run.provenance import describe
from sectow_agents.run.seats import occupant
from sectow_agents.settings.adapters import ADAPTER, adapter_base
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.settings.seeds import derive_seed
from sectow_env.errors import RunFolderError
from sectow_env.game import SEATS, Attacker, Defender, Seat
from sectow_env.game.decoding import Decoding
from sectow_env.game.referee import Referee
from sectow_env.game.rewards import RewardContext
from sectow_env.policies.chat import ChatAttacker, ChatDefender, ChatPolicy
from sectow_env.pool.store import AttackPool
from sectow_env.resolve.policies import pinned, weights_of, with_decoding


@dataclass(frozen=True)
class RunSummary:
    """The result of a run."""

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
        parts: Those that the settings name, where they were looked up before.

    Raises:
        RunFolderError: The folder does not fit.
        SectowError: A world, judge or policy does not exist.
    """

    def __init__(self, config: RunConfig, resume: bool = False, parts: Parts | None = None) -> None:
        self.config = config
        self.share = own_share()
        # What cannot be played is reported before there is a folder.
        parts = find_parts(config) if parts is None else parts
        self.world, self.judge, self.truth = parts.world, parts.judge, parts.truth
        self.reward = parts.reward
        self._policies = {seat: occupant(config, seat, self.world) for seat in SEATS}
        played = (self.judge, self.world, self.reward, self.channels)
        tried = None if resume else try_judge(config, *played)
        about = describe(config, self.world, self.judge, self._policies)
        self.files = (
            RunFolder.resume(config, self.share)
            if resume
            else RunFolder.create(config, about, self.share)
        )
        if resume:
            _check_unchanged(self.files, about)
        self.pool = _open_pool(self.folder / "pool.sqlite", self.share)
        self._models = FrozenModels(config)
        self.files.follow(config.report_to)
        if resume:
            self._check_resumed()
        else:
            report_start(self.files, config, self.world, tried)

    def _check_resumed(self) -> None:
        """The pool, and the bases of adapters, must be those that the run left.

        Raises:
            RunFolderError: They are not.
        """
        if self._pool_digest() != self.state.pool_sha256:
            self.pool.close()
            raise changed(self.folder / "pool.sqlite", "its attacks are not those of the run")
        for done in self.state.phases:
            seat = done.summary.seat
            folder = self.checkpoint(seat, done.summary.round)
            base, known = adapter_base(folder), str(self.base(seat))
            if base not in {None, known, adapter_base(Path(known))}:
                self.pool.close()
                raise changed(folder / ADAPTER, f"it names another base model: {base!r}", folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.close()
        self.files.close()

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
        """The seats that are trained, in the order of a round."""
        return tuple(seat for seat in SEATS if seat in self.config.seats)

    @property
    def state(self) -> State:
        """What is finished."""
        return self.files.state

    @cached_property
    def monitor(self) -> Monitor:
        """The quality monitor, with the same requests throughout."""
        return Monitor(self.world, self.config.monitor, self.seed("monitor"), self.channels)

    @property
    def channels(self) -> tuple[str | None, ...]:
        """Channels that attacks are requested for; None leaves the form free."""
        chosen = self.config.attacker.channels
        return self.world.working_channels if chosen is None else tuple(chosen)

    def base(self, seat: Seat) -> str | Path:
        """A seat's policy before the first round: where its weights are, or its name."""
        weights = weights_of(self._policies[seat])
        return self.config.policy(seat).model if weights is None else weights.source

    def checkpoint(self, seat: Seat, round: int) -> Path:  # noqa: A002  (its name everywhere)
        """Folder of the weights that a seat's phase in a round left."""
        return self.files.checkpoint(seat, round)

    def snapshots(self, seat: Seat) -> list[str | Path]:
        """All accepted policies of a seat, the base first, the current one last."""
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

    def job(self, seat: Seat, round: int, out: Path) -> Job:  # noqa: A002  (its name everywhere)
        """The job of a phase."""
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
            quantization=self.config.quantization,
            generation=self.config.generation,
            sink=self.files.log,
            tracked=self.files.tracked,
            progress=self.config.progress,
            truth=self.truth,
            share=self.share,
            steps=self.files.steps(seat, round),
            checkpoint_every=self.config.checkpoint_every,
        )

    def defender(self, given: str | Path, seed: int, *, sampled: bool = True) -> Defender:
        """A frozen defender, as attackers face it (sampled) or as benign requests do (greedy).

        Args:
            given: The base, or a checkpoint.
            seed: Of its draws.
            sampled: False is greedy.
        """
        seat = self.config.defender
        decoding = Decoding(sampled, seat.training.temperature, self.config.answer_tokens, seed)
        if "defender" not in self.config.seats:
            return cast("Defender", self._fixed("defender", decoding))
        return ChatDefender(self._models[given], decoding, seat.system)

    def attacker(self, given: str | Path, seed: int) -> Attacker:
        """A frozen attacker, sampled; the arguments are those of `defender`."""
        seat = self.config.attacker
        training = seat.training
        decoding = Decoding(True, training.temperature, training.max_new_tokens, seed)
        if "attacker" not in self.config.seats:
            return cast("Attacker", self._fixed("attacker", decoding))
        model = self._models[given]
        return ChatAttacker(model, decoding, self.world, seat.template, seat.system)

    def _fixed(self, seat: Seat, decoding: Decoding) -> object:
        """The policy of a seat that is not trained; its spec overrides the run's settings."""
        policy = self._policies[seat]
        if isinstance(policy, ChatPolicy) and policy.source is not None:
            policy = policy.answered_by(self._models[policy.source])
        if isinstance(policy, ChatAttacker) and policy.template is None:
            policy = policy.asked_by(self.config.attacker.template)
        return with_decoding(policy, pinned(self.config.policy(seat).model, seat, decoding))

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
        """Let the monitor measure two policies.

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
        """The record of a defender's phase, with the monitor's objections to its quality."""
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

    def finish(self, done: Finished) -> Finished:
        """Add a phase to the state, with the digests of its files: it is finished now."""
        where = {"round": done.summary.round, "seat": done.summary.seat}
        gated = bool(done.objections)
        gate = {"gated": gated, "accepted": done.accepted, "admitted": done.admitted}
        self.files.log({"event": "quality", **where, **done.quality.figures(), **gate})
        report_phase(self.files, done.summary)
        stopped = gated and self.config.monitor.on_gate == "stop"
        folder = self.checkpoint(done.summary.seat, done.summary.round)
        files, pool = self.share.from_main(
            lambda: (folder_digests(folder), self._pool_digest(done))
        )
        done = done.model_copy(update={"files": files})
        phases = (*self.state.phases, done)
        update = {"phases": phases, "stopped": stopped, "pool_sha256": pool}
        self.files.save(self.state.model_copy(update=update))
        self.files.drop_steps()
        return done

    def _pool_digest(self, *more: Finished) -> str | None:
        """The digest of what finished attacker phases put into the pool; None before the first."""
        done = [*self.state.phases, *more]
        rounds = [phase.summary.round for phase in done if phase.summary.seat == "attacker"]
        return self.pool.digest(max(rounds)) if rounds else None

    def mark_reported(self, done: Finished) -> None:
        """Note that all callbacks were called for a phase."""
        reported = done.model_copy(update={"reported": True})
        phases = tuple(reported if known == done else known for known in self.state.phases)
        self.files.save(self.state.model_copy(update={"phases": phases}))

    def summary(self) -> RunSummary:
        """The result of the run so far."""
        assert self.state.base is not None, "the base is measured first"
        return RunSummary(
            folder=self.folder,
            base=self.state.base,
            phases=self.state.phases,
            pool=len(self.pool),
            stopped=self.state.stopped,
        )

    @contextmanager
    def staged(self, seat: Seat, number: int) -> Iterator[Path]:
        """As `RunFolder.staged`; the checkpoint also gets the record of how it is asked."""
        with self.files.staged(seat, number) as out:
            yield out
            if not self.share.main:
                return
            settings, attacks = self.config.policy(seat), seat == "attacker"
            tokens = settings.training.max_new_tokens if attacks else self.config.answer_tokens
            template = self.config.attacker.template if attacks else None
            asking = Asking(template=template, system=settings.system, max_new_tokens=tokens)
            write_asking(out, asking)

    def release(self) -> None:
        """Drop the frozen models that are in memory."""
        self._models.clear()


def _open_pool(file: Path, share: Share) -> AttackPool:
    """Writable in the main process, which creates it; read-only in the others."""
    pool = AttackPool(file) if share.main else None
    share.wait()
    return AttackPool(file, read_only=True) if pool is None else pool


def _check_unchanged(files: RunFolder, now: dict[str, Any]) -> None:
    """World, judge and base policies must not have changed since the run started."""
    then = files.about
    changed = [key for key in ("world", "judge", "base") if then.get(key) != now[key]]
    if changed:
        raise RunFolderError(
            given=f"the run folder {files.path}",
            why="it started with something else: "
            + "; ".join(f"{key} {then.get(key)!r} -> {now[key]!r}" for key in changed),
            fix="restore that, or start another run with run=FOLDER",
        )
