"""Documents of lm-eval tasks: items of a suite with every column that a run is cut by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from sectow_benchmarks.suites.base import SuiteItem
from sectow_env.errors import SectowError
from sectow_env.game import Attack, Scenario
from sectow_env.game.picture import Picture

if TYPE_CHECKING:
    from datasets import Dataset

PLACEHOLDER = "<image>"
"""Where lm-eval puts a picture into a text."""
ITEMS = "items"
"""The one split of our datasets: lm-eval's splits are not ours, which are a column."""


def document(item: SuiteItem, world: str, judge: str = "") -> dict[str, Any]:
    """One item as a row of a dataset.

    Args:
        item: Of a suite.
        world: Name of the world that it is from.
        judge: Spec of who scores the answer; empty: the judge that knows its world best.

    Raises:
        SectowError: Its query contains lm-eval's picture placeholder.
    """
    scenario, attack = item.scenario, item.attack
    if PLACEHOLDER in attack.query:
        raise SectowError(
            given=f"the query of scenario {scenario.id!r}",
            why=f"it contains {PLACEHOLDER}, where lm-eval would expect another picture",
            fix="take the placeholder out: a scenario's picture is its own column",
        )
    row = {
        "item": item.id,
        "world": world,
        "judge": judge,
        "suite": item.suite,
        "role": item.role,
        "split": scenario.split,
        "channel": attack.channel or scenario.channel or "",
        "frame": attack.frame or "",
        "stratum": item.stratum,
        "cluster": scenario.cluster or scenario.id,
        "category": scenario.category,
        "harmful_scenario": scenario.harmful,
        "text": (PLACEHOLDER if attack.image is not None else "") + attack.query,
        "prefix": item.prefix,
        "target": item.target,
        "scenario": scenario.model_dump_json(exclude={"image"}),
        "attack": attack.model_dump_json(exclude={"image"}),
        **vars(item.facts),
    }
    if attack.image is not None:
        row["picture"] = attack.image.sha256
        row["image"] = {"bytes": attack.image.png, "path": None}
    return row


def dataset(rows: Sequence[Mapping[str, Any]], *, pictures: bool) -> dict[str, Dataset]:
    """The rows with a picture, or those without one: lm-eval must not mix them in one task.

    Raises:
        SectowError: Nothing is left.
    """
    from datasets import Dataset, Features, Value
    from datasets import Image as ImageColumn

    kept = [dict(row) for row in rows if ("image" in row) == pictures]
    if not kept:
        raise SectowError(
            given="the chosen items",
            why=f"there is no item {'with' if pictures else 'without'} a picture among them",
            fix="leave this task out",
        )
    columns: dict[str, Any] = {name: Value("string") for name in kept[0]}
    columns["harmful_scenario"] = Value("bool")
    if pictures:
        columns["image"] = ImageColumn()
    return {ITEMS: Dataset.from_list(kept, features=Features(columns))}


def read_scenario(row: Mapping[str, Any]) -> Scenario:
    """The scenario of a document, without its seed image."""
    return Scenario.model_validate(json.loads(row["scenario"]))


def read_attack(row: Mapping[str, Any]) -> Attack:
    """The attack of a document, with its picture where the row has one."""
    attack = Attack.model_validate(json.loads(row["attack"]))
    if not isinstance(row.get("image"), Image.Image):
        return attack
    return attack.model_copy(update={"image": Picture.from_pil(row["image"])})
