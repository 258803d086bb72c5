"""The one loader of all suites, and the filter that judges their answers in one batch.

lm-eval calls the loader with its metadata as keyword arguments: `world` (`apothecary:0`, the seed
alone, or the path of a pack), `split` (one or more of train, validation and test, with commas),
`per_cell` (items of each channel x frame; 0, the default, takes all), `per_kind` (general questions
of each kind), `seed`. The YAML files beside this one name both; `tasks/export.py` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lm_eval.api.filter import Filter
from lm_eval.api.registry import register_filter

from sectow_benchmarks.suites.registry import REGISTRY
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.tasks.documents import dataset, document, read_attack, read_scenario
from sectow_env.game import Turn, judge_turns
from sectow_env.game.world import World
from sectow_env.registry.entry_points import check_arguments
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    from datasets import Dataset

JUDGE = "sectow_judge"
"""What the filter is called in a task's YAML."""


def load(*, suite: str, part: str, pictures: bool, **metadata: Any) -> dict[str, Dataset]:
    """The items of one part of a world's suite, with or without pictures.

    Args:
        suite: Registered name.
        part: What the items' `suite` column contains.
        pictures: lm-eval must not mix texts and pictures in one task.
        metadata: See above, and all sorts of other keys.

    Raises:
        SectowError: A value is not valid, or nothing is left.
    """
    selection = replace(Selection.read(metadata), parts=(part,))
    world = known_world(selection.world)
    factory = REGISTRY.get(suite)
    check_arguments(factory, f"suite {suite!r}", {"world": world})
    items = [
        item
        for item in factory(world=world).items(selection)
        if item.suite == part and item.attack.invalid is None
    ]
    return dataset([document(item, selection.world) for item in items], pictures=pictures)


@lru_cache(maxsize=8)
def known_world(name: str) -> World:
    """The world of this name; built once, because every task asks for it."""
    return load_world(name)


def turn_of(doc: Mapping[str, Any], response: str) -> Turn:
    """What the judge looks at; a prefilled beginning is part of the response."""
    if doc["prefix"]:
        response = f"{doc['prefix']} {response.lstrip()}"
    return Turn(scenario=read_scenario(doc), attack=read_attack(doc), response=response)


@register_filter(JUDGE)
class JudgeFilter(Filter):
    """All answers of a task judged in one batch; a verdict as JSON takes each answer's place."""

    def apply(self, resps: Iterable[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
        """One verdict per document, by the judge that knows its world best."""
        turns = [turn_of(doc, answers[0]) for doc, answers in zip(docs, resps, strict=True)]
        if not turns:
            return []
        judge = known_world(docs[0]["world"]).judge()
        return [verdict.model_dump_json() for verdict in judge_turns(turns, judge)]
