"""The rung runs whole at small size, and its targets turn red when a figure does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sectow_agents.rung.build import write_packs
from sectow_agents.rung.guild import Guild
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.studies.command import app as study_app
from sectow_benchmarks.studies.presets import rung_recipe
from sectow_benchmarks.studies.rung.command import RUNG, printed_by
from sectow_benchmarks.studies.rung.command import app as rung_app
from sectow_benchmarks.studies.rung.ground import (
    CHANNELS,
    GROUNDS,
    Sizes,
    scripted_items,
    targets_of,
)
from sectow_benchmarks.studies.rung.page import trained_lines
from sectow_benchmarks.studies.rung.play import Measured, last_accepted
from sectow_benchmarks.studies.rung.rows import portfolio, target_rows
from sectow_env.game import SEATS
from tests.agents import tiny
from tests.agents.run.test_folder import finished

SHORT = (
    *("attacker.training.max_new_tokens=4", "defender.training.max_new_tokens=4"),
    *("device=cpu", "progress=false"),
)


class Changed(EvaluationRun):
    """An evaluation with other samples."""

    def __init__(self, run: EvaluationRun, **columns: Any) -> None:
        super().__init__(run.path, run.about)
        self.samples = run.samples.assign(**columns)


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rung with its packs, and no model."""
    out = tmp_path_factory.mktemp("packs")
    write_packs(Guild(0), out / "packs")
    return out


def test_secrets_and_twins_are_asked_in_the_same_forms(packs: Path) -> None:
    for ground in GROUNDS:
        items = scripted_items(packs, ground, 1)
        for channel in CHANNELS:
            part = [item for item in items if item.attack.channel == channel]
            secrets, twins = (
                [item.attack.frame for item in part if item.scenario.harmful is harmful]
                for harmful in (True, False)
            )
            assert secrets
            assert secrets == twins
            assert not any(item.attack.invalid for item in part)


def test_grounds_are_apart(packs: Path) -> None:
    trained, wordings, behaviors = (
        {item.scenario.cluster for item in scripted_items(packs, ground, 1)} for ground in GROUNDS
    )
    assert trained == wordings
    assert not trained & behaviors
    targets = targets_of(packs, "test", CHANNELS[:2])
    assert {scenario.cluster for scenario in targets} < behaviors
    assert len(targets) == 12


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The two commands on a random model, as small as they can be."""
    folder = tmp_path_factory.mktemp("rung")
    rung, out, model = folder / "rung", folder / "study", tiny.llama(folder / "llama")
    build = ["build", "--out", str(rung), "--source", str(model), "--steps", "2"]
    done = CliRunner().invoke(rung_app, [*build, "--device", "cpu"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert (rung / "CARD.md").read_text().startswith("# The base defender of the rung")
    words = ["rung", *SHORT, "--rung", str(rung), "--out", str(out), "--small", "--json"]
    done = CliRunner().invoke(study_app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert len(rows) == 8
    page = (out / "figures.md").read_text()
    assert page.startswith("# The second rung")
    assert f"--rung {rung} --small" in page
    assert all(channel in page for channel in CHANNELS)
    runs = {
        name: EvaluationRun.open(out / name)
        for name in ("model", "final", "base-attacked", "final-attacked")
    }
    return Measured(
        model=runs["model"],
        base=EvaluationRun.open(next((rung / "card").glob("*/base"))),
        final=runs["final"],
        base_attacked=runs["base-attacked"],
        final_attacked=runs["final-attacked"],
        config=rung_recipe([]),
    )


def changed(played: Measured, before: dict[str, float], after: dict[str, float]) -> Measured:
    """As if every sample had these values."""
    return replace(
        played,
        base=Changed(played.base, **before),
        final=Changed(played.final, **after),
        base_attacked=Changed(played.base_attacked, invalid="", **before),
        final_attacked=Changed(played.final_attacked, invalid="", **after),
    )


@pytest.mark.parametrize(("accepted", "measured"), [(True, 2), (False, 1)])
def test_the_last_accepted_defender_is_measured(accepted: bool, measured: int) -> None:
    config = rung_recipe(["run=r"])
    phases = [finished(seat, number) for number in (1, 2) for seat in SEATS]
    phases[-1] = phases[-1].model_copy(update={"accepted": accepted})
    last = last_accepted(config, phases)
    assert last == {
        "attacker": Path("r/rounds/2/attacker"),
        "defender": Path(f"r/rounds/{measured}/defender"),
    }
    assert last_accepted(config, [])["defender"] == Path(config.defender.model)


def test_a_round_that_was_not_accepted_is_in_the_page() -> None:
    run, record = EvaluationRun(Path(), {}), {"source": "jars", "seconds": 1.0}
    measured = Measured(run, run, run, run, run, rung_recipe([]))
    lines = trained_lines(measured, record)
    (more,) = trained_lines(replace(measured, rejected=(1,)), record)[len(lines) :]
    assert "did not accept the defender of round 1: measured is the one before" in more


@pytest.mark.slow
def test_targets_are_met_by_a_defender_that_refuses_secrets_alone(played: Measured) -> None:
    good = changed(played, {"success": 1.0, "correct": 1.0}, {"success": 0.0, "correct": 1.0})
    assert [row.met for row in target_rows(good)] == [True] * 8
    assert all(learner.valid for learner in portfolio(good))


@pytest.mark.slow
def test_targets_are_missed_by_a_defender_that_lost_its_answers(played: Measured) -> None:
    bad = changed(played, {"success": 1.0, "correct": 1.0}, {"success": 1.0, "correct": 0.0})
    assert [row.met for row in target_rows(bad)] == [False] * 8


@pytest.mark.slow
def test_what_the_base_cannot_do_proves_nothing(played: Measured) -> None:
    closed = changed(played, {"success": 0.0, "correct": 1.0}, {"success": 0.0, "correct": 1.0})
    assert [row.met for row in target_rows(closed)][:4] == [None] * 4
    scripts, *learners = portfolio(closed)
    assert scripts.valid
    assert all(learner.valid is None for learner in learners)
    assert all("not measured" in learner.measured for learner in learners)


def test_the_page_names_the_command_that_prints_it() -> None:
    usual, more = Sizes(), Sizes(per_behavior=3, seed=7)
    assert printed_by(usual, RUNG, None, ["seed=7"], False) == "sectow study rung seed=7"
    changed = printed_by(more, Path("else"), None, None, False)
    assert changed == "sectow study rung --rung else --per-behavior 3"


def test_both_recipes_can_be_read(root: Path) -> None:
    small = rung_recipe([])
    large = rung_recipe([], given=root / "configs/smollm2-gpu.yaml")
    assert small.training("attacker").prompts < large.training("attacker").prompts
