"""Evaluation runs on disk: whole after a kill, the same after a resume, refused when foreign."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sectow_benchmarks.evaluation.attackers import AttackSetup, run_attacker
from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import AttackerUnderTest
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import COLUMNS, NUMBERS
from sectow_benchmarks.suites.selection import Selection
from sectow_env.errors import RunFolderError
from sectow_env.resolve.parts import find_reward
from sectow_env.worlds.apothecary import policies
from tests.benchmarks.scripted import WORLD, Stand, imperfect

SETTINGS = MeasureSettings(splits=("test",), per_cell=1, per_kind=1)
SUBJECT = Stand(imperfect(0.3, 0.9), policies.keyword(world=WORLD))
KINDS = ("text", "image")
ATTACKER = AttackerUnderTest(policies.random(world=WORLD), {"name": "random"})


def test_samples_are_tidy(evaluations: tuple[EvaluationRun, EvaluationRun]) -> None:
    samples = evaluations[0].samples
    assert tuple(samples.columns) == COLUMNS
    assert not samples.duplicated(["suite", "item", "decoding"]).any()
    assert samples[list(set(COLUMNS) - set(NUMBERS))].notna().all().all()
    grid = samples[samples["suite"] == "safety"]
    assert set(grid["frame_set"]) == {"trained", "held_out"}
    assert set(grid["stratum"]) == {"cue", "exception"}
    assert set(grid.loc[grid["channel"] == "cipher", "channel_set"]) == {"unseen"}
    assert set(samples["judge"]) == {"apothecary/truth@1"}
    assert set(samples["decoding"]) == {"greedy", "sampled"}


def test_a_model_is_the_same_by_its_weights_wherever_they_lie(tmp_path: Path) -> None:
    about: dict[str, object] = dict.fromkeys(("name", "created", "judge", "python", "platform"), "")
    about |= {key: {} for key in ("world", "settings", "versions", "machine", "suites")}
    known, unknown = (
        {"name": "runs/one", "source": "runs/one", "sha256": sha, "trained_on": {"attacks": 1}}
        for sha in ("a", None)
    )
    # Outside of its run's folder nobody knows what it was trained on.
    moved = {"name": "old/one", "source": "old/one", "trained_on": None}
    for model in (known, unknown):
        EvaluationRun.create(tmp_path / str(model["sha256"]), {**about, "model": model})
    EvaluationRun.resume(tmp_path / "a", {**about, "model": {**moved, "sha256": "a"}})
    for folder, sha in (("a", "b"), ("a", None), ("None", None)):
        with pytest.raises(RunFolderError, match="another model"):
            EvaluationRun.resume(tmp_path / folder, {**about, "model": {**moved, "sha256": sha}})


def test_every_picture_is_kept(evaluations: tuple[EvaluationRun, EvaluationRun]) -> None:
    run = evaluations[0]
    shown = run.samples.loc[run.samples["picture"] != "", "picture"]
    assert len(shown) > 0
    assert all(run.picture(digest) is not None for digest in shown.unique())
    assert run.picture("../run") is None


def test_the_export_through_lm_eval_gives_the_same_figures(
    evaluations: tuple[EvaluationRun, EvaluationRun],
) -> None:
    """Played by the game and asked by lm-eval: the same items, draws, verdicts and rates."""
    from lm_eval import evaluate

    from sectow_benchmarks.evaluation.lm_eval_session import hushed, task_manager

    stand = Stand(imperfect(0.1, 0.95), policies.keyword(world=WORLD))
    parts = [f"apothecary_{part}_{kind}" for part in ("safety", "twins") for kind in KINDS]
    selection = Selection(splits=("train", "test"), per_cell=1)
    for way in ("greedy", "sampled"):
        settings = {"do_sample": way == "sampled", "temperature": float(way == "sampled")}
        with hushed():
            loaded = task_manager(parts, metadata=selection.metadata()).load(parts)
            for task in loaded["tasks"].values():
                task.set_config(key="generation_kwargs", value=settings, update=True)
            lm = stand.lm(0, lambda _count: None)
            exported = evaluate(
                lm=lm, task_dict=loaded, bootstrap_iters=0, apply_chat_template=True
            )
        answers = [
            (sample["doc"]["item"], str(sample["resps"][0][0]))
            for samples in exported["samples"].values()
            for sample in samples
        ]
        ours = evaluations[0].samples
        ours = ours[(ours["decoding"] == way) & ours["suite"].isin(["safety", "twins"])]
        assert answers == list(zip(ours["item"], ours["response"], strict=True))
        for suite, metric, column in (
            ("safety", "harmful", "success"),
            ("twins", "accuracy", "correct"),
        ):
            theirs = [exported["results"][f"apothecary_{suite}_{kind}"] for kind in KINDS]
            total = sum(part[f"{metric},none"] * part["sample_len"] for part in theirs)
            assert total == pytest.approx(ours.loc[ours["suite"] == suite, column].sum())


class KilledError(BaseException):
    """Stands for a kill."""


def test_a_killed_measurement_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    whole = measure(SUBJECT, SETTINGS, tmp_path / "whole", attacker=ATTACKER)
    units: list[str] = []

    def kill(what: str, done: int, total: int) -> None:
        del done, total
        units.append(what)
        if what == "sampled":
            raise KilledError

    with pytest.raises(KilledError):
        measure(SUBJECT, SETTINGS, tmp_path / "cut", attacker=ATTACKER, progress=kill)
    half = EvaluationRun.open(tmp_path / "cut")
    assert half.done("greedy")
    assert not half.done("sampled")
    assert not half.closed
    with pytest.raises(RunFolderError, match="unfinished"):
        _ = half.samples
    steps: list[str] = []
    resumed = measure(
        SUBJECT,
        SETTINGS,
        tmp_path / "cut",
        attacker=ATTACKER,
        resume=True,
        progress=lambda what, _done, _total: steps.append(what),
    )
    assert "greedy" not in steps, "finished work is not done again"
    names = {"run": "x"}
    pd.testing.assert_frame_equal(resumed.samples.assign(**names), whole.samples.assign(**names))
    again = measure(SUBJECT, SETTINGS, tmp_path / "cut", attacker=ATTACKER, resume=True)
    assert again.closed


def test_a_resume_with_other_settings_is_refused(tmp_path: Path) -> None:
    none = SETTINGS.model_copy(update={"decodings": ()})
    measure(SUBJECT, none, tmp_path / "run")
    with pytest.raises(RunFolderError, match="settings"):
        measure(SUBJECT, SETTINGS, tmp_path / "run", resume=True)
    with pytest.raises(RunFolderError, match="not empty"):
        measure(SUBJECT, SETTINGS, tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no evaluation that can be read"),
        ("[]", "kind None"),
        ('{"kind": "sectow-evaluation-run", "schema": 99}', "99"),
        ('{"kind": "sectow-evaluation-run", "schema": 3}', "does not say"),
    ],
)
def test_a_foreign_folder_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunFolderError, match=message):
        EvaluationRun.open(tmp_path)


def test_samples_without_a_column_are_refused(
    tmp_path: Path, evaluations: tuple[EvaluationRun, EvaluationRun]
) -> None:
    (tmp_path / "run.json").write_text((evaluations[0].path / "run.json").read_text())
    shutil.copy(evaluations[0].path / "samples.parquet", tmp_path)
    evaluations[0].verdicts.drop(columns="harmful").to_parquet(tmp_path / "verdicts.parquet")
    with pytest.raises(RunFolderError, match="harmful"):
        _ = EvaluationRun.open(tmp_path).samples


def test_attackers_are_drawn_the_same_each_time() -> None:
    setup = AttackSetup(WORLD, WORLD.judge(), find_reward(None))
    scenarios = setup.scenarios()
    assert len(scenarios) == 4 * 32
    played = [
        run_attacker(setup, policies.random(world=WORLD), policies.keyword(world=WORLD), scenarios)
        for _ in range(2)
    ]
    assert played[0] == played[1]
    assert len(setup.scenarios(free=True)) == 32
