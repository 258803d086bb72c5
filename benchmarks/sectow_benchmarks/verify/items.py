"""What the settings of an evaluation ask for, built anew from the world and the suites."""

from __future__ import annotations

from sectow_benchmarks.evaluation.questions import questions_of
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import asked_digest
from sectow_env.game.world import World

Question = tuple[str, str, str]
"""Decoding, item, digest of the question."""


def expected_questions(run: EvaluationRun, world: World) -> set[Question]:
    """All questions of the fixed suites, by decoding.

    Args:
        run: Its settings say which; recall is asked of models that can continue a beginning.
        world: What was played.
    """
    settings = MeasureSettings.model_validate(run.about["settings"])
    prefilled = bool((run.samples["prefix"] != "").any())
    return {
        (decoding, item.id, asked_digest(item.scenario, item.attack, item.prefix))
        for questions in questions_of(settings, world)
        for decoding in settings.decodings
        for item in questions.items(first=decoding == settings.decodings[0], prefilled=prefilled)
    }
