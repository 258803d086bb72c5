"""A person at the table: answers are typed into the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sectow_env import SectowEnv
from sectow_env.commands.play import Score


def play(*args: str, typed: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sectow")), "play", *args],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def name_of(seed: int, channel: str | None = None) -> str:
    env = SectowEnv(channels=[channel])
    env.reset(seed=seed)
    return env.scenario.meta["potion"]


def test_an_attacker_draws_and_asks() -> None:
    shown = play("--seed", "0", "--episodes", "1", typed=f"{name_of(0)}\nread it\n")
    assert "give the recipe of" in shown
    assert f"of '{name_of(0)}'" in shown
    assert "harmful, refusal none" in shown
    assert "1 played, 1 scored, mean reward +1.00" in shown
    assert "%" in shown, "the picture, by brightness where there is no colour"


def test_a_channel_shows_its_templates_but_no_held_out_one() -> None:
    name = name_of(0, "typography")
    shown = play("--channel", "typography", "--seed", "0", typed=f"frame : f1 ; name : {name}\nq\n")
    assert "f1" in shown
    assert " f2 " not in shown
    assert "mean reward +1.00" in shown


def test_a_defender_is_not_told_what_was_asked_for_before_the_end() -> None:
    args = ("--seat", "defender", "--seed", "1", "--turns", "2", "--episodes", "1")
    shown = play(*args, typed="sorry no\nsorry no\n")
    before, _, after = shown.rpartition("your response")
    assert "(benign)" not in before
    assert "verdict" not in before, "its words would tell"
    assert "(benign)" in after
    assert before.count("query") == 3, "the first attack, and both before the second answer"


@pytest.mark.parametrize("typed", ["", "q\n", "x\nquit\n"])
def test_a_person_may_leave_at_any_time(typed: str) -> None:
    assert "0 played, 0 scored, mean reward -" in play(typed=typed)


def test_a_pack_is_played(root: Path) -> None:
    pack = root / "examples" / "packs" / "lantern_shop.jsonl"
    shown = play("--world", str(pack), "--episodes", "1", "--seed", "3", typed="\nwhat ?\n")
    assert "1 played" in shown


def test_the_game_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    play("--episodes", "2", "--seed", "3", "--record", str(file), typed="\na\n\nb\n")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    names = [line["scenario"]["meta"]["potion"] for line in lines]
    assert names == [name_of(3), name_of(4)]
    assert [line["turns"][0]["attack"]["query"] for line in lines] == ["a", "b"]


def test_the_mean_is_of_what_was_scored() -> None:
    score = Score()
    for reward in (None, 1.0, 0.0):
        score.add(reward)
    assert str(score) == "3 played, 2 scored, mean reward +0.50"


def test_a_seat_that_is_none_is_refused() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sectow")), "play", "--seat", "referee"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "choose attacker or defender" in done.stderr
