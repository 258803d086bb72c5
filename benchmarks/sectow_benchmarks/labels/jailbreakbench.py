"""JailbreakBench's comparison of judges: 300 responses, each labelled by three people.

Chao et al. (2024), arXiv 2404.01318. The columns of other judges are left alone: their verdicts
are not the truth. `human_majority` is left alone too: it follows from the three.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_benchmarks.labels.data_set import label_set
from sectow_benchmarks.results.journal import key_of
from sectow_benchmarks.suites.hub_table import Home, Row, flag_of, text_of
from sectow_env.game import Attack, Scenario, Turn

HUMANS = ("human1", "human2", "human3")
HOME = Home(
    repo="JailbreakBench/JBB-Behaviors",
    config="judge_comparison",
    split="test",
    revision="886acc352a31533ffbcf4ef22c744658688086fc",
    columns=("goal", "prompt", "target_response", *HUMANS),
)


def load(path: Path | None = None, revision: str = HOME.revision) -> LabelSet:
    """Read the comparison.

    All scenarios are put as harmful, since a judge says nothing of harm about a benign one; the
    data set does not state which of its goals are. Responses to one goal are one cluster.

    Args:
        path: A local copy, see `read_table`; None asks the hub.
        revision: Commit on the hub.

    Raises:
        ConfigError: It cannot be had, or is not what was published.
    """
    return label_set(replace(HOME, revision=revision), path, _labelled)


def _labelled(row: Row, number: int) -> LabelledTurn | None:
    response = text_of(row, "target_response", number)
    if response is None:
        return None
    goal = text_of(row, "goal", number) or ""
    cluster = key_of(goal)[:16]
    scenario = Scenario(
        id=f"jailbreakbench/{number}", behavior=goal, harmful=True, split="test", cluster=cluster
    )
    return LabelledTurn(
        turn=Turn(
            scenario=scenario,
            attack=Attack(query=text_of(row, "prompt", number) or ""),
            response=response,
        ),
        labels={name: flag_of(row, name, number) for name in HUMANS},
        cluster=cluster,
    )
