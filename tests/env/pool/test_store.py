from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sectow_env.game import Attack, Episode, Invalid, Price, Scenario, Turn, Verdict
from sectow_env.game.rewards import RewardContext
from sectow_env.images.typography import draw_words
from sectow_env.pool import store as module
from sectow_env.pool.store import AddReport, AttackPool, PoolError

FREE_FORM = "one two three four five six seven eight nine ten"


def episode(
    query: str = "q",
    *,
    harmful: bool | None = True,
    invalid: Invalid | None = None,
    on_behavior: bool | None = None,
    cluster: str = "k",
    **attack: Any,
) -> Episode:
    scenario = Scenario(id=f"{cluster}-{query}", behavior="b", harmful=True, cluster=cluster)
    turn = Turn(
        scenario=scenario,
        attack=Attack(query=query, invalid=invalid, **attack),
        response=None if invalid else "r",
    )
    verdict = Verdict(
        judge="j", version="1", harmful=harmful, invalid=invalid, on_behavior=on_behavior
    )
    return Episode(scenario=scenario, turns=(turn,), verdicts=(verdict,), price=Price())


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[AttackPool]:
    with AttackPool(tmp_path / "pool.sqlite") as opened:
        yield opened


OFFERS: list[tuple[Episode, str]] = [
    (episode("safe", harmful=False), "unsuccessful"),
    (episode("unscored", harmful=None), "unsuccessful"),
    (episode("invalid", harmful=True, invalid=Invalid.LEAK), "unsuccessful"),
    (episode("drifted", on_behavior=False), "unsuccessful"),
    (episode(FREE_FORM, on_behavior=True), "admitted"),
    (episode(FREE_FORM), "exact"),
    (episode(FREE_FORM, cluster="other"), "exact"),
    (episode(FREE_FORM, source="written otherwise"), "exact"),
    (episode(FREE_FORM.upper() + " ?"), "near"),
    (episode(FREE_FORM + " eleven"), "near"),
    (episode(FREE_FORM + " eleven twelve"), "admitted"),
    (episode(FREE_FORM.replace("ten", "lantern")), "admitted"),
    (episode(FREE_FORM.replace("ten", "kettle")), "admitted"),
    (episode(FREE_FORM.replace("ten", "willow")), "admitted"),
    (episode(FREE_FORM + " !", cluster="other"), "admitted"),
    (episode(FREE_FORM, image=draw_words(("x",))), "near"),
    (episode("look", image=draw_words(("x",))), "admitted"),
    (episode("look", image=draw_words(("x",))), "exact"),
    (episode("look", image=draw_words(("y",))), "admitted"),
    (episode("slot", channel="split", frame="f1"), "admitted"),
    (episode("slot again", channel="split", frame="f1"), "near"),
    (episode("slot again", channel="split", frame="f2"), "admitted"),
    (episode("slot elsewhere", channel="split", frame="f1", cluster="other"), "admitted"),
    (episode("slot by another", channel="reversed", frame="f1"), "admitted"),
]
FIELDS = {
    "admitted": "admitted",
    "exact": "exact_duplicates",
    "near": "near_duplicates",
    "unsuccessful": "unsuccessful",
}


def mistakes(folder: Path) -> list[str]:
    """Offers that a pool treats wrongly; a checker with mutants below."""
    wrong = []
    with AttackPool(folder / "checked.sqlite") as opened:
        for offered, expected in OFFERS:
            report = opened.add([offered], round=0)
            if getattr(report, FIELDS[expected]) != 1 or sum(report) != 1:
                wrong.append(f"{offered.turns[0].attack.query}: {report}")
    return wrong


