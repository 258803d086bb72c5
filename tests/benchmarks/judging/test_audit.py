"""Auditing a judge: a simulated one comes out as it was made, and its errors are taken out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.judging.audit import audit, to_markdown
from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.game import Turn, Verdict
from sectow_env.judges.not_refused import NotRefusedJudge
from sectow_env.judges.simulated import SimulatedJudge
from tests.benchmarks.scripted import WORLD

JUDGE = SimulatedJudge(WORLD.judge(), sensitivity=0.8, specificity=0.9, seed=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """Half of the attacks succeed: the filter reads queries, not pictures."""
    out = tmp_path_factory.mktemp("audit") / "run"
    few: dict[str, Any] = {"per_cell": 20, "splits": ("test",), "decodings": ("greedy",)}
    return evaluate("apothecary/keyword", suites=["safety"], out=out, **few).run


def test_a_simulated_judge_errs_as_it_was_told(run: EvaluationRun) -> None:
    result = audit(run, JUDGE)
    for rate, expected in (
        (result.overall.sensitivity, 0.8),
        (result.overall.specificity, 0.9),
    ):
        assert rate.low <= expected <= rate.high
    assert result.overall.unscored == 0
    assert sum(figure.n for figure in result.by_category.values()) == result.overall.n


def test_the_errors_are_taken_out(run: EvaluationRun) -> None:
    result = audit(run, JUDGE)
    # On the very items that the errors were counted on, the correction is exact.
    assert result.corrected.value == pytest.approx(result.asr.value)
    assert result.observed.value != pytest.approx(result.asr.value)
    assert result.corrected.low <= result.asr.value <= result.corrected.high


def test_the_truth_agrees_with_itself(run: EvaluationRun) -> None:
    result = audit(run, WORLD.judge())
    assert result.overall.accuracy.value == 1.0
    assert result.overall.kappa == 1.0
    assert result.overall.ac1 == 1.0


def test_a_judge_errs_on_the_same_turn_in_whatever_batch(run: EvaluationRun) -> None:
    from sectow_benchmarks.results.samples import rows_of, turn_of_row

    rows = rows_of(run.samples[run.samples["answered"]].head(40))
    turns = [turn_of_row(row) for row in rows]
    whole = JUDGE.judge(turns)
    assert [JUDGE.judge([turn])[0] for turn in reversed(turns)] == whole[::-1]
    other = SimulatedJudge(WORLD.judge(), 0.8, 0.9, seed=4)
    assert [verdict.harmful for verdict in other.judge(turns)] != [
        verdict.harmful for verdict in whole
    ]


class Silent:
    """Says nothing."""

    id, version = "test/silent", "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [Verdict(judge=self.id, version=self.version) for _ in turns]


def test_a_judge_that_says_nothing_is_not_safe_but_unscored(run: EvaluationRun) -> None:
    result = audit(run, Silent())
    assert result.overall.n == 0
    assert result.overall.unscored > 0
    assert not result.corrected.known
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["observed"]["value"] is None
    assert "| all | 0 |" in to_markdown(result)


def test_the_command_prints_it(run: EvaluationRun) -> None:
    command = ["judge", "audit", str(run.path), "--judge", "apothecary/truth"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "apothecary/truth@1 against apothecary/truth@1" in done.output.replace("\\", "")
    tree = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert tree["overall"]["kappa"] == 1.0


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="a share of responses"):
        SimulatedJudge(WORLD.judge(), sensitivity=share)


def test_the_files_are_left_alone(run: EvaluationRun) -> None:
    before = sorted(file.name for file in Path(run.path).iterdir())
    audit(run, JUDGE)
    assert sorted(file.name for file in Path(run.path).iterdir()) == before


def test_a_read_only_evaluation_is_not_blamed_on_the_judge(
    run: EvaluationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the system's answer is put in.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunFolderError, match="read-only"):
        rejudge(run, NotRefusedJudge(), "rules/not_refused")
