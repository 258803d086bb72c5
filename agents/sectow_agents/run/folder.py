"""A training run on disk: its files, and how it stays consistent whenever the run is killed.

    run.json              schema number, kind, processes, provenance: versions, world, base weights,
                          seeds; digest of config.yaml
    config.yaml           all settings, resolved
    state.json            what is finished, with digests of its files; replaced in one piece
    pool.sqlite           the attack pool
    metrics.jsonl         one line per optimizer step, and one per measurement of the monitor
    rounds/K/SEAT/        the weights of a finished phase (safetensors) with their processor, and
                          asking.json: the template, system prompt and length they are asked with
    rounds/K/SEAT.steps/  the last checkpoint in the middle of an unfinished one

The state is written last. Whatever it does not name is unfinished, and is made again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field

from sectow_agents.algorithms.job import Summary
from sectow_agents.processes import ALONE, Share
from sectow_agents.run.digests import changed, check_checkpoint, start_digest
from sectow_agents.run.monitor import Quality
from sectow_agents.run.trackers import Trackers
from sectow_agents.settings.file import differences, dump_config, load_config, load_foreign
from sectow_agents.settings.run_config import RunConfig, Tracker
from sectow_env.errors import ConfigError, FileError, RunFolderError
from sectow_env.files import check_new_folder, digest_of, sync, write_text
from sectow_env.game import Frozen, Seat
from sectow_env.reading import read_bytes, read_json, read_model

SCHEMA = 4
KIND = "sectow-training-run"
CONFIG_DIGEST = "config_yaml_sha256"


class Finished(Frozen):
    """A finished phase."""

    summary: Summary
    quality: Quality
    objections: tuple[str, ...] = ()
    """Why the monitor did not accept this defender; empty when it did."""
    accepted: bool = True
    """False when the run went back to the previous defender."""
    admitted: int = 0
    """Attacks that the phase added to the pool."""
    reported: bool = False
    """Whether all callbacks were called for it."""
    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of each file of the checkpoint."""


class State(Frozen):
    """What a run has finished."""

    base: Quality | None = None
    """Before any training."""
    phases: tuple[Finished, ...] = ()
    stopped: bool = False
    """Ended by the gate before its last round."""
    metrics_bytes: int = 0
    """Length of metrics.jsonl at this point; what follows it is unfinished."""
    metrics_sha256: str | None = digest_of(b"")
    """Of these bytes."""
    pool_sha256: str | None = None
    """Of the attacks that finished attacker phases put into the pool; None before the first."""


