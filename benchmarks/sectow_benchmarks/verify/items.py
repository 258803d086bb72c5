"""What the settings of an evaluation ask for, built anew from the world."""

from __future__ import annotations

from sectow_benchmarks.evaluation.lm_eval_session import Session, tasks_for
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import digest_of
from sectow_benchmarks.tasks.documents import introduce
from sectow_env.game.world import World

Asked = tuple[str, str, str]
"""Decoding, item, digest of the question."""


def wanted(run: EvaluationRun, world: World) -> set[Asked]:
    """All questions of the fixed suites, by decoding.

    Args:
        run: Its settings say which; recall is asked of models that can continue a beginning.
        world: What was played.
    """
    settings = MeasureSettings.model_validate(run.about["settings"])
    introduce(settings.world, world)
    prefilled = bool((run.samples["suite"] == "recall").any())
    found: set[Asked] = set()
    for decoding in settings.decodings:
        first = decoding == settings.decodings[0]
        selection = settings.selection()
        names = tasks_for(selection, settings.suites, prefilled=prefilled and first, general=first)
        session = Session.load(names, selection, {}, settings.limit)
        for row in session.documents():
            asked = {name: row.get(name) or "" for name in ("picture", "prefix")}
            digest = digest_of({**asked, "scenario": row["scenario"], "attack": row["attack"]})
            found.add((decoding, row["item"], digest))
    return found
