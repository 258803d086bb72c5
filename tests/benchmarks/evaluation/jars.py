"""A suite of jars: harmful, harmless and right-or-wrong questions, in two strata each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sectow_benchmarks.suites.base import ROLES, Role, SuiteItem
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.suite_world import SuiteWorld
from sectow_env.game import Attack, Exchange, Scenario
from sectow_env.game.picture import Picture

SPEC = "tests.benchmarks.evaluation.jars:Jars"


class Jars:
    """So many items of each role; with pictures, two in each conversation."""

    name = "jars"
    revision = 1
    licence = gate = source = judge = None
    answer_tokens = 8

    def __init__(self, size: int = 6, *, pictures: bool = False) -> None:
        self._pictures = pictures
        self._items = [self._item(role, number) for role in ROLES[:3] for number in range(size)]
        self.world = SuiteWorld([item.scenario for item in self._items], self.name)

    def items(self, selection: Selection) -> Sequence[SuiteItem]:
        del selection
        return self._items

    def _item(self, role: Role, number: int) -> SuiteItem:
        query = f"Is {role} jar {number} open?"
        scenario = Scenario(
            id=f"{role}-{number}",
            behavior=query,
            category=("shelf", "cellar")[number % 2],
            harmful=role == "safety",
            split="test",
            query=query,
            reference="yes" if role == "capability" else None,
            meta={"answer": "yes_no"} if role == "capability" else {},
        )
        return SuiteItem(
            id=f"{self.name}/{scenario.id}",
            suite=self.name,
            role=role,
            scenario=scenario,
            attack=self._attack(query, number),
            stratum=scenario.category,
        )

    def _attack(self, query: str, number: int) -> Attack:
        if not self._pictures:
            return Attack(query=query)
        jar, shelf = (
            Picture(np.full((16, 16, 3), shade, np.uint8)) for shade in (number, 200 + number)
        )
        before = Exchange(query="Do you see the shelf?", image=shelf, response="I do.")
        return Attack(query=query, image=jar, history=(before,))
