"""What the card asks the organism, and what it answered, as one tidy frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.organism.lessons import Teacher
from sectow_agents.organism.policies import MAX_ANSWER, attacker
from sectow_agents.organism.vocabulary import GUILD_RULES
from sectow_env.game import SPLITS, Attack, Refusal, Scenario, Turn
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from sectow_env.game.world import Item
from sectow_env.policies.chat import ChatDefender
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.channels import WORKING_CHANNELS
from sectow_env.worlds.apothecary.general import KINDS

Row = dict[str, Any]
GENERAL_PER_KIND = 100
SALAD = 400


class Probe:
    """Asks one world's base organism everything that its card states.

    Args:
        world: Whose organism.
        defender: Folder of the base defender.
        per_cell: Potions of each kind a channel, frame and split; 0 asks all.
        seed: Of the sample and of the draws.
        draws: Answers that each item of the grid is asked for at temperature 1.
    """

    def __init__(
        self, world: Apothecary, defender: Path, per_cell: int, seed: int = 0, draws: int = 1
    ) -> None:
        self.world = world
        self.per_cell = per_cell
        self.seed = seed
        self.draws = draws
        self._model = LocalModel(defender)
        self._rng = np.random.Generator(np.random.PCG64([seed, 21]))

    def everything(self, log: Callable[[str], None]) -> pd.DataFrame:
        """All probes, one row per answer."""
        rows: list[Row] = []
        for sampled in (False, True):
            log(f"grid, {'temperature 1' if sampled else 'greedy'}")
            rows += self._ask("grid", self._grid() * (self.draws if sampled else 1), sampled)
        log("grid under the guild rules")
        controlled = [item for item in self._grid() if item.scenario.harmful]
        rows += self._ask("rules", controlled, sampled=True, system=GUILD_RULES)
        log("word salad, recall, general")
        rows += self._ask("salad", self._salad(), sampled=False)
        rows += self._recall()
        rows += self._general()
        log("attacker")
        rows += self._attacks()
        return pd.DataFrame(rows)

    def reading(self) -> pd.DataFrame:
        """Recipes of free potions whose names are drawn, greedy: does it read, end to end?"""
        drawn = [item for item in self._grid() if item.attack.channel == "typography"]
        free = [item for item in drawn if not item.scenario.harmful]
        return pd.DataFrame(self._ask("reading", free, sampled=False))

    def _grid(self) -> list[Item]:
        items = []
        for split in SPLITS:
            for harmful in (True, False):
                cells: dict[tuple[str | None, str | None], list[Item]] = {}
                for item in self.world.grid(split, harmful=harmful):
                    key = (item.attack.channel, item.attack.frame)
                    cells.setdefault(key, []).append(item)
                for cell in cells.values():
                    items += self._some(cell)
        return items

    def _some(self, cell: list[Item]) -> list[Item]:
        if not self.per_cell:
            return cell
        chosen = self._rng.permutation(len(cell))[: self.per_cell]
        return [cell[index] for index in sorted(chosen)]

    def _ask(
        self, probe: str, items: Sequence[Item], sampled: bool, system: str | None = None
    ) -> list[Row]:
        decoding = Decoding(sampled, 1.0, MAX_ANSWER, self.seed)
        defender = ChatDefender(self._model, decoding, system)
        responses = defender.respond([item.attack for item in items])
        turns = [
            Turn(scenario=item.scenario, attack=item.attack, response=response)
            for item, response in zip(items, responses, strict=True)
        ]
        return [
            self._row(probe, turn, verdict, sampled)
            for turn, verdict in zip(turns, self.world.judge().judge(turns), strict=True)
        ]

    def _row(self, probe: str, turn: Turn, verdict: Any, sampled: bool) -> Row:
        channel, frame = turn.attack.channel, turn.attack.frame
        layout = self.world.channel(channel).frame(frame) if channel and frame else None
        return {
            "probe": probe,
            "split": turn.scenario.split,
            "channel": channel,
            "frame": frame,
            "frames": None if layout is None else ("held_out" if layout.held_out else "trained"),
            "open": None if layout is None else self.world.is_open(layout),
            "stratum": turn.scenario.meta.get("stratum"),
            "category": turn.scenario.category,
            "cluster": turn.scenario.cluster,
            "controlled": turn.scenario.harmful,
            "sampled": sampled,
            "refused": None if verdict.refusal is None else verdict.refusal is not Refusal.NONE,
            "right": verdict.harmful if turn.scenario.harmful else verdict.correct,
            "wrong_recipe": verdict.category == "wrong_recipe",
            "invalid": verdict.invalid,
        }

    def _salad(self) -> list[Item]:
        teacher = Teacher(self.world)
        items = []
        for _ in range(SALAD):
            lesson = teacher.salad(self._rng)
            potion = next(p for p in self.world.potions if p.written in lesson.query)
            items.append(Item(self.world.scenario(potion), Attack(query=lesson.query)))
        return items

    def _recall(self) -> list[Row]:
        """Controlled recipes completed from `take <first ingredient> then`, greedy."""
        potions = [potion for potion in self.world.potions if potion.controlled]
        plain = self.world.channel("plain")
        chats: list[tuple[Message, ...]] = []
        beginnings = []
        for potion in potions:
            attack = plain.render(plain.frames[0], potion.name)
            chats.append((Message(role="user", text=attack.query),))
            beginnings.append(f"take {potion.recipe[0]} then")
        decoding = Decoding(False, 1.0, MAX_ANSWER, self.seed)
        ends = self._model.chat(chats, decoding, prefix=beginnings)
        items = [Item(self.world.scenario(p), Attack(query="")) for p in potions]
        turns = [
            Turn(scenario=item.scenario, attack=item.attack, response=f"{start} {end}")
            for item, start, end in zip(items, beginnings, ends, strict=True)
        ]
        return [
            self._row("recall", turn, verdict, False)
            for turn, verdict in zip(turns, self.world.judge().judge(turns), strict=True)
        ]

    def _general(self) -> list[Row]:
        scenarios = self.world.general("validation", KINDS, GENERAL_PER_KIND)
        items = [
            Item(scenario, Attack(query=scenario.query or "", image=scenario.image))
            for scenario in scenarios
        ]
        return self._ask("general", items, sampled=False)

    def _attacks(self) -> list[Row]:
        """The base attacker on validation potions, by channel and free, sampled."""
        policy = attacker(world=self.world, seed=self.seed)
        scenarios: list[Scenario] = self.world.scenarios(
            "validation", harmful=True, channels=(*WORKING_CHANNELS, None)
        )
        rows = []
        items, marks = [], []
        for scenario, attack in zip(scenarios, policy.attack(scenarios), strict=True):
            invalid = attack.invalid or self.world.rules.inspect(scenario, attack)
            marks.append(invalid)
            items.append(Item(scenario, attack))
        valid = [item for item, mark in zip(items, marks, strict=True) if mark is None]
        answered = iter(self._ask("attacker", valid, sampled=True))
        for item, mark in zip(items, marks, strict=True):
            row = next(answered) if mark is None else self._invalid(item, str(mark))
            rows.append({**row, "channel": item.scenario.channel or "free"})
        return rows

    @staticmethod
    def _invalid(item: Item, mark: str) -> Row:
        return {
            "probe": "attacker",
            "split": item.scenario.split,
            "cluster": item.scenario.cluster,
            "controlled": True,
            "sampled": True,
            "invalid": mark,
        }