def test_only_successful_new_attacks_are_admitted(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == []


MUTANTS: list[tuple[str, Any]] = [
    ("is_success", lambda _turn, _verdict: True),
    ("is_success", lambda _, verdict: verdict.harmful is not False),
    ("is_success", lambda _, verdict: verdict.harmful is True),
    ("is_success", lambda turn, _: turn.response is not None),
    ("digest_of", lambda attack: attack.query),
    ("digest_of", lambda attack: attack.model_dump_json()),
    ("overlap", lambda _first, _other: 0.0),
    ("overlap", lambda _first, _other: 1.0),
    ("NEAR", 0.95),
    ("NEAR", 0.8),
    ("cluster_of", lambda _: "all"),
    ("slot_of", lambda attack: str(attack.channel)),
    ("slot_of", lambda attack: str(attack.frame)),
    ("is_slot_attack", lambda _: False),
    ("is_slot_attack", lambda _: True),
]


@pytest.mark.parametrize(("name", "mutant"), MUTANTS, ids=range(len(MUTANTS)))
def test_broken_admission_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mutant: object
) -> None:
    monkeypatch.setattr(module, name, mutant)
    assert mistakes(tmp_path)


def test_reports_add_up(pool: AttackPool) -> None:
    report = pool.add([offered for offered, _ in OFFERS], round=0)
    expected = Counter(word for _, word in OFFERS)
    assert report == AddReport(*(expected[word] for word in FIELDS))
    assert len(pool) == report.admitted


def test_turns_come_back_whole_and_in_order(pool: AttackPool) -> None:
    offered = [
        episode("b", image=draw_words(("x",)), drawn="x", channel="typography", frame="f3"),
        episode("a", source="image : none ; query : a"),
    ]
    pool.add(offered[:1], round=4)
    pool.add(offered[1:], round=5)
    entries = list(pool)
    assert [entry.turn for entry in entries] == [episode.turns[0] for episode in offered]
    assert [(entry.id, entry.round, entry.judge) for entry in entries] == [
        (1, 4, "j@1"),
        (2, 5, "j@1"),
    ]
    assert list(pool) == entries


def test_counts_are_kept_by_channel_frame_cluster_and_round(pool: AttackPool) -> None:
    pool.add([episode("free"), episode("slot", channel="split", frame="f1")], round=0)
    pool.add([episode("slot", cluster="l", channel="split", frame="f2", drawn="x")], round=1)
    pool.add([episode("other slot", cluster="l", channel="split", frame="f2")], round=1)
    assert pool.counts("channel") == {"None": 1, "split": 2}
    assert pool.counts() == {"None/None": 1, "split/f1": 1, "split/f2": 1}
    assert pool.counts("cluster") == {"k": 2, "l": 1}
    assert pool.counts("round") == {"0": 2, "1": 1}
    assert RewardContext(pool_counts=pool.counts("frame")).pool_counts["split/f1"] == 1


def fill(pool: AttackPool) -> None:
    for channel, count in (("split", 20), ("reversed", 4), ("typography", 1)):
        pool.add(
            [
                episode(f"{channel} {index}", channel=channel, frame="f1", cluster=str(index))
                for index in range(count)
            ],
            round=0,
        )


