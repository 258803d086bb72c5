"""What a model was trained on, as far as its training run tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sectow_benchmarks.board.board import board
from sectow_benchmarks.results.provenance import text_digest, trained_on
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.scripted import run_with_a_pool

Pair = tuple[EvaluationRun, EvaluationRun]


def test_the_pool_tells_what_a_checkpoint_has_seen(tmp_path: Path) -> None:
    behaviors = run_with_a_pool(tmp_path)
    (tmp_path / "rounds" / "1" / "defender").mkdir(parents=True)
    trained = trained_on(tmp_path / "rounds" / "1" / "defender")
    assert trained is not None
    assert trained["behaviors"] == sorted(map(text_digest, behaviors))
    assert not any(behavior in json.dumps(trained) for behavior in behaviors)


def test_nobody_knows_of_a_model_from_elsewhere(tmp_path: Path) -> None:
    assert trained_on(None) is None
    assert trained_on("some/model") is None
    (tmp_path / "defender").mkdir()
    assert trained_on(tmp_path / "defender") is None


def test_the_board_counts_items_that_were_in_training(evaluations: Pair, tmp_path: Path) -> None:
    run = evaluations[1]
    questions = run.samples.query("suite == 'safety' and split == 'test' and decoding == 'greedy'")
    seen = questions["behavior"].iloc[0]

    def seen_by(behaviors: list[str]) -> Any:
        model = {**run.about["model"], "trained_on": {"attacks": 1, "behaviors": behaviors}}
        other = EvaluationRun(tmp_path, {**run.about, "model": model})
        other.samples = run.samples
        return board([other])[0].items_seen_in_training

    assert board([run])[0].items_seen_in_training is None
    assert seen_by([]) == 0
    assert seen_by([text_digest(seen)]) == int((questions["behavior"] == seen).sum()) > 0
