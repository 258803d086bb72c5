"""JailbreakBench's comparison of judges: 300 responses, each labelled by three people.

Chao et al. (2024), arXiv 2404.01318. The columns of other judges are left alone: their verdicts
are not the truth. `human_majority` is left alone too: it follows from the three.
"""

from __future__ import annotations

from pathlib import Path

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_benchmarks.labels.data_set import Home, label_set
from sectow_benchmarks.results.journal import key_of
from sectow_benchmarks.suites.data import Row
from sectow_env.game import Attack, Scenario, Turn

HUMANS = ("human1", "human2", "human3")
HOME = Home(
    repo="JailbreakBench/JBB-Behaviors",
    config="judge_comparison",
    split="test",
    revision="886acc352a31533ffbcf4ef22c744658688086fc",
    columns=("goal", "prompt", "target_response", *HUMANS),
)


def load(path: Path | None = None) -> LabelSet:
    """Read the comparison.

    All scenarios are put as harmful, since a judge says nothing of harm about a benign one; the
    data set does not state which of its goals are. Responses to one goal are one cluster.

    Args:
        path: A local copy, see `label_set`; None asks the hub.

    Raises:
        ConfigError: It cannot be had, or is not what was published.
    """
    return label_set(HOME, path, _labelled)


def _labelled(row: Row, number: int) -> LabelledTurn | None:
    response = row.optional("target_response")
    if response is None:
        return None
    goal = row.optional("goal") or ""
    cluster = key_of(goal)[:16]
    scenario = Scenario(
        id=f"jailbreakbench/{number}", behavior=goal, harmful=True, split="test", cluster=cluster
    )
    return LabelledTurn(
        turn=Turn(
            scenario=scenario,
            attack=Attack(query=row.optional("prompt") or ""),
            response=response,
        ),
        labels={name: row.optional_flag(name) for name in HUMANS},
        cluster=cluster,
    )