def test_samples_differ_and_repeat_by_seed(pool: AttackPool) -> None:
    fill(pool)
    first, same, other = (pool.sample(9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == same != other
    assert len({turn.attack.query for turn in first}) == 9


def test_a_stratified_sample_takes_turns_between_channels(pool: AttackPool) -> None:
    fill(pool)
    for seed in range(5):
        drawn = pool.sample(9, np.random.default_rng(seed))
        counted = Counter(turn.attack.channel for turn in drawn)
        assert counted == {"split": 4, "reversed": 4, "typography": 1}
    plain = [pool.sample(9, np.random.default_rng(seed), stratify=None) for seed in range(5)]
    assert any(Counter(t.attack.channel for t in drawn)["split"] > 4 for drawn in plain)


def test_a_sample_larger_than_the_pool_is_the_pool(pool: AttackPool) -> None:
    assert pool.sample(3, np.random.default_rng(0)) == []
    fill(pool)
    assert len(pool.sample(99, np.random.default_rng(0))) == len(pool) == 25


def test_a_round_can_be_forgotten_and_played_again(pool: AttackPool) -> None:
    pool.add([episode("kept")], round=0)
    for _ in range(2):
        assert pool.add([episode("again")], round=1).admitted == 1
        assert pool.drop_round(1) == 1
    assert pool.counts("round") == {"0": 1}


def test_an_addition_that_fails_leaves_nothing(pool: AttackPool) -> None:
    def failing() -> Iterator[Episode]:
        yield episode("one")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        pool.add(failing(), round=0)
    assert len(pool) == 0


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from sectow_env.pool.store import AttackPool
from sectow_env.game import *
pool = AttackPool(sys.argv[1])
scenario = Scenario(id="s", behavior="b", harmful=True)
def episodes(count):
    for index in range(count):
        turn = Turn(scenario=scenario, attack=Attack(query=f"word{index}"), response="r")
        verdict = Verdict(judge="j", version="1", harmful=True)
        yield Episode(scenario=scenario, turns=(turn,), verdicts=(verdict,), price=Price())
    if count > 3:
        os._exit(9)
pool.add(episodes(3), round=0)
pool.add(episodes(50), round=1)
"""


def test_a_process_killed_while_adding_leaves_the_last_whole_round(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "pool.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), str(root)], check=False)
    assert ended.returncode == 9
    with AttackPool(path) as opened:
        assert opened.counts("round") == {"0": 3}, "and the dead writer's lock is gone"


@pytest.mark.parametrize("local", [True, False])
def test_the_journal_fits_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: bool
) -> None:
    monkeypatch.setattr(module, "is_local", lambda _: local)
    path = tmp_path / "pool.sqlite"
    with AttackPool(path) as opened:
        opened.add([episode()], round=0)
        mode = sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone()[0]
        assert mode == ("wal" if local else "delete")
        with AttackPool(path, read_only=True) as reader:
            assert len(reader) == 1


def test_one_writes_and_others_read(tmp_path: Path, pool: AttackPool) -> None:
    with pytest.raises(PoolError, match="another AttackPool of this one, writes"):
        AttackPool(pool.path)
    with AttackPool(pool.path, read_only=True) as reader:
        pool.add([episode()], round=0)
        assert len(reader) == 1, "readers see what is added"
        for change in (lambda: reader.add([], round=0), lambda: reader.drop_round(0)):
            with pytest.raises(PoolError, match="for reading only"):
                change()
    pool.close()
    pool.close()
    with AttackPool(pool.path) as again:
        assert len(again) == 1
    assert tmp_path.is_dir()


def test_a_failed_opening_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "pool.sqlite"
    path.write_bytes(b"this is no database, and long enough to be told from one" * 20)
    for _ in range(2):
        with pytest.raises(PoolError, match="SQLite cannot read it"):
            AttackPool(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match="no such file"):
        AttackPool(tmp_path / "gone.sqlite", read_only=True)
    with pytest.raises(PoolError, match="no folder"):
        AttackPool(tmp_path / "gone" / "pool.sqlite")
    foreign = sqlite3.connect(tmp_path / "foreign.sqlite")
    foreign.execute("CREATE TABLE t (x)")
    foreign.close()
    with pytest.raises(PoolError, match="another program's database"):
        AttackPool(tmp_path / "foreign.sqlite")


def test_another_schema_is_refused(pool: AttackPool) -> None:
    pool.close()
    raw = sqlite3.connect(pool.path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(PoolError, match="schema 99"):
        AttackPool(pool.path)


def test_it_keeps_json_bits_and_no_pickle(pool: AttackPool) -> None:
    pool.add([episode("q", image=draw_words(("x",)))], round=0)
    pool.close()
    raw = sqlite3.connect(pool.path)
    kinds = {type(value) for row in raw.execute("SELECT * FROM attacks") for value in row}
    sketch = raw.execute("SELECT sketch FROM attacks").fetchone()[0]
    raw.close()
    assert kinds <= {int, str, bytes}
    assert len(sketch) == 64
