"""An attacker trained on a judge that errs: what it is paid, and what it truly gets.

One attacker phase for each judge, all from the same start and with the same draws; the world's own
truth looks at every training episode besides and decides nothing. Folders of `out`:

    0-JUDGE/         a training run, its metrics.jsonl with `asr` by the judge and `true_asr`
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

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
OF_A_STEP = ("reward", "asr", "true_asr", "invalid")
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
    return tuple(
        Stage(steps=steps, reward=reward, judged=judged, true=true, invalid=invalid)
        for steps, (reward, judged, true, invalid) in course(metrics, count, OF_A_STEP)
    )


def course(
    metrics: Path, count: int, keys: Sequence[str]
) -> Iterator[tuple[str, list[float | None]]]:
    """The optimizer steps of each stretch, and its means; None where nothing was measured."""
    lines = [line for _, line in read_jsonl(metrics) if line.get("event") == "step"]
    for start, end in pairwise(len(lines) * place // count for place in range(count + 1)):
        if part := lines[start:end]:
            known = ([line[key] for line in part if line.get(key) is not None] for key in keys)
            means = [sum(values) / len(values) if values else None for values in known]
            yield f"{part[0]['step']} to {part[-1]['step']}", means


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
