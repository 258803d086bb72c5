"""The journal: nothing is asked twice, nothing is lost, whenever the process is killed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_benchmarks.evaluation.attackers import AttackSetup, run_attacker
from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import AttackerUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results import journal as module
from sectow_benchmarks.results.journal import (
    Journal,
    Remembered,
    key_of,
    recall,
)
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.errors import RunFolderError
from sectow_env.game import Attack, Episode
from sectow_env.resolve.parts import find_reward
from sectow_env.worlds.apothecary import policies
from tests.benchmarks.scripted import WORLD, Document, Stand, imperfect

SETTINGS = MeasureSettings(splits=("test",), per_cell=1, per_kind=1)


class KilledError(BaseException):
    """Stands for a kill."""


def test_answers_are_read_back_and_a_torn_line_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "responses/unit.jsonl"
    Journal(file).add({"a": "one\n<image>", "b": None})
    whole = file.read_bytes()
    file.write_bytes(whole + b'["c", "half')
    again = Journal(file)
    assert (again["a"], again["b"], "c" in again, len(again)) == ("one\n<image>", None, False, 2)
    assert file.read_bytes() == whole
    again.add({"c": "three"})
    assert Journal(file)["c"] == "three"


@given(st.integers(0, 200))
def test_a_file_cut_anywhere_keeps_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    file = tmp_path_factory.mktemp("cut") / "unit.jsonl"
    answers = {f"k{number}": f"answer {number}" for number in range(8)}
    for key, answer in answers.items():
        Journal(file).add({key: answer})
    data = file.read_bytes()
    file.write_bytes(data[:cut])
    kept = Journal(file)
    whole = data[: data[:cut].rfind(b"\n") + 1]
    assert len(kept) == whole.count(b"answer")
    assert all(kept[key] == answer for key, answer in answers.items() if key in kept)


def test_an_answer_is_on_the_disk_before_the_next_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, synced = tmp_path / "unit.jsonl", list[int]()
    real = os.fsync

    def noting(handle: int) -> None:
        real(handle)
        synced.append(file.stat().st_size)

    monkeypatch.setattr("os.fsync", noting)

    def ask(chosen: list[int]) -> list[str]:
        # What came before is all there, and has been forced to the disk.
        assert synced[-1:] == ([file.stat().st_size] if file.exists() else [])
        return ["answer" for _ in chosen]

    recall(Journal(file), [key_of(str(number)) for number in range(6)], ask, 2)
    assert len(synced) == 3
    assert synced[-1] == file.stat().st_size


def test_a_line_that_was_damaged_later_is_told(tmp_path: Path) -> None:
    file = tmp_path / "unit.jsonl"
    Journal(file).add({"a": "1", "b": "2"})
    file.write_bytes(file.read_bytes().replace(b'["a", "1"]', b'["a", "1" ', 1))
    with pytest.raises(RunFolderError, match="line 1"):
        Journal(file)


def test_only_what_is_missing_is_asked_and_what_came_before_a_kill_is_kept(tmp_path: Path) -> None:
    counts: Counter[int] = Counter()

    def ask(chosen: list[int]) -> list[str]:
        if 4 in chosen and not counts[4] and len(counts) < 5:
            counts[-1] += 1
            raise KilledError
        counts.update(chosen)
        return [f"answer {index}" for index in chosen]

    keys = [key_of(str(number)) for number in range(7)]
    file = tmp_path / "unit.jsonl"
    done: list[int] = []
    with pytest.raises(KilledError):
        recall(Journal(file), keys, ask, 2)
    answers = recall(Journal(file), keys, ask, 2, done.append)
    assert answers == [f"answer {number}" for number in range(7)]
    del counts[-1]
    assert set(counts.values()) == {1}
    assert sum(done) == 7


def measured(tmp_path: Path, kill_at: int | None, seen: list[tuple[str, int]]) -> EvaluationRun:
    """Measure a stand-in that dies at its `kill_at`-th answer."""
    answer = imperfect(0.3, 0.9)

    def mortal(document: Document, seed: int) -> str:
        if kill_at is not None and len(seen) >= kill_at:
            raise KilledError
        seen.append((document["item"], seed))
        return answer(document, seed)

    attacker = AttackerUnderTest(policies.random(world=WORLD), {"name": "random"})
    subject = Stand(mortal, policies.keyword(world=WORLD))
    return measure(subject, SETTINGS, tmp_path, attacker=attacker, resume=True)


def test_an_evaluation_goes_on_in_the_middle_of_a_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[tuple[str, int]] = []
    expected = measured(tmp_path / "whole", None, whole).samples
    monkeypatch.setattr(Stand, "chunk", 16)
    seen: list[tuple[str, int]] = []
    for kill_at in (40, 90, 170):
        with pytest.raises(KilledError):
            measured(tmp_path / "killed", kill_at, seen)
        # What was answered in the chunk that was cut short is asked again, and nothing else.
        del seen[len(seen) // 16 * 16 :]
    run = measured(tmp_path / "killed", None, seen)
    assert Counter(seen) == Counter(whole)
    pd.testing.assert_frame_equal(run.samples, expected)
    assert not (run.path / "responses").exists()


class Mortal:
    """Answers like another defender, and dies at its n-th attack."""

    def __init__(self, alive: int | None) -> None:
        self.alive = alive
        self.answered = 0
        self._own = policies.keyword(world=WORLD)

    def reseed(self, seeds: Sequence[int]) -> None:
        del seeds

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        if self.alive is not None and self.answered + len(attacks) > self.alive:
            raise KilledError
        self.answered += len(attacks)
        return self._own.respond(attacks)


def test_finished_attacks_are_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 20)
    setup = AttackSetup(WORLD, WORLD.judge(), find_reward(None))
    scenarios = setup.scenarios()
    attacker = policies.random(world=WORLD)
    expected = run_attacker(setup, attacker, policies.keyword(world=WORLD), scenarios)
    file, first, second = tmp_path / "unit.jsonl", Mortal(50), Mortal(None)

    def play_on(journal: Journal, defender: Mortal) -> list[Episode]:
        seats = Remembered(attacker, journal), Remembered(defender, journal)
        return run_attacker(setup, *seats, scenarios)

    journal = Journal(file)
    with pytest.raises(KilledError):
        run_attacker(
            setup,
            Remembered(attacker, journal),
            Remembered(first, journal),
            scenarios,
        )
    journal = Journal(file)
    episodes = run_attacker(
        setup,
        Remembered(attacker, journal),
        Remembered(second, journal),
        scenarios,
    )
    assert episodes == expected
    assert (first.answered, first.answered + second.answered) == (40, len(scenarios))


def test_a_picture_comes_back_pixel_for_pixel(tmp_path: Path) -> None:
    setup = AttackSetup(WORLD, WORLD.judge(), find_reward(None))
    scenarios = [scenario for scenario in setup.scenarios() if scenario.channel == "typography"][:3]
    attacker = policies.typography(world=WORLD)
    journal = Journal(tmp_path / "unit.jsonl")
    before = Remembered(attacker, journal).attack(scenarios)
    after = Remembered(attacker, Journal(tmp_path / "unit.jsonl")).attack(scenarios)
    assert after == before
    assert after[0].image is not None


def test_the_same_attack_twice_is_two_questions(tmp_path: Path) -> None:
    attack = Attack(query="what is it ?")
    remembered = Remembered(Mortal(None), Journal(tmp_path / "unit.jsonl"))
    remembered.reseed([1, 2])
    assert len(remembered.respond([attack, attack])) == 2
    assert len(Journal(tmp_path / "unit.jsonl")) == 2


def test_what_differs_has_another_key() -> None:
    keys = {key_of("a", "b"), key_of("ab", ""), key_of("a", "b", ""), key_of("b", "a")}
    assert len(keys) == 4
