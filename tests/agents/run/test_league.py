"""Whom an attacker trains against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from sectow_agents.run.league import assemble, opponents
from sectow_agents.settings.run_config import LeagueSettings
from sectow_env.game import Attack
from sectow_env.policies.mixed import MixedDefender

ATTACKS = [Attack(query=str(number)) for number in range(400)]


class Named:
    """Answers with its name, its seed and the query."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seeds: list[int] = []

    def reseed(self, seeds: Sequence[int]) -> None:
        self.seeds = list(seeds)

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return [
            f"{self.name} {seed} {attack.query}"
            for seed, attack in zip(self.seeds, attacks, strict=True)
        ]


def test_the_latest_plays_alone_by_default() -> None:
    assert opponents(["base", "one", "two"], LeagueSettings()) == [("two", 1.0)]
    assert opponents(["base"], LeagueSettings(past=0.5)) == [("base", 1.0)]


def test_the_past_shares_its_weight() -> None:
    chosen = opponents(["base", "one", "two", "three"], LeagueSettings(past=0.5, keep=2))
    assert chosen == [("one", 0.25), ("two", 0.25), ("three", 0.5)]
    assert sum(weight for _, weight in chosen) == pytest.approx(1.0)


def test_nothing_but_the_chosen_is_loaded() -> None:
    loaded: list[str] = []

    def load(name: str) -> Named:
        loaded.append(name)
        return Named(name)

    assemble(["base", "one", "two"], LeagueSettings(), load, 0)
    assert loaded == ["two"]


def test_a_mix_answers_in_order_by_weight_and_seed() -> None:
    mixed = MixedDefender([Named("old"), Named("new")], [0.25, 0.75], seed=0)
    seeds = list(range(1000, 1400))
    mixed.reseed(seeds)
    answers = [answer or "" for answer in mixed.respond(ATTACKS)]
    assert [answer.split()[1:] for answer in answers] == [
        [str(seed), attack.query] for seed, attack in zip(seeds, ATTACKS, strict=True)
    ]
    counts = Counter(answer.split()[0] for answer in answers)
    assert 60 <= counts["old"] <= 140
    # Who answers depends on the seed of the item, not on its place.
    mixed.reseed(seeds[::-1])
    assert mixed.respond(ATTACKS[::-1]) == answers[::-1]


def test_a_mix_draws_for_itself_where_nobody_does() -> None:
    def run() -> list[str | None]:
        mixed = MixedDefender([Named("old"), Named("new")], [0.5, 0.5], seed=1)
        return mixed.respond(ATTACKS[:20]) + mixed.respond(ATTACKS[:20])

    assert run() == run()
    assert run()[:20] != run()[20:]
