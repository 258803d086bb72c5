"""An attacker trained on a judge that errs: what it is paid, and what it truly gets.

One attacker phase for each judge, all from the same start and with the same draws; the world's own
truth looks at every training episode besides and decides nothing. Folders of `out`:

    0-JUDGE/         a training run, its metrics.jsonl with `asr` by the judge and `true_asr`
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.board.markdown import number, table
from sectow_env.files import folder_name
from sectow_env.game import Frozen
from sectow_env.reading import read_jsonl

if TYPE_CHECKING:
    from sectow_agents.settings.run_config import RunConfig

JUDGES = (
    "apothecary/truth",
    "rules/not_refused",
    "simulated/of?sensitivity=0.9&specificity=0.9",
    "simulated/of?sensitivity=0.7&specificity=0.7",
    "simulated/of?sensitivity=1&specificity=1&bias=1&marker=song",
)
"""The truth, a proxy that only asks whether something was refused, two that err at random, and one
that is right but for a word that the attacker can write."""
HEADS = ("trained on", "optimizer steps", "reward", "ASR by that judge", "true ASR", "invalid")
STAGES = 4
"""Stretches of the training that the table distinguishes."""


class Stage(Frozen):
    """Means over a stretch of optimizer steps; None where nothing was measured."""

    steps: str
    reward: float | None
    judged: float | None
    """ASR by the judge that paid."""
    true: float | None
    """ASR by the truth, of the same episodes."""
    invalid: float | None


class Trained(Frozen):
    """One attacker, stretch by stretch."""

    judge: str
    stages: tuple[Stage, ...]


def train_on(
    judges: Sequence[str],
    configure: Callable[[list[str]], RunConfig],
    out: Path,
    log: Callable[[str], None],
) -> list[Trained]:
    """Train an attacker on each judge, or read what is there already.

    Args:
        judges: As `judge` in a run's settings.
        configure: The settings of a run, with these changes.
        out: Folder of the study.
        log: Called with what is being done.
    """
    from sectow_agents.tug_of_war import TugOfWar
    from sectow_benchmarks.studies.presets import quoted

    results = []
    for place, judge in enumerate(judges):
        log(judge)
        folder = out / f"{place}-{folder_name(judge)}"
        config = configure(
            [
                *("rounds=1", "seats=[attacker]", "pool.per_scenario=0", "truth=world"),
                *(f"judge={json.dumps(judge)}", f"run={quoted(folder)}"),
            ]
        )
        TugOfWar(config).run(resume=(folder / "run.json").exists())
        results.append(Trained(judge=judge, stages=stages(folder / "metrics.jsonl")))
    return results


def stages(metrics: Path, count: int = STAGES) -> tuple[Stage, ...]:
    """The optimizer steps of a run in at most `count` stretches, alike in length to one step."""
    steps = [line for _, line in read_jsonl(metrics) if line.get("event") == "step"]
    ends = [len(steps) * place // count for place in range(count + 1)]
    parts = [steps[start:end] for start, end in pairwise(ends)]
    return tuple(_stage(part) for part in parts if part)


def _stage(lines: Sequence[dict[str, Any]]) -> Stage:
    return Stage(
        steps=f"{lines[0]['step']} to {lines[-1]['step']}",
        reward=_mean(lines, "reward"),
        judged=_mean(lines, "asr"),
        true=_mean(lines, "true_asr"),
        invalid=_mean(lines, "invalid"),
    )


def _mean(lines: Sequence[dict[str, Any]], key: str) -> float | None:
    known = [line[key] for line in lines if line.get(key) is not None]
    return sum(known) / len(known) if known else None


def to_markdown(results: Sequence[Trained], head: str) -> str:
    """One table: a row for each judge and stretch."""
    rows = [
        (
            *(f"`{result.judge}`", stage.steps),
            *map(number, (stage.reward, stage.judged, stage.true, stage.invalid)),
        )
        for result in results
        for stage in result.stages
    ]
    lines = [
        "# Proxy against truth",
        "",
        head,
        "",
        *table(HEADS, rows),
    ]
    return "\n".join(lines) + "\n"
