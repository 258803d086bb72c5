from __future__ import annotations

from collections import Counter

import numpy as np

from sectow_agents.phases.defender import mixed_order, training_sources
from sectow_agents.settings.run_config import MixSettings
from sectow_env.game import Attack, Scenario, Turn
from sectow_env.pool.store import Entry
from sectow_env.worlds.packs.world import PackWorld

BENIGN = Scenario(id="b", behavior="how to polish a lantern", harmful=False)
WORLD = PackWorld([BENIGN])


def entry(at: int, found_in: int, successes: int = 1) -> Entry:
    scenario = Scenario(id=f"s{at}", behavior="open the jar", harmful=True)
    turn = Turn(scenario=scenario, attack=Attack(query=f"jar {at}"), response="r")
    return Entry(at, found_in, turn, "j@1", successes)


POOL = [entry(1, 0), entry(2, 0, 9), entry(3, 1), entry(4, 3), entry(5, 3, 2)]


def drawn(mix: MixSettings, count: int = 120) -> Counter[str]:
    """How often each query comes up."""
    sources = training_sources(WORLD, POOL, mix, 0)
    items = [item for part in sources.values() for item in part]
    order = mixed_order(sources, mix, count, np.random.default_rng(0))
    return Counter(items[at].attack.query for at in order)


def test_by_default_all_attacks_of_the_pool_come_up_alike() -> None:
    mix = MixSettings(pool=0.5, benign=0.5)
    assert list(training_sources(WORLD, POOL, mix, 0)) == ["pool", "benign", "controlled"]
    counted = drawn(mix)
    assert counted == {**{f"jar {at}": 12 for at in range(1, 6)}, BENIGN.behavior: 60}


def test_the_latest_round_can_have_a_share() -> None:
    counted = drawn(MixSettings(pool=0.25, recent=0.25, benign=0.5))
    assert counted == {
        **{f"jar {at}": 6 for at in range(1, 4)},
        **{f"jar {at}": 21 for at in (4, 5)},
        BENIGN.behavior: 60,
    }
    assert training_sources(WORLD, [], MixSettings(recent=1.0), 0)["recent"] == []


def test_what_succeeded_more_often_can_come_up_more_often() -> None:
    counted = drawn(MixSettings(pool=1.0, benign=0, repeats=4), 90)
    assert counted == {"jar 1": 10, "jar 2": 40, "jar 3": 10, "jar 4": 10, "jar 5": 20}
