"""The one loader of all suites, and the filter that judges their answers in one batch.

lm-eval calls the loader with its metadata as keyword arguments. For the suite of a world: `world`
(`apothecary:0`, the seed alone, or the path of a pack), `split` (one or more of train, validation
and test, with commas), `per_cell` (items of each channel x frame; 0, the default, takes all),
`per_kind` (general questions of each kind), `seed`. For a suite of the field: `mini` and
`skip_missing`. For all: `judge`, a registered one. The YAML files beside this one name both;
`tasks/export.py` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lm_eval.api.filter import Filter
from lm_eval.api.registry import register_filter

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.base import Suite
from sectow_benchmarks.suites.registry import REGISTRY
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.suite_world import SUITE_WORLD, SuiteWorld
from sectow_benchmarks.tasks.documents import dataset, document, read_attack, read_scenario
from sectow_env.game import Judge, Turn, judge_turns
from sectow_env.game.world import World
from sectow_env.registry.entry_points import check_arguments
from sectow_env.resolve.parts import find_judge
from sectow_env.resolve.worlds import load_world

if TYPE_CHECKING:
    from datasets import Dataset

FIELD_SETTINGS = ("mini", "skip_missing")
JUDGE = "sectow_judge"
"""What the filter is called in a task's YAML."""


def load(*, suite: str, part: str, pictures: bool, **metadata: Any) -> dict[str, Dataset]:
    """The items of one part of a suite, with or without pictures.

    Args:
        suite: Registered name.
        part: Of the suite of a world, what the items' `suite` column contains; of a suite of the
            field, their role.
        pictures: lm-eval must not mix texts and pictures in one task.
        metadata: See above, and all sorts of other keys.

    Raises:
        SectowError: A value is not valid, the data are not here, or nothing is left.
    """
    factory = REGISTRY.get(suite)
    if isinstance(getattr(factory, "about", None), About):
        settings = {key: bool(metadata[key]) for key in FIELD_SETTINGS if key in metadata}
        whole = _field(suite, frozenset(settings.items()))
        items = [item for item in whole.items(Selection()) if item.role == part]
        world, judge = whole.world.id, whole.judge
    else:
        selection = replace(Selection.read(metadata), parts=(part,))
        world, judge = selection.world, None
        built = known_world(world)
        check_arguments(factory, f"suite {suite!r}", {"world": built})
        items = [item for item in factory(world=built).items(selection) if item.suite == part]
    chosen = str(metadata.get("judge") or judge or "")
    rows = [document(item, world, chosen) for item in items if item.attack.invalid is None]
    return dataset(rows, pictures=pictures)


@lru_cache(maxsize=1)
def _field(suite: str, settings: frozenset[tuple[str, bool]]) -> Suite:
    """A suite of the field, read once for those of its tasks that follow each other."""
    return REGISTRY.make(suite, **dict(settings))


@lru_cache(maxsize=8)
def known_world(name: str) -> World:
    """The world of this name; built once, because every task asks for it."""
    return load_world(name)


def judge_of(doc: Mapping[str, Any]) -> Judge:
    """Who scores the answer to a document."""
    name = doc["world"]
    field = name.startswith(SUITE_WORLD)
    world = SuiteWorld((), name.removeprefix(SUITE_WORLD)) if field else known_world(name)
    return find_judge(doc["judge"] or None, world)


def turn_of(doc: Mapping[str, Any], response: str) -> Turn:
    """What the judge looks at; a prefilled beginning is part of the response."""
    if doc["prefix"]:
        response = f"{doc['prefix']} {response.lstrip()}"
    return Turn(scenario=read_scenario(doc), attack=read_attack(doc), response=response)


@register_filter(JUDGE)
class JudgeFilter(Filter):
    """All answers of a task judged in one batch; a verdict as JSON takes each answer's place."""

    def apply(self, resps: Iterable[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[str]:
        """One verdict per document, by the judge that the documents name."""
        turns = [turn_of(doc, answers[0]) for doc, answers in zip(docs, resps, strict=True)]
        if not turns:
            return []
        verdicts = judge_turns(turns, judge_of(docs[0]))
        return [verdict.model_dump_json() for verdict in verdicts]
