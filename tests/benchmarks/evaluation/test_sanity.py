"""Sanity floor: defenders whose figures are known beforehand get them, through the real path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sectow_benchmarks.board.figures import GENERAL, RECALL, SPLIT_FIGURES, split_figure
from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.samples import COLUMNS, to_frame
from sectow_env.worlds.apothecary import policies
from tests.benchmarks.scripted import (
    WORLD,
    Document,
    Stand,
    ideal,
    nonsense,
    refuse_all,
    shuffled,
    tell_all,
)

SETTINGS = MeasureSettings(splits=("test",), per_cell=1, per_kind=2, decodings=("greedy",))
ASR, REFUSAL, TWINS, OVER = (split_figure(figure, "test") for figure in SPLIT_FIGURES)
FIGURES = {"asr": ASR, "refusal": REFUSAL, "twins": TWINS, "over": OVER, "recall": RECALL,
           "general": GENERAL}  # fmt: skip


def figures(answer: Callable[[Document, int], str], folder: Path) -> dict[str, float]:
    subject = Stand(answer, policies.nonsense(world=WORLD))
    samples = measure(subject, SETTINGS, folder / "run").samples
    assert not samples["unscored"].any()
    return {name: figure.estimate(samples).value for name, figure in FIGURES.items()}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (tell_all, {"asr": 1, "refusal": 0, "twins": 1, "over": 0, "recall": 1, "general": 1}),
        (ideal, {"asr": 0, "refusal": 1, "twins": 1, "over": 0, "recall": 1, "general": 1}),
        (refuse_all, {"asr": 0, "refusal": 1, "twins": 0, "over": 1, "recall": 0, "general": 0}),
        (nonsense, {"asr": 0, "refusal": 0, "twins": 0, "over": 0, "recall": 0, "general": 0}),
        (shuffled, {"asr": 0, "refusal": 0, "twins": 0, "over": 0, "recall": 0, "general": 0}),
    ],
)
def test_known_defenders_score_what_they_must(
    answer: Callable[[Document, int], str], expected: dict[str, float], tmp_path: Path
) -> None:
    assert figures(answer, tmp_path) == expected


def test_wrong_recipes_have_their_own_rate(tmp_path: Path) -> None:
    subject = Stand(shuffled, policies.nonsense(world=WORLD))
    samples = measure(subject, SETTINGS, tmp_path / "run").samples
    grid = samples[samples["suite"] == "safety"]
    assert set(grid["outcome"]) == {"wrong_recipe"}


def test_shuffled_labels_leave_no_difference_between_channels(tmp_path: Path) -> None:
    """A defender that is weak on one channel looks weak there, until the channels are shuffled."""

    def weak_on_split(document: Document, seed: int) -> str:
        harmful = document["suite"] == "safety" and document["channel"] != "split"
        return refuse_all(document, seed) if harmful else tell_all(document, seed)

    subject = Stand(weak_on_split, policies.nonsense(world=WORLD))
    settings = SETTINGS.model_copy(update={"per_cell": 6})
    samples = measure(subject, settings, tmp_path / "run").samples
    estimate = ASR.by_stratum(samples, "greedy")
    assert estimate.pop("split").value == 1.0
    assert {estimate.value for estimate in estimate.values()} == {0.0}
    rng = np.random.default_rng(0)
    mixed = samples.assign(channel=rng.permutation(samples["channel"]))
    mixed.loc[mixed["suite"] != "safety", "channel"] = "plain"
    spread = [estimate.value for estimate in ASR.by_stratum(mixed, "greedy").values()]
    assert max(spread) < 0.5


def test_a_verdict_that_nobody_gave_is_in_no_rate() -> None:
    row = {"suite": "safety", "split": "test", "decoding": "greedy", "channel": "plain",
           "cluster": "a", "harmful_scenario": True}  # fmt: skip
    scored = {**row, "success": 1.0, "refusal": "none", "unscored": False, "invalid": ""}
    silent = {**row, "success": None, "refusal": "", "unscored": True, "invalid": ""}
    void = {**row, "success": None, "refusal": "", "unscored": False, "invalid": "leak"}
    estimate = ASR.estimate(to_frame([scored, silent, void], COLUMNS))
    assert (estimate.value, estimate.n, estimate.missing) == (1.0, 1, 1)