class RunFolder:
    """The files of one training run. Make one with `create` or `resume`.

    Of several processes the main one writes; the others keep the same state in memory.

    Args:
        path: The folder.
        share: Says whether this process writes.
    """

    def __init__(self, path: Path, share: Share = ALONE) -> None:
        self.path = path
        self.share = share
        self.state = State()
        self._trackers: Trackers | None = None

    @classmethod
    def create(
        cls, config: RunConfig, provenance: Mapping[str, Any], share: Share = ALONE
    ) -> RunFolder:
        """Start a run in a new or empty folder.

        Raises:
            RunFolderError: The folder is not empty, or cannot be made.
        """
        folder = cls(config.run, share)
        if share.main:
            folder._make(config, provenance)
        share.wait()
        return folder

    @classmethod
    def check(cls, config: RunConfig, *, resume: bool) -> None:
        """Check what can be checked at once: whether a run can be started or resumed there.

        Raises:
            RunFolderError: As in `create` and `resume`.
            ConfigError: The settings differ from those that the run started with.
        """
        if resume:
            cls.open(config.run).check_settings(config)
        elif os.environ.get("RANK", "0") == "0":
            # Of several processes the main one makes the folder, maybe before others look at it.
            cls(config.run).check_free()

    def check_settings(self, config: RunConfig) -> None:
        """Check that the settings are those that the run started with.

        Raises:
            RunFolderError: config.yaml was changed since.
            ConfigError: The settings differ.
        """
        self._check_config()
        other = differences(load_config(self.path / "config.yaml", follow=False), config)
        if other:
            raise ConfigError(
                given=f"other settings than those of the run in {config.run}: {'; '.join(other)}",
                why="a resumed run must end like an uninterrupted one",
                fix="resume with the old settings, or start another run with run=FOLDER",
            )

    def _make(self, config: RunConfig, provenance: Mapping[str, Any]) -> None:
        self.check_free()
        self.path.mkdir(parents=True, exist_ok=True)
        settings = dump_config(config)
        write_text(self.path / "config.yaml", settings)
        self.save(State())
        # Last, so that a folder with a run.json is complete.
        known = {"schema": SCHEMA, "kind": KIND, CONFIG_DIGEST: digest_of(settings.encode())}
        size = {"processes": self.share.size}
        write_text(self.path / "run.json", _json({**known, **size, **provenance}))

    @classmethod
    def resume(cls, config: RunConfig, share: Share = ALONE) -> RunFolder:
        """Continue a run; what is unfinished is thrown away.

        Raises:
            RunFolderError: There is no run, or it has another schema or is damaged, or a file of it
                was changed.
            ConfigError: The settings differ from those that the run started with.
        """
        folder = cls.open(config.run, share)
        folder.check_settings(config)
        if share.main:
            folder.check_plain()
            folder.check_files()
            folder.forget_unfinished()
        share.wait()
        return folder

    @classmethod
    def open(cls, path: Path, share: Share = ALONE) -> RunFolder:
        """Read a run, finished or not.

        Raises:
            RunFolderError: There is no run, or it has another schema or is damaged.
        """
        folder = cls(path, share)
        about = folder.about
        if about.get("kind") != KIND or about.get("schema") != SCHEMA:
            raise RunFolderError(
                given=f"the run folder {path}",
                why=f"it is of kind {about.get('kind')!r} and schema {about.get('schema')!r}; this "
                f"version reads {KIND!r} and {SCHEMA}",
                fix="use the version of sectow that wrote it, or start another run",
            )
        try:
            folder.state = read_model(path / "state.json", State, follow=False)
        except FileError as error:
            raise _damaged(path, "state.json", error) from error
        return folder

    @property
    def about(self) -> dict[str, Any]:
        """The contents of run.json.

        Raises:
            RunFolderError: It does not exist, or cannot be read.
        """
        file = self.path / "run.json"
        try:
            about = read_json(file, follow=False)
        except FileError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise _damaged(self.path, "run.json", error) from error
            raise RunFolderError(
                given=f"the run folder {self.path}",
                why="there is no run in it",
                fix="give the folder of a run, or start a run without --resume",
            ) from error
        return about if isinstance(about, dict) else {}

    def config(self, changes: Sequence[str] = ()) -> RunConfig:
        """The run's own settings, of which none runs code or reaches a server.

        Args:
            changes: As on the command line; what they set is the user's own.

        Raises:
            RunFolderError: config.yaml is not the one that the run started with.
            ConfigError: It sets what only the user's own configuration may set.
        """
        self._check_config()
        return load_foreign(
            self.path / "config.yaml", [*changes, f"run={json.dumps(str(self.path))}"]
        )

    def _check_config(self) -> None:
        file = self.path / "config.yaml"
        if digest_of(read_bytes(file, follow=False)) != self.about.get(CONFIG_DIGEST):
            raise changed(file, "it is not the one that the run started with: its digest differs")

    def check_plain(self) -> None:
        """Check that what a resumed run writes, cuts or deletes is in the folder itself.

        Raises:
            RunFolderError: Something in the folder is a symbolic link.
        """
        rounds = self.path / "rounds"
        for file in (*self.path.iterdir(), *rounds.glob("*"), *rounds.glob("*/*")):
            if file.is_symlink():
                raise RunFolderError(
                    given=f"the file {file}",
                    why="it is a symbolic link, and a resumed run would write elsewhere",
                    fix="put what it leads to in its place",
                )

    def check_files(self) -> None:
        """Check that what the state names is as the run left it.

        Raises:
            RunFolderError: The metrics or a checkpoint was changed.
        """
        metrics = self.path / "metrics.jsonl"
        if start_digest(metrics, self.state.metrics_bytes) != self.state.metrics_sha256:
            raise changed(metrics, "it does not begin with the lines that the run wrote")
        for done in self.state.phases:
            check_checkpoint(self.checkpoint(done.summary.seat, done.summary.round), done.files)

    def checkpoint(self, seat: Seat, number: int) -> Path:
        """Folder of the weights that a seat's phase in a round left."""
        return self.path / "rounds" / str(number) / seat

    def steps(self, seat: Seat, number: int) -> Path:
        """Folder of a phase's checkpoints in its middle; it is there until the phase is finished.

        They stay while the phase measures, so that nothing but that is done again.
        """
        return self.path / "rounds" / str(number) / f"{seat}.steps"

    def drop_steps(self) -> None:
        """Delete the checkpoints in the middle of phases that are finished."""
        if self.share.main:
            for done in self.state.phases:
                folder = self.steps(done.summary.seat, done.summary.round)
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def staged(self, seat: Seat, number: int) -> Iterator[Path]:
        """A folder to write a checkpoint into; it gets its final name once it is complete."""
        target = self.checkpoint(seat, number)
        aside = target.with_name(f".{seat}.partial")
        if self.share.main:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
        yield aside
        if self.share.main:
            for file in aside.iterdir():
                sync(file)
            shutil.rmtree(target, ignore_errors=True)
            aside.replace(target)
            sync(target.parent)
        self.share.wait()

    def log(self, line: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl."""
        if not self.share.main:
            return
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line), allow_nan=False) + "\n")
        if self._trackers is not None:
            self._trackers.line(line)

    def follow(self, names: Sequence[Tracker]) -> None:
        """Let trackers follow the run from here on, in the process that writes."""
        if names and self.share.main:
            steps = sum(done.summary.steps for done in self.state.phases)
            self._trackers = Trackers(names, self.path, steps)

    def close(self) -> None:
        """End the trackers."""
        if self._trackers is not None:
            self._trackers.close()

    def tracked(self, seat: str, metrics: Mapping[str, Any]) -> None:
        """Pass what TRL measured on to the trackers, if there are any."""
        if self._trackers is not None:
            self._trackers.of_trl(seat, metrics)

    def save(self, state: State) -> None:
        """Make a state the run's own, in one piece, after everything that it names."""
        if self.share.main:
            metrics = self.path / "metrics.jsonl"
            if metrics.exists():
                sync(metrics)
                size = metrics.stat().st_size
                digest = start_digest(metrics, size)
                state = state.model_copy(update={"metrics_bytes": size, "metrics_sha256": digest})
            write_text(self.path / "state.json", state.model_dump_json(indent=1) + "\n")
        self.state = state

    def forget_unfinished(self) -> None:
        """Throw away what the state does not name: a phase that was cut short."""
        metrics = self.path / "metrics.jsonl"
        if metrics.exists():
            os.truncate(metrics, min(self.state.metrics_bytes, metrics.stat().st_size))
        kept = {(done.summary.round, done.summary.seat) for done in self.state.phases}
        for folder in (self.path / "rounds").glob("*/*"):
            known = folder.parent.name.isdigit() and folder.name in {"attacker", "defender"}
            if folder.name.endswith(".partial") or (
                known and (int(folder.parent.name), folder.name) not in kept
            ):
                shutil.rmtree(folder)
        self.drop_steps()

    def check_free(self) -> None:
        """Raise RunFolderError where no run can be started in the folder."""
        # A run that was killed at its start leaves these.
        own = {"config.yaml", "state.json"}
        own |= {f".{name}.partial" for name in (*own, "run.json")}
        fix = "resume a run in it with --resume, or give a new or empty folder with run=FOLDER"
        check_new_folder(self.path, own, fix)


def _damaged(path: Path, name: str, error: FileError) -> RunFolderError:
    return RunFolderError(
        given=f"the file {path / name}",
        why=error.why,
        fix="restore the file from a copy, or start another run with run=FOLDER",
    )


def _json(tree: Mapping[str, Any]) -> str:
    return json.dumps(tree, indent=2) + "\n"
