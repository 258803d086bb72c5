"""The benchmarks from Python: the same as from the command line, in tidy tables."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from typer.testing import CliRunner

import sectow_benchmarks
from sectow_benchmarks.api import Loaded, compare, evaluate, load_run, plan
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import METHODS
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError, RunFolderError, UnknownNameError
from sectow_env.game import Turn, Verdict
from sectow_env.worlds.apothecary import policies
from tests.benchmarks.scripted import WORLD

Pair = tuple[EvaluationRun, EvaluationRun]
SMALL: dict[str, Any] = {
    "per_cell": 1,
    "per_kind": 1,
    "splits": ("test",),
    "decodings": ("greedy",),
}


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    out = tmp_path_factory.mktemp("scripted") / "run"
    return evaluate(policies.keyword(world=WORLD), world=WORLD, out=out, name="filter", **SMALL)


def test_the_package_offers_them() -> None:
    assert sectow_benchmarks.evaluate is evaluate
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        _ = sectow_benchmarks.evalute


def test_a_defender_from_python_is_measured(scripted: Loaded) -> None:
    assert scripted.name == "filter"
    assert {"safety", "twins", "general", "ceiling"} <= set(scripted.samples["suite"])
    again = load_run(scripted.run.path)
    pd.testing.assert_frame_equal(again.figures, scripted.figures)


def test_figures_are_tidy(evaluations: Pair) -> None:
    figures = Loaded(evaluations[0]).figures
    assert not figures.duplicated(["figure", "decoding"]).any()
    assert (figures["low"] <= figures["value"]).all()
    assert (figures["value"] <= figures["high"]).all()
    channels = Loaded(evaluations[0]).channels
    assert not channels.duplicated(["figure", "decoding", "channel"]).any()
    assert "typography" in set(channels["channel"])


def test_chosen_suites_alone_are_asked(tmp_path: Path) -> None:
    loaded = evaluate("apothecary/keyword", suites=["twins"], out=tmp_path / "run", **SMALL)
    assert set(loaded.samples["suite"]) == {"twins"}
    with pytest.raises(UnknownNameError, match="safety"):
        evaluate("apothecary/keyword", suites=["safty"], out=tmp_path / "none")


class Looker:
    """A judge that says which pictures it was shown."""

    id, version = "test/looker", "1"
    seen: ClassVar[set[str]] = set()

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        pictures = (turn.attack.image for turn in turns)
        self.seen.update(picture.sha256 for picture in pictures if picture is not None)
        return [Verdict(judge=self.id, version=self.version, harmful=False) for _ in turns]


def test_a_judge_that_is_named_is_shown_the_pictures(tmp_path: Path) -> None:
    judge = "tests.benchmarks.test_api:Looker"
    loaded = evaluate("apothecary/keyword", limit=3, out=tmp_path / "run", judge=judge, **SMALL)
    answered = set(loaded.samples["picture"]) - {""}
    assert answered
    assert Looker.seen == answered
    kept = {file.stem for file in (tmp_path / "run" / "pictures").iterdir()}
    assert kept == answered, "what a limit left out is not kept"


def test_a_limit_is_kept_and_said(tmp_path: Path) -> None:
    loaded = evaluate("apothecary/keyword", limit=3, out=tmp_path / "run", **SMALL)
    answered = loaded.samples[loaded.samples["answered"]]
    assert answered.groupby("suite").size().max() <= 6, "three of each task, two tasks a suite"
    from sectow_benchmarks.board.board import board

    assert any("only 3 items" in reason for reason in board([loaded.run])[0].not_ranked_because)


def test_a_plan_counts_what_is_asked_then(tmp_path: Path) -> None:
    planned, judging = plan("apothecary/keyword", attacker="apothecary/random", **SMALL)
    loaded = evaluate(
        "apothecary/keyword", attacker="apothecary/random", out=tmp_path / "run", **SMALL
    )
    fixed = loaded.samples[loaded.samples["answered"] | (loaded.samples["suite"] == "learned_free")]
    assert planned["questions"].sum() == len(fixed)
    assert judging.empty, "the truth asks no model"
    assert not (tmp_path / "runs").exists()


def test_changes_are_paired_and_tested(evaluations: Pair) -> None:
    base, after = map(Loaded, evaluations)
    table = compare(base, after)
    row = table.query("figure == 'asr_trained_frames' and decoding == 'sampled'").iloc[0]
    assert row["change"] == pytest.approx(row["after"] - row["before"])
    assert row["low"] <= row["change"] <= row["high"] < 0.0
    assert row["lost"] > row["gained"]
    assert (table["p_holm"] >= table["p"]).all()
    held = set(table.loc[table["retention"] != "", "suite"])
    assert held == {"twins", "general", "recall"}
    same = compare(base, base)
    assert (same["change"] == 0.0).all()
    assert (same["p"] == 1.0).all()


def test_other_attackers_are_not_paired(evaluations: Pair, tmp_path: Path) -> None:
    base, run = evaluations
    assert "learned" in set(compare(Loaded(base), Loaded(run))["suite"])
    other = EvaluationRun(tmp_path, {**run.about, "attacker": {"name": "another"}})
    other.samples = run.samples
    suites = set(compare(Loaded(base), Loaded(other))["suite"])
    assert not suites & {"learned", "learned_free"}
    assert "ceiling" in suites, "the script with the map is the same"


def test_what_cannot_be_compared_is_told(evaluations: Pair, scripted: Loaded) -> None:
    with pytest.raises(ConfigError, match="items of safety"):
        compare(Loaded(evaluations[0]), scripted)


def test_runs_without_a_common_figure_are_not_compared(tmp_path: Path) -> None:
    first, other = (
        evaluate("apothecary/keyword", suites=[suite], out=tmp_path / suite, **SMALL)
        for suite in ("twins", "ceiling")
    )
    with pytest.raises(ConfigError, match="no figure in common"):
        compare(first, other)


def test_an_unfinished_run_is_not_read(tmp_path: Path, evaluations: Pair) -> None:
    (tmp_path / "run.json").write_text((evaluations[0].path / "run.json").read_text())
    with pytest.raises(RunFolderError, match="unfinished"):
        load_run(tmp_path)


def test_the_commands_say_the_same(evaluations: Pair) -> None:
    paths = [str(run.path) for run in evaluations]
    done = CliRunner().invoke(app, ["bench", "compare", *paths, "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    table = compare(*map(Loaded, evaluations))
    assert [row["figure"] for row in rows] == list(table["figure"])
    assert rows[0]["change"] == pytest.approx(table["change"].iloc[0])
    assert not any(isinstance(row["p"], float) and math.isnan(row["p"]) for row in rows)
    plain = CliRunner().invoke(app, ["bench", "compare", *paths])
    words = " ".join(plain.output.split())
    assert "exact McNemar" in words
    assert {METHODS[method] in words for method in table["method"]} == {True}
    assert {"bootstrap", "agresti-min"} == set(table["method"])
    few = ["--per-cell", "1", "--split", "test", "--world", "0", "--dry-run"]
    dry = CliRunner().invoke(app, ["bench", "--model", "apothecary/keyword", *few])
    assert "nothing was asked" in dry.output
    bad = CliRunner().invoke(
        app, ["bench", "--model", "apothecary/keyword", "--batch-size", "many"]
    )
    assert isinstance(bad.exception, ConfigError)
    assert "--batch-size 'many'" in str(bad.exception)
