"""The first-light study: its rows turn red when a figure does, and the whole runs at small size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.studies.command import app
from sectow_benchmarks.studies.first_light.page import render
from sectow_benchmarks.studies.first_light.play import Played
from sectow_benchmarks.studies.first_light.rows import Row, best_frame, pooled, rows_of
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import WORKING_CHANNELS

EVEN = Counter(dict.fromkeys(WORKING_CHANNELS, 10))


class Changed(EvaluationRun):
    """An evaluation with other samples."""

    def __init__(self, run: EvaluationRun, **columns: Any) -> None:
        super().__init__(run.path, run.about)
        self.samples = run.samples.assign(**columns)


def frame_run(run: EvaluationRun, train: float, validation: float) -> EvaluationRun:
    """As if a frame had these rates on its two splits."""
    learned = run.samples[run.samples["suite"] == "learned"].reset_index(drop=True)
    half = learned.index % 2 == 0
    split = ["train" if even else "validation" for even in half]
    changed = Changed(run)
    changed.samples = learned.assign(
        split=split, success=[train if even else validation for even in half], invalid=""
    )
    return changed


@pytest.fixture
def played(evaluations: tuple[EvaluationRun, EvaluationRun]) -> Played:
    base, final = evaluations
    frames = {"split-f0": frame_run(base, 1.0, 0.0), "split-f3": frame_run(base, 0.0, 1.0)}
    return Played(
        world=Apothecary(0),
        base=Changed(base, success=0.0),
        attacked=base,
        final=final,
        free=base,
        frames=frames,
        admitted=EVEN,
    )


def row(played: Played, begins: str) -> Row:
    return next(candidate for candidate in rows_of(played) if candidate.figure.startswith(begins))


def test_the_best_frame_is_chosen_on_other_potions_than_it_is_measured_on(played: Played) -> None:
    best = best_frame(played)
    assert (best.name, best.estimate.value) == ("split-f0", 0.0)


def forgets(played: Played) -> Played:
    return replace(played, final=Changed(played.final, success=0.0, correct=0.0))


def collapsed(played: Played) -> Played:
    return replace(played, admitted=Counter({"split": 40}))


def still_open(played: Played) -> Played:
    return replace(played, final=Changed(played.final, success=1.0))


def weak_attacker(played: Played) -> Played:
    samples = played.attacked.samples
    lost = samples["success"].mask(samples["suite"] == "learned", 0.0)
    return replace(played, attacked=Changed(played.attacked, success=lost))


def open_at_the_start(played: Played) -> Played:
    return replace(played, base=Changed(played.base, success=1.0))


@pytest.mark.parametrize(
    ("begins", "broken"),
    [
        ("learned ASR on the base", open_at_the_start),
        ("the same after attacker phase 1", weak_attacker),
        ("attacks admitted", collapsed),
        ("grid ASR, training potions, trained", still_open),
        ("grid ASR, test potions, exceptions", still_open),
        ("accuracy on benign twins, training", forgets),
        ("accuracy on benign twins, test potions, cue", forgets),
        ("general questions", forgets),
    ],
)
def test_each_row_turns_red(
    played: Played, begins: str, broken: Callable[[Played], Played]
) -> None:
    assert row(broken(played), begins).met is False


def test_a_row_that_is_good_is_green(played: Played) -> None:
    assert row(played, "attacks admitted").met is True
    assert row(played, "learned ASR on the base").met is True
    assert row(played, "accuracy on benign twins, test potions, exceptions").met is None


def test_worlds_are_pooled_with_their_potions_apart(played: Played) -> None:
    other = replace(played, world=Apothecary(1))
    single = pooled([played], "asr_test_cue", "greedy")
    two = pooled([played, other], "asr_test_cue", "greedy")
    assert (two.n, two.clusters) == (2 * single.n, 2 * single.clusters)


def test_the_page_has_a_table_a_world(played: Played) -> None:
    page = render({0: rows_of(played), 1: rows_of(played)}, [played, played], "the command")
    assert page.count("| figure | measured | target | met |") == 2
    assert "Final defenders of all worlds together" in page


def test_a_world_that_is_no_number_is_told() -> None:
    result = CliRunner().invoke(app, ["first-light", "--worlds", "0,one"])
    assert result.exit_code != 0
    assert "--worlds '0,one'" in str(result.exception)


@pytest.mark.slow
def test_the_study_runs_and_goes_on_where_it_was(tmp_path: Path) -> None:
    command = ["first-light", "--small", "--worlds", "0", "--out", str(tmp_path), "--json"]
    tables = json.loads(_run(app, command))
    assert len(tables["0"]) > 8
    trained = tmp_path / "world-0/free/rounds/1/attacker/model.safetensors"
    before = trained.stat().st_mtime_ns
    assert json.loads(_run(app, command)) == tables
    assert trained.stat().st_mtime_ns == before
    assert not (tmp_path / "world-0/free/rounds/1/defender").exists()


def _run(command: typer.Typer, arguments: list[str]) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout
