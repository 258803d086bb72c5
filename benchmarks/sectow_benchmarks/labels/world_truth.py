"""The verdicts of an evaluation as labels: where a world knows the truth, they are the truth."""

from __future__ import annotations

import math

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import rows_of, turn_of_row
from sectow_env.files import file_digest
from sectow_env.game import Refusal


def labels_of(run: EvaluationRun) -> LabelSet:
    """All answered attacks on harmful scenarios, with the verdicts of the evaluation's judge.

    Attacks of all suites and decodings are in it, each once; prefilled answers are not. A refusal
    is a full one, as in the figure of that name.
    """
    samples, judge = run.samples, str(run.about["judge"])
    questions = samples[samples["harmful_scenario"] & (samples["prefix"] == "")]
    rows = rows_of(questions[questions["answered"]])
    pictures = {row["picture"]: run.picture(row["picture"]) for row in rows if row["picture"]}
    turns = tuple(
        LabelledTurn(
            turn=turn_of_row(row, pictures.get(row["picture"])),
            labels={judge: None if math.isnan(row["harmful"]) else bool(row["harmful"])},
            refusals={judge: row["refusal"] == Refusal.FULL if row["refusal"] else None},
            cluster=row["cluster"],
        )
        for row in rows
    )
    return LabelSet(
        source=run.name,
        revision=file_digest(run.path / "samples.parquet"),
        turns=turns,
        left_out=len(questions) - len(rows),
    )
