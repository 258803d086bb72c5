"""Cross-play: the same attacks for all, nothing played twice, and tables that see a collapse."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sectow_agents.run.folder import RunFolder, State
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.studies.crossplay.command import crossplay
from sectow_benchmarks.studies.crossplay.page import to_csv, to_markdown
from sectow_benchmarks.studies.crossplay.play import Pair, play_all
from sectow_benchmarks.studies.crossplay.players import Player, players_of
from sectow_benchmarks.studies.crossplay.tables import crossplay_of
from sectow_env.errors import ConfigError
from tests.agents.run.test_folder import QUALITY, config, finished
from tests.benchmarks.scripted import WORLD

ATTACKERS = ("apothecary/oracle", "apothecary/typography")
DEFENDERS = ("apothecary/keyword", "apothecary/answer_all", "apothecary/refuse_all")
SETTINGS = MeasureSettings(decodings=())
app = typer.Typer()
app.command()(crossplay)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crossplay")


@pytest.fixture(scope="module")
def pairs(folder: Path) -> list[Pair]:
    players = players_of([], ATTACKERS, DEFENDERS, None)
    return play_all(players, WORLD, SETTINGS, folder)


def test_every_defender_meets_the_same_attacks(pairs: list[Pair]) -> None:
    assert len(pairs) == 6
    for name in ATTACKERS:
        queries = [
            pair.run.samples[["query", "picture"]].to_numpy().tolist()
            for pair in pairs
            if pair.attacker.label == name
        ]
        assert queries[0] == queries[1] == queries[2]


def test_what_is_known_of_the_players_comes_out(pairs: list[Pair]) -> None:
    result = crossplay_of(pairs)
    assert result.cell("apothecary/typography", "apothecary/keyword").asr.value == 1.0
    assert result.cell("apothecary/oracle", "apothecary/refuse_all").asr.value == 0.0
    assert result.worst["apothecary/keyword"].attacker == "apothecary/typography"
    assert result.ratings is not None
    order = [result.ratings.strength(name, "defender") for name in DEFENDERS]
    assert order[2] > order[0] > order[1]
    assert result.nash is not None
    assert result.nash.defenders == pytest.approx([0.0, 0.0, 1.0], abs=1e-6)


def test_a_collapsed_attacker_is_seen_beside_its_rate(pairs: list[Pair]) -> None:
    result = crossplay_of(pairs)
    assert result.cell("apothecary/typography", "apothecary/answer_all").channels == 1.0
    assert (result.cell("apothecary/oracle", "apothecary/answer_all").channels or 0.0) > 3.9
    assert result.cell("apothecary/oracle", "apothecary/refuse_all").channels is None


def test_a_pair_that_is_there_is_not_played_again(folder: Path, pairs: list[Pair]) -> None:
    kept = folder / "apothecary-oracle/apothecary-keyword/samples.parquet"
    lost = folder / "apothecary-oracle/apothecary-refuse_all/samples.parquet"
    before, page = kept.stat().st_mtime_ns, to_csv(crossplay_of(pairs))
    lost.unlink()
    (lost.parent / "shards").mkdir(exist_ok=True)
    again = play_all(players_of([], ATTACKERS, DEFENDERS, None), WORLD, SETTINGS, folder)
    assert lost.is_file()
    assert kept.stat().st_mtime_ns == before
    assert to_csv(crossplay_of(again)) == page


def test_without_a_scored_attack_nobody_is_rated(pairs: list[Pair]) -> None:
    run = pairs[0].run
    silent = type(run)(run.path, run.about)
    silent.samples = run.samples.assign(success=float("nan"), unscored=True)
    result = crossplay_of([replace(pairs[0], run=silent), *pairs[1:]])
    assert result.ratings is None
    assert "Not rated" in to_markdown(result)
    assert result.cell("apothecary/oracle", "apothecary/keyword").unscored == 128


def test_a_name_cannot_bring_markup_or_a_formula(pairs: list[Pair]) -> None:
    wicked = "=1+1 | [x](y)"
    renamed = [
        replace(pair, attacker=replace(pair.attacker, label=wicked))
        for pair in pairs
        if pair.attacker.label == "apothecary/oracle"
    ]
    result = crossplay_of(renamed)
    assert "[x](y)" not in to_markdown(result)
    assert next(csv.DictReader(to_csv(result).splitlines()))["attacker"].startswith("'=")


def of_round(pair: Pair, attacker: int, defender: int) -> Pair:
    return Pair(
        Player("attacker", f"a{attacker}", "x", run="r", round=attacker),
        Player("defender", f"d{defender}", "y", run="r", round=defender),
        pair.run,
    )


def test_progress_is_against_what_was_there_before(pairs: list[Pair]) -> None:
    by_name = {(pair.attacker.label, pair.defender.label): pair for pair in pairs}
    high = by_name["apothecary/oracle", "apothecary/answer_all"]
    low = by_name["apothecary/oracle", "apothecary/refuse_all"]
    table = [
        of_round(high, 0, 0), of_round(high, 1, 0), of_round(low, 2, 0),
        of_round(low, 0, 1), of_round(low, 1, 1), of_round(high, 2, 1),
        of_round(low, 0, 2), of_round(low, 1, 2), of_round(high, 2, 2),
    ]  # fmt: skip
    first, second = crossplay_of(table).progress
    assert (first.attacker_against_past, first.defender_against_past) == (1.0, 0.0)
    assert second.attacker_against_past == 0.5
    assert second.defender_against_past == pytest.approx(1 / 3)


def training_run(path: Path, **changes: object) -> Path:
    run = RunFolder.create(config(path, **changes), {"seed": 0})
    run.save(State(base=QUALITY, phases=(finished("attacker", 1), finished("defender", 1))))
    return path


def test_all_snapshots_of_a_run_play(tmp_path: Path) -> None:
    run = training_run(tmp_path / "run")
    players = players_of([run], ["apothecary/oracle"], [], None)
    assert players.world == "apothecary:0"
    assert [player.label for player in players.attackers] == [
        "base",
        "round 1",
        "apothecary/oracle",
    ]
    assert [player.name for player in players.defenders] == [
        "organism/defender",
        str(run / "rounds/1/defender"),
    ]
    both = players_of([run, training_run(tmp_path / "other")], [], [], None)
    assert [player.label for player in both.defenders] == [
        "run base", "run round 1", "other base", "other round 1"
    ]  # fmt: skip


def test_a_policy_is_named_without_its_path_and_settings(tmp_path: Path) -> None:
    first, second, same = (tmp_path / name for name in ("a/model", "b/model", "elsewhere/b/model"))
    for folder in (first, second, same):
        folder.mkdir(parents=True)
    served = "endpoint/defender?base_url=http://10.0.0.1/v1&model=m"
    given = ["apothecary/oracle", *map(str, (first, second, same)), served]
    players = players_of([], ["apothecary/oracle"], given, "apothecary:0")
    assert [player.label for player in players.defenders] == [
        "apothecary/oracle", "a/model", "b/model", "b/model (2)", "endpoint/defender"
    ]  # fmt: skip
    assert [player.name for player in players.defenders] == given


def test_runs_of_two_worlds_do_not_play_each_other(tmp_path: Path) -> None:
    runs = [training_run(tmp_path / "a"), training_run(tmp_path / "b", world="apothecary:1")]
    with pytest.raises(ConfigError, match="apothecary:0, apothecary:1"):
        players_of(runs, [], [], None)


def test_an_empty_seat_is_told() -> None:
    with pytest.raises(ConfigError, match="without a defender"):
        players_of([], ["apothecary/oracle"], [], None)


def test_the_command_writes_all_three_forms(tmp_path: Path) -> None:
    players: list[Any] = ["--attacker", ATTACKERS[0], "--defender", DEFENDERS[0]]
    command = [*players, "--out", str(tmp_path / "out"), "--json"]
    dry = CliRunner().invoke(app, [*command, "--dry-run"], catch_exceptions=False)
    assert json.loads(dry.stdout)[0] == {
        "seat": "attacker", "label": ATTACKERS[0], "name": ATTACKERS[0]
    }  # fmt: skip
    shown = CliRunner().invoke(app, [*command[:-1], "--dry-run"], catch_exceptions=False)
    assert "attacker" in shown.stdout
    assert not (tmp_path / "out").exists()
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert json.loads(done.stdout)["cells"][0]["n"] == 128
    assert {"crossplay.md", "crossplay.csv", "crossplay.json"} <= {
        file.name for file in (tmp_path / "out").iterdir()
    }
