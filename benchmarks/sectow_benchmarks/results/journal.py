"""Answers on disk the moment they are there: what a killed evaluation has asked is not asked again.

One JSON line an answer, with a key made of everything that matters. A line counts once it is whole
and on the disk; the torn last line of a killed process is cut off.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sectow_agents.processes import ALONE, Share
from sectow_benchmarks.results.completeness import all_answered, all_judged
from sectow_env.errors import RunFolderError
from sectow_env.game import (
    Attack,
    Attacker,
    Defender,
    Judge,
    Reseedable,
    Scenario,
    Turn,
    Verdict,
    ask_defender,
    reseed,
)
from sectow_env.reading import parse_json

CHUNK = 256
"""Items that are asked between two writes, where the policy does not say better."""
OnDone = Callable[[int], None]


class Journal:
    """Answers by key, in memory and, with a path, on disk.

    Args:
        path: A JSONL file, made with the first answer; None keeps answers in memory only.
        share: Of a process that is one of several: it writes into a file of its own beside the
            path, and reads those of all.

    Raises:
        RunFolderError: A line before the last one cannot be read.
    """

    def __init__(self, path: Path | None = None, share: Share = ALONE) -> None:
        self.share = share
        self._shared = path
        self.path = path if path is None or share.main else _of_rank(path, share.rank)
        self._answers: dict[str, str | None] = {}
        self.seconds = 0.0
        """How long it took to get the answers, those of a killed process included."""
        self._read_all()

    def __contains__(self, key: str) -> bool:
        return key in self._answers

    def __getitem__(self, key: str) -> str | None:
        return self._answers[key]

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, answers: Mapping[str, str | None], seconds: float = 0.0) -> None:
        """Keep answers; they are on disk when this returns."""
        self._answers.update(answers)
        self.seconds += seconds
        if self.path is None or not answers:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps([key, answer]) + "\n" for key, answer in answers.items()]
        lines.append(json.dumps([None, seconds]) + "\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())

    def gather(self) -> None:
        """Wait for the other processes, and read what they have answered."""
        if self.share.size > 1:
            self.share.wait()
            self._read_all()
            # Nobody may write again before all have read.
            self.share.wait()

    def _read_all(self) -> None:
        if self._shared is not None:
            self.seconds = 0.0
            others = self._shared.parent.glob(f"{self._shared.stem}.rank-*{self._shared.suffix}")
            for path in (self._shared, *sorted(others)):
                if path.exists():
                    self._read(path)

    def _read(self, path: Path) -> None:
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:whole].splitlines(), 1):
            try:
                key, answer = parse_json(line, f"line {number} of {path}")
            except (TypeError, ValueError) as error:
                raise RunFolderError(
                    given=f"line {number} of {path}",
                    why=f"it cannot be read ({error})",
                    fix="delete the file: its answers are then asked again",
                ) from error
            if key is None:
                self.seconds += answer
            else:
                self._answers[key] = answer
        if whole < len(data) and path == self.path:
            os.truncate(path, whole)


def _of_rank(path: Path, rank: int) -> Path:
    return path.with_name(f"{path.stem}.rank-{rank}{path.suffix}")


def key_of(*parts: str) -> str:
    """The key of an answer to what these parts say together."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def recall(
    journal: Journal,
    keys: Sequence[str],
    ask: Callable[[list[int]], Sequence[str | None]],
    chunk: int | None = None,
    on_done: OnDone | None = None,
    *,
    whole: bool = False,
) -> list[str | None]:
    """One answer a key, asking only for those that are not in the journal.

    Args:
        journal: Keeps what is asked; of several processes each asks for its share.
        keys: No two alike.
        ask: Answers the items with these indices, in order.
        chunk: Items between two writes; None takes `CHUNK`.
        on_done: Called with the number of answers that were just found or made.
        whole: Ask for all that is missing in one call, from one process.
    """
    missing = [index for index, key in enumerate(keys) if key not in journal]
    if on_done is not None and len(missing) < len(keys):
        on_done(len(keys) - len(missing))
    # By its place among all keys: how much another process has written already does not matter.
    mine = [index for index in missing if journal.share.owns(0 if whole else index)]
    size = max(1, len(mine)) if whole else chunk or CHUNK
    for start in range(0, len(mine), size):
        part = mine[start : start + size]
        began = time.perf_counter()
        answers = ask(part)
        taken = time.perf_counter() - began
        journal.add(dict(zip((keys[index] for index in part), answers, strict=True)), taken)
        if on_done is not None:
            on_done(len(part))
    journal.gather()
    return [journal[key] for key in keys]


class RememberedJudge:
    """A judge whose verdicts are kept in a journal."""

    def __init__(self, judge: Judge, journal: Journal, on_done: OnDone | None = None) -> None:
        self._judge = judge
        self._journal = journal
        self._on_done = on_done
        self.id = judge.id
        self.version = judge.version

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One verdict a turn, in order."""
        keys = [
            key_of(self.id, self.version, str(index), turn.model_dump_json())
            for index, turn in enumerate(turns)
        ]

        def ask(chosen: list[int]) -> list[str]:
            verdicts = all_judged(self._judge, [turns[index] for index in chosen])
            return [verdict.model_dump_json() for verdict in verdicts]

        texts = recall(self._journal, keys, ask, on_done=self._on_done)
        return [Verdict.model_validate_json(text or "") for text in texts]


class Remembered:
    """A policy, in either seat, whose answers are kept in a journal.

    It takes the seeds of its items, as the policy does; they identify the items of a call.
    """

    def __init__(self, policy: Attacker | Defender, journal: Journal) -> None:
        self._policy: Any = policy
        self._journal = journal
        self._seeds: list[int] = []

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take the seeds of the next call's items."""
        self._seeds = list(seeds)

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        """One attack per scenario; a picture comes back pixel for pixel."""

        def ask(chosen: list[int], seeds: list[int]) -> list[str]:
            reseed(self._policy, seeds)
            attacks = self._policy.attack([scenarios[index] for index in chosen])
            return [attack.model_dump_json() for attack in attacks]

        texts = self._recalled("attack", [scenario.id for scenario in scenarios], ask)
        return [Attack.model_validate_json(text) for text in texts]

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        """One response per attack."""

        def ask(chosen: list[int], seeds: list[int]) -> list[str]:
            some = [attacks[index] for index in chosen]
            return all_answered(ask_defender(self._policy, some, seeds or None))

        names = [
            key_of(attack.query, attack.system or "", attack.image.sha256 if attack.image else "")
            for attack in attacks
        ]
        return self._recalled("respond", names, ask)

    def _recalled(
        self, verb: str, names: Sequence[str], ask: Callable[[list[int], list[int]], list[str]]
    ) -> list[str]:
        seeds, self._seeds = self._seeds, []
        keys = [
            key_of(verb, name, str(seeds[index] if seeds else ""), str(index))
            for index, name in enumerate(names)
        ]

        def chosen(indices: list[int]) -> list[str]:
            return ask(indices, [seeds[index] for index in indices] if seeds else [])

        # A policy that takes no seeds may depend on its call, so it is asked for all at once.
        whole = not isinstance(self._policy, Reseedable)
        return [text or "" for text in recall(self._journal, keys, chosen, whole=whole)]
